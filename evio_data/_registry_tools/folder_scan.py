"""A public folder's link in, every file below it with its size and hash out: the requests."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from .._drive import folders, links, pages
from .._drive.endpoint import route
from .._drive.folders import Item
from .._drive.links import FileLink
from .._http import ranges
from .._http.connection import Answer, BusyError, HttpSession, TransportError, raise_for_transient
from .._settings import Settings
from .._sources.drive import DriveSource
from .._text import duration, plural
from .._transfer.cancellation import Cancellation
from .._transfer.throttle import backoff, busy_wait
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
MAX_IN_VAIN = 5  # questions in a row that Drive does not answer, each asked with all patience
BLOCK = 64 * 1024  # bytes
SILENCE = 10.0  # seconds that may be waited without a word

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
        surveyor.cancellation.cancel()


class _Surveyor:
    """Asks Drive, in parallel and with patience."""

    def __init__(self, settings: Settings, connections: int, tell: Tell) -> None:
        self._settings = settings
        self._key = settings.api_key
        self._connections = connections
        self._tell = tell
        self._resume_at = 0.0  # when all threads may ask again after a refusal
        self._no_server_answered = 0  # questions since Drive last answered one
        self._listed = 0  # items
        self.cancellation = Cancellation()

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

    def _listing(self, connection: HttpSession, link: FileLink) -> list[Item]:
        self._refuse_too_many()
        try:
            if self._key:
                return self._listing_at_api(connection, link)
            page = self._text(connection, link, folders.page_url(link))
            return self._counted(folders.items_of_page(page))
        except DriveRefusedError as error:
            raise folders.about_folder(error) from None

    def _listing_at_api(self, connection: HttpSession, link: FileLink) -> list[Item]:
        items: list[Item] = []
        token: str | None = None
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            page, token = folders.items_of_json(
                self._text(connection, link, folders.api_list_url(link, token))
            )
            items += self._counted(page)
            if token is None:
                return items
            if token in seen:
                break
            seen.add(token)
        raise DownloadError("the Drive API's list does not end.", advice="Run again.")

    def _counted(self, items: list[Item]) -> list[Item]:
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

    def _asked(self, connection: HttpSession, leaf: Leaf) -> LiveFile | LeftOut:
        """Return what Drive tells of a file, or of a shortcut's target; or why it is left out."""
        ask = self._asked_at_api if self._key else self._sized
        link = leaf.item.link
        try:
            try:
                return ask(connection, leaf.path, link)
            except NotFoundError:
                target = self._target(connection, link)
                if target is None:
                    raise
                link = target
                return ask(connection, leaf.path, link)
        except EvioDataError as error:
            return LeftOut(shown(leaf.path), str(error), link.id)

    def _asked_at_api(
        self, connection: HttpSession, path: tuple[str, ...], link: FileLink
    ) -> LiveFile:
        item = folders.item_of_json(self._text(connection, link, folders.api_file_url(link)))
        if item.kind != "file" or not item.downloadable:
            raise DriveRefusedError("not a file that can be downloaded.")
        resource_key = item.link.resource_key or link.resource_key
        return _as_live(path, item._replace(link=FileLink(link.id, resource_key)))

    def _sized(self, connection: HttpSession, path: tuple[str, ...], link: FileLink) -> LiveFile:
        """Ask for the first byte, whose answer says how many there are."""
        source = DriveSource(link, endpoint=self._settings.endpoint)

        def ask() -> int | None:
            with source.open(connection, 0, 1) as body:
                if body.placement.honoured:  # with its byte read, the line can be used again
                    body.stream.read_into(memoryview(bytearray(1)))
                return body.placement.total

        try:
            size = self._patiently(ask)
        except ranges.RangeNotSatisfiableError:
            return LiveFile(path, link, 0)  # no first byte
        except ranges.RangeError as error:
            return LiveFile(path, link, unsized=f"{error}.")
        except (QuotaExceededError, _GaveUpError) as error:
            return LiveFile(path, link, unsized=str(error))
        return LiveFile(path, link, size, unsized="" if size is not None else "Drive did not say.")

    def _target(self, connection: HttpSession, link: FileLink) -> FileLink | None:
        """Return the file that a shortcut leads to; None if it is no shortcut."""
        if self._key:
            return None  # the API's listing has said it

        def ask() -> str:
            with self._get(connection, folders.view_url(link), {}) as answer:
                raise_for_transient(answer)
                return answer.url

        try:
            target = links.file_link(self._patiently(ask))
        except (DownloadError, _GaveUpError):
            return None
        return target if target is not None and target.id != link.id else None

    # --- requests -----------------------------------------------------------------------------

    def _text(self, connection: HttpSession, link: FileLink, url: str) -> str:
        """Return the text of a listing, and raise for any other answer."""
        secret = links.api_headers(link, self._key) if self._key else {}
        return self._patiently(lambda: self._text_once(connection, url, secret))

    def _text_once(self, connection: HttpSession, url: str, secret: dict[str, str]) -> str:
        with self._get(connection, url, secret) as answer:
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

    def _get(self, connection: HttpSession, url: str, secret: dict[str, str]) -> Answer:
        endpoint = self._settings.endpoint
        return connection.get(
            url, headers={}, route=lambda each: route(each, endpoint), secret=secret
        )

    def _patiently(self, ask: Callable[[], Result]) -> Result:
        """Return ``ask()``, asked again while the fault may pass."""
        reason = "it has not answered for some time"
        patience = self._settings.retries + 1 if self._no_server_answered < MAX_IN_VAIN else 0
        for failures in range(1, patience + 1):
            self.cancellation.wait(max(0.0, self._resume_at - time.monotonic()))
            try:
                result = ask()
            except TransportError as error:
                reason = str(error)
                self._pause(error, failures)
            except EvioDataError:
                self._no_server_answered = 0  # a refusal is an answer, too
                raise
            else:
                self._no_server_answered = 0
                return result
        self._no_server_answered += 1
        raise _GaveUpError(f"Drive could not be asked ({reason}).")

    def _pause(self, error: TransportError, failures: int) -> None:
        if failures > self._settings.retries:
            return
        if isinstance(error, BusyError):
            wait = busy_wait(failures, error.wait)
            if self._resume_at < time.monotonic():
                self._tell(f"{error}: pausing for {duration(wait)}")
            self._resume_at = max(self._resume_at, time.monotonic() + wait)
        else:
            wait = max(backoff(failures), error.wait or 0.0)
            if wait > SILENCE:
                self._tell(f"{error}: trying again in {duration(wait)}")
            self.cancellation.wait(wait)

    def _in_parallel(
        self, tasks: Sequence[Task], work: Callable[[HttpSession, Task], Result]
    ) -> list[Result | EvioDataError]:
        """Return what became of each task, over several connections; faults of ours are raised."""
        results: dict[int, Result | EvioDataError] = {}
        waiting = deque(enumerate(tasks))
        broken: list[BaseException] = []

        def serve() -> None:
            connection = HttpSession(timeout=self._settings.timeout)
            try:
                for number, task in _drained(waiting):
                    results[number] = _outcome(work, connection, task)
            except BaseException as error:  # noqa: BLE001 - raised again below
                broken.append(error)
                self.cancellation.cancel()
            finally:
                connection.close()

        count = min(self._connections, len(tasks))
        threads = [threading.Thread(target=serve, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if broken:
            raise broken[0]
        return [results[number] for number in range(len(tasks))]


class _GaveUpError(Exception):
    """Drive did not answer properly, however often it was asked."""


def _drained(waiting: deque[Task]) -> Iterator[Task]:
    """Yield what nobody has taken yet; several threads may share it."""
    while True:
        try:
            task = waiting.popleft()
        except IndexError:
            return
        yield task


def _outcome(
    work: Callable[[HttpSession, Task], Result], connection: HttpSession, task: Task
) -> Result | EvioDataError:
    try:
        return work(connection, task)
    except EvioDataError as error:
        return error
    except _GaveUpError as error:
        return DownloadError(str(error), advice="Run again.")


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
