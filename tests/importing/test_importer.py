"""Import: what people have on disk becomes what was asked for, by its bytes, or not at all."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from evio_data._collection import open_collection
from evio_data._importing.importer import ImportResult, Proposal, import_paths
from evio_data.errors import CacheError
from tests.commands import completed
from tests.conftest import FETCH, MIB, Drive, noise

MAIN = "from evio_data._cli.main import main; main()"
KEYS = (
    "drone_idle/drone_idle.dat",
    "drone_idle/drone_idle.raw",
    "drone_moving/drone_moving.dat",
    "drone_moving/drone_moving.raw",
    "fan/fan_const_rpm.dat",
    "fan/fan_const_rpm.raw",
    "fan/fan_varying_rpm_turning.dat",
    "fan/fan_varying_rpm_turning.raw",
    "fan/fan_varying_rpm.dat",
    "fan/fan_varying_rpm.raw",
    "fred-0/events.dat",
    "fred-0/events.raw",
    "events-2/events.dat",
    "events-2/events.raw",
)


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


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty shelf."""
    return Shelf(tmp_path)


def reasons(intake: ImportResult) -> str:
    """Return why things were left out."""
    return "\n".join(f"{Path(label).name}: {why}" for label, why in intake.refused)


# --- matched by content -----------------------------------------------------------------------


def test_the_challenge_zip(shelf: Shelf) -> None:
    """The zip handed out on site fills an empty cache by content, with 1x its bytes."""
    contents = {key: shelf.want(key, noise(40_000 + n, n)) for n, key in enumerate(KEYS)}
    layout = {
        key.replace("fred-0/", "fred-0/Event/").replace("events-2/", "other/Event/"): content
        for key, content in contents.items()
    }
    frames = {f"fred-0/Event/Frames/{n}.png": noise(200, n) for n in range(50)}
    labels = {f"fred-0/Event_YOLO/{n}.txt": b"0 0.5 0.5 0.1 0.1\n" for n in range(50)}
    archive = shelf.zip(layout | frames | labels)

    done = shelf.run(archive)

    assert done.returncode == 0, done.stderr
    assert shelf.cached() == contents
    assert "14 imported" in done.stdout
    assert "0 still missing." in done.stdout
    used = sum(path.stat().st_size for path in shelf.cache.rglob("*") if path.is_file())
    assert used < 1.02 * sum(map(len, contents.values()))
    assert shelf.left() == []


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_names_do_not_matter(shelf: Shelf, method: int) -> None:
    """Bytes are recognised under any name, in a file and in an archive."""
    fan = shelf.want("fan/fan.raw", noise(5000, 1))
    hover = shelf.want("drone/hover.raw", noise(6000, 2))
    shelf.put("copy (1).bin", fan)
    shelf.zip({"what/ever": hover}, method=method)

    intake = shelf.bring()

    assert shelf.cached() == {"fan/fan.raw": fan, "drone/hover.raw": hover}
    assert [done.how for done in intake.imported] == ["unpacked", "copied"] or [
        done.how for done in intake.imported
    ] == ["unpacked", "cloned"]
    assert intake.missing == []


def test_imported_is_warm(shelf: Shelf) -> None:
    """An imported file is fetched without network and without hashing again."""
    shelf.put("x", shelf.want("fan.raw", noise(5000)))
    shelf.bring()
    collection = open_collection()

    assert collection.cached_file(collection.registry.find("fan.raw")).is_warm(None)
    assert collection.fetch("fan.raw").read_bytes() == noise(5000)


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


def test_size_unknown(shelf: Shelf) -> None:
    """Where the registry says no size, the hash alone decides, in files and in archives."""
    fan = shelf.want("fan.raw", noise(5000, 1), sized=False)
    hover = shelf.want("hover.raw", noise(7000, 2), sized=False)
    shelf.put("a", fan)
    shelf.put("b", noise(5000, 3))
    shelf.zip({"c": noise(400, 4), "d": hover})

    shelf.bring()

    assert shelf.cached() == {"fan.raw": fan, "hover.raw": hover}
    assert shelf.left() == []


