"""Drive API v3 for a caller who has only an API key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from evio_data.testing import DriveFile, DriveFolder, DriveServer

Ask = Callable[..., requests.Response]

API = "https://www.googleapis.com/drive/v3/files"
DATA = b"0123456789" * 10
KEY = "AIza-a-key"
ALL = "id,name,mimeType,size,md5Checksum,sha1Checksum,sha256Checksum,modifiedTime,resourceKey,"
ALL += "capabilities(canDownload),shortcutDetails(targetId,targetMimeType,targetResourceKey)"


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that the web hosts would ask about first."""
    return server.add("fan.raw", DATA, large=True)


def get_url(file_id: str, **query: str) -> str:
    """Return the address of one file, with a key."""
    return f"{API}/{file_id}?" + urlencode({"key": KEY, **query})


def list_url(folder_id: str, **query: str) -> str:
    """Return the address of a folder's list, with a key."""
    q = f"'{folder_id}' in parents and trashed = false"
    return f"{API}?" + urlencode({"q": q, "key": KEY, **query})


def reason(answer: requests.Response) -> tuple[int, str]:
    """Return the status and the reason of an API error, which the body repeats."""
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == answer.status_code
    assert error["message"] == error["errors"][0]["message"]
    return answer.status_code, error["errors"][0]["reason"]


def test_metadata(ask: Ask, file: DriveFile) -> None:
    """D34: the size is a string, the hashes are in hexadecimal."""
    answer = ask(get_url(file.id, fields=ALL))
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.json() == {
        "id": file.id,
        "name": "fan.raw",
        "mimeType": "application/octet-stream",
        "size": str(len(DATA)),
        "md5Checksum": hashlib.md5(DATA).hexdigest(),
        "sha1Checksum": hashlib.sha1(DATA).hexdigest(),
        "sha256Checksum": hashlib.sha256(DATA).hexdigest(),
        "modifiedTime": "2025-11-14T09:30:00.000Z",
        "capabilities": {"canDownload": True},
    }


@pytest.mark.parametrize("known", [(), ("md5",), ("sha256",), ("md5", "sha256")])
def test_checksums_may_be_unknown(ask: Ask, file: DriveFile, known: tuple[str, ...]) -> None:
    """The API tells only the checksums that it knows."""
    file.checksums = known
    url = f"https://www.googleapis.com/drive/v3/files/{file.id}?fields=*&key=K"
    told = ask(url).json()
    kinds = [kind for kind in ("md5", "sha1", "sha256") if f"{kind}Checksum" in told]
    assert kinds == list(known)


def test_metadata_without_fields(ask: Ask, file: DriveFile) -> None:
    """D34: without fields only four are told."""
    assert set(ask(get_url(file.id)).json()) == {"kind", "id", "name", "mimeType"}


