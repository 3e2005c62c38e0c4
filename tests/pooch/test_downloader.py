"""`DriveDownloader` in a plain Pooch: Drive's pages, resuming, two at once, unusual outputs."""

from __future__ import annotations

import copy
import errno
import hashlib
import io
import os
import pickle
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pooch
import pytest
import requests
import tqdm

from evio_data import DriveDownloader
from evio_data._pooch.entries import as_entry
from evio_data.errors import (
    AccessDeniedError,
    CacheError,
    ChecksumError,
    DownloadError,
    DriveRefusedError,
    EvioDataError,
    NotFoundError,
    OfflineError,
    QuotaExceededError,
)
from evio_data.testing import DriveFile, DriveServer

MIB = 2**20
BYTES = random.Random(1).randbytes(3 * MIB)
FETCH = """
import sys, pooch
from evio_data import DriveDownloader
folder, url, sha256 = sys.argv[1:]
pup = pooch.create(folder, "", registry={"a.raw": sha256}, urls={"a.raw": url})
print(pup.fetch("a.raw", downloader=DriveDownloader()))
"""


@pytest.fixture
def server() -> Iterator[DriveServer]:
    """A Drive that everything meant for Google goes to."""
    with DriveServer() as running:
        os.environ["EVIO_DATA_ENDPOINT"] = running.endpoint
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a Pooch."""
    return tmp_path / "pup"


def pup_of(folder: Path, file: DriveFile, known_hash: str | None = "", **options: Any) -> Any:
    """Return a plain Pooch that has one file, ``a.raw``."""
    options.setdefault("urls", {"a.raw": file.url})
    known_hash = file.sha256 if known_hash == "" else known_hash
    return pooch.create(folder, "", registry={"a.raw": known_hash}, **options)


def fetched(pup: Any) -> bytes:
    """Return what the Pooch has of ``a.raw``, with our downloader."""
    return Path(pup.fetch("a.raw", downloader=DriveDownloader())).read_bytes()


def everything_in(folder: Path) -> list[str]:
    """Return all files and folders, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def first_bytes(server: DriveServer) -> list[int]:
    """Return where each answer with data began."""
    asked = [record.range or "bytes=0-" for record in server.requests if record.kind == "data"]
    return [int(text.removeprefix("bytes=").partition("-")[0]) for text in asked]


def spawn(folder: Path, url: str, sha256: str) -> subprocess.Popen[str]:
    """Start a process that fetches a URL with a plain Pooch."""
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, str(folder), url, sha256],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# --- Drive -------------------------------------------------------------------------------------


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("lenient", [False, True])
def test_confirmation_page_is_passed(
    large: bool, lenient: bool, server: DriveServer, folder: Path
) -> None:
    """A file arrives whether or not Drive's warning page comes first."""
    file = server.add("a.raw", BYTES, large=large, lenient=lenient)
    assert fetched(pup_of(folder, file)) == BYTES


def test_every_link_is_understood(server: DriveServer, folder: Path) -> None:
    """The link that people share is as good as the one for downloads."""
    file = server.add("a.raw", BYTES, large=True)
    link = f"https://drive.google.com/file/d/{file.id}/view?usp=sharing"
    assert fetched(pup_of(folder, file, urls={"a.raw": link})) == BYTES


def test_retrieve_takes_a_drive_link(server: DriveServer, folder: Path) -> None:
    """`pooch.retrieve`, which has no Pooch, fetches from Drive, too."""
    file = server.add("a.raw", BYTES, large=True)
    path = pooch.retrieve(file.url, file.sha256, "a.raw", path=folder, downloader=DriveDownloader())
    assert Path(path).read_bytes() == BYTES
    assert everything_in(folder) == ["a.raw"]


REFUSALS = {
    "quota": QuotaExceededError,
    "sign-in": AccessDeniedError,
    "denied": AccessDeniedError,
    "disabled": AccessDeniedError,
    "not-found": NotFoundError,
    "infected": DriveRefusedError,
    "unknown": DriveRefusedError,
}


