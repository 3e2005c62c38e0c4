"""What a source is: the bytes of one file, from any offset."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, Self, TypeVar

from .._drive import links
from .._http import ranges
from .._http.connection import Answer, HttpSession
from .._http.file_names import offered_name
from .._http.ranges import Placement
from .._http.validators import Validators
from ..errors import DownloadError

Kind = TypeVar("Kind")


class Readable(Protocol):
    """An open stretch of bytes."""

    ends_itself: bool

    def read_into(self, view: memoryview) -> int:
        """Read some bytes; 0 at the end."""

    def abort(self) -> None:
        """Wake a reader in another thread."""

    def release(self) -> None:
        """Be done with it."""


class TooSlowError(DownloadError):
    """A source that brings so little that another one is to be tried first."""


class Body:
    """An open stretch of a file: where it belongs, of which version it is, and its bytes."""

    def __init__(
        self,
        stream: Readable,
        placement: Placement,
        validators: Validators,
        *,
        coding: str = "",
        offered: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.stream = stream
        self.placement = placement
        self.validators = validators
        self.coding = coding  # the content coding that the server claims
        self._offered = offered

    @property
    def file_name(self) -> str | None:
        """Its name, as the server says: foreign text."""
        return self._offered()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.release()


class Source(Protocol):
    """One place that has the file.

    Attributes
    ----------
    label : str
        What it is called in messages; sources with one label share a limit of connections.
    is_mirror : bool
    proves_files : bool
        Whether its answers show by themselves that they are the file, and not a page.
    """

    label: str
    is_mirror: bool
    proves_files: bool

    def open(
        self, connection: HttpSession, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop), or one that holds more of the file.

        Raises
        ------
        TransportError
            For what may pass.
        RangeError
            For an answer to another range.
        DownloadError
            For what will not pass.
        """


def range_header(start: int, stop: int | None, ranged: bool) -> dict[str, str]:  # noqa: FBT001
    # An open range from 0 on asks for nothing but the file, and its 206 proves that ranges work.
    return {"Range": ranges.header(start, stop)} if ranged else {}


def body_of(answer: Answer, start: int, stop: int | None) -> Body:
    placement = ranges.placement(answer.status, answer.headers, start, stop)
    headers, coding = answer.headers, answer.coding
    if coding and ranges.content_length(headers) is None:
        # The range is of the bytes before they were coded, and says nothing of this body's length.
        placement = placement._replace(stop=None, total=None)
    parts = links.split(answer.url)
    validators = Validators(
        origin=parts.hostname or "",
        total=placement.total,
        etag=headers.get("ETag"),
        last_modified=headers.get("Last-Modified"),
        digest=headers.get("X-Goog-Hash"),
    )
    offered = partial(offered_name, headers.get("Content-Disposition"), answer.url)
    return Body(_Stream(answer), placement, validators, coding=coding, offered=offered)


class _Stream:
    def __init__(self, answer: Answer) -> None:
        self.ends_itself = answer.ends_itself
        self.read_into = answer.read_into
        self.abort = answer.abort
        self.release = answer.release


def closing_on_error(answer: Answer, use: Callable[[], Kind]) -> Kind:
    """Return ``use()``, and close the answer if that raises."""
    try:
        return use()
    except BaseException:
        answer.close()
        raise


def is_html(answer: Answer) -> bool:
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml")