def test_metadata_of_a_shortcut(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """D34: a shortcut tells its target, and has neither size nor hash."""
    shortcut = server.folder("f").add_shortcut(file)
    told = ask(get_url(shortcut.id, fields=ALL)).json()
    assert told["mimeType"] == "application/vnd.google-apps.shortcut"
    assert told["shortcutDetails"] == {"targetId": file.id, "targetMimeType": file.mime}
    assert {"size", "sha256Checksum"}.isdisjoint(told)


def test_metadata_of_a_restricted_file(ask: Ask, file: DriveFile) -> None:
    """D34: a file whose owner disabled downloads says so beforehand."""
    file.refuse = "disabled"
    told = ask(get_url(file.id, fields="capabilities(canDownload)")).json()
    assert told == {"capabilities": {"canDownload": False}}


@pytest.fixture
def folder(server: DriveServer) -> DriveFolder:
    """A folder of seven files."""
    folder = server.folder("Challenge")
    for number in range(7):
        server.add(f"{number}.raw", b"x" * number, folder=folder)
    return folder


def pages(ask: Ask, folder: DriveFolder, **query: str) -> list[dict[str, Any]]:
    """Return all pages of a list."""
    found = [ask(list_url(folder.id, **query)).json()]
    while "nextPageToken" in found[-1] and len(found) < 10:
        token = found[-1]["nextPageToken"]
        found.append(ask(list_url(folder.id, pageToken=token, **query)).json())
    return found


def test_list_in_one_page(ask: Ask, folder: DriveFolder) -> None:
    """D35: a short list has no token; only the fields asked for are told."""
    fields = "nextPageToken,incompleteSearch,files(id,name,size)"
    (page,) = pages(ask, folder, fields=fields)
    assert page["incompleteSearch"] is False
    assert page["files"][3] == {"id": folder.entries[3].id, "name": "3.raw", "size": "3"}


def test_list_in_pages(ask: Ask, folder: DriveFolder) -> None:
    """D35: pages follow one another by token, none lost, none twice."""
    found = pages(ask, folder, pageSize="3")
    assert [len(page["files"]) for page in found] == [3, 3, 1]
    names = [file["name"] for page in found for file in page["files"]]
    assert names == [f"{number}.raw" for number in range(7)]


def test_list_in_short_pages(server: DriveServer, ask: Ask, folder: DriveFolder) -> None:
    """D35: pages may be shorter than asked for."""
    server.api_page_limit = 5
    assert [len(page["files"]) for page in pages(ask, folder, pageSize="1000")] == [5, 2]


def test_list_refuses_an_unknown_token(ask: Ask, folder: DriveFolder) -> None:
    """D35: a token that the API did not give is an error."""
    assert reason(ask(list_url(folder.id, pageToken="x"))) == (400, "invalid")


@pytest.mark.parametrize("length", ["many", "", "-1"])
def test_list_refuses_an_odd_page_length(ask: Ask, folder: DriveFolder, length: str) -> None:
    """D35: a page length that is no number is an error."""
    assert reason(ask(list_url(folder.id, pageSize=length))) == (400, "invalid")


def test_list_of_a_missing_folder(ask: Ask, folder: DriveFolder) -> None:
    """D35: an unknown or private folder is not found."""
    assert reason(ask(list_url("1nothing"))) == (404, "notFound")
    folder.refuse = "sign-in"
    assert reason(ask(list_url(folder.id))) == (404, "notFound")


def test_content(ask: Ask, file: DriveFile) -> None:
    """D36: the content comes without any warning page, whole or in parts."""
    url = get_url(file.id, alt="media")
    assert (ask(url).status_code, ask(url).content) == (200, DATA)
    part = ask(url, Range="bytes=5-9")
    assert (part.status_code, part.content) == (206, DATA[5:10])
    assert part.headers["Content-Range"] == "bytes 5-9/100"


def test_content_behind_the_end(ask: Ask, file: DriveFile) -> None:
    """D36: a range behind the end is refused in JSON."""
    answer = ask(get_url(file.id, alt="media"), Range="bytes=100-")
    assert reason(answer) == (416, "requestedRangeNotSatisfiable")


def test_missing_file_message(ask: Ask) -> None:
    """D37: notFound is worded as Google words it."""
    answer = ask(get_url("1nothing"))
    assert answer.json() == {
        "error": {
            "errors": [
                {
                    "domain": "global",
                    "reason": "notFound",
                    "message": "File not found: 1nothing.",
                    "locationType": "parameter",
                    "location": "fileId",
                }
            ],
            "code": 404,
            "message": "File not found: 1nothing.",
        }
    }


def test_key_is_needed(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """D37: no key and a wrong key are two different errors."""
    assert reason(ask(f"{API}/{file.id}")) == (403, "dailyLimitExceededUnreg")
    server.api_key = "AIza-another"
    assert reason(ask(get_url(file.id))) == (400, "keyInvalid")
    server.api_key = KEY
    assert ask(get_url(file.id)).status_code == 200


@pytest.mark.parametrize(
    ("refusal", "status", "expected"),
    [
        ("sign-in", 404, "notFound"),
        ("denied", 404, "notFound"),
        ("not-found", 404, "notFound"),
        ("quota", 403, "downloadQuotaExceeded"),
        ("infected", 403, "cannotDownloadAbusiveFile"),
        ("disabled", 403, "cannotDownloadFile"),
        ("native", 403, "fileNotDownloadable"),
    ],
)
def test_refusal(ask: Ask, file: DriveFile, refusal: str, status: int, expected: str) -> None:
    """D37: what the web says in pages, the API says in reasons."""
    file.refuse = refusal  # type: ignore[assignment]
    assert reason(ask(get_url(file.id, alt="media"))) == (status, expected)


@pytest.mark.parametrize(
    ("name", "status"),
    [("userRateLimitExceeded", 403), ("rateLimitExceeded", 429), ("accessNotConfigured", 403)],
)
def test_error_by_name(ask: Ask, file: DriveFile, name: str, status: int) -> None:
    """D37: any reason can be asked for."""
    file.api_error = name
    assert reason(ask(get_url(file.id))) == (status, name)


def test_document_has_no_content(server: DriveServer, ask: Ask) -> None:
    """D37: a Google document has metadata, and nothing to download."""
    document = server.folder("f").add_native("Notes")
    assert reason(ask(get_url(document.id, alt="media"))) == (403, "fileNotDownloadable")
    assert ask(get_url(document.id)).json()["mimeType"].startswith("application/vnd.google-apps")


def test_failures_then_recovery(ask: Ask, file: DriveFile) -> None:
    """D37: listed statuses come first, in JSON."""
    file.errors, file.retry_after = [503, 500], "3"
    url = get_url(file.id, alt="media")
    first, second = ask(url), ask(url)
    assert (reason(first), reason(second)) == ((503, "backendError"), (500, "backendError"))
    assert first.headers["Retry-After"] == "3"
    assert ask(url).content == DATA


@pytest.mark.parametrize(("refusal", "status"), [("sorry", 429), ("sorry-403", 403)])
def test_sorry_is_html(ask: Ask, file: DriveFile, refusal: str, status: int) -> None:
    """D38: the page for automated queries is HTML on the API's host too."""
    file.refuse = refusal  # type: ignore[assignment]
    answer = ask(get_url(file.id, alt="media"))
    assert answer.status_code == status
    assert "<title>Sorry...</title>" in answer.text


def test_resource_key_on_the_web(ask: Ask, file: DriveFile) -> None:
    """D39: without the key no access; with it the redirect and the form carry it on."""
    file.resource_key, file.large = "0-2L-INjRPsn2ANX4MZIGU0Q", False
    assert ask(ask(file.url).headers["Location"]).status_code == 403
    location = ask(f"{file.url}&resourcekey={file.resource_key}").headers["Location"]
    assert f"resourcekey={file.resource_key}" in location
    assert ask(location).content == DATA
    file.large = True
    assert f'name="resourcekey" value="{file.resource_key}"' in ask(location).text


def test_resource_key_on_the_api(ask: Ask, file: DriveFile) -> None:
    """D39: the API wants the key in its header, among others if need be."""
    file.resource_key = "0-key"
    url = get_url(file.id, alt="media")
    assert reason(ask(url)) == (404, "notFound")
    assert reason(ask(url, X_Goog_Drive_Resource_Keys=f"{file.id}/0-no")) == (404, "notFound")
    assert ask(url, X_Goog_Drive_Resource_Keys=f"1x/0-a,{file.id}/0-key").content == DATA


@pytest.mark.parametrize("host", ["web", "api"])
def test_quota_may_spare_bounded_ranges(ask: Ask, file: DriveFile, host: str) -> None:
    """D40: over quota, ranges with an end are served, all else is refused."""
    file.large, file.quota, file.quota_spares_bounded = False, "always", True
    web = f"https://drive.usercontent.google.com/download?id={file.id}"
    url = web if host == "web" else get_url(file.id, alt="media")
    assert ask(url, Range="bytes=5-9").content == DATA[5:10]
    assert all(DATA[5:] not in ask(url, **asked).content for asked in ({}, {"Range": "bytes=5-"}))


def test_bounded_ranges_are_refused_too(ask: Ask, file: DriveFile) -> None:
    """D40: unless an option says so, a bounded range does not escape the quota."""
    file.quota = "always"
    answer = ask(get_url(file.id, alt="media"), Range="bytes=0-0")
    assert reason(answer) == (403, "downloadQuotaExceeded")
