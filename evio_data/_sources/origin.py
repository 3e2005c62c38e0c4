"""Choose the source for a registered URL."""

from collections.abc import Callable

from .._drive import links
from .._http.connection import HttpSession
from .._http.options import NO_OPTIONS, RequestOptions
from .base import Body, Source
from .drive import DriveSource
from .plain import PlainSource


class LateSource:
    """A source that is looked up when it is first asked.

    Parameters
    ----------
    label : str
    find : callable
        Returns the source; may be called by several threads.
    """

    is_mirror = False
    proves_files = False

    def __init__(self, label: str, find: Callable[[], Source]) -> None:
        self.label = label
        self._find = find
        self._found: Source | None = None

    def open(
        self, connection: HttpSession, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop), or one that holds more of the file."""
        self._found = self._found or self._find()
        return self._found.open(connection, start, stop, ranged=ranged)


def source_of(
    url: str,
    *,
    endpoint: str | None = None,
    api_key: str | None = None,
    options: RequestOptions = NO_OPTIONS,
) -> Source:
    """Return the source that a registered URL means: Drive for Drive's links, else plain HTTP."""
    link = links.file_link(url)
    if link is not None:
        return DriveSource(
            link,
            endpoint=endpoint,
            api_key=api_key,
            export=url if links.is_export(url) else None,
            document=links.document_url(url),
        )
    accept_html = links.split(url).path.lower().endswith((".html", ".htm"))
    return PlainSource(url, accept_html=accept_html, options=options)
