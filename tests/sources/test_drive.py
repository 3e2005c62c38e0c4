"""Where the bytes of one file come from: Drive's handshake, a plain URL, and what is never data."""

import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from typing import Any, get_args

import pytest

from evio_data._drive import links
from evio_data._http.connection import (
    BusyError,
    HttpSession,
    TransportError,
)
from evio_data._http.ranges import RangeError, RangeNotSatisfiableError
from evio_data._sources.base import Source
from evio_data._sources.drive import DriveSource
from evio_data._sources.origin import source_of
from evio_data._sources.plain import PlainSource
from evio_data.errors import (
    AccessDeniedError,
    DownloadError,
    DriveRefusedError,
    NotFoundError,
    QuotaExceededError,
)
from evio_data.testing import DriveFile, DriveServer
from evio_data.testing._folders import DocumentKind
from tests.sources.conftest import DATA, ENOUGH, SIZE, Respond, read, say, small_server

KEY = "AIza-SECRET"


def drive_source(server: DriveServer, file: DriveFile, **options: Any) -> Source:
    """Return a file's source, with Google's hosts played by the server."""
    return source_of(file.url, endpoint=server.endpoint, **options)


def asked(server: DriveServer) -> list[str]:
    """Return for each request whom it was meant for, and what it got."""
    return [f"{request.host.split('.')[-3]} {request.kind}" for request in server.requests]


# --- the handshake ---------------------------------------------------------------------------


@pytest.mark.parametrize("stretch", [(0, None), (1000, None), (1000, 2000), (SIZE - 1, SIZE)])
@pytest.mark.parametrize("lenient", [True, False], ids=["lenient", "strict"])
@pytest.mark.parametrize("is_large", [True, False], ids=["large", "small"])
def test_any_stretch(
    server: DriveServer,
    connection: HttpSession,
    lenient: bool,
    is_large: bool,
    stretch: tuple[int, int | None],
) -> None:
    """Whatever Drive wants first, every stretch of the file can be had."""
    server.lenient = lenient
    file = server.add("a.raw", DATA, large=is_large)

    assert read(drive_source(server, file), connection, *stretch) == DATA[slice(*stretch)]


@pytest.mark.parametrize(
    ("lenient", "is_large", "requests"),
    [
        (True, True, ["usercontent data"]),
        (True, False, ["usercontent data"]),
        (False, False, ["usercontent data"]),
        (False, True, ["usercontent page", "usercontent data"]),
    ],
)
def test_number_of_requests(
    server: DriveServer, connection: HttpSession, lenient: bool, is_large: bool, requests: list[str]
) -> None:
    """The bytes' host is asked straight away: one request, or two where the form is insisted on."""
    server.lenient = lenient
    file = server.add("a.raw", DATA, large=is_large)
    read(drive_source(server, file), connection)

    assert asked(server) == requests
    assert len({request.client_port for request in server.requests}) == 1


@pytest.mark.parametrize(
    "switches",
    [
        {"extra_inputs": {"authuser": "0", "at": "APvzH3r:1700000000000"}},
        {"extra_inputs": {"at": "a&b=c'\"<+/ é"}},
        {"attribute_order": ("value", "name", "type")},
        {"form_action": "/download"},
        {"disposition": "utf8-star"},
        {"disposition": "raw-utf8"},
        {"disposition": "attachment;filename=../../x"},
        {"content_type": "text/html"},
        {"resource_key": "0-2L-INjRPsn2ANX4MZIGU0Q"},
    ],
    ids=str,
)
def test_variants(
    server: DriveServer, connection: HttpSession, large: DriveFile, switches: dict[str, object]
) -> None:
    """Every variant of the form and of the file's headers leads to the same bytes."""
    for switch, value in switches.items():
        setattr(large, switch, value)
    key = f"&resourcekey={large.resource_key}" if large.resource_key else ""

    assert read(source_of(large.url + key, endpoint=server.endpoint), connection) == DATA


