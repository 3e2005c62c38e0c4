"""Mirrors: copies that need not be trusted, before or after Drive, for any part of a file."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import evio_data
from evio_data import errors
from evio_data._collection import open_collection
from evio_data.testing import DriveServer

if TYPE_CHECKING:
    from tests.conftest import Drive


MIB = 2**20
SIZE = 6 * MIB
OVERLAP = 64 * 1024  # bytes that a resumed file's first answer repeats
DATA = random.Random(3).randbytes(SIZE)
OTHER = random.Random(4).randbytes(SIZE)
FETCH = "import sys, evio_data; print(evio_data.fetch(sys.argv[1]))"
MAIN = "from evio_data._cli.main import main; main()"
PREFETCH = "from evio_data._cli.main import prefetch_datasets; prefetch_datasets()"


@pytest.fixture
def copy() -> Iterator[DriveServer]:
    """An ordinary web server (of the same making as the local Drive) that can be a mirror."""
    with DriveServer() as server:
        yield server


def base(server: DriveServer) -> str:
    """Return the base URL of a mirror."""
    return f"{server.endpoint}/plain"


def prefer(*bases: str) -> None:
    """Ask mirrors before Drive."""
    os.environ["EVIO_DATA_MIRRORS"] = " ".join(bases)


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


# --- which URLs are mirrors -------------------------------------------------------------------


def test_environment_is_checked() -> None:
    """A mirror that cannot be one is named, with the variable."""
    prefer("http://good", "file:///etc")

    with pytest.raises(errors.EvioDataError, match="EVIO_DATA_MIRRORS has 'file:///etc'"):
        open_collection()


def test_registry_is_checked(drive: Drive) -> None:
    """A mirror in a registry's comment is checked as well, with the line."""
    drive.register("# mirrors: file:///etc")

    with pytest.raises(errors.RegistryError, match=r"line 1: the mirror 'file:///etc'"):
        open_collection()


SECRET = "hunter2"


def everything_said(drive: Drive, mirrors: str) -> str:
    """Return all that a fetch prints, logs and leaves on disk, with these mirrors."""
    logged = "import logging; logging.basicConfig(level='DEBUG')\n"
    command = PREFETCH.replace("()", "(['--yes', '--json'])")
    with drive.spawn(logged + command, EVIO_DATA_MIRRORS=mirrors, EVIO_DATA_TIMEOUT="2") as process:
        said = "".join(process.communicate(timeout=60))
    kept = [path for path in drive.cache.rglob("*") if path.is_file()]
    return said + "".join(path.read_text(errors="replace") for path in kept)


@pytest.mark.parametrize("serves", ["nothing", "a refusal", "a cut", "the file"])
def test_password_is_used_and_never_told(drive: Drive, copy: DriveServer, serves: str) -> None:
    """A password in a mirror's URL goes to that mirror; no output, log or file of ours has it."""
    drive.add("fan.raw", DATA, quota="always")
    drive.add("hover.raw", OTHER)
    switches: dict[str, dict[str, Any]] = {
        "a refusal": {"refuse": "denied"},
        "a cut": {"cut_after": 2 * MIB},
    }
    for name, content in (("fan.raw", DATA), ("hover.raw", OTHER)):
        copy.add(name, content, **switches.get(serves, {}))
    where = base(copy) if serves != "nothing" else f"http://127.0.0.1:{closed_port()}"

    said = everything_said(drive, where.replace("//", f"//bob:{SECRET}@"))

    assert drive.path("hover.raw").read_bytes() == OTHER
    assert SECRET not in said
    assert all(asked.headers["authorization"].startswith("Basic ") for asked in copy.requests)


@pytest.mark.parametrize(
    "text",
    [
        f"http:/bob:{SECRET}@host",
        f"bob:{SECRET}@host",
        f"http://bob:{SECRET}#1@host",
        f"http://bob:x/{SECRET}@host",
        f"http://good,http://bob:1,{SECRET}@host",
        f"s3://AKIA:{SECRET}@bucket",
        f"http://bob:{SECRET}@[host",
    ],
)
def test_password_in_a_mistake_is_not_told(drive: Drive, text: str) -> None:
    """A malformed mirror with a password in it is refused without a word of it."""
    drive.add("fan.raw", DATA)

    said = everything_said(drive, text)

    assert SECRET not in said
    assert "EVIO_DATA_MIRRORS has an entry" in said
    assert "Traceback" not in said


