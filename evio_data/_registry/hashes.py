"""Known hashes: parse every form that pooch takes, and compute digests of that kind."""

import re
from typing import Protocol

from ..errors import RegistryError

SHA256 = "sha256"
DIGITS = {  # hexadecimal digits of every kind that pooch takes
    "md5": 32,
    "md5-sha1": 72,
    "sha1": 40,
    "ripemd160": 40,
    "sha224": 56,
    SHA256: 64,
    "sha384": 96,
    "sha512": 128,
    "sha512_224": 56,
    "sha512_256": 64,
    "sha3_224": 56,
    "sha3_256": 64,
    "sha3_384": 96,
    "sha3_512": 128,
    "blake2b": 128,
    "blake2s": 64,
    "sm3": 64,
    "xxh32": 8,
    "xxh64": 16,
    "xxh128": 32,
    "xxh3_64": 16,
    "xxh3_128": 32,
}
WEAK = frozenset(  # two files of one hash can be made on purpose
    kind for kind in DIGITS if kind.startswith(("md5", "sha1", "ripemd", "xxh"))
)
LONGEST = max(map(len, DIGITS)) + 1 + max(DIGITS.values())  # characters of a hash


class Digest(Protocol):
    """A running hash of one kind."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more bytes."""

    def copy(self) -> "Digest":
        """Return another one that has taken the same bytes."""

    def hexdigest(self) -> str:
        """Return the digits."""


def as_hash(text: str) -> str | None:
    """Return the one spelling of a known hash: 64 digits for SHA-256, else ``kind:digits``.

    None is for what no file can ever have: an unknown kind, or too few digits.

    >>> as_hash("sha256:" + "AB" * 32) == "ab" * 32, as_hash("MD5:" + "0" * 32), as_hash("md5:0")
    (True, 'md5:00000000000000000000000000000000', None)
    """
    kind, colon, digits = text.lower().rpartition(":")
    kind = kind if colon else SHA256
    if len(digits) != DIGITS.get(kind) or not _HEX(digits):
        return None
    return spelled(kind, digits)


def spelled(kind: str, digits: str) -> str:
    """Return the one spelling of a hash."""
    return digits if kind == SHA256 else f"{kind}:{digits}"


def kind_of(known_hash: str | None) -> str:
    """Return the kind of a hash; SHA-256 where none is known."""
    return (known_hash or "").rpartition(":")[0] or SHA256


def is_strong(known_hash: str | None) -> bool:
    """Say whether nobody can make other bytes with this hash."""
    return known_hash is not None and kind_of(known_hash) not in WEAK


def sha256_in(known_hash: str | None) -> str | None:
    """Return the digits of a SHA-256; None for another kind."""
    return known_hash if known_hash and kind_of(known_hash) == SHA256 else None


def worded(known_hash: str) -> str:
    """Return a hash as a message says it.

    >>> worded("md5:" + "0" * 32)
    'MD5 00000000000000000000000000000000'
    """
    kind = kind_of(known_hash)
    name = {SHA256: "SHA-256", "sha1": "SHA-1", "md5": "MD5", "sha512": "SHA-512"}.get(kind, kind)
    return f"{name} {known_hash.rpartition(':')[2]}"


def new_digest(kind: str) -> Digest:
    """Return a running hash of one kind.

    Raises
    ------
    RegistryError
        If this machine cannot compute it.
    """
    try:
        return _xxhash(kind) if kind.startswith("xxh") else _hashlib(kind)
    except (ImportError, ValueError, AttributeError) as error:
        advice = "Install it: `pip install xxhash`." if kind.startswith("xxh") else ""
        raise RegistryError(
            f"this Python cannot compute the hash kind {kind}.",
            advice=advice or "Use a registry with SHA-256.",
        ) from error


def _hashlib(kind: str) -> Digest:
    import hashlib

    # A machine in FIPS mode refuses MD5 unless it is told that nothing secret hangs on it.
    return hashlib.new(kind, usedforsecurity=False)


def _xxhash(kind: str) -> Digest:
    import xxhash

    digest: Digest = getattr(xxhash, kind)()
    return digest


_HEX = re.compile(r"[0-9a-f]+").fullmatch
