"""A file on the local Drive: its bytes, and a switch for each thing that may go wrong."""

from __future__ import annotations

import secrets
import shlex
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from ._content import Content

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
Cut = Literal["reset", "close"]
Length = Literal["exact", "chunked", "absent"]
Ranges = Literal["honour", "ignore", "wrong-start", "short", "other-total", "no-content-range"]
Hop = Literal["uc", "download", "any"]
Stale = Literal["page", "403"]
Head = Literal["like-drive", "405"]
Garble = Literal["flip"] | Callable[[bytes, int], bytes]

_CHOICES: dict[str, tuple[object, ...]] = {
    "refuse": (None, *get_args(Refusal)),
    "quota": (None, *get_args(Quota)),
    "language": get_args(Language),
    "cut_how": get_args(Cut),
    "length": get_args(Length),
    "ranges": get_args(Ranges),
    "errors_at": get_args(Hop),
    "stale": get_args(Stale),
    "head": get_args(Head),
}


def new_id() -> str:
    """Return an id shaped as Drive's are today: 33 characters, the first a 1."""
    return "1" + secrets.token_urlsafe(24)


def check_choice(name: str, value: object) -> None:
    """Raise `ValueError` if the switch `name` has no position `value`."""
    choices = _CHOICES.get(name)
    counted = name == "quota" and isinstance(value, int)
    if choices is not None and value not in choices and not counted:
        raise ValueError(f"{name} is one of {', '.join(map(repr, choices))}; not {value!r}")


