"""The width of texts, and their cutting and padding."""

from __future__ import annotations

import pytest

from evio_data._text import columns, cut, padded

TEXTS = ["fan/fan_const_rpm.raw", "扇/扇风扇风扇.raw", "drone u\u0308ber ünï.dat", ""]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("width", range(25))
def test_cut_text_fits_and_keeps_its_end(text: str, width: int) -> None:
    """A cut text is never wider than allowed, and ends as the whole one does."""
    shown = cut(text, width)
    assert columns(shown) <= width
    assert shown in (text, "") or (shown[0] == "…" and text.endswith(shown[1:]))


@pytest.mark.parametrize("text", TEXTS)
def test_padding_counts_columns(text: str) -> None:
    """A padded text takes the columns asked for, wide characters and accents included."""
    assert columns(padded(text, 30)) == 30
    assert padded(text, 30).rstrip() == text


def test_cut_without_the_ellipsis() -> None:
    """Where the ellipsis cannot be shown, another mark takes its place."""
    assert cut("fan_const_rpm.raw", 9, mark="..") == "..rpm.raw"
