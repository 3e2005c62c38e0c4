"""What a partial keeps of a file, for whom, and what it never believes."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evio_data._cache.partial import (
    MAX_SPANS,
    RECORD,
    SYNC_STEP,
    Partial,
    PartialLostError,
    held_in,
)
from evio_data._http.validators import Validators
from evio_data.errors import CacheError

WHO = Validators("data.example", 100, '"tag"', "Mon", "crc32c=AA==")


_OPEN: list[Partial] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """In the end, all processes of a test are gone."""
    yield
    while _OPEN:
        _OPEN.pop().close()


def opened(folder: Path, *, take_over: bool = True) -> Partial:
    """Return the partial as a process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = Partial(folder)
    _OPEN.append(partial)
    partial.open(take_over=take_over)
    return partial


def written(folder: Path, *pieces: tuple[int, bytes], identity: Validators | None = WHO) -> Partial:
    """Return a partial with some bytes, as its process has it while it runs."""
    partial = opened(folder)
    partial.validators = identity
    for offset, data in pieces:
        span = partial.span_at(offset)
        with partial.writer(offset) as file:
            span[1] += file.write(data)
    partial.checkpoint()
    return partial


def test_taken_up_by_the_next_process(tmp_path: Path) -> None:
    """Bytes, their places and the identity outlive a process that was killed."""
    written(tmp_path, (0, b"abc"), (10, b"xyz"))
    partial = opened(tmp_path)
    assert partial.held == [(0, 3), (10, 13)]
    assert (partial.resumed, partial.front, partial.validators) == (6, 3, WHO)
    assert partial.path.read_bytes() == b"abc" + bytes(7) + b"xyz"


def test_one_owner(tmp_path: Path) -> None:
    """Whoever takes bytes over is the only one who can write to them."""
    first = written(tmp_path, (0, b"abc"))
    second = opened(tmp_path)
    assert (first.is_ours(), second.is_ours()) == (False, True)
    with pytest.raises(PartialLostError):
        first.writer(3)


def test_old_owner_harms_nobody(tmp_path: Path) -> None:
    """An owner that lost its bytes neither changes nor removes what the new one has."""
    first = written(tmp_path, (0, b"abc"))
    second = opened(tmp_path)
    first.span_at(3)[1] = 50
    first.checkpoint()
    first.close()
    assert second.path.read_bytes() == b"abc"
    assert opened(tmp_path).held == [(0, 3)]


def test_published_bytes_cannot_be_taken(tmp_path: Path) -> None:
    """Of a publication and a takeover at once, one happens."""
    first = written(tmp_path / "state", (0, b"abc"))
    first.path.rename(tmp_path / "final")
    second = opened(tmp_path / "state")
    assert second.resumed == 0
    assert not first.is_ours()


def test_the_larger_one_is_taken(tmp_path: Path) -> None:
    """Of several partials, the next process takes the one with the most bytes."""
    written(tmp_path, (0, b"abc"))
    other = opened(tmp_path, take_over=False)
    with other.writer(0) as file:
        other.span_at(0)[1] = file.write(b"abcdef")
    other.checkpoint()
    assert opened(tmp_path).resumed == 6


def test_begun_again_in_another_file(tmp_path: Path) -> None:
    """A fresh start is in a new file: who still writes to the old one does not matter."""
    partial = written(tmp_path, (0, b"old"))
    with partial.writer(3) as late:
        partial.remove()
        fresh = opened(tmp_path, take_over=False)
        late.write(b"late")
    assert (fresh.received, fresh.validators, fresh.path.read_bytes()) == (0, None, b"")


