"""Fetch a file by its link, into the current folder or to ``-o FILE``."""

import argparse
import errno
import filecmp
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .._cache.copying import clone
from .._cache.hashing import hash_of
from .._drive.links import file_link, folder_link
from .._files import as_cache_error, copy_all, open_nofollow
from .._pooch.delivery import Delivery, place_for
from .._pooch.entries import as_entry
from .._registry.hashes import kind_of
from .._registry.parser import DOI
from .._registry.registry import Entry
from .._registry_tools.keys import safe_key
from .._report import HashState, Outcome
from .._settings import Settings
from .._sources.base import Source
from .._text import clean
from ..errors import CacheError, DownloadError, EvioDataError, OfflineError

if TYPE_CHECKING:
    from .._http.connection import HttpSession
    from .._transfer.listener import ProgressListener

ATTEMPTS = 3  # to learn the name of a file, before the engine begins to count its own
PAUSE = 1.0  # seconds between them
MAX_LABEL = 1000  # characters of a path that are shown


class Link(NamedTuple):
    """A link, and the file that it is to become.

    Attributes
    ----------
    entry : Entry
        Named as the file is, for bars and messages.
    source : Source
    target : Path
    present : Outcome or None
        Set where the file is there already.
    text : str
        The link as it was given.
    """

    entry: Entry
    source: Source
    target: Path
    present: Outcome | None = None
    text: str = ""


def is_link(text: str) -> bool:
    """Say whether an argument of ``fetch`` is a link rather than a name.

    >>> is_link("https://example.org/a"), is_link("drive.google.com/open?id=1"), is_link("a.raw")
    (True, True, False)
    """
    return "://" in text or text.lower().startswith((*_BARE, DOI))


_BARE = ("drive.google.com/", "docs.google.com/")  # as some people copy them


def resolve_all(
    texts: Sequence[str], output: Path | None, settings: Settings, options: argparse.Namespace
) -> list[Link | EvioDataError]:
    """Return where each link leads, or why it cannot be had; they are asked for side by side."""
    from .._transfer.questions import Questions

    questions = Questions(connections=options.concurrency, timeout=settings.timeout, retries=0)
    found = questions.in_parallel(
        texts, lambda session, text: resolve(text, output, settings, session)
    )
    return [each for each in found if each is not None]


def resolve(text: str, output: Path | None, settings: Settings, session: "HttpSession") -> Link:
    """Return where a link leads and which file it becomes; one that is there is not asked for.

    Raises
    ------
    EvioDataError
        If the server cannot be asked, or if a file with other bytes is in the place.
    """
    entry = _entry(text)
    if settings.offline:
        raise OfflineError(
            "EVIO_DATA_OFFLINE forbids the network.", name=entry.name, advice="Unset it."
        )
    found, source = _located(entry, settings)
    if output is not None and not output.is_dir() and not os.path.lexists(output):
        return Link(found._replace(name=output.name), source, output, text=text)
    offered, size = _ask(source, found, session)
    named = entry.url.rpartition("/")[2] if entry.url.startswith(DOI) else ""
    name = safe_key([named or offered])
    target = output / name if output and output.is_dir() else output or Path(name)
    found = found._replace(name=target.name, size=size)
    present = _present(target, found) if os.path.lexists(target) else None
    return Link(found, source, target, present, text)


def _entry(text: str) -> Entry:
    url = f"https://{text}" if text.lower().startswith(_BARE) else text
    if folder_link(url) is not None and file_link(url) is None:  # open?id= may be of both
        raise DownloadError(
            "this is a Drive folder, not a file.",
            name=clean(url),
            advice="`evio-data registry build FOLDER_URL` makes a registry of it.",
        )
    return as_entry(clean(url), None, url)


def _located(entry: Entry, settings: Settings) -> tuple[Entry, Source]:
    """Return an entry with the address that a DOI stands for, and where its bytes come from."""
    from .._sources.origin import source_of

    if entry.url.startswith(DOI):
        from .._sources.doi import Records

        records = Records(timeout=settings.timeout, retries=settings.retries)
        entry = records.resolved(entry)
    return entry, source_of(entry.url, endpoint=settings.endpoint, api_key=settings.api_key)


