"""What Drive does besides: form variants, refusals, names, HEAD, limits, headers."""

from __future__ import annotations

import base64
import re
import socket
import zlib
from contextlib import closing
from html import unescape
from urllib.parse import urlencode

import pytest

from evio_data.testing import DriveFile, DriveServer
from tests.testing.asking import DATA, SIZE, Ask, bytes_url, title

WARNING = "Google Drive - Virus scan warning"
SORRY_BYTES = 1103


def hidden_inputs(page: str) -> dict[str, str]:
    """Return the hidden inputs of a page, in whatever order their attributes are."""
    tags = re.findall(r"<input [^>]*hidden[^>]*>", page)
    attributes = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in tags]
    return {one["name"]: unescape(one["value"]) for one in attributes}


# --- confirmation ----------------------------------------------------------------------------


def test_confirm_on_uc_is_dropped(ask: Ask, file: DriveFile) -> None:
    """B13: confirm=t on the shared link does not reach the host of the bytes."""
    file.large = True
    location = ask(file.url + "&confirm=t").headers["Location"]
    assert "confirm" not in location
    assert title(ask(location)) == WARNING


@pytest.mark.parametrize("value", ["t", "xxx"])
def test_confirm_alone_is_enough_for_a_lenient_server(
    ask: Ask, file: DriveFile, value: str
) -> None:
    """B14: any confirm straight at the bytes' host gets the file."""
    file.large = True
    assert ask(bytes_url(file, confirm=value)).content == DATA


@pytest.mark.parametrize("where", ["server", "file"])
def test_confirm_alone_is_not_enough_for_a_strict_server(
    server: DriveServer, ask: Ask, file: DriveFile, where: str
) -> None:
    """B14: a strict server, or a strict file, wants the uuid too."""
    file.large = True
    if where == "server":
        server.lenient = False
    else:
        file.lenient = False
    page = ask(bytes_url(file, confirm="t"))
    assert title(page) == WARNING
    inputs = hidden_inputs(page.text)
    assert ask(bytes_url(file, **inputs)).content == DATA