def test_nothing_is_written_for_a_hash_alone(shelf: Shelf) -> None:
    """Where the registry says no size, what has another hash is not written to the disk first."""
    shelf.want("fan.raw", noise(5000, 1), sized=False)
    shelf.put("a", noise(5000, 2))
    shelf.zip({"b": noise(400, 3)})

    assert shelf.bring().missing == ["fan.raw"]
    assert not shelf.cache.exists()


def test_only_fitting_sizes_are_read(shelf: Shelf) -> None:
    """A file of another size than any that is wanted is not even opened for hashing."""
    shelf.want("fan.raw", noise(5000))
    large = shelf.have / "unreadable"
    with large.open("wb") as file:
        file.truncate(2**40)  # a terabyte of nothing: hashing it would take half an hour

    assert shelf.bring().missing == ["fan.raw"]


def test_two_keys_with_the_same_bytes(shelf: Shelf) -> None:
    """One file on disk serves every key that has its hash."""
    fan = noise(5000)
    shelf.want("a.raw", fan)
    shelf.want("b.raw", fan)
    shelf.put("x", fan)

    shelf.bring()

    assert shelf.cached() == {"a.raw": fan, "b.raw": fan}


def test_same_bytes_twice(shelf: Shelf) -> None:
    """A second copy of what has just been brought in is not brought in again."""
    shelf.put("x", shelf.want("fan.raw", noise(5000)))
    shelf.put("y", noise(5000))

    assert len(shelf.bring().imported) == 1


# --- what is there already --------------------------------------------------------------------


def test_verified_files_are_left_alone(shelf: Shelf) -> None:
    """What the cache has is not written again."""
    shelf.put("x", shelf.want("fan.raw", noise(5000)))
    shelf.bring()
    before = (shelf.cache / "fan.raw").stat()

    intake = shelf.bring()

    assert (intake.imported, intake.present) == ([], ["fan.raw"])
    assert (shelf.cache / "fan.raw").stat() == before


def test_damaged_file_is_mended(shelf: Shelf) -> None:
    """A damaged file in the cache is replaced by the right bytes."""
    fan = shelf.want("fan.raw", noise(5000))
    shelf.put("x", fan)
    shelf.bring()
    (shelf.cache / "fan.raw").write_bytes(b"damaged")

    shelf.bring()

    assert shelf.cached() == {"fan.raw": fan}
    assert shelf.left() == []


def test_damaged_file_stays_if_nothing_is_better(shelf: Shelf) -> None:
    """A damaged file is kept until right bytes are there."""
    shelf.want("fan.raw", noise(5000))
    shelf.put("x", noise(5000, 2))
    (shelf.cache).mkdir()
    (shelf.cache / "fan.raw").write_bytes(b"damaged")

    intake = shelf.bring()

    assert shelf.cached() == {"fan.raw": b"damaged"}
    assert intake.missing == ["fan.raw"]


def test_missing_is_listed(shelf: Shelf) -> None:
    """What is still missing afterwards is named, with its size."""
    shelf.put("x", shelf.want("fan.raw", noise(5000)))
    shelf.want("hover.raw", noise(2 * MIB))

    done = shelf.run(shelf.have)

    assert "1 imported" in done.stdout
    assert "1 still missing:\n  hover.raw, 2.00 MiB" in done.stdout


def test_empty_registry_part_partials_go(shelf: Shelf) -> None:
    """What a download had of a file is not kept beside the whole file."""
    fan = shelf.want("fan.raw", noise(5000))
    state = shelf.cache / ".evio-data" / "fan.raw"
    state.mkdir(parents=True)
    (state / "1-abc.part").write_bytes(fan[:100])
    (state / "1-abc.journal").write_text("{}")
    shelf.put("x", fan)

    shelf.bring()

    assert shelf.left() == []


