"""Known hashes as text: every kind that pooch takes, in one spelling."""

import hashlib

import pooch.hashes
import pytest

from evio_data._registry.hashes import (
    DIGITS,
    as_hash,
    is_strong,
    kind_of,
    new_digest,
    sha256_in,
    spelled,
)
from evio_data.errors import RegistryError

DATA = b"% evt 3.0\n"
ABLE = [kind for kind in DIGITS if kind in pooch.hashes.ALGORITHMS_AVAILABLE]


@pytest.mark.parametrize("kind", ABLE)
def test_every_kind_is_pooch_s(kind: str) -> None:
    """A kind has the digits that pooch computes, and survives its spelling."""
    digest = new_digest(kind)
    digest.update(DATA)
    theirs = pooch.hashes.ALGORITHMS_AVAILABLE[kind](DATA).hexdigest()
    assert (digest.hexdigest(), len(theirs)) == (theirs, DIGITS[kind])
    known = as_hash(f"{kind}:{theirs}".upper())
    assert known == spelled(kind, theirs)
    assert kind_of(known) == kind


def test_all_kinds_of_pooch_are_known() -> None:
    """What pooch can compare, we can; a hash of no fixed length is none."""
    unknown = set(pooch.hashes.ALGORITHMS_AVAILABLE) - DIGITS.keys()
    assert all(kind.startswith("shake") for kind in unknown)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("ab" * 32, "ab" * 32),
        ("AB" * 32, "ab" * 32),
        ("sha256:" + "ab" * 32, "ab" * 32),
        ("SHA256:" + "AB" * 32, "ab" * 32),
        ("MD5:" + "AB" * 16, "md5:" + "ab" * 16),
        ("ab" * 16, None),  # as pooch: without a kind it is a SHA-256
        ("md5:" + "ab" * 32, None),
        ("md6:" + "ab" * 16, None),
        ("sha256:" + "ab" * 31, None),
        ("sha256:" + "xy" * 32, None),
        (":" + "ab" * 32, None),
        ("sha256:", None),
        ("", None),
    ],
)
def test_spelling(text: str, known: str | None) -> None:
    """There is one spelling of a hash, and none for what no file can have."""
    assert as_hash(text) == known


def test_weak_kinds_are_known() -> None:
    """MD5, SHA-1 and xxHash stand against accidents only."""
    weak = {kind for kind in DIGITS if not is_strong(spelled(kind, "0" * DIGITS[kind]))}
    assert {"md5", "sha1", "xxh32", "xxh64", "xxh128", "xxh3_64", "xxh3_128"} <= weak
    assert not weak & {"sha256", "sha512", "sha3_256", "blake2b", "blake2s", "sha224", "sha384"}
    assert not is_strong(None)


def test_sha256_among_others() -> None:
    """Only a SHA-256 is one."""
    assert sha256_in("ab" * 32) == "ab" * 32
    assert sha256_in("blake2s:" + "ab" * 32) is None
    assert hashlib.sha256(DATA).hexdigest() == as_hash(hashlib.sha256(DATA).hexdigest())


def test_a_kind_that_is_not_there() -> None:
    """A kind that this Python cannot compute is a typed error with advice."""
    with pytest.raises(RegistryError, match="cannot compute") as caught:
        new_digest("xxh65")
    assert "pip install xxhash" in caught.value.advice