@pytest.mark.parametrize(("refuse", "kind"), REFUSALS.items(), ids=REFUSALS)
def test_refusal_is_never_repeated_by_pooch(
    refuse: str, kind: type[Exception], server: DriveServer, folder: Path
) -> None:
    """A page that refuses is one typed error, of a kind that pooch does not try again."""
    file = server.add("a.raw", BYTES, refuse=refuse)
    pup = pup_of(folder, file, retry_if_failed=10)
    with pytest.raises(kind) as caught:
        fetched(pup)
    assert not isinstance(caught.value, ValueError | requests.RequestException)
    assert len([record for record in server.requests if record.kind == "page"]) <= 2
    assert everything_in(folder) == []


@pytest.mark.parametrize("refuse", [None, *REFUSALS])
def test_check_only_asks_drive(refuse: str | None, server: DriveServer) -> None:
    """With ``check_only`` the answer is whether Drive would send the file; a byte is enough."""
    file = server.add("a.raw", BYTES, large=True, refuse=refuse)
    available = DriveDownloader()(file.url, None, None, check_only=True)
    assert available is (refuse is None)
    assert server.sent() <= 1


def test_check_only_survives_wrong_ranges(server: DriveServer) -> None:
    """A server that cannot count does not make a file unavailable."""
    file = server.add("a.raw", BYTES, ranges="wrong-start")
    assert DriveDownloader()(server.plain_url(file), None, None, check_only=True) is True


def test_web_page_is_not_data(server: DriveServer, folder: Path) -> None:
    """A web page in the place of a file, as captive portals send, is an error."""
    file = server.add("a.raw", b"<html>Sign in</html>", content_type="text/html")
    with pytest.raises(DownloadError, match="web page"):
        fetched(pup_of(folder, file, None, urls={"a.raw": server.plain_url(file)}))
    assert everything_in(folder) == []


@pytest.mark.parametrize("use", ["fetch", "is_available"])
def test_offline_asks_nobody(use: str, server: DriveServer, folder: Path) -> None:
    """With EVIO_DATA_OFFLINE no request is made, and the error says so."""
    os.environ["EVIO_DATA_OFFLINE"] = "1"
    pup = pup_of(folder, server.add("a.raw", BYTES), retry_if_failed=10)
    with pytest.raises(OfflineError, match="EVIO_DATA_OFFLINE"):
        getattr(pup, use)("a.raw", downloader=DriveDownloader())
    assert server.requests == []


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("ftp://example.org/a", "pooch.FTPDownloader"),
        ("sftp://example.org/a", "pooch.SFTPDownloader"),
        ("file:///etc/passwd", "pooch"),
        ("a.raw", "pooch"),
        ("https://example.org\\@evil.example", "pooch"),
    ],
)
def test_other_protocols_are_refused(url: str, advice: str, folder: Path) -> None:
    """What is not HTTP is refused at once, with the downloader to use instead."""
    pup = pooch.create(
        folder, "", registry={"a.raw": None}, urls={"a.raw": url}, retry_if_failed=10
    )
    with pytest.raises(DownloadError, match=advice):
        fetched(pup)


# --- resuming ----------------------------------------------------------------------------------


@pytest.mark.parametrize("known_hash", ["", "md5", None], ids=["sha256", "md5", "none"])
def test_cut_download_is_resumed(known_hash: str | None, server: DriveServer, folder: Path) -> None:
    """What arrived before an error is not asked for again, whatever hash the Pooch knows."""
    if known_hash == "md5":
        known_hash = f"md5:{hashlib.md5(BYTES).hexdigest()}"
    file = server.add("a.raw", BYTES, large=True, cut_after=2 * MIB, quota=MIB)
    with pytest.raises(QuotaExceededError) as caught:
        fetched(pup_of(folder, file, known_hash))
    assert caught.value.received >= MIB
    file.cut_after = file.quota = None
    server.forget()
    assert fetched(pup_of(folder, file, known_hash)) == BYTES
    assert min(first_bytes(server)) >= MIB - 128 * 1024
    assert everything_in(folder) == ["a.raw"]


def test_killed_download_is_resumed(server: DriveServer, folder: Path) -> None:
    """After kill -9, the next process goes on, and nothing but the file is left in the end."""
    content = random.Random(2).randbytes(16 * MIB)
    file = server.add("a.raw", content, large=True, rate=16 * MIB)
    with spawn(folder, file.url, file.sha256) as process:
        while server.sent(file) < 8 * MIB:
            assert process.poll() is None
        process.kill()
        process.communicate()
    assert not (folder / "a.raw").exists()
    file.rate = None
    server.forget()
    assert fetched(pup_of(folder, file)) == content
    assert min(first_bytes(server)) >= 2 * MIB
    assert everything_in(folder) == ["a.raw"]


