"""How long a recording is, from bounded looks into it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from evio_data._recordings.duration import LOOK, SCAN
from evio_data._recordings.header import HEADER_LIMIT, read_header
from evio_data.testing import write_dat, write_evt3
from evio_data.testing.recordings import Recording

TURN = 2**24  # microseconds of EVT3's clock
HEADER = b"% evt 3.0\n% end\n"


class Counted(io.BytesIO):
    """A file that counts the bytes that are read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count."""
        data = super().read(size)
        self.count += len(data)
        return data


def camera(microseconds: int, repeated: int = 256) -> bytes:
    """Return EVT3 words with one event at each end, and as many time words as cameras send."""
    turn = b"".join(struct.pack("<H", 0x8000 | high) * repeated for high in range(4096))
    highs, low = divmod(microseconds, 4096)
    words = turn * (highs // 4096) + turn[: highs % 4096 * repeated * 2]
    event = struct.pack("<HHH", 0x6000, 0x0001, 0x2001)
    last = struct.pack("<HHHH", 0x8000 | highs % 4096, 0x6000 | low, 0x0001, 0x2001)
    return HEADER + words[:2] + event + words[2:] + last


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


def test_shorter_than_a_turn_in_a_large_file() -> None:
    """A large recording whose clock did not go round has the plain difference."""
    assert read_header(io.BytesIO(camera(TURN - 5))).duration_us == TURN - 5


def test_sparse_time_words_in_a_large_file(tmp_path: Path) -> None:
    """Without a camera's regular time words a turn could hide between looks: no duration."""
    made = write_evt3(tmp_path / "fan.raw", size=SCAN + 100_000)
    assert read_header(made.path).duration_us is None


def test_look_without_time_words() -> None:
    """A stretch without time words, as no camera sends it, gives no duration."""
    content = bytearray(camera(TURN // 2 + TURN))
    content[2 * SCAN : 2 * SCAN + 4 * LOOK] = b"\x01\x20" * (2 * LOOK)
    assert read_header(io.BytesIO(content)).duration_us is None


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
