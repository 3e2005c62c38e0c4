"""Compare the validators of two responses, which may be of different versions."""

import re
from typing import NamedTuple

from .._text import clean


class Validators(NamedTuple):
    """What an answer tells of which version of the file it is part of."""

    origin: str
    total: int | None = None  # bytes
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None  # X-Goog-Hash

    def contradicts(self, other: "Validators") -> str | None:
        """Return what shows that two answers are of different versions, in words, or None.

        Validators are compared weakly (RFC 9110 §8.8.3.2). Those of another server say nothing.
        """
        if self.origin != other.origin:
            return None
        for what in ("etag", "last_modified", "digest"):
            mine, theirs = getattr(self, what), getattr(other, what)
            if mine and theirs and _weak(mine) != _weak(theirs):
                return f"its {what} was {clean(theirs)!r}, and is {clean(mine)!r}"
        return None

    def contradicts_content(self, other: "Validators") -> str | None:
        """Return what shows that the bytes themselves differ: the size, or a digest of them."""
        if None not in (self.total, other.total) and self.total != other.total:
            return f"its size was {other.total}, and is {self.total}"
        has_digests = self.origin == other.origin and self.digest and other.digest
        if has_digests and self.digest != other.digest:
            return "its digest is another one"
        return None

    def is_sound(self) -> bool:
        """Say whether the fields are of their types, as a journal on disk may not have them."""
        origin: object = self.origin
        texts: tuple[object, ...] = (self.etag, self.last_modified, self.digest)
        total: object = self.total
        return (
            isinstance(origin, str)
            and all(text is None or isinstance(text, str) for text in texts)
            and (total is None or (type(total) is int and total >= 0))
        )


def _weak(validator: str) -> str:
    """Return a validator without what the nodes of one host add to it.

    >>> _weak('W/"a-gzip"') == _weak('"a"')
    True
    """
    return _ADDED.sub("", validator.strip().removeprefix("W/").strip('"'))


# Apache's mod_deflate adds the coding to the entity tag, and mod_brotli does.
_ADDED = re.compile(r"(?:-|;|--)(?:gzip|br|zstd|deflate)$")