def test_nothing_is_left_of_nothing(tmp_path: Path) -> None:
    """A partial into which nothing came leaves no file."""
    opened(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_discarded(tmp_path: Path) -> None:
    """Discarding removes what killed processes left, too."""
    written(tmp_path, (0, b"abc"))
    (tmp_path / "1-2.part").touch()
    (tmp_path / "3-4.journal").touch()
    (tmp_path / "stamp").touch()
    opened(tmp_path).discard()
    assert [path.name for path in tmp_path.iterdir()] == ["stamp"]


def test_shorter_than_its_journal_says(tmp_path: Path) -> None:
    """After a power cut, no byte is counted that is not in the file."""
    partial = written(tmp_path, (0, b"a" * 50), (60, b"b" * 20))
    os.truncate(partial.path, 30)
    assert opened(tmp_path).held == [(0, 30)]


def test_longer_than_its_journal_says(tmp_path: Path) -> None:
    """What the journal does not tell of is cut off: it may be of a longer version."""
    killed = written(tmp_path, (0, b"abc"))
    with killed.writer(3) as file:
        file.write(b"of another file")
    partial = opened(tmp_path)
    assert partial.path.read_bytes() == b"abc"
    assert (partial.end, partial.size()) == (3, 3)


def restarted(folder: Path) -> Partial:
    """Return the partial as a process has it after a restart of the machine."""
    (journal,) = folder.glob("*.journal")
    record = json.loads(journal.read_bytes()) | {"boot": "an earlier one"}
    journal.write_text(json.dumps(record).ljust(RECORD))
    return opened(folder)


def test_restart_keeps_what_was_written_in_order(tmp_path: Path) -> None:
    """A file that was only appended to is short or right after a power cut."""
    written(tmp_path, (0, b"abc"))
    assert restarted(tmp_path).held == [(0, 3)]


def test_restart_doubts_what_was_scattered(tmp_path: Path) -> None:
    """Of a file that was written in several places, only what was flushed counts."""
    partial = written(tmp_path, (0, b"abc"), (5, b"fg"))
    with partial.writer(3) as file:
        partial.spans[0][1] += file.write(b"de")
    partial.checkpoint()
    assert partial.held == [(0, 7)]
    assert restarted(tmp_path).held == []


def test_restart_keeps_what_was_flushed(tmp_path: Path) -> None:
    """What a flush has put on the disk by the time of a record counts after a power cut."""
    partial = written(tmp_path, (0, b"abc"), (5, b"fg"))
    partial.span_at(3)[1] += SYNC_STEP
    os.truncate(partial.path, SYNC_STEP + 3)
    partial.checkpoint()  # begins to flush
    flushed = partial.held
    deadline = time.monotonic() + 30
    while json.loads(next(tmp_path.glob("*.journal")).read_bytes())["flushed"] != [
        list(span) for span in flushed
    ]:
        assert time.monotonic() < deadline
        partial.spans[0][1] += SYNC_STEP
        partial.checkpoint()
    assert partial.held != flushed
    assert restarted(tmp_path).held == flushed


def test_held_on_disk(tmp_path: Path) -> None:
    """What a partial takes on disk is what was written, without the gaps."""
    assert held_in(tmp_path / "nowhere") == 0
    written(tmp_path, (0, b"a" * 4096), (2**40, b"b" * 4096))
    assert 8192 <= held_in(tmp_path) <= 65536


@pytest.mark.parametrize("spans", [1, MAX_SPANS, 1000])
def test_record_is_one_page(tmp_path: Path, spans: int) -> None:
    """A journal of any number of spans, with any validators, is one page and is read again."""
    partial = opened(tmp_path)
    partial.validators = Validators("h" * 253, 10**15, '"\\' * 140, "\x01" * 5000, "é" * 49)
    for number in range(spans):
        partial.span_at(number * 10**10)[1] += 10**9
    os.truncate(partial.path, 10**10 * spans)
    partial.checkpoint()
    (journal,) = tmp_path.glob("*.journal")
    assert journal.stat().st_size == RECORD
    again = opened(tmp_path)
    assert len(again.held) == min(spans, MAX_SPANS)
    assert again.validators == partial.validators._replace(etag=None, last_modified=None)


HOSTILE = {
    "empty": b"",
    "not JSON": b"{",
    "not text": b"\xff\xfe\x00",
    "a list": b"[1, 2]",
    "null": b"null",
    "no spans": b'{"identity": null}',
    "spans of text": b'{"identity": null, "held": ["ab"]}',
    "one number": b'{"identity": null, "held": [[1]]}',
    "backwards": b'{"identity": null, "held": [[5, 1]]}',
    "negative": b'{"identity": null, "held": [[-5, 1]]}',
    "not a number": b'{"identity": null, "held": [[NaN, 1]]}',
    "infinite": b'{"identity": null, "held": [[0, Infinity]]}',
    "deep": b"[" * RECORD,
    "unknown field": b'{"identity": {"origin": "a", "evil": 1}, "held": [[0, 3]]}',
    "wrong type": b'{"identity": {"origin": "a", "total": "x"}, "held": [[0, 3]]}',
    "identity is a list": b'{"identity": [1], "held": [[0, 3]]}',
}


@pytest.mark.parametrize("record", HOSTILE.values(), ids=HOSTILE.keys())
def test_journal_that_cannot_be_believed(tmp_path: Path, record: bytes) -> None:
    """A journal of any content is believed or not; it never breaks a download."""
    written(tmp_path, (0, b"abc")).path.rename(tmp_path / "a.part")
    (journal,) = tmp_path.glob("*.journal")
    journal.unlink()
    (tmp_path / "a.journal").write_bytes(record)
    assert opened(tmp_path).resumed == 0


def test_journal_with_claims_beyond_the_file(tmp_path: Path) -> None:
    """Claims beyond the end of the file are cut to what is there."""
    (tmp_path / "a.part").write_bytes(b"abc")
    record = json.dumps({"identity": None, "held": [[0, 10**17], [2 * 10**17, 3 * 10**17]]})
    (tmp_path / "a.journal").write_text(record)
    assert opened(tmp_path).held == [(0, 3)]


def test_random_journals(tmp_path: Path) -> None:
    """No mutation of a journal does more than lose its bytes."""
    written(tmp_path, (0, b"abc"), (5, b"fg"))
    (journal,) = tmp_path.glob("*.journal")
    good = journal.read_bytes().rstrip()
    dice = random.Random(3)
    for number in range(300):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "a.part").write_bytes(b"abc\0\0fg")
        bad = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            bad[dice.randrange(len(bad))] = dice.choice(b'0129-[]{}",:x\x00\xff')
        (folder / "a.journal").write_bytes(bad)
        partial = opened(folder)
        assert 0 <= partial.received <= 7
        partial.close()


