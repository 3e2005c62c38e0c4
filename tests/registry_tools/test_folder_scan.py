"""Surveys of folders on a local Drive, by its pages and by its API."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from evio_data._http.connection import HttpSession
from evio_data._registry_tools import folder_scan
from evio_data._registry_tools.folder_scan import Survey, scan_folder
from evio_data._settings import Settings
from evio_data._transfer import questions
from evio_data.errors import (
    AccessDeniedError,
    DownloadError,
    DriveRefusedError,
    EvioDataError,
    NotFoundError,
    OfflineError,
)
from evio_data.testing import DriveFolder, DriveServer

KEY = "AIza-the-secret-key"
RESOURCE_KEY = "0-2L-INjRPsn2ANX4MZIGU0Q"


@pytest.fixture
def server() -> Iterator[DriveServer]:
    """A Drive whose larger files come after a warning page."""
    with DriveServer(scan_limit=1000) as running:
        yield running


@pytest.fixture
def root(server: DriveServer) -> DriveFolder:
    """The folder that is shared."""
    return server.folder("Challenge")


@pytest.fixture(params=["pages", "api"])
def key(request: pytest.FixtureRequest) -> str | None:
    """Both ways of asking."""
    return KEY if request.param == "api" else None


def look(root: DriveFolder, server: DriveServer, key: str | None = None, **more: object) -> Survey:
    """Survey a folder."""
    settings = Settings(endpoint=server.endpoint, api_key=key, timeout=5, retries=1)
    return scan_folder(root.url, settings._replace(**more))  # type: ignore[arg-type]


def paths(found: Survey) -> list[str]:
    """Return the paths of all files."""
    return sorted("/".join(file.path) for file in found.files)


def reasons(found: Survey) -> dict[str, str]:
    """Return what is left out, and why."""
    return {left.path: left.why for left in found.left_out}


def test_files_of_all_levels(server: DriveServer, root: DriveFolder, key: str | None) -> None:
    """Every file is found with its exact size, whether a warning page comes first or not."""
    fan = server.folder("fan", parent=root)
    deep = server.folder("deep", parent=fan)
    sizes = {"a.raw": 0, "fan/b.raw": 999, "fan/deep/c.raw": 5000}
    for (path, size), folder in zip(sizes.items(), (root, fan, deep), strict=True):
        server.add(path.rpartition("/")[2], b"x" * size, folder=folder)
    found = look(root, server, key)
    assert {"/".join(file.path): file.size for file in found.files} == sizes
    assert (found.folders, found.left_out) == (3, [])
    assert all((file.hash is not None) is (key is not None) for file in found.files)


def test_nothing_is_downloaded(server: DriveServer, root: DriveFolder, key: str | None) -> None:
    """Of a file at most one byte is asked for; with a key, none."""
    file = server.add("a.raw", b"x" * 5000, folder=root)
    look(root, server, key)
    assert {record.range for record in server.requests if record.kind == "data"} <= {"bytes=0-0"}
    assert server.sent(file) == (0 if key else 1)


def test_more_than_a_page(server: DriveServer, root: DriveFolder, key: str | None) -> None:
    """A long folder is listed whole: one long page, or many short ones."""
    server.api_page_limit = 7
    names = [f"{number:03}.raw" for number in range(60)]
    for name in names:
        server.add(name, b"x", folder=root)
    assert paths(look(root, server, key)) == names


def test_large_page(server: DriveServer, root: DriveFolder) -> None:
    """A listing far longer than other pages of Drive is read to its end."""
    for number in range(900):
        root.add_native(f"{number} {'x' * 300}")
    server.add("last.raw", b"x", folder=root)
    found = look(root, server)
    assert (paths(found), len(found.left_out)) == (["last.raw"], 900)


def test_shortcuts(server: DriveServer, root: DriveFolder, key: str | None) -> None:
    """A shortcut's target is registered, under its own id and once; cycles end."""
    inside = server.add("inside.raw", b"12", folder=root)
    outside = server.add("outside.raw", b"123")
    root.add_shortcut(outside, "link.raw")
    root.add_shortcut(inside, "again.raw")
    server.folder("sub", parent=root).add_shortcut(root, "up")
    elsewhere = server.folder("elsewhere")
    server.add("far.raw", b"1", folder=elsewhere)
    root.add_shortcut(elsewhere, "there")
    found = look(root, server, key)
    assert {file.link.id: file.size for file in found.files}[outside.id] == 3
    assert paths(found) == ["inside.raw", "link.raw", "there/far.raw"]
    assert reasons(found) == {
        "again.raw": "the same file as inside.raw.",
        "sub/up": "leads to a folder that is listed already.",
    }


