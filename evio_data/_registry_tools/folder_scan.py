"""List every file below a public Drive folder, with size and hash."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from .._drive import folders, links, pages
from .._drive.endpoint import route
from .._drive.folders import Item
from .._drive.links import FileLink
from .._http import ranges
from .._http.connection import Answer, BusyError, HttpSession, TransportError, raise_for_transient
from .._settings import Settings
from .._sources.drive import DriveSource
from .._sources.probe import probe
from .._text import plural
from .._transfer.questions import GaveUpError, Questions
from ..errors import (
    DownloadError,
    DriveRefusedError,
    EvioDataError,
    NotFoundError,
    OfflineError,
    QuotaExceededError,
)
from .folder_tree import Leaf, LeftOut, nothing, shown, walk

MAX_LISTING = 32 * 1024 * 1024  # bytes of one listing; an entry has some 700
MAX_LISTING_TIME = 300.0  # seconds for which one listing may dribble in
MAX_PAGES = 1000  # of one folder's list at the API
MAX_ITEMS = 100_000  # of all folders together
BLOCK = 64 * 1024  # bytes

Task = TypeVar("Task")
Result = TypeVar("Result")
Tell = Callable[[str], None]


class LiveFile(NamedTuple):
    """A file as the folder has it now.

    Attributes
    ----------
    path : tuple of str
        The names that lead to it, as Drive has them.
    link : FileLink
    size : int or None
        Bytes.
    hashes : tuple of str
        As the API publishes them, the strongest first.
    unsized : str
        Why there is no size.
    """

    path: tuple[str, ...]
    link: FileLink
    size: int | None = None
    hashes: tuple[str, ...] = ()
    unsized: str = ""

    @property
    def hash(self) -> str | None:
        """The strongest hash that the API publishes."""
        return self.hashes[0] if self.hashes else None


class Survey(NamedTuple):
    """What is below a folder now."""

    folder: FileLink
    files: list[LiveFile]
    left_out: list[LeftOut]
    folders: int


def scan_folder(
    url: str, settings: Settings, *, connections: int = 3, tell: Tell = lambda _: None
) -> Survey:
    """Return every file below a public folder, with exact sizes; nothing is downloaded.

    Parameters
    ----------
    url : str
        The folder's link, or its id.
    settings : Settings
        With an API key, names, sizes and hashes come from the Drive API, and else names from
        the public page and sizes from one-byte ranges.
    connections : int
    tell : callable
        Takes words about what goes on.

    Raises
    ------
    DownloadError
        If the folder cannot be listed; never is half a listing returned.
    """
    link = links.folder_link(url)
    if link is None:
        raise DownloadError(
            "this is no link to a Google Drive folder.",
            advice="Wanted: https://drive.google.com/drive/folders/ID",
        )
    if settings.offline:
        raise OfflineError("EVIO_DATA_OFFLINE forbids the network.", advice="Unset it.")
    surveyor = _Surveyor(settings, connections, tell)
    try:
        return surveyor.scan_folder(link)
    finally:
        surveyor.cancel()


class _Surveyor:
    """Asks Drive, in parallel and with patience."""

    def __init__(self, settings: Settings, connections: int, tell: Tell) -> None:
        self._settings = settings
        self._key = settings.api_key
        self._tell = tell
        self._listed = 0  # items
        self._lock = threading.Lock()
        self._questions = Questions(
            connections=connections,
            timeout=settings.timeout,
            retries=settings.retries,
            message=tell,
        )

    def cancel(self) -> None:
        """Stop asking."""
        self._questions.cancellation.cancel()

    def _in_parallel(
        self, tasks: Sequence[Task], work: Callable[[HttpSession, Task], Result]
    ) -> list[Result | EvioDataError]:
        results = self._questions.in_parallel(tasks, work)
        return [result for result in results if result is not None]

    def scan_folder(self, link: FileLink) -> Survey:
        """Return what is below a folder."""
        tree = walk(link, self._listings)
        amount = f"{plural(len(tree.leaves), 'file')} in {plural(tree.folders, 'folder')}"
        self._tell(amount + ("" if self._key else "; asking for their sizes"))
        files, left_out = self._live(tree.leaves)
        left_out = [*tree.left_out, *left_out]
        if not files:
            raise nothing(left_out)
        return Survey(link, files, left_out, tree.folders)

    # --- listings -----------------------------------------------------------------------------

    def _listings(self, links: Sequence[FileLink]) -> list[list[Item] | EvioDataError]:
        return self._in_parallel(links, self._listing)

    def _listing(self, session: HttpSession, link: FileLink) -> list[Item]:
        self._refuse_too_many()
        try:
            if self._key:
                return self._listing_at_api(session, link)
            page = self._text(session, link, folders.page_url(link))
            return self._counted(folders.items_of_page(page))
        except DriveRefusedError as error:
            raise folders.about_folder(error) from None

    def _listing_at_api(self, session: HttpSession, link: FileLink) -> list[Item]:
        items: list[Item] = []
        token: str | None = None
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            page, token = folders.items_of_json(
                self._text(session, link, folders.api_list_url(link, token))
            )
            items += self._counted(page)
            if token is None:
                return items
            if token in seen:
                break
            seen.add(token)
        raise DownloadError("the Drive API's list does not end.", advice="Run again.")

    def _counted(self, items: list[Item]) -> list[Item]:
        with self._lock:
            self._listed += len(items)
        self._refuse_too_many()
        return items

    def _refuse_too_many(self) -> None:
        if self._listed > MAX_ITEMS:
            raise DownloadError(
                f"the folder lists more than {MAX_ITEMS:,} items.",
                advice="Name a folder inside it.",
            )

    # --- files --------------------------------------------------------------------------------

    def _live(self, leaves: Sequence[Leaf]) -> tuple[list[LiveFile], list[LeftOut]]:
        """Return the files, each once, and those that are refused or listed twice."""
        files: dict[str, LiveFile] = {}
        left_out: list[LeftOut] = []
        unknown = [leaf for leaf in leaves if not leaf.item.asked]
        asked = iter(self._in_parallel(unknown, self._asked))
        for leaf in leaves:
            file = _as_live(leaf.path, leaf.item) if leaf.item.asked else next(asked)
            if isinstance(file, EvioDataError):
                raise file
            if isinstance(file, LeftOut):
                left_out.append(file)
            elif file.link.id in files:
                first = shown(files[file.link.id].path)
                left_out.append(LeftOut(shown(leaf.path), f"the same file as {first}.", ""))
            else:
                files[file.link.id] = file
        return list(files.values()), left_out

    def _asked(self, session: HttpSession, leaf: Leaf) -> LiveFile | LeftOut:
        """Return what Drive tells of a file, or of a shortcut's target; or why it is left out."""
        ask = self._asked_at_api if self._key else self._sized
        link = leaf.item.link
        try:
            try:
                return ask(session, leaf.path, link)
            except NotFoundError:
                target = self._target(session, link)
                if target is None:
                    raise
                link = target
                return ask(session, leaf.path, link)
        except EvioDataError as error:
            return LeftOut(shown(leaf.path), str(error), link.id)

    def _asked_at_api(
        self, session: HttpSession, path: tuple[str, ...], link: FileLink
    ) -> LiveFile:
        item = folders.item_of_json(self._text(session, link, folders.api_file_url(link)))
        if item.kind != "file" or not item.downloadable:
            raise DriveRefusedError("not a file that can be downloaded.")
        resource_key = item.link.resource_key or link.resource_key
        return _as_live(path, item._replace(link=FileLink(link.id, resource_key)))

    def _sized(self, session: HttpSession, path: tuple[str, ...], link: FileLink) -> LiveFile:
        """Ask for the first byte, whose answer says how many there are."""
        source = DriveSource(link, endpoint=self._settings.endpoint)
        try:
            found = self._questions.patiently(lambda: probe(source, session))
        except ranges.RangeError as error:
            return LiveFile(path, link, unsized=f"{error}.")
        except (QuotaExceededError, GaveUpError) as error:
            return LiveFile(path, link, unsized=str(error))
        return LiveFile(path, link, found.size, unsized=found.why_unsized)

    def _target(self, session: HttpSession, link: FileLink) -> FileLink | None:
        """Return the file that a shortcut leads to; None if it is no shortcut."""
        if self._key:
            return None  # the API's listing has said it

        def ask() -> str:
            with self._get(session, folders.view_url(link), {}) as answer:
                raise_for_transient(answer)
                return answer.url

        try:
            target = links.file_link(self._questions.patiently(ask))
        except (DownloadError, GaveUpError):
            return None
        return target if target is not None and target.id != link.id else None

    # --- requests -----------------------------------------------------------------------------

    def _text(self, session: HttpSession, link: FileLink, url: str) -> str:
        """Return the text of a listing, and raise for any other answer."""
        secret = links.api_headers(link, self._key) if self._key else {}
        return self._questions.patiently(lambda: self._text_once(session, url, secret))

    def _text_once(self, session: HttpSession, url: str, secret: dict[str, str]) -> str:
        with self._get(session, url, secret) as answer:
            text = _read(answer)
        if answer.status == 200 and (text.lstrip().startswith("{") or "flip-entries" in text):
            return text
        for value in secret.values():
            text = text.replace(value, "…")  # a gateway may repeat what it was sent
        if pages.is_sorry(answer.status, answer.url, text):
            raise BusyError('Drive asks for fewer requests ("Sorry...")', wait=answer.wait())
        if pages.api_error(text)[0] in pages.LIMIT_REASONS:
            raise BusyError("the Drive API asks for fewer requests", wait=answer.wait())
        raise_for_transient(answer)
        if answer.status == 200 and not pages.is_lasting(answer.status, answer.url, text):
            return text  # no list in it
        raise pages.refusal(answer.status, answer.url, text)

    def _get(self, session: HttpSession, url: str, secret: dict[str, str]) -> Answer:
        endpoint = self._settings.endpoint
        return session.get(url, headers={}, route=lambda each: route(each, endpoint), secret=secret)


