"""The workers' side of a cluster run: fetch, copy from peers, and send to peers."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from distributed import get_worker, secede
from distributed.diagnostics.plugin import WorkerPlugin
from distributed.protocol import to_serialize

from .._cache.files import CachedFile
from .._collection import Collection, cache_at
from .._progress.log import LogProgress
from .._registry.names import STATE_FOLDER
from .._registry.registry import Entry, RegistryIndex
from .._report import Outcome
from .._settings import Settings, default_cache_dir, from_environment
from ..errors import ChecksumError, EvioDataError
from .peer import Peers, PeerSource, block_of

if TYPE_CHECKING:
    from .._sources.base import Source
    from .._transfer.listener import TransferState

TELL_EVERY = 0.5  # seconds between two reports of one transfer
FirstUse = tuple[str, int]  # hash and size
CacheDir = str | os.PathLike[str] | Callable[[str], str | os.PathLike[str]]


class StoppedError(Exception):
    """Whoever wanted the files does not want them any more."""


class Presence(NamedTuple):
    """What a worker says of itself.

    Attributes
    ----------
    host, root : str
        Its machine, and the folder of its cache there.
    seen : tuple of str
        Tokens of others that are in that folder too.
    have, pins : dict of str to (str, int)
        The hash and the size of each verified file, and of each that was pinned.
    online : bool
        Whether it may ask the origin.
    error : EvioDataError or None
        Why its cache cannot be used.
    """

    host: str
    root: str
    seen: tuple[str, ...]
    have: dict[str, FirstUse]
    pins: dict[str, FirstUse]
    online: bool
    error: EvioDataError | None = None

    def path_of(self, name: str) -> Path:
        """Return where a file is on that machine."""
        return Path(self.root, name)


class Result(NamedTuple):
    """What became of a step: the file's outcome, and the peers that had other bytes."""

    outcome: Outcome
    wrong: tuple[str, ...] = ()


class Site(WorkerPlugin):  # type: ignore[misc]
    """The files of one registry at one worker, as a plugin of Dask.

    Parameters
    ----------
    name : str
        Of the plugin, of the operation that answers peers, and of the topic of its reports.
    registry : RegistryIndex
    names : sequence of str
        The keys that are wanted.
    cache_dir : path or callable, optional
        The cache; a callable takes the worker's address.
    offline : bool
        Whether nobody may ask the origin.
    """

    idempotent = True

    def __init__(
        self,
        name: str,
        registry: RegistryIndex,
        names: Sequence[str],
        cache_dir: CacheDir | None = None,
        *,
        offline: bool = False,
    ) -> None:
        self.name = name
        self._registry = registry
        self._names = tuple(names)
        self._cache_dir = cache_dir
        self._offline = offline
        self._stopped = False
        self._worker: Any = None

    # --- Dask's side ---------------------------------------------------------------------------

    def setup(self, worker: Any) -> Any:
        """Answer the peers of this worker from now on."""
        self._worker = worker
        worker.handlers[self.name] = self._answer

    def teardown(self, worker: Any) -> None:
        """Answer no more, and end what is running."""
        self._stopped = True
        worker.handlers.pop(self.name, None)
        with suppress(OSError, EvioDataError):
            self._token().unlink()

    async def _answer(self, name: str, start: int, stop: int) -> dict[str, Any]:
        return await asyncio.to_thread(self._read, name, start, stop)

    def _read(self, name: str, start: int, stop: int) -> dict[str, Any]:
        entry = self._registry.entries.get(name)
        opened = self._collection().cached_file(entry).opened(entry.hash) if entry else None
        if opened is None:
            return {"status": "absent"}
        file, stamp = opened
        with file:
            data = block_of(file, start, stop)
        pin = (stamp.hash, stamp.size)
        return {"status": "OK", "data": to_serialize(data), "total": stamp.size, "pin": pin}

    # --- who is here ---------------------------------------------------------------------------

    def sign(self) -> None:
        """Leave this worker's token in its cache."""
        with suppress(OSError, EvioDataError):  # a cache that takes none is nobody else's
            token = self._token()
            token.parent.mkdir(parents=True, exist_ok=True)
            token.touch()

    def presence(self, tokens: Iterable[str]) -> Presence:
        """Return what this worker has, and whose tokens are in its cache."""
        host = socket.gethostname()
        try:
            token = self._token()
            seen = tuple(each for each in tokens if (token.parent / each).exists())
            have, pins = dict(self._have()), dict(self._pins())
            online = not (self._offline or from_environment().offline)
        except EvioDataError as error:
            return Presence(host, "", (), {}, {}, online=False, error=error)
        return Presence(host, self._root(), seen, have, pins, online)

    def _have(self) -> Iterable[tuple[str, FirstUse]]:
        for entry, cached_file in self._cached_files():
            if cached_file.is_warm(entry.hash) and (stamp := cached_file.stamp()):
                yield entry.name, (stamp.hash, stamp.size)

    def _pins(self) -> Iterable[tuple[str, FirstUse]]:
        for entry, cached_file in self._cached_files():
            pin = cached_file.pin() if entry.hash is None else None
            if pin is not None:
                yield entry.name, (pin.hash, pin.size)

    def _cached_files(self) -> Iterable[tuple[Entry, CachedFile]]:
        collection = self._collection()
        for name in self._names:
            entry = self._registry.entries[name]
            yield entry, collection.cached_file(entry)

    def token_of(self, address: str) -> str:
        """Return the token of the worker at an address."""
        unique = "".join(each if each.isalnum() else "-" for each in address)
        return f".{self.name}-{unique}"

    def _token(self) -> Path:
        return Path(self._root(), STATE_FOLDER, self.token_of(self._worker.address))

    # --- having a file -------------------------------------------------------------------------

    def have(
        self,
        name: str,
        holders: Sequence[str],
        connections: int,
        *,
        pin: FirstUse | None,
        check: bool = False,
    ) -> Result:
        """Have one file: from the holders, or from the origin, over so many connections.

        Parameters
        ----------
        name : str
        holders : sequence of str
            Addresses of workers that have it, in the order to be asked.
        connections : int
            To the origin, after the holders; 0: it is not asked.
        pin : (str, int) or None
            The hash and the size that another machine has pinned the file to.
        check : bool
            Hash the file even if it is there.
        """
        settings = from_environment()
        peers = Peers(self._worker, self.name, settings.timeout)
        sources = [PeerSource(peers, address, name) for address in holders]
        entry = self._registry.entries[name]
        collection = _Supplied(self._collection(), sources, origin=connections > 0)
        if entry.hash is None and pin is not None:
            collection.cached_file(entry).adopt_pin(*pin)
        outcome = collection.obtain(
            [entry], connections=max(1, connections), watcher=_Watcher(self, name), verify=check
        )[0]
        return Result(outcome, _wrong(sources, outcome))

    def tell(self, name: str, received: int) -> None:
        """Tell the client how far a file is.

        Raises
        ------
        StoppedError
            If nobody wants it any more.
        """
        if self._stopped:
            raise StoppedError
        self._worker.log_event(
            self.name, {"at": self._worker.address, "file": name, "received": received}
        )

    def say(self, name: str | None, text: str) -> None:
        """Tell the client something in words."""
        message = {"at": self._worker.address, "file": name or "", "words": text}
        self._worker.log_event(self.name, message)

    # --- where things are ----------------------------------------------------------------------

    def _root(self) -> str:
        chosen = self._cache_dir
        if callable(chosen):
            chosen = chosen(self._worker.address)
        return cache_at(os.fspath(chosen or _cache_dir(from_environment()))).root

    def _collection(self) -> Collection:
        return Collection(self._registry, cache_at(self._root()), from_environment())