def test_resumed_file_with_a_wrong_hash_is_fetched_anew(server: DriveServer, folder: Path) -> None:
    """Where what was kept turns out to be wrong, the file is fetched from zero, bar and all."""
    file = server.add("a.raw", BYTES, garble="flip", garble_times=1)
    file.cut_after = file.quota = 2 * MIB
    with pytest.raises(QuotaExceededError):
        fetched(pup_of(folder, file))
    file.cut_after, file.quota, file.rate = None, None, 20 * MIB
    server.forget()
    bar = tqdm.tqdm(total=0, file=io.StringIO())
    path = pup_of(folder, file).fetch("a.raw", downloader=DriveDownloader(bar))
    assert Path(path).read_bytes() == BYTES
    assert [start == 0 for start in first_bytes(server)] == [False, True]
    assert bar.n == len(BYTES)


def test_file_without_a_pooch_is_resumed(server: DriveServer) -> None:
    """Into memory, for no Pooch: the partial waits in our own cache, and leaves it again."""
    file = server.add("a.raw", BYTES, cut_after=2 * MIB, quota=MIB)
    with pytest.raises(QuotaExceededError):
        DriveDownloader()(file.url, io.BytesIO(), None)
    file.cut_after = file.quota = None
    server.forget()
    output = io.BytesIO()
    DriveDownloader()(file.url, output, None)
    assert output.getvalue() == BYTES
    assert min(first_bytes(server)) > 0
    assert everything_in(Path(os.environ["EVIO_DATA_DIR"])) == []


def test_fault_of_the_output_is_the_callers(server: DriveServer) -> None:
    """An error of the caller's own file is passed on as it is, and costs no second download."""

    class Broken(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.EPIPE, "nobody reads")

    file = server.add("a.raw", BYTES)
    with pytest.raises(BrokenPipeError, match="nobody reads"):
        DriveDownloader()(file.url, Broken(), None)
    server.forget()
    output = io.BytesIO()
    DriveDownloader()(file.url, output, None)
    assert output.getvalue() == BYTES
    assert server.sent() <= 128 * 1024


# --- hashes ------------------------------------------------------------------------------------


def test_wrong_hash_is_both_errors(server: DriveServer, folder: Path) -> None:
    """Wrong bytes are a `ChecksumError` with both hashes and the name, and a `ValueError`."""
    file = server.add("a.raw", BYTES)
    with pytest.raises(ChecksumError, match=r"^a\.raw: ") as caught:
        fetched(pup_of(folder, file, "0" * 64))
    assert isinstance(caught.value, ValueError)
    assert (caught.value.expected, caught.value.actual) == ("0" * 64, file.sha256)
    assert everything_in(folder) == []


def test_wrong_size_is_found_at_once(server: DriveServer, folder: Path) -> None:
    """A ``#size=`` that the server contradicts is an error before the bytes have come."""
    file = server.add("a.raw", BYTES)
    pup = pup_of(folder, file, urls={"a.raw": f"{file.url}#size=5"})
    with pytest.raises(ChecksumError, match="5 in the registry"):
        fetched(pup)


def test_names_that_share_a_url_have_their_own_hashes(server: DriveServer, folder: Path) -> None:
    """Of two names with one URL, the one whose hash is right is served."""
    file = server.add("a.raw", BYTES)
    pup = pup_of(folder, file, urls={"a.raw": file.url, "old.raw": file.url})
    pup.registry["old.raw"] = "0" * 64
    assert fetched(pup) == BYTES
    with pytest.raises(ValueError, match="0" * 64):
        pup.fetch("old.raw", downloader=DriveDownloader())


@pytest.mark.parametrize(
    ("fragment", "size"),
    [("", None), ("#size=12", 12), ("#size=", None), ("#size=-1", None), ("#12", None)],
)
def test_fragment_is_a_size_or_nothing(fragment: str, size: int | None) -> None:
    """A URL's fragment is not sent; it is a size, or says nothing."""
    entry = as_entry("a.raw", None, f"https://example.org/a?b=c{fragment}")
    assert (entry.url, entry.size) == ("https://example.org/a?b=c", size)