# --- by name, where no hash is published ------------------------------------------------------


def test_unpinned_needs_agreement(shelf: Shelf) -> None:
    """Without a published hash, a name is not enough: nothing is taken unless somebody agrees."""
    shelf.put("fan.raw", shelf.want("fan/fan.raw", noise(5000), pinned=False))

    done = shelf.run(shelf.have)

    assert shelf.cached() == {}
    assert "fan/fan.raw  <-  " in done.stderr
    assert "Add --yes" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize(("answer", "taken"), [("y\n", True), ("\n", False), ("no\n", False)])
def test_unpinned_asks_on_a_terminal(shelf: Shelf, answer: str, taken: bool) -> None:
    """On a terminal the question is asked once, and anything but yes is no."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    shelf.put("fan.raw", shelf.want("fan.raw", noise(5000), pinned=False))
    master, slave = pty.openpty()
    os.write(master, answer.encode())
    command = [sys.executable, "-c", MAIN, "import", str(shelf.have)]
    done = subprocess.run(
        command, stdin=slave, capture_output=True, text=True, timeout=60, check=False
    )
    os.close(master)
    os.close(slave)

    assert done.stderr.count("[y/N]") == 1
    assert bool(shelf.cached()) is taken


def test_unpinned_with_yes_is_pinned(shelf: Shelf) -> None:
    """With ``--yes`` it is taken, and pinned to its bytes."""
    fan = shelf.want("fan/fan.raw", noise(5000), pinned=False)
    shelf.put("fan.raw", fan)

    done = shelf.run("--yes", shelf.have)

    assert done.returncode == 0, done.stderr
    assert shelf.cached() == {"fan/fan.raw": fan}
    assert f"pinned to SHA-256 {hashlib.sha256(fan).hexdigest()}" in done.stdout


@pytest.mark.parametrize("kind", ["md5", "sha1", "blake2b"])
def test_every_kind_of_hash_is_matched(shelf: Shelf, kind: str) -> None:
    """A file is known by the kind of hash that the registry has, beside others of other kinds."""
    content = noise(5000)
    known = f"{kind}:{hashlib.new(kind, content).hexdigest()}"
    with shelf.registry.open("a", encoding="utf-8") as file:
        file.write(f"fan.raw {known} https://example.org/fan.raw#size=5000\n")
    other = shelf.want("other.raw", noise(5000, 2))
    shelf.put("renamed", content)
    shelf.put("renamed too", other)

    intake = shelf.bring()

    assert shelf.cached() == {"fan.raw": content, "other.raw": other}
    assert known in {each.hash for each in intake.imported}


def test_unpinned_once_pinned_goes_by_content(shelf: Shelf) -> None:
    """After its first use an unpinned entry is matched by its pin, under any name."""
    fan = shelf.want("fan.raw", noise(5000), pinned=False)
    shelf.put("fan.raw", fan)
    shelf.bring(agree=True)
    (shelf.cache / "fan.raw").unlink()
    (shelf.have / "fan.raw").rename(shelf.have / "renamed")
    shelf.put("fan.raw", noise(5000, 2))

    intake = shelf.bring()

    assert shelf.cached() == {"fan.raw": fan}
    assert len(intake.imported) == 1


def test_unpinned_of_another_size(shelf: Shelf) -> None:
    """A file that has the name but not the registered size is not proposed."""
    shelf.want("fan.raw", noise(5000), pinned=False)
    shelf.put("fan.raw", noise(4999))

    intake = shelf.bring(agree=True)

    assert shelf.cached() == {}
    assert reasons(intake) == "fan.raw: has the name of fan.raw, but another size"


def test_unpinned_web_page(shelf: Shelf) -> None:
    """A web page that somebody saved under a recording's name is not taken for it."""
    shelf.want("fan.raw", noise(9), pinned=False, sized=False)
    shelf.put("fan.raw", b"\n<!doctype html><html>Google Drive - Quota exceeded</html>")

    intake = shelf.bring(agree=True)

    assert shelf.cached() == {}
    assert "is a web page" in reasons(intake)


