"""Classify the errors of requests and urllib3, and name the setting that matters."""

import errno
import ssl
from collections.abc import Iterator
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected
from socket import gaierror
from typing import NamedTuple

from urllib3 import exceptions as of_urllib3

from .._text import clean, duration
from .errors import NoAnswerError, TransportError, UnreachableError, UnusableHostError


class Way(NamedTuple):
    """How a request goes to its host.

    Attributes
    ----------
    host : str
    proxy : str or None
        The proxy's host and port, without its password.
    setting : str
        The environment variable that names the proxy.
    silence : float
        Seconds after which a line is taken for dead.
    patience : float
        Seconds that a connection may take.
    """

    host: str
    proxy: str | None
    setting: str
    silence: float
    patience: float


def silence(seconds: float) -> str:
    """Return the words for a body that no longer comes."""
    return f"timed out: no data for {duration(seconds)} (EVIO_DATA_TIMEOUT)"


def classified(error: Exception, way: Way) -> TransportError | UnusableHostError:
    """Return the typed error for a request that got no answer."""
    found = list(_chain(error))
    at_proxy = any(isinstance(one, of_urllib3.ProxyError) for one in found)
    for one in found:
        known = _refused_tunnel(one, way) or _no_trust(one, way, at_proxy=at_proxy)
        if known is not None:
            return known
    words = next(filter(None, (_nobody(one, way) for one in found)), None)
    if at_proxy:
        words = (
            f"the proxy {way.proxy} does not answer ({way.setting}): {words or words_for(error)}"
        )
        return UnreachableError(f"cannot reach {way.host}: {words}")
    if words is not None:
        return UnreachableError(f"cannot reach {way.host}: {words}")
    if any(isinstance(one, TimeoutError | of_urllib3.ReadTimeoutError) for one in found):
        bound = f"within {duration(way.silence)} (EVIO_DATA_TIMEOUT)"
        return NoAnswerError(f"timed out: no complete answer {bound}, by {way.host}")
    return NoAnswerError(words_for(error))


def words_for(error: Exception) -> str:
    """Return what broke a line that stood."""
    for one in _chain(error):
        words = next((words for kind, words in _BREAKS if isinstance(one, kind)), None)
        if words is not None:
            return words
    said = [str(one) for one in _chain(error) if isinstance(one, HTTPException)]
    text = next(filter(None, said), "") or str(error) or type(error).__name__
    return clean(text, 120)


def proxy_asks_for_password(way: Way) -> UnusableHostError:
    """Return the error for a 407."""
    return UnusableHostError(
        f"the proxy {way.proxy or ''} asks for a name and a password before it leads to "
        f"{way.host} (407).".replace("  ", " "),
        advice=f"Put them into {way.setting}: http://NAME:PASSWORD@HOST:PORT, special characters "
        "as %XX.",
    )


def _refused_tunnel(error: BaseException, way: Way) -> TransportError | UnusableHostError | None:
    before, _, status = str(error).partition("Tunnel connection failed: ")
    if not isinstance(error, OSError) or before or not status:
        return None
    if status.startswith("407"):
        return proxy_asks_for_password(way)
    if status.startswith("4"):
        return UnusableHostError(
            f"the proxy {way.proxy} does not lead to {way.host} ({clean(status, 60)}).",
            advice=f"Ask whoever runs the proxy, or check {way.setting} and NO_PROXY.",
        )
    words = f"the proxy {way.proxy} answers {clean(status, 60)!r} ({way.setting})"
    return UnreachableError(f"cannot reach {way.host}: {words}")


def _no_trust(error: BaseException, way: Way, *, at_proxy: bool) -> UnusableHostError | None:
    if not isinstance(error, ssl.SSLError) or isinstance(error, _TLS_BREAKS):
        return None
    whom = f"the proxy {way.proxy}" if at_proxy else way.host
    if isinstance(error, ssl.SSLCertVerificationError):
        return UnusableHostError(
            f"the certificate of {whom} is not trusted ({clean(error.verify_message, 120)}).",
            advice="Where this network or the host has an authority of its own, set "
            "REQUESTS_CA_BUNDLE to its certificate; check the clock, too.",
        )
    if "RECORD_MAC" in str(error):
        return None
    check = f"whether {way.setting} should begin with http:" if at_proxy else "the host's URL"
    return UnusableHostError(
        f"no TLS connection to {whom} can be made ({_tls_words(error)}).",
        advice=f"Check {check}, REQUESTS_CA_BUNDLE and the proxy settings of this machine.",
    )


def _tls_words(error: ssl.SSLError) -> str:
    return clean((error.reason or "no handshake").lower().replace("_", " "), 60)


def _nobody(error: BaseException, way: Way) -> str | None:
    """Return why nobody answers."""
    if isinstance(error, gaierror):
        return _NO_NAME
    if isinstance(error, of_urllib3.NewConnectionError):
        inner = error.__cause__ or error.__context__
        if isinstance(inner, gaierror):
            return _NO_NAME
        number = inner.errno if isinstance(inner, OSError) else None
        return _ERRNOS.get(number or 0, "no connection can be made")
    if isinstance(error, of_urllib3.ConnectTimeoutError):
        via = f" through the proxy {way.proxy} ({way.setting})" if way.proxy else ""
        return f"no connection within {duration(way.patience)}{via}"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Return an error and what led to it, the outermost first."""
    waiting, seen = [error], 0
    while waiting and seen < 20:
        one = waiting.pop(0)
        seen += 1
        yield one
        inside = [*one.args, getattr(one, "original_error", None), one.__cause__, one.__context__]
        waiting.extend(inner for inner in inside if isinstance(inner, BaseException))


_NO_NAME = "its name cannot be resolved (no network?)"
_TLS_BREAKS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_ERRNOS = {
    errno.ECONNREFUSED: "the connection was refused",
    errno.ENETUNREACH: "the network is unreachable",
    errno.EHOSTUNREACH: "there is no route to it",
    errno.ENETDOWN: "the network is down",
    errno.EADDRNOTAVAIL: "this machine has no address for it",
}
_BREAKS: tuple[tuple[type[BaseException], str], ...] = (
    (RemoteDisconnected, "the server closed the connection without an answer"),
    (BadStatusLine, "the server sent something that is no HTTP"),
    (IncompleteRead, "the body was cut short"),
    (ConnectionResetError, "the connection was reset"),
    (BrokenPipeError, "the connection was reset"),
    (TimeoutError, "timed out"),
    (ssl.SSLError, "the TLS connection broke"),
    (gaierror, "a name cannot be resolved"),
)