def test_strict_server_knows_its_tokens(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """B14: a uuid that was made up, or made for another file, is not accepted."""
    server.lenient, file.large = False, True
    other = server.add("other.raw", b"x", large=True)
    borrowed = hidden_inputs(ask(bytes_url(other)).text)["uuid"]
    for token in ("00000000-0000-4000-8000-000000000000", borrowed):
        assert title(ask(bytes_url(file, confirm="t", uuid=token))) == WARNING


@pytest.mark.parametrize("missing", ["authuser", "at", "confirm", "uuid", "export"])
def test_every_hidden_input_is_demanded_back(
    server: DriveServer, ask: Ask, file: DriveFile, missing: str
) -> None:
    """B15: a strict server refuses a form from which any input is missing."""
    server.lenient, file.large = False, True
    file.extra_inputs = {"authuser": "0", "at": "AP&'\"zH:1763112345678"}
    inputs = hidden_inputs(ask(bytes_url(file)).text)
    assert inputs["at"] == file.extra_inputs["at"]
    action = "https://drive.usercontent.google.com/download?"
    assert ask(action + urlencode(inputs)).content == DATA
    del inputs[missing]
    assert title(ask(action + urlencode(inputs))) == WARNING


def test_form_is_written_in_any_order_and_escaped(ask: Ask, file: DriveFile) -> None:
    """B15: attributes come in the order that is set, special characters as entities."""
    file.large, file.extra_inputs = True, {"at": "a&b'c"}
    file.attribute_order = ("value", "name", "type")
    assert '<input value="a&amp;b&#39;c" name="at" type="hidden">' in ask(bytes_url(file)).text


def test_name_is_escaped_in_the_page(server: DriveServer, ask: Ask) -> None:
    """B15: a name with markup stays text."""
    tricky = server.add("<b>it's & more</b>", DATA, large=True)
    assert "&lt;b&gt;it&#39;s &amp; more&lt;/b&gt;</a>" in ask(bytes_url(tricky)).text


@pytest.mark.parametrize(("stale", "status"), [("page", 200), ("403", 403)])
def test_old_token_is_refused(ask: Ask, file: DriveFile, stale: str, status: int) -> None:
    """B16: an expired uuid gets the warning page, or 403, again."""
    file.large, file.token_life, file.stale = True, 0, stale  # type: ignore[assignment]
    inputs = hidden_inputs(ask(bytes_url(file)).text)
    answer = ask(bytes_url(file, **inputs))
    assert answer.status_code == status
    assert "Content-Disposition" not in answer.headers


def test_young_token_is_good(ask: Ask, file: DriveFile) -> None:
    """B16: a uuid within its life gets the file."""
    file.large, file.token_life = True, 3600
    assert ask(bytes_url(file, **hidden_inputs(ask(bytes_url(file)).text))).content == DATA


def test_small_file_may_be_unscannable(ask: Ask, file: DriveFile) -> None:
    """B17: the warning page can come for a file of any size."""
    file.large = True
    assert title(ask(bytes_url(file))) == WARNING


def test_form_action_can_lead_elsewhere(ask: Ask, file: DriveFile) -> None:
    """A foreign form action is written where a client must notice it."""
    file.large, file.form_action = True, "https://files.example.net/take"
    assert 'action="https://files.example.net/take"' in ask(bytes_url(file)).text


@pytest.mark.parametrize("link", ["uc", "download", "plain"])
def test_redirect_can_lead_elsewhere(
    server: DriveServer, ask: Ask, file: DriveFile, link: str
) -> None:
    """A foreign redirect comes from every address of the file."""
    file.redirect_to = "http://files.example.net/fan.raw"
    urls = {"uc": file.url, "download": bytes_url(file), "plain": server.plain_url(file)}
    answer = ask(urls[link])
    assert (answer.status_code, answer.headers["Location"]) == (303, file.redirect_to)


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "status", "shown"),
    [
        ("quota", 200, "Google Drive - Quota exceeded"),
        ("denied", 403, "Google Drive - Access Denied"),
        ("denied-200", 200, "Google Drive - Access Denied"),
        ("not-found", 404, "Error 404 (Not Found)!!1"),
        ("infected", 200, "Google Drive - Infected file"),
        ("disabled", 200, "Google Drive - Can't download file"),
        ("terms", 404, "Error 404"),
        ("unknown", 200, "Google Drive"),
        ("native", 500, "Error 500 (Server Error)!!1"),
        ("sorry", 429, "Sorry..."),
        ("sorry-403", 403, "Sorry..."),
    ],
)
def test_refusal(ask: Ask, file: DriveFile, refusal: str, status: int, shown: str) -> None:
    """B18-B20: each refusal is a page of HTML with its own status and title, never a file."""
    file.refuse = refusal  # type: ignore[assignment]
    answer = ask(bytes_url(file))
    assert (answer.status_code, title(answer)) == (status, shown)
    assert answer.headers["Content-Type"].lower() == "text/html; charset=utf-8"
    assert "Content-Disposition" not in answer.headers


def test_refused_file_comes_back(ask: Ask, file: DriveFile) -> None:
    """An option works at once, in both directions."""
    file.refuse = "denied"
    assert ask(bytes_url(file)).status_code == 403
    file.refuse = None
    assert ask(bytes_url(file)).content == DATA


def test_sorry_page_is_as_captured(ask: Ask, file: DriveFile) -> None:
    """B18: 1,103 bytes, no Retry-After, and the connection is closed."""
    file.refuse = "sorry"
    answer = ask(bytes_url(file))
    assert len(answer.content) == int(answer.headers["Content-Length"]) == SORRY_BYTES
    assert answer.headers["Connection"] == "close"
    assert "Retry-After" not in answer.headers
    assert "... but your computer or network may be sending automated queries." in answer.text
    assert "https://support.google.com/websearch/answer/86640" in answer.text


def test_disabled_page_is_as_measured(ask: Ask, file: DriveFile) -> None:
    """B19: the owner-disabled page has the length that was measured, and its words."""
    file.refuse = "disabled"
    answer = ask(bytes_url(file))
    assert len(answer.content) == 1789
    assert "<title>Google Drive - Can&#39;t download file</title>" in answer.text
    assert "Only the owner and editors can download this file." in answer.text