def test_order(drive: Drive) -> None:
    """The environment's mirrors come first, then Drive, then the registry's; none comes twice."""
    drive.add("fan.raw", DATA)
    drive.register("# mirrors: http://c http://a/")
    prefer("http://a/", "http://b", "http://a")
    collection = open_collection()

    labels = [s.label for s in collection.sources(collection.registry.find("fan.raw"))]

    assert labels == ["the mirror a", "the mirror b", "Google Drive", "the mirror c"]


def test_order_if_the_registry_prefers_mirrors(drive: Drive) -> None:
    """With ``prefer`` in its comment, the registry's mirrors come before Drive too."""
    drive.add("fan.raw", DATA)
    drive.register("# mirrors: prefer http://c")
    prefer("http://a")
    collection = open_collection()

    labels = [s.label for s in collection.sources(collection.registry.find("fan.raw"))]

    assert labels == ["the mirror a", "the mirror c", "Google Drive"]


# --- a mirror that has the file ---------------------------------------------------------------


def test_preferred(drive: Drive, copy: DriveServer) -> None:
    """A preferred mirror that has the file leaves Drive in peace: no request at all."""
    drive.add("fan/fan.raw", DATA)
    copy.add("fan/fan.raw", DATA)
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.requests == []


def test_fallback_is_not_asked_in_vain(drive: Drive, copy: DriveServer) -> None:
    """A registry's mirror is left in peace while Drive works."""
    drive.register(f"# mirrors: fallback {base(copy)}")
    drive.add("fan.raw", DATA)
    copy.add("fan.raw", DATA)

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert copy.requests == []


def test_fallback_after_quota(drive: Drive, copy: DriveServer) -> None:
    """When Drive's quota is used up, the registry's mirror has the file."""
    drive.register(f"# mirrors: fallback {base(copy)}")
    file = drive.add("fan.raw", DATA, quota="always")
    copy.add("fan.raw", DATA)

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) == 0


def test_unpinned_is_never_taken(drive: Drive, copy: DriveServer) -> None:
    """Without a published hash nothing would show that a mirror lies: it is not even asked."""
    drive.register(f"# mirrors: {base(copy)}")
    drive.add("fan.raw", DATA, pinned=False, quota="always")
    copy.add("fan.raw", DATA)
    prefer(base(copy))

    with pytest.raises(errors.QuotaExceededError):
        evio_data.fetch("fan.raw")
    assert copy.requests == []


def test_names_are_quoted(drive: Drive, copy: DriveServer) -> None:
    """A key with blanks and letters of the world is asked for percent-encoded."""
    file = drive.server.add("x", DATA)
    drive.register(file.registry_line("größe 1/fan #2.raw"))
    copy.add("größe 1/fan #2.raw", DATA)
    prefer(base(copy))

    assert evio_data.fetch("fan #2.raw").read_bytes() == DATA


# --- one file, two sources --------------------------------------------------------------------


def test_cut_at_drive_and_finished_at_a_mirror(drive: Drive, copy: DriveServer) -> None:
    """What Drive sent before its quota ended counts: the mirror sends the rest, no byte twice."""
    drive.register(f"# mirrors: {base(copy)}")
    file = drive.add("fan.raw", DATA, size=True, cut_after=2 * MIB, quota="on-resume")
    copied = copy.add("fan.raw", DATA)

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) == 2 * MIB
    assert copy.sent(copied) <= SIZE - 2 * MIB + OVERLAP


def test_begun_at_drive_and_finished_at_a_mirror_later(drive: Drive, copy: DriveServer) -> None:
    """The next process, told of a mirror, asks it for what Drive did not send, and a small tail."""
    file = drive.add("fan.raw", DATA, size=True, cut_after=2 * MIB, quota="on-resume")
    copied = copy.add("fan.raw", DATA)
    with pytest.raises(errors.QuotaExceededError):
        evio_data.fetch("fan.raw")
    before = drive.server.sent(file)

    assert drive.fetch_elsewhere("fan.raw", EVIO_DATA_MIRRORS=base(copy)).read_bytes() == DATA

    assert drive.server.sent(file) == before == 2 * MIB
    assert copy.sent(copied) <= SIZE - 2 * MIB + OVERLAP


def test_begun_at_a_mirror_and_finished_at_drive(drive: Drive, copy: DriveServer) -> None:
    """A mirror that dies in mid-body is followed by Drive, for the rest."""
    file = drive.add("fan.raw", DATA, size=True)
    copied = copy.add("fan.raw", DATA, cut_after=2 * MIB, errors=[])
    copied.quota = 2 * MIB
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) <= SIZE - 2 * MIB + OVERLAP


# --- a mirror that has it not, or not right ---------------------------------------------------


