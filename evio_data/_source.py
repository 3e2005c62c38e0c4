"""Where the bytes of one file come from (Drive, or a plain URL), opened at any offset."""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol, Self, TypeVar

from . import _drive, _gateway, _http, _ranges
from ._http import Answer, BusyError, Connection
from ._identity import Identity
from ._ranges import Placement
from ._wording import clean
from .errors import DownloadError, DriveRefusedError

Kind = TypeVar("Kind")


class Readable(Protocol):
    """An open stretch of bytes."""

    ends_itself: bool

    def read_into(self, view: memoryview) -> int:
        """Read some bytes; 0 at the end."""

    def shut(self) -> None:
        """Wake a reader in another thread."""

    def release(self) -> None:
        """Be done with it."""


class TooSlowError(DownloadError):
    """A source that brings so little that another one is to be tried first."""


class Body:
    """An open stretch of a file: where it belongs, of which version it is, and its bytes."""

    def __init__(self, stream: Readable, placement: Placement, identity: Identity) -> None:
        self.stream = stream
        self.placement = placement
        self.identity = identity

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.release()


class Source(Protocol):
    """One place that has the file."""

    label: str
    is_mirror: bool

    def open(
        self, connection: Connection, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop), or one that holds more of the file.

        Raises
        ------
        TransportError
            For what may pass.
        RangeError
            For an answer to another range.
        DownloadError
            For what will not pass.
        """


class PlainSource:
    """A file at an ordinary HTTP(S) URL.

    Parameters
    ----------
    url : str
    accept_html : bool
        Whether a web page can be the file; otherwise one is taken for a captive portal.
    """

    is_mirror = False

    def __init__(self, url: str, *, accept_html: bool = False) -> None:
        self._url = url
        self._accept_html = accept_html
        self.label = _drive.split(url).hostname or url

    def open(
        self, connection: Connection, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop), or one that holds more of the file."""
        answer = connection.get(self._url, headers=_range(start, stop, ranged), route=self._route)
        return _guarded(answer, lambda: self._body(answer, start, stop))

    def _body(self, answer: Answer, start: int, stop: int | None) -> Body:
        _http.raise_for_transient(answer)
        if 400 <= answer.status < 500 and answer.status != 416:
            raise DownloadError(
                f"{self.label} answered {answer.status}.", advice="Check the URL in the registry."
            )
        if _is_html(answer) and answer.status in (200, 206) and not self._accept_html:
            raise DownloadError(
                f"{self.label} sent a web page instead of the file.",
                advice="Is there a sign-in page on this network? Then sign in, and run again.",
            )
        return _data(answer, start, stop)

    def _route(self, url: str) -> str:
        return _http.refuse_downgrade(url, origin=self._url)


class DriveSource:
    """A public file on Google Drive.

    The confirmed address is found once, shared by all connections, and found again once when a
    page arrives from it instead of data.

    Parameters
    ----------
    link : FileLink
    endpoint : str, optional
        The base URL that stands in for Google's hosts.
    api_key : str, optional
        Asks Drive's API instead of its web pages.
    """

    label = "Google Drive"
    is_mirror = False

    def __init__(
        self, link: _drive.FileLink, *, endpoint: str | None = None, api_key: str | None = None
    ) -> None:
        self._link = link
        self._endpoint = endpoint
        self._api_key = api_key
        self._confirmed: str | None = None
        self._lock = threading.Lock()

    def open(
        self, connection: Connection, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop), or one that holds more of the file."""
        visit = _Visit(connection, _range(start, stop, ranged), self._route, self._secret())
        answer = self._from_confirmed(visit) or self._resolved(visit)
        return _guarded(answer, lambda: _data(answer, start, stop))

    def _from_confirmed(self, visit: "_Visit") -> Answer | None:
        with self._lock:
            url = self._confirmed
        if url is None:
            return None
        answer = visit.ask(url)
        if isinstance(answer, Answer):
            return answer
        if answer.is_lasting:
            raise answer.refusal()
        with self._lock:
            if self._confirmed == url:
                self._confirmed = None
        return None

    def _resolved(self, visit: "_Visit") -> Answer:
        page: _Page | None = None
        for door in self._doors():
            answer = visit.ask(door)
            if isinstance(answer, _Page) and answer.target is not None:
                answer = visit.ask(answer.target)
            if isinstance(answer, Answer):
                with self._lock:
                    self._confirmed = answer.url
                return answer
            page = answer
            if page.is_lasting:
                break
        assert page is not None
        raise page.refusal()

    def _doors(self) -> tuple[str, ...]:
        if self._api_key:
            return (_drive.api_url(self._link),)
        return (_drive.direct_url(self._link), _drive.public_url(self._link))

    def _secret(self) -> dict[str, str]:
        return _drive.api_headers(self._link, self._api_key) if self._api_key else {}

    def _route(self, url: str) -> str:
        """Return where to ask for one of Drive's addresses: there, or at the endpoint."""
        return _gateway.route(url, self._endpoint)


