"""Tests of telling a web page from a recording by its first bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from evio_data._http.web_page import is_web_page
from evio_data.testing import recordings

PAGES = (
    b"<!DOCTYPE html><html>",
    b"\r\n\t <!doctype HTML PUBLIC>",
    b"<html>",
    b"<HTML lang=en>",
    b"<head>",
    b"<title>Sign in</title>",
    b"<meta http-equiv=refresh content='0; url=/portal'>",
    b"<script>location = '/login'</script>",
    b"<body onload=go()>",
    b"<h1>403 Forbidden</h1>",
    b"<!-- portal 2.1 --><html>",
    b"\xef\xbb\xbf<html>",
    "\ufeff<html>".encode("utf-16-le"),
    "\ufeff<html>".encode("utf-16-be"),
    b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">',
    b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">',
)


@pytest.mark.parametrize("start", PAGES)
def test_pages(start: bytes) -> None:
    """What browsers take for a page is one, in any case, with blanks or a byte order mark."""
    assert is_web_page(start, "fan.raw")


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"% evt 3.0\n",
        b"<",
        b"<htmlish>",
        b"<bytes>",
        b"<!doctype htmlx>",
        b'<?xml version="1.0"?><recording>',
        b"x<html>",
        b"\0<html>",
        b"\xff\xfe",
        b"PK\x03\x04<html>",
    ],
)
def test_other_files(start: bytes) -> None:
    """Data, text and other markup are no pages, even where a tag comes later."""
    assert not is_web_page(start, "fan.raw")


@pytest.mark.parametrize("name", ["a/index.html", "INDEX.HTM", "README.md", "x.xhtml"])
def test_names_that_promise_markup(name: str) -> None:
    """A file whose name promises markup may begin with it."""
    assert not is_web_page(PAGES[0], name)


def test_recordings_are_no_pages(tmp_path: Path) -> None:
    """Both formats of recordings pass."""
    for write, name in ((recordings.write_evt3, "fan.raw"), (recordings.write_dat, "fan.dat")):
        write(tmp_path / name, size=4096)
        assert not is_web_page((tmp_path / name).read_bytes(), name)
