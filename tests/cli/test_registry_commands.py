"""``registry build``, ``registry check`` and ``pin``, each run in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from evio_data._registry.parser import parse, shipped_path
from evio_data.testing import DriveFile, DriveFolder, DriveServer
from tests import commands
from tests.commands import Result

if TYPE_CHECKING:
    from tests.conftest import Drive

KEY = "AIza-the-secret-key"
MAIN = "from evio_data._cli.main import main; main()"


@pytest.fixture
def run(here: Path) -> Any:
    """Run ``evio-data`` in that folder."""

    def command(*arguments: str, **environment: str) -> Result:
        return commands.run(*arguments, cwd=here, **environment)

    return command


@pytest.fixture
def challenge(drive: Drive) -> DriveFolder:
    """A folder of 120 entries on three levels."""
    server = drive.server
    server.scan_limit = 1000
    root = server.folder("Challenge")
    for number in range(9):
        recording = server.folder(f"recording {number}", parent=root)
        inner = server.folder("Event", parent=recording)
        for name in ("events.dat", "events.raw"):
            server.add(name, os.urandom(100 + 300 * number), folder=inner)
        for frame in range(8):
            server.add(f"{frame}.png", b"x" * frame, mime="image/png", folder=recording)
    root.add_native("Notes")
    for name in ("events.dat", "events.dat", "Events.dat", "a:b.raw"):
        server.add(name, os.urandom(50), folder=root)
    root.add_shortcut(server.add("elsewhere.raw", b"12345"), "link.raw")
    root.entries[0].add_shortcut(root, "up")  # type: ignore[union-attr]
    for number in range(5):
        server.add(f"top{number}.raw", b"x", folder=root)
    assert _entries(root) == 120
    return root


def _entries(folder: DriveFolder) -> int:
    inside = [item for item in folder.entries if isinstance(item, DriveFolder)]
    return len(folder.entries) + sum(map(_entries, inside))


def named(server: DriveServer, name: str) -> DriveFile:
    """Return the file of that name."""
    file = server.named(name)
    assert file is not None
    return file


@pytest.mark.parametrize("key", ["", KEY])
def test_story_of_a_folder(
    drive: Drive, challenge: DriveFolder, here: Path, run: Any, key: str
) -> None:
    """Built twice, a registry does not change; one file replaced, the check says which."""
    first = run("registry", "build", challenge.url, EVIO_DATA_API_KEY=key)
    assert first.code == 0, first.err
    text = (here / "registry.txt").read_bytes()
    entries = parse(text).entries
    assert len(entries) == 100
    assert all(entry.size is not None for entry in entries.values())
    assert all((entry.hash is not None) == bool(key) for entry in entries.values())
    assert {"Events.dat", "events-3/events.dat", "link.raw", "a%3Ab.raw"} < entries.keys()
    assert "events.dat is events-2/events.dat here (duplicate name)" in first.err
    assert "left out: Notes: a Google document" in first.err

    second = run("registry", "build", challenge.url, EVIO_DATA_API_KEY=key)
    assert (second.code, (here / "registry.txt").read_bytes()) == (0, text)
    check = ("registry", "check", "--registry", "registry.txt")
    same = run(*check, EVIO_DATA_API_KEY=key)
    assert (same.code, same.out) == (0, "registry.txt: as the folder, 100 files\n")

    replaced = named(drive.server, "top2.raw")
    # With a key the hash tells; without one, only the size.
    replaced.replace(b"y" if key else b"yy")
    drifted = run(*check, EVIO_DATA_API_KEY=key)
    assert drifted.code == 1
    assert drifted.out.startswith(
        "! top2.raw: its " + ("sha256" if key else "size was 1, and is 2")
    )
    assert len(drifted.out.splitlines()) == 2
    third = run("registry", "build", challenge.url, EVIO_DATA_API_KEY=key)
    assert (third.code, (here / "registry.txt").read_bytes()) == (1, text)


def test_drift_as_json(drive: Drive, challenge: DriveFolder, here: Path, run: Any) -> None:
    """What was added, removed and changed is in the JSON, apart from the words."""
    server = drive.server
    run("registry", "build", challenge.url, "-o", "mine.txt")
    new = server.add("new.raw", b"123", folder=challenge)
    gone = named(server, "top0.raw")
    challenge.entries.remove(gone)
    named(server, "top1.raw").replace(b"12")
    named(server, "top3.raw").refuse = "denied"
    result = run("registry", "check", "--json", "--registry", "mine.txt")
    assert result.code == 1
    value = result.json
    assert value["ok"] is False
    assert value["folder"] == challenge.url
    assert value["added"] == [
        {
            "name": "new.raw",
            "url": f"https://drive.google.com/uc?export=download&id={new.id}",
            "size": 3,
            "sha256": None,
            "hash": None,
        }
    ]
    assert value["removed"] == ["top0.raw"]
    assert value["changed"] == [
        {"name": "top1.raw", "what": "size", "registered": "1", "live": "2"}
    ]
    assert [each["name"] for each in value["unreachable"]] == ["top3.raw"]
    assert "Notes" in [each["path"] for each in value["left_out"]]
    assert len(value["files"]) == 99


def test_build_where_nothing_can_be_written(
    drive: Drive, challenge: DriveFolder, run: Any, tmp_path: Path
) -> None:
    """A place that cannot be written to is told before Drive is asked for anything."""
    code, _, said = run("registry", "build", challenge.url, "-o", str(tmp_path / "no" / "r.txt"))
    assert code == 1
    assert "cannot write" in said
    assert drive.server.requests == []


def test_build_as_json(drive: Drive, challenge: DriveFolder, run: Any) -> None:
    """A build tells in JSON what it wrote, and a second one that it wrote nothing."""
    first = run("registry", "build", challenge.url, "--json")
    assert (first.code, first.json["written"], len(first.json["added"])) == (0, True, 100)
    second = run("registry", "build", challenge.url, "--json")
    assert (second.json["written"], second.json["added"], second.json["ok"]) == (False, [], True)


def test_built_registry_serves(drive: Drive, challenge: DriveFolder, here: Path, run: Any) -> None:
    """What a built registry names can be fetched, names with blanks and shortcuts too."""
    run("registry", "build", challenge.url)
    names = ["recording 3/Event/events.raw", "link.raw", "a%3Ab.raw"]
    result = run("fetch", "--registry", "registry.txt", *names)
    assert result.code == 0, result.err
    assert [Path(line).stat().st_size for line in result.out.splitlines()] == [1000, 5, 50]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["build"], "FOLDER_URL"),
        (["build", "https://example.org/"], "no link to a Google Drive folder"),
        (["check", "x"], "no link to a Google Drive folder"),
        (["check", "--registry", "none.txt"], "none.txt"),
        (["check", "--registry", "plain.txt"], "which folder"),
        (["build", "1" * 33, "-o", "broken.txt"], "line 1"),
        (["build", "1" * 33, "-o", "other.txt"], "another folder"),
        (["build", "1" * 33, "-j", "0"], "1 to 32"),
    ],
)
def test_usage(here: Path, run: Any, words: list[str], said: str) -> None:
    """What cannot be meant is answered with exit code 2, before anything is asked."""
    (here / "plain.txt").write_text("a unpinned https://a.org/a\n")
    (here / "broken.txt").write_text("a b\n")
    (here / "other.txt").write_text(
        f"# folder: https://drive.google.com/drive/folders/{'2' * 33}\n"
    )
    result = run("registry", *words)
    assert result.code == 2, result
    assert said in result.err


@pytest.mark.parametrize("refusal", ["not-found", "sign-in", "no-entries", "empty"])
def test_refused_folder_makes_no_registry(
    challenge: DriveFolder, here: Path, run: Any, refusal: str
) -> None:
    """A folder that is refused leaves no file, and an old one as it was."""
    challenge.refuse = refusal  # type: ignore[assignment]
    assert run("registry", "build", challenge.url).code == 1
    assert list(here.iterdir()) == []
    (here / "registry.txt").write_text("a unpinned https://a.org/a\n")
    result = run("registry", "build", challenge.url, "--json")
    assert (result.code, result.json["ok"]) == (1, False)
    assert "public" in result.json["error"]["message"]
    assert (here / "registry.txt").read_text() == "a unpinned https://a.org/a\n"


# --- the key ----------------------------------------------------------------------------------


class Proxy(socketserver.ThreadingTCPServer):
    """A plain HTTP proxy that keeps every request, and may answer some itself."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hop)
        self.requests: list[bytes] = []
        self.answers: dict[str, bytes] = {}  # by path

    def key_seen_at(self) -> set[str]:
        """Return the paths of the requests that held the key."""
        holding = [request for request in self.requests if KEY.encode() in request]
        return {urlsplit(request.split(b" ")[1].decode()).path for request in holding}