def _cache_dir(settings: Settings) -> str:
    return settings.cache_dir or default_cache_dir()


def have(site: str, *args: Any, **kwargs: Any) -> Result:
    """Run as a task of Dask: have one file at the worker that runs it."""
    worker = get_worker()
    secede()  # it waits for bytes: the worker's threads are for those who compute
    result: Result = worker.plugins[site].have(*args, **kwargs)
    return result


def sign(site: str, dask_worker: Any) -> None:
    """Run by `Client.run`: leave the worker's token in its cache."""
    dask_worker.plugins[site].sign()


def presence(site: str, tokens: Sequence[str], dask_worker: Any) -> Presence:
    """Run by `Client.run`: return what the worker has, and whose tokens are in its cache."""
    found: Presence = dask_worker.plugins[site].presence(tokens)
    return found


class _Supplied(Collection):
    """A collection whose files come from peers, then perhaps from where they come else."""

    def __init__(self, plain: Collection, peers: Sequence[PeerSource], *, origin: bool) -> None:
        # Peers may be asked where the internet may not.
        settings = plain.settings if origin else plain.settings._replace(offline=False)
        super().__init__(plain.registry, plain.cache, settings)
        self._peers = peers
        self._origin = origin

    def sources(self, entry: Entry) -> "list[Source]":
        """Return where an entry's bytes may come from, in the order to be tried."""
        return [*self._peers, *(super().sources(entry) if self._origin else ())]


class _Watcher(LogProgress):
    """Passes on how far a file is, and ends it when it is not wanted any more."""

    def __init__(self, site: Site, name: str) -> None:
        self._site = site
        self._name = name
        self._told = 0.0

    def message(self, name: str | None, text: str) -> None:
        """Pass words on."""
        super().message(name, text)
        self._site.say(name, text)

    def finished(self, outcome: Outcome) -> None:
        """Ignore: the client tells it."""

    def refresh(self, state: "TransferState") -> None:
        """Tell now and then how far the file is."""
        now = time.monotonic()
        if now - self._told >= TELL_EVERY:
            self._told = now
            self._site.tell(self._name, state.received)


def _wrong(sources: Sequence[PeerSource], outcome: Outcome) -> tuple[str, ...]:
    """Return the peers whose last byte came, and whose bytes were not the right ones."""
    ended = [peer.label for peer in sources if peer.ended]
    if outcome.status == "fetched" and outcome.received <= sum(peer.sent for peer in sources):
        del ended[-1:]  # all that came is from peers, and the last one to end had it right
    elif outcome.error is not None and not isinstance(outcome.error, ChecksumError):
        ended = []
    return tuple(ended)
