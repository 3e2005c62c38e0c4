"""Copy verified files to a mirror: a folder, or an object store."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from .._cache.check import check_cached
from .._collection import Collection
from .._http.connection import TransportError
from .._mirror_urls import STORES, is_base, is_http
from .._registry.hashes import kind_of
from .._registry.registry import Entry
from .._settings import expanded
from ..errors import DownloadError, EvioDataError
from .targets import FolderTarget, StoreTarget, Target

Status = Literal["pushed", "present", "not verified", "failed"]


class Pushed(NamedTuple):
    """What became of one file at a mirror.

    Attributes
    ----------
    name : str
    status : {"pushed", "present", "not verified", "failed"}
        ``not verified``: it is not in the cache.
    size : int
    error : EvioDataError or None
    """

    name: str
    status: Status
    size: int = 0
    error: EvioDataError | None = None


def push(
    collection: Collection,
    target: str,
    entries: Iterable[Entry],
    *,
    check: bool = False,
    tell: Callable[[Pushed], None] = lambda pushed: None,  # noqa: ARG005
) -> list[Pushed]:
    """Copy the verified files of some entries to a mirror; those that are there stay.

    Parameters
    ----------
    collection : Collection
    target : str
        A folder, or a URL of an object store (``s3://bucket/prefix``).
    entries : iterable of Entry
    check : bool
        Read back what is there, instead of going by its size.
    tell : callable
        Told of each file.

    Raises
    ------
    EvioDataError
        If the target is none.
    """
    place = target_of(target)
    outcomes = []
    for entry in entries:
        outcome = _pushed(collection, place, entry, check=check)
        tell(outcome)
        outcomes.append(outcome)
    return outcomes


def target_of(target: str) -> Target:
    """Return the place that a word on the command line means.

    Raises
    ------
    EvioDataError
        For a URL that nobody can write to.
    """
    if "://" not in target:
        return FolderTarget(Path(expanded(target)))
    if is_http(target) or not is_base(target):
        raise EvioDataError(
            "cannot write to that URL.",
            advice=f"Name a folder, or a URL of {', '.join(STORES)}.",
        )
    return StoreTarget(target.rstrip("/"))


def _pushed(collection: Collection, place: Target, entry: Entry, *, check: bool) -> Pushed:
    cached_file = collection.cached_file(entry)
    try:
        cached = check_cached(entry, cached_file, verify=False)
        if cached is None or cached.hash is None or cached.size is None:
            return Pushed(entry.name, "not verified")
        there = place.size_of(entry.name) == cached.size
        if there and (not check or place.hash_of(entry.name, kind_of(cached.hash)) == cached.hash):
            place.tidy(entry.name)
            return Pushed(entry.name, "present", cached.size)
        place.put(entry.name, cached_file.real_path, cached.hash)
    except EvioDataError as error:
        return Pushed(entry.name, "failed", error=error.about(entry.name))
    except TransportError as error:
        failure = DownloadError(
            f"{error}.", name=entry.name, advice="Run again: what the store has is kept."
        )
        return Pushed(entry.name, "failed", error=failure)
    return Pushed(entry.name, "pushed", cached.size)
