"""pooch's downloader protocol in, the bytes of a Drive link or a plain URL out, resumed."""

import errno
import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from . import _drive
from ._cache import Slot
from ._collection import CONNECTIONS, MAX_CONNECTIONS
from ._disk import as_cache_error
from ._registry import UNPINNED, Entry
from ._settings import Settings, default_cache_dir, from_environment
from ._watching import watching
from ._wording import clean
from .errors import ChecksumError, DownloadError, DriveRefusedError, OfflineError

if TYPE_CHECKING:
    from ._source import Source


class DriveDownloader:
    """Downloads Google Drive links, and any other HTTP(S) URL, for any `pooch.Pooch`.

    It gets past Drive's confirmation page, never takes a page for data, and goes on where an
    earlier call, or an earlier process, was cut: what arrived is kept in a hidden folder of
    the pooch's own.

    Parameters
    ----------
    progressbar : bool or object, optional
        True draws a bar; any object with pooch's ``update``, ``reset``, ``close`` and ``total``
        is driven instead.
    connections : int
        How many connections one large file may use, 1 to 32.

    Examples
    --------
    >>> import pooch, tempfile
    >>> from evio_data.testing import DriveServer
    >>> from evio_data import DriveDownloader
    >>> with DriveServer() as server, tempfile.TemporaryDirectory() as folder:
    ...     os.environ["EVIO_DATA_ENDPOINT"] = server.endpoint
    ...     fan = server.add("fan.raw", b"% evt 3.0", large=True)
    ...     known_hash, url = {"fan.raw": fan.sha256}, {"fan.raw": fan.url}
    ...     pup = pooch.create(folder, "", registry=known_hash, urls=url)
    ...     path = pup.fetch("fan.raw", downloader=DriveDownloader())
    ...     Path(path).read_bytes()
    b'% evt 3.0'
    """

    def __init__(self, progressbar: Any = None, *, connections: int = CONNECTIONS) -> None:
        if not 1 <= connections <= MAX_CONNECTIONS:
            raise ValueError(f"connections is {connections}; 1 to {MAX_CONNECTIONS} are possible.")
        self.progressbar = progressbar
        self.connections = connections

    def __call__(
        self,
        url: str,
        output_file: "str | os.PathLike[str] | BinaryIO",
        pooch: Any,
        check_only: bool = False,  # noqa: FBT001, FBT002 - pooch passes it so
    ) -> bool | None:
        """Download ``url`` to ``output_file``, as pooch asks its downloaders to.

        Parameters
        ----------
        url : str
            A Drive link of any shape, or an HTTP(S) URL.
        output_file : path or binary file
            Where the bytes go.
        pooch : pooch.Pooch or None
            The caller; a file that was cut is kept in its folder.
        check_only : bool
            Only say whether the file can be had.

        Returns
        -------
        bool or None
            With ``check_only``, whether the server would send the file; else None.

        Raises
        ------
        DownloadError
            If the file could not be downloaded; what arrived is kept for the next call.
        ChecksumError
            If the pooch knows a SHA-256 for this URL and the bytes have another one. It is a
            `ValueError` too, which is what pooch expects.
        OfflineError
            If ``EVIO_DATA_OFFLINE`` is set.
        """
        settings = from_environment()
        entry = _entry(url, pooch)
        if settings.offline:
            raise OfflineError(
                "EVIO_DATA_OFFLINE forbids the network.",
                name=entry.name,
                advice="Unset it and run again.",
            )
        from ._source import source_of

        source = source_of(entry.url, endpoint=settings.endpoint, api_key=settings.api_key)
        if check_only:
            return _is_available(source, settings)
        self._download(
            entry, source, _Delivery(_base(output_file, pooch), entry, output_file), settings
        )
        return None

    def _download(
        self, entry: Entry, source: "Source", place: "_Delivery", settings: Settings
    ) -> None:
        from ._prefetch import Engine, Job

        with watching(self.progressbar) as watcher:
            (outcome,) = Engine(
                [Job(entry, place, lambda: [source], entry.size)],
                connections=self.connections,
                timeout=settings.timeout,
                retries=settings.retries,
                watcher=watcher,
            ).run()
        place.tidy()
        if isinstance(outcome.error, ChecksumError):
            raise MismatchError.like(outcome.error) from outcome.error
        if outcome.error is not None:
            raise outcome.error


