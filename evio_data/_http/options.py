"""Options for requests to one host: headers, credentials, proxy, certificates."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class RequestOptions(NamedTuple):
    """Arguments of ``requests.get`` that hold for one host.

    Attributes
    ----------
    host : str
        With its port, as the URL has it. Headers, sign-in and cookies go to this host only.
    headers : mapping of str to str
    auth : tuple or callable or None
    cookies : mapping or cookie jar or None
    proxies : mapping of str to str or None
        Before those of the environment.
    verify : bool or str or None
        Whether, or by which authorities, certificates are verified; None leaves it to the
        environment.
    cert : str or tuple or None
        The client's own certificate.
    """

    host: str
    headers: Mapping[str, str] = {}
    auth: Any = None
    cookies: Any = None
    proxies: Mapping[str, str] | None = None
    verify: bool | str | None = None
    cert: Any = None

    def for_host(self, host: str | None) -> "RequestOptions":
        """Return what of it holds for a host: to others goes nothing that is secret."""
        if host == self.host:
            return self
        return self._replace(headers={}, auth=None, cookies=None)

    def at(self, url: str) -> "RequestOptions":
        """Return the same for the host of a URL."""
        return self._replace(host=urlsplit(url).netloc)


NO_OPTIONS = RequestOptions("")
