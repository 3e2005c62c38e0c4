"""Paths in, verified files in the cache out: matched by their bytes, whatever they are called."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from .._cache.copying import TooLongError, clone, copy_file, copy_stream
from .._cache.files import CachedFile
from .._cache.hashing import Digests, hash_file
from .._cache.locks import Lock
from .._collection import Collection
from .._files import as_cache_error, check_room, is_full, open_nofollow
from .._http.web_page import SNIFFED, is_web_page
from .._registry.hashes import SHA256, kind_of
from .._registry.registry import Entry, composed
from ..errors import CacheError, EvioDataError
from .candidates import Candidate, found_under
from .zip_archive import ArchiveError

How = Literal["cloned", "linked", "copied", "unpacked"]
SUFFIX = ".import"  # of a file that is being brought in; useless once its process has ended


class Imported(NamedTuple):
    """One file that was brought in.

    Attributes
    ----------
    name : str
        The registry key.
    label : str
        Where it came from.
    size : int
    hash : str
        64 digits of a SHA-256, or ``kind:digits``.
    how : {"cloned", "linked", "copied", "unpacked"}
    first_use : bool
        Whether nobody has published its hash, so that it is pinned now.
    """

    name: str
    label: str
    size: int
    hash: str
    how: How
    first_use: bool


class Proposal(NamedTuple):
    """An entry without a known hash, and the file that has its name."""

    entry: Entry
    candidate: Candidate


class _Wanted(NamedTuple):
    entry: Entry
    cached_file: CachedFile
    hash: str | None
    size: int | None

    def fits(self, candidate: Candidate) -> bool:
        return self.size is None or self.size == candidate.size


@dataclass
class ImportResult:
    """What came of an import.

    Attributes
    ----------
    imported : list of Imported
    present : list of str
        What the cache had already, verified.
    missing : list of str
        What it still has not.
    refused : list of tuple of str
        What was left out, and why.
    """

    imported: list[Imported] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def import_paths(
    collection: Collection,
    paths: Sequence[str | os.PathLike[str]],
    *,
    link: bool = False,
    agree: Callable[[list[Proposal]], bool] = lambda proposals: False,  # noqa: ARG005
    tell: Callable[[Imported], None] = lambda imported: None,  # noqa: ARG005
) -> ImportResult:
    """Bring files, folders and zip archives into the cache, as far as the registry knows them.

    Parameters
    ----------
    collection : Collection
    paths : sequence of path
    link : bool
        Make hard links instead of copies where blocks cannot be shared: no second copy, but who
        edits the file in place damages the cached one (which is noticed, and fetched again).
    agree : callable
        Request once whether files may stand, by their name and size, for entries of which nobody
        has published a hash.
    tell : callable
        Told of each file that was brought in.

    Raises
    ------
    CacheError
        If the cache cannot be written to, or is full; nothing half-written stays.
    """
    work = _Import(collection, link=link, tell=tell)
    for candidate in found_under(paths, work.refuse):
        work.offer(candidate)
    proposals = work.proposals()
    if proposals and agree(proposals):
        for proposal in proposals:
            work.accept(proposal)
    return work.conclude()


class _Import:
    def __init__(
        self, collection: Collection, *, link: bool, tell: Callable[[Imported], None]
    ) -> None:
        self._collection = collection
        self._link = link
        self._tell = tell
        self._intake = ImportResult()
        self._wanted: dict[str, _Wanted] = {}
        self._namesakes: list[Candidate] = []
        self._basenames: dict[str, list[str]] = {}
        for entry in collection.registry.entries.values():
            self._basenames.setdefault(composed(entry.basename), []).append(entry.name)
            self._survey(entry)

    def _survey(self, entry: Entry) -> None:
        cached_file = self._collection.cached_file(entry)
        try:
            known = cached_file.known_hash(entry.hash)
            if cached_file.is_warm(entry.hash) or _is_right(cached_file, entry):
                self._intake.present.append(entry.name)
                return
        except EvioDataError as error:
            self.refuse(entry.name, str(error))
            return
        stamp = cached_file.stamp() if entry.hash is None else None
        self._wanted[entry.name] = _Wanted(
            entry, cached_file, known, stamp.size if stamp else entry.size
        )

    def refuse(self, label: str, why: str) -> None:
        """Take note of what is left out."""
        self._intake.refused.append((label, why))

    def conclude(self) -> ImportResult:
        """Return what came of it."""
        self._intake.missing = list(self._wanted)
        return self._intake

    # --- by content ---------------------------------------------------------------------------

    def offer(self, candidate: Candidate) -> None:
        """Take a candidate if its bytes are those of a wanted entry, or of several."""
        if candidate.member is not None and candidate.member.refusal:
            self.refuse(candidate.label, candidate.member.refusal)
            return
        taken = False
        with self._faults_told(candidate):
            while (fitting := self._fitting(candidate)) and self._take(candidate, fitting):
                taken = True
            if not taken and composed(candidate.basename) in self._basenames:
                self._namesakes.append(candidate)

    def _fitting(self, candidate: Candidate) -> list[_Wanted]:
        """Return the entries whose known hash it may have."""
        fitting = [w for w in self._wanted.values() if w.hash and w.fits(candidate)]
        if candidate.label.lower().endswith(".zip"):  # a large one is hashed on good grounds only
            fitting = [w for w in fitting if w.size or w.entry.basename.lower().endswith(".zip")]
        if any(w.size is None for w in fitting):
            actual = candidate.hashes(_kinds(fitting))  # most will not be it: no copy for nothing
            fitting = [w for w in fitting if w.hash in actual.values()]
        return fitting

    @contextmanager
    def _faults_told(self, candidate: Candidate) -> Iterator[None]:
        """Leave a candidate out that cannot be read; a fault of the cache ends all."""
        try:
            yield
        except CacheError:
            raise
        except ArchiveError as error:
            self.refuse(candidate.label, str(error))
        except TooLongError:
            self.refuse(candidate.label, "is longer than it says")
        except OSError as error:
            self.refuse(candidate.label, error.strerror or str(error))

    def _take(self, candidate: Candidate, fitting: list[_Wanted]) -> bool:
        first = fitting[0].cached_file
        with _held(first), _room(first) as path:
            digests = Digests(_kinds(fitting))
            how = self._receive(candidate, path, digests)
            hashes = digests.hashes()
            match = next((w for w in fitting if w.hash in (None, *hashes.values())), None)
            if match is None:
                return False
            actual = match.hash or hashes[SHA256]
            if match.hash is None and _is_page(path, match.entry.name):
                self.refuse(candidate.label, "is a web page, not a recording")
                return False
            if match.cached_file.known_hash(match.entry.hash) not in (None, actual):
                self.refuse(candidate.label, f"is not what {match.entry.name} was pinned to")
                return False  # since this import began, by another process
            self._publish(match, path, actual)
        del self._wanted[match.entry.name]
        first_use = match.hash is None
        done = Imported(match.entry.name, candidate.label, candidate.size, actual, how, first_use)
        self._intake.imported.append(done)
        self._tell(done)
        return True

    def _publish(self, match: _Wanted, path: Path, actual: str) -> None:
        # If another process is receiving this file, it finds it there, and drops its partial.
        match.cached_file.prepare()
        try:
            match.cached_file.publish(path, actual)
        except CacheError as error:
            if error.errno != errno.ENOENT:
                raise
        else:
            return
        if not match.cached_file.is_warm(match.entry.hash):
            raise CacheError("was removed while it was brought in.", name=match.entry.name)

    def _receive(self, candidate: Candidate, path: Path, digests: Digests) -> How:
        if candidate.file is None:
            with candidate.unpacked() as stream, _created(path) as target:
                check_room(candidate.size, path.parent)
                copy_stream(stream, target, candidate.size, digests)
                return "unpacked"
        with open_nofollow(candidate.file, os.O_RDONLY) as source:
            with _created(path) as target:
                if clone(source, target):
                    hash_file(path, digests)
                    return "cloned"
                if not (self._link and _hard_link(candidate.file, path)):
                    check_room(candidate.size, path.parent)
                    copy_file(source, target, candidate.size, digests)
                    return "copied"
            _hash_steady(path, digests)
            return "linked"

    # --- by name ------------------------------------------------------------------------------

    def proposals(self) -> list[Proposal]:
        """Return the entries without a known hash for which one file has name and size."""
        found: dict[str, list[Candidate]] = {}
        for candidate in self._namesakes:
            name = self._meant(candidate)
            wanted = self._wanted.get(name or "")
            if wanted is None:
                continue
            if not wanted.fits(candidate):
                self.refuse(candidate.label, f"has the name of {name}, but another size")
            elif wanted.hash is not None:
                self.refuse(candidate.label, f"has the name of {name}, but other bytes")
            else:
                found.setdefault(wanted.entry.name, []).append(candidate)
        return list(self._unambiguous(found))

    def _unambiguous(self, found: dict[str, list[Candidate]]) -> Iterator[Proposal]:
        for name, candidates in found.items():
            nearest = max(_alike(name, candidate.path) for candidate in candidates)
            best = [each for each in candidates if _alike(name, each.path) == nearest]
            if len(best) == 1:
                yield Proposal(self._wanted[name].entry, best[0])
                continue
            for candidate in best:
                self.refuse(candidate.label, f"is one of {len(best)} that could be {name}")

    def _meant(self, candidate: Candidate) -> str | None:
        """Return the one key whose folders are most like the candidate's, cached or not."""
        names = self._basenames[composed(candidate.basename)]
        nearest = max(_alike(name, candidate.path) for name in names)
        best = [name for name in names if _alike(name, candidate.path) == nearest]
        if len(best) == 1:
            return best[0]
        if any(name in self._wanted and not self._wanted[name].hash for name in best):
            self.refuse(candidate.label, f"could be {' or '.join(best)}")
        return None

    def accept(self, proposal: Proposal) -> None:
        """Take a file for the entry that it was proposed for."""
        with self._faults_told(proposal.candidate):
            self._take(proposal.candidate, [self._wanted[proposal.entry.name]])


