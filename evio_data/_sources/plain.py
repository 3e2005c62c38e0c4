"""A file at an ordinary HTTP(S) URL."""

from .._drive import links
from .._http import ranges
from .._http.connection import (
    Answer,
    HttpSession,
    StatusError,
    raise_for_transient,
    refuse_downgrade,
)
from .._http.options import NO_OPTIONS, RequestOptions
from .._mirror_urls import host_of
from .._text import clean
from ..errors import DownloadError
from .base import Body, body_of, closing_on_error, is_html, range_header


class PlainSource:
    """A file at an ordinary HTTP(S) URL.

    Parameters
    ----------
    url : str
    accept_html : bool
        Whether a web page can be the file; otherwise one is taken for a captive portal.
    options : RequestOptions, optional
    """

    is_mirror = False
    proves_files = False

    def __init__(
        self, url: str, *, accept_html: bool = False, options: RequestOptions = NO_OPTIONS
    ) -> None:
        self._url = url
        self._accept_html = accept_html
        self._options = options
        self._host = links.split(url).hostname or clean(url)
        self.label = host_of(url) if links.split(url).hostname else self._host

    def open(
        self, connection: HttpSession, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop), or one that holds more of the file."""
        answer = connection.get(
            self._url,
            headers=range_header(start, stop, ranged),
            route=self._route,
            options=self._options,
        )
        return closing_on_error(answer, lambda: self._body(answer, start, stop))

    def _body(self, answer: Answer, start: int, stop: int | None) -> Body:
        raise_for_transient(answer)
        if 300 <= answer.status < 500 and answer.status != 416:
            raise self._refused(answer)
        is_data = answer.status in (*ranges.WHOLE, 206)
        if is_data and is_html(answer) and not self._accept_html:
            raise DownloadError(
                f"{self._who(answer)} sent a web page instead of the file.",
                advice="Is there a sign-in page on this network? Then sign in, and run again.",
            )
        return body_of(answer, start, stop)

    def _refused(self, answer: Answer) -> StatusError:
        also = ", and whether the proxy allows it (HTTP_PROXY)" if answer.proxy else ""
        refused = StatusError(
            f"{self._who(answer)} answered {answer.status}.",
            advice=f"Check the URL in the registry{also}.",
        )
        refused.status = answer.status
        return refused

    def _who(self, answer: Answer) -> str:
        """Return the host that answered, which is another one after a redirect."""
        led = "" if answer.host == self._host else f", to which {self._host} leads,"
        return f"{answer.host}{led}"

    def _route(self, url: str) -> str:
        return refuse_downgrade(url, origin=self._url)
