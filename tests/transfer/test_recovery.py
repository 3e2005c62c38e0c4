"""After a request that failed: what is waited for, how long, and when it is over."""

from __future__ import annotations

import os
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from evio_data._settings import waiting
from evio_data._transfer.recovery import Wish
from evio_data._transfer.throttle import FIRST_WAIT
from tests.transfer.conftest import DATA, MIB

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_silent_for_ever(drive: Drive) -> None:
    """A server that never sends a byte is given up after the retries, with a typed error."""
    os.environ.update(EVIO_DATA_TIMEOUT="0.2", EVIO_DATA_RETRIES="1")
    drive.add("fan.raw", DATA, stall_after=0)
    with pytest.raises(errors.DownloadError, match=r"fan\.raw: timed out"):
        evio_data.fetch("fan.raw")
    assert drive.left("fan.raw") == []


def test_retry_after_seconds(drive: Drive) -> None:
    """``Retry-After`` in seconds is waited for."""
    drive.add("fan.raw", b"events", errors=[503], retry_after="1")
    began = time.monotonic()
    evio_data.fetch("fan.raw")
    assert time.monotonic() - began >= 1


def test_retry_after_date(drive: Drive) -> None:
    """``Retry-After`` as a date is waited for."""
    until = int(time.time()) + 2
    drive.add("fan.raw", b"events", errors=[429], retry_after=formatdate(until, usegmt=True))
    evio_data.fetch("fan.raw")
    assert time.time() >= until - 0.1


def test_other_total_than_the_registry_says(drive: Drive) -> None:
    """A file of another size than the registered one is refused before its bytes are taken."""
    file = drive.add("fan.raw", DATA)
    drive.replace(f"fan.raw {file.sha256} {file.url}#size={len(DATA) + 1}")
    with pytest.raises(errors.ChecksumError, match="3,158,073 bytes at the source") as caught:
        evio_data.fetch("fan.raw")
    assert (caught.value.expected, caught.value.actual) == (str(len(DATA) + 1), str(len(DATA)))
    assert drive.left("fan.raw") == []


def test_total_that_is_never_reached(drive: Drive) -> None:
    """A server whose ranges promise more bytes than it has is asked for the whole, not for ever."""
    file = drive.add("fan.raw", DATA, ranges="other-total")
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert len(drive.starts(file)) <= 8


def test_416_for_the_whole_file_is_an_empty_file(drive: Drive) -> None:
    """An empty file arrives as one, although the first byte of it cannot be had."""
    drive.add("fan.raw", b"")
    assert evio_data.fetch("fan.raw").read_bytes() == b""


def test_refusal_without_a_pause(drive: Drive) -> None:
    """``Retry-After: 0`` does not turn the back-off into a hail of requests."""
    os.environ["EVIO_DATA_RETRIES"] = "2"
    drive.add("fan.raw", b"events", errors=[503] * 9, retry_after="0")
    began = time.monotonic()
    with pytest.raises(errors.DownloadError, match="after 2 retries"):
        evio_data.fetch("fan.raw")
    assert time.monotonic() - began >= 0.75 * 3 * waiting(FIRST_WAIT)


def test_quota_in_mid_file_keeps_the_partial(drive: Drive) -> None:
    """When the quota is used up on the way, what arrived is kept, counted, and resumed later."""
    file = drive.add("fan.raw", DATA, cut_after=2 * MIB, cut_times=1, quota="on-resume")
    with pytest.raises(errors.QuotaExceededError) as caught:
        evio_data.fetch("fan.raw")
    assert caught.value.received == 2 * MIB
    file.quota = None
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) <= len(DATA) + 64 * 1024


@pytest.mark.parametrize(("size", "total"), [(None, 5), (5, None), (5, 5), (None, None)])
def test_sizes_that_do_not_contradict(size: int | None, total: int | None) -> None:
    """What is not known contradicts nothing."""
    Wish("fan.raw", None, size).check_size(total)


def test_sizes_that_do() -> None:
    """Both sizes are told, to be compared by whoever reads it."""
    with pytest.raises(errors.ChecksumError, match="5 bytes at the source, 0 in the") as caught:
        Wish("fan.raw", None, 0).check_size(5)
    assert (caught.value.expected, caught.value.actual) == ("0", "5")
