"""Prepare a request with the options of its host."""

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from urllib.parse import urlsplit

import requests
from requests.cookies import RequestsCookieJar, merge_cookies
from requests.structures import CaseInsensitiveDict

from .._text import clean
from ..errors import DownloadError
from .options import RequestOptions


def prepared(
    method: str,
    url: str,
    headers: Mapping[str, str],
    options: RequestOptions,
    cookies: RequestsCookieJar,
) -> requests.PreparedRequest:
    """Return a request with what holds for its host, and nothing that a session would add.

    Raises
    ------
    DownloadError
        If no request can be made of the URL.
    """
    try:
        request = _request(method, url, headers, options.for_host(urlsplit(url).netloc), cookies)
        _ = urlsplit(str(request.url)).port
        if not str(request.url).lower().startswith(("http://", "https://")):
            raise ValueError("neither http: nor https:")  # noqa: TRY301
    except ValueError as error:  # requests' own are such, and urllib.parse's
        why = "" if "@" in url else f" ({clean(str(error), 120)})"  # it may quote the password
        raise DownloadError(
            f"cannot use the URL {clean(url)}{why}.",
            advice="Check the registry, and the proxy settings of this machine.",
        ) from error
    return request


def _request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    options: RequestOptions,
    cookies: RequestsCookieJar,
) -> requests.PreparedRequest:
    request = requests.PreparedRequest()
    sent = CaseInsensitiveDict({"Accept": "*/*", "Accept-Language": "en"})
    sent.update({"User-Agent": user_agent(), **options.headers})
    # Content-Length and ranges count bytes of the file only without a content coding.
    sent.update({**headers, "Accept-Encoding": "identity"})
    # Not all of ``prepare``: without a body most of it does nothing, slowly.
    request.method = method
    request.prepare_url(url, None)
    request.prepare_headers(sent)
    if options.cookies:
        cookies = cookies.copy()
        merge_cookies(cookies, options.cookies)  # type: ignore[no-untyped-call]
    if cookies:
        request.prepare_cookies(cookies)
    if options.auth or "@" in url:
        request.prepare_auth(options.auth)
    return request


@cache
def user_agent() -> str:
    """Return how this client names itself."""
    return f"evio-data/{own_version()} python-requests/{requests.__version__}"


def own_version() -> str:
    """Return our version; ``unknown`` in a copy without metadata (vendored, a zip application)."""
    try:
        return metadata.version("evio-data")
    except metadata.PackageNotFoundError:
        return "unknown"
