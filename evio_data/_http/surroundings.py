"""Find the proxies and certificates for a host, as requests does, and the pool to use."""

import os
import ssl
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3
from requests.hooks import dispatch_hook

from .._text import clean
from .bounded import bounded
from .errors import UnusableHostError
from .options import RequestOptions


class Entrance(NamedTuple):
    """How the requests to one host leave this machine.

    Attributes
    ----------
    pool : urllib3.HTTPConnectionPool
    proxy : str or None
        The proxy's host and port, without its password.
    setting : str
        The environment variable that names the proxy.
    forwards : bool
        Whether the proxy wants whole addresses, as it does where there is no TLS.
    adapter : requests.adapters.HTTPAdapter
    settings : dict
        As requests finds them.
    """

    pool: Any
    proxy: str | None
    setting: str
    forwards: bool
    adapter: requests.adapters.HTTPAdapter
    settings: dict[str, Any]

    def sent(self, request: requests.PreparedRequest, bounds: tuple[float, float]) -> Any:
        """Return urllib3's response to a request, with bounds for connecting and for silence."""
        return self.pool.urlopen(
            request.method,
            request.url if self.forwards else request.path_url,
            headers=request.headers,
            timeout=urllib3.Timeout(connect=bounds[0], read=bounds[1]),
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            assert_same_host=False,
        )

    def sent_with_hooks(
        self, request: requests.PreparedRequest, bounds: tuple[float, float]
    ) -> Any:
        """Return the response that the request's own hooks make of the first one."""
        more = {"stream": True, "timeout": bounds, **self.settings}
        response = self.adapter.send(request, **more)
        hooked: Any = dispatch_hook  # has no types
        return hooked("response", request.hooks, response, **more).raw


class Surroundings(requests.adapters.HTTPAdapter):
    """The ways out of this machine, as requests finds them.

    Parameters
    ----------
    aside : context manager
        Entered while a connection waits for the network.
    """

    def __init__(self, aside: AbstractContextManager[object]) -> None:
        super().__init__(pool_maxsize=1)
        self._aside = aside
        self._entrances: dict[str, Entrance] = {}

    def entrance(self, url: str, options: RequestOptions) -> Entrance:
        """Return how to get to a URL's host; looking that up costs as much as a small request.

        Raises
        ------
        UnusableHostError
            For a proxy that is no URL, and a bundle of certificates that is none.
        """
        parts = urlsplit(url)
        wanted = (options.proxies, options.verify, options.cert)
        origin = f"{parts.scheme}://{parts.netloc} {wanted}"
        if origin not in self._entrances:
            self._entrances[origin] = self._found(url, options)
        return self._entrances[origin]

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *_: Any, **__: Any
    ) -> Any:
        """Return the pool of a request that goes by `Entrance.sent_with_hooks`."""
        origin = str(request.url).split("/", 3)[:3]
        return next(
            entrance.pool
            for known, entrance in self._entrances.items()
            if known.split("/", 3)[:3] == origin
        )

    def close(self) -> None:
        """Close all connections."""
        # urllib3 closes idle ones when their pool is collected; an error that somebody keeps
        # leads to a response, and that one to the pool.
        for entrance in self._entrances.values():
            entrance.pool.close()
        self._entrances.clear()
        super().close()

    def _found(self, url: str, options: RequestOptions) -> Entrance:
        with requests.Session() as trusting:
            settings: dict[str, Any] = dict(
                trusting.merge_environment_settings(
                    url, dict(options.proxies or {}), True, options.verify, options.cert
                )
            )
        proxy = requests.utils.select_proxy(url, settings["proxies"])
        is_tls = url.lower().startswith("https:")
        certificates = _certificates(settings) if is_tls or _is_tls(proxy) else None
        host = _host_of_proxy(proxy) if proxy else None
        try:
            manager = self._manager(proxy, certificates) if proxy else self.poolmanager
        except (ValueError, AssertionError):  # of urllib3, and with the password in its words
            raise _no_proxy(str(proxy)) from None
        pool = manager.connection_from_url(url, pool_kwargs={"ssl_context": certificates})
        pool.ConnectionCls = bounded(pool.ConnectionCls)
        pool.conn_kw["aside"] = self._aside
        forwards = bool(proxy) and not is_tls and not str(proxy).lower().startswith("socks")
        setting = _setting_of(proxy) if proxy else ""
        return Entrance(pool, host, setting, forwards, self, settings)

    def _manager(self, proxy: str, certificates: ssl.SSLContext | None) -> Any:
        more = {"proxy_ssl_context": certificates} if _is_tls(proxy) else {}
        if "://" not in proxy:
            proxy = f"http://{proxy}"
        return self.proxy_manager_for(proxy, **more)


def _is_tls(proxy: str | None) -> bool:
    return bool(proxy) and str(proxy).lower().startswith("https:")


def _host_of_proxy(proxy: str) -> str:
    """Return a proxy's host and port; its password is shown nowhere."""
    whole = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(whole)
        port, rest = parts.port, whole.removesuffix("/").partition(parts.netloc)[2]
    except ValueError:
        raise _no_proxy(proxy) from None
    if not parts.hostname or rest:  # a # or / of a password ends the host's name
        raise _no_proxy(proxy)
    return parts.hostname if port is None else f"{parts.hostname}:{port}"


def _no_proxy(proxy: str) -> UnusableHostError:
    return UnusableHostError(
        f"{_setting_of(proxy)} is not the URL of a proxy (not shown: it may hold a password).",
        advice="Write http://NAME:PASSWORD@HOST:PORT, special characters as %XX (# is %23).",
    )


def _setting_of(proxy: str) -> str:
    found = (name for name, value in os.environ.items() if value == proxy)
    return next((name for name in found if name.lower().endswith("_proxy")), "HTTPS_PROXY")


def _certificates(settings: Mapping[str, Any]) -> ssl.SSLContext:
    """Return what TLS connections are verified by."""
    verify, own = settings["verify"], settings["cert"]
    path = requests.utils.DEFAULT_CA_BUNDLE_PATH if verify is True else str(verify)
    try:
        if verify is False or own:
            return _context("" if verify is False else path, own)
        return _shared_context(path, os.stat(path).st_mtime_ns)  # noqa: PTH116 - once a host
    except OSError as error:
        words = "no certificate is in it" if isinstance(error, ssl.SSLError) else error.strerror
        raise UnusableHostError(
            f"certificates cannot be read from {clean(path)} ({words}).",
            advice="Check REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE: a file of certificates as PEM.",
        ) from error


@lru_cache
def _shared_context(path: str, _stamp: int) -> ssl.SSLContext:
    # One for all connections: urllib3 would read the bundle again for each, some 10 ms.
    return _context(path)


def _context(path: str, own: str | tuple[str, str] | None = None) -> ssl.SSLContext:
    context = urllib3.util.ssl_.create_urllib3_context()
    if not path:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif os.path.isdir(path):  # noqa: PTH112
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(cafile=path)
    if own:
        context.load_cert_chain(*((own,) if isinstance(own, str) else own))
    return context
