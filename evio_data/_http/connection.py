"""Send one HTTP request and read its response without copies; uses requests."""

import socket
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import mktime_tz, parsedate_tz
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from urllib3.util.retry import Retry

from .._text import clean
from ..errors import DownloadError
from .options import NO_OPTIONS, RequestOptions
from .preparing import prepared, user_agent

CONNECT_TIMEOUT = 15.0  # seconds
MAX_REDIRECTS = 10
MAX_PAGE = 512 * 1024  # bytes of a page that are read at most
MAX_PAGE_TIME = 60.0  # seconds for which a page may dribble in
MAX_RETRY_AFTER = 6 * 3600.0  # seconds; a longer wish is taken for this
CODINGS = ("gzip", "x-gzip", "deflate", "compress", "br", "zstd")
TRANSIENT = frozenset({408, 425})  # and every 5xx

Route = Callable[[str], str]  # an address -> where to ask for it really; raises to forbid it


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


class UnusableHostError(DownloadError):
    """A host that cannot be used until somebody changes a setting: certificate, bundle, proxy."""

    is_connection = True


class StatusError(DownloadError):
    """A status that refuses the file."""


class UnavailableError(TransportError):
    """The server answered, but does not serve the file now (408, 425, 5xx).

    Attributes
    ----------
    status : int
    """

    status: int = 0


class BusyError(UnavailableError):
    """The server asks for fewer requests (429, or Drive's "Sorry..." page)."""


class Interrupted(Exception):  # noqa: N818 - not an error: somebody asked to stop
    """The work was asked to stop."""


