"""Drive's folder listings as data: pages and JSON of every kind, also broken ones."""

from __future__ import annotations

import html
import json
import random
from contextlib import suppress

import pytest

from evio_data._drive import folders
from evio_data._drive.links import FileLink
from evio_data.errors import AccessDeniedError, DownloadError, EvioDataError

ID = "1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq"
OTHER = "18eI0LbcE-0DcZhZcd4bx-yTP-gHsYY91"
KEY = "0-2L-INjRPsn2ANX4MZIGU0Q"
HASH = "ab" * 32
FILE = f"https://drive.google.com/file/d/{ID}/view?usp=drive_web"
FOLDER = f"https://drive.google.com/drive/folders/{ID}"
SHEET = f"https://docs.google.com/spreadsheets/d/{ID}/edit?usp=drive_web"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
GOOGLE = "application/vnd.google-apps."


def entry(name: str, href: str = FILE, mime: str = "application/octet-stream") -> str:
    """Return one entry of the page, as Drive writes it."""
    icon = f"https://drive-thirdparty.googleusercontent.com/16/type/{mime}"
    image = f'<img src="{icon}" alt=""/>' if mime else '<div aria-label="Folder" class="x"></div>'
    return (
        f'<div class="flip-entry" id="entry-{ID}" tabindex="0" role="link">'
        f'<div class="flip-entry-info"><a href="{html.escape(href)}" target="_blank">'
        '<div class="flip-entry-visual"><div class="flip-entry-visual-card"></div></div>'
        f'<div class="flip-entry-list-icon">{image}</div>'
        f'<div class="flip-entry-title">{html.escape(name)}</div></a></div>'
        '<div class="flip-entry-last-modified"><div>Dec 18, 2025</div></div></div>'
    )


def page(*entries: str) -> str:
    """Return a whole page."""
    return (
        "<!DOCTYPE html><html><head><title>A</title></head><body>"
        f'<div class="flip-entries">{"".join(entries)}</div><div>after</div></body></html>'
    )


@pytest.mark.parametrize(
    ("href", "mime", "kind"),
    [
        (FILE, "application/octet-stream", "file"),
        (FILE, "", "file"),
        (FILE, GOOGLE + "shortcut", "file"),
        (FOLDER, "", "folder"),
        (f"https://drive.google.com/open?id={ID}", "", "folder"),
        (f"https://drive.google.com/open?id={ID}", "image/png", "file"),
        (SHEET, GOOGLE + "spreadsheet", "document"),
        (SHEET, "", "document"),
        (f"https://docs.google.com/document/d/{ID}/edit?rtpof=true", WORD, "file"),
        (f"https://docs.google.com/forms/d/{ID}/edit", GOOGLE + "form", "document"),
        ("https://example.org/x", "image/png", "other"),
        ("", "image/png", "other"),
        ("http://[", "image/png", "other"),
    ],
)
def test_kind_of_an_entry(href: str, mime: str, kind: str) -> None:
    """The link and the icon together tell what an entry is."""
    (item,) = folders.items_of_page(page(entry("a.raw", href, mime)))
    assert (item.kind, item.name, item.link.id) == (kind, "a.raw", ID)


def test_names_are_text() -> None:
    """Markup, entities and other scripts in a name are the name; blanks at its ends are not."""
    names = ["<i>it's & more</i>.raw", "風車 1.raw", "a&amp;b", '"quoted"', "two  blanks"]
    items = folders.items_of_page(page(*(entry(f" {name} ") for name in names)))
    assert [item.name for item in items] == names


def test_every_entry_is_read() -> None:
    """More than fifty entries are read, in their order."""
    names = [f"{number}.raw" for number in range(1200)]
    items = folders.items_of_page(page(*map(entry, names)))
    assert [item.name for item in items] == names


@pytest.mark.parametrize("href", [f"{FILE}&resourcekey={KEY}", f"{FOLDER}?resourcekey={KEY}"])
def test_resource_keys_are_kept(href: str) -> None:
    """A resource key in a link goes with the item, and into every address made of it."""
    (item,) = folders.items_of_page(page(entry("a", href, "")))
    assert item.link == FileLink(ID, KEY)
    addresses = (folders.page_url, folders.folder_url, folders.file_url, folders.view_url)
    assert all(f"resourcekey={KEY}" in address(item.link) for address in addresses)


def test_attribute_order_and_line_breaks() -> None:
    """Neither the order of attributes nor blanks between elements matter."""
    text = page(entry("a.raw")).replace(
        f'class="flip-entry" id="entry-{ID}"', f"id='entry-{ID}'\n class='flip-entry x'"
    )
    (item,) = folders.items_of_page(text.replace("><", ">\n <"))
    assert (item.name, item.kind) == ("a.raw", "file")


def test_page_without_a_list() -> None:
    """A page without flip-entries means a folder that is not public, not an empty one."""
    with pytest.raises(AccessDeniedError, match="not public"):
        folders.items_of_page("<html><title>A</title><p>flip-entries</p></html>")


def test_empty_list() -> None:
    """A list of nothing is a list; who asked decides what that means."""
    assert folders.items_of_page(page()) == []