def test_folders_tell_namesakes_apart(shelf: Shelf) -> None:
    """Of two entries with one basename, the one whose folder is in the path is meant."""
    first = shelf.want("fred-0/events.raw", noise(5000, 1), pinned=False, sized=False)
    shelf.want("events-2/events.raw", noise(5000, 2), pinned=False, sized=False)
    shelf.zip({"junction/fred-0/Event/events.raw": first})

    shelf.bring(agree=True)

    assert shelf.cached() == {"fred-0/events.raw": first}


def test_the_other_namesake_is_not_filled_the_second_time(shelf: Shelf) -> None:
    """A path that means an entry that is cached is not proposed for its namesake."""
    first = shelf.want("fred-0/events.raw", noise(5000, 1), pinned=False, sized=False)
    shelf.want("events-2/events.raw", noise(5000, 2), pinned=False, sized=False)
    shelf.zip({"fred-0/Event/events.raw": first})
    shelf.bring(agree=True)

    shelf.bring(agree=True)

    assert list(shelf.cached()) == ["fred-0/events.raw"]


def test_ambiguous_name(shelf: Shelf) -> None:
    """A bare basename that two entries share is left out, and both are named."""
    shelf.want("fred-0/events.raw", noise(5000, 1), pinned=False, sized=False)
    shelf.want("events-2/events.raw", noise(5000, 2), pinned=False, sized=False)
    shelf.put("events.raw", noise(5000, 1))

    intake = shelf.bring(agree=True)

    assert shelf.cached() == {}
    assert reasons(intake) == "events.raw: could be fred-0/events.raw or events-2/events.raw"


def test_two_files_for_one_entry(shelf: Shelf) -> None:
    """Two files of one name that differ in nothing but their place are both left out."""
    shelf.want("fan.raw", noise(5000), pinned=False)
    shelf.put("a/fan.raw", noise(5000, 1))
    shelf.put("b/fan.raw", noise(5000, 2))

    intake = shelf.bring(agree=True)

    assert shelf.cached() == {}
    assert reasons(intake).count("is one of 2 that could be fan.raw") == 2


def test_question_names_everything(shelf: Shelf) -> None:
    """The one question is asked with every entry and the file that has its name."""
    shelf.put("a/fan.raw", shelf.want("fan.raw", noise(5000, 1), pinned=False))
    shelf.put("b/hover.raw", shelf.want("hover.raw", noise(6000, 2), pinned=False))
    asked: list[Proposal] = []

    def agree(proposals: list[Proposal]) -> bool:
        asked.extend(proposals)
        return False

    import_paths(open_collection(), [shelf.have], agree=agree)

    first, second = asked
    assert (first.entry.name, second.entry.name) == ("fan.raw", "hover.raw")
    assert first.candidate.file == shelf.have / "a/fan.raw"


def test_right_name_wrong_bytes(shelf: Shelf) -> None:
    """A file with the name but not the hash of a pinned entry is told, and not taken."""
    shelf.want("fan.raw", noise(5000, 1))
    shelf.put("fan.raw", noise(5000, 2))

    intake = shelf.bring(agree=True)

    assert shelf.cached() == {}
    assert reasons(intake) == "fan.raw: has the name of fan.raw, but other bytes"
    assert shelf.left() == []