class Answer:
    """An answer whose body has not been read yet; close it, or use it in a ``with``.

    Parameters
    ----------
    response : requests.Response
    url : str
        The address as the server of the last hop is publicly known, before routing.
    """

    def __init__(self, response: requests.Response, url: str) -> None:
        self._response = response
        self._raw: Any = response.raw
        self._inner: Any = getattr(self._raw, "_original_response", None)  # http.client's
        self.url = url
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.readinto = self._reader()

    def _reader(self) -> Callable[[memoryview], int]:
        # http.client's own readinto goes from the socket into the caller's buffer; urllib3's
        # public one allocates and copies (0.2 to 0.3 s a GiB).
        if self._inner is None:
            return self._raw.readinto  # type: ignore[no-any-return]
        if self._inner.chunked:
            return self._read_chunks
        if self._inner.fp is not None:
            self._inner.fp = _ErrorAfterDataReader(self._inner.fp)
        return self._inner.readinto  # type: ignore[no-any-return]

    def _read_chunks(self, view: memoryview) -> int:
        """Read what has come of a chunked body: ``readinto`` loses it where the body breaks off."""
        data: bytes = self._inner.read1(len(view))
        view[: len(data)] = data
        return len(data)

    @property
    def coding(self) -> str:
        """The content coding that the server claims for the body; empty for none.

        Labels that are no coding (RFC 9110 §8.4.1) are not believed: ``aws-chunked``, ``utf-8``.
        """
        for header in ("Content-Encoding", "Transfer-Encoding"):
            coding = self.headers.get(header, "").strip().lower()
            if any(part.strip() in CODINGS for part in coding.split(",")):
                return coding
        return ""

    @property
    def ends_itself(self) -> bool:
        """Whether the body tells its own end (chunked), so that a cut cannot pass for the end."""
        return self.headers.get("Transfer-Encoding", "").strip().lower() == "chunked"

    def read_into(self, view: memoryview) -> int:
        """Read some bytes of the body; 0 at its end.

        Raises
        ------
        TransportError
            When the line breaks or falls silent.
        """
        try:
            return self.readinto(view)
        except Exception as error:
            raise _as_transport_error(error) from error

    def page(self, *, within: float = MAX_PAGE_TIME) -> str:
        """Return the body as text: at most `MAX_PAGE` bytes of it, in at most so many seconds."""
        alarm = threading.Timer(within, self.abort)
        alarm.daemon = True
        alarm.start()
        try:
            body = self._first_bytes(MAX_PAGE)
        finally:
            alarm.cancel()
        return _unpacked(body, self.coding).decode("utf-8", "replace")

    def _first_bytes(self, most: int) -> bytes:
        body, at = bytearray(most), 0
        with memoryview(body) as view:
            while at < most and (count := self.read_into(view[at:])):
                at += count
        if at < most and getattr(self._inner, "length", None):  # what is still to come
            raise TransportError("the body was cut short")
        return bytes(body[:at])

    def wait(self) -> float | None:
        """Return the seconds of ``Retry-After``, given as a number or as a date."""
        value = self.headers.get("Retry-After")
        if not value:
            return None
        with suppress(Exception):  # urllib3 raises its own error on nonsense
            return min(max(0.0, self._seconds_until(value)), MAX_RETRY_AFTER)
        return None

    def _seconds_until(self, value: str) -> float:
        then, now = parsedate_tz(value), parsedate_tz(self.headers.get("Date", ""))
        if then and now:  # both by the server's clock: ours may be hours off
            return mktime_tz(then) - mktime_tz(now)
        return float(Retry().parse_retry_after(value))

    def abort(self) -> None:
        """Wake a thread that is waiting for this body's next byte; safe from any thread."""
        with suppress(Exception):
            line = self._line()
            # Not by the TLS socket's own method: it forgets the session, and what had arrived
            # would be read on undeciphered, as if it were the file.
            socket.socket.shutdown(getattr(line, "socket", line), socket.SHUT_RDWR)

    def _line(self) -> Any:
        # The connection forgets its socket where the body ends by a close; the body has it.
        if self._inner is not None and self._inner.fp is not None:
            return self._inner.fp.raw._sock  # noqa: SLF001
        return self._raw.connection.sock

    def release(self) -> None:
        """Give the connection back for the next request; the body must have been read whole."""
        if self._inner is not None and self._inner.isclosed():
            self._raw.release_conn()
        else:
            self.close()

    def close(self) -> None:
        """Close the connection, read or not."""
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class _ErrorAfterDataReader:
    """A file over a socket that hands out what arrived even if the line breaks just after it.

    ``BufferedReader.readinto`` waits until the buffer is full, and on an error the caller cannot
    tell how much of it came: a line that breaks every 200 KB would never get on.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self._error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def readinto(self, view: memoryview) -> int:
        """Fill the buffer, as far as bytes come; an error waits for the next call if any came."""
        if self._error is not None:
            # Anew: the traceback of one that we keep would lead to us, and keep the socket.
            raise type(self._error)(*self._error.args)
        filled, size, some = 0, len(view), self._file.readinto1
        try:
            while filled < size:
                count: int = some(view[filled:])
                if not count:
                    break
                filled += count
        except OSError as error:
            if not filled:
                raise
            self._error = error.with_traceback(None)
        return filled


class _Session(requests.Session):
    """A session that brings no credentials of its own, and follows no redirect."""

    def __init__(self) -> None:
        super().__init__()
        # Else ~/.netrc, whose "default" entry would go to whatever host a redirect names.
        self.trust_env = False

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Deny it: to prepare the next request, requests reads a redirect's body without end."""


