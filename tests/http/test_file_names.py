"""The name under which a server offers a file: foreign text, in every notation that is in use."""

import pytest

from evio_data._http.file_names import MAX_HEADER, offered_name

URL = "https://example.org/data/fan%20one.raw?x=1#y"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename=fan.raw", "fan.raw"),
        ('attachment; filename="a b.raw"', "a b.raw"),
        ('attachment; filename="a; b.raw"; size=5', "a; b.raw"),
        ("attachment; filename*=UTF-8''%C3%BC.raw", "ü.raw"),
        ("attachment; filename=\"u.raw\"; filename*=UTF-8''%C3%BC.raw", "ü.raw"),
        ("attachment; FILENAME*=utf-8''%C3%BC.raw; FileName=u.raw", "ü.raw"),
        ('attachment; filename="' + "ü.raw".encode().decode("latin-1") + '"', "ü.raw"),
        ('attachment; filename="../../etc/passwd"', "../../etc/passwd"),
    ],
)
def test_disposition(disposition: str, name: str) -> None:
    """The header's name comes out as it was meant; whether it is safe, another one judges."""
    assert offered_name(disposition, URL) == name


@pytest.mark.parametrize("disposition", [None, "", "inline", "attachment; filename=", "; ; ="])
def test_the_url_where_the_header_says_nothing(disposition: str | None) -> None:
    """Without a name in the header the last part of the path is the name."""
    assert offered_name(disposition, URL) == "fan one.raw"


@pytest.mark.parametrize("url", ["https://example.org", "https://example.org/data/", "http://[::1"])
def test_nothing(url: str) -> None:
    """A URL that ends in no name offers none, and neither does one that is none."""
    assert offered_name(None, url) is None


def test_a_header_without_end_is_cut() -> None:
    """No more of a header is read than the longest name of a file needs."""
    disposition = f'attachment; filename="{"x" * 10 * MAX_HEADER}"'
    assert len(offered_name(disposition, URL) or "") <= MAX_HEADER