@pytest.mark.parametrize("what", ["folder", "link", "pipe"])
@pytest.mark.parametrize("suffix", ["part", "journal"])
def test_something_else_in_the_place(tmp_path: Path, what: str, suffix: str) -> None:
    """A folder, link or pipe in the place of a partial or journal is not used, nor touched."""
    state, outside = tmp_path / "state", tmp_path / "outside"
    written(state, (0, b"abc"))
    (place,) = state.glob(f"*.{suffix}")
    place.unlink()
    outside.write_bytes(b"untouched")
    if what == "folder":
        place.mkdir()
    elif what == "link":
        place.symlink_to(outside)
    else:
        os.mkfifo(place)
    partial = opened(state)
    assert partial.resumed == 0
    with partial.writer(0) as file:
        file.write(b"xyz")
    partial.discard()
    assert outside.read_bytes() == b"untouched"
    assert os.path.lexists(place)


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """A file in the place of the folder is a typed error."""
    (tmp_path / "state").touch()
    with pytest.raises(CacheError):
        Partial(tmp_path / "state").open()


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_modes(tmp_path: Path, umask: int, mode: int) -> None:
    """Bytes and journal have the modes that the umask leaves."""
    before = os.umask(umask)
    try:
        opened(tmp_path / "state")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()} == {mode}


def test_file_of_two_names_is_not_taken_up(tmp_path: Path) -> None:
    """A partial that is also somebody's file elsewhere, by a hard link, is never written to."""
    left = written(tmp_path / "state", (0, b"mine"))
    left.close()
    os.link(left.path, tmp_path / "elsewhere")
    assert opened(tmp_path / "state").resumed == 0
