"""Say why a file cannot be imported, and what to do with it."""

import os
import re
from pathlib import Path

from .._files import open_nofollow
from .._http.web_page import SNIFFED, is_web_page

UNPACK = "unpack it, and import the folder"
JOIN = (
    "is one part of an archive: join the parts first "
    "(zip -s 0 NAME.zip --out WHOLE.zip, or 7-Zip), and import the whole"
)


def archive_fault(path: Path) -> str | None:
    """Return why an archive is not looked into; None for what is none by its name.

    >>> archive_fault(Path("a.z01")) == JOIN, archive_fault(Path("fan.raw"))
    (True, None)
    """
    name = path.name.lower()
    if _PART(name) or (name.endswith(".zip") and is_split(path)):
        return JOIN
    if name.endswith(_ARCHIVES):
        return f"is an archive of a kind that is not read here: {UNPACK}"
    return None


def is_split(path: Path) -> bool:
    """Say whether a zip archive is the last part of several."""
    return any(path.with_suffix(suffix).exists() for suffix in (".z01", ".Z01"))


def misfit(path: Path) -> str:
    """Return why a file that has neither the bytes nor the name of a recording fits nothing."""
    name = path.name.lower()
    if name.endswith(_UNFINISHED):
        return "seems to be an unfinished download: let it end, or download it again"
    return why_no_recording(path, name) or "has neither the bytes nor the name of any recording"


def why_no_recording(path: Path, name: str) -> str | None:
    """Return why a file cannot be the first of its name that is believed."""
    with open_nofollow(path, os.O_RDONLY) as file:
        start = file.read(SNIFFED)
    if not start:
        return "is empty"
    return "is a web page, not a recording" if is_web_page(start, name) else None


_ARCHIVES = (
    *(".7z", ".rar", ".tar", ".tgz", ".tbz2", ".txz", ".tzst", ".gz", ".bz2", ".xz", ".zst"),
    *(".lz4", ".lzma", ".cab", ".iso"),
)
_UNFINISHED = (".crdownload", ".part", ".partial", ".download", ".opdownload", ".aria2", ".tmp")
_PART = re.compile(
    r".{1,255}\.(?:z[0-9]{2}|(?:zip|7z|tar|gz)\.[0-9]{3}|part[0-9]{1,3}\.rar)"
).fullmatch
