"""What can be wrong with a file that is there: each error says what, and what to do now."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from evio_data._cache import faults
from evio_data.errors import CacheError, ChecksumError

NAME = "fan/a fan.raw"
ONE, OTHER = "ab" * 32, "md5:" + "cd" * 16


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (faults.another_source(NAME, "drive:1", "/cache"), ["drive:1", "EVIO_DATA_DIR"]),
        (faults.another_s_copy(NAME, "drive:1", Path("/x/damaged")), ["/x/damaged", "remove"]),
        (faults.wrong_link(NAME, "/cache/fan.raw"), ["/cache/fan.raw", "nothing is written"]),
        (faults.wrong_size(NAME, 5, 1234567, replaceable=True), ["1,234,567", "verify --repair"]),
        (faults.wrong_size(NAME, 5, 6, replaceable=False), ["correct the size in the registry"]),
        (faults.doubtful(NAME), ["empty or garbled", "verify --repair"]),
        (faults.set_aside(NAME, "/x/damaged"), ["/x/damaged", f"fetch {shlex.quote(NAME)}`"]),
        (faults.wrong_download(NAME, ONE, OTHER, published=True), [ONE, "Nothing was kept"]),
        (faults.wrong_download(NAME, ONE, OTHER, published=False), [ONE, "unpin"]),
        (faults.other_than_pinned(NAME, ONE, OTHER), ["what arrived", "Nothing was replaced"]),
    ],
)
def test_words(error: CacheError | ChecksumError, words: list[str]) -> None:
    """Each names the file and what was found, and advises."""
    assert error.name == NAME
    assert error.advice
    for each in words:
        assert each in str(error)


@pytest.mark.parametrize(
    ("published", "right_for_others", "advice", "replaceable"),
    [
        (True, False, "verify --repair", True),
        (False, False, "verify --repair", True),
        (True, True, "another version", True),
        (False, True, "unpin", False),
    ],
)
def test_wrong_bytes(
    *, published: bool, right_for_others: bool, advice: str, replaceable: bool
) -> None:
    """What is right for another registry is not called damaged, and only damage is replaced."""
    error = faults.wrong_bytes(
        NAME, ONE, OTHER, published=published, right_for_others=right_for_others
    )
    assert (error.expected, error.actual) == (ONE, OTHER)
    assert advice in error.advice
    assert error.replaceable == replaceable


def test_a_right_hash_is_not_replaced_for_its_size() -> None:
    """Where the hash is right, the registry's size is what is wrong."""
    assert not faults.wrong_size(NAME, 5, 6, replaceable=False).replaceable
