"""Choose the source for a registered URL."""

from .._drive import links
from .._http.options import NO_OPTIONS, RequestOptions
from .base import Source
from .drive import DriveSource
from .plain import PlainSource


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
        return DriveSource(link, endpoint=endpoint, api_key=api_key)
    accept_html = links.split(url).path.lower().endswith((".html", ".htm"))
    return PlainSource(url, accept_html=accept_html, options=options)