class MismatchError(ChecksumError, ValueError):
    """A `ChecksumError` that pooch understands too: it tries again where it was told to."""

    @classmethod
    def like(cls, error: ChecksumError) -> "MismatchError":
        """Return the same error, of this kind."""
        same = cls(str(error))
        same.__dict__.update(error.__dict__)
        return same


class _Delivery(Slot):
    """A place in somebody else's folder: only what was cut is kept, under the URL's hash."""

    def __init__(
        self, base: str, entry: Entry, output: "str | os.PathLike[str] | BinaryIO"
    ) -> None:
        super().__init__(base, hashlib.sha256(entry.url.encode()).hexdigest()[:32], {})
        self._file = output if not isinstance(output, str | os.PathLike) else None
        if isinstance(output, str | os.PathLike):
            self.final = os.fspath(output)

    def status(self) -> None:
        """Nothing is there before: pooch has already decided to download."""

    def prepare(self) -> None:
        """Make our folder in theirs."""
        try:
            self.state.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise as_cache_error(error, self.state) from error

    def publish(self, part: Path, sha256: str) -> None:
        """Hand the bytes over: by a rename where that is possible."""
        try:
            if self._file is None:
                _move(part, self.final)
                return
            with part.open("rb") as file:
                shutil.copyfileobj(file, self._file)
            self._file.flush()
        except OSError as error:
            raise as_cache_error(error, self.final) from error

    def tidy(self) -> None:
        """Remove our folders once they are empty."""
        for folder in (self.state, self.state.parent):
            try:
                folder.rmdir()
            except OSError:
                return


def _move(part: Path, target: str) -> None:
    try:
        part.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copyfile(part, target)


def _base(output_file: object, pooch: Any) -> str:
    if pooch is not None:
        return str(pooch.abspath)
    if isinstance(output_file, str | os.PathLike):
        return os.path.dirname(os.path.abspath(output_file))  # noqa: PTH100, PTH120
    return from_environment().cache_dir or default_cache_dir()


def _entry(url: str, pooch: Any) -> Entry:
    """Return what is known of a URL: a name for messages, and the hash that the pooch expects."""
    if _drive.split(url).scheme not in ("https", "http"):
        raise DownloadError(
            f"{clean(url)!r} is not an https: or http: URL.",
            advice="Use one of pooch's own downloaders for it.",
        )
    base, _, fragment = url.partition("#")
    digits = fragment.removeprefix("size=")
    size = int(digits) if digits != fragment and digits.isascii() and digits.isdigit() else None
    name, known_hash = _registered(url, pooch)
    return Entry(name or clean(base), as_sha256(known_hash), base, size)


def _registered(url: str, pooch: Any) -> tuple[str | None, str | None]:
    for name, known_hash in getattr(pooch, "registry", {}).items():
        if pooch.get_url(name) == url:
            return name, known_hash
    return None, None


def as_sha256(known_hash: str | None) -> str | None:
    """Return the SHA-256 that one of pooch's known hashes is, or None.

    >>> as_sha256("sha256:" + "AB" * 32) == "ab" * 32, as_sha256("md5:" + "ab" * 16)
    (True, None)
    """
    text = (known_hash or UNPINNED).lower().removeprefix("sha256:")
    is_hex = len(text) == hashlib.sha256().digest_size * 2 and set(text) <= set("0123456789abcdef")
    return text if is_hex else None


def _is_available(source: "Source", settings: Settings) -> bool:
    from ._http import Connection, TransportError

    connection = Connection(timeout=settings.timeout)
    try:
        with source.open(connection, 0, 1):
            return True
    except DriveRefusedError:
        return False
    except TransportError as error:
        raise DownloadError(f"{error}.", advice="Run again.") from error
    finally:
        connection.close()
