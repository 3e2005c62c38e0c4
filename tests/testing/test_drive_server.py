"""What a wrong client would turn into corrupt data: redirects, forms, ranges, cuts, refusals."""

from __future__ import annotations

import http.client
import re
import uuid
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest

from evio_data.testing import DriveFile, DriveServer
from tests.testing.asking import DATA, SIZE, Ask, RawGet, bytes_url, form, submitted


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


def test_connection_lives_for_a_time(server: DriveServer, raw_get: RawGet) -> None:
    """A8: a transfer that lasts too long ends cleanly, in the middle."""
    slow = server.add("slow.raw", bytes(200_000), rate=500_000, cut_seconds=0.05, cut_how="close")
    _, body, reset = raw_get(f"/download?id={slow.id}")
    assert len(body) < slow.size
    assert not reset


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
