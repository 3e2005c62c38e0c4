"""How long a recording is, from bounded looks into it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from evio_data._recordings.duration import LOOK, SCAN, STEP
from evio_data._recordings.header import HEADER_LIMIT, read_header
from evio_data.testing import write_dat, write_evt3
from evio_data.testing.recordings import Recording

TURN = 2**24  # microseconds of EVT3's clock
HEADER = b"% evt 3.0\n% odd!\n% end\n"


class Counted(io.BytesIO):
    """A file that counts the bytes that are read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count."""
        data = super().read(size)
        self.count += len(data)
        return data


def camera(microseconds: int) -> bytes:
    """Return EVT3 words of a quiet scene: an event at each end, and a camera's time words."""
    turn = b"".join(struct.pack("<H", 0x8000 | high) * 256 for high in range(4096))
    highs, low = divmod(microseconds, 4096)
    words = turn * (highs // 4096) + turn[: highs % 4096 * 512]
    first = struct.pack("<HHHH", 0x8000, 0x6000, 0x0001, 0x2001)
    last = struct.pack("<HHHH", 0x8000 | highs % 4096, 0x6000 | low, 0x0001, 0x2001)
    return HEADER + first + words + last


@pytest.mark.parametrize("wanted", [{"events": 3000}, {"events": 9000, "rate": 245}], ids=str)
@pytest.mark.parametrize("write", [write_dat, write_evt3])
def test_synthetic(write: Callable[..., Recording], wanted: dict[str, int], tmp_path: Path) -> None:
    """Small recordings have an exact duration, also where EVT3's clock went round twice."""
    made = write(tmp_path / "fan", **wanted)
    assert read_header(made.path).duration_us == made.last - next(made.events()).t


def test_camera_clock_that_went_round_in_a_large_file() -> None:
    """The turns of a camera's clock are counted from looks at a small part of the file."""
    file = Counted(camera(2 * TURN + 12_345_678))
    assert read_header(file).duration_us == 2 * TURN + 12_345_678
    assert file.count < HEADER_LIMIT + 2 * SCAN < len(file.getbuffer())


@pytest.mark.parametrize(
    "length", [SCAN - 50, SCAN + LOOK - 50, SCAN + LOOK + 50, SCAN + STEP - 50, SCAN + STEP + 50]
)
def test_shorter_than_a_turn(length: int) -> None:
    """A clock that did not go round gives the plain difference, wherever the looks fall."""
    microseconds = length * 8 + 5  # two bytes each 16 us
    found = read_header(io.BytesIO(camera(microseconds))).duration_us
    assert found == microseconds


def test_sparse_time_words_in_a_large_file() -> None:
    """Without a camera's regular time words a turn could hide between looks: no duration."""
    slices = (struct.pack("<HH", 0x8000 | high, 0x6000) + b"\x01\x20" * 2000 for high in range(300))
    content = HEADER + b"\x01\x00" + b"".join(slices)
    assert len(content) > SCAN + LOOK
    assert read_header(io.BytesIO(content)).duration_us is None


def test_look_without_time_words() -> None:
    """A stretch without time words, as no camera sends it, gives no duration."""
    content = bytearray(camera(TURN + TURN // 2))
    content[SCAN + LOOK : SCAN + STEP + 99] = b"\x01\x20" * ((STEP + 99 - LOOK) // 2)
    found = read_header(io.BytesIO(content)).duration_us
    assert found is None


def test_clock_that_falls() -> None:
    """Two large recordings in one file have no duration: the clock falls where they meet."""
    one = camera(TURN * 5 // 8)
    found = read_header(io.BytesIO(one + one[len(HEADER) :])).duration_us
    assert found is None


@pytest.mark.parametrize("header", [b"% Version 2\n\x0c\x08", b"% evt 2.0\n", b"% evt 3.0\n"])
def test_reads_of_a_huge_file_are_bounded(header: bytes, tmp_path: Path) -> None:
    """Of two gigabytes hardly anything is read."""
    path = tmp_path / "huge"
    path.write_bytes(header)
    with path.open("r+b") as file:
        file.truncate(2**31)
    read = 0

    class Watched(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal read
            data = super().read(size)
            read += len(data or b"")
            return data or b""

    with Watched(path) as watched:
        read_header(watched)
    assert read <= HEADER_LIMIT + 2 * SCAN


def test_evt2() -> None:
    """EVT2's events carry the low bits of their time, and time words the high ones."""
    words = [0x8000_0005, 0x0400_0801, 0x8000_0100, 0x1800_0801, 0xA000_0000, 0x8000_0101]
    content = b"% evt 2.0\n" + struct.pack("<6I", *words)
    first, last = 5 << 6 | 0x10, 0x100 << 6 | 0x20
    assert read_header(io.BytesIO(content)).duration_us == last - first


@pytest.mark.parametrize(
    "content",
    [
        b"% Version 2\n\x0c\x08" + struct.pack("<IIII", 9, 0, 8, 0),
        b"% evt 2.0\n" + struct.pack("<IIII", 0x8000_0009, 0, 0x8000_0001, 0),
        b"% evt 2.0\n" + struct.pack("<II", 0, 0),
        b"% evt 2.1\n" + bytes(64),
        b"% evt 3.0\n" + struct.pack("<HHH", 0x8001, 0x0001, 0x2001),
        b"% format EVT3;endianness=big\n" + camera(5000)[len(HEADER) :],
        HEADER,
    ],
    ids=["dat falls", "evt2 falls", "evt2 no time", "evt2.1", "evt3 no time", "big", "no events"],
)
def test_no_duration_where_there_is_none_to_know(content: bytes) -> None:
    """Times that fall, that are not there, or that cannot be read give no duration."""
    assert read_header(io.BytesIO(content)).duration_us is None


def test_one_event_lasts_no_time(tmp_path: Path) -> None:
    """A recording of one event has the duration zero."""
    assert read_header(write_dat(tmp_path / "fan.dat", events=1).path).duration_us == 0
