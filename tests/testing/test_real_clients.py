"""Unmodified gdown and curl, who know the server only as their proxy, under Google's names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
import trustme

from evio_data.testing import DriveServer

pytest.importorskip("gdown", reason="gdown is not installed")

Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.contract
DATA = bytes(range(256)) * 4096
_TIMEOUT = 60  # seconds; only ever reached by a bug

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def run(proxy: DriveServer, authority: trustme.CA, tmp_path: Path) -> Run:
    """Run a command in its own folder, with the server as its proxy."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "work").mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
        "https_proxy": proxy.endpoint,
        "http_proxy": proxy.endpoint,
        "REQUESTS_CA_BUNDLE": str(tmp_path / "ca.pem"),
        "CURL_CA_BUNDLE": str(tmp_path / "ca.pem"),
        "HOME": str(tmp_path),
    }

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=tmp_path / "work",
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )

    return command


@pytest.fixture
def gdown(run: Run) -> Run:
    """Run gdown."""
    return lambda *words: run(sys.executable, "-m", "gdown", *words)


@pytest.fixture
def curl(run: Run) -> Run:
    """Run curl; it follows redirects and fails on statuses from 400 on."""
    return lambda *words: run("curl", "-sSfL", "-o", "out", *words)


def out(tmp_path: Path, name: str = "out") -> bytes:
    """Return what the command wrote."""
    return (tmp_path / "work" / name).read_bytes()


@pytest.mark.parametrize("large", [False, True])
def test_gdown_fetches(proxy: DriveServer, gdown: Run, tmp_path: Path, large: bool) -> None:
    """gdown gets a small file at once and a large one through the form."""
    file = proxy.add("fan.raw", DATA, large=large)
    proxy.lenient = False
    done = gdown(file.id)
    assert done.returncode == 0, done.stderr
    assert out(tmp_path, "fan.raw") == DATA


def test_gdown_resumes(proxy: DriveServer, gdown: Run, tmp_path: Path) -> None:
    """gdown continues a large file that was cut, with a Range on the confirmed URL."""
    file = proxy.add("fan.raw", DATA, large=True, cut_after=700_000, cut_times=1)
    gdown(file.id, "-O", "out", "--retries", "0")
    done = gdown(file.id, "-O", "out", "--continue")
    assert done.returncode == 0, done.stderr
    assert out(tmp_path) == DATA
    assert any(record.status == 206 for record in proxy.requests)


def test_gdown_gives_up_where_ranges_are_ignored(
    proxy: DriveServer, gdown: Run, tmp_path: Path
) -> None:
    """gdown does not append a 200 to its partial file: it stops, and keeps it."""
    file = proxy.add("fan.raw", DATA, cut_after=700_000, cut_times=1, ranges="ignore")
    gdown(file.id, "-O", "out", "--retries", "0")
    done = gdown(file.id, "-O", "out", "--continue")
    assert done.returncode != 0
    assert "did not honor the requested byte range" in done.stderr
    (partial,) = (tmp_path / "work").glob("out*.part")
    assert DATA.startswith(partial.read_bytes())


def test_gdown_lists_a_folder(proxy: DriveServer, gdown: Run, tmp_path: Path) -> None:
    """gdown fetches a folder with a folder inside."""
    folder = proxy.folder("Challenge")
    proxy.add("events.raw", DATA, folder=proxy.folder("fred-0", parent=folder))
    proxy.add("fan.raw", DATA[:10], folder=folder)
    done = gdown("--folder", folder.url)
    assert done.returncode == 0, done.stderr
    assert out(tmp_path, "Challenge/fan.raw") == DATA[:10]
    assert out(tmp_path, "Challenge/fred-0/events.raw") == DATA


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ("quota", "Too many users have viewed or downloaded this file recently"),
        ("disabled", "Only the owner and editors can download this file"),
        ("sign-in", "Cannot retrieve the public link"),
        ("not-found", "Cannot retrieve the public link"),
    ],
)
def test_gdown_is_refused(proxy: DriveServer, gdown: Run, refusal: str, words: str) -> None:
    """gdown fails where it fails on Drive, and says what it says there."""
    file = proxy.add("fan.raw", DATA, refuse=refusal)
    done = gdown(file.id, "--retries", "0")
    assert done.returncode != 0
    assert words in " ".join((done.stdout + done.stderr).split())


def test_gdown_submits_a_form_by_post(proxy: DriveServer, gdown: Run, tmp_path: Path) -> None:
    """gdown reads the form of 2024, which has its inputs in the action."""
    file = proxy.add("fan.raw", DATA, large=True, form_method="post")
    proxy.lenient = False
    done = gdown(file.id)
    assert done.returncode == 0, done.stderr
    assert out(tmp_path, "fan.raw") == DATA


