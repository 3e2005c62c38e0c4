"""Foreign text made safe to print, and numbers made pleasant to read."""

import pytest

from evio_data import _text


@pytest.mark.parametrize(
    ("foreign", "printed"),
    [
        ("plain words", "plain words"),
        ("Größe 幅", "Größe 幅"),
        ("two\r\nlines\tand more", "two lines and more"),
        ("\x1b[2J\x1b]0;owned\x07name", "[2J ]0;owned name"),
        ("\x9b31mred", "31mred"),
        ("a\x00b\x7fc\x85d", "a b c d"),
        ("safe\u202egnp.exe", "safe gnp.exe"),
        ("zero\u200bwidth\u2066\ufeff", "zero width"),
        ("soft\u00adhyphen\u2028line", "soft hyphen line"),
        ("half \ud800 pair", "half pair"),
        ("", ""),
    ],
)
def test_clean_has_nothing_that_a_terminal_obeys(foreign: str, printed: str) -> None:
    """Foreign text comes out as one line of printable characters."""
    assert _text.clean(foreign) == printed


@pytest.mark.parametrize(
    "foreign",
    [
        "https://www.googleapis.com/drive/v3/files/ID?alt=media&key=SECRET",
        "Max retries exceeded with url: /x?key=SECRET (Caused by ...)",
        "https://x/download?id=1&uuid=SECRET&at=SECRET:1700&confirm=SECRET",
        "HTTPS://X/?KEY=SECRET",
        "https://user:SECRET@mirror.example/fan.raw",
        "http://SECRET@mirror.example",
        "http://user:p@SECRET@proxy.example:3128/",
        "https://x/y?X-Amz-Signature=SECRET&X-Goog-Signature=SECRET&sig=SECRET",
        "https://x/y?access_token=SECRET",
        "http://user:SEC#RET-SECRET@host:3128/x",
        "http://user:SECRET/SECRET@host",
        "http://user:12/SECRET@host",
        "http://user:SECRET@SECRET/x@host",
    ],
)
def test_clean_hides_secrets(foreign: str) -> None:
    """Keys, tokens and passwords in URLs are not printed."""
    assert "SECRET" not in _text.clean(foreign)
    assert "…" in _text.clean(foreign)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/a@b", "https://cdn.example.net/x@1.0/f", "mail@example.org"]
)
def test_clean_leaves_an_at_in_a_path(url: str) -> None:
    """An @ behind a host is no password's end."""
    assert _text.clean(url) == url


@pytest.mark.parametrize("length", [0, 1, 199, 200, 201, 5_000_000])
def test_clean_is_bounded(length: int) -> None:
    """However much a server sends, a message holds a bounded piece of it, marked as cut."""
    printed = _text.clean("a" * length)

    assert len(printed) == min(length, _text.MAX_QUOTED)
    assert printed.endswith("…") == (length > _text.MAX_QUOTED)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (10 * 1024 - 1, "10.0 KiB"),
        (100 * 1024 - 1, "100 KiB"),
        (1024**2 - 1, "1.00 MiB"),
        (476 * 2**20, "476 MiB"),
        (1000 * 2**20, "0.98 GiB"),
        (2**40, "1.00 TiB"),
        (2**50, "1024.00 TiB"),
    ],
)
def test_size(count: int, words: str) -> None:
    """A number of bytes has three digits and the binary unit that keeps them readable."""
    assert _text.size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (60.4, "60 s"),
        (61, "1 min 01 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (86_400, "24 h 00 min"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    """A time span is told in at most two units."""
    assert _text.duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (14_000, "14,000 files")]
)
def test_plural(count: int, words: str) -> None:
    """One is singular, all else plural."""
    assert _text.plural(count, "file") == words
