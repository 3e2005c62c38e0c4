"""What a wrong client would turn into corrupt data: redirects, forms, ranges, cuts, refusals."""

from __future__ import annotations

import hashlib
import http.client
import re
import uuid
from collections.abc import Callable
from contextlib import closing
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from evio_data.testing import DriveFile, DriveServer

Ask = Callable[..., requests.Response]
RawGet = Callable[..., tuple[bytes, bytes, bool]]

DATA = bytes(range(256)) * 16
SIZE = len(DATA)
QUOTA_TITLE = "<title>Google Drive - Quota exceeded</title>"


@pytest.fixture
def small(server: DriveServer) -> DriveFile:
    """A file that Drive can scan."""
    return server.add("fan.raw", DATA)


@pytest.fixture
def big(server: DriveServer) -> DriveFile:
    """A file that Drive asks about first."""
    return server.add("drone.raw", DATA, large=True)


def bytes_url(file: DriveFile, **query: str) -> str:
    """Return the address at the host of the bytes."""
    inputs = {"id": file.id, "export": "download", **query}
    return "https://drive.usercontent.google.com/download?" + urlencode(inputs)


def form(page: str) -> tuple[str, dict[str, str]]:
    """Return action and hidden inputs of the warning page, as a browser reads them."""
    action = re.search(r'<form id="download-form" action="([^"]+)"', page)
    assert action is not None
    tags = re.findall(r"<input [^>]*hidden[^>]*>", page)
    attributes = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in tags]
    return unescape(action[1]), {one["name"]: unescape(one["value"]) for one in attributes}


def submitted(page: str) -> str:
    """Return the URL that submitting the page's form asks for."""
    action, inputs = form(page)
    return f"{action}?{urlencode(inputs)}"


def test_uc_redirects_to_the_host_of_the_bytes(ask: Ask, small: DriveFile) -> None:
    """A1: uc answers 303 without a body, to the real host, with id and export."""
    answer = ask(small.url)
    assert answer.status_code == 303
    assert answer.content == b""
    assert answer.headers["Content-Type"] == "application/binary"
    target = urlsplit(answer.headers["Location"])
    assert (target.scheme, target.netloc) == ("https", "drive.usercontent.google.com")
    assert parse_qs(target.query) == {"id": [small.id], "export": ["download"]}


def test_uc_without_export_redirects_without_it(ask: Ask, small: DriveFile) -> None:
    """A1: what was not asked is not added to the redirect."""
    location = ask(f"https://drive.google.com/uc?id={small.id}").headers["Location"]
    assert urlsplit(location).query == f"id={small.id}"


def test_small_file_is_sent_whole(ask: Ask, small: DriveFile) -> None:
    """A2: a small file comes at once, with its length, its name and its type."""
    answer = ask(bytes_url(small))
    assert answer.status_code == 200
    assert answer.content == DATA
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="fan.raw"'
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_hash_and_size_are_those_of_the_bytes(small: DriveFile) -> None:
    """A file knows the SHA-256 and the size that a registry needs."""
    assert small.sha256 == hashlib.sha256(DATA).hexdigest()
    assert small.size == SIZE


def test_large_file_is_asked_about(ask: Ask, big: DriveFile) -> None:
    """A3: an unconfirmed large file is answered with one line of HTML and no name."""
    answer = ask(bytes_url(big))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Content-Disposition" not in answer.headers
    assert "\n" not in answer.text
    assert 2000 < len(answer.content) < 2600
    assert "<title>Google Drive - Virus scan warning</title>" in answer.text
    assert f'<a href="/open?id={big.id}">drone.raw</a> (4.0K)' in answer.text


def test_form_is_fresh_each_time(ask: Ask, big: DriveFile) -> None:
    """A3: every page has its own nonce and a version-4 uuid of its own."""
    pages = [ask(bytes_url(big)).text for _ in range(2)]
    tokens = {form(page)[1]["uuid"] for page in pages}
    assert len(tokens) == 2
    assert {uuid.UUID(token).version for token in tokens} == {4}
    assert len({re.search('nonce="([^"]+)"', page)[1] for page in pages}) == 2  # type: ignore[index]


