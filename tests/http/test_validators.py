"""Whether two answers can be parts of one version of a file."""

import pytest

from evio_data._http.validators import Validators

HERE = Validators("data.example", 100, "tag", "Mon", "crc32c=AA")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"total": 99}, "its size was 100, and is 99"),
        ({"total": None}, None),
        ({"total": 0}, "its size was 100, and is 0"),
        ({"etag": "other"}, "its etag was 'tag', and is 'other'"),
        ({"etag": None}, None),
        ({"etag": 'W/"tag"'}, None),
        ({"etag": '"tag-gzip"'}, None),
        ({"etag": ""}, None),
        ({"last_modified": "Tue"}, "its last_modified was 'Mon', and is 'Tue'"),
        ({"digest": "crc32c=BB"}, "its digest is another one"),
        ({"origin": "mirror.example", "etag": "other", "digest": "x"}, None),
        ({"origin": "mirror.example", "total": 99}, "its size was 100, and is 99"),
    ],
)
def test_contradiction(change: dict[str, object], words: str | None) -> None:
    """Sizes must agree everywhere, validators only on one server; what is missing says nothing."""
    found = HERE._replace(**change)  # type: ignore[arg-type]
    assert (found.contradicts_content(HERE) or found.contradicts(HERE)) == words


def test_contradiction_is_safe_to_print() -> None:
    """Validators are foreign text: no terminal escape gets through."""
    words = HERE._replace(etag="\x1b[31m" + "x" * 1000).contradicts(HERE)

    assert words is not None
    assert words.isprintable()
    assert len(words) < 300


@pytest.mark.parametrize(
    ("fields", "sound"),
    [
        ({}, True),
        ({"total": None, "etag": None, "last_modified": None, "digest": None}, True),
        ({"origin": None}, False),
        ({"total": -1}, False),
        ({"total": "100"}, False),
        ({"total": True}, False),
        ({"etag": 7}, False),
        ({"digest": ["x"]}, False),
    ],
)
def test_soundness(fields: dict[str, object], sound: bool) -> None:
    """A journal that someone has edited does not get past its types."""
    assert HERE._replace(**fields).is_sound() is sound  # type: ignore[arg-type]