# --- outputs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_mode_follows_the_umask(umask: int, server: DriveServer, folder: Path) -> None:
    """The file is as readable as any other that the user makes, not only for its owner."""
    pup = pup_of(folder, server.add("a.raw", BYTES))
    before = os.umask(umask)
    try:
        fetched(pup)
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "a.raw").stat().st_mode) == 0o666 & ~umask


def test_link_stays_a_link(server: DriveServer, tmp_path: Path) -> None:
    """Through a symbolic link the bytes go to where it points."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    DriveDownloader()(server.add("a.raw", BYTES).url, tmp_path / "link", None)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == BYTES


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
def test_pipe_stays_a_pipe(server: DriveServer, tmp_path: Path) -> None:
    """A pipe or a device is written to, and never replaced by a file."""
    pipe, received = tmp_path / "pipe", io.BytesIO()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.write(pipe.read_bytes()))
    reader.start()
    DriveDownloader()(server.add("a.raw", BYTES).url, pipe, None)
    reader.join()
    assert received.getvalue() == BYTES
    assert pipe.is_fifo()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the test's own."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("has no second file system")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def test_other_file_system(server: DriveServer, folder: Path, elsewhere: Path) -> None:
    """An output on another file system arrives whole, with a normal mode, and without litter."""
    file = server.add("a.raw", BYTES)
    DriveDownloader()(file.url, elsewhere / "out", pup_of(folder, file))
    assert (elsewhere / "out").read_bytes() == BYTES
    (folder / "made").touch()
    assert (elsewhere / "out").stat().st_mode == (folder / "made").stat().st_mode
    (folder / "made").unlink()
    assert everything_in(elsewhere) == ["out"]
    assert everything_in(folder) == []


def test_cache_takes_the_partial(server: DriveServer, folder: Path) -> None:
    """Where neither the Pooch's folder nor the output's can hold a partial, our own cache does."""
    folder.mkdir()
    (folder / ".evio-data").write_text("in the way")
    fetched(pup_of(folder, server.add("a.raw", BYTES)))
    assert (folder / "a.raw").read_bytes() == BYTES
    assert everything_in(folder) == [".evio-data", "a.raw"]


def test_folder_that_takes_no_partial(server: DriveServer, folder: Path, tmp_path: Path) -> None:
    """Where the Pooch's folder cannot hold a partial, it waits beside the output."""
    folder.mkdir()
    (folder / ".evio-data").write_text("in the way")
    file = server.add("a.raw", BYTES)
    (tmp_path / "out").mkdir()
    DriveDownloader()(file.url, tmp_path / "out" / "a.raw", pup_of(folder, file))
    assert (tmp_path / "out" / "a.raw").read_bytes() == BYTES
    assert everything_in(tmp_path / "out") == ["a.raw"]


def test_partial_that_a_stranger_put_there(server: DriveServer, tmp_path: Path) -> None:
    """In a folder like ``/tmp``, nothing goes on from what waits in another user's folder."""
    if not hasattr(os, "geteuid") or os.geteuid():
        pytest.skip("only root can play another user")
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    file = server.add("a.raw", BYTES, cut_after=2 * MIB, quota="on-resume")
    with pytest.raises(QuotaExceededError):
        DriveDownloader()(file.url, shared / "theirs", None)
    for path in (shared / ".evio-data").rglob("*.part"):
        with path.open("r+b") as part:
            part.write(b"poison")
    os.chown(shared / ".evio-data", 65534, 65534)
    file.cut_after, file.quota = None, None

    DriveDownloader()(file.url, shared / "ours", None)

    assert (shared / "ours").read_bytes() == BYTES


def test_no_folder_takes_a_partial(server: DriveServer, folder: Path) -> None:
    """Where no place can hold a partial, the error is typed, and pooch does not repeat it."""
    folder.mkdir()
    (folder / ".evio-data").write_text("in the way")
    Path(os.environ["EVIO_DATA_DIR"]).write_text("in the way")
    pup = pup_of(folder, server.add("a.raw", BYTES), retry_if_failed=10)
    with pytest.raises(CacheError, match=r"\.evio-data"):
        fetched(pup)
    assert everything_in(folder) == [".evio-data"]