class HttpSession:
    """A line to each host that is asked, kept alive between requests; for one thread.

    Parameters
    ----------
    timeout : float
        Seconds of silence after which a line is taken for dead.
    """

    def __init__(self, *, timeout: float) -> None:
        self._timeout = timeout
        self._session: _Session | None = None
        self._environment: dict[str, dict[str, Any]] = {}

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        route: Route,
        secret: Mapping[str, str] | None = None,
        options: RequestOptions = NO_OPTIONS,
    ) -> Answer:
        """Ask for a URL and follow redirects, each checked by ``route``.

        Parameters
        ----------
        url : str
        headers : mapping of str to str
            Sent to every address.
        route : callable
            Says where to ask for an address really, or forbids it.
        secret : mapping of str to str, optional
            Headers for the first address only: no redirect takes them elsewhere.
        options : RequestOptions, optional
            What the caller wants of requests to one host.

        Raises
        ------
        TransportError
            For faults that may pass.
        DownloadError
            For a redirect that must not be followed, and for more than `MAX_REDIRECTS`.
        """
        sent = {**headers, **(secret or {})}
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._get_once(url, route(url), sent, options)
            location = answer.headers.get("Location")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer
            with answer:
                answer.page()  # read off, so that the line can be used again
            url, sent = _target(url, location), dict(headers)
        raise DownloadError(f"more than {MAX_REDIRECTS} redirects.", advice="Check the URL.")

    def close(self) -> None:
        """Close all lines."""
        if self._session is None:
            return
        # urllib3 closes idle lines when their pool is collected; an error that somebody keeps
        # leads to a response, and that one to the pool.
        for adapter in self._session.adapters.values():
            assert isinstance(adapter, requests.adapters.HTTPAdapter)
            for manager in (adapter.poolmanager, *adapter.proxy_manager.values()):
                for key in manager.pools.keys():  # noqa: SIM118 - no mapping of the usual kind
                    manager.pools[key].close()
        self._session.close()

    def _get_once(
        self, url: str, routed: str, headers: Mapping[str, str], options: RequestOptions
    ) -> Answer:
        session = self._opened()
        try:
            mine = options.for_host(urlsplit(routed).netloc)
            response = session.send(
                prepared(session, routed, headers, mine),
                allow_redirects=False,
                timeout=(min(CONNECT_TIMEOUT, self._timeout), self._timeout),
                **self._surroundings(routed, mine),
            )
        except _UNUSABLE as error:
            raise _cannot_use(url, error) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _classified(error, urlsplit(routed).hostname or routed) from error
        except ValueError as error:  # urllib.parse's, about a malformed host
            raise _cannot_use(url, error) from error
        except OSError as error:  # not of the network: requests wraps those
            raise UnusableHostError(
                f"{clean(str(error))}.", advice="Check REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE."
            ) from error
        return Answer(response, url)

    def _opened(self) -> _Session:
        if self._session is None:
            self._session = _Session()
            self._session.headers["Accept-Language"] = "en"
            self._session.headers["User-Agent"] = user_agent()
        return self._session

    def _surroundings(self, url: str, options: RequestOptions) -> dict[str, Any]:
        # Proxies and certificates from the environment: looking them up costs as much as a
        # small request, so once for each host.
        parts = urlsplit(url)
        wanted = (options.proxies, options.verify, options.cert)
        origin = f"{parts.scheme}://{parts.netloc} {wanted}"
        if origin not in self._environment:
            with requests.Session() as trusting:
                found = trusting.merge_environment_settings(
                    url, dict(options.proxies or {}), True, options.verify, options.cert
                )
            self._environment[origin] = dict(found)
        return self._environment[origin]


def _target(url: str, location: str) -> str:
    try:
        # Header bytes are Latin-1 for http.client; UTF-8 in them is what servers mean.
        with suppress(UnicodeError):
            location = location.encode("latin-1").decode("utf-8")
        target = urljoin(url, location)
        _ = urlsplit(target).port
    except ValueError as error:
        raise DownloadError(f"a redirect leads nowhere: {clean(location)!r}.") from error
    return target


def refuse_downgrade(url: str, *, origin: str) -> str:
    """Return ``url``, unless it would leave https for something readable on the way.

    Raises
    ------
    DownloadError
        For a step down from https, and for schemes that are neither https: nor http:.
    """
    scheme = urlsplit(url).scheme
    if scheme == "https" or (scheme == "http" and urlsplit(origin).scheme == "http"):
        return url
    raise DownloadError(
        f"a redirect leads to {clean(url)!r}, which is not followed.",
        advice="Check the URL in the registry.",
    )