def test_form_leads_to_the_host_of_the_bytes(ask: Ask, big: DriveFile) -> None:
    """A3: the form goes to the real host with id, export, confirm and uuid."""
    action, inputs = form(ask(bytes_url(big)).text)
    assert action == "https://drive.usercontent.google.com/download"
    assert list(inputs) == ["id", "export", "confirm", "uuid"]
    assert (inputs["id"], inputs["export"], inputs["confirm"]) == (big.id, "download", "t")


def test_scan_limit_decides_what_is_large(ask: Ask, server: DriveServer, small: DriveFile) -> None:
    """A3: a file over the scan limit gets the page, one at the limit does not."""
    server.scan_limit = SIZE
    assert ask(bytes_url(small)).content == DATA
    server.scan_limit = SIZE - 1
    assert "Virus scan warning" in ask(bytes_url(small)).text


@pytest.mark.parametrize("asked", ["bytes=0-0", "bytes=5-", "bytes=1-9"])
def test_unconfirmed_range_gets_the_page(ask: Ask, big: DriveFile, asked: str) -> None:
    """A4: a Range on the unconfirmed URL of a large file is ignored."""
    assert ask(big.url, Range=asked).status_code == 303
    answer = ask(bytes_url(big), Range=asked)
    assert answer.status_code == 200
    assert "Content-Range" not in answer.headers
    assert "Virus scan warning" in answer.text


def test_submitted_form_gives_the_file(ask: Ask, big: DriveFile) -> None:
    """A5: all hidden inputs together get the whole file."""
    answer = ask(submitted(ask(bytes_url(big)).text))
    assert answer.status_code == 200
    assert answer.content == DATA
    assert answer.headers["Content-Disposition"] == 'attachment; filename="drone.raw"'


