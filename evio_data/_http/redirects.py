"""Check where a redirect leads: never out of https, never into a private network."""

import ipaddress
import socket
from contextlib import suppress
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from .._text import clean
from ..errors import DownloadError

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 10
_CHECK = "Check the URL in the registry."


def target(url: str, location: str) -> str:
    """Return the address that a ``Location`` means.

    Raises
    ------
    DownloadError
        If it is none.
    """
    try:
        # Header bytes are Latin-1 for http.client; UTF-8 in them is what servers mean.
        with suppress(UnicodeError):
            location = location.encode("latin-1").decode("utf-8")
        found = urljoin(url, location)
        _ = urlsplit(found).port
    except ValueError as error:
        raise DownloadError(f"a redirect leads nowhere: {clean(location)!r}.") from error
    return found


def refuse_downgrade(url: str, *, origin: str) -> str:
    """Return ``url``, unless it would leave https for something readable on the way.

    Raises
    ------
    DownloadError
        For a step down from https, and for schemes that are neither https: nor http:.
    """
    scheme = urlsplit(url).scheme
    if scheme == "https" or (scheme == "http" and urlsplit(origin).scheme == "http"):
        return url
    raise _not_followed(url)


def refuse_inward(url: str, *, origin: str, resolves: bool) -> None:
    """Refuse to be led from a public host to this machine, or into a private network.

    Parameters
    ----------
    url : str
        Where the redirect leads.
    origin : str
        The address that was asked for first.
    resolves : bool
        Whether names are resolved here, and not by a proxy.

    Raises
    ------
    DownloadError
        If ``url`` is inside such a network, and ``origin`` is not.
    """
    there, first = urlsplit(url).hostname or "", urlsplit(origin).hostname or ""
    if there != first and is_inward(there, resolves) and not is_inward(first, resolves):
        raise _not_followed(url, " inside this machine or its private network")


@lru_cache
def is_inward(host: str, resolves: bool) -> bool:  # noqa: FBT001
    """Say whether a host is this machine, or in a network that the internet does not reach.

    >>> [is_inward(host, False) for host in ("127.1", "169.254.169.254", "8.8.8.8")]
    [True, True, False]
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    flags = 0 if resolves else socket.AI_NUMERICHOST  # which reads 127.1 and 0x7f000001, too
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        return False
    return any(_is_private(str(address[0])) for *_, address in found)


def _is_private(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return not (mapped or ip).is_global


def _not_followed(url: str, why: str = "") -> DownloadError:
    words = f"a redirect leads to {clean(url)!r}{why}, which is not followed."
    return DownloadError(words, advice=_CHECK)
