"""A file on the local Drive: its bytes, and an option for each thing that may go wrong."""

from __future__ import annotations

import secrets
import shlex
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ._choices import (
    Compression,
    Cut,
    Drip,
    FormMethod,
    Garble,
    Head,
    HeaderCase,
    Hop,
    HttpVersion,
    Language,
    LastChunk,
    Length,
    LimitedRequests,
    Nodes,
    PageStyle,
    Portal,
    Quota,
    Ranges,
    Refusal,
    Stale,
    check_choice,
)
from ._content import Content
from ._traffic import Slots

__all__ = ["DriveFile", "Garble", "Hop", "Length", "Refusal", "new_id"]

LimitedFault = Literal["cut_times", "stall_times", "garble_times", "redirect_times"]


def new_id() -> str:
    """Return an id shaped as Drive's are today: 33 characters, the first a 1."""
    return "1" + secrets.token_urlsafe(24)


@dataclass(slots=True, kw_only=True, eq=False)
class DriveFile:
    """A file that a `DriveServer` serves; made by `DriveServer.add`.

    Every attribute from `large` on is an option: set it at any time, also while
    downloads run. A misspelt option raises `AttributeError`, a wrong value `ValueError`.
    Without options the file is served as Drive serves it today. Options that are not about
    Drive's own pages apply at a plain URL as well.

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
    page_style
        How the text of Drive's pages is written: ``"captured"``, or with ``"entities"``
        (``&#x27;``), ``"named-entities"`` (``&rsquo;``), ``"curly"`` quotes, ``"line-breaks"``
        or ``"nbsp"`` (``&nbsp;``) inside sentences, or in ``"upper"`` case. A browser shows
        the same words.
    connection_limit
        How many bodies of the file are sent at once; a further request is refused for as
        long. Balancers limit connections so (``limit_conn`` of nginx, which answers 503).
    over_limit, over_limit_on
        What a refused request gets: a status (403, 429, 503, ...) or ``"quota"``, the quota
        page; and which requests are refused: ``"any"``, or those with a ``"range"``.
    cut_after, cut_how, cut_times
        Cut a body after so many bytes, by a ``"reset"`` or a clean ``"close"``, so many
        times (None: always).
    cut_seconds
        Cut every body that lasts longer than this, in the way of `cut_how`.
    length
        How a body is delimited: ``"exact"`` (``Content-Length``), that header ``"twice"`` or
        as a ``"list"`` of equal values (RFC 9110 section 8.6 lets a client take both),
        ``"chunked"``, or ``"absent"`` (it ends when the connection closes).
    chunk_size
        Bytes in each chunk, announced in full even if a cut falls inside; None: what is sent
        at a time is one chunk, and a cut falls between two.
    last_chunk
        Whether the empty chunk that ends a chunked body (RFC 9112 section 7.1) is ``"sent"``,
        ``"never"`` comes on a connection that stays open, or is missing at a ``"close"``.
    trailers
        So many trailer fields follow the last chunk (RFC 9112 section 7.1.2).
    stall_after, stall_times
        Go silent after so many bytes of a body, so many times (None: always).
    ranges
        What becomes of a ``Range``: honoured, ignored (200), started one byte off, ended
        early, given another total or ``*`` for it, sent without ``Content-Range``, or as
        ``"multipart"`` (``multipart/byteranges`` of one part, against RFC 9110 section
        15.3.7.2).
    ranges_after_bytes
        Ignore every ``Range`` once so many bytes of data have been served in all.
    range_status
        Answer every request that has a ``Range`` with this status (400, 403, 405, 406, 416,
        501, 503, ...) and serve it without; None: as `ranges` says.
    ok_status
        The status of a whole body; 203 is what RFC 9110 section 15.3.4 gives a proxy that
        has changed something.
    nodes
        How the validators differ between the two nodes of one host that answer in turn:
        not (``"alike"``), by ``ETag`` (``"...-n0"`` and ``"...-n1"``: Apache made it from the
        inode), by a ``"weak"`` one, by the ``"gzip-suffix"`` of Apache's mod_deflate
        (``"...-gzip"``), by ``Last-Modified`` a second later (``"second-off"``), or one node
        sends none (``"on-and-off"``). Where `etag` or `last_modified` is None, the content
        or `modified` makes one. ``If-Range`` is compared with those of the node that answers.
    errors, errors_at
        Statuses answered first, one a request, at that hop.
    retry_after
        The ``Retry-After`` of those answers, of `over_limit` and of "Sorry..." pages
        (seconds, or an HTTP date: RFC 9110 section 10.2.3), or None.
    rate
        Bytes a second on each connection, or None.
    drip, drip_pause, drip_at
        Send slowly, with so many seconds before each piece: the head of an answer by
        ``"head-bytes"`` or ``"head-lines"``, the ``"body"`` of a page or a redirect by bytes,
        or the ``"trailers"`` by fields; at that hop.
    drip_lines
        So many useless header lines end the head, for a head that takes as long as wanted.
    informational, informational_status
        So many interim answers (RFC 9110 section 15.2) come first, `drip_pause` apart.
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
    form_method
        ``"get"``, as captured since 2024, or ``"post"``: a form without hidden inputs whose
        action is ``uc`` with all of them in its query, which then keeps them (captured in
        January 2024: gdown, pull request 308).
    post_passes
        Whether a POST gets the file without the warning page (reported in 2025: pull requests
        36 of ndrplz/google-drive-downloader and 1262 of Cyberdrop-DL); otherwise it is
        answered as a GET with the same inputs. ``uc`` then redirects it by 307, to stay a POST.
    redirect_to, redirect_status, redirect_times
        Redirect to this URL instead of answering, by this status, so many times (None: always).
    portal, portal_page, portal_status
        Answer as the captive portal of a network does, in place of every server (RFC 8952): a
        login page of that ``Content-Type`` (``"none"``: without the header), another text
        than the usual one (``""``: nothing), its status (200, or 511 of RFC 6585).
    disposition
        ``"ascii"``, ``"utf8-star"``, ``"raw-utf8"``, ``"none"``, or the whole header value.
    content_type
        Another ``Content-Type`` than `mime`.
    content_encoding, transfer_encoding
        Labels over bytes that are not coded at all: ``Content-Encoding`` (``gzip`` or
        ``x-gzip`` of a ``.gz`` file by Apache's ``AddEncoding``, ``aws-chunked`` by S3,
        ``utf-8``, ``binary``, ``none``, ``8bit``, ...) and ``Transfer-Encoding: identity`` of
        RFC 2616 beside ``Content-Length``; the connection then closes after the body, for
        which some clients (curl) wait.
    last_modified, etag, accept_ranges, cache_control
        These headers' values; None leaves them out.
    headers
        Further headers of data; they replace those of the same name, and None removes one.
    header_case
        How header names are written; they mean the same (RFC 9110 section 5.1).
    http_version
        The version in the status line; after an answer in ``"1.0"``, as ``python -m http.server``
        gives it, the connection closes.
    keep_alive
        Whether the connection is good for another request after an answer; False: it closes
        without having said so, as one does that a server gives up just when it is used again.
    goog_hash, upload_id
        Whether ``X-Goog-Hash: crc32c=`` and ``X-GUploader-UploadID`` are sent.
    content_range_on_416
        Whether a 416 carries ``Content-Range: bytes */SIZE``.
    head
        HEAD as Drive answers it today, or the 405 of former years.
    compress
        Send the whole file in this coding, asked or not, and ignore ranges, as proxies that
        compress on the fly do: ``"gzip"``, ``"deflate"`` (zlib format, RFC 9110 section
        8.4.1.2), or ``"raw-deflate"`` (the same label, without zlib's header).
    gzip
        Compress each body by itself, also the part that a range asks for.
    endless
        Go on with zeros after the last byte, until the client leaves.
    garble, garble_times
        Damage the data sent: ``"flip"`` inverts the byte in the middle of the file; or a
        function of bytes and their offset; so many times (None: always).
    resource_key
        The key that links to this file must carry, or None.
    api_error
        The reason of a Drive API error that the API answers, or None.
    checksums
        Which of ``md5Checksum``, ``sha1Checksum`` and ``sha256Checksum`` the API knows; Drive
        fills them in only for files with binary content, and not for all.
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
    page_style: PageStyle = "captured"
    connection_limit: int | None = None
    over_limit: int | Literal["quota"] = 403
    over_limit_on: LimitedRequests = "any"
    cut_after: int | None = None
    cut_how: Cut = "reset"
    cut_times: int | None = None
    cut_seconds: float | None = None
    length: Length = "exact"
    chunk_size: int | None = None
    last_chunk: LastChunk = "sent"
    trailers: int = 0
    stall_after: int | None = None
    stall_times: int | None = None
    ranges: Ranges = "honour"
    ranges_after_bytes: int | None = None
    range_status: int | None = None
    ok_status: int = 200
    nodes: Nodes = "alike"
    errors: list[int] = field(default_factory=list)
    errors_at: Hop = "any"
    retry_after: str | None = None
    rate: float | None = None
    drip: Drip | None = None
    drip_pause: float = 0.05
    drip_at: Hop = "any"
    drip_lines: int = 0
    informational: int = 0
    informational_status: int = 100
    lenient: bool | None = None
    extra_inputs: dict[str, str] = field(default_factory=dict)
    token_life: float | None = None
    stale: Stale = "page"
    attribute_order: tuple[str, ...] = ("type", "name", "value")
    form_action: str | None = None
    form_method: FormMethod = "get"
    post_passes: bool = False
    redirect_to: str | None = None
    redirect_status: int = 303
    redirect_times: int | None = None
    portal: Portal | None = None
    portal_page: str | None = None
    portal_status: int = 200
    disposition: str = "ascii"
    content_type: str | None = None
    content_encoding: str | None = None
    transfer_encoding: str | None = None
    last_modified: str | None = None
    etag: str | None = None
    accept_ranges: str | None = None
    cache_control: str | None = "private, max-age=0"
    headers: dict[str, str | None] = field(default_factory=dict)
    header_case: HeaderCase = "usual"
    http_version: HttpVersion = "1.1"
    keep_alive: bool = True
    goog_hash: bool = False
    upload_id: bool = True
    content_range_on_416: bool = False
    head: Head = "like-drive"
    compress: Compression | None = None
    gzip: bool = False
    endless: bool = False
    garble: Garble | None = None
    garble_times: int | None = None
    resource_key: str | None = None
    api_error: str | None = None
    checksums: tuple[str, ...] = ("md5", "sha1", "sha256")
    modified: str = "2025-11-14T09:30:00.000Z"
    served: int = 0

    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _slots: Slots = field(default_factory=Slots, repr=False)
    _answers: int = 0
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

    def use_up(self, counter: LimitedFault) -> bool:
        """Count one use of a limited fault; False once there are none left."""
        with self._lock:
            left: int | None = getattr(self, counter)
            if left is None:
                return True
            setattr(self, counter, max(0, left - 1))
            return left > 0

    def next_node(self) -> int:
        """Return which of the two nodes answers now."""
        with self._lock:
            self._answers += 1
            return (self._answers - 1) % 2

    def enter(self, *, ranged: bool) -> bool:
        """Begin to send a body; False if `connection_limit` refuses this request."""
        spared = self.over_limit_on == "range" and not ranged
        return self._slots.enter(None if spared else self.connection_limit)

    def leave(self) -> None:
        """End a body that `enter` has let begin."""
        self._slots.leave()

    def count(self, length: int) -> None:
        """Add to what was served in all."""
        with self._lock:
            self.served += length
