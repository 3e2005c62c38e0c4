"""The values that the options of a `DriveFile` may have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

Refusal = Literal[
    "quota",
    "sign-in",
    "denied",
    "denied-200",
    "not-found",
    "infected",
    "disabled",
    "terms",
    "unknown",
    "native",
    "sorry",
    "sorry-403",
]
Quota = Literal["always", "after-form", "on-resume"]
Language = Literal["en", "es", "de"]
PageStyle = Literal[
    "captured", "entities", "named-entities", "curly", "line-breaks", "nbsp", "upper"
]
FormMethod = Literal["get", "post"]
Cut = Literal["reset", "close"]
Length = Literal["exact", "twice", "list", "chunked", "absent"]
LastChunk = Literal["sent", "never", "close"]
Ranges = Literal[
    "honour",
    "ignore",
    "wrong-start",
    "short",
    "other-total",
    "no-total",
    "no-content-range",
    "multipart",
]
Nodes = Literal["alike", "etag", "weak", "gzip-suffix", "second-off", "on-and-off"]
LimitedRequests = Literal["any", "range"]
Compression = Literal["gzip", "deflate", "raw-deflate"]
HeaderCase = Literal["usual", "lower", "upper"]
HttpVersion = Literal["1.1", "1.0"]
Drip = Literal["head-bytes", "head-lines", "body", "trailers"]
Portal = Literal["text/html", "text/plain", "application/octet-stream", "none"]
Hop = Literal["uc", "download", "any"]
Stale = Literal["page", "403"]
Head = Literal["like-drive", "405"]
Garble = Literal["flip"] | Callable[[bytes, int], bytes]

CHOICES: dict[str, tuple[object, ...]] = {
    "refuse": (None, *get_args(Refusal)),
    "quota": (None, *get_args(Quota)),
    "language": get_args(Language),
    "page_style": get_args(PageStyle),
    "form_method": get_args(FormMethod),
    "cut_how": get_args(Cut),
    "length": get_args(Length),
    "last_chunk": get_args(LastChunk),
    "ranges": get_args(Ranges),
    "nodes": get_args(Nodes),
    "over_limit": ("quota",),
    "over_limit_on": get_args(LimitedRequests),
    "compress": (None, *get_args(Compression)),
    "header_case": get_args(HeaderCase),
    "http_version": get_args(HttpVersion),
    "drip": (None, *get_args(Drip)),
    "drip_at": get_args(Hop),
    "portal": (None, *get_args(Portal)),
    "errors_at": get_args(Hop),
    "stale": get_args(Stale),
    "head": get_args(Head),
}
_ALSO_NUMBERS = ("quota", "over_limit")


def check_choice(name: str, value: object) -> None:
    """Raise `ValueError` if the option `name` cannot have this value."""
    choices = CHOICES.get(name)
    is_number = name in _ALSO_NUMBERS and isinstance(value, int)
    if choices is not None and value not in choices and not is_number:
        raise ValueError(f"{name} is one of {', '.join(map(repr, choices))}; not {value!r}")