def _is_right(cached_file: CachedFile, entry: Entry) -> bool:
    known = cached_file.known_hash(entry.hash)
    actual = cached_file.check(entry.hash)
    return actual is not None and known in (None, actual)


def _alike(name: str, path: str) -> int:
    """Return how many of a key's folders a path has, in their order.

    >>> _alike("fred-0/events.raw", "zip/fred-0/Event/events.raw")
    1
    """
    folders = iter(composed(path).lower().split("/")[:-1])
    return sum(folder in folders for folder in composed(name).lower().split("/")[:-1])


@contextmanager
def _held(cached_file: CachedFile) -> Iterator[None]:
    """Hold the file's lock, so that nobody fetches meanwhile what is being brought in."""
    cached_file.prepare()
    lock = Lock(cached_file.state / "lock")
    lock.acquire()  # who has it is fetching: it may go on, and finds the file when it is there
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _room(cached_file: CachedFile) -> Iterator[Path]:
    """Give a name for a file that is being written; unless it moves on, it is removed."""
    path = cached_file.state / f"{os.getpid():x}-{os.urandom(4).hex()}{SUFFIX}"
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink()


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    try:
        file = open_nofollow(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    except OSError as error:
        raise as_cache_error(error, path) from error
    with file:
        try:
            yield file
        except CacheError:
            raise
        except OSError as error:
            if is_full(error):
                raise as_cache_error(error, path) from error
            raise


def _hard_link(source: Path, path: Path) -> bool:
    link = path.with_suffix(".link")
    try:
        os.link(source, link, follow_symlinks=False)
        link.replace(path)
    except OSError:
        with suppress(OSError):
            link.unlink()
        return False
    return True


def _kinds(fitting: list[_Wanted]) -> set[str]:
    return {kind_of(wanted.hash) for wanted in fitting}


def _hash_steady(path: Path, digests: Digests) -> None:
    """Hash a file that others can write to, if nobody has."""
    before = path.lstat()
    hash_file(path, digests)
    after = path.lstat()
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise OSError("was written to while it was read")


def _is_page(path: Path, name: str) -> bool:
    with open_nofollow(path, os.O_RDONLY) as file:
        return is_web_page(file.read(SNIFFED), name)
