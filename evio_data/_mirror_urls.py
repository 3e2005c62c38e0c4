"""Check the base URLs of mirrors, and name them in messages."""

import re
from urllib.parse import urlsplit

STORES = ("s3", "gs", "gcs", "az", "abfs", "abfss", "oss", "hf")  # what fsspec may be asked for


def is_base(base: str) -> bool:
    """Say whether a text is a base URL that we use: HTTP(S), or an object store.

    A server may want a password in it, as pip's index does; a store has its own places for one.

    >>> is_base("http://10.0.0.7:8417"), is_base("s3://bucket/data"), is_base("file:///etc")
    (True, True, False)
    """
    try:
        parts = urlsplit(base)
        usable = parts.port != 0 and parts.hostname if is_http(base) else parts.password is None
    except ValueError:  # brackets that are no IPv6 address, a port that is no number
        return False
    return bool(usable and _BASE(base) and (is_http(base) or "::" not in base))


def is_http(base: str) -> bool:
    """Say whether a base URL is one of HTTP(S)."""
    return base.lower().startswith(("http:", "https:"))


def host_of(base: str) -> str:
    """Return what to call a server: its host, and its port if that is not the usual one.

    An object store is called by its scheme and bucket.

    >>> host_of("http://user:secret@10.0.0.7:8417/data"), host_of("s3://bucket/data")
    ('10.0.0.7:8417', 's3://bucket')
    >>> host_of("https://Data.example.org:443/fan.raw")
    'data.example.org'
    """
    parts = urlsplit(base)
    host = parts.netloc.rpartition("@")[2]
    if not is_http(base):
        return f"{parts.scheme}://{host}"
    return host.lower().removesuffix(":443" if parts.scheme == "https" else ":80")


_BASE = re.compile(
    rf"(?:https?|{'|'.join(STORES)})://[^\s/?#\\\x00-\x1f\x7f][^\s?#\\\x00-\x1f\x7f]*",
    re.IGNORECASE,
).fullmatch
