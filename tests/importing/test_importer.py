"""Import: what people have on disk becomes what was asked for, by its bytes, or not at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from evio_data._collection import open_collection
from evio_data._importing.importer import Proposal, import_paths
from tests.conftest import FETCH, MIB, Drive, noise
from tests.importing.shelf import Shelf, reasons

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


# --- names that are nearly right, and copies --------------------------------------------------


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