def raise_for_transient(answer: Answer) -> None:
    """Raise for the statuses that ask to come again later.

    Raises
    ------
    TransportError
        For `TRANSIENT` statuses, and for 5xx.
    BusyError
        For 429.
    """
    if answer.status == 429:
        raise BusyError("the server asks for fewer requests (429)", wait=answer.wait())
    if answer.status in TRANSIENT or answer.status >= 500:
        error = UnavailableError(f"the server answered {answer.status}", wait=answer.wait())
        error.status = answer.status
        raise error


def _classified(error: Exception, host: str) -> TransportError | UnusableHostError:
    """Return the typed error for a request that got no answer."""
    text = _chain(error)
    for pattern, words, advice in _LASTING:
        if pattern in text:
            return UnusableHostError(words.format(host=host), advice=advice)
    for pattern, words in _NOBODY:
        if pattern in text:
            return UnreachableError(f"cannot reach {host}: {words}")
    return TransportError(_reason(error))


def _chain(error: BaseException | None) -> str:
    """Return the types and texts of an error and of what led to it."""
    texts: list[str] = []
    while error is not None and len(texts) < 10:
        texts.append(f"{type(error).__name__}: {error}")
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


def _as_transport_error(error: Exception) -> TransportError:
    return error if isinstance(error, TransportError) else TransportError(_reason(error))


def _reason(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    first: BaseException = error
    while first.__context__ is not None:
        first = first.__context__
    for pattern, words in _REASONS:
        if pattern in text or pattern == type(first).__name__:
            return words
    return clean(text, 120)


def _cannot_use(url: str, error: Exception) -> DownloadError:
    return DownloadError(
        f"cannot use the URL {clean(url)} ({clean(str(error), 120)}).",
        advice="Check the registry, and the proxy settings of this machine.",
    )


def _unpacked(body: bytes, coding: str) -> bytes:
    """Return a page that a proxy has compressed unasked; it grows to `MAX_PAGE` at most."""
    if coding not in ("gzip", "x-gzip", "deflate"):
        return body
    with suppress(zlib.error):
        return zlib.decompressobj(wbits=47).decompress(body, MAX_PAGE)  # 47: gzip or zlib
    return body


_UNUSABLE = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)
_LASTING = (
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the certificate of {host} is not trusted.",
        "Where the network or the host has its own authority, set REQUESTS_CA_BUNDLE to it.",
    ),
    (
        "SSLError",
        "no TLS connection to {host} can be made.",
        "Check REQUESTS_CA_BUNDLE, the proxy settings, and whether the host serves https.",
    ),
    (
        "Tunnel connection failed: 407",
        "the proxy asks for a name and a password before it leads to {host} (407).",
        "Put them into HTTPS_PROXY: http://NAME:PASSWORD@HOST:PORT, special characters as %XX.",
    ),
    (
        "Tunnel connection failed: 403",
        "the proxy does not allow {host} (403).",
        "Ask whoever runs the proxy, or check HTTPS_PROXY and NO_PROXY.",
    ),
)
_NOBODY = (
    ("ProxyError", "the proxy does not answer (HTTPS_PROXY, HTTP_PROXY)"),
    ("NameResolutionError", "its name cannot be resolved (no network?)"),
    ("gaierror", "its name cannot be resolved (no network?)"),
    ("ConnectTimeout", "it does not answer"),
    ("Connection refused", "the connection was refused"),
    ("ConnectionRefusedError", "the connection was refused"),
    ("Network is unreachable", "the network is unreachable"),
    ("No route to host", "there is no route to it"),
)
_REASONS = (
    ("ProxyError", "the proxy does not answer"),
    ("gaierror", "the host name cannot be resolved (no network?)"),
    ("ConnectTimeout", "the server does not answer"),
    ("timed out", "timed out: no data came (EVIO_DATA_TIMEOUT)"),
    ("Connection refused", "the connection was refused"),
    ("Network is unreachable", "the network is unreachable"),
    ("CERTIFICATE_VERIFY_FAILED", "the server's certificate cannot be verified"),
    ("IncompleteRead", "the body was cut short"),
    ("RemoteDisconnected", "the server closed the connection without an answer"),
    ("reset by peer", "the connection was reset"),
)
