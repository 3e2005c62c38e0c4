"""Every error that this package raises, grouped by what you can do about it.

::

    EvioDataError(Exception)
    ├── RegistryError(ValueError)          the registry file: which line, what is wrong
    ├── UnknownDatasetError(LookupError)   fix the name
    ├── ChecksumError                      the published bytes changed, or were damaged
    ├── OfflineError                       not cached, and EVIO_DATA_OFFLINE is set
    └── DownloadError(OSError)             run again; what arrived is kept
        ├── CacheError                     the folder on disk: unwritable, full, in the way
        └── DriveRefusedError              Drive sent a page instead of the file
            ├── QuotaExceededError         wait up to 24 h, use a mirror, or place the file by hand
            ├── AccessDeniedError          private, sign-in, download disabled by the owner
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
    """The base of all errors; message, name and advice are separate, and joined when shown.

    Parameters
    ----------
    message : str
        What happened.
    name : str, optional
        The registry key concerned, shown before the message.
    advice : str, optional
        What to do now, shown after the message.

    Attributes
    ----------
    message, advice : str
    name : str or None

    Examples
    --------
    >>> print(DownloadError("the connection was lost.", name="a.raw", advice="Run again."))
    a.raw: the connection was lost. Run again.
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
    """A registry file that cannot be used; the message says which line, and what is wrong.

    Attributes
    ----------
    line : int or None
        The line, counted from 1.
    """

    line: int | None = None


class UnknownDatasetError(EvioDataError, LookupError):
    """The registry has no entry of this name, or several.

    Attributes
    ----------
    candidates : tuple of str
        The nearest names, or the keys that an ambiguous basename could mean.
    """

    candidates: tuple[str, ...] = ()


class ChecksumError(EvioDataError):
    """The bytes have another hash than the registered one; they are not kept under the name.

    Attributes
    ----------
    expected, actual : str
        SHA-256 in hexadecimal (or sizes in bytes, where the size already tells).
    replaceable : bool
        Whether it is of a cached file that may be set aside and fetched again.
    """

    expected: str = ""
    actual: str = ""
    replaceable: bool = False


class OfflineError(EvioDataError):
    """The file is not cached, and ``EVIO_DATA_OFFLINE`` forbids the network."""


class DownloadError(EvioDataError, OSError):
    """A download that did not finish; what has arrived is kept, and the next run resumes.

    Attributes
    ----------
    received : int
        Bytes of the file that are kept on disk.
    status : int or None
        The HTTP status that ended it, if one did.
    is_connection : bool
        Whether nobody answered, or the connection broke.
    """

    received: int = 0
    status: int | None = None
    is_connection: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        # OSError keeps errno outside the dictionary, where pickle does not look.
        return type(self), self.args, {**vars(self), "errno": self.errno}


class CacheError(DownloadError):
    """The cache folder cannot hold the file: not writable, full, or another file has the name."""


class DriveRefusedError(DownloadError):
    """Google Drive answered with a page instead of the file."""


class QuotaExceededError(DriveRefusedError):
    """The file's download quota is used up, for up to 24 hours."""


class AccessDeniedError(DriveRefusedError):
    """The file is private, needs a sign-in, or its owner has disabled downloads."""


class NotFoundError(DriveRefusedError):
    """The file was deleted, or the id is wrong."""
