"""Our errors in, errors out that are also those which pooch raises in the same place.

The rule, once: where pooch raises a `ValueError` (an unknown name, a wrong hash, an update that is
not allowed), so do we, by a subclass of our own error; and where a registry file is malformed, or
the line or the disk fails, both raise an `OSError`. So a caller may catch in either's words.
"""

from ..errors import ChecksumError, EvioDataError, RegistryError, UnknownDatasetError


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
    twin = _TWINS.get(type(error))
    if twin is None:
        return error
    same = twin(error.message)
    vars(same).update(vars(error))
    return same