def test_submitted_form_is_good_for_ranges(ask: Ask, big: DriveFile) -> None:
    """A5: the confirmed URL serves several ranges, not only one request."""
    url = submitted(ask(bytes_url(big)).text)
    parts = [ask(url, Range=span) for span in ("bytes=0-99", "bytes=100-")]
    assert [part.status_code for part in parts] == [206, 206]
    assert b"".join(part.content for part in parts) == DATA


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=100-", 100, SIZE - 1),
        ("bytes=7-19", 7, 19),
        ("bytes=0-0", 0, 0),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        (f"bytes=10-{SIZE + 5}", 10, SIZE - 1),
        ("bytes=-6", SIZE - 6, SIZE - 1),
    ],
)
def test_range_is_honoured(ask: Ask, small: DriveFile, asked: str, first: int, last: int) -> None:
    """A6: a range gets 206 with its Content-Range, its length and its bytes."""
    answer = ask(bytes_url(small), Range=asked)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.content == DATA[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=0-1,5-9", "lines=1-2", "bytes=x-", "bytes=9-3"])
def test_range_that_is_none_is_ignored(ask: Ask, small: DriveFile, asked: str) -> None:
    """A6: several ranges, other units and nonsense get the whole file."""
    answer = ask(bytes_url(small), Range=asked)
    assert (answer.status_code, answer.content) == (200, DATA)


@pytest.mark.parametrize("start", [SIZE, SIZE + 7])
def test_range_behind_the_end(ask: Ask, small: DriveFile, start: int) -> None:
    """A7: a range that starts at the end or behind it gets 416, without Content-Range."""
    answer = ask(bytes_url(small), Range=f"bytes={start}-")
    assert answer.status_code == 416
    assert "Content-Range" not in answer.headers


def test_range_behind_the_end_may_tell_the_size(ask: Ask, small: DriveFile) -> None:
    """A7: an option adds the size to a 416."""
    small.content_range_on_416 = True
    answer = ask(bytes_url(small), Range=f"bytes={SIZE}-")
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


def test_reset_comes_after_the_promised_bytes(raw_get: RawGet, small: DriveFile) -> None:
    """A8: a cut by reset lets exactly so many bytes through."""
    small.cut_after, small.cut_how = 1000, "reset"
    head, body, reset = raw_get(f"/download?id={small.id}")
    assert f"Content-Length: {SIZE}".encode() in head
    assert (body, reset) == (DATA[:1000], True)


def test_clean_close_short_of_the_length(raw_get: RawGet, small: DriveFile) -> None:
    """A8: a cut by close is a clean end, short of Content-Length."""
    small.cut_after, small.cut_how = 1000, "close"
    head, body, reset = raw_get(f"/download?id={small.id}")
    assert f"Content-Length: {SIZE}".encode() in head
    assert (body, reset) == (DATA[:1000], False)


@pytest.mark.parametrize("cut_after", [None, 1000])
def test_body_without_a_length(raw_get: RawGet, small: DriveFile, cut_after: int | None) -> None:
    """A8: without Content-Length the whole body and a truncated one end alike."""
    small.length, small.cut_after, small.cut_how = "absent", cut_after, "close"
    head, body, reset = raw_get(f"/download?id={small.id}")
    assert b"content-length" not in head.lower()
    assert b"transfer-encoding" not in head.lower()
    assert (body, reset) == (DATA[:cut_after], False)


def test_chunked_body(ask: Ask, small: DriveFile) -> None:
    """A8: the chunked framing of former years carries the whole file, and ranges."""
    small.length = "chunked"
    answer = ask(bytes_url(small), Range="bytes=10-")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.headers["Content-Range"] == f"bytes 10-{SIZE - 1}/{SIZE}"
    assert answer.content == DATA[10:]


def test_a_body_keeps_its_framing(server: DriveServer, small: DriveFile) -> None:
    """A body under way is framed as its head has said, whatever the option says meanwhile."""
    small.rate = SIZE / 0.2
    path = f"/download?id={small.id}"
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as client:
        client.request("GET", path)
        answer = client.getresponse()
        small.length = "chunked"
        assert answer.read() == DATA


def test_cut_chunked_body_has_no_last_chunk(raw_get: RawGet, small: DriveFile) -> None:
    """A8: a chunked body that is cut lacks the chunk that ends it."""
    small.length, small.cut_after, small.cut_how = "chunked", 1000, "close"
    _, body, _ = raw_get(f"/download?id={small.id}")
    assert body == b"%x\r\n%b\r\n" % (1000, DATA[:1000])


def test_cuts_are_counted(raw_get: RawGet, ask: Ask, small: DriveFile) -> None:
    """A8: after so many cuts the line holds."""
    small.cut_after, small.cut_times = 1000, 2
    cut = [raw_get(f"/download?id={small.id}")[2] for _ in range(2)]
    assert cut == [True, True]
    assert ask(bytes_url(small)).content == DATA


def test_body_shorter_than_the_cut_is_whole(ask: Ask, small: DriveFile) -> None:
    """A8: a range that ends before the cut neither suffers nor uses it up."""
    small.cut_after, small.cut_times = 1000, 1
    assert ask(bytes_url(small), Range="bytes=0-9").content == DATA[:10]
    assert small.cut_times == 1


def test_connection_lives_for_a_time(server: DriveServer, raw_get: RawGet) -> None:
    """A8: a transfer that lasts too long ends cleanly, in the middle."""
    slow = server.add("slow.raw", bytes(200_000), rate=500_000, cut_seconds=0.05, cut_how="close")
    _, body, reset = raw_get(f"/download?id={slow.id}")
    assert len(body) < slow.size
    assert not reset


def test_quota_at_once(ask: Ask, big: DriveFile) -> None:
    """A9a: over quota, the page comes in place of the warning, with status 200."""
    big.quota = "always"
    answer = ask(bytes_url(big))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Content-Disposition" not in answer.headers
    assert QUOTA_TITLE in answer.text
    assert '<p class="uc-error-caption">Sorry, you can\'t view or download' in answer.text
    assert '<p class="uc-error-subcaption">Too many users have viewed or' in answer.text
    assert 1700 < len(answer.content) < 2300


def test_quota_after_the_form(ask: Ask, big: DriveFile) -> None:
    """A9b: the quota page may come only once the form is submitted."""
    big.quota = "after-form"
    page = ask(bytes_url(big)).text
    assert "Virus scan warning" in page
    assert QUOTA_TITLE in ask(submitted(page)).text


def test_quota_after_so_many_bytes(ask: Ask, small: DriveFile) -> None:
    """A9c: the quota is used up by the bytes served."""
    small.quota = SIZE + 10
    assert ask(bytes_url(small)).content == DATA
    assert ask(bytes_url(small), Range="bytes=0-9").content == DATA[:10]
    assert QUOTA_TITLE in ask(bytes_url(small)).text


def test_quota_on_resume(ask: Ask, small: DriveFile) -> None:
    """A9d: a request from the start is served, one that resumes gets the page."""
    small.quota = "on-resume"
    assert ask(bytes_url(small), Range="bytes=0-9").content == DATA[:10]
    resumed = ask(bytes_url(small), Range="bytes=10-")
    assert (resumed.status_code, QUOTA_TITLE in resumed.text) == (200, True)


def test_quota_status(ask: Ask, small: DriveFile) -> None:
    """A9: the quota page comes with 403 if the option says so."""
    small.quota, small.quota_status = "always", 403
    answer = ask(bytes_url(small))
    assert (answer.status_code, QUOTA_TITLE in answer.text) == (403, True)


def test_private_file_ends_at_the_sign_in_page(ask: Ask, small: DriveFile) -> None:
    """A10: uc still redirects; the bytes' host sends to the sign-in page."""
    small.refuse = "sign-in"
    first = ask(small.url)
    assert first.status_code == 303
    second = ask(first.headers["Location"])
    assert second.status_code == 302
    location = second.headers["Location"]
    assert location.startswith(
        "https://accounts.google.com/ServiceLogin?service=wise&passive=1209600&continue=https%3A"
    )
    page = ask(location)
    assert page.status_code == 200
    assert "<title>Google Drive: Sign-in</title>" in page.text


@pytest.mark.parametrize("file_id", ["1" + "x" * 32, "nonsense"])
def test_missing_file_is_not_found(ask: Ask, file_id: str) -> None:
    """A11: an unknown id is redirected like any other, then 404."""
    first = ask(f"https://drive.google.com/uc?id={file_id}")
    assert first.status_code == 303
    answer = ask(first.headers["Location"])
    assert answer.status_code == 404
    assert "Error 404 (Not Found)!!1" in answer.text
    assert "was not found on this server" in answer.text


def test_link_without_an_id_is_not_found(ask: Ask) -> None:
    """A11: the hosts that people see have a page of their own."""
    answer = ask("https://drive.google.com/uc?export=download")
    assert answer.status_code == 404
    assert "<title>Page Not Found</title>" in answer.text


def test_ignored_range(ask: Ask, small: DriveFile) -> None:
    """A12: a server that ignores Range sends 200 and everything."""
    small.ranges = "ignore"
    answer = ask(bytes_url(small), Range="bytes=100-")
    assert (answer.status_code, answer.content) == (200, DATA)


@pytest.mark.parametrize(("asked", "start"), [("bytes=100-", 99), ("bytes=0-", 1)])
def test_wrong_start(ask: Ask, small: DriveFile, asked: str, start: int) -> None:
    """A12: a 206 from another start says so, and sends those bytes."""
    small.ranges = "wrong-start"
    answer = ask(bytes_url(small), Range=asked)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{SIZE - 1}/{SIZE}"
    assert answer.content == DATA[start:]


def test_short_range(ask: Ask, small: DriveFile) -> None:
    """A12: a 206 that ends early says so."""
    small.ranges = "short"
    answer = ask(bytes_url(small), Range="bytes=0-99")
    assert answer.headers["Content-Range"] == f"bytes 0-49/{SIZE}"
    assert answer.content == DATA[:50]


def test_other_total(ask: Ask, small: DriveFile) -> None:
    """A12: the right bytes under another total."""
    small.ranges = "other-total"
    answer = ask(bytes_url(small), Range="bytes=100-")
    assert answer.headers["Content-Range"] == f"bytes 100-{SIZE - 1}/{SIZE + 1}"
    assert answer.content == DATA[100:]


def test_missing_content_range(ask: Ask, small: DriveFile) -> None:
    """A12: a 206 that does not say which part it is."""
    small.ranges = "no-content-range"
    answer = ask(bytes_url(small), Range="bytes=100-")
    assert answer.status_code == 206
    assert "Content-Range" not in answer.headers


def test_replaced_file(ask: Ask, small: DriveFile) -> None:
    """A12: the same id can later serve other bytes, with another total and hash."""
    before = small.sha256
    small.replace(b"another version")
    answer = ask(bytes_url(small), Range="bytes=8-")
    assert answer.headers["Content-Range"] == "bytes 8-14/15"
    assert answer.content == b"version"
    assert small.sha256 not in (before, "")


def test_ranges_end_after_so_many_bytes(ask: Ask, small: DriveFile) -> None:
    """A12: a server may stop honouring ranges in the course of a download."""
    small.ranges_after_bytes = 100
    assert ask(bytes_url(small), Range="bytes=0-99").status_code == 206
    assert ask(bytes_url(small), Range="bytes=100-").status_code == 200