def test_lies(drive: Drive, copy: DriveServer) -> None:
    """A mirror with other bytes of the same length costs time, never truth: Drive comes next."""
    drive.add("fan.raw", DATA, size=True)
    copy.add("fan.raw", OTHER)
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.left("fan.raw") == []


def test_lies_a_little(drive: Drive, copy: DriveServer) -> None:
    """What a mirror brought before it died is doubted once: Drive does not send the file twice."""
    file = drive.add("fan.raw", DATA, size=True, rate=8 * MIB)
    copied = copy.add("fan.raw", OTHER, cut_after=MIB, errors=[])
    copied.quota = MIB
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) < SIZE + MIB


def test_lies_before_another_mirror(drive: Drive, copy: DriveServer) -> None:
    """After a mirror that lies comes the next mirror, and Drive is still left in peace."""
    file = drive.add("fan.raw", DATA, size=True)
    with DriveServer() as liar:
        liar.add("fan.raw", OTHER)
        copy.add("fan.raw", DATA)
        prefer(base(liar), base(copy))

        assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) == 0


@pytest.mark.parametrize("content", [OTHER[:-1], OTHER + b"x", DATA[: 3 * MIB], b""])
@pytest.mark.parametrize("size", [True, False])
def test_lies_about_the_size(drive: Drive, copy: DriveServer, content: bytes, size: bool) -> None:
    """A mirror with a shorter or longer file is left for Drive."""
    drive.add("fan.raw", DATA, size=size)
    copy.add("fan.raw", content)
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA


@pytest.mark.parametrize("content", [OTHER, DATA[: 3 * MIB], DATA[:MIB], b""])
def test_liar_does_not_cost_what_drive_sent(
    drive: Drive, copy: DriveServer, content: bytes
) -> None:
    """A mirror that contradicts what is on disk is left, and what Drive sent is kept."""
    file = drive.add("fan.raw", DATA, size=True, cut_after=2 * MIB, quota="on-resume")
    copy.add("fan.raw", content)
    with pytest.raises(errors.QuotaExceededError):
        evio_data.fetch("fan.raw")
    file.cut_after = file.quota = None
    before = drive.server.sent(file)
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) - before <= SIZE - 2 * MIB + OVERLAP


def test_splices_a_lie(drive: Drive, copy: DriveServer) -> None:
    """Right bytes of Drive's with wrong ones of a mirror's do not pass; nothing bad is kept."""
    drive.register(f"# mirrors: {base(copy)}")
    drive.add("fan.raw", DATA, size=True, cut_after=2 * MIB, quota="on-resume")
    copy.add("fan.raw", DATA[: 3 * MIB] + OTHER[3 * MIB :])

    with pytest.raises(errors.QuotaExceededError):
        evio_data.fetch("fan.raw")
    assert not drive.path("fan.raw").exists()
    assert drive.left("fan.raw") == []


@pytest.mark.parametrize("refuse", ["not-found", "denied"])
def test_has_it_not(drive: Drive, copy: DriveServer, refuse: str) -> None:
    """A mirror without the file is passed by, at once."""
    drive.add("fan.raw", DATA)
    copy.add("fan.raw", DATA, refuse=refuse)
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert len(copy.requests) == 1


def test_sends_a_web_page(drive: Drive, copy: DriveServer) -> None:
    """A network's sign-in page in a mirror's place is not taken for the file."""
    drive.add("fan.raw", DATA)
    copy.add("fan.raw", b"<html>Welcome to the hotel</html>", content_type="text/html")
    copy.named("fan.raw").mime = "text/html"  # type: ignore[union-attr]
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA


def test_is_down(drive: Drive) -> None:
    """A mirror that does not answer is passed by after two tries."""
    drive.add("fan.raw", DATA)
    prefer(f"http://127.0.0.1:{closed_port()}")

    assert evio_data.fetch("fan.raw").read_bytes() == DATA


