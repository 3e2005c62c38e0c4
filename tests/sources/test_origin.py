"""Which source a registered URL means."""

import pytest

from evio_data._sources.origin import source_of


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("https://drive.google.com/uc?id=1vB1cOZlO4MQ7c503", "Google Drive"),
        ("https://drive.google.com/file/d/1vB1cOZlO4MQ7c503/view", "Google Drive"),
        ("https://lab.example/a.raw", "lab.example"),
        ("https://me:SECRET@lab.example/a.raw", "lab.example"),
        ("https://drive.google.com.lab.example/uc?id=1vB1cOZlO4", "drive.google.com.lab.example"),
    ],
)
def test_source_of(url: str, label: str) -> None:
    """Drive's links are Drive's, all others are plain; a label has no password."""
    assert source_of(url).label == label