# --- names that are nearly right, and copies --------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "fan_const (1).raw",
        "fan_const(12).raw",
        "fan_const - Copy.raw",
        "fan_const - Copy (2).raw",
        "Copy of fan_const.raw",
        "fan_const - Kopie.raw",
        "FAN_CONST.RAW",
        "fan const.raw",
        "fan-const.raw",
        "fan_const.raw.1",
    ],
)
def test_near_names_are_offered(shelf: Shelf, name: str) -> None:
    """A file of the right size whose name a browser or a person changed is in the question."""
    fan = shelf.want("fan/fan_const.raw", noise(5000), pinned=False)
    shelf.put(name, fan)

    assert reasons(shelf.bring()) == ""
    assert shelf.cached() == {}
    shelf.bring(agree=True)
    assert shelf.cached() == {"fan/fan_const.raw": fan}


@pytest.mark.parametrize("name", ["fan_const2.raw", "fan.raw", "fan_const (1).dat", "(1).raw"])
def test_other_names_are_not_offered(shelf: Shelf, name: str) -> None:
    """A file of the right size with another name is not taken, whoever agrees."""
    fan = shelf.want("fan/fan_const.raw", noise(5000), pinned=False)
    path = shelf.put(name, fan)

    assert reasons(shelf.bring(path, agree=True)) == (
        f"{name}: has the size of fan/fan_const.raw, but another name: "
        "if it is that, call it fan_const.raw"
    )
    assert shelf.cached() == {}


def test_near_name_of_another_size(shelf: Shelf) -> None:
    """A near name with another size is told, unless the right file is there."""
    fan = shelf.want("fan.raw", noise(5000), pinned=False)
    shelf.put("fan (1).raw", noise(400))

    assert reasons(shelf.bring(agree=True)) == (
        "fan (1).raw: has nearly the name of fan.raw, but another size"
    )
    shelf.put("fan.raw", fan)
    assert reasons(shelf.bring(agree=True)) == ""
    assert shelf.cached() == {"fan.raw": fan}


def test_the_equal_name_goes_before_the_near_one(shelf: Shelf) -> None:
    """Of two files of the right size the one with the very name is proposed."""
    fan = shelf.want("fan.raw", noise(5000, 1), pinned=False)
    shelf.put("fan.raw", fan)
    shelf.put("fan (1).raw", noise(5000, 2))

    assert reasons(shelf.bring(agree=True)) == ""
    assert shelf.cached() == {"fan.raw": fan}


def test_equal_bytes_are_no_conflict(shelf: Shelf) -> None:
    """The same bytes in two zips and in an unpacked folder are one file."""
    fan = shelf.want("fan/fan.raw", noise(5000, 1), pinned=False)
    shelf.zip({"fan/fan.raw": fan}).rename(shelf.have / "drive-001.zip")
    shelf.zip({"fan/fan.raw": fan}).rename(shelf.have / "drive-002.zip")
    shelf.put("drive/fan/fan.raw", fan)

    intake = shelf.bring(agree=True)

    assert reasons(intake) == ""
    assert shelf.cached() == {"fan/fan.raw": fan}
    assert intake.imported[0].how != "unpacked"


def test_a_known_size_is_compared(shelf: Shelf) -> None:
    """A file whose size is not the registered one is not first use of anything, hash or not."""
    shelf.want("fan.raw", noise(5000), pinned=False)
    shelf.put("fan.raw", b"")

    assert reasons(shelf.bring(agree=True)) == "fan.raw: has the name of fan.raw, but another size"


@pytest.mark.parametrize(("size", "offered"), [(9500, True), (4000, False), (20_000, False)])
def test_a_near_name_and_a_documented_size(shelf: Shelf, size: int, offered: bool) -> None:
    """A near name is offered only with about the documented size, the very name with any."""
    url = "https://example.org/fan.raw#about=10000"
    shelf.registry.write_text(f"fan.raw unpinned {url}\n", encoding="utf-8")
    near = shelf.put("fan (1).raw", noise(size))

    assert bool(shelf.bring(near).refused) is not offered
    exact = shelf.put("fan.raw", noise(size))
    assert "(documented: ~9.77 KiB)" in shelf.run("--yes", exact).stderr
    assert shelf.cached() == {"fan.raw": noise(size)}


