"""Our errors in, errors out that are also those which pooch raises in the same place.

The rule, once: where pooch raises a `ValueError` (an unknown name, a wrong hash, an update that is
not allowed), so do we, by a subclass of our own error; and where a registry file is malformed, or
the line or the disk fails, both raise an `OSError`. An HTTP status is a `requests.HTTPError` too,
and a connection that fails a `requests.ConnectionError`. So a caller may catch in either's words.
"""

from .._registry.hashes import as_hash, kind_of
from ..errors import (
    CacheError,
    ChecksumError,
    DownloadError,
    DriveRefusedError,
    EvioDataError,
    RegistryError,
    UnknownDatasetError,
)


class MismatchError(ChecksumError, ValueError):
    """A `ChecksumError` as pooch knows it: it tries again where it was told to."""


class UnknownNameError(UnknownDatasetError, ValueError):
    """An `UnknownDatasetError` as pooch knows it."""


class MalformedRegistryError(RegistryError, OSError):
    """A `RegistryError` as ``load_registry`` of pooch knows it."""


_TWINS: dict[type[EvioDataError], type[EvioDataError]] = {
    ChecksumError: MismatchError,
    UnknownDatasetError: UnknownNameError,
    RegistryError: MalformedRegistryError,
}


def for_pooch(error: EvioDataError) -> EvioDataError:
    """Return the same error as pooch's callers expect it.

    >>> for_pooch(ChecksumError("the bytes changed.", name="a.raw"))
    MismatchError('the bytes changed.')
    """
    twin = _TWINS.get(type(error)) or _twin_of_requests(error)
    if twin is None or isinstance(error, twin):
        return error
    same = twin(_in_poochs_words(error) or error.message)
    vars(same).update(vars(error))
    return same


def _in_poochs_words(error: EvioDataError) -> str:
    """Return pooch's sentence about a wrong hash, which MNE and others look for."""
    if not isinstance(error, ChecksumError) or as_hash(error.expected) is None or not error.actual:
        return ""
    source = (error.name or "").rpartition("/")[2]
    return (
        f"{kind_of(error.expected).upper()} hash of downloaded file ({source}) does not match the "
        f"known hash: expected {error.expected} but got {error.actual}."
    )


def _twin_of_requests(error: EvioDataError) -> type[EvioDataError] | None:
    # What Drive refuses is none: pooch repeats errors of requests, and that would not help.
    is_other = isinstance(error, CacheError | DriveRefusedError)
    if is_other or not isinstance(error, DownloadError):
        return None
    from .request_errors import twin_of  # which imports requests

    return twin_of(error)