def test_unknown_page_has_no_marker(ask: Ask, file: DriveFile) -> None:
    """B20: the unknown page has none of the class names that the others have."""
    file.refuse = "unknown"
    text = ask(bytes_url(file)).text
    body = text.partition("<body>")[2]
    assert "uc-error" not in body
    assert "uc-warning" not in body


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("es", "Google Drive \u2013 Cuota superada"),
        ("de", "Google Drive \u2013 Quote überschritten"),
    ],
)
def test_localised_quota_page(ask: Ask, file: DriveFile, language: str, shown: str) -> None:
    """B21: another language, the same class names."""
    file.quota, file.language = "always", language  # type: ignore[assignment]
    answer = ask(bytes_url(file))
    assert title(answer) == shown
    assert '<p class="uc-error-caption">' in answer.text
    assert '<p class="uc-error-subcaption">' in answer.text


@pytest.mark.parametrize(("where", "hit"), [("uc", [503, 200]), ("download", [303, 503])])
def test_errors_burst_then_recover(ask: Ask, file: DriveFile, where: str, hit: list[int]) -> None:
    """B22: listed statuses are answered first, at the hop that is meant."""
    file.errors, file.errors_at = [503], where  # type: ignore[assignment]
    assert [ask(file.url).status_code, ask(bytes_url(file)).status_code] == hit
    assert (ask(file.url).status_code, ask(bytes_url(file)).content) == (303, DATA)


def test_errors_are_consumed_in_order(ask: Ask, file: DriveFile) -> None:
    """B22: one status a request, with the Retry-After that is set."""
    file.errors, file.retry_after = [500, 503, 429], "7"
    answers = [ask(bytes_url(file)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 503, 429, 200]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["7", "7", "7", None]


def test_native_document_is_a_server_error(server: DriveServer, ask: Ask) -> None:
    """B23: a Google document's id on uc is answered with 500."""
    document = server.folder("Notes").add_native("Minutes", "spreadsheets")
    assert ask(f"https://drive.google.com/uc?id={document.id}").status_code == 500
    opened = ask(f"https://drive.google.com/open?id={document.id}")
    assert "docs.google.com/spreadsheets/d/" in opened.headers["Location"]
    assert ask(opened.headers["Location"]).status_code == 200


# --- names, HEAD, pace, headers --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "disposition", "sent"),
    [
        (
            "檔案.zip",
            "utf8-star",
            "attachment; filename=\"_.zip\"; filename*=UTF-8''%E6%AA%94%E6%A1%88.zip",
        ),
        ("檔.zip", "raw-utf8", 'attachment; filename="檔.zip"'),
        ("檔.zip", "ascii", 'attachment; filename="_.zip"'),
        ("../x", "ascii", 'attachment; filename="../x"'),
        ("a/b", "ascii", 'attachment; filename="a/b"'),
        ("x ", "ascii", 'attachment; filename="x "'),
        ('a"b', "ascii", 'attachment; filename="a\\"b"'),
        ("x", "attachment;filename=x", "attachment;filename=x"),
    ],
)
def test_name(server: DriveServer, ask: Ask, name: str, disposition: str, sent: str) -> None:
    """B24: the name is sent as the option says, and never cleaned."""
    file = server.add(name, DATA, disposition=disposition)
    value = ask(bytes_url(file)).headers["Content-Disposition"]
    assert value.encode("latin-1").decode() == sent


def test_name_can_be_missing(ask: Ask, file: DriveFile) -> None:
    """B24: data without Content-Disposition."""
    file.disposition = "none"
    answer = ask(bytes_url(file))
    assert (answer.content, "Content-Disposition" in answer.headers) == (DATA, False)


def test_head_tells_nothing_of_a_large_file(ask: Ask, file: DriveFile) -> None:
    """B25: HEAD is redirected, then answered with the page's head, without any size."""
    file.large = True
    first = ask(file.url, method="HEAD")
    assert first.status_code == 303
    second = ask(first.headers["Location"], method="HEAD")
    assert second.headers["Content-Type"].startswith("text/html")
    assert "Content-Length" not in second.headers