def test_an_empty_file_is_no_first_use(shelf: Shelf) -> None:
    """Where neither hash nor size is known an empty file is not taken."""
    shelf.want("fan.raw", b"x", pinned=False, sized=False)
    shelf.put("fan.raw", b"")

    assert reasons(shelf.bring(agree=True)) == "fan.raw: is empty"


# --- what fits nothing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("other.raw", b"x", "has neither the bytes nor the name of any recording"),
        ("page.raw", b"<!doctype html><title>Sign in</title>", "is a web page, not a recording"),
        ("nothing.raw", b"", "is empty"),
        ("fan.raw.crdownload", b"x", "seems to be an unfinished download"),
        ("fan.tar.gz", b"x", "unpack it, and import the folder"),
        ("fan.7z", b"x", "unpack it, and import the folder"),
        ("fan.rar", b"x", "unpack it, and import the folder"),
        ("fan.z01", b"x", "join the parts first"),
        ("fan.zip.001", b"x", "join the parts first"),
        ("fan.part1.rar", b"x", "join the parts first"),
    ],
)
def test_a_named_file_that_fits_nothing(shelf: Shelf, name: str, content: bytes, why: str) -> None:
    """Of every file that was named, and is not taken, the reason is told."""
    shelf.want("fan.raw", noise(5000), pinned=False)

    (told,) = shelf.bring(shelf.put(name, content), agree=True).refused

    assert told[0].endswith(name)
    assert why in told[1]


def test_a_named_archive_that_fits_nothing(shelf: Shelf) -> None:
    """A zip without anything that is known is told as one."""
    shelf.want("fan.raw", noise(5000))

    assert reasons(shelf.bring(shelf.zip({"x": b"x"}))) == (
        "archive.zip: has nothing in it that the registry knows"
    )


def test_the_last_part_of_a_split_archive(shelf: Shelf) -> None:
    """Of a zip in several parts the last one says that they are to be joined."""
    shelf.want("fan.raw", noise(5000))
    shelf.put("archive.z01", b"x")
    path = shelf.zip({"fan.raw": noise(5000)})

    assert "archive.zip: is one part of an archive: join the parts first" in reasons(
        shelf.bring(path)
    )


def test_archives_in_a_folder_are_noted(shelf: Shelf) -> None:
    """An archive that is met in a folder is told, but no fault if the rest is well."""
    shelf.put("x", shelf.want("fan.raw", noise(5000)))
    shelf.want("hover.raw", noise(600))
    shelf.put("holiday.7z", b"x")
    shelf.put("holiday.jpg", b"x")

    done = shelf.run(shelf.have)

    assert "holiday.7z: is an archive of a kind that is not read here" in done.stderr
    assert "holiday.jpg" not in done.stderr
    assert done.returncode == 0


def test_a_named_file_that_is_there_already(shelf: Shelf) -> None:
    """A file whose bytes the cache has, by any name, is no fault."""
    path = shelf.put("any", shelf.want("fan.raw", noise(5000)))
    copy = shelf.put("copy", noise(5000))

    assert shelf.run(path, copy).returncode == 0
    done = shelf.run(path, copy)

    assert done.returncode == 0
    assert "left out" not in done.stderr


# --- refused ----------------------------------------------------------------------------------


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


def test_links_in_folders(shelf: Shelf) -> None:
    """A symbolic link that was found in a folder is not followed, to a file or to a folder."""
    outside = shelf.have.parent / "outside"
    outside.mkdir()
    (outside / "fan.raw").write_bytes(shelf.want("fan.raw", noise(5000)))
    (shelf.have / "file").symlink_to(outside / "fan.raw")
    (shelf.have / "folder").symlink_to(outside)

    intake = shelf.bring()

    assert shelf.cached() == {}
    assert reasons(intake).count("symbolic link") == 2


