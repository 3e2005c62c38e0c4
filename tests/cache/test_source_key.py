"""What tells two sources apart, and what does not."""

from __future__ import annotations

import pytest

from evio_data._cache.source_key import MAX_SOURCE, source_key

DRIVE, ID = "https://drive.google.com", "1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq"


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        (
            f"{DRIVE}/uc?id={ID}",
            f"{DRIVE}/file/d/{ID}/view",
            True,
        ),
        (
            f"{DRIVE}/uc?id={ID}",
            f"{DRIVE}/uc?id={ID[::-1]}",
            False,
        ),
        ("https://lab.example/a.raw", "https://LAB.example:443/a.raw#size=5", True),
        ("https://lab.example/a.raw?token=x&v=1", "https://lab.example/a.raw?v=1&token=y", True),
        ("https://lab.example/a.raw?v=1", "https://lab.example/a.raw?v=2", False),
        ("https://lab.example/a.raw", "https://lab.example/A.raw", False),
        ("https://lab.example:8443/a.raw", "https://lab.example/a.raw", False),
        (
            "https://lab.example/a.raw?X-Amz-Signature=1",
            "https://lab.example/a.raw",
            True,
        ),
        (f"https://lab.example/{'a' * 500}", f"https://lab.example/{'a' * 501}", False),
    ],
)
def test_one_source_or_two(one: str, another: str, *, same: bool) -> None:
    """Only what leads to other bytes tells sources apart: no spelling, and no secret."""
    assert (source_key(one) == source_key(another)) is same
    for key in (source_key(one), source_key(another)):
        assert len(key) <= MAX_SOURCE
        assert key.isascii()
        assert " " not in key


def test_no_secret_is_in_a_source() -> None:
    """Keys, signatures and passwords of a URL are in no stamp, pin or message."""
    url = "https://me:hunter2@lab.example/a?key=hunter2&sig=hunter2&access_token=hunter2#hunter2"
    assert "hunter2" not in source_key(url)
