"""Whatever a folder's listing holds, it is a list of items, or one typed error."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from evio_data._drive import folders
from evio_data._registry.names import check_name
from evio_data._registry_tools.keys import Keys, safe_key
from evio_data.errors import EvioDataError, RegistryError

ID = "1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq"
ENTRY = (
    f'<div class="flip-entry" id="entry-{ID}"><a href="{{}}">'
    '<div class="flip-entry-title">fan.raw</div></a></div>'
)
PIECES = [
    '<div class="flip-entries">',
    f'<div class="flip-entry" id="entry-{ID}">',
    '<div class="flip-entry-title">',
    f'<a href="https://drive.google.com/file/d/{ID}/view">',
    f'<a href="https://drive.google.com/drive/folders/{ID}">',
    '<a href="//[">',
    '<img src="https://x.org/16/type/application/vnd.google-apps.folder">',
    "</div>",
    "</div></div></div>",
    "<![",
    "<!-- ",
    "&#xd800;",
    "../../etc/passwd",
    ENTRY.format("https://drive.google.com/file/d/" + ID),
    ENTRY.format("https://docs.google.com/document/d/" + ID),
]
TYPES = st.sampled_from(
    [folders.FOLDER_TYPE, folders.SHORTCUT_TYPE, "application/vnd.google-apps.document", "x/y", ""]
)
PAGES = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=15)), max_size=25).map("".join)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=15), st.just(ID))
FIELDS = st.sampled_from(
    ["id", "name", "mimeType", "size", "sha256Checksum", "resourceKey", "capabilities"]
)
ODD = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(FIELDS, SCALARS, max_size=2)
)


def usually(value: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Return what Drive sends, three times in four."""
    return st.one_of(value, value, value, ODD)


FILES = st.fixed_dictionaries(
    {
        "id": usually(st.just(ID)),
        "name": usually(st.text(min_size=1, max_size=15)),
        "mimeType": usually(TYPES),
    },
    optional={
        "size": usually(st.integers(0, 10**12).map(str)),
        "sha256Checksum": usually(st.sampled_from(["0" * 64, "AB" * 32])),
        "resourceKey": usually(st.just("0-a")),
        "capabilities": usually(st.fixed_dictionaries({"canDownload": usually(st.booleans())})),
        "shortcutDetails": usually(
            st.fixed_dictionaries({"targetId": usually(st.just(ID)), "targetMimeType": TYPES})
        ),
    },
)
NAMES = st.lists(st.text(max_size=30), min_size=1, max_size=4)


@given(page=PAGES)
def test_every_page_is_a_list_or_an_error(page: str) -> None:
    """Any page lists items with sound ids, or is refused."""
    try:
        items = folders.items_of_page('<div class="flip-entries">' + page)
    except EvioDataError as error:
        assert str(error).isprintable()
        return
    assert all(10 <= len(item.link.id) <= 200 for item in items)


@given(
    value=st.one_of(
        st.fixed_dictionaries(
            {"files": st.lists(FILES, max_size=4)}, optional={"nextPageToken": SCALARS}
        ),
        SCALARS,
        st.lists(SCALARS, max_size=3),
    ),
    cut=st.one_of(st.none(), st.integers(0, 60)),
)
def test_every_json_is_a_list_or_an_error(value: object, cut: int | None) -> None:
    """Any JSON, cut or whole, lists items of the right types, or is refused."""
    try:
        items, token = folders.items_of_json(json.dumps(value)[:cut])
    except EvioDataError as error:
        assert str(error).isprintable()
        return
    assert token is None or token
    for item in items:
        assert item.size is None or item.size >= 0
        item.name.encode("utf-8")


@given(value=st.one_of(FILES, SCALARS), cut=st.one_of(st.none(), st.integers(0, 60)))
def test_every_json_is_a_file_or_an_error(value: object, cut: int | None) -> None:
    """What the API tells of one file is an item of the right types, or is refused."""
    try:
        item = folders.item_of_json(json.dumps(value)[:cut])
    except EvioDataError as error:
        assert str(error).isprintable()
        return
    assert item.link.id == ID
    assert item.size is None or item.size >= 0
    assert all(known == known.lower() for known in item.hashes)


@given(path=NAMES)
def test_every_name_becomes_a_safe_key(path: list[str]) -> None:
    """Whatever files are called in Drive, a key that comes of it is one that a registry takes."""
    try:
        key = safe_key(path)
    except RegistryError:
        return
    check_name(key)
    assert key.count("/") == len(path) - 1


@given(paths=st.lists(st.text("aA.1é/", min_size=1, max_size=6), max_size=8))
def test_keys_are_unique(paths: list[str]) -> None:
    """No two keys that are handed out are one on some file system."""
    keys, taken = Keys([]), []
    for path in paths:
        try:
            taken.append(keys.take(safe_key(path.split("/"))))
        except RegistryError:
            continue
    assert len({key.casefold() for key in taken}) == len(taken)
