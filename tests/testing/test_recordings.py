"""What is in a synthetic recording, told by decoders that share nothing with its writers."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from evio_data.testing import write_dat, write_evt3
from evio_data.testing.recordings import Recording

Decoder = Callable[[bytes], list[tuple[int, int, int, int]]]
Write = Callable[..., Recording]

WRAP = 2**24  # microseconds
ADDR_X, BASE_X, VECT_12, VECT_8 = 2, 3, 4, 5


def evt3_words(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield type and content of each word after the header."""
    body = data[data.index(b"% end\n") + 6 :]
    for (word,) in struct.iter_unpack("<H", body):
        yield word >> 12, word & 0xFFF


def decode_evt3(data: bytes) -> list[tuple[int, int, int, int]]:
    """Read EVT 3.0 as its published description has it; time wraps when its high part falls."""
    found = []
    wraps = high = low = y = base = polarity = 0
    for kind, content in evt3_words(data):
        if kind == 8:
            wraps += content < high
            high = content
        elif kind == 6:
            low = content
        elif kind == 0:
            y = content & 0x7FF
        elif kind == ADDR_X:
            found.append((wraps * WRAP + high * 4096 + low, content & 0x7FF, y, content >> 11))
        elif kind == BASE_X:
            base, polarity = content & 0x7FF, content >> 11
        else:
            assert kind in (VECT_12, VECT_8)
            bits = 12 if kind == VECT_12 else 8
            t = wraps * WRAP + high * 4096 + low
            found += [(t, base + i, y, polarity) for i in range(bits) if content >> i & 1]
            base += bits
    return found


def decode_dat(data: bytes) -> list[tuple[int, int, int, int]]:
    """Read DAT as its published description has it."""
    start = data.index(b"% end\n") + 6
    assert data[start : start + 2] == b"\x0c\x08"
    records = struct.iter_unpack("<II", data[start + 2 :])
    return [(t, rest & 0x3FFF, rest >> 14 & 0x3FFF, rest >> 28) for t, rest in records]


both = pytest.mark.parametrize(
    ("write", "decode"), [(write_evt3, decode_evt3), (write_dat, decode_dat)], ids=["evt3", "dat"]
)


@both
@pytest.mark.parametrize(
    "wanted",
    [
        {"size": 100_001},
        {"events": 1},
        {"events": 20_001, "seed": 7},
        {"events": 3_000, "width": 346, "height": 260, "rate": 10_000},
        {"events": 3_000, "width": 16, "height": 2048, "rate": 100_000},
    ],
    ids=str,
)
def test_decodes_to_the_truth(
    write: Write, decode: Decoder, wanted: dict[str, int], tmp_path: Path
) -> None:
    """All of t, x, y, p are what the recording says, in the same order."""
    recording = write(tmp_path / "fan", **wanted)
    decoded = decode(recording.path.read_bytes())
    assert decoded == list(recording.events())
    assert recording.count == len(decoded)
    assert recording.on == sum(p for _, _, _, p in decoded)
    assert recording.last == decoded[-1][0]
    assert recording.size == recording.path.stat().st_size


@both
def test_events_are_plausible(write: Write, decode: Decoder, tmp_path: Path) -> None:
    """Time never goes back, pixels are on the sensor, both polarities occur."""
    recording = write(tmp_path / "fan", events=50_000, width=640, height=480)
    decoded = decode(recording.path.read_bytes())
    times = [t for t, _, _, _ in decoded]
    assert times == sorted(times)
    assert len(set(decoded)) == len(decoded)
    assert all(0 <= x < 640 and 0 <= y < 480 for _, x, y, _ in decoded)
    assert 0.3 < recording.on / recording.count < 0.7


@both
def test_time_goes_on_after_it_wraps(write: Write, decode: Decoder, tmp_path: Path) -> None:
    """A recording of 37 s passes the end of 24 bits of time twice."""
    recording = write(tmp_path / "fan", events=9_000, rate=245)
    assert recording.last > 2 * WRAP
    assert decode(recording.path.read_bytes()) == list(recording.events())


