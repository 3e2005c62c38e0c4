"""A public file on Google Drive."""

import os
import threading
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from .._drive import links, pages
from .._drive.endpoint import route
from .._http import ranges
from .._http.connection import (
    Answer,
    BusyError,
    HttpSession,
    Method,
    Route,
    UnavailableError,
    raise_for_transient,
)
from ..errors import DriveRefusedError, NotFoundError
from .base import Body, body_of, closing_on_error, is_html, range_header

PATIENCE = 20.0  # seconds for which one connection waits for the address that another one looks for


class _Door(NamedTuple):
    """An address that gave the file, and the method that it was asked by."""

    url: str
    method: Method = "GET"


class _Doors:
    """The doors that were found in this process: one for each file, found once for all."""

    def __init__(self) -> None:
        self._found: dict[Hashable, _Door] = {}
        self._locks: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable) -> _Door | None:
        """Return the door of a file."""
        return self._found.get(key)

    def put(self, key: Hashable, door: _Door) -> None:
        """Take note of the door of a file."""
        self._found[key] = door

    def forget(self, key: Hashable, door: _Door) -> None:
        """Take note that a door is shut now."""
        if self._found.get(key) == door:
            self._found.pop(key, None)

    @contextmanager
    def looking(self, key: Hashable) -> Iterator[None]:
        """Let one thread look for a file's door, and the others wait for what it finds."""
        lock = self._locks.setdefault(key, threading.Lock())
        held = lock.acquire(timeout=PATIENCE)
        try:
            yield
        finally:
            if held:
                lock.release()

    def forget_all(self) -> None:
        """Begin anew, as a forked process must: its locks may be held by threads that it lacks."""
        self.__init__()  # type: ignore[misc]


_doors = _Doors()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_doors.forget_all)


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
    export : str, optional
        The address of an export, for one of Google's own documents.
    document : str, optional
        The address of what may be such a document, or a file that its editors show.
    """

    label = "Google Drive"
    is_mirror = False
    proves_files = True  # Drive sends a file with a Content-Disposition, and pages without

    def __init__(
        self,
        link: links.FileLink,
        *,
        endpoint: str | None = None,
        api_key: str | None = None,
        export: str | None = None,
        document: str | None = None,
    ) -> None:
        self._link = link
        self._endpoint = endpoint
        self._api_key = None if export else api_key
        self._export = export
        self._document = document
        self._key = (link, endpoint, bool(self._api_key))

    def open(
        self, connection: HttpSession, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop), or one that holds more of the file."""
        visit = _RangeRequest(
            connection, range_header(start, stop, ranged), self._route, self._secret()
        )
        answer = self._from_known(visit) or self._found_by_one(visit)
        return closing_on_error(answer, lambda: body_of(answer, start, stop))

    def _from_known(self, visit: "_RangeRequest") -> Answer | None:
        door = _doors.get(self._key)
        if door is None:
            return None
        answer = visit.ask(door.url, door.method)
        if isinstance(answer, Answer):
            return answer
        if answer.is_lasting:
            raise answer.refusal()
        _doors.forget(self._key, door)
        return None

    def _found_by_one(self, visit: "_RangeRequest") -> Answer:
        if self._export:
            return self._resolved(visit)
        with _doors.looking(self._key):
            return self._from_known(visit) or self._resolved(visit)

    def _resolved(self, visit: "_RangeRequest") -> Answer:
        page: _Page | None = None
        for url in self._candidate_urls():
            is_again = page is not None and page.target is not None
            door, answer = self._tried(visit, url, submit=not is_again)
            if isinstance(answer, Answer):
                self._note(door, answer)
                return answer
            page = answer
            if page.is_lasting:
                break
        assert page is not None
        raise self._told(page.refusal())

    def _tried(
        self, visit: "_RangeRequest", url: str, *, submit: bool
    ) -> tuple[_Door, "Answer | _Page"]:
        """Ask for the file; submit the form that may come; where that brings it again, POST."""
        answer = visit.ask(url)
        if isinstance(answer, Answer) or not answer.target or not submit:
            return _Door(url), answer
        form = _Door(answer.target)
        answer = visit.ask(form.url)
        if isinstance(answer, Answer) or not answer.target:
            return form, answer
        return _Door(url, "POST"), visit.ask(url, "POST")

    def _told(self, error: DriveRefusedError) -> DriveRefusedError:
        """Return an error with what can be done about a document."""
        if self._document and isinstance(error, NotFoundError):
            error.advice = (
                "A document of Google's own has no bytes: register its export "
                f"({self._document}/export?format=...), or check the URL."
            )
        return error

    def _note(self, door: _Door, answer: Answer) -> None:
        # Where a POST was redirected to may want one again; where a GET was, need not be asked.
        if not self._export:
            _doors.put(self._key, door if door.method == "POST" else _Door(answer.url))

    def _candidate_urls(self) -> tuple[str, ...]:
        if self._export:
            return (self._export,)
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
        if not self.is_lasting:  # not a page that says what is wrong: the range may be
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

    def ask(self, url: str, method: Method = "GET") -> Answer | _Page:
        """Return the answer if it is data, and else the page."""
        secret = self._secret if links.split(url).hostname == links.API_HOST else {}
        answer = self._connection.get(
            url, headers=self._headers, route=self._route, secret=secret, method=method
        )
        return closing_on_error(answer, lambda: self._sorted(answer))

    def _sorted(self, answer: Answer) -> Answer | _Page:
        if answer.status == 416 or (answer.status in (*ranges.WHOLE, 206) and _is_file(answer)):
            return answer
        with answer:
            text = answer.page()
        for value in self._secret.values():
            text = text.replace(value, "…")  # a gateway may repeat what it was sent
        if pages.is_sorry(answer.status, answer.url, text):
            raise BusyError('Drive asks for fewer requests ("Sorry...")', wait=answer.wait())
        if pages.api_error(text)[0] in pages.LIMIT_REASONS:
            raise BusyError("the Drive API asks for fewer requests", wait=answer.wait())
        if answer.status == 500 and not is_api(answer):
            raise _failed(answer)
        if answer.status != 429:  # the quota page may come with it
            raise_for_transient(answer)
        return _Page(answer, text)


def _is_file(answer: Answer) -> bool:
    # Drive's web hosts send a file with a Content-Disposition, and pages without; the API sends
    # errors with a status of their own.
    return "Content-Disposition" in answer.headers or (is_api(answer) and not is_html(answer))


def is_api(answer: Answer) -> bool:
    """Say whether the API answered."""
    return links.split(answer.url).hostname == links.API_HOST


def _failed(answer: Answer) -> UnavailableError:
    error = UnavailableError(
        f"{answer.host} answered 500, as it does for Google's own documents, which have no bytes "
        "(register their export: docs.google.com/document/d/ID/export?format=pdf)",
        wait=answer.wait(),
    )
    error.status = answer.status
    return error