class _Page:
    """A page that came instead of data."""

    def __init__(self, answer: Answer, text: str) -> None:
        self._status = answer.status
        self._url = answer.url
        self._text = text
        self.target = _drive.confirmation(text, answer.url) if answer.status == 200 else None

    def refusal(self) -> DriveRefusedError:
        """Return the error that this page stands for."""
        if self.target is not None:
            return DriveRefusedError(
                "Drive asked for a confirmation twice.", advice="Run again in some minutes."
            )
        return _drive.refusal(self._status, self._url, self._text)

    @property
    def is_lasting(self) -> bool:
        """Whether asking anew from the start cannot help."""
        return self.target is None and _drive.is_lasting(self._status, self._url, self._text)


class _Visit:
    """Requests for one range, each answered with data, or with a page."""

    def __init__(
        self,
        connection: Connection,
        headers: Mapping[str, str],
        route: _http.Route,
        secret: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._headers = headers
        self._route = route
        self._secret = secret

    def ask(self, url: str) -> Answer | _Page:
        """Return the answer if it is data, and else the page."""
        secret = self._secret if _drive.split(url).hostname == _drive.API_HOST else {}
        answer = self._connection.get(url, headers=self._headers, route=self._route, secret=secret)
        return _guarded(answer, lambda: self._sorted(answer))

    def _sorted(self, answer: Answer) -> Answer | _Page:
        if answer.status == 416 or (answer.status in (200, 206) and _is_file(answer)):
            return answer
        with answer:
            text = answer.page()
        for value in self._secret.values():
            text = text.replace(value, "…")  # a gateway may repeat what it was sent
        if _drive.is_sorry(answer.status, answer.url, text):
            raise BusyError('Drive asks for fewer requests ("Sorry...")', wait=answer.wait())
        if _drive.api_error(text)[0] in _drive.LIMIT_REASONS:
            raise BusyError("the Drive API asks for fewer requests", wait=answer.wait())
        if answer.status != 429:  # the quota page may come with it
            _http.raise_for_transient(answer)
        return _Page(answer, text)


def _range(start: int, stop: int | None, ranged: bool) -> dict[str, str]:  # noqa: FBT001
    # An open range from 0 on asks for nothing but the file, and its 206 proves that ranges work.
    return {"Range": _ranges.header(start, stop)} if ranged else {}


def _data(answer: Answer, start: int, stop: int | None) -> Body:
    if answer.coding:
        raise DownloadError(
            f"the server sends {clean(answer.coding)!r}-coded bytes although none were asked for.",
            advice="A proxy may do this; try another network.",
        )
    placement = _ranges.placement(answer.status, answer.headers, start, stop)
    headers = answer.headers
    parts = _drive.split(answer.url)
    identity = Identity(
        origin=parts.hostname or "",
        total=placement.total,
        etag=headers.get("ETag"),
        last_modified=headers.get("Last-Modified"),
        digest=headers.get("X-Goog-Hash"),
    )
    return Body(_Stream(answer), placement, identity)


class _Stream:
    def __init__(self, answer: Answer) -> None:
        self.ends_itself = answer.ends_itself
        self.read_into = answer.read_into
        self.shut = answer.shut
        self.release = answer.release


def _guarded(answer: Answer, use: Callable[[], Kind]) -> Kind:
    """Return ``use()``, and close the answer if that raises."""
    try:
        return use()
    except BaseException:
        answer.close()
        raise


def _is_file(answer: Answer) -> bool:
    # Drive's web hosts send a file with a Content-Disposition, and pages without; the API sends
    # errors with a status of their own.
    is_api = _drive.split(answer.url).hostname == _drive.API_HOST
    return "Content-Disposition" in answer.headers or (is_api and not _is_html(answer))


def _is_html(answer: Answer) -> bool:
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml")


def source_of(url: str, *, endpoint: str | None = None, api_key: str | None = None) -> Source:
    """Return the source that a registered URL means: Drive for Drive's links, else plain HTTP."""
    link = _drive.file_link(url)
    if link is not None:
        return DriveSource(link, endpoint=endpoint, api_key=api_key)
    return PlainSource(url, accept_html=_drive.split(url).path.lower().endswith((".html", ".htm")))
