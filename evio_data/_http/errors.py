"""Errors of one request: whether they may pass, or what must change first."""

from ..errors import DownloadError


class TransportError(Exception):
    """A fault that may pass: a reset, a cut body, a time-out, a 5xx.

    Attributes
    ----------
    wait : float or None
        Seconds that the server asks to wait.
    """

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class UnreachableError(TransportError):
    """Nobody answers at the host: no name, no route, nobody listens."""


class NoAnswerError(TransportError):
    """The host took the request, and sent no answer that can be read."""


class UnavailableError(TransportError):
    """The server answered, but does not serve the file now (408, 421, 425, 5xx).

    Attributes
    ----------
    status : int
    """

    status: int = 0


class BusyError(UnavailableError):
    """The server asks for fewer requests (429, or Drive's "Sorry..." page)."""


class UnusableHostError(DownloadError):
    """A host that cannot be used until somebody changes something: certificate, proxy, sign-in."""

    is_connection = True


class StatusError(DownloadError):
    """A status that refuses the file."""


class Interrupted(Exception):  # noqa: N818 - not an error: somebody asked to stop
    """The work was asked to stop."""