def test_fails(drive: Drive, copy: DriveServer) -> None:
    """A mirror that answers 500 again and again is passed by after two tries."""
    drive.add("fan.raw", DATA)
    copy.add("fan.raw", DATA, errors=[500] * 50)
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert len(copy.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_asks_to_be_left_alone(drive: Drive, copy: DriveServer, status: int) -> None:
    """A mirror that asks for an hour's patience is passed by as well, and slows nobody."""
    drive.add("fan.raw", DATA)
    copy.add("fan.raw", DATA, errors=[status] * 50, retry_after="3600")
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA  # long before the hour is over


def test_refuses_ranges(drive: Drive, copy: DriveServer) -> None:
    """A mirror that answers 501 to every range is asked for the whole file again."""
    drive.add("fan.raw", DATA, size=True, quota="always")
    copy.add("fan.raw", DATA, range_status=501, cut_after=2 * MIB, cut_times=1)
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA


def test_falls_silent(drive: Drive, copy: DriveServer) -> None:
    """A mirror that falls silent in mid-body is passed by, and Drive sends the rest."""
    os.environ["EVIO_DATA_TIMEOUT"] = "2"
    file = drive.add("fan.raw", DATA, size=True)
    copy.add("fan.raw", DATA, stall_after=2 * MIB)
    copy.named("fan.raw").quota = 3 * MIB  # type: ignore[union-attr]
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert min(drive.starts(file)) > MIB


def test_is_slow(drive: Drive, copy: DriveServer) -> None:
    """A mirror that trickles is left for Drive, which sends the rest, and some to compare."""
    os.environ["EVIO_DATA_TIMEOUT"] = "1"
    file = drive.add("fan.raw", DATA, size=True)
    copied = copy.add("fan.raw", DATA, rate=20_000)
    prefer(base(copy))

    (outcome,) = evio_data.prefetch(concurrency=1)  # a split range has bytes under way
    assert outcome.path is not None
    assert outcome.path.read_bytes() == DATA
    assert copy.sent(copied) < SIZE // 10
    assert drive.server.sent(file) < SIZE


def test_slow_is_better_than_nothing(drive: Drive, copy: DriveServer) -> None:
    """A slow mirror is gone back to, patiently, when Drive has refused."""
    os.environ["EVIO_DATA_TIMEOUT"] = "1"
    small = DATA[:100_000]
    drive.add("fan.raw", small, size=True, quota="always")
    copy.add("fan.raw", small, rate=30_000)
    prefer(base(copy))

    assert evio_data.fetch("fan.raw").read_bytes() == small


def test_the_refusal_is_what_is_told(drive: Drive, copy: DriveServer) -> None:
    """Where Drive refuses and no mirror helps, the error is Drive's, with its advice."""
    drive.register(f"# mirrors: {base(copy)} http://127.0.0.1:{closed_port()}")
    os.environ["EVIO_DATA_RETRIES"] = "1"
    drive.add("fan.raw", DATA, quota="always")

    with pytest.raises(errors.QuotaExceededError, match="24"):
        evio_data.fetch("fan.raw")


# --- a peer -----------------------------------------------------------------------------------


@contextmanager
def peer(registry: Path, cache: Path) -> Iterator[str]:
    """Run ``evio-data serve`` in a process of its own, and give what it says to paste."""
    places = ["--registry", str(registry), "--cache-dir", str(cache)]
    command = [sys.executable, "-c", MAIN, "serve", "--port", "0", *places]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        try:
            yield line.removeprefix("EVIO_DATA_MIRRORS=")
        finally:
            process.terminate()


def fill(drive: Drive, cache: Path) -> None:
    """Have a second cache that has everything."""
    drive.run(PREFETCH.replace("()", f"(['--yes', '--quiet', '--cache-dir', {str(cache)!r}])"))


def test_one_network_one_download(drive: Drive, tmp_path: Path) -> None:
    """With Drive's quota used up, a peer's cache fills a second one: 0 bytes from Drive."""
    names = [f"fan/{number}.raw" for number in range(6)]
    files = [drive.add(name, random.Random(name).randbytes(MIB), size=True) for name in names]
    fill(drive, tmp_path / "peer")
    for file in files:
        file.quota = "always"
    drive.server.forget()

    with peer(drive.registry, tmp_path / "peer") as url:
        printed = drive.run(PREFETCH.replace("()", "(['--yes', '--quiet'])"), EVIO_DATA_MIRRORS=url)

    assert "6 fetched, 0 present, 0 failed" in printed
    assert all((drive.cache / name).exists() for name in names)
    assert drive.server.sent() == 0


def test_begun_at_drive_and_finished_at_a_peer(drive: Drive, tmp_path: Path) -> None:
    """A download that Drive cut is finished from a peer: right hash, a small tail twice."""
    file = drive.add("fan.raw", DATA, size=True)
    fill(drive, tmp_path / "peer")
    file.cut_after, file.quota = 2 * MIB, "on-resume"
    drive.server.forget()
    with pytest.raises(errors.QuotaExceededError):
        evio_data.fetch("fan.raw")

    with peer(drive.registry, tmp_path / "peer") as url:
        code = (
            "import evio_data; (o,) = evio_data.prefetch(['fan.raw']); print(o.received, o.resumed)"
        )
        received, resumed = map(int, drive.run(code, EVIO_DATA_MIRRORS=url).split())

    assert drive.path("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) == resumed == 2 * MIB
    assert received <= SIZE - 2 * MIB + OVERLAP