def test_documents(server: DriveServer, root: DriveFolder, key: str | None) -> None:
    """Google documents are left out and named, shortcuts to them too."""
    root.add_native("Notes", "spreadsheets")
    server.add("a.raw", b"x", folder=root)
    found = look(root, server, key)
    assert paths(found) == ["a.raw"]
    assert "no bytes" in reasons(found)["Notes"]


def test_resource_keys(server: DriveServer, root: DriveFolder, key: str | None) -> None:
    """Folders and files that want a key get it, and it is kept for later."""
    root.resource_key = RESOURCE_KEY
    server.add("a.raw", b"xy", folder=root, resource_key="0-file")
    settings = Settings(endpoint=server.endpoint, api_key=key, retries=0)
    (file,) = scan_folder(f"{root.url}?resourcekey={RESOURCE_KEY}", settings).files
    assert (file.size, file.link.resource_key) == (2, "0-file")
    with pytest.raises((AccessDeniedError, NotFoundError), match="public"):
        look(root, server, key)


@pytest.mark.parametrize("refusal", ["not-found", "sign-in", "no-entries", "empty"])
def test_refused_folder(
    server: DriveServer, root: DriveFolder, refusal: str, key: str | None
) -> None:
    """A folder that is missing, private or looks empty is an error that speaks of the folder."""
    server.add("a.raw", b"x", folder=root)
    root.refuse = refusal  # type: ignore[assignment]
    with pytest.raises((AccessDeniedError, NotFoundError), match="public"):
        look(root, server, key)


def test_empty_folder(server: DriveServer, root: DriveFolder, key: str | None) -> None:
    """A folder that lists nothing is an error, whether it may be seen or not."""
    with pytest.raises(AccessDeniedError, match="lists nothing"):
        look(root, server, key)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [("denied", "denies"), ("infected", "virus"), ("disabled", "downloads off")],
)
def test_refused_file(server: DriveServer, root: DriveFolder, refusal: str, words: str) -> None:
    """A file that Drive does not give is left out and named, with the reason."""
    server.add("a.raw", b"x", folder=root)
    server.add("no.glb", b"x", folder=root, refuse=refusal)
    found = look(root, server)
    assert paths(found) == ["a.raw"]
    assert words in reasons(found)["no.glb"]


def test_refused_files_only(server: DriveServer, root: DriveFolder, key: str | None) -> None:
    """If Drive gives none of the files, the error says why, and not that there is none."""
    server.add("no.glb", b"x", folder=root, refuse="disabled")
    with pytest.raises(DriveRefusedError, match=r"no\.glb: .*switched downloads off"):
        look(root, server, key)


def test_refused_target(server: DriveServer, root: DriveFolder, key: str | None) -> None:
    """A shortcut whose target is refused is left out under the target's id, as it is registered."""
    server.add("a.raw", b"x", folder=root)
    target = server.add("no.glb", b"x", refuse="disabled")
    root.add_shortcut(target, "link.glb")
    (left,) = look(root, server, key).left_out
    assert (left.path, left.id) == ("link.glb", target.id)


def test_download_switched_off(server: DriveServer, root: DriveFolder) -> None:
    """The API says beforehand what cannot be downloaded."""
    server.add("a.raw", b"x", folder=root)
    server.add("no.glb", b"x", folder=root, refuse="disabled")
    assert "switched downloads off" in reasons(look(root, server, KEY))["no.glb"]


@pytest.mark.parametrize("switches", [{"quota": "always"}, {"errors": [503] * 9}])
def test_size_that_is_not_said(
    server: DriveServer, root: DriveFolder, switches: dict[str, object]
) -> None:
    """A file whose size cannot be asked for now is found all the same, and that is told."""
    server.add("a.raw", b"x", folder=root, **switches)  # type: ignore[arg-type]
    (file,) = look(root, server, None, retries=0).files
    assert file.size is None
    assert file.unsized


