"""A registered URL in, the source that its file belongs to out: a Drive id, or a plain URL."""

import re
from functools import lru_cache
from urllib.parse import quote

from .._drive import links

MAX_SOURCE = 200  # characters; of a longer URL its hash stands at the end


@lru_cache(maxsize=4096)
def source_key(url: str) -> str:
    """Return what tells one source from another, without secrets, in one printable word.

    However a link to Drive is written, its id is what counts. Of another URL, the user, the
    fragment, and what a query has of keys, signatures and dates are left out.

    >>> source_key("https://drive.google.com/file/d/1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq/view")
    'drive:1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq'
    >>> source_key("HTTPS://me:pw@Lab.example:443/a b.raw?v=2&token=SECRET#size=5")
    'https://lab.example/a%20b.raw?v=2'
    """
    link = links.file_link(url)
    return f"drive:{link.id}" if link is not None else _short(_plain(url))


def _plain(url: str) -> str:
    parts = links.split(url)
    if not parts.scheme:
        return url.partition("#")[0]
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    if parts.port not in (None, _PORTS.get(parts.scheme)):
        host += f":{parts.port}"
    kept = [pair for pair in parts.query.split("&") if pair and not _SECRET(pair.partition("=")[0])]
    query = f"?{'&'.join(kept)}" if kept else ""
    between = "//" if parts.netloc else ""
    return f"{parts.scheme}:{between}{host}{parts.path}{query}"


def _short(text: str) -> str:
    word = quote(text, safe="%/:?=&,;+~@!$'()*[]-._")
    if len(word) <= MAX_SOURCE:
        return word
    from hashlib import sha256

    digest = sha256(word.encode()).hexdigest()
    return f"{word[: MAX_SOURCE - len(digest) - 3]}...{digest}"


_PORTS = {"https": 443, "http": 80}
_SECRET = re.compile(
    r"key|uuid|at|confirm|sig|signature|policy|key-pair-id|awsaccesskeyid|expires?|auth"
    r"|passw(?:or)?d|[a-z_-]*token|x-(?:amz|goog)-[a-z-]+",
    re.IGNORECASE,
).fullmatch