def test_confirmed_address_is_used_again(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """What the form gave serves all further stretches, on any connection."""
    source = drive_source(server, large)
    read(source, connection)
    server.forget()
    with closing(HttpSession(timeout=ENOUGH)) as other:
        read(source, other, 5, 10)
    read(source, connection, 10)

    assert asked(server) == ["usercontent data"] * 2


def test_confirmed_address_is_found_once_in_a_run(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """Another source of the same file, as the sizes' round has one, uses the address as well."""
    read(drive_source(server, large), connection, 0, 1)
    server.forget()

    assert read(drive_source(server, large), connection) == DATA
    assert asked(server) == ["usercontent data"]


def test_confirmed_address_is_found_by_one(server: DriveServer, large: DriveFile) -> None:
    """While one connection looks for the address, the others wait for what it finds."""
    large.drip, large.drip_pause = "head-lines", 0.05

    def ask() -> bytes:
        with closing(HttpSession(timeout=ENOUGH)) as session:
            return read(drive_source(server, large), session)

    with ThreadPoolExecutor(3) as threads:
        assert {future.result() for future in [threads.submit(ask) for _ in range(3)]} == {DATA}
    assert [request.kind for request in server.requests].count("page") == 1


@pytest.mark.parametrize(
    "switches",
    [{"form_method": "post"}, {"form_method": "post", "post_passes": True}],
    ids=str,
)
def test_form_that_is_posted(
    server: DriveServer, connection: HttpSession, large: DriveFile, switches: dict[str, object]
) -> None:
    """A form without hidden inputs, whose address has them all, leads to the file."""
    test_variants(server, connection, large, switches)


def test_post_as_the_second_way(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """Where the form's GET gets the form again, a POST gets the file, now and later."""
    large.token_life, large.post_passes = -1, True
    source = drive_source(server, large)

    assert read(source, connection) == DATA
    server.forget()
    assert read(source, connection, 100) == DATA[100:]
    assert [request.method for request in server.requests] == ["POST"]


@pytest.mark.parametrize("kind", get_args(DocumentKind))
@pytest.mark.parametrize("end", ["/export?format=txt", "/export/csv", "/export"])
def test_export(server: DriveServer, connection: HttpSession, kind: DocumentKind, end: str) -> None:
    """The export of one of Google's own documents is a file like others."""
    document = server.folder("notes").add_native("Notes", kind)
    url = f"https://docs.google.com/{kind}/d/{document.id}{end}"

    with source_of(url, endpoint=server.endpoint).open(connection, 0, None) as body:
        assert body.stream.read_into(memoryview(bytearray(SIZE))) > 0


def test_document_without_bytes(server: DriveServer, connection: HttpSession) -> None:
    """A document that has no bytes is told as what it may be, with what can be done."""
    document = server.folder("notes").add_native("Notes", "document")
    url = f"https://docs.google.com/document/d/{document.id}/edit"

    with pytest.raises(NotFoundError, match=rf"{document.id}/export"):
        read(source_of(url, endpoint=server.endpoint), connection)


@pytest.mark.parametrize("ok_status", [200, 203])
def test_whole_file_by_another_status(
    server: DriveServer, connection: HttpSession, large: DriveFile, ok_status: int
) -> None:
    """A 203 is a 200 that a proxy has changed something of."""
    large.ok_status, large.ranges = ok_status, "ignore"

    assert read(drive_source(server, large), connection) == DATA
    assert read(source_of(server.plain_url(large)), connection) == DATA


def test_bare_403_may_be_the_range_s_fault(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """A 403 that does not say why carries its status, so that a range can be left out."""
    large.range_status = 403
    source = drive_source(server, large)

    with pytest.raises(AccessDeniedError) as error:
        read(source, connection, 5)
    assert error.value.status == 403
    with source.open(connection, 0, None, ranged=False) as body:
        assert body.placement.total == SIZE


@pytest.mark.parametrize("stale", ["page", "403"])
def test_old_token(
    server: DriveServer, connection: HttpSession, large: DriveFile, stale: str
) -> None:
    """A confirmed address that has grown old is found again, and the stretch comes all the same."""
    source = drive_source(server, large)
    read(source, connection)
    large.stale = stale  # type: ignore[assignment]
    large.token_life = 0.2
    time.sleep(0.3)
    server.forget()

    assert read(source, connection, 100) == DATA[100:]
    assert [request.status for request in server.requests] == [
        403 if stale == "403" else 200,
        200,
        206,
    ]


def test_confirmation_asked_twice(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """A form that leads to a form again is an error after a bounded number of requests."""
    large.token_life = -1

    with pytest.raises(DriveRefusedError, match="confirmation twice"):
        read(drive_source(server, large), connection)
    assert len(server.requests) <= 5


def test_way_round_by_the_public_address(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """If the bytes' host answers with an unknown page, the documented address is tried as well."""
    large.refuse = "unknown"
    with pytest.raises(DriveRefusedError, match="not known"):
        read(drive_source(server, large), connection)

    assert [request.path for request in server.requests] == ["/download", "/uc", "/download"]


def test_no_disposition_is_never_data(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """Without ``Content-Disposition`` it is not the file, whatever the status and the type say."""
    large.disposition = "none"
    for start in (0, 10):
        with pytest.raises(DriveRefusedError, match="not known"):
            drive_source(server, large).open(connection, start, None)


def test_identity(server: DriveServer, connection: HttpSession, large: DriveFile) -> None:
    """An answer tells of which version it is: where it is from, its size, its validators."""
    large.last_modified = "Tue, 01 Sep 2026 07:00:00 GMT"
    large.etag = '"1"'
    large.goog_hash = True
    with drive_source(server, large).open(connection, 5, None) as body:
        identity = body.validators

    assert identity[:4] == (links.DATA_HOST, SIZE, '"1"', "Tue, 01 Sep 2026 07:00:00 GMT")
    assert (identity.digest or "").startswith("crc32c=")


# --- refusals --------------------------------------------------------------------------------

LASTING = [
    ("quota", QuotaExceededError),
    ("sign-in", AccessDeniedError),
    ("denied", AccessDeniedError),
    ("denied-200", AccessDeniedError),
    ("not-found", NotFoundError),
    ("infected", DriveRefusedError),
    ("disabled", AccessDeniedError),
    ("terms", AccessDeniedError),
]


@pytest.mark.parametrize(("refuse", "kind"), LASTING)
def test_refusal(
    server: DriveServer,
    connection: HttpSession,
    large: DriveFile,
    refuse: str,
    kind: type[DriveRefusedError],
) -> None:
    """A known refusal is its own error, after a single request: asking again changes nothing."""
    large.refuse = refuse  # type: ignore[assignment]

    with pytest.raises(DriveRefusedError) as caught:
        drive_source(server, large).open(connection, 0, None)
    assert type(caught.value) is kind
    assert caught.value.advice
    assert len(server.requests) == 1


@pytest.mark.parametrize(("refuse", "kind"), LASTING)
def test_refusal_in_the_middle(
    server: DriveServer,
    connection: HttpSession,
    large: DriveFile,
    refuse: str,
    kind: type[DriveRefusedError],
) -> None:
    """A refusal that comes while a download is under way is told as well, after one request."""
    source = drive_source(server, large)
    read(source, connection)
    server.forget()
    large.refuse = refuse  # type: ignore[assignment]

    with pytest.raises(kind):
        source.open(connection, 10, None)
    assert len(server.requests) == 1


@pytest.mark.parametrize("quota", ["always", "after-form", "on-resume"])
@pytest.mark.parametrize("status", [200, 403, 429])
@pytest.mark.parametrize("language", ["en", "es", "de"])
def test_quota(
    server: DriveServer,
    connection: HttpSession,
    large: DriveFile,
    quota: str,
    status: int,
    language: str,
) -> None:
    """The quota page is known at every point where it may come, in each language and status."""
    large.quota, large.quota_status, large.language = quota, status, language  # type: ignore[assignment]

    with pytest.raises(QuotaExceededError, match="24 hours"):
        drive_source(server, large).open(connection, 10, None)


@pytest.mark.parametrize("refuse", ["sorry", "sorry-403"])
@pytest.mark.parametrize(("retry_after", "wait"), [(None, None), ("7", 7.0)])
def test_sorry(
    server: DriveServer,
    connection: HttpSession,
    large: DriveFile,
    refuse: str,
    retry_after: str | None,
    wait: float | None,
) -> None:
    """ "Sorry..." asks for patience, for as long as it says, and is no refusal of the file."""
    large.refuse, large.retry_after = refuse, retry_after  # type: ignore[assignment]

    with pytest.raises(BusyError) as caught:
        drive_source(server, large).open(connection, 0, None)
    assert caught.value.wait == wait
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_error(
    server: DriveServer, connection: HttpSession, large: DriveFile, status: int
) -> None:
    """A failure on Drive's side may pass, and then the same source goes on."""
    source = drive_source(server, large)
    large.errors = [status]

    with pytest.raises(TransportError, match=str(status)):
        source.open(connection, 0, None)
    assert read(source, connection) == DATA


def test_wrong_id(server: DriveServer, connection: HttpSession) -> None:
    """An id that Drive does not know is told as such."""
    source = DriveSource(links.FileLink("1" + "x" * 32), endpoint=server.endpoint)

    with pytest.raises(NotFoundError):
        source.open(connection, 0, None)


def test_missing_resource_key(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """A file that wants a resource key is shut without it."""
    large.resource_key = "0-abc"

    with pytest.raises(AccessDeniedError):
        drive_source(server, large).open(connection, 0, None)


# --- ranges ----------------------------------------------------------------------------------


@pytest.mark.parametrize("plain", [False, True], ids=["drive", "plain"])
@pytest.mark.parametrize("told", [True, False])
def test_beyond_the_end(
    server: DriveServer, connection: HttpSession, large: DriveFile, plain: bool, told: bool
) -> None:
    """A stretch behind the end is told as such, with the size where the server says it."""
    large.content_range_on_416 = told
    source = PlainSource(server.plain_url(large)) if plain else drive_source(server, large)

    with pytest.raises(RangeNotSatisfiableError) as caught:
        source.open(connection, SIZE, None)
    assert caught.value.total == (SIZE if told else None)


@pytest.mark.parametrize("ranges", ["wrong-start", "no-content-range"])
def test_answer_to_another_range(
    server: DriveServer, connection: HttpSession, large: DriveFile, ranges: str
) -> None:
    """A 206 that is not for what was asked is refused before its body is read."""
    large.ranges = ranges  # type: ignore[assignment]

    with pytest.raises(RangeError):
        drive_source(server, large).open(connection, 10, None)


def test_range_ignored(server: DriveServer, connection: HttpSession, large: DriveFile) -> None:
    """A 200 to a range request is the file from its first byte."""
    large.ranges = "ignore"
    with drive_source(server, large).open(connection, 10, None) as body:
        assert body.placement == (0, SIZE, SIZE, False)


def test_without_a_range(server: DriveServer, connection: HttpSession, large: DriveFile) -> None:
    """A server that stumbles over ranges can be asked without one."""
    with drive_source(server, large).open(connection, 0, None, ranged=False) as body:
        assert body.placement == (0, SIZE, SIZE, False)
    assert {request.range for request in server.requests} == {None}


@pytest.mark.parametrize("plain", [False, True], ids=["drive", "plain"])
def test_forced_gzip(
    server: DriveServer, connection: HttpSession, large: DriveFile, plain: bool
) -> None:
    """Compressed bytes are told as such, and never taken for a range of the file."""
    large.gzip = True
    source = PlainSource(server.plain_url(large)) if plain else drive_source(server, large)

    with pytest.raises(RangeError):
        source.open(connection, 0, None)
    with source.open(connection, 0, None, ranged=False) as body:
        assert body.coding == "gzip"


# --- where it may lead -----------------------------------------------------------------------


def file_from_anyone(handler: BaseHTTPRequestHandler) -> None:
    """Offer bytes, as a file of Drive's."""
    say(handler, b"evil", Content_Disposition='attachment; filename="a"')


FOREIGN = [
    "{url}/a",
    "http://drive.google.com/uc?id=x",
    "https://drive.google.com@{host}/a",
    "https://{host}\\@drive.google.com/a",
    "https://drive.google.com.{host}/a",
    "//{host}/a",
    "ftp://drive.google.com/a",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("leads", FOREIGN)
@pytest.mark.parametrize("by", ["redirect_to", "form_action"])
def test_foreign_host(
    server: DriveServer, connection: HttpSession, large: DriveFile, by: str, leads: str
) -> None:
    """Neither a redirect nor a form leads from Drive to a foreign host, or to http."""
    with small_server(file_from_anyone) as foreign:
        host = foreign.url.removeprefix("http://")
        setattr(large, by, leads.format(url=foreign.url, host=host))

        with pytest.raises(DriveRefusedError, match="not Google's") as caught:
            drive_source(server, large).open(connection, 0, None)
        assert foreign == []
    assert str(caught.value).isprintable()


def test_sign_in_is_not_asked(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """The sign-in page need not be loaded to know what it means."""
    large.refuse = "sign-in"
    with pytest.raises(AccessDeniedError, match="sign-in"):
        drive_source(server, large).open(connection, 0, None)

    assert [request.path for request in server.requests] == ["/download"]


def test_redirect_loop(server: DriveServer, connection: HttpSession, large: DriveFile) -> None:
    """Redirects among Google's own hosts are bounded as well."""
    large.redirect_to = links.public_url(links.FileLink(large.id))

    with pytest.raises(DownloadError, match="redirects"):
        drive_source(server, large).open(connection, 0, None)


@pytest.mark.parametrize("prefix", ["", "/gate/drive"])
def test_endpoint(connection: HttpSession, prefix: str) -> None:
    """An endpoint stands in for Google's hosts: same path and query, below its own path."""
    with small_server(file_from_anyone) as gate:
        source = source_of(
            "https://drive.google.com/file/d/1vB1cOZlO4MQ7c503/view", endpoint=gate.url + prefix
        )
        assert read(source, connection) == b"evil"

    assert gate[0][0] == f"{prefix}/download?id=1vB1cOZlO4MQ7c503&export=download&confirm=t"


@pytest.mark.parametrize(
    ("location", "followed"),
    [
        ("{gate}/gate/b", True),
        ("https://drive.google.com/b", True),
        ("/b", True),
        ("{gate}/elsewhere/b", False),
        ("{gate}/gateway/b", False),
        ("http://127.0.0.1:1/gate/b", False),
    ],
)
def test_redirect_at_an_endpoint(connection: HttpSession, location: str, followed: bool) -> None:
    """An endpoint may send on to Google's addresses or below itself; both lead to itself."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/gate/b":
            file_from_anyone(handler)
        else:
            say(handler, b"", 303, Location=location.format(gate=gate.url))

    with small_server(respond) as gate:
        source = source_of(links.public_url(links.FileLink("x" * 20)), endpoint=f"{gate.url}/gate")
        if followed:
            assert read(source, connection) == b"evil"
        else:
            with pytest.raises(DriveRefusedError, match="not Google's"):
                source.open(connection, 0, None)
    assert [path.partition("?")[0] for path, _ in gate] == [
        "/gate/download",
        *(["/gate/b"] if followed else []),
    ]


def test_without_an_endpoint_google_is_asked(connection: HttpSession, large: DriveFile) -> None:
    """Without an endpoint the request goes to Google, which tests cannot reach."""
    with pytest.raises(TransportError):
        source_of(large.url).open(connection, 0, None)


# --- the API ---------------------------------------------------------------------------------


def test_api(server: DriveServer, connection: HttpSession, large: DriveFile) -> None:
    """With a key the API gives any stretch in one request, without a confirmation."""
    server.api_key = KEY
    source = drive_source(server, large, api_key=KEY)

    assert read(source, connection, 10, 20) == DATA[10:20]
    assert read(source, connection) == DATA
    assert asked(server) == ["www data", "www data"]


def test_api_resource_key(server: DriveServer, connection: HttpSession, large: DriveFile) -> None:
    """The API gets the resource key of a link, too."""
    large.resource_key = "0-abc"
    url = f"{large.url}&resourcekey=0-abc"

    assert read(source_of(url, endpoint=server.endpoint, api_key=KEY), connection) == DATA


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("notFound", NotFoundError),
        ("downloadQuotaExceeded", QuotaExceededError),
        ("cannotDownloadAbusiveFile", DriveRefusedError),
        ("cannotDownloadFile", AccessDeniedError),
        ("fileNotDownloadable", DriveRefusedError),
        ("keyInvalid", AccessDeniedError),
        ("dailyLimitExceededUnreg", AccessDeniedError),
        ("userRateLimitExceeded", BusyError),
        ("rateLimitExceeded", BusyError),
        ("sharingRateLimitExceeded", BusyError),
        ("backendError", TransportError),
    ],
)
def test_api_error(
    server: DriveServer,
    connection: HttpSession,
    large: DriveFile,
    reason: str,
    kind: type[Exception],
) -> None:
    """Each reason of the API is its own error, after a single request."""
    large.api_error = reason

    with pytest.raises(kind) as caught:
        drive_source(server, large, api_key=KEY).open(connection, 0, None)
    assert type(caught.value) is kind or reason == "backendError"
    assert len(server.requests) == 1


def test_api_sorry(server: DriveServer, connection: HttpSession, large: DriveFile) -> None:
    """The HTML page "Sorry..." may stand in for the API's JSON."""
    large.refuse = "sorry"

    with pytest.raises(BusyError):
        drive_source(server, large, api_key=KEY).open(connection, 0, None)


@pytest.mark.parametrize(
    "location", ["https://drive.google.com/uc?id=x", "https://www.googleapis.com/other", "/other"]
)
def test_api_key_is_for_the_api_s_address_only(connection: HttpSession, location: str) -> None:
    """The key is in no URL, and a redirect takes it nowhere: not even to another Google host."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        if "/drive/v3/" in handler.path:
            say(handler, b"", 302, Location=location)
        else:
            file_from_anyone(handler)

    with small_server(respond) as google:
        source = source_of(
            links.public_url(links.FileLink("x" * 20)), endpoint=google.url, api_key=KEY
        )
        assert read(source, connection) == b"evil"

    assert [KEY in headers.values() for _, headers in google] == [True, False]
    assert not any(KEY in path for path, _ in google)


@pytest.mark.parametrize(
    "respond",
    [
        lambda handler: say(handler, b"<title>%s</title>you sent %s" % ((KEY.encode(),) * 2)),
        lambda handler: say(handler, b'{"error": {"message": "bad key %s"}}' % KEY.encode(), 400),
        lambda handler: handler.wfile.write(b"nonsense"),
        lambda handler: say(handler, b"", 302, Location=f"http://other/?key={KEY}"),
        lambda handler: say(handler, b"", 500),
        file_from_anyone,
    ],
    ids=["page", "json", "nonsense", "redirect", "500", "wrong-range"],
)
def test_api_key_is_never_told(
    connection: HttpSession, respond: Respond, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong, neither message, traceback nor log has the key."""
    caplog.set_level("DEBUG")
    with small_server(respond) as google:
        source = source_of(
            links.public_url(links.FileLink("x" * 20)), endpoint=google.url, api_key=KEY
        )
        told = ""
        try:
            source.open(connection, 5, None)
        except Exception:  # noqa: BLE001
            told = traceback.format_exc()
        assert KEY in google[0][1].values()

    assert KEY not in told + caplog.text