@needs_curl
@pytest.mark.parametrize(
    "options",
    [
        {"length": "twice"},
        {"length": "list"},
        {"length": "chunked", "chunk_size": 4096, "trailers": 3},
        {"header_case": "lower"},
        {"content_encoding": "x-gzip"},
        {"transfer_encoding": "identity"},
        {"ok_status": 203},
        {"informational": 20, "informational_status": 103, "drip_pause": 0},
        {"drip": "head-lines", "drip_pause": 0.001, "drip_lines": 50},
        {"nodes": "etag"},
        {"range_status": 403},
    ],
    ids=str,
)
def test_curl_is_not_disturbed(
    proxy: DriveServer, curl: Run, tmp_path: Path, options: dict[str, object]
) -> None:
    """What is odd but harmless does not keep curl from the file."""
    file = proxy.add("fan.raw", DATA)
    for option, value in options.items():
        setattr(file, option, value)
    done = curl(proxy.plain_url(file))
    assert done.returncode == 0, done.stderr
    assert out(tmp_path) == DATA


@needs_curl
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_curl_decodes(proxy: DriveServer, curl: Run, tmp_path: Path, coding: str) -> None:
    """curl delivers the decoded file where the server compresses."""
    file = proxy.add("fan.raw", DATA, compress=coding)
    assert curl("--compressed", proxy.plain_url(file)).returncode == 0
    assert out(tmp_path) == DATA


@needs_curl
def test_curl_resumes_from_another_node(proxy: DriveServer, curl: Run, tmp_path: Path) -> None:
    """curl continues where it was cut, though the total is not told and the ETag differs."""
    file = proxy.add("fan.raw", DATA, nodes="etag", ranges="no-total", cut_after=9, cut_times=1)
    assert curl(proxy.plain_url(file)).returncode != 0
    assert curl("-C", "-", proxy.plain_url(file)).returncode == 0
    assert out(tmp_path) == DATA


@needs_curl
def test_curl_passes_the_page_by_post(proxy: DriveServer, curl: Run, tmp_path: Path) -> None:
    """curl gets a large file by a POST to the link that people share."""
    file = proxy.add("fan.raw", DATA, large=True, post_passes=True)
    done = curl("-X", "POST", file.url)
    assert done.returncode == 0, done.stderr
    assert out(tmp_path) == DATA


@needs_curl
def test_curl_exports_a_document(proxy: DriveServer, curl: Run, tmp_path: Path) -> None:
    """curl follows the redirect of an export to its host."""
    document = proxy.folder("Docs").add_native("Notes")
    url = f"https://docs.google.com/document/d/{document.id}/export?format=txt"
    done = curl(url)
    assert done.returncode == 0, done.stderr
    assert out(tmp_path) == b"Notes"


@needs_curl
def test_curl_fetches(proxy: DriveServer, curl: Run, tmp_path: Path) -> None:
    """curl follows the redirect to the host of the bytes."""
    file = proxy.add("fan.raw", DATA)
    done = curl(file.url)
    assert done.returncode == 0, done.stderr
    assert out(tmp_path) == DATA


@needs_curl
def test_curl_takes_the_page_for_the_file(proxy: DriveServer, curl: Run, tmp_path: Path) -> None:
    """curl saves the warning page of a large file as if it were data, as on Drive."""
    file = proxy.add("fan.raw", DATA, large=True)
    assert curl(file.url + "&confirm=t").returncode == 0
    assert b"Virus scan warning" in out(tmp_path)


@needs_curl
def test_curl_submits_the_form(proxy: DriveServer, curl: Run, tmp_path: Path) -> None:
    """curl gets the file, and its rest, from the URL that the form asks for."""
    proxy.lenient = False
    file = proxy.add("fan.raw", DATA, large=True, cut_after=700_000, cut_times=1)
    curl(file.url)
    page = out(tmp_path).decode()
    action = re.findall(r'action="([^"]+)"', page)[0]
    inputs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    url = f"{action}?{urlencode([(name, unescape(value)) for name, value in inputs])}"
    assert curl(url).returncode != 0
    assert out(tmp_path) == DATA[:700_000]
    assert curl("-C", "-", url).returncode == 0
    assert out(tmp_path) == DATA


@needs_curl
def test_curl_sees_that_ranges_are_ignored(proxy: DriveServer, curl: Run, tmp_path: Path) -> None:
    """curl gives up on a resume that is answered with 200."""
    file = proxy.add("fan.raw", DATA, ranges="ignore")
    (tmp_path / "work" / "out").write_bytes(DATA[:100])
    assert curl("-C", "-", file.url).returncode == 33  # CURLE_RANGE_ERROR


@needs_curl
@pytest.mark.parametrize(
    ("refusal", "fails"), [("quota", False), ("sorry", True), ("denied", True)]
)
def test_curl_is_refused(
    proxy: DriveServer, curl: Run, tmp_path: Path, refusal: str, fails: bool
) -> None:
    """curl notices a refusal only by its status; the quota page looks like success."""
    file = proxy.add("fan.raw", DATA, refuse=refusal)
    assert (curl(file.url).returncode != 0) is fails


@needs_curl
def test_curl_ends_at_the_sign_in_page(proxy: DriveServer, curl: Run, tmp_path: Path) -> None:
    """curl follows a private file's redirect to the sign-in page on another host."""
    file = proxy.add("fan.raw", DATA, refuse="sign-in")
    assert curl(file.url).returncode == 0
    assert b"Google Drive: Sign-in" in out(tmp_path)
    assert proxy.requests[-1].host == "accounts.google.com"
