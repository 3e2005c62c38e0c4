"""Pushing to S3: what is interrupted is gone on with, and leaves nothing."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import pytest

import evio_data
from evio_data._sharing.s3_upload import PART
from tests.conftest import MIB, noise
from tests.sharing.pushes import MAIN, pushed

if TYPE_CHECKING:
    from tests.conftest import Drive


pytestmark = pytest.mark.timeout(300)  # an S3 server and its clients start slowly
SIZE = 5 * PART + 1000  # six parts


class Bucket:
    """A bucket in an S3 server on this machine."""

    def __init__(self, endpoint: str, url: str) -> None:
        self.url = url
        self.place = f"{endpoint}/{urlsplit(url).netloc}"

    def _found(self, query: str, tag: str) -> list[str]:
        with urlopen(f"{self.place}{query}", timeout=60) as answer:
            tree = ET.fromstring(answer.read())
        return [node.text or "" for node in tree.iter() if node.tag.endswith(tag)]

    def uploads(self) -> list[str]:
        """Return what was begun and not completed."""
        return self._found("?uploads", "UploadId")

    def parts(self) -> int:
        """Return how many parts of the first upload are stored."""
        uploads = self.uploads()
        if not uploads:
            return 0
        return len(self._found(f"/data/fan.raw?uploadId={uploads[0]}", "PartNumber"))

    def settled_parts(self) -> int:
        """Return how many are stored once none lands any more: some were on their way at a kill."""
        stored, before = self.parts(), -1
        while stored != before:
            time.sleep(1)
            stored, before = self.parts(), stored
        return stored

    def sha256(self) -> str:
        """Return the hash of the object."""
        digest = hashlib.sha256()
        with urlopen(f"{self.place}/data/fan.raw", timeout=60) as answer:
            while block := answer.read(MIB):
                digest.update(block)
        return digest.hexdigest()


@pytest.fixture
def store(s3: str, bucket: str) -> Bucket:
    """The bucket of this test, and what is in it."""
    return Bucket(s3, bucket)


def cached(drive: Drive, tmp_path: Path, size: int) -> str:
    """Have a file in the cache; return its hash."""
    block, digest = noise(MIB), hashlib.sha256()
    with (tmp_path / "large").open("wb") as file:
        for number in range(-(-size // MIB)):
            data = (number.to_bytes(4, "little") + block)[: min(MIB, size - number * MIB)]
            file.write(data)
            digest.update(data)
    drive.add("fan.raw", tmp_path / "large")
    evio_data.fetch("fan.raw")
    return digest.hexdigest()


def killed_push(drive: Drive, store: Bucket, when: Callable[[], bool]) -> None:
    """Push, and kill that once something is true."""
    with drive.spawn(MAIN, store.url) as process:
        while not when():
            assert process.poll() is None, process.communicate()
            time.sleep(0.005)
        process.kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    "size", [SIZE, pytest.param(300 * MIB, marks=pytest.mark.large)], ids=["small", "large"]
)
def test_a_killed_push_is_gone_on_with(
    drive: Drive, store: Bucket, tmp_path: Path, size: int
) -> None:
    """After kill -9 only the parts that S3 has not are sent, and nothing unfinished stays."""
    expected = cached(drive, tmp_path, size)
    killed_push(drive, store, lambda: store.parts() >= 2)
    stored = store.settled_parts()

    with drive.spawn(MAIN, store.url, S3FS_LOGGING_LEVEL="DEBUG") as process:
        printed, said = process.communicate(timeout=110)

    assert "1 pushed" in printed, said
    assert said.count("CALL: upload_part ") == -(-size // PART) - stored
    assert store.sha256() == expected
    assert store.uploads() == []


@pytest.mark.slow
def test_wrong_parts_of_an_earlier_push(drive: Drive, store: Bucket, tmp_path: Path) -> None:
    """Parts of other bytes are sent anew; of several unfinished uploads none stays."""
    expected = cached(drive, tmp_path, SIZE)
    place = store.url.removeprefix("s3://") + "/fan.raw"
    code = (
        "import s3fs; s = s3fs.S3FileSystem(); b, k, _ = s.split_path(__import__('sys').argv[1])\n"
        "for _ in range(2):\n"
        "    u = s.call_s3('create_multipart_upload', Bucket=b, Key=k)['UploadId']\n"
        f"    part = dict(Bucket=b, Key=k, UploadId=u, PartNumber=1, Body=bytes({PART}))\n"
        "    s.call_s3('upload_part', **part)\n"
    )
    subprocess.run([sys.executable, "-c", code, place], check=True, timeout=60)

    assert pushed(store.url).status == "pushed"
    assert store.sha256() == expected
    assert store.uploads() == []


@pytest.mark.slow
def test_parts_of_what_is_there_go(drive: Drive, store: Bucket, tmp_path: Path) -> None:
    """An unfinished upload of a file that is there is forgotten by the next push."""
    cached(drive, tmp_path, SIZE)
    killed_push(drive, store, lambda: bool(store.uploads()))
    code = "import s3fs, sys; s3fs.S3FileSystem().put_file(*sys.argv[1:])"
    command = [sys.executable, "-c", code, str(tmp_path / "large"), f"{store.url}/fan.raw"]
    subprocess.run(command, check=True, timeout=60)

    assert pushed(store.url).status == "present"
    assert store.uploads() == []
