"""Every error that this package raises, grouped by what the reader of the message can do about it.

::

    EvioDataError(Exception)
    ├── RegistryError(ValueError)          the registry file: which line, what is wrong
    ├── UnknownDatasetError(LookupError)   fix the name
    ├── ChecksumError                      the published bytes changed, or were damaged
    ├── OfflineError                       not cached, and the network is switched off
    └── DownloadError(OSError)             run again; what arrived is kept
        ├── CacheError                     the folder on disk: unwritable, full, in the way
        └── DriveRefusedError              Drive sent a page instead of the file
            ├── QuotaExceededError         wait up to 24 h, use a mirror, or place the file by hand
            ├── AccessDeniedError          private, sign-in, download switched off by the owner
            └── NotFoundError              deleted, or a wrong id
"""

from typing import Any, Self

__all__ = [
    "AccessDeniedError",
    "CacheError",
    "ChecksumError",
    "DownloadError",
    "DriveRefusedError",
    "EvioDataError",
    "NotFoundError",
    "OfflineError",
    "QuotaExceededError",
    "RegistryError",
    "UnknownDatasetError",
]


class EvioDataError(Exception):
    """The root of the tree: message, name and advice are kept apart, and joined when shown.

    Parameters
    ----------
    message : str
        What happened.
    name : str, optional
        The registry key that it happened to; put before the message.
    advice : str, optional
        What to do now; put after the message.

    Attributes
    ----------
    message, advice : str
    name : str or None

    Examples
    --------
    >>> print(DownloadError("the line was cut.", name="a.raw", advice="Run again."))
    a.raw: the line was cut. Run again.
    """

    args: tuple[Any, ...]
    name: str | None
    advice: str

    def __init__(self, message: str, *, name: str | None = None, advice: str = "") -> None:
        super().__init__(message)
        self.name = name
        self.advice = advice

    @property
    def message(self) -> str:
        """What happened, without the name and the advice."""
        return str(self.args[0]) if self.args else ""

    def about(self, name: str) -> Self:
        """Return this error with the registry key it happened to, if it has none yet."""
        self.name = self.name or name
        return self

    def __str__(self) -> str:
        prefix = f"{self.name}: " if self.name else ""
        return f"{prefix}{self.message} {self.advice}".rstrip()


class RegistryError(EvioDataError, ValueError):
    """A registry file that cannot be used; the message gives the line and what is wrong with it.

    Attributes
    ----------
    line : int or None
        The line, counted from 1.
    """

    line: int | None = None


class UnknownDatasetError(EvioDataError, LookupError):
    """A name that the registry does not have, or that several entries share.

    Attributes
    ----------
    candidates : tuple of str
        The nearest names, or the keys that an ambiguous basename could mean.
    """

    candidates: tuple[str, ...] = ()


class ChecksumError(EvioDataError):
    """Bytes that are not the registered ones; nothing bad is kept in place.

    Attributes
    ----------
    expected, actual : str
        SHA-256 in hexadecimal (or sizes in bytes, where the size already tells).
    """

    expected: str = ""
    actual: str = ""


class OfflineError(EvioDataError):
    """A file that is not cached while ``EVIO_DATA_OFFLINE`` forbids the network."""


class DownloadError(EvioDataError, OSError):
    """A download that did not finish; what arrived is kept, and the next run goes on from there.

    Attributes
    ----------
    received : int
        Bytes of the file that are kept on disk.
    """

    received: int = 0

    def __reduce__(self) -> tuple[Any, ...]:
        # OSError keeps errno outside the dictionary, where pickle does not look.
        return type(self), self.args, {**vars(self), "errno": self.errno}


class CacheError(DownloadError):
    """The cache folder cannot take the file: unwritable, full, or something is in the way."""


class DriveRefusedError(DownloadError):
    """Google Drive answered with a page instead of the file."""


class QuotaExceededError(DriveRefusedError):
    """The file's download quota is used up, for up to 24 hours."""


class AccessDeniedError(DriveRefusedError):
    """The file is private, asks for a sign-in, or its owner has switched downloads off."""


class NotFoundError(DriveRefusedError):
    """The file was deleted, or the id is wrong."""
