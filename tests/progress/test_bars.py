"""Rows of bars: what they show at every width, and how they are drawn over each other."""

from __future__ import annotations

import io
import os
import time
from typing import Any

import pytest
from tqdm import tqdm

from evio_data._progress.bars import Block, Row, Speed, Widgets
from evio_data._text import columns

MIB = 2**20
ROWS = [
    Row("fan/fan_const_rpm.raw", 30 * MIB, 60 * MIB, 5.0 * MIB),
    Row("扇/a name that is much too long for any bar whatsoever.raw", 0, None),
    Row("b.raw", 70 * MIB, 60 * MIB, 0.0, "the connection was reset by somebody or other"),
    Row("1 of 3 files", 30 * MIB, 180 * MIB, 5.0 * MIB),
]


def drawn(rows: list[Row], width: int) -> list[str]:
    """Return the rows as a terminal of a width gets them."""
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    with open(slave, "w", encoding="utf-8", newline="\n") as stream:  # noqa: PTH123
        Block(stream).draw([], rows)
        data = b""
        while not data.endswith(b"\x1b[J"):
            data += os.read(master, 65536)
    os.close(master)
    return data.decode().replace("\r", "").replace("\x1b[J", "").split("\x1b[K\n")[:-1]


@pytest.mark.parametrize("width", [*range(6, 100, 3), 100, 120, 200])
def test_rows_never_fold(width: int) -> None:
    """Whatever the width, each row leaves the terminal's last column free."""
    shown = drawn(ROWS, width)
    assert len(shown) == len(ROWS)
    assert max(map(columns, shown)) < width


def test_rows_at_a_hundred_columns() -> None:
    """With space there are name, share, bar, amounts, rate and time, one below the other."""
    first, _, words, last = drawn(ROWS, 100)
    assert first.startswith("fan/fan_const_rpm.raw             50%|██")
    assert first.endswith("| 30.0 MiB/60.0 MiB  5.00 MiB/s    0:06")
    assert last.endswith("| 30.0 MiB/ 180 MiB  5.00 MiB/s    0:30")
    assert "the connection was reset by somebo.." in words
    assert first.rindex("|") == last.rindex("|")


def test_rows_at_forty_columns() -> None:
    """Without space the amounts go first; name, share and time stay."""
    first, *_, last = drawn(ROWS, 41)
    assert first.startswith("…onst_rpm.raw ")
    assert "50%|" in first
    assert first.endswith("0:06")
    assert last.endswith("0:30")


def test_rows_at_twenty_columns() -> None:
    """At the narrowest there is the end of the name, and the share."""
    assert drawn(ROWS, 20)[0] == "…const_rpm.raw  50%"


def test_share_is_never_above_the_whole() -> None:
    """Bytes beyond the expected size do not make more than all."""
    assert "100%" in drawn(ROWS, 100)[2]


def test_ascii_where_nothing_else_can_be_said() -> None:
    """A stream without Unicode gets bars and marks of ASCII."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    Block(stream).draw(["started"], ROWS[:1] * 2)
    written = stream.buffer.getvalue().decode("ascii")
    assert "50%|###" in written
    assert "started\n" in written


def test_redrawing_goes_back_over_what_was_drawn() -> None:
    """Each drawing starts where the last one did, so that only told lines stay."""
    stream = io.StringIO()
    block = Block(stream)
    block.draw([], ROWS)
    block.draw(["a line that stays"], ROWS[:1])
    block.close()
    before, _, after = stream.getvalue().partition("\x1b[Ja line that stays\n")
    assert before.endswith(f"\x1b[{before.count(chr(10))}A")
    assert before.count("\n") >= len(ROWS)
    assert after.endswith("\r\x1b[1A\x1b[J")


def test_broken_stream_stops_nothing() -> None:
    """Drawing where nobody reads any more is no error."""
    stream = io.StringIO()
    block = Block(stream)
    stream.close()
    block.draw(["told"], ROWS)
    block.close()


def test_speed_is_that_of_the_last_seconds() -> None:
    """A rate is taken over a while, says nothing at first, and begins anew after a restart."""
    speed = Speed()
    assert speed.measure(0) is None
    time.sleep(0.6)
    rate = speed.measure(6 * MIB)
    assert rate is not None
    assert 2 * MIB < rate < 11 * MIB
    assert speed.measure(0) is None


def alive() -> set[Any]:
    """Return the bars of tqdm's own that have not been closed."""
    return set(vars(tqdm)["_instances"])


def test_widgets_that_go_have_no_total_left() -> None:
    """A bar that ends early goes away; in a notebook tqdm would keep it, in red, for an error."""
    widgets = Widgets(io.StringIO())
    widgets.draw([], [Row("a.raw", 10 * MIB, 40 * MIB)])
    (bar,) = alive()
    widgets.close()
    assert bar.total is None


def test_widgets_take_another_total() -> None:
    """A bar whose total becomes known, or another one, is made anew: widgets keep their first."""
    stream = io.StringIO()
    widgets = Widgets(stream)
    widgets.draw([], [Row("a.raw", 10 * MIB, None)])
    (first,) = alive()
    widgets.draw([], [Row("a.raw", 20 * MIB, 40 * MIB)])
    (second,) = alive()
    widgets.close()
    assert second is not first
    assert " 50%|" in stream.getvalue()


def test_widgets_follow_the_rows() -> None:
    """Bars of tqdm's own come, move, begin again and go as the rows say."""
    stream = io.StringIO()
    widgets = Widgets(stream)
    widgets.draw([], [Row("a.raw", 10 * MIB, 40 * MIB), Row("0 of 1 file", 10 * MIB, 40 * MIB)])
    time.sleep(0.15)
    widgets.draw(["told"], [Row("a.raw", 20 * MIB, 40 * MIB), Row("0 of 1 file", 20 * MIB, None)])
    time.sleep(0.15)
    widgets.draw([], [Row("a.raw", 0, 40 * MIB), Row("0 of 1 file", 0, None)])
    widgets.close()
    written = stream.getvalue()
    assert "a.raw:  25%" in written
    assert "a.raw:  50%" in written
    assert "told\n" in written
    assert written.count("told") == 1
