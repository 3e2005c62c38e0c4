"""Links to Drive: which file or folder a URL means, and the addresses that we make."""

from urllib.parse import urlsplit

import pytest

from evio_data._drive import links
from evio_data._drive.links import FileLink

ID = "1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq"
OTHER = "18eI0LbcE-0DcZhZcd4bx-yTP-gHsYY91"
KEY = "0-2L-INjRPsn2ANX4MZIGU0Q"
DATA = "https://drive.usercontent.google.com/download"
PAGE_URL = f"{DATA}?id={ID}&export=download"

# --- links to files --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"https://drive.google.com/uc?id={ID}",
        f"https://drive.google.com/uc?export=download&id={ID}",
        f"https://drive.google.com/uc?id={ID}&export=download&confirm=t",
        f"https://drive.google.com/u/0/uc?id={ID}&export=download",
        f"https://drive.google.com/a/lab.example/uc?id={ID}&export=download",
        f"https://docs.google.com/uc?export=download&id={ID}",
        f"https://drive.google.com/open?id={ID}",
        f"https://drive.google.com/uc?export=download&amp;id={ID}",
        f"https://docs.google.com/leaf?id={ID}",
        f"https://drive.google.com/file/d/{ID}",
        f"https://drive.google.com/file/d/{ID}/",
        f"https://drive.google.com/file/d/{ID}/view",
        f"https://drive.google.com/file/d/{ID}/view?usp=sharing",
        f"https://drive.google.com/file/d/{ID}/edit#x",
        f"https://drive.google.com/file/d/{ID}/preview",
        f"https://drive.google.com/file/u/0/d/{ID}/view",
        f"https://drive.google.com/a/lab.example/file/d/{ID}/view",
        f"https://docs.google.com/document/d/{ID}/edit",
        f"https://docs.google.com/spreadsheets/d/{ID}/htmlview",
        f"https://docs.google.com/presentation/u/0/d/{ID}/export",
        f"{DATA}?id={ID}&export=download&authuser=0&confirm=t&uuid=U&at=A:1",
        f"https://www.googleapis.com/drive/v3/files/{ID}?alt=media&key=K",
        f"https://drive.google.com/thumbnail?id={ID}",
        f"HTTPS://DRIVE.GOOGLE.COM/uc?id={ID}",
        f"http://drive.google.com/uc?id={ID}",
        f"https://drive.google.com:443/uc?id={ID}",
        f"https://drive.google.com/uc?id={ID}&resid={OTHER}&docid={OTHER}",
        f"https://drive.google.com/uc?resid={OTHER}&id={ID}",
        f"https://drive.google.com/uc?id={ID}#size=5",
    ],
)
def test_file_link(url: str) -> None:
    """Every shape of a link to a file gives its id, in its own case, and no resource key."""
    assert links.file_link(url) == FileLink(ID)


@pytest.mark.parametrize(
    "url",
    [
        f"https://drive.google.com/uc?id={ID}&resourcekey={KEY}",
        f"https://drive.google.com/file/d/{ID}/view?usp=sharing&resourcekey={KEY}",
        f"{DATA}?resourcekey={KEY}&id={ID}",
        f"https://www.googleapis.com/drive/v3/files/{ID}?alt=media&resourcekey={KEY}",
    ],
)
def test_file_link_keeps_the_resource_key(url: str) -> None:
    """The key without which some files stay shut is kept."""
    assert links.file_link(url) == FileLink(ID, KEY)


@pytest.mark.parametrize("key", ["x%0Aevil.raw", "x%0D%0AX-Evil:1", "a+b", "%E2%80%AE", "k" * 201])
def test_resource_key_that_is_none_is_dropped(key: str) -> None:
    """A resource key cannot bring a second line into a registry, nor a header into a request."""
    file, folder = f"https://drive.google.com/file/d/{ID}/view", "https://drive.google.com/drive"
    assert links.file_link(f"{file}?resourcekey={key}") == FileLink(ID)
    assert links.folder_link(f"{folder}/folders/{ID}?resourcekey={key}") == FileLink(ID)


@pytest.mark.parametrize(
    "id",
    [
        "0B9P1L--7Wd2vU3VUVlFnbTgtS2c",
        "1Sul7bhaimPjncS2GE73nVloSPQbtyzu-",
        "1ENcQ_aaaaaaaaaaaaaaaaaaaaaaGsodiDQ",
        "0B_" + "x" * 58,
        "a" * 10,
    ],
)
def test_id_shapes(id: str) -> None:
    """Ids have been 28 to 61 characters long, may repeat dashes, and may end in one."""
    for url in (f"https://drive.google.com/uc?id={id}", f"https://drive.google.com/file/d/{id}"):
        assert links.file_link(url) == FileLink(id)