def _ask(source: Source, entry: Entry, session: "HttpSession") -> tuple[str, int | None]:
    """Return the name of a file as the server has it, and its size if it says that."""
    from .._http.connection import TransportError

    try:
        for _ in range(1, ATTEMPTS):
            try:
                return _name_and_size(source, session)
            except TransportError:
                time.sleep(PAUSE)
        return _name_and_size(source, session)
    except TransportError as error:
        raise DownloadError(f"{error}.", name=entry.name, advice="Run again.") from error
    except EvioDataError as error:
        raise error.about(entry.name) from error.__cause__


def _name_and_size(source: Source, connection: "HttpSession") -> tuple[str, int | None]:
    from .._http.ranges import RangeError

    try:
        body = source.open(connection, 0, 1)
    except RangeError:  # an empty file has no first byte, and some servers know no ranges
        body = source.open(connection, 0, None, ranged=False)
    with body:
        return body.file_name or "download", body.placement.total


def _present(target: Path, entry: Entry) -> Outcome:
    """Return the outcome of a file that is there, compared by its hash, or what else is known."""
    if not target.is_file() or entry.size != target.stat().st_size:
        raise in_the_way(target)
    known = entry.hash
    if known is not None and hash_of(target.resolve(), kind_of(known)) != known:
        raise in_the_way(target)
    state: HashState = "published" if known else "unpinned"
    return Outcome(target.name, "present", target, entry.size, hash=known, hash_state=state)


def in_the_way(target: Path) -> CacheError:
    """Return the error for a place where something else is."""
    return CacheError(
        f"{clean(str(target), MAX_LABEL)} exists, and is not this file; it is left as it is.",
        advice="Name another place with `-o FILE`, or move it away.",
    )


class NewFile(Delivery):
    """A file in a folder of the user's own, under a name that nothing else may have."""

    def publish(self, part: Path, digest: str) -> None:
        """Give the bytes their name, if it is free; equal bytes that have it may stay."""
        target = Path(self.final)
        try:
            put(part, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise as_cache_error(error, self.final) from error
            copy_to(part, target)


def put(part: Path, target: Path) -> None:
    """Give a file a name in its folder, in one step, and never in place of other bytes."""
    try:
        os.link(part, target)
    except FileExistsError:
        if not target.is_file() or not filecmp.cmp(part, target, shallow=False):
            raise in_the_way(target) from None
    except OSError as error:  # a file system without hard links
        if error.errno == errno.EXDEV:
            raise
        if os.path.lexists(target):
            raise in_the_way(target) from None
        part.rename(target)
        return
    part.unlink()


def copy_to(source: Path, target: Path) -> None:
    """Copy a file to a place, under the rules of `put`.

    Raises
    ------
    CacheError
        If something else is there, or the disk cannot take it.
    """
    fresh = target.with_name(f".{os.urandom(8).hex()}.part")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    try:
        with source.open("rb") as file, open_nofollow(fresh, flags) as copy:
            if not clone(file, copy):
                copy_all(file, copy)
        put(fresh, target)
    except OSError as error:
        raise as_cache_error(error, target) from error
    finally:
        fresh.unlink(missing_ok=True)


# --- downloading ------------------------------------------------------------------------------


def download(
    links: Sequence[Link],
    found: dict[Entry | str, Outcome],
    settings: Settings,
    options: argparse.Namespace,
    watcher: "ProgressListener",
) -> None:
    """Download links side by side, and put down what has become of each, by its text."""
    from .._transfer.engine import Engine
    from .._transfer.jobs import Job

    placed = [(link, place) for link in links if (place := _place(link, found)) is not None]
    engine = Engine(
        [Job(link.entry, place, partial(list, [link.source]), link.entry.size)
         for link, place in placed],
        connections=options.concurrency,
        timeout=settings.timeout,
        retries=settings.retries,
        brief=settings.brief,
        watcher=watcher,
    )  # fmt: skip
    try:
        engine.run()
    finally:  # of an interrupted run, too
        for link, place in placed:
            place.tidy()
            if link.target.name in engine.outcomes:
                found[link.text] = _ended(link, engine.outcomes[link.target.name])


def _place(link: Link, found: dict[Entry | str, Outcome]) -> Delivery | None:
    try:
        return place_for(link.entry, link.target, None, kind=NewFile)
    except CacheError as error:
        found[link.text] = Outcome(link.target.name, "failed", error=error)
        return None


def _ended(link: Link, outcome: Outcome) -> Outcome:
    """Return an outcome with the place of the file, or with advice for a folder of the user's."""
    if isinstance(outcome.error, CacheError):
        outcome.error.advice = "Free some space, or name another place with `-o FILE`."
    return outcome if outcome.error else outcome._replace(path=link.target)
