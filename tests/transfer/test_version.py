"""What is true of one version of a remote file, and nothing of another one."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data._cache.partial import SYNC_STEP, Partial
from evio_data._http.validators import Validators
from evio_data._transfer.version import DoubtError, RemoteChangedError, Version
from tests.conftest import noise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Drive

HERE = Validators("host", 100, '"a"')


@pytest.fixture
def version(tmp_path: Path) -> Iterator[Version]:
    """Return a version of which an answer has told the validators."""
    partial = Partial(tmp_path)
    partial.open()
    made = Version(partial, size=None, kind="sha256")
    made.check_validators(HERE, is_settled_by_hash=True)
    yield made
    made.close()


def test_the_first_answer_tells_its_length(version: Version) -> None:
    """The validators and the length of the first answer are those of the version."""
    assert (version.total, version.partial.validators) == (100, HERE)


def test_other_validators_are_a_doubt(version: Version) -> None:
    """With a hash they are noted, and settled by it; without one they raise."""
    other = HERE._replace(etag='"b"')
    version.check_validators(other, is_settled_by_hash=True)
    assert version.is_doubted
    with pytest.raises(DoubtError) as caught:
        version.check_validators(other, is_settled_by_hash=False)
    assert caught.value.found == other


@pytest.mark.parametrize("hashed", [True, False])
def test_another_size_is_another_version(version: Version, hashed: bool) -> None:
    """Another size is a change, whatever will settle what."""
    with pytest.raises(RemoteChangedError):
        version.check_validators(HERE._replace(total=99), is_settled_by_hash=hashed)


def test_a_superseded_version_gives_nothing_out(version: Version) -> None:
    """What is over has no segments, and no bytes on the disk."""
    assert version.claim() is not None
    version.supersede()
    assert version.claim() is None
    assert not version.partial.path.exists()


def test_a_new_beginning_vouches_for_its_own_bytes_only(drive: Drive) -> None:
    """After a change the journal tells of no flushed bytes that have not come since.

    A flush of the old version that outlived it once made a restarted machine take up bytes that
    had never arrived.
    """
    size = SYNC_STEP + 8 * 2**20
    old, new = noise(2**20) * (size // 2**20), noise(2**20, 2) * (size // 2**20)
    file = drive.add("fan.raw", old, pinned=False, etag='"1"', cut_after=size - 2**20, cut_times=1)
    code = "import sys, evio_data; evio_data.prefetch([sys.argv[1]], concurrency=3)"
    with drive.spawn(code, "fan.raw") as process:
        while drive.server.sent(file) < SYNC_STEP and process.poll() is None:
            pass
        file.replace(new)
        file.etag, file.rate = '"2"', 20e6
        seen = 0
        while process.poll() is None and seen < 50:
            for journal in drive.state("fan.raw").glob("*.journal"):
                seen += _is_sound(journal)
        process.kill()
        process.communicate()
    assert evio_data.fetch("fan.raw").read_bytes() in (old, new)


def _is_sound(journal: Path) -> bool:
    """Check that what a journal calls flushed is part of what it calls held."""
    try:
        record = json.loads(journal.read_bytes())
    except (OSError, ValueError):
        return False
    held = record["held"]
    for start, stop in record.get("flushed") or []:
        assert any(first <= start and stop <= last for first, last in held), record
    return os.path.exists(journal)  # noqa: PTH110