def test_drive_that_does_not_answer(server: DriveServer, root: DriveFolder) -> None:
    """After some files in a row without an answer the others are not asked for."""
    for number in range(2 * questions.MAX_IN_VAIN):
        server.add(f"{number}.raw", b"x", folder=root, errors=[503] * 99)
    settings = Settings(endpoint=server.endpoint, retries=0)
    found = scan_folder(root.url, settings, connections=1)
    assert all(file.unsized for file in found.files)
    asked = {record.file_id for record in server.requests} - {root.id}
    assert (len(found.files), len(asked)) == (2 * questions.MAX_IN_VAIN, questions.MAX_IN_VAIN)


def test_ranges_ignored(server: DriveServer, root: DriveFolder) -> None:
    """Where ranges are ignored, the length of the whole file tells the size."""
    server.add("a.raw", b"x" * 300, folder=root, ranges="ignore")
    assert look(root, server).files[0].size == 300


def test_passing_faults(server: DriveServer, root: DriveFolder) -> None:
    """A fault that passes is waited for."""
    server.add("a.raw", b"xy", folder=root, errors=[503])
    assert look(root, server).files[0].size == 2


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("keyInvalid", AccessDeniedError), ("accessNotConfigured", AccessDeniedError)],
)
def test_refused_key(
    server: DriveServer, root: DriveFolder, reason: str, kind: type[EvioDataError]
) -> None:
    """A key that the API refuses is the error, and not a folder without files."""
    target = server.add("b.raw", b"x", api_error=reason)
    root.add_shortcut(target)
    server.add("a.raw", b"x", folder=root)
    found = look(root, server, KEY)
    assert reason in reasons(found)["b.raw"]
    server.api_key = "another"
    with pytest.raises(kind, match="refused the key"):
        look(root, server, KEY)


def test_no_network(server: DriveServer, root: DriveFolder) -> None:
    """Nothing is asked when the network is switched off."""
    with pytest.raises(OfflineError):
        look(root, server, None, offline=True)
    assert server.requests == []


@pytest.mark.parametrize("url", ["", "x", "https://example.org/drive/folders/" + "1" * 33])
def test_no_folder(url: str) -> None:
    """A link to something else is an error."""
    with pytest.raises(DownloadError, match="no link"):
        scan_folder(url, Settings())


def test_connections_are_parallel(server: DriveServer, root: DriveFolder) -> None:
    """Sizes are asked for over several connections, and no more than allowed."""
    for number in range(40):
        server.add(f"{number}.raw", b"x", folder=root)
    settings = Settings(endpoint=server.endpoint)
    scan_folder(root.url, settings, connections=4)
    asked = [record for record in server.requests if record.file_id != root.id]
    assert 1 < len({record.client_port for record in asked}) <= 4


# --- a gateway that does as it likes ------------------------------------------------------------


@contextmanager
def gateway(answer: Callable[[str], bytes | Iterator[bytes]]) -> Iterator[str]:
    """Answer each request path with raw bytes, at once or by and by; yield the base URL."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline().decode("latin-1")
            while self.rfile.readline().strip():
                pass
            answered = answer(line.split(" ")[1])
            with suppress(OSError):  # the client has enough
                for some in [answered] if isinstance(answered, bytes) else answered:
                    self.wfile.write(some)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def whole(body: str, status: str = "200 OK", *lines: str) -> bytes:
    """Return a response."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *lines]
    return "\r\n".join([*head, "", body]).encode()


def ask(base: str, key: str | None = None, **more: object) -> Survey:
    """Survey a folder by way of a gateway."""
    settings = Settings(endpoint=base, api_key=key, timeout=5, retries=0)
    return scan_folder("1" * 33, settings._replace(**more))  # type: ignore[arg-type]


def test_list_without_an_end() -> None:
    """A token that comes again ends the list with an error."""
    asked: list[str] = []

    def answer(path: str) -> bytes:
        asked.append(path)
        return whole('{"files": [], "nextPageToken": "t"}')

    with gateway(answer) as base, pytest.raises(DownloadError, match="does not end"):
        ask(base, KEY)
    assert len(asked) == 2


def test_listing_cut_short() -> None:
    """A listing of which less comes than was promised is not taken."""
    page = whole('<div class="flip-entries"></div>').replace(b"Length: 3", b"Length: 9")
    with gateway(lambda _: page) as base, pytest.raises(DownloadError, match="cut short"):
        ask(base)


