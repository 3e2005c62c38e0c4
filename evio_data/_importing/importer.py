"""Import files into the cache, matched by content and not by name."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .._cache.copying import TooLongError
from .._cache.files import CachedFile
from .._cache.hashing import Digests
from .._collection import Collection
from .._registry.hashes import SHA256, kind_of
from .._registry.registry import Entry, fold
from .._text import size
from ..errors import CacheError, ChecksumError, EvioDataError
from .candidates import Candidate, found_under
from .likeness import Names, alike
from .misfits import archive_fault, misfit, why_no_recording
from .receiving import How, held, receive, temporary_path
from .zip_archive import ArchiveError

NEAR = 10  # times the difference to a documented size is that size, at least, for a guess


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

    def why_not(self, candidate: Candidate) -> str | None:
        """Return what is against a file that has the name, or nearly; None for nothing."""
        if not self.fits(candidate):
            return "another size"
        if self.hash is not None:
            return "other bytes"
        about = self.entry.about if self.size is None else None
        if about is None or _is_called(candidate, self.entry.name):
            return None  # a documented size is for people to compare
        near = abs(candidate.size - about) <= about / NEAR
        return None if near else f"{size(candidate.size)} where {size(about)} is documented"


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
    noted : list of tuple of str
        What was met on the way and not looked into, and why.
    """

    imported: list[Imported] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)


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
        Asked once whether files may stand, by their name and size, for entries of which nobody
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
        self._others: dict[str, EvioDataError] = {}  # keys whose files are of other sources
        self._doubtful: list[Candidate] = []  # files of which somebody wants to know
        self._archives: set[str] = set()
        self._settled: set[str] = set()  # files of which something was said or done
        self._names = Names(collection.registry.entries)
        for entry in collection.registry.entries.values():
            self._survey(entry)

    def _survey(self, entry: Entry) -> None:
        cached_file = self._collection.cached_file(entry)
        known = cached_file.known_hash(entry.hash)
        try:
            if cached_file.is_warm(entry.hash, claim=True) or _is_right(cached_file, entry):
                self._intake.present.append(entry.name)
                return
        except ChecksumError:
            pass  # damaged: to be replaced
        except EvioDataError as error:
            if cached_file.owner(entry.hash) is not None:
                self._others[entry.name] = error
            else:
                self.refuse(entry.name, str(error))
            return
        pin = cached_file.pin() if entry.hash is None and entry.size is None else None
        size = pin.size if pin else entry.size
        self._wanted[entry.name] = _Wanted(entry, cached_file, known, size)

    def refuse(self, label: str, why: str) -> None:
        """Take note of what is left out."""
        self._settled.add(label)
        self._intake.refused.append((label, why))

    def _leave_out(self, candidate: Candidate, why: str) -> None:
        self._settled.add(candidate.origin)
        self.refuse(candidate.label, why)

    def conclude(self) -> ImportResult:
        """Return what came of it."""
        for candidate in self._doubtful:
            if candidate.origin in self._settled or not (candidate.named or self._wanted):
                continue
            if not self._has(candidate):
                with self._faults_told(candidate):
                    told = self._intake.refused if candidate.named else self._intake.noted
                    told.append((candidate.label, self._why_not(candidate)))
        self._intake.missing = list(self._wanted)
        return self._intake

    def _has(self, candidate: Candidate) -> bool:
        """Say whether the cache has the bytes of a file."""
        for name, entry in self._collection.registry.entries.items():
            stamp = self._collection.cached_file(entry).stamp()
            if name in self._wanted or stamp is None or stamp.size != candidate.size:
                continue
            with self._faults_told(candidate):
                if stamp.hash in candidate.hashes([kind_of(stamp.hash)]).values():
                    return True
        return False

    def _why_not(self, candidate: Candidate) -> str:
        assert candidate.file is not None
        if (fault := archive_fault(candidate.file)) is not None:
            return fault
        if candidate.label in self._archives:
            return "has nothing in it that the registry knows"
        for wanted in self._wanted.values():
            if wanted.hash is None and wanted.size == candidate.size:
                name = wanted.entry
                return (
                    f"has the size of {name.name}, but another name: "
                    f"if it is that, call it {name.basename}"
                )
        return misfit(candidate.file)

    # --- by content ---------------------------------------------------------------------------

    def offer(self, candidate: Candidate) -> None:
        """Take a candidate if its bytes are those of a wanted entry, or of several."""
        if candidate.file is not None and (candidate.named or archive_fault(candidate.file)):
            self._doubtful.append(candidate)
        if candidate.member is not None:
            self._archives.add(candidate.origin)
            if candidate.member.refusal:
                self._leave_out(candidate, candidate.member.refusal)
                return
        taken = False
        with self._faults_told(candidate):
            while (fitting := self._fitting(candidate)) and self._take(candidate, fitting):
                taken = True
            if not taken and self._names.meant_by(candidate.path):
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
            self._leave_out(candidate, str(error))
        except TooLongError:
            self._leave_out(candidate, "is longer than it says")
        except OSError as error:
            self._leave_out(candidate, error.strerror or str(error))

    def _take(self, candidate: Candidate, fitting: list[_Wanted]) -> bool:
        first = fitting[0].cached_file
        with held(first), temporary_path(first) as path:
            digests = Digests(_kinds(fitting))
            how = receive(candidate, path, digests, link=self._link)
            hashes = digests.hashes()
            match = next((w for w in fitting if w.hash in (None, *hashes.values())), None)
            if match is None:
                return False
            actual = match.hash or hashes[SHA256]
            if match.hash is None and (why := why_no_recording(path, match.entry.name)):
                self._leave_out(candidate, why)
                return False
            if match.cached_file.known_hash(match.entry.hash) not in (None, actual):
                self._leave_out(candidate, f"is not what {match.entry.name} was pinned to")
                return False  # since this import began, by another process
            if path.stat().st_size != candidate.size:
                raise OSError("was written to while it was read")
            self._publish(match, path, actual)
        self._settled.add(candidate.origin)
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

    # --- by name ------------------------------------------------------------------------------

    def proposals(self) -> list[Proposal]:
        """Return the entries without a known hash for which one file has name and size."""
        found: dict[str, list[Candidate]] = {}
        misses: list[tuple[str, Candidate, str]] = []
        for candidate in self._namesakes:
            name = self._meant(candidate)
            wanted = self._wanted.get(name or "")
            if wanted is None:
                if name in self._others:
                    self._leave_out(candidate, str(self._others[name]))
                continue
            if (what := wanted.why_not(candidate)) is None:
                found.setdefault(wanted.entry.name, []).append(candidate)
            else:
                misses.append((wanted.entry.name, candidate, what))
        for name, candidate, what in misses:
            called = "the name" if _is_called(candidate, name) else "nearly the name"
            if called == "the name" or name not in found:
                self._leave_out(candidate, f"has {called} of {name}, but {what}")
        return list(self._unambiguous(found))

    def _unambiguous(self, found: dict[str, list[Candidate]]) -> Iterator[Proposal]:
        for name, candidates in found.items():
            self._settled.update(candidate.origin for candidate in candidates)
            same = [each for each in candidates if _is_called(each, name)] or candidates
            nearest = max(alike(name, candidate.path) for candidate in same)
            best = [each for each in same if alike(name, each.path) == nearest]
            best = self._without_copies(best) if len(best) > 1 else best
            if len(best) == 1:
                yield Proposal(self._wanted[name].entry, best[0])
            else:
                for candidate in best:
                    why = f"is one of {len(best)} that could be {name}: name the right one only"
                    self._leave_out(candidate, why)

    def _without_copies(self, candidates: list[Candidate]) -> list[Candidate]:
        """Return one candidate for each content: a copy of another is no conflict."""
        different: dict[tuple[int, str], Candidate] = {}
        for candidate in sorted(candidates, key=lambda each: each.file is None):
            with self._faults_told(candidate):
                content = candidate.size, candidate.hashes([SHA256])[SHA256]
                different.setdefault(content, candidate)
        return list(different.values())

    def _meant(self, candidate: Candidate) -> str | None:
        """Return the one key that the candidate's path means, cached or not."""
        names = self._names.meant_by(candidate.path)
        if len(names) == 1:
            return names[0]
        if any(name in self._wanted and not self._wanted[name].hash for name in names):
            self._leave_out(candidate, f"could be {' or '.join(names)}")
        return None

    def accept(self, proposal: Proposal) -> None:
        """Take a file for the entry that it was proposed for."""
        with self._faults_told(proposal.candidate):
            self._take(proposal.candidate, [self._wanted[proposal.entry.name]])


def _is_right(cached_file: CachedFile, entry: Entry) -> bool:
    known = cached_file.known_hash(entry.hash)
    actual = cached_file.check(entry.hash)
    return actual is not None and known in (None, actual)


def _is_called(candidate: Candidate, name: str) -> bool:
    return fold(candidate.basename) == fold(name.rpartition("/")[2])


def _kinds(fitting: list[_Wanted]) -> set[str]:
    return {kind_of(wanted.hash) for wanted in fitting}
