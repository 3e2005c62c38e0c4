"""Mirrors in object stores: S3 and others that fsspec knows."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

import evio_data
from evio_data import errors
from tests.sharing.pushes import push_by_command, rot
from tests.sources.test_mirrors import (
    DATA,
    FETCH,
    MAIN,
    MIB,
    OVERLAP,
    SIZE,
    closed_port,
    fill,
)

if TYPE_CHECKING:
    from tests.conftest import Drive

# --- object stores ----------------------------------------------------------------------------

WITHOUT = "import sys; sys.modules['fsspec'] = None\n"


def test_store_without_the_extra(drive: Drive) -> None:
    """Without the extra a store is passed by, and the words name the extra."""
    drive.add("fan.raw", DATA)
    code = WITHOUT + "import logging; logging.basicConfig(level='INFO')\n" + FETCH
    with drive.spawn(code, "fan.raw", EVIO_DATA_MIRRORS="s3://bucket") as process:
        printed, words = process.communicate(timeout=60)

    assert process.returncode == 0, words
    assert Path(printed.strip()).read_bytes() == DATA
    assert "pip install 'evio-data[mirror]'" in words


def test_push_without_the_extra(drive: Drive) -> None:
    """Pushing to a store without the extra is an error that names it."""
    drive.add("fan.raw", DATA)
    words = ["mirror", "push", "s3://bucket"]
    with drive.spawn(WITHOUT + MAIN.replace("()", f"({words!r})")) as process:
        _, complaint = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "pip install 'evio-data[mirror]'" in complaint


@pytest.mark.slow
def test_push_and_fetch_from_s3(drive: Drive, bucket: str, tmp_path: Path) -> None:
    """What was pushed to S3 is fetched from there by a second cache: 0 bytes from Drive."""
    drive.add("fan/fan.raw", DATA, size=True)
    evio_data.fetch("fan.raw")
    assert "1 pushed" in push_by_command(drive, bucket)
    assert "1 present" in push_by_command(drive, bucket)
    assert "1 present" in push_by_command(drive, bucket, "--verify")
    drive.server.forget()

    second = drive.fetch_elsewhere(
        "fan.raw", EVIO_DATA_MIRRORS=bucket, EVIO_DATA_DIR=str(tmp_path / "second")
    )

    assert second.read_bytes() == DATA
    assert drive.server.requests == []


@pytest.mark.slow
def test_begun_at_drive_and_finished_at_s3(drive: Drive, bucket: str, tmp_path: Path) -> None:
    """A download that Drive cut is finished from S3, where it stood."""
    file = drive.add("fan.raw", DATA, size=True)
    fill(drive, tmp_path / "first")
    push_by_command(drive, bucket, "--cache-dir", str(tmp_path / "first"))
    file.cut_after, file.quota = 2 * MIB, "on-resume"
    drive.server.forget()
    with pytest.raises(errors.QuotaExceededError):
        evio_data.fetch("fan.raw")

    code = "import evio_data; (o,) = evio_data.prefetch(['fan.raw']); print(o.received, o.resumed)"
    received, resumed = map(int, drive.run(code, EVIO_DATA_MIRRORS=bucket).split())

    assert drive.path("fan.raw").read_bytes() == DATA
    assert resumed == 2 * MIB
    assert received <= SIZE - 2 * MIB + OVERLAP


@pytest.mark.slow
def test_s3_lies(drive: Drive, bucket: str, tmp_path: Path) -> None:
    """Wrong bytes in S3 are replaced by Drive's; ``push --verify`` mends the object."""
    drive.add("fan.raw", DATA, size=True)
    fill(drive, tmp_path / "first")
    code = f"import s3fs; s3fs.S3FileSystem().pipe({bucket + '/fan.raw'!r}, bytes({SIZE}))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

    got = drive.fetch_elsewhere("fan.raw", EVIO_DATA_MIRRORS=bucket)

    assert got.read_bytes() == DATA
    assert "1 pushed" in push_by_command(drive, bucket, "--verify")


@pytest.mark.slow
def test_s3_gets_nothing_rotten(drive: Drive, bucket: str) -> None:
    """A file that rotted is not passed on to a store, either."""
    drive.add("fan.raw", DATA)
    rot(evio_data.fetch("fan.raw"))

    assert "was damaged since it was verified" in push_by_command(drive, bucket, code=1)
    assert "was damaged since it was verified" in push_by_command(
        drive, bucket, code=1
    )  # and not "present"


@pytest.mark.slow
def test_s3_keeps_no_parts_of_a_push_that_was_stopped(
    drive: Drive, bucket: str, tmp_path: Path
) -> None:
    """A push that Ctrl-C stops leaves no parts behind that nobody sees and somebody pays for."""
    large = tmp_path / "large"
    large.write_bytes(bytes(200 * MIB))
    drive.add("fan.raw", large)
    evio_data.fetch("fan.raw")
    uploads = f"{os.environ['AWS_ENDPOINT_URL']}/{bucket.split('/')[2]}?uploads"

    def are_parts() -> bool:
        with urlopen(uploads) as answer:
            return b"<UploadId>" in answer.read()

    words = ["mirror", "push", bucket]
    with drive.spawn(MAIN.replace("()", f"({words!r})")) as process:
        while not are_parts():
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130, process.communicate()

    assert not are_parts()


@pytest.mark.slow
def test_s3_has_it_not(drive: Drive, bucket: str) -> None:
    """A bucket without the file, or that does not exist, is passed by."""
    drive.add("fan.raw", DATA, size=True)
    mirrors = f"{bucket} s3://no-such-bucket-here/x"

    assert drive.fetch_elsewhere("fan.raw", EVIO_DATA_MIRRORS=mirrors).read_bytes() == DATA


@pytest.mark.slow
def test_s3_is_down(drive: Drive, bucket: str) -> None:
    """A store that cannot be reached is passed by."""
    drive.add("fan.raw", DATA, size=True)
    down = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{closed_port()}", "AWS_MAX_ATTEMPTS": "1"}

    got = drive.fetch_elsewhere("fan.raw", EVIO_DATA_MIRRORS=bucket, **down)

    assert got.read_bytes() == DATA


@pytest.mark.slow
def test_s3_falls_silent(drive: Drive, bucket: str) -> None:
    """A store that takes a request and says nothing is passed by as soon as any other mirror."""
    drive.add("fan.raw", DATA, size=True)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        where = f"http://127.0.0.1:{silent.getsockname()[1]}"
        got = drive.fetch_elsewhere(
            "fan.raw", EVIO_DATA_MIRRORS=bucket, AWS_ENDPOINT_URL=where, EVIO_DATA_TIMEOUT="1"
        )

    assert got.read_bytes() == DATA