def test_endless_listing() -> None:
    """A listing that goes on and on is left after so many bytes."""
    page = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(folder_scan.MAX_LISTING + 1)
    with gateway(lambda _: page) as base, pytest.raises(DownloadError, match="does not end"):
        ask(base)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_dribbling_listing(line: str) -> None:
    """A listing that never falls silent, and never ends, is left after so much time."""
    rest = b"1\r\nx\r\n" if "chunked" in line else b"x"

    def answer(path: str) -> Iterator[bytes]:
        yield f"HTTP/1.1 200 OK\r\n{line}\r\n\r\n".encode()
        while True:
            time.sleep(0.05)
            yield rest

    with gateway(answer) as base, closing(HttpSession(timeout=5)) as connection:
        listing = connection.get(base, headers={}, route=lambda url: url)
        with listing, pytest.raises(DownloadError, match="does not end"):
            folder_scan._read(listing, within=0.5)


def test_too_many_items() -> None:
    """A listing of more things than anybody shares is left, whatever they are."""
    entry = f'<div class="flip-entry" id="entry-{"1" * 10}"></div>'
    page = whole(f'<div class="flip-entries">{entry * (folder_scan.MAX_ITEMS + 1)}</div>')
    with gateway(lambda _: page) as base, pytest.raises(DownloadError, match="100,000 items"):
        ask(base)


def test_compressed_listing() -> None:
    """A listing that comes compressed unasked is refused."""
    page = whole("x", "200 OK", "Content-Encoding: br")
    with gateway(lambda _: page) as base, pytest.raises(DownloadError, match="compressed"):
        ask(base)


def test_sorry_page_is_waited_for() -> None:
    """The page for automated queries makes everything pause; then it is an error of the line."""
    words: list[str] = []
    page = whole("<title>Sorry...</title>", "429 Too Many Requests", "Retry-After: 0")
    with gateway(lambda _: page) as base:
        settings = Settings(endpoint=base, timeout=5, retries=2)
        with pytest.raises(DownloadError, match="fewer requests"):
            scan_folder("1" * 33, settings, tell=words.append)
    assert any("pausing" in each for each in words)


def test_errors_are_public(key: str | None) -> None:
    """A Drive that cannot be asked is an error of the documented tree, by its own name."""
    with pytest.raises(DownloadError, match=r"could not be asked .* Run again\.") as caught:
        ask("http://127.0.0.1:9", key)
    assert caught.type is DownloadError


@pytest.mark.timeout(20)
def test_long_waits_are_told() -> None:
    """Whoever has to wait because a server asks for it is told so, and for how long."""

    def stop(words: str) -> None:
        assert words == "drive.google.com answered 503: trying again in 1 min 30 s"
        raise KeyboardInterrupt

    page = whole("", "503 Service Unavailable", "Retry-After: 90")
    with gateway(lambda _: page) as base, pytest.raises(KeyboardInterrupt):
        scan_folder("1" * 33, Settings(endpoint=base), tell=stop)


@pytest.mark.parametrize("key", [None, KEY])
def test_redirect_to_strangers(key: str | None) -> None:
    """A redirect to a host that is not Google's is not followed."""
    away = whole("", "302 Found", "Location: https://www.googleapis.com.evil.example/x")
    with gateway(lambda _: away) as base, pytest.raises(DriveRefusedError, match="not followed"):
        ask(base, key)


@pytest.mark.parametrize(
    "text", ['{"error": {"message": "no %s", "errors": [{"reason": "odd %s"}]}}', "<p>%s</p>"]
)
@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "200 OK"])
def test_key_that_is_echoed(text: str, status: str) -> None:
    """A gateway that repeats the key does not bring it into an error."""
    page = whole(text.replace("%s", KEY), status)
    with gateway(lambda _: page) as base, pytest.raises(DownloadError) as caught:
        ask(base, KEY)
    seen: BaseException | None = caught.value
    while seen is not None:
        assert KEY not in repr(seen)
        seen = seen.__cause__ or seen.__context__


@pytest.mark.timeout(20)
def test_interrupt_ends_the_waiting(server: DriveServer, root: DriveFolder) -> None:
    """Whatever ends a survey ends its waiting threads, too."""
    server.add("a.raw", b"x", folder=root, errors=[503] * 99, retry_after="600")

    def stop(words: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan_folder(root.url, Settings(endpoint=server.endpoint), tell=stop)
    for thread in threading.enumerate():
        if thread.name.startswith("evio-data"):
            thread.join(10)
            assert not thread.is_alive()
    assert urlsplit(root.url).hostname == "drive.google.com"