@pytest.mark.parametrize(
    "url",
    [
        f"https://drive.google.com/uc?resid={ID}",
        f"https://drive.google.com/get_video_info?docid={ID}",
        f"https://drive.google.com/uc?id={ID}&id={OTHER}",
        "https://drive.google.com/uc?id=",
        "https://drive.google.com/uc?id=short",
        f"https://drive.google.com/uc?id={ID}/../x",
        f"https://drive.google.com/uc?id={ID}%0d%0aX",
        "https://drive.google.com/uc",
        "https://drive.google.com/file/d/short/view",
        f"https://drive.google.com/file/d/{ID}.exe",
        f"https://drive.google.com/file/d/{ID}\u00e9/view",
        f"https://www.googleapis.com/drive/v3/files/{ID}/export?mimeType=text/plain",
        f"https://www.googleapis.com/upload/drive/v3/files?id={ID}",
        f"https://drive.google.com/drive/folders/{ID}",
        f"https://drive.google.com/drive/u/0/folders/{ID}",
        f"https://drive.google.com/folderview?id={ID}",
        f"https://drive.google.com/embeddedfolderview?id={ID}#list",
        f"https://docs.google.com/folder/d/{ID}/edit",
        f"https://example.org/uc?id={ID}",
        f"https://drive.google.com.example.org/uc?id={ID}",
        f"https://example.org/?u=https://drive.google.com/uc?id={ID}",
        f"https://drive.google.com@example.org/uc?id={ID}",
        f"https://example.org\\@drive.google.com/uc?id={ID}",
        f"https://drive.google.com:port/uc?id={ID}",
        f"https://[drive.google.com/uc?id={ID}",
        ID,
        "",
    ],
)
def test_no_file_link(url: str) -> None:
    """A folder, another host, an ambiguous or a missing id is no link to a Drive file."""
    assert links.file_link(url) is None


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (f"https://drive.google.com/drive/folders/{ID}", None),
        (f"https://drive.google.com/drive/folders/{ID}?usp=sharing&hl=en", None),
        (f"https://drive.google.com/drive/folders/{ID}?resourcekey={KEY}", KEY),
        (f"https://drive.google.com/drive/u/1/folders/{ID}", None),
        (f"https://drive.google.com/folderview?id={ID}", None),
        (f"https://drive.google.com/embeddedfolderview?id={ID}#grid", None),
        (f"https://drive.google.com/embeddedfolderview?id={ID}&resourcekey={KEY}#list", KEY),
        (f"https://docs.google.com/folder/d/{ID}/edit", None),
        (f"https://drive.google.com/open?id={ID}", None),
        (f"https://drive.google.com/#folders/{ID}", None),
        (f"https://drive.google.com/drive/#folders/{ID}", None),
        (f"https://drive.google.com/drive/u/0/#folders/0/{ID}", None),
        (f"https://drive.google.com/folderview?usp=x&amp;id={ID}", None),
        (f"https://drive.google.com/drive/folders/{ID}?a=b&amp;resourcekey={KEY}", KEY),
        (ID, None),
    ],
)
def test_folder_link(url: str, key: str | None) -> None:
    """Every shape of a link to a folder gives its id and its resource key; so does a bare id."""
    assert links.folder_link(url) == FileLink(ID, key)


@pytest.mark.parametrize(
    "url",
    [
        f"https://drive.google.com/file/d/{ID}/view",
        f"https://drive.google.com/uc?id={ID}",
        f"https://example.org/drive/folders/{ID}",
        f"https://drive.google.com/drive/folders/{ID}.exe",
        f"https://example.org/#folders/{ID}",
        f"https://drive.google.com/#folders/{ID}.exe",
        "https://drive.google.com/drive/my-drive",
        "short",
        "",
    ],
)
def test_no_folder_link(url: str) -> None:
    """A file, or another host's path, is no link to a Drive folder."""
    assert links.folder_link(url) is None


@pytest.mark.parametrize("key", [None, KEY])
def test_our_own_addresses_are_links(key: str | None) -> None:
    """Each address that we ask for a file means this file, and has the resource key."""
    link = FileLink(ID, key)

    assert links.file_link(links.public_url(link)) == link
    assert links.file_link(links.direct_url(link)) == link
    assert links.file_link(links.api_url(link)) == FileLink(ID)


def test_api_keys_travel_in_headers() -> None:
    """Keys are not part of a URL, which logs and tracebacks repeat."""
    assert "key" not in urlsplit(links.api_url(FileLink(ID, KEY))).query
    assert links.api_headers(FileLink(ID), "AIza") == {"X-Goog-Api-Key": "AIza"}
    assert links.api_headers(FileLink(ID, KEY), "AIza") == {
        "X-Goog-Api-Key": "AIza",
        "X-Goog-Drive-Resource-Keys": f"{ID}/{KEY}",
    }


@pytest.mark.parametrize(
    ("url", "google"),
    [
        ("https://drive.google.com/x", True),
        ("https://drive.usercontent.google.com/download", True),
        ("https://doc-0o-3s-docs.googleusercontent.com/docs/securesc/x", True),
        ("https://www.googleapis.com/drive/v3/files", True),
        ("https://DRIVE.google.COM./x", True),
        ("http://drive.google.com/x", False),
        ("ftp://drive.google.com/x", False),
        ("https://google.com.example.org/", False),
        ("https://notgoogle.com/", False),
        ("https://evilgoogle.com/", False),
        ("https://drive.google.com@example.org/", False),
        ("https://drive.google.com:pw@example.org/", False),
        ("https://example.org\\@drive.google.com/", False),
        ("https://example.org\\.google.com/", False),
        ("https://example.org#.google.com/", False),
        ("https://example.org?.google.com/", False),
        ("https://example.org\t.google.com/", False),
        ("//drive.google.com/x", False),
        ("javascript:alert(1)", False),
        ("https://", False),
    ],
)
def test_is_google(url: str, google: bool) -> None:
    """Only https and a host below Google's domains will do, however the URL is dressed up."""
    assert links.is_google(url) is google


@pytest.mark.parametrize(
    ("url", "sign_in"),
    [
        ("https://accounts.google.com/ServiceLogin?service=wise", True),
        ("https://accounts.google.com/v3/signin/identifier?continue=x", True),
        ("https://accounts.google.com/AccountChooser", True),
        ("https://www.google.com/a/lab.example/ServiceLogin", True),
        ("https://drive.google.com/uc?continue=/ServiceLogin", False),
        (PAGE_URL, False),
    ],
)
def test_is_sign_in(url: str, sign_in: bool) -> None:
    """The sign-in page is known by its host or path, not by a parameter."""
    assert links.is_sign_in(url) is sign_in