def test_cut_page() -> None:
    """A list that does not end is an error, and not a shorter list."""
    whole = page(entry("a.raw"), entry("b.raw"))
    with pytest.raises(DownloadError, match="cut short"):
        folders.items_of_page(whole[: whole.index("b.raw")])


def test_mutated_pages() -> None:
    """Whatever becomes of a page, the outcome is a list or an error of the tree, at once."""
    chance = random.Random(7)
    whole = page(entry("a.raw"), entry("b", FOLDER, ""), entry("c", SHEET, GOOGLE + "spreadsheet"))
    bits = ["<", ">", '"', "'", "</div>", "<div ", "<!--", "<![", "&#x110000;", "&#xD800;", "\0"]
    for _ in range(1500):
        text = whole
        for _ in range(chance.randrange(1, 5)):
            start = chance.randrange(len(text))
            stop = start + chance.choice([0, 0, 1, 5, 200])
            text = text[:start] + chance.choice(bits) * chance.choice([1, 1, 30]) + text[stop:]
        try:
            items = folders.items_of_page(text)
        except EvioDataError:
            continue
        assert all(isinstance(item.name.encode(), bytes) for item in items)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("bit", ["<a ", "<!--", '<a href="', "<a b='", "</", "<![CDATA[", "&"])
def test_hostile_pages(bit: str) -> None:
    """Tags without an end do not make the reader look for it again and again."""
    text = page(entry("a.raw")).replace("a.raw", bit * 200_000)
    with suppress(DownloadError):
        folders.items_of_page(text)


# --- the API ----------------------------------------------------------------------------------


def listed(*files: object, **more: object) -> str:
    """Return a page of the API's list."""
    return json.dumps({"kind": "drive#fileList", "files": files, **more})


def of_api(**fields: object) -> dict[str, object]:
    """Return a file as the API describes it."""
    return {"id": ID, "name": "a.raw", "mimeType": "application/octet-stream", **fields}


def test_hashes_of_the_api_are_told_the_strongest_first() -> None:
    """A file has its SHA-256, and failing that its MD5, as hashes of a registry."""
    both = of_api(sha256Checksum=HASH, md5Checksum="AB" * 16)
    (item, other), _ = folders.items_of_json(listed(both, of_api(md5Checksum="cd" * 16)))
    assert (item.hashes, other.hashes) == ((HASH, "md5:" + "ab" * 16), ("md5:" + "cd" * 16,))


def test_file_of_the_api() -> None:
    """A file comes with its exact size and its hash."""
    items, token = folders.items_of_json(listed(of_api(size="12", sha256Checksum=HASH.upper())))
    assert items == [
        folders.Item("a.raw", "file", FileLink(ID), size=12, hashes=(HASH,), asked=True)
    ]
    assert token is None


def test_token_of_the_api() -> None:
    """A page tells the token of the next one, also if it is empty itself."""
    assert folders.items_of_json(listed(nextPageToken="t")) == ([], "t")


@pytest.mark.parametrize(
    ("target", "kind"),
    [("x/y", "file"), (folders.FOLDER_TYPE, "folder"), (GOOGLE + "document", "document")],
)
def test_shortcut_of_the_api(target: str, kind: str) -> None:
    """A shortcut stands for its target, whose size is still to be asked for."""
    details = {"targetId": OTHER, "targetMimeType": target, "targetResourceKey": KEY}
    described = of_api(mimeType=folders.SHORTCUT_TYPE, shortcutDetails=details)
    item = folders.item_of_json(json.dumps(described))
    assert (item.kind, item.link, item.asked) == (kind, FileLink(OTHER, KEY), False)


def test_download_switched_off() -> None:
    """The API says beforehand which files cannot be downloaded."""
    item = folders.item_of_json(json.dumps(of_api(capabilities={"canDownload": False})))
    assert not item.downloadable


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 5000,
        json.dumps({"files": {}}),
        json.dumps({"files": [1]}),
        json.dumps({"files": [], "nextPageToken": 1}),
        json.dumps({"files": [], "nextPageToken": ""}),
        listed({}),
        listed(of_api(id="../..")),
        listed(of_api(id=f"https://drive.google.com/drive/folders/{ID}")),
        listed(of_api(name=1)),
        listed(of_api(size=12)),
        listed(of_api(size="-1")),
        listed(of_api(sha256Checksum="x")),
        listed(of_api(capabilities=[])),
        listed(of_api(mimeType=folders.SHORTCUT_TYPE)),
        listed(of_api(mimeType=folders.SHORTCUT_TYPE, shortcutDetails={"targetId": "'"})),
        listed(incompleteSearch=True),
    ],
)
def test_json_of_another_shape(text: str) -> None:
    """JSON that is not as documented is an error, and not a list without some files."""
    with pytest.raises(DownloadError):
        folders.items_of_json(text)


def test_half_a_surrogate_pair() -> None:
    """A name that is no text is made one."""
    item = folders.item_of_json(json.dumps(of_api(name="a\ud800")))
    assert item.name == "a?"


def test_keys_are_not_in_addresses() -> None:
    """The addresses of the API hold no key; it travels in a header."""
    for url in (folders.api_list_url(FileLink(ID, KEY), "t"), folders.api_file_url(FileLink(ID))):
        assert "key=" not in url
        assert KEY not in url