def test_long_name_on_another_file_system(server: DriveServer, elsewhere: Path) -> None:
    """A name as long as the file system allows leaves space for our own, and is overwritten."""
    pup = pooch.create(Path(os.environ["EVIO_DATA_DIR"]), "")
    output = elsewhere / ("x" * 255)
    output.write_bytes(b"before")
    DriveDownloader()(server.add("a.raw", BYTES).url, output, pup)
    assert output.read_bytes() == BYTES
    assert everything_in(elsewhere) == [output.name]


WRITE = """
import os, sys, pooch
from evio_data import DriveDownloader
folder, url, output = sys.argv[1:]
assert not os.access(folder, os.W_OK)
pup = pooch.create(folder, "", registry={"a.raw": None}, urls={"a.raw": url})
DriveDownloader()(url, output, pup)
"""


def test_read_only_folder(server: DriveServer, folder: Path, tmp_path: Path) -> None:
    """A Pooch whose folder is read-only can still have a file downloaded to elsewhere."""
    powerless: list[str] = []
    if os.geteuid() == 0:  # whom no mode stops, unless the power to ignore it is given up
        if shutil.which("setpriv") is None:
            pytest.skip("runs as root, and cannot give that up")
        powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    folder.mkdir(mode=0o555)
    (tmp_path / "out").mkdir()
    url = server.add("a.raw", BYTES).url
    output = tmp_path / "out" / "a.raw"
    command = [*powerless, sys.executable, "-c", WRITE, str(folder), url, str(output)]
    subprocess.run(command, check=True)
    assert (tmp_path / "out" / "a.raw").read_bytes() == BYTES


# --- many at once ------------------------------------------------------------------------------


def test_two_processes_want_one_url(server: DriveServer, folder: Path) -> None:
    """Two processes that want one URL at the same time both have the right bytes."""
    file = server.add("a.raw", BYTES, large=True, rate=12 * MIB)
    processes = [spawn(folder, file.url, file.sha256) for _ in range(2)]
    for process in processes:
        printed, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
        assert printed == f"{folder / 'a.raw'}\n"
    assert (folder / "a.raw").read_bytes() == BYTES
    assert everything_in(folder) == ["a.raw"]


def test_many_threads_want_one_url(server: DriveServer, tmp_path: Path) -> None:
    """Threads that come and go for one URL never disturb each other's folder."""
    file, wrong = server.add("a.raw", BYTES[:1000]), []

    def download(number: int) -> None:
        for _ in range(5):
            output = io.BytesIO()
            DriveDownloader()(file.url, output, None)
            if output.getvalue() != BYTES[:1000]:
                wrong.append(number)

    threads = [threading.Thread(target=download, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert everything_in(Path(os.environ["EVIO_DATA_DIR"])) == []


# --- itself ------------------------------------------------------------------------------------


def test_bar_that_is_false_is_driven(server: DriveServer, folder: Path) -> None:
    """A tqdm without a total, which is false, is a bar all the same."""
    bar = tqdm.tqdm(total=0, file=io.StringIO())
    file = server.add("a.raw", BYTES)
    pup_of(folder, file).fetch("a.raw", downloader=DriveDownloader(progressbar=bar))
    assert (bar.total, bar.n) == (len(BYTES), len(BYTES))


@pytest.mark.parametrize("connections", [0, 33])
def test_number_of_connections_is_checked(connections: int) -> None:
    """A downloader has 1 to 32 connections."""
    with pytest.raises(ValueError, match=str(connections)):
        DriveDownloader(connections=connections)


@pytest.mark.parametrize("copied", [copy.copy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_are_the_same(copied: Any) -> None:
    """A downloader can be copied and sent to other processes."""
    assert vars(copied(DriveDownloader(connections=2))) == vars(DriveDownloader(connections=2))


def test_errors_of_settings_come_first(server: DriveServer, folder: Path) -> None:
    """A setting that makes no sense is an error before any request, and not repeated."""
    os.environ["EVIO_DATA_ENDPOINT"] = "nonsense"
    with pytest.raises(EvioDataError, match="EVIO_DATA_ENDPOINT"):
        fetched(pup_of(folder, server.add("a.raw", BYTES), retry_if_failed=10))
    assert server.requests == []


def test_nothing_is_pinned_for_a_plain_pooch(
    server: DriveServer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Only a cache that remembers a hash says that a file is pinned."""
    fetched(pup_of(folder, server.add("a.raw", BYTES), None))
    assert "pinned" not in caplog.text
