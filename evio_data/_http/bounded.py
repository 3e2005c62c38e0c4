"""Connections of urllib3 whose responses are bounded in time."""

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError

from .response import Response

NO_MATTER = nullcontext()  # to be entered by those who wait, where nobody else does


class StaleConnectionError(ConnectionError):
    """A kept-alive connection that the server had given up: nobody has seen the request."""


class _Bounded(HTTPConnection):
    _has_answered = False

    def __init__(
        self, *args: Any, aside: AbstractContextManager[object] = NO_MATTER, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._aside = aside
        self.response_class = partial(Response, aside=aside)  # type: ignore[assignment]

    def connect(self) -> None:
        """Open the connection, and its tunnel and its TLS."""
        self._has_answered = False
        try:
            with self._aside:
                super().connect()
        except TimeoutError as error:  # of a handshake, which is no answer either
            raise ConnectTimeoutError(self, "the handshake timed out") from error

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        """Return the response; a broken connection that was used before is worth a new one."""
        try:
            response = super().getresponse(*args, **kwargs)
        except ConnectionError as error:
            if self._has_answered:
                raise StaleConnectionError(*error.args) from error
            raise
        self._has_answered = True
        return response


@lru_cache
def bounded(kind: type[Any]) -> type[Any]:
    """Return urllib3's class of a connection (plain, TLS, SOCKS) with our bounds."""
    if issubclass(kind, _Bounded):
        return kind
    return type(f"Bounded{kind.__name__}", (_Bounded, kind), {})
