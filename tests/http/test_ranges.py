"""What a status and its headers say of a body; and spans of a file."""

import pytest

from evio_data._http import ranges
from evio_data._http.ranges import Placement, RangeError, RangeNotSatisfiableError

Headers = dict[str, str]


def part(content_range: str, length: int | None = None) -> Headers:
    """Return the headers of a partial answer."""
    extra = {} if length is None else {"Content-Length": str(length)}
    return {"Content-Range": content_range, **extra}


@pytest.mark.parametrize(
    ("status", "headers", "asked", "placed"),
    [
        (200, {"Content-Length": "100"}, (0, None), Placement(0, 100, 100, honoured=False)),
        (200, {"Content-Length": "100"}, (40, None), Placement(0, 100, 100, honoured=False)),
        (200, {}, (40, 50), Placement(0, None, None, honoured=False)),
        (200, {"Content-Length": "0"}, (0, None), Placement(0, 0, 0, honoured=False)),
        (200, part("bytes 40-99/100", 60), (40, None), Placement(0, 60, 60, honoured=False)),
        (206, part("bytes 0-99/100", 100), (0, None), Placement(0, 100, 100, honoured=True)),
        (206, part("bytes 40-99/100", 60), (40, None), Placement(40, 100, 100, honoured=True)),
        (206, part("bytes 40-99/100"), (40, None), Placement(40, 100, 100, honoured=True)),
        (206, part("bytes 40-49/100"), (40, 50), Placement(40, 50, 100, honoured=True)),
        (206, part("bytes 40-44/100"), (40, 50), Placement(40, 45, 100, honoured=True)),
        (206, part("bytes 40-99/*"), (40, None), Placement(40, 100, None, honoured=True)),
        (206, part(" BYTES 0-0/1 "), (0, 1), Placement(0, 1, 1, honoured=True)),
        (206, part("bytes=0-0/1"), (0, 1), Placement(0, 1, 1, honoured=True)),
        (206, part("0 - 0 / 1"), (0, 1), Placement(0, 1, 1, honoured=True)),
        (203, {"Content-Length": "100"}, (40, None), Placement(0, 100, 100, honoured=False)),
        (200, {"Content-Length": "100, 100"}, (0, None), Placement(0, 100, 100, honoured=False)),
        (200, {"Content-Length": "99, 100"}, (0, None), Placement(0, None, None, honoured=False)),
        (
            200,
            {"Transfer-Encoding": "identity", "Content-Length": "9"},
            (0, None),
            Placement(0, 9, 9, honoured=False),
        ),
        (
            200,
            {"Transfer-Encoding": "chunked", "Content-Length": "9"},
            (0, None),
            Placement(0, None, None, honoured=False),
        ),
        (
            206,
            {**part("bytes 0-8/9"), "Accept-Ranges": "none"},
            (0, None),
            Placement(0, 9, 9, honoured=True),
        ),
    ],
)
def test_placement(
    status: int, headers: Headers, asked: tuple[int, int | None], placed: Placement
) -> None:
    """A 200 begins at 0 whatever was asked; a 206 begins where it says, which is what was asked."""
    assert ranges.placement(status, headers, *asked) == placed


@pytest.mark.parametrize(
    ("status", "headers", "asked"),
    [
        (206, {}, (40, None)),
        (206, {"Content-Type": "multipart/byteranges"}, (40, None)),
        (206, {**part("bytes 40-99/100"), "Content-Type": "multipart/byteranges"}, (40, None)),
        (206, part("bytes 0-99/100"), (40, None)),
        (206, part("bytes 41-99/100"), (40, None)),
        (206, part("bytes 40-59/100"), (40, 50)),
        (206, part("bytes 40-39/100"), (40, None)),
        (206, part("bytes 40-100/100"), (40, None)),
        (206, part("bytes 40-99/100", 61), (40, None)),
        (206, part("bytes */100"), (40, None)),
        (206, part("bytes 40-99"), (40, None)),
        (206, part("items 40-99/100"), (40, None)),
        (206, part("bytes 40-99/100, 0-9/100"), (40, None)),
        (206, part(f"bytes 40-{'9' * 5000}/*"), (40, None)),
        (206, part("bytes -1-99/100"), (0, None)),
        (204, {}, (0, None)),
        (304, {}, (0, None)),
        (404, {}, (0, None)),
        (500, {}, (0, None)),
    ],
)
def test_no_placement(status: int, headers: Headers, asked: tuple[int, int | None]) -> None:
    """An answer to another range, or to none, is refused: nothing of its body is used."""
    with pytest.raises(RangeError) as caught:
        ranges.placement(status, headers, *asked)
    assert not isinstance(caught.value, RangeNotSatisfiableError)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("headers", "total"),
    [
        ({}, None),
        ({"Content-Range": "bytes */100"}, 100),
        ({"Content-Range": "bytes */0"}, 0),
        ({"Content-Range": "bytes 0-1/100"}, None),
        ({"Content-Range": "nonsense"}, None),
        ({"Content-Range": f"bytes */{'9' * 5000}"}, None),
    ],
)
def test_not_satisfiable(headers: Headers, total: int | None) -> None:
    """A 416 tells the file's size, where it says so."""
    with pytest.raises(RangeNotSatisfiableError) as caught:
        ranges.placement(416, headers, 100, None)
    assert caught.value.total == total


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({"Content-Length": "5"}, 5),
        ({"Content-Length": " 5 "}, 5),
        ({"Content-Length": "5", "Transfer-Encoding": "chunked"}, None),
        ({"Content-Length": "-5"}, None),
        ({"Content-Length": "5, 5"}, 5),
        ({"Content-Length": "5, 6"}, None),
        ({"Content-Length": "\u0665"}, None),
        ({"Content-Length": "²"}, None),
        ({"Content-Length": "9" * 5000}, None),
        ({"Content-Length": ""}, None),
        ({}, None),
    ],
)
def test_content_length(headers: Headers, length: int | None) -> None:
    """A length counts only if it is a plain number of this body's bytes."""
    assert ranges.content_length(headers) == length


@pytest.mark.parametrize(
    ("asked", "value"), [((0, None), "bytes=0-"), ((5, 9), "bytes=5-8"), ((0, 1), "bytes=0-0")]
)
def test_header(asked: tuple[int, int | None], value: str) -> None:
    """[start, stop) becomes first and last byte."""
    assert ranges.header(*asked) == value
