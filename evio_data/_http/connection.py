"""Send one HTTP request, follow its redirects, and return the response unread."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
import urllib3
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar

from ..errors import DownloadError
from . import faults
from .answer import MAX_PAGE, MAX_RETRY_AFTER, Answer, raise_for_transient
from .bounded import NO_MATTER, StaleConnectionError
from .errors import (
    BusyError,
    Interrupted,
    NoAnswerError,
    StatusError,
    TransportError,
    UnavailableError,
    UnreachableError,
    UnusableHostError,
)
from .options import NO_OPTIONS, RequestOptions
from .preparing import prepared
from .redirects import MAX_REDIRECTS, REDIRECTS, refuse_downgrade, refuse_inward, target
from .surroundings import Entrance, Surroundings

__all__ = [
    "MAX_PAGE",
    "MAX_REDIRECTS",
    "MAX_RETRY_AFTER",
    "Answer",
    "BusyError",
    "HttpSession",
    "Interrupted",
    "Method",
    "NoAnswerError",
    "Route",
    "StatusError",
    "TransportError",
    "UnavailableError",
    "UnreachableError",
    "UnusableHostError",
    "raise_for_transient",
    "refuse_downgrade",
]

CONNECT_TIMEOUT = 15.0  # seconds

Route = Callable[[str], str]  # an address -> where to ask for it really; raises to forbid it
Method = Literal["GET", "POST"]


class HttpSession:
    """A connection to each host, kept alive between requests; for one thread.

    Parameters
    ----------
    timeout : float
        Seconds of silence after which a connection is taken for dead; the head of an answer must be
        whole by then.
    aside : context manager, optional
        Entered while there is nothing to do but wait for the network; more than once.
    """

    def __init__(
        self, *, timeout: float, aside: AbstractContextManager[object] = NO_MATTER
    ) -> None:
        self._aside = aside
        self._timeout = timeout
        self._patience = min(CONNECT_TIMEOUT, timeout)
        self._opened: Surroundings | None = None
        self._cookies = RequestsCookieJar()

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        route: Route,
        secret: Mapping[str, str] | None = None,
        options: RequestOptions = NO_OPTIONS,
        method: Method = "GET",
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
        method : {"GET", "POST"}
            A POST has no body.

        Raises
        ------
        TransportError
            For faults that may pass.
        DownloadError
            For a redirect that must not be followed, and for more than `MAX_REDIRECTS`.
        """
        sent = {**headers, **(secret or {})}
        first = here = route(url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._ask(method, url, here, sent, options)
            location = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not location:
                return answer
            answer.read_off()
            method = method if answer.status in (307, 308) else "GET"
            url, sent = target(url, location), dict(headers)
            before, here = here, route(url)
            refuse_downgrade(here, origin=before)
            resolves = self._entrance(here, options).proxy is None
            refuse_inward(here, origin=first, resolves=resolves)
        raise DownloadError(f"more than {MAX_REDIRECTS} redirects.", advice="Check the URL.")

    def close(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _entrance(self, url: str, options: RequestOptions) -> Entrance:
        if self._opened is None:
            self._opened = Surroundings(self._aside)
        return self._opened.entrance(url, options)

    def _ask(
        self,
        method: Method,
        url: str,
        routed: str,
        headers: Mapping[str, str],
        options: RequestOptions,
    ) -> Answer:
        request = prepared(method, routed, headers, options, self._cookies)
        entrance = self._entrance(str(request.url), options)
        try:
            raw = self._sent(request, entrance)
        except StaleConnectionError:
            raw = self._sent(request, entrance)
        if "Set-Cookie" in raw.headers:
            extract_cookies_to_jar(self._cookies, request, raw)  # type: ignore[no-untyped-call]
        if raw.status == 407:
            raw.close()
            raise faults.proxy_asks_for_password(self._way(request, entrance))
        return Answer(raw, url, proxy=entrance.proxy)

    def _sent(self, request: requests.PreparedRequest, entrance: Entrance) -> Any:
        """Return urllib3's response: asked of its pool, since requests takes twice the time."""
        bounds = (self._patience, self._timeout)
        try:
            if request.hooks["response"]:  # of an ``auth`` that asks again (Digest)
                return entrance.sent_with_hooks(request, bounds)
            return entrance.sent(request, bounds)
        except (urllib3.exceptions.HTTPError, requests.RequestException, OSError) as error:
            stale = next((arg for arg in error.args if isinstance(arg, StaleConnectionError)), None)
            raise stale or faults.classified(error, self._way(request, entrance)) from error

    def _way(self, request: requests.PreparedRequest, entrance: Entrance) -> faults.Way:
        host = urlsplit(str(request.url)).hostname or ""
        return faults.Way(host, entrance.proxy, entrance.setting, self._timeout, self._patience)
