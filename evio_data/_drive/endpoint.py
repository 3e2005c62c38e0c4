"""Send requests for Google's hosts to the endpoint, if one is set."""

from .._text import clean
from ..errors import DriveRefusedError
from . import links, pages


def route(url: str, endpoint: str | None) -> str:
    """Return where to ask for one of Drive's addresses.

    Raises
    ------
    AccessDeniedError
        For the sign-in page, where what is private leads.
    DriveRefusedError
        For a host that is not Google's.

    >>> route("https://drive.google.com/uc?id=1", "http://127.0.0.1:8000")
    'http://127.0.0.1:8000/uc?id=1'
    """
    if endpoint and _is_below(url, endpoint):
        return url
    if links.is_sign_in(url):
        raise pages.sign_in()
    if not links.is_google(url):
        raise DriveRefusedError(
            f"Drive sent us on to {clean(url)!r}, which is not Google's and is not followed.",
            advice="Check this network and EVIO_DATA_ENDPOINT.",
        )
    if not endpoint:
        return url
    parts = links.split(url)
    return f"{endpoint}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _is_below(url: str, base: str) -> bool:
    there, here = links.split(url), links.split(base)
    same_server = (there.scheme, there.netloc.lower()) == (here.scheme, here.netloc.lower())
    return same_server and (there.path + "/").startswith(here.path.rstrip("/") + "/")