class _Hop(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        head = self.rfile.readline()
        while line := self.rfile.readline().rstrip(b"\r\n"):
            if not line.lower().startswith((b"connection:", b"proxy-connection:")):
                head += line + b"\r\n"
        self.server.requests.append(head)
        target = urlsplit(head.split(b" ")[1].decode())
        own = self.server.answers.get(target.path)
        if own is not None:
            self.wfile.write(own)
            return
        with closing(socket.create_connection((target.hostname, target.port or 80), 20)) as there:
            there.sendall(head + b"Connection: close\r\n\r\n")
            while piece := there.recv(65536):
                self.wfile.write(piece)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A running proxy."""
    with Proxy() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        os.environ["HTTP_PROXY"] = os.environ["http_proxy"] = (
            f"http://127.0.0.1:{running.server_address[1]}"
        )
        yield running
        running.shutdown()


def _logged(run: Any, *words: str) -> Result:
    """Run a command with every log at its most talkative."""
    talkative = "import logging; logging.basicConfig(level=1); " + MAIN
    done = subprocess.run(
        [sys.executable, "-c", talkative, *words],
        capture_output=True,
        env={**os.environ, "EVIO_DATA_API_KEY": KEY},
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("json_flag", [[], ["--json"]])
def test_key_goes_to_the_api_only(
    drive: Drive, challenge: DriveFolder, here: Path, run: Any, proxy: Proxy, json_flag: list[str]
) -> None:
    """The key is in no output, log or address, and in requests to the API only."""
    output = str(here / "registry.txt")
    result = _logged(run, "registry", "build", challenge.url, "-o", output, *json_flag)
    assert result.code == 0, result.err
    assert len(proxy.requests) == 20  # 19 folders, and the target of a shortcut
    assert KEY not in result.out + result.err + Path(output).read_text()
    assert all(path.startswith("/drive/v3/files") for path in proxy.key_seen_at())
    assert not any(KEY.encode() in request.split(b"\r\n")[0] for request in proxy.requests)


@pytest.mark.parametrize(
    "location",
    [
        "https://www.googleapis.com.evil.example/steal",
        "https://drive.google.com/steal",
        "http://127.0.0.2:9/steal",
    ],
)
def test_key_does_not_follow_redirects(
    drive: Drive, challenge: DriveFolder, here: Path, run: Any, proxy: Proxy, location: str
) -> None:
    """Wherever the API may send us, the key does not come along."""
    proxy.answers["/drive/v3/files"] = (
        f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()
    result = run("registry", "check", challenge.url, "--json", EVIO_DATA_API_KEY=KEY)
    assert result.code == 1
    assert KEY not in result.out + result.err
    assert proxy.key_seen_at() == {"/drive/v3/files"}
    asked = [urlsplit(request.split(b" ")[1].decode()) for request in proxy.requests]
    assert {target.netloc for target in asked} == {urlsplit(drive.server.endpoint).netloc}


def test_key_that_comes_back(drive: Drive, challenge: DriveFolder, run: Any, proxy: Proxy) -> None:
    """An error that repeats the key is told without it."""
    body = json.dumps({"error": {"message": f"bad {KEY}", "errors": [{"reason": f"no{KEY}"}]}})
    proxy.answers["/drive/v3/files"] = (
        f"HTTP/1.1 400 Bad\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    ).encode()
    result = run("registry", "build", challenge.url, "--json", EVIO_DATA_API_KEY=KEY)
    assert result.code == 1
    assert "bad" in result.err
    assert KEY not in result.out + result.err


def test_refused_key(drive: Drive, challenge: DriveFolder, run: Any) -> None:
    """A key that the API refuses is an error with advice, and not an empty folder."""
    drive.server.api_key = "another"
    result = run("registry", "build", challenge.url, EVIO_DATA_API_KEY=KEY)
    assert result.code == 1
    assert "EVIO_DATA_API_KEY" in result.err
    assert KEY not in result.err


# --- pin --------------------------------------------------------------------------------------

DATA = b"% evt 3.0\n" + bytes(1000)
HASH = hashlib.sha256(DATA).hexdigest()


def test_pin(drive: Drive, run: Any) -> None:
    """Cached files are pinned in the registry that is named, and a second time nothing changes."""
    file = drive.add("a b.raw", DATA, pinned=False)
    drive.add("c.raw", DATA, pinned=False)
    run("fetch", "a b.raw")
    words = ("pin", "--registry", str(drive.registry))
    result = run(*words)
    assert result.code == 0, result.err
    assert result.out.startswith(f"a b.raw: {HASH}, 1,010 bytes: ")
    assert "first use in this cache" in result.out
    text = drive.registry.read_text()
    assert file.registry_line("a b.raw", size=True) in text
    again = run(*words)
    assert again.out == "nothing pinned, 1 had a hash, 1 not cached\n"
    assert drive.registry.read_text() == text
    assert run("fetch", "a b.raw").code == 0


def test_pin_of_a_file_that_is_not_there(drive: Drive, run: Any) -> None:
    """A file that was asked for by name, and is not cached, is a failure; by a glob it is not."""
    drive.add("a.raw", DATA, pinned=False)
    assert run("pin", "*.raw").code == 0
    result = run("pin", "a.raw")
    assert result.code == 1
    assert "a.raw: not cached" in result.err
    assert run("pin", "b.raw").code == 2


def test_refused_pin(drive: Drive, run: Any) -> None:
    """A pin that contradicts the cache is refused; the others are written."""
    drive.add("a.raw", DATA, pinned=False)
    drive.add("b.raw", DATA, pinned=False)
    run("fetch", "a.raw", "b.raw")
    drive.path("a.raw").write_bytes(b"other")
    result = run("pin")
    assert result.code == 1
    assert "refused: a.raw" in result.err
    lines = drive.registry.read_text().splitlines()
    assert lines[0].startswith("a.raw unpinned ")
    assert lines[1].startswith(f"b.raw {HASH} ")


def test_shipped_registry_is_not_written_to(here: Path, run: Any) -> None:
    """The shipped registry is written to only where it is named; else a new file must be."""
    shipped = Path(shipped_path())
    before = shipped.read_bytes()
    result = run("pin")
    assert result.code == 1
    assert "-o registry.txt" in result.err
    assert run("pin", "-o", "new.txt").code == 0
    assert shipped.read_bytes() == before
    assert not (here / "new.txt").exists()


def test_pin_into_a_new_file(drive: Drive, here: Path, run: Any) -> None:
    """With -o the registry stays as it is, and a new file has the pins; no file is overwritten."""
    file = drive.add("a.raw", DATA, pinned=False)
    run("fetch", "a.raw")
    before = drive.registry.read_text()
    assert run("pin", "-o", "new.txt").code == 0
    assert (here / "new.txt").read_text() == file.registry_line(size=True) + "\n"
    assert drive.registry.read_text() == before
    result = run("pin", "-o", "new.txt")
    assert result.code == 1
    assert "exists" in result.err
