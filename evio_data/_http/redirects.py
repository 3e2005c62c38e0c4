"""Check where a redirect leads: never out of https, never into a private network."""

import socket
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urljoin, urlsplit

from .._text import clean
from ..errors import DownloadError

REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})  # where they say where to
MAX_REDIRECTS = 30  # as requests has it
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
    return any(not ip.is_global for ip in _addresses(host, resolves=resolves))


def _addresses(host: str, *, resolves: bool) -> list[IPv4Address | IPv6Address]:
    with suppress(OSError, ValueError):
        return [_numeric(host)]
    with suppress(OSError, ValueError):
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM) if resolves else []
        return [_numeric(str(address[0])) for *_, address in found]
    return []


def _numeric(host: str) -> IPv4Address | IPv6Address:
    with suppress(ValueError):
        ip = ip_address(host.partition("%")[0])
        return getattr(ip, "ipv4_mapped", None) or ip
    return IPv4Address(socket.inet_aton(host))  # it reads 127.1 and 0x7f000001, too


def _not_followed(url: str, why: str = "") -> DownloadError:
    words = f"a redirect leads to {clean(url)!r}{why}, which is not followed."
    return DownloadError(words, advice=_CHECK)