def test_head_of_a_small_file(ask: Ask, file: DriveFile) -> None:
    """B25: HEAD of a file that is sent at once tells its size and sends no body."""
    answer = ask(bytes_url(file), method="HEAD")
    assert (answer.headers["Content-Length"], answer.content) == (str(SIZE), b"")


def test_head_may_not_be_allowed(ask: Ask, file: DriveFile) -> None:
    """B25: the 405 of former years."""
    file.head = "405"
    assert {ask(url, method="HEAD").status_code for url in (file.url, bytes_url(file))} == {405}
    assert ask(bytes_url(file)).content == DATA


def test_headers_as_drive_sends_them(ask: Ask, file: DriveFile) -> None:
    """B27: the upload server's headers are there; validators and Accept-Ranges are not."""
    headers = ask(bytes_url(file)).headers
    assert headers["Server"] == "UploadServer"
    assert headers["Cache-Control"] == "private, max-age=0"
    assert headers["X-GUploader-UploadID"].startswith("A")
    absent = {"ETag", "Last-Modified", "X-Goog-Hash", "Accept-Ranges", "Content-Encoding"}
    assert absent.isdisjoint(headers)


def test_headers_can_be_left_out(ask: Ask, file: DriveFile) -> None:
    """B27: each optional header can be set, and the usual ones left out."""
    file.last_modified, file.etag = "Fri, 14 Nov 2025 09:30:00 GMT", '"v1"'
    file.accept_ranges, file.upload_id, file.cache_control = "bytes", False, None
    file.content_type = "text/html"
    headers = ask(bytes_url(file)).headers
    assert headers["Last-Modified"] == "Fri, 14 Nov 2025 09:30:00 GMT"
    assert (headers["ETag"], headers["Accept-Ranges"]) == ('"v1"', "bytes")
    assert headers["Content-Type"] == "text/html"
    assert {"X-GUploader-UploadID", "Cache-Control"}.isdisjoint(headers)


def test_goog_hash_is_castagnoli(server: DriveServer, ask: Ask) -> None:
    """B27: X-Goog-Hash is CRC-32C (RFC 3720's check value), not the CRC-32 of zlib."""
    file = server.add("check", b"123456789", goog_hash=True)
    value = ask(bytes_url(file)).headers["X-Goog-Hash"].removeprefix("crc32c=")
    assert base64.b64decode(value) == bytes.fromhex("e3069283")
    assert base64.b64decode(value) != zlib.crc32(b"123456789").to_bytes(4, "big")


@pytest.mark.parametrize(("condition", "status"), [('"v1"', 206), ('"v0"', 200)])
def test_if_range(ask: Ask, file: DriveFile, condition: str, status: int) -> None:
    """B27: with a validator, If-Range decides between the part and the whole."""
    file.etag = '"v1"'
    assert ask(bytes_url(file), Range="bytes=5-", If_Range=condition).status_code == status


def test_cookie_means_nothing(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """B28: a cookie is set on every answer, and answers are the same without it."""
    assert "NID=" in ask(file.url).headers["Set-Cookie"]
    assert "domain=.google.com" in ask(bytes_url(file)).headers["Set-Cookie"]
    server.cookies = False
    answer = ask(bytes_url(file))
    assert (answer.content, "Set-Cookie" in answer.headers) == (DATA, False)


# --- damage ----------------------------------------------------------------------------------


def test_unasked_gzip(ask: Ask, file: DriveFile) -> None:
    """A content coding that nobody asked for has its own length."""
    file.gzip = True
    answer = ask(bytes_url(file), Accept_Encoding="identity")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < SIZE
    assert answer.content == DATA


def test_endless_body(server: DriveServer, file: DriveFile) -> None:
    """A body can go on behind the last byte, until the client has enough."""
    file.endless, file.length = True, "absent"
    with closing(socket.create_connection(("127.0.0.1", server.port))) as client:
        client.sendall(f"GET /download?id={file.id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        while len(received) < 3 * SIZE:
            received += client.recv(65536)
    body = received.partition(b"\r\n\r\n")[2]
    assert body[:SIZE] == DATA
    assert set(body[SIZE:]) == {0}
