"""Network errors that are also those of requests, which callers of pooch catch."""

from .._http.foreign import RequestsConnectionError, RequestsHTTPError
from ..errors import DownloadError, EvioDataError


class StatusDownloadError(DownloadError, RequestsHTTPError):
    """A server answered with a status that is no file."""


class ConnectionDownloadError(DownloadError, RequestsConnectionError):
    """No server answered, or the connection broke."""


def twin_of(error: DownloadError) -> type[EvioDataError] | None:
    """Return the class of requests' kind for an error; None where pooch would raise no such one."""
    if error.status:
        return StatusDownloadError
    return ConnectionDownloadError if error.is_connection else None
