"""What people have, what they want, and a cache between: for the tests of imports."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

from evio_data._collection import open_collection
from evio_data._importing.importer import ImportResult, import_paths
from tests.commands import completed


class Shelf:
    """A registry of synthetic recordings, a folder for what people have, and a cache."""

    def __init__(self, folder: Path) -> None:
        self.registry = folder / "registry.txt"
        self.have = folder / "have"
        self.cache = Path(os.environ["EVIO_DATA_DIR"])
        self.registry.touch()
        self.have.mkdir()
        os.environ["EVIO_DATA_REGISTRY"] = str(self.registry)

    def want(self, name: str, content: bytes, *, pinned: bool = True, sized: bool = True) -> bytes:
        """Register a recording."""
        known = hashlib.sha256(content).hexdigest() if pinned else "unpinned"
        size = f"#size={len(content)}" if sized else ""
        with self.registry.open("a", encoding="utf-8") as file:
            file.write(f"{name} {known} https://example.org/{name}{size}\n")
        return content

    def put(self, name: str, content: bytes) -> Path:
        """Have a file."""
        path = self.have / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def zip(self, members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
        """Have an archive."""
        path = self.have / "archive.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    def bring(self, *paths: Path, agree: bool = False, link: bool = False) -> ImportResult:
        """Import some paths, or all that people have."""
        wanted = paths or (self.have,)
        return import_paths(open_collection(), wanted, agree=lambda _: agree, link=link)

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run ``evio-data import``."""
        return completed("import", *arguments)

    def cached(self) -> dict[str, bytes]:
        """Return the cache's own files by key."""
        found = (path for path in self.cache.rglob("*") if path.is_file())
        names = {path.relative_to(self.cache).as_posix(): path for path in found}
        return {
            name: path.read_bytes()
            for name, path in names.items()
            if not name.startswith((".evio-data/", "CACHEDIR"))
        }

    def left(self) -> list[str]:
        """Return what is in our hidden folder, apart from stamps."""
        files = (path for path in (self.cache / ".evio-data").rglob("*") if path.is_file())
        return sorted(path.name for path in files if path.name != "stamp")


def reasons(intake: ImportResult) -> str:
    """Return why things were left out."""
    return "\n".join(f"{Path(label).name}: {why}" for label, why in intake.refused)
