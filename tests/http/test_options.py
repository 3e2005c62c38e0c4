"""Options for one host: nothing that is secret goes to another one."""

import pytest

from evio_data._http.options import NO_OPTIONS, RequestOptions

OPTIONS = RequestOptions(
    "lab.example:8443",
    headers={"X-Key": "SECRET"},
    auth=("me", "SECRET"),
    cookies={"session": "SECRET"},
    proxies={"https": "http://proxy.example:3128"},
    verify="lab.pem",
    cert="me.pem",
)


def test_its_own_host_has_all() -> None:
    """The host, with its port, that the options are for gets every one."""
    assert OPTIONS.for_host("lab.example:8443") is OPTIONS


@pytest.mark.parametrize("host", ["lab.example", "lab.example:443", "example", "", None])
def test_other_hosts_get_no_secret(host: str | None) -> None:
    """Another host, and another port of the same, gets how to connect, and no more."""
    others = OPTIONS.for_host(host)
    assert "SECRET" not in str(others)
    assert (others.proxies, others.verify) == (OPTIONS.proxies, OPTIONS.verify)


def test_at_a_url() -> None:
    """The same options for the host of a URL."""
    moved = OPTIONS.at("https://other.example:1/a.raw")
    assert moved.for_host("other.example:1").headers == {"X-Key": "SECRET"}
    assert "SECRET" not in str(moved.for_host("lab.example:8443"))


def test_none() -> None:
    """No options are no options for any host."""
    assert NO_OPTIONS.for_host("lab.example") == NO_OPTIONS
