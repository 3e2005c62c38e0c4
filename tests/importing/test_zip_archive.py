"""Zip archives: what is read of them, what is refused, and how little it may cost."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest

from tests.conftest import MIB, noise
from tests.importing.shelf import Shelf, reasons


def test_zip64(shelf: Shelf) -> None:
    """An archive whose sizes stand in zip64 fields is read like any other."""
    fan = shelf.want("fan.raw", noise(50_000))
    path = shelf.have / "large.zip"
    with (
        zipfile.ZipFile(path, "w") as archive,
        archive.open("x.raw", "w", force_zip64=True) as member,
    ):
        member.write(fan)

    shelf.bring()

    assert shelf.cached() == {"fan.raw": fan}


@pytest.mark.parametrize(
    "path", ["../../outside.raw", "/etc/outside.raw", "a/../../b.raw", "..\\b.raw", "C:/b.raw"]
)
def test_zip_slip(shelf: Shelf, path: str) -> None:
    """A member whose path leads out of the archive is refused even if its bytes are wanted."""
    fan = shelf.want("fan.raw", noise(5000))

    intake = shelf.bring(shelf.zip({path: fan}))

    assert shelf.cached() == {}
    assert "leads out of the archive" in reasons(intake)


@pytest.mark.parametrize(
    ("kind", "why"), [(stat.S_IFLNK, "is a symbolic link"), (stat.S_IFIFO, "is a special file")]
)
def test_links_in_archives(shelf: Shelf, kind: int, why: str) -> None:
    """A member that is a link or a special file is refused."""
    shelf.want("fan.raw", b"/etc/passwd")
    info = zipfile.ZipInfo("fan.raw")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    path = shelf.have / "links.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, b"/etc/passwd")

    assert why in reasons(shelf.bring())
    assert shelf.cached() == {}


def test_truncated_archive(shelf: Shelf) -> None:
    """An archive whose end is missing is refused as that."""
    path = shelf.zip({"fan.raw": shelf.want("fan.raw", noise(50_000))})
    path.write_bytes(path.read_bytes()[:-100])

    assert reasons(shelf.bring()) == "archive.zip: is a truncated or damaged archive"
    assert shelf.cached() == {}


def test_archive_that_is_none(shelf: Shelf) -> None:
    """A file called .zip that is none, as Drive's pages are when they are saved, is told."""
    shelf.want("fan.raw", noise(5000))
    shelf.put("junction.zip", b"<html>Quota exceeded</html>")

    assert "truncated or damaged archive" in reasons(shelf.bring())


def test_damaged_member(shelf: Shelf) -> None:
    """A member that is damaged inside a whole archive is refused; its neighbours are taken."""
    fan = shelf.want("fan.raw", noise(50_000, 1))
    hover = shelf.want("hover.raw", noise(60_000, 2))
    path = shelf.zip({"fan.raw": fan, "hover.raw": hover}, method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    at = data.index(fan[100:200])
    data[at] ^= 0xFF
    path.write_bytes(data)

    intake = shelf.bring()

    assert shelf.cached() == {"hover.raw": hover}
    assert reasons(intake) == "fan.raw: is damaged in the archive"
    assert shelf.left() == []


def _set_in_directory(path: Path, offset: int, form: str, value: int) -> None:
    """Set a field of the first entry of an archive's central directory, and of its local header."""
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    struct.pack_into(form, data, central + offset, value)
    struct.pack_into(form, data, offset - 2, value)
    path.write_bytes(data)


def test_encrypted(shelf: Shelf) -> None:
    """An encrypted member is refused with what to do."""
    path = shelf.zip({"fan.raw": shelf.want("fan.raw", noise(5000))})
    _set_in_directory(path, 8, "<H", 1)

    assert "is encrypted: unpack it yourself" in reasons(shelf.bring())


def test_unknown_method(shelf: Shelf) -> None:
    """A method that Python does not read (Windows' deflate64) is refused with what to do."""
    path = shelf.zip({"fan.raw": shelf.want("fan.raw", noise(5000))})
    _set_in_directory(path, 10, "<H", 9)

    assert "unpack it, for instance with 7-Zip" in reasons(shelf.bring())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_method_without_bounds(shelf: Shelf, method: int) -> None:
    """A method of which Python unpacks gigabytes at once from some KB is not read."""
    path = shelf.zip({"fan.raw": shelf.want("fan.raw", noise(5000))}, method=method)

    assert "unpack it, for instance with 7-Zip" in reasons(shelf.bring(path))


def test_too_many_members(shelf: Shelf) -> None:
    """An archive is refused before a directory that would fill the memory is read."""
    shelf.want("fan.raw", noise(5000))
    count = 800_000
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 46, 46, *[0] * 7, 1, *[0] * 6) + b"x"
    size = len(entry) * count
    full = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, 0)
    where = struct.pack("<4sIQI", b"PK\x06\x07", 0, size, 1)
    last = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, *[2**16 - 1] * 2, *[2**32 - 1] * 2, 0)
    path = shelf.put("archive.zip", entry * count + full + where + last)

    intake = shelf.bring(path)

    assert "archive of too many files" in reasons(intake)


def test_bomb_that_lies(shelf: Shelf) -> None:
    """A member that unpacks to more than it declares ends at the declared size, and is refused."""
    shelf.want("fan.raw", noise(5000))
    path = shelf.zip({"fan.raw": bytes(50 * MIB)})
    _set_in_directory(path, 24, "<I", 5000)

    intake = shelf.bring()

    assert shelf.cached() == {}
    assert intake.refused
    assert shelf.left() == []


def test_bomb_that_is_honest(shelf: Shelf) -> None:
    """A member that grows a thousandfold is refused before it is unpacked."""
    shelf.want("fan.raw", b"x", sized=False)
    path = shelf.zip({"zeros": bytes(64 * MIB)})

    assert "claims to unpack to 67,108,864 bytes" in reasons(shelf.bring(path))


def test_bomb_of_one_stretch(shelf: Shelf) -> None:
    """Members that share their packed bytes are not unpacked again and again."""
    shelf.want("fan.raw", b"x", sized=False)
    path = shelf.zip({"zeros": bytes(15 * MIB)})
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    size, offset = struct.unpack_from("<II", data, end + 12)
    directory = data[offset : offset + size] * 1000
    last = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1000, 1000, size * 1000, offset, 0)
    path.write_bytes(data[:offset] + directory + last)

    intake = shelf.bring(path)

    assert len(intake.refused) >= 995


def test_more_archives_than_open_files(shelf: Shelf) -> None:
    """Archives are not kept open, not even those that there may be a question about."""
    resource = pytest.importorskip("resource")
    fan = shelf.want("fan.raw", noise(5000), pinned=False)
    hover = shelf.want("hover.raw", noise(600), sized=False)
    for number in range(100):
        shelf.zip({f"{number}/fan.raw": noise(10, number)}).rename(shelf.have / f"{number}.zip")
    shelf.zip({"fan.raw": fan})
    shelf.put("zzz", hover)
    old, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (sum(1 for _ in Path("/dev/fd").iterdir()) + 30, most)
    )
    try:
        shelf.bring(agree=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (old, most))

    assert shelf.cached() == {"fan.raw": fan, "hover.raw": hover}


def test_escape_sequences(shelf: Shelf) -> None:
    """A name in an archive cannot speak to the terminal."""
    shelf.want("fan.raw", noise(5000))
    path = shelf.zip({"../\x1b]0;owned\x07": noise(5000)})

    done = shelf.run(path)

    assert "leads out" in done.stderr
    assert "\x1b" not in done.stderr