def _as_live(path: tuple[str, ...], item: Item) -> LiveFile:
    unsized = "" if item.size is not None else "Drive did not say."
    return LiveFile(path, item.link, item.size, item.hashes, unsized)


def _read(answer: Answer, *, within: float = MAX_LISTING_TIME) -> str:
    """Return a whole listing; half of one would make files disappear."""
    if answer.coding:
        raise DownloadError(
            "the listing came compressed although that was not asked for.",
            advice="A proxy may do this; try another network.",
        )
    body, deadline = bytearray(), time.monotonic() + within
    alarm = threading.Timer(within, answer.abort)
    alarm.daemon = True
    with suppress(RuntimeError, MemoryError):  # at a limit of threads, what drips is not cut off
        alarm.start()
    try:
        _read_all(answer, body)
    except TransportError:
        if time.monotonic() < deadline:
            raise
    finally:
        alarm.cancel()
    if len(body) > MAX_LISTING or time.monotonic() >= deadline:
        raise DownloadError("a listing does not end.", advice="Name a folder inside this one.")
    return body.decode("utf-8", "replace")


def _read_all(answer: Answer, body: bytearray) -> None:
    """Put a body's bytes where they are wanted, until there are too many."""
    block = memoryview(bytearray(BLOCK))
    while len(body) <= MAX_LISTING and (count := answer.read_into(block)):
        body += block[:count]
    length = ranges.content_length(answer.headers)
    if length is not None and len(body) < min(length, MAX_LISTING):
        raise TransportError("the listing was cut short")
