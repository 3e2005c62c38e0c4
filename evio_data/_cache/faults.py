"""What can be wrong with a file that is there, as typed errors that say what to do."""

from pathlib import Path

from .._registry.hashes import worded
from ..errors import CacheError, ChecksumError

TWO_WAYS = (
    "Nothing was replaced. Keep both: give this registry a folder of its own, by `cache_dir=` "
    "(`--cache-dir`) or EVIO_DATA_DIR."
)
MEND = "It is damaged, and still there: `evio-data verify --repair` mends it."


def another_source(name: str, owner: str, root: str) -> CacheError:
    """Return the error for a cached file that is not this registry's."""
    return CacheError(
        f"the file of this name in {root} is another one, of {owner}.", name=name, advice=TWO_WAYS
    )


def another_s_copy(name: str, owner: str, place: Path) -> CacheError:
    """Return the error for a cache in which another registry's damaged copy is all there is."""
    return CacheError(
        f"{place} is the damaged copy of another file of this name, of {owner}.",
        name=name,
        advice=f"{TWO_WAYS} Or remove the copy, if nobody needs it.",
    )


def wrong_link(name: str, path: str) -> CacheError:
    """Return the error for a link in the place of a file that leads to other bytes."""
    return CacheError(
        f"a symbolic link is in the place of {path}, and does not lead to the right bytes.",
        name=name,
        advice="Correct what it leads to, or remove the link: nothing is written through it.",
    )


def wrong_size(name: str, expected: int, actual: int, *, replaceable: bool) -> ChecksumError:
    """Return the error for a file that has not the registered size."""
    error = _spoilt(name, f"the file has {actual:,} bytes, the registry says {expected:,} bytes.")
    error.expected, error.actual, error.replaceable = str(expected), str(actual), replaceable
    if not replaceable:
        error.advice = "Its hash is the right one: correct the size in the registry."
    return error


def doubtful(name: str) -> ChecksumError:
    """Return the error for a file of which nothing tells whether a power cut has spoilt it."""
    return _spoilt(name, "nothing tells what it should be: the record of it is empty or garbled.")


def set_aside(name: str, place: str) -> ChecksumError:
    """Return the error for a damaged file that nothing has replaced yet."""
    error = _spoilt(name, f"was damaged, and is not replaced yet; the damaged copy is {place}.")
    error.advice = f"`evio-data fetch {_quoted(name)}` fetches it again."
    return error


def wrong_bytes(
    name: str, known: str, actual: str, *, published: bool, right_for_others: bool
) -> ChecksumError:
    """Return the error for cached bytes with another hash than the known one."""
    if right_for_others and not published:
        return other_than_pinned(name, known, actual, "the file here")
    origin = "the registry" if published else "the first download (it is pinned to that)"
    error = _spoilt(name, f"the bytes have {worded(actual)}, but {origin} says {known}.")
    error.expected, error.actual = known, actual
    if right_for_others:
        error.advice = (
            "It is another version, not a damaged file: "
            f"`evio-data fetch {_quoted(name)}` brings the registered one."
        )
    return error


def _spoilt(name: str, message: str) -> ChecksumError:
    error = ChecksumError(message, name=name, advice=MEND)
    error.replaceable = True
    return error


def wrong_download(name: str, known: str, actual: str, *, published: bool) -> ChecksumError:
    """Return the error for received bytes with another hash than the known one."""
    if not published:
        return other_than_pinned(name, known, actual)
    error = ChecksumError(
        f"the bytes have {worded(actual)}, but the registry says {known}.",
        name=name,
        advice="Nothing was kept. Run again; if it stays, ask the publisher which one is right.",
    )
    error.expected, error.actual = known, actual
    return error


def other_than_pinned(
    name: str, pinned: str, actual: str, what: str = "what arrived"
) -> ChecksumError:
    """Return the error for bytes that may be right, but are not those of the first use."""
    error = ChecksumError(
        f"{what} has {worded(actual)}, but the file is pinned to its first download here, which "
        f"had {pinned}.",
        name=name,
        advice="Nothing was replaced. Nobody has published a hash: ask the publisher which one is "
        f"right. `evio-data unpin {_quoted(name)}`, then `evio-data fetch`, accepts the new one.",
    )
    error.expected, error.actual = pinned, actual
    return error


def _quoted(name: str) -> str:
    import shlex  # not on the warm path

    return shlex.quote(name)
