"""Turn the errors of libraries that use requests themselves into one kind."""

from collections.abc import Callable
from typing import TypeVar

import requests

from .connection import TransportError

Kind = TypeVar("Kind")
RequestsHTTPError = requests.HTTPError
RequestsConnectionError = requests.ConnectionError


class ForeignError(TransportError):
    """A request of somebody else's that failed.

    Attributes
    ----------
    status : int or None
        Of HTTP, where there was an answer.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    @property
    def may_pass(self) -> bool:
        """Whether asking again may help."""
        return self.status is None or self.status in (408, 425, 429) or self.status >= 500


def asked(call: Callable[[], Kind]) -> Kind:
    """Return what a call returns.

    Raises
    ------
    ForeignError
        For an error of requests.
    LookupError
        For an answer that is no JSON.
    """
    try:
        return call()
    except requests.JSONDecodeError as error:
        raise LookupError("no JSON") from error
    except requests.RequestException as error:
        response = error.response
        status = None if response is None else response.status_code
        raise ForeignError(type(error).__name__, status=status) from error
