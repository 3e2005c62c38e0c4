"""Base URLs of mirrors: which are used, and what messages call them."""

from __future__ import annotations

import pytest

from evio_data._mirror_urls import host_of, is_base
from evio_data._sources.mirrors import Mirror


@pytest.mark.parametrize(
    "text",
    [
        "http://10.0.0.7:8417",
        "HTTPS://example.org/data",
        "http://[::1]:8417",
        "s3://bucket",
        "s3://bucket/prefix",
        "gs://bucket/a/b",
        "http://user:secret@10.0.0.7:8417/data",
        "abfs://container@account.dfs.core.windows.net/data",
    ],
)
def test_bases(text: str) -> None:
    """HTTP(S) and object stores can be mirrors."""
    assert is_base(text)


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.7:8417",
        "file:///etc",
        "/mnt/data",
        "ftp://example.org",
        "ssh://host/x",
        "local://x",
        "memory://x",
        "http://",
        "http://host/?a=b",
        "http://host/#a",
        "s3://bucket::file:///etc",
        "simplecache::s3://bucket",
        "http://ho\\st/",
        "http://a b/",
        "http://[::1",
        "http://host:port",
        "http://host:99999",
        "http://user:secret@",
        "s3://key:secret@bucket",
    ],
)
def test_no_bases(text: str) -> None:
    """Nothing that reads this machine's files, logs in elsewhere or hides a second URL can be."""
    assert not is_base(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("http://user:secret@10.0.0.7:8417/data", "10.0.0.7:8417"),
        ("s3://bucket/prefix", "s3://bucket"),
    ],
)
def test_label(text: str, name: str) -> None:
    """Messages name a mirror by its host, without its password."""
    assert host_of(text) == name
    assert Mirror(text, "x").label == f"the mirror {name}"
