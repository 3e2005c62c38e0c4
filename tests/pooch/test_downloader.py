"""`DriveDownloader` in a plain Pooch: Drive's pages, resuming, two at once, unusual outputs."""

from __future__ import annotations

import copy
import hashlib
import io
import os
import pickle
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pooch
import pytest
import requests
import tqdm

from evio_data import DriveDownloader
from evio_data.errors import (
    AccessDeniedError,
    ChecksumError,
    DownloadError,
    DriveRefusedError,
    EvioDataError,
    NotFoundError,
    OfflineError,
    QuotaExceededError,
)
from evio_data.testing import DriveServer
from tests.pooch.data import BYTES, MIB, everything_in, fetched, pup_of

FETCH = """
import sys, pooch
from evio_data import DriveDownloader
folder, url, sha256 = sys.argv[1:]
pup = pooch.create(folder, "", registry={"a.raw": sha256}, urls={"a.raw": url})
print(pup.fetch("a.raw", downloader=DriveDownloader()))
"""

pytestmark = pytest.mark.usefixtures("google")


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


# --- hashes ------------------------------------------------------------------------------------


def test_wrong_hash_is_both_errors(server: DriveServer, folder: Path) -> None:
    """Wrong bytes are a `ChecksumError` with both hashes and the name, and a `ValueError`."""
    file = server.add("a.raw", BYTES)
    with pytest.raises(ChecksumError, match=r"^a\.raw: ") as caught:
        fetched(pup_of(folder, file, "0" * 64))
    assert isinstance(caught.value, ValueError)
    assert (caught.value.expected, caught.value.actual) == ("0" * 64, file.sha256)
    assert everything_in(folder) == []


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
