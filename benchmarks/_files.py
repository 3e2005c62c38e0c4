"""Sizes in, files of random bytes out, and what a tool must know to fetch and verify them."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ._bench import MIB


@dataclass(frozen=True)
class Remote:
    """One file that is to be fetched."""

    name: str
    url: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Work:
    """What every tool has to do in a comparison, in each tool's own notation.

    Attributes
    ----------
    files
        What is to be fetched and verified.
    registry, unsized
        A ``registry.txt`` for them with their sizes, and one without.
    listing
        The same as JSON, for `programs`.
    authority
        Where the server speaks TLS: the certificate by which to know it.
    """

    files: Sequence[Remote]
    registry: Path
    unsized: Path
    listing: Path
    authority: Path | None = None

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def without_hashes(self) -> Work:
        """Return the same for tools that verify nothing."""
        files = [replace(file, sha256="") for file in self.files]
        listing = self.listing.with_name(f"unverified-{self.listing.name}")
        listing.write_text(json.dumps([asdict(file) for file in files]), encoding="utf-8")
        return replace(self, files=files, listing=listing)


def make(folder: Path, sizes: Iterable[int]) -> dict[str, str]:
    """Write files of these sizes into a folder; return their SHA-256 by name."""
    folder.mkdir()
    names = (f"recording-{number:05}.raw" for number in itertools.count())
    return {
        name: _write(folder / name, size, seed)
        for seed, (name, size) in enumerate(zip(names, sizes, strict=False))
    }


def _write(path: Path, size: int, seed: int) -> str:
    block = random.Random(seed).randbytes(min(size, MIB))
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, size, len(block)):
            piece = block[: size - start]
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def work(
    folder: Path,
    hashes: Mapping[str, str],
    url: Callable[[str], str],
    authority: Path | None = None,
) -> Work:
    """Return the work of fetching the files of a folder; its notes go beside that folder."""
    files = [
        Remote(name, url(name), sha256, (folder / name).stat().st_size)
        for name, sha256 in hashes.items()
    ]
    notes = folder.with_name(f"{folder.name}-notes")
    notes.mkdir(exist_ok=True)
    registry, unsized, listing = (notes / n for n in ("sized.txt", "unsized.txt", "files.json"))
    registry.write_text("".join(f"{_line(f)}#size={f.size}\n" for f in files), encoding="utf-8")
    unsized.write_text("".join(f"{_line(f)}\n" for f in files), encoding="utf-8")
    listing.write_text(json.dumps([asdict(f) for f in files]), encoding="utf-8")
    return Work(files, registry, unsized, listing, authority)


def _line(file: Remote) -> str:
    return f"{file.name} {file.sha256} {file.url}"
