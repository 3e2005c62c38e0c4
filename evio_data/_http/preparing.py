"""Prepare a request with the options of its host."""

from collections.abc import Mapping
from importlib import metadata

import requests
from requests.cookies import merge_cookies
from requests.structures import CaseInsensitiveDict

from .options import RequestOptions


def prepared(
    session: requests.Session, url: str, headers: Mapping[str, str], options: RequestOptions
) -> requests.PreparedRequest:
    """Return a GET request with what holds for its host, and nothing that a session would add."""
    # Not by the session, which would merge settings that it does not have, at length.
    request = requests.PreparedRequest()
    sent = CaseInsensitiveDict({**session.headers, **options.headers})
    # Content-Length and ranges count bytes of the file only without a content coding.
    sent.update({**headers, "Accept-Encoding": "identity"})
    cookies = session.cookies.copy()
    merge_cookies(cookies, options.cookies or {})  # type: ignore[no-untyped-call]
    request.prepare("GET", url, headers=sent, cookies=cookies, auth=options.auth)
    return request


def user_agent() -> str:
    """Return how this client names itself."""
    return f"evio-data/{own_version()} python-requests/{requests.__version__}"


def own_version() -> str:
    """Return our version; ``unknown`` in a copy without metadata (vendored, a zip application)."""
    try:
        return metadata.version("evio-data")
    except metadata.PackageNotFoundError:
        return "unknown"