def test_link_that_was_named(shelf: Shelf) -> None:
    """A symbolic link that the user names is what the user means."""
    fan = shelf.want("fan.raw", noise(5000))
    link = shelf.have / "link"
    link.symlink_to(shelf.put("x", fan))

    shelf.bring(link)

    assert shelf.cached() == {"fan.raw": fan}


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(path.parent)  # a socket's path may have 107 bytes only
        server.bind(path.name)


@pytest.mark.parametrize("make", [_fifo, _socket])
@pytest.mark.parametrize("named", [True, False])
def test_special_files(
    shelf: Shelf, make: Callable[[Path], None], named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe or a socket is told and passed by, and nobody waits for its other end."""
    monkeypatch.chdir(shelf.have)
    make(shelf.have / "special")
    fan = shelf.want("fan.raw", noise(5000))
    shelf.put("x", fan)

    intake = shelf.bring(shelf.have / "special", shelf.have) if named else shelf.bring()

    assert "is not a file" in reasons(intake)
    assert shelf.cached() == {"fan.raw": fan}


def test_device(shelf: Shelf) -> None:
    """A device is no file."""
    shelf.want("fan.raw", noise(5000))

    assert "is not a file" in reasons(shelf.bring(Path("/dev/zero")))


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


def test_folders_nested_deeply(shelf: Shelf) -> None:
    """A file is found however deep in folders it is."""
    fan = shelf.want("fan.raw", noise(5000))
    folders = [shelf.have]
    for _ in range(700):
        folders.append(folders[-1] / "a")
        folders[-1].mkdir()
    path = folders[-1] / "x"
    path.write_bytes(fan)

    shelf.bring()

    assert shelf.cached() == {"fan.raw": fan}
    path.unlink()
    for folder in reversed(folders):  # pytest's own way to remove them is recursive
        folder.rmdir()


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


def test_no_such_path(shelf: Shelf) -> None:
    """A path that does not exist is told, and the others are still taken."""
    fan = shelf.want("fan.raw", noise(5000))

    done = shelf.run(shelf.have / "nowhere", shelf.put("x", fan))

    assert "nowhere: does not exist" in done.stderr
    assert done.returncode == 1
    assert shelf.cached() == {"fan.raw": fan}


def test_escape_sequences(shelf: Shelf) -> None:
    """A name in an archive cannot speak to the terminal."""
    shelf.want("fan.raw", noise(5000))
    path = shelf.zip({"../\x1b]0;owned\x07": noise(5000)})

    done = shelf.run(path)

    assert "leads out" in done.stderr
    assert "\x1b" not in done.stderr


# --- written well -----------------------------------------------------------------------------


def test_source_is_not_shared(shelf: Shelf) -> None:
    """Editing the imported file in place later does not touch the cached one."""
    fan = shelf.want("fan.raw", noise(5000))
    path = shelf.put("x", fan)
    shelf.bring()

    path.write_bytes(b"edited")

    assert shelf.cached() == {"fan.raw": fan}


@pytest.mark.parametrize("link", [True, False])
def test_from_another_file_system(shelf: Shelf, link: bool) -> None:
    """Across file systems, where blocks cannot be shared nor linked, a file is copied."""
    memory = Path("/dev/shm")
    if not memory.is_mount() or memory.stat().st_dev == shelf.have.parent.stat().st_dev:
        pytest.skip("no other file system here")
    fan = shelf.want("fan.raw", noise(20 * MIB))
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        Path(folder, "x").write_bytes(fan)
        (done,) = shelf.bring(Path(folder), link=link).imported

    assert done.how == "copied"
    assert shelf.cached() == {"fan.raw": fan}
    assert shelf.left() == []


def test_hard_link_on_request(shelf: Shelf) -> None:
    """With ``link`` no second copy is made where blocks cannot be shared."""
    path = shelf.put("x", shelf.want("fan.raw", noise(5000)))

    (done,) = shelf.bring(link=True).imported

    assert done.how in ("linked", "cloned")
    linked = path.stat().st_ino == (shelf.cache / "fan.raw").stat().st_ino
    assert linked == (done.how == "linked")
    assert shelf.left() == []


def test_edited_hard_link_is_noticed(shelf: Shelf) -> None:
    """A linked file that is edited in place is not taken for verified any more."""
    path = shelf.put("x", shelf.want("fan.raw", noise(5000)))
    shelf.bring(link=True)
    (shelf.cache / "fan.raw").unlink()
    os.link(path, shelf.cache / "fan.raw")

    path.write_bytes(noise(5000, 2))

    assert not open_collection().cache.cached_file("fan.raw").is_warm(None)


def test_full_disk(shelf: Shelf) -> None:
    """A file that the disk cannot take is refused before a byte is written."""
    memory = Path("/dev/shm")
    if not memory.is_mount():
        pytest.skip("no small file system here")
    free = os.statvfs(memory)
    size = free.f_bavail * free.f_frsize + MIB
    shelf.registry.write_text(f"fan.raw {'0' * 64} https://example.org/x#size={size}\n")
    path = shelf.have / "fan.raw"
    with path.open("wb") as file:
        file.truncate(size)
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        os.environ["EVIO_DATA_DIR"] = folder
        with pytest.raises(CacheError, match="free"):
            shelf.bring(path)
        left = [path for path in Path(folder).rglob("*") if path.is_file()]
        assert [path.name for path in left] == ["CACHEDIR.TAG"]


def test_modes_follow_the_umask(shelf: Shelf) -> None:
    """A private file becomes a cached file that the group can read, as every other one."""
    path = shelf.put("x", shelf.want("fan.raw", noise(5000)))
    path.chmod(0o600)
    mask = os.umask(0o022)
    try:
        shelf.bring()
    finally:
        os.umask(mask)

    assert stat.S_IMODE((shelf.cache / "fan.raw").stat().st_mode) == 0o644


def test_killed_import_leaves_nothing_under_the_key(shelf: Shelf) -> None:
    """After kill -9 the key names nothing, and the next import succeeds and tidies up."""
    fan = noise(48 * MIB)
    shelf.want("fan.raw", fan)
    shelf.zip({"x": fan})
    code = f"""
import os, sys
from evio_data._importing import importer as _importing
from evio_data._collection import open_collection
sys.setswitchinterval(1e-5)
import threading, time
def watch():
    while True:
        for at, _, names in os.walk({str(shelf.cache)!r}):
            for name in names:
                if name.endswith(".import") and os.path.getsize(os.path.join(at, name)):
                    os.kill(os.getpid(), 9)
threading.Thread(target=watch, daemon=True).start()
_importing.import_paths(open_collection(), [{str(shelf.have)!r}])
"""
    killed = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert killed.returncode == -9
    assert shelf.cached() == {}
    assert any(name.endswith(".import") for name in shelf.left())

    shelf.bring()

    assert shelf.cached() == {"fan.raw": fan}
    assert shelf.left() == []


# --- while a download runs --------------------------------------------------------------------


def test_running_download_finds_the_file(drive: Drive, tmp_path: Path) -> None:
    """A download that runs meanwhile ends well, with the imported file, and at once."""
    fan = noise(8 * MIB)
    file = drive.add("fan.raw", fan, size=True, rate=1 * MIB)
    (tmp_path / "copy").write_bytes(fan)
    with drive.spawn(FETCH, "fan.raw") as process:
        while drive.server.sent(file) < MIB // 2:
            assert process.poll() is None
            time.sleep(0.01)
        import_paths(open_collection(), [tmp_path / "copy"])
        printed, complaint = process.communicate(timeout=30)

    assert process.returncode == 0, complaint
    assert Path(printed.strip()).read_bytes() == fan
    assert drive.server.sent(file) < 4 * MIB
    assert drive.left("fan.raw") == []