@dataclass(slots=True, kw_only=True, eq=False)
class DriveFile:
    """A file that a `DriveServer` serves; made by `DriveServer.add`.

    Every attribute from `large` on is a switch: set it at any time, also while
    downloads run. A misspelt switch raises `AttributeError`, a wrong position `ValueError`.

    Attributes
    ----------
    name, id, mime
        What Drive calls it, its id, its MIME type.
    content, keep
        The present version, and how the server stores a new one: see `replace`.
    large
        Whether the warning page comes first; None: if it is over the server's `scan_limit`.
    refuse
        The page that Drive sends instead of the file, or None.
    quota
        The quota page: ``"always"``, ``"after-form"`` (only once the form is submitted),
        ``"on-resume"`` (to ranges that do not start at 0), or a number: once so many bytes
        of data have been served in all.
    quota_status, language
        Status (200 or 403) and language of the quota page.
    quota_spares_bounded
        Over quota, ranges with an end are still served.
    cut_after, cut_how, cut_times
        Cut a body after so many bytes, by a ``"reset"`` or a clean ``"close"``, so many
        times (None: always).
    cut_seconds
        Cut every body that lasts longer than this, in the way of `cut_how`.
    length
        ``"exact"`` (``Content-Length``), ``"chunked"``, or ``"absent"`` (ends by the close).
    stall_after, stall_times
        Go silent after so many bytes of a body, so many times (None: always).
    ranges
        What becomes of a ``Range``: honoured, ignored (200), started one byte off, ended
        early, given another total, or sent without ``Content-Range``.
    ranges_after_bytes
        Ignore every ``Range`` once so many bytes of data have been served in all.
    errors, errors_at
        Statuses answered first, one a request, at that hop.
    retry_after
        The ``Retry-After`` of those answers and of "Sorry..." pages, or None.
    rate
        Bytes a second on each connection, or None.
    lenient
        Whether ``confirm=t`` without ``uuid`` is enough; None: as the server says.
    extra_inputs
        Further hidden inputs of the form, which a strict server demands back.
    token_life, stale
        Seconds that a ``uuid`` is good for (None: for ever), and what an old one gets.
    attribute_order
        The order of the attributes of the form's inputs.
    form_action
        Another (for instance foreign) form action.
    redirect_to
        Redirect to this URL instead of answering.
    disposition
        ``"ascii"``, ``"utf8-star"``, ``"raw-utf8"``, ``"none"``, or the whole header value.
    content_type
        Another ``Content-Type`` than `mime`.
    last_modified, etag, accept_ranges, cache_control
        These headers' values; None leaves them out.
    goog_hash, upload_id
        Whether ``X-Goog-Hash: crc32c=`` and ``X-GUploader-UploadID`` are sent.
    content_range_on_416
        Whether a 416 carries ``Content-Range: bytes */SIZE``.
    head
        HEAD as Drive answers it today, or the 405 of former years.
    gzip
        Send the body with ``Content-Encoding: gzip``, asked or not.
    endless
        Go on with zeros after the last byte, until the client leaves.
    garble, garble_times
        Damage the data sent: ``"flip"`` inverts the byte in the middle of the file; or a
        function of bytes and their offset; so many times (None: always).
    resource_key
        The key that links to this file must carry, or None.
    api_error
        The reason of a Drive API error that the API answers, or None.
    modified
        When it was last changed, in the notation of the Drive API.
    served
        Bytes of data served in all (what `quota` and `ranges_after_bytes` count).
    """

    name: str
    id: str
    mime: str
    content: Content

    large: bool | None = None
    refuse: Refusal | None = None
    quota: Quota | int | None = None
    quota_status: int = 200
    quota_spares_bounded: bool = False
    language: Language = "en"
    cut_after: int | None = None
    cut_how: Cut = "reset"
    cut_times: int | None = None
    cut_seconds: float | None = None
    length: Length = "exact"
    stall_after: int | None = None
    stall_times: int | None = None
    ranges: Ranges = "honour"
    ranges_after_bytes: int | None = None
    errors: list[int] = field(default_factory=list)
    errors_at: Hop = "any"
    retry_after: str | None = None
    rate: float | None = None
    lenient: bool | None = None
    extra_inputs: dict[str, str] = field(default_factory=dict)
    token_life: float | None = None
    stale: Stale = "page"
    attribute_order: tuple[str, ...] = ("type", "name", "value")
    form_action: str | None = None
    redirect_to: str | None = None
    disposition: str = "ascii"
    content_type: str | None = None
    last_modified: str | None = None
    etag: str | None = None
    accept_ranges: str | None = None
    cache_control: str | None = "private, max-age=0"
    goog_hash: bool = False
    upload_id: bool = True
    content_range_on_416: bool = False
    head: Head = "like-drive"
    gzip: bool = False
    endless: bool = False
    garble: Garble | None = None
    garble_times: int | None = None
    resource_key: str | None = None
    api_error: str | None = None
    modified: str = "2025-11-14T09:30:00.000Z"
    served: int = 0

    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    keep: Callable[[bytes], Content] = field(default=Content, repr=False)

    def __setattr__(self, name: str, value: object) -> None:
        check_choice(name, value)
        object.__setattr__(self, name, value)

    @property
    def url(self) -> str:
        """The link that people share for downloads."""
        return f"https://drive.google.com/uc?export=download&id={self.id}"

    @property
    def size(self) -> int:
        """Bytes of the present version."""
        return self.content.size

    @property
    def sha256(self) -> str:
        """SHA-256 of the present version, in hexadecimal."""
        return self.content.sha256

    def registry_line(
        self, name: str | None = None, *, pinned: bool = True, size: bool = False
    ) -> str:
        """Return the line of a ``registry.txt`` for this file.

        Parameters
        ----------
        name
            The registry key; the file's own name if left out.
        pinned
            Write the SHA-256; otherwise the word ``unpinned``.
        size
            Add ``#size=BYTES`` to the URL.
        """
        known_hash = self.sha256 if pinned else "unpinned"
        suffix = f"#size={self.size}" if size else ""
        return f"{shlex.quote(name or self.name)} {known_hash} {self.url}{suffix}"

    def replace(self, content: bytes) -> None:
        """Give the same id other bytes, as an owner who uploads a new version does."""
        self.content = self.keep(content)

    def next_error(self, hop: Hop) -> int | None:
        """Consume and return the next status of `errors`, if it is for this hop."""
        with self._lock:
            if self.errors and self.errors_at in ("any", hop):
                return self.errors.pop(0)
            return None

    def use_up(self, counter: Literal["cut_times", "stall_times", "garble_times"]) -> bool:
        """Count one use of a limited fault; False once there are none left."""
        with self._lock:
            left: int | None = getattr(self, counter)
            if left is None:
                return True
            setattr(self, counter, max(0, left - 1))
            return left > 0

    def count(self, length: int) -> None:
        """Add to what was served in all."""
        with self._lock:
            self.served += length