@both
def test_rate_is_kept(write: Write, decode: Decoder, tmp_path: Path) -> None:
    """As many events come in a second as were asked for."""
    recording = write(tmp_path / "fan", events=30_000, rate=20_000)
    assert recording.last == pytest.approx(1_500_000, rel=0.02)
    assert len(decode(recording.path.read_bytes())) == 30_000


@pytest.mark.parametrize("write", [write_evt3, write_dat])
def test_size_is_exact(write: Write, tmp_path: Path) -> None:
    """The file is as long as it was asked to be, whatever fits into it."""
    path = tmp_path / "fan"
    for size in [*range(1000, 1040), 65_537, 2**20 + 1]:
        assert write(path, size=size, rate=50_000).size == path.stat().st_size == size
    assert write(path).size == path.stat().st_size == 2**20


@pytest.mark.parametrize("write", [write_evt3, write_dat])
def test_events_are_exact(write: Write, tmp_path: Path) -> None:
    """There are as many events as were asked for, also where that cuts a vector."""
    for events in range(1, 60):
        recording = write(tmp_path / "fan", events=events, rate=20_000)
        assert recording.count == len(list(recording.events())) == events


@pytest.mark.parametrize("write", [write_evt3, write_dat])
def test_the_seed_decides(write: Write, tmp_path: Path) -> None:
    """One seed gives the same bytes again, another one gives others."""

    def digest(seed: int) -> str:
        recording = write(tmp_path / "fan", size=20_000, seed=seed)
        return sha256(recording.path.read_bytes()).hexdigest()

    assert digest(1) == digest(1) != digest(2)


def test_raw_and_dat_are_one_scene(tmp_path: Path) -> None:
    """Both formats hold the same events for the same seed."""
    raw = write_evt3(tmp_path / "fan.raw", events=5_000, seed=4)
    dat = write_dat(tmp_path / "fan.dat", events=5_000, seed=4)
    assert decode_evt3(raw.path.read_bytes()) == decode_dat(dat.path.read_bytes())


def test_evt3_has_what_readers_stumble_over(tmp_path: Path) -> None:
    """Single events and vectors occur, and a vector is always 12, 12 and 8 pixels."""
    data = write_evt3(tmp_path / "fan.raw", events=20_000).path.read_bytes()
    kinds = [kind for kind, _ in evt3_words(data)]
    seen = Counter(kinds)
    assert seen[ADDR_X] > 500 < seen[BASE_X]
    assert seen[VECT_12] == 2 * seen[VECT_8] == 2 * seen[BASE_X]
    starts = [i for i, kind in enumerate(kinds) if kind == BASE_X]
    assert all(kinds[i + 1 : i + 4] == [VECT_12, VECT_12, VECT_8] for i in starts)


def test_headers_are_the_fields_own(tmp_path: Path) -> None:
    """Readers find format and geometry where cameras put them."""
    raw = write_evt3(tmp_path / "fan.raw", events=1, width=640, height=480).path.read_bytes()
    dat = write_dat(tmp_path / "fan.dat", events=1, width=640, height=480).path.read_bytes()
    assert raw.startswith(b"% evt 3.0\n% format EVT3;height=480;width=640\n")
    assert b"\n% Height 480\n% Version 2\n% Width 640\n" in dat


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 100},
        {"events": 0},
        {"events": -1},
        {"size": 10_000, "events": 10},
        {"width": 15},
        {"height": 2049},
        {"rate": 244},
    ],
    ids=str,
)
@pytest.mark.parametrize("write", [write_evt3, write_dat])
def test_impossible_wishes_leave_no_file(
    write: Write, wrong: dict[str, int], tmp_path: Path
) -> None:
    """What cannot be written is refused before the file is opened."""
    with pytest.raises(ValueError, match=r"\d|not both"):
        write(tmp_path / "fan", **wrong)
    assert not (tmp_path / "fan").exists()


def test_dat_ends_with_its_clock(tmp_path: Path) -> None:
    """A DAT recording longer than 32 bits of microseconds is refused."""
    with pytest.raises(ValueError, match="4295 s"):
        write_dat(tmp_path / "fan.dat", events=1_100_000, rate=245)
