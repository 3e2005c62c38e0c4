"""A public file on Google Drive."""

import threading
from collections.abc import Mapping

from .._drive import links, pages
from .._drive.endpoint import route
from .._http.connection import Answer, BusyError, HttpSession, Route, raise_for_transient
from ..errors import DriveRefusedError
from .base import Body, body_of, closing_on_error, is_html, range_header


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
    proves_files = True  # Drive sends a file with a Content-Disposition, and pages without

    def __init__(
        self, link: links.FileLink, *, endpoint: str | None = None, api_key: str | None = None
    ) -> None:
        self._link = link
        self._endpoint = endpoint
        self._api_key = api_key
        self._confirmed: str | None = None
        self._lock = threading.Lock()

    def open(
        self, connection: HttpSession, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop), or one that holds more of the file."""
        visit = _RangeRequest(
            connection, range_header(start, stop, ranged), self._route, self._secret()
        )
        answer = self._from_confirmed(visit) or self._resolved(visit)
        return closing_on_error(answer, lambda: body_of(answer, start, stop))

    def _from_confirmed(self, visit: "_RangeRequest") -> Answer | None:
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

    def _resolved(self, visit: "_RangeRequest") -> Answer:
        page: _Page | None = None
        for door in self._candidate_urls():
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

    def _candidate_urls(self) -> tuple[str, ...]:
        if self._api_key:
            return (links.api_url(self._link),)
        return (links.direct_url(self._link), links.public_url(self._link))

    def _secret(self) -> dict[str, str]:
        return links.api_headers(self._link, self._api_key) if self._api_key else {}

    def _route(self, url: str) -> str:
        """Return where to ask for one of Drive's addresses: there, or at the endpoint."""
        return route(url, self._endpoint)


class _Page:
    """A page that came instead of data."""

    def __init__(self, answer: Answer, text: str) -> None:
        self._status = answer.status
        self._url = answer.url
        self._text = text
        self.target = pages.confirmation(text, answer.url) if answer.status == 200 else None

    def refusal(self) -> DriveRefusedError:
        """Return the error that this page stands for."""
        if self.target is not None:
            return DriveRefusedError(
                "Drive asked for a confirmation twice.", advice="Run again in some minutes."
            )
        error = pages.refusal(self._status, self._url, self._text)
        if type(error) is DriveRefusedError:  # not a page that says what is wrong
            vars(error)["status"] = self._status
        return error

    @property
    def is_lasting(self) -> bool:
        """Whether asking anew from the start cannot help."""
        return self.target is None and pages.is_lasting(self._status, self._url, self._text)


class _RangeRequest:
    """Requests for one range, each answered with data, or with a page."""

    def __init__(
        self,
        connection: HttpSession,
        headers: Mapping[str, str],
        route: Route,
        secret: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._headers = headers
        self._route = route
        self._secret = secret

    def ask(self, url: str) -> Answer | _Page:
        """Return the answer if it is data, and else the page."""
        secret = self._secret if links.split(url).hostname == links.API_HOST else {}
        answer = self._connection.get(url, headers=self._headers, route=self._route, secret=secret)
        return closing_on_error(answer, lambda: self._sorted(answer))

    def _sorted(self, answer: Answer) -> Answer | _Page:
        if answer.status == 416 or (answer.status in (200, 206) and _is_file(answer)):
            return answer
        with answer:
            text = answer.page()
        for value in self._secret.values():
            text = text.replace(value, "…")  # a gateway may repeat what it was sent
        if pages.is_sorry(answer.status, answer.url, text):
            raise BusyError('Drive asks for fewer requests ("Sorry...")', wait=answer.wait())
        if pages.api_error(text)[0] in pages.LIMIT_REASONS:
            raise BusyError("the Drive API asks for fewer requests", wait=answer.wait())
        if answer.status != 429:  # the quota page may come with it
            raise_for_transient(answer)
        return _Page(answer, text)


def _is_file(answer: Answer) -> bool:
    # Drive's web hosts send a file with a Content-Disposition, and pages without; the API sends
    # errors with a status of their own.
    is_api = links.split(answer.url).hostname == links.API_HOST
    return "Content-Disposition" in answer.headers or (is_api and not is_html(answer))
