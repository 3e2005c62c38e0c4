"""The commands as a person sees them: on a pseudo-terminal, with real keys and real signals."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals here", allow_module_level=True)

import fcntl
import pty
import termios

if TYPE_CHECKING:
    from tests.conftest import Drive

MIB = 2**20
SOON = 10.0  # seconds within which a stop must have come, on a busy machine too
PATIENCE = 30.0  # seconds; only ever reached by a bug
CTRL_C, END_OF_INPUT = b"\x03", b"\x04"
# The child takes the terminal as its own, so that its keys become its signals.
COMMAND = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from evio_data._cli import main as _cli
getattr(_cli, sys.argv.pop(1))()
"""
CONTENT = bytes(range(256)) * 4096 * 2  # 2 MiB


class Screen:
    """What a terminal shows of what is written to it: as much of it as our bars use."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.lines: list[list[str]] = [[]]
        self.row = self.column = 0

    def write(self, text: str) -> None:
        """Obey."""
        for piece in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|.", text, re.DOTALL):
            self._obey(piece) if piece.startswith("\x1b") else self._put(piece)

    def _obey(self, sequence: str) -> None:
        line = self.lines[self.row]
        match sequence[-1]:
            case "A":
                top = max(0, len(self.lines) - self.rows)
                self.row = max(top, self.row - int(sequence[2:-1]))
            case "K":
                del line[self.column :]
            case "J":
                del line[self.column :], self.lines[self.row + 1 :]
            case "m":
                """A colour takes no place."""
            case _:
                raise AssertionError(f"a sequence that we do not use: {sequence!r}")

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            self.lines += [[] for _ in range(self.row + 1 - len(self.lines))]
        else:
            if self.column == self.columns:
                self._put("\n")
                self.column = 0
            line = self.lines[self.row]
            line += " " * (self.column + 1 - len(line))
            line[self.column] = character
            self.column += 1

    @property
    def text(self) -> str:
        """Everything that is on it or has been scrolled off it."""
        return "\n".join("".join(line).rstrip() for line in self.lines)


class Session:
    """A command on a terminal of its own."""

    def __init__(
        self, command: str, *arguments: str, columns: int = 100, rows: int = 30, **environment: str
    ) -> None:
        self._master, slave = pty.openpty()
        self.screen = Screen(columns, rows)
        self.written = ""
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, command, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", **environment},
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        rest = b""
        with suppress(OSError):  # EIO: the other end is closed
            while data := os.read(self._master, 65536):
                text = (rest + data).decode("utf-8", "ignore")
                rest = (rest + data)[len(text.encode()) :]
                self.written += text
                self.screen.write(text)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def see(self, pattern: str) -> None:
        """Wait until something has been written."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.written):
            assert time.monotonic() < deadline, self.written
            time.sleep(0.01)

    def end(self, within: float = PATIENCE) -> int:
        """Wait for the end; return the exit code."""
        code = self.process.wait(within)
        self._reader.join(PATIENCE)
        return code

    def close(self) -> None:
        """Kill what still runs."""
        self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE)
        os.close(self._master)

    @property
    def frames(self) -> list[list[str]]:
        """The bars as they were drawn, time after time."""
        pieces = re.split(r"\r\x1b\[\d+A|\r(?!\n)", self.written)
        return [
            [row.removesuffix("\x1b[K") for row in re.findall(r"(.*?)\x1b\[K\r\n", piece)]
            for piece in pieces
        ]


Run = Callable[..., Session]


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a command on a terminal."""
    sessions: list[Session] = []

    def start(*arguments: str, columns: int = 100, rows: int = 30, **environment: str) -> Session:
        sessions.append(Session(*arguments, columns=columns, rows=rows, **environment))
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()


def serve(drive: Drive, *names: str, rate: int | None = None, size: bool = True) -> None:
    """Register some files of `CONTENT`, served at so many bytes a second on a connection."""
    for name in names:
        drive.add(name, CONTENT, size=size, large=True)
    drive.server.rate_per_connection = rate


def clean(session: Session) -> str:
    """Return what is left on the screen, which no bar is."""
    text = session.screen.text
    assert "%" not in text, text
    assert "█" not in text, text
    return text


# --- the question -----------------------------------------------------------------------------


def test_yes_fetches(drive: Drive, run: Run) -> None:
    """The question names files, bytes and folder; after a yes all is there, and no bar is left."""
    serve(drive, "fan/a.raw", "fan/b.raw", rate=8 * MIB)
    session = run("prefetch_datasets")
    session.see(r"Fetch 2 files, 4\.00 MiB, into \S+? \[y/N\] ")
    session.type(b"y\n")
    assert session.end() == 0
    assert "2 fetched, 0 present, 0 failed" in clean(session)
    assert drive.path("fan/b.raw").read_bytes() == CONTENT


@pytest.mark.parametrize("keys", [b"n\n", b"\n", b"yess\n", b"\xff\n", END_OF_INPUT])
def test_anything_else_is_a_no(drive: Drive, run: Run, keys: bytes) -> None:
    """Only a yes is a yes; else nothing is fetched, which the exit code tells."""
    serve(drive, "a.raw")
    session = run("prefetch_datasets", PYTHONIOENCODING="utf-8:strict")
    session.see(r"\[y/N\] ")
    session.type(keys)
    assert session.end() == 1
    assert "Nothing was fetched." in clean(session)
    assert not drive.cache.exists()


def test_nothing_is_asked_when_nothing_is_missing(drive: Drive, run: Run) -> None:
    """Whoever has everything is asked nothing."""
    serve(drive, "a.raw")
    drive.fetch_elsewhere("a.raw")
    session = run("prefetch_datasets")
    assert session.end() == 0
    assert "[y/N]" not in session.written


def test_touched_file_is_hashed_without_a_question(drive: Drive, run: Run) -> None:
    """A file that is there and of the right size is no reason to ask: it may be right."""
    serve(drive, "a.raw")
    drive.fetch_elsewhere("a.raw")
    os.utime(drive.path("a.raw"))
    session = run("prefetch_datasets")
    assert session.end() == 0
    assert "[y/N]" not in session.written
    assert "0 fetched, 1 present" in clean(session)


def test_interrupt_at_the_question(drive: Drive, run: Run) -> None:
    """Ctrl-C answers the question too."""
    serve(drive, "a.raw")
    session = run("prefetch_datasets")
    session.see(r"\[y/N\] ")
    session.type(CTRL_C)
    assert session.end(SOON) == 130
    assert "Interrupted." in clean(session)


# --- stopping ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_keeps_and_says_what_arrived(drive: Drive, run: Run, number: signal.Signals) -> None:
    """A signal stops the run at once; the partials are kept, and the words say how much."""
    serve(drive, "a.raw", "b.raw", "c.raw", rate=MIB)
    session = run("prefetch_datasets", "--yes", "-j", "2")
    session.see(r" [3-9]\d%")
    session.process.send_signal(number)
    assert session.end(SOON) == 130
    text = clean(session)
    kept = re.search(
        r"Interrupted: 0 of 3 files there; (\S+) (\S+) of 2 unfinished files kept", text
    )
    assert kept is not None, text
    assert float(kept[1]) > 0.5 if kept[2] == "MiB" else float(kept[1]) > 500
    assert sum(map(os.path.getsize, drive.cache.rglob("*.part"))) > MIB // 2


def test_run_after_a_stop_goes_on(drive: Drive, run: Run) -> None:
    """After Ctrl-C the next run's bars start at what is on disk, and the summary says the gain."""
    serve(drive, "a.raw", "b.raw", rate=MIB)
    first = run("prefetch_datasets", "--yes")
    first.see(r"a\.raw +[5-9]\d%")
    first.see(r"b\.raw +[5-9]\d%")
    first.type(CTRL_C)
    assert first.end(SOON) == 130
    drive.server.rate_per_connection = 4 * MIB
    second = run("prefetch_datasets", "--yes")
    assert second.end() == 0
    drawn = [
        int(shown) for frame in second.frames for shown in re.findall(r"(\d+)%", "".join(frame))
    ]
    assert min(drawn) >= 25
    text = clean(second)
    assert text.count("resuming; ") == 2
    assert "; resuming saved 1." in text or "; resuming saved 2." in text


def test_second_interrupt_is_immediate(drive: Drive, run: Run) -> None:
    """A second Ctrl-C ends the process as it is, without another word."""
    serve(drive, "a.raw", rate=MIB)
    session = run("prefetch_datasets", "--yes")
    session.see(r" [3-9]\d%")
    session.type(CTRL_C + CTRL_C)
    assert session.end(SOON) == 130
    assert "Traceback" not in session.written


def silent(drive: Drive) -> None:
    drive.add("a.raw", CONTENT, stall_after=0)


def busy(drive: Drive) -> None:
    drive.add("a.raw", CONTENT, size=True, errors=[429] * 9, retry_after=60)


def broken(drive: Drive) -> None:
    drive.add("a.raw", CONTENT, size=True, errors=[503] * 9, retry_after=60)


@pytest.mark.parametrize(
    ("trouble", "more", "words"),
    [
        (silent, ["--dry-run"], "Asking for the size of 1 file"),
        (silent, ["--yes"], r"a\.raw +0%"),
        (busy, ["--yes"], "no new request to Google Drive"),
        (broken, ["--yes"], "trying again in 60 s|trying again in 1 min"),
    ],
)
def test_interrupt_while_waiting_for_the_server(
    drive: Drive, run: Run, trouble: Callable[[Drive], None], more: list[str], words: str
) -> None:
    """Nothing that waits for a server makes Ctrl-C wait: sizes, pauses, retries."""
    trouble(drive)
    session = run("prefetch_datasets", *more)
    session.see(words)
    session.type(CTRL_C)
    assert session.end(SOON) == 130
    assert "Interrupted" in clean(session)


def test_interrupt_while_another_process_fetches(drive: Drive, run: Run) -> None:
    """Whoever waits for another process says so, and stops at once when asked to."""
    serve(drive, "a.raw", rate=MIB // 4)
    holder = run("prefetch_datasets", "--yes")
    holder.see(r" [1-9]\d?%")
    waiter = run("prefetch_datasets", "--yes")
    waiter.see("waiting for another process")
    waiter.type(CTRL_C)
    assert waiter.end(SOON) == 130
    assert "Interrupted" in clean(waiter)


def test_interrupt_while_hashing(drive: Drive, run: Run) -> None:
    """A check of gigabytes shows how far it is, and stops at once when asked to."""
    drive.add("a.raw", CONTENT)  # without a size, which would tell at once that it is another file
    drive.cache.mkdir()
    with drive.path("a.raw").open("wb") as file:
        file.truncate(64 * 2**30)
    session = run("main", "verify")
    session.see(r"hashing 1 file .*\d+%.*iB/s")
    session.type(CTRL_C)
    assert session.end(SOON) == 130
    assert "Interrupted" in clean(session)


# --- the bars ---------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [10, 20, 40, 80, 100, 200])
def test_bars_fit(drive: Drive, run: Run, columns: int) -> None:
    """No row of bars is as wide as the terminal, which would fold it."""
    serve(drive, "fan/fan_const_rpm.raw", "a name with blanks, ünd more.dat", rate=2 * MIB)
    session = run("prefetch_datasets", "--yes", columns=columns)
    assert session.end() == 0
    rows = [row for frame in session.frames for row in frame]
    assert len(rows) > 3
    assert max(map(len, rows)) < columns
    clean(session)


def test_bars_fit_after_a_resize(drive: Drive, run: Run) -> None:
    """A terminal that is made narrow in mid-run gets narrow bars."""
    serve(drive, "a.raw", rate=MIB)
    session = run("prefetch_datasets", "--yes", columns=100)
    session.see(r" [1-3]\d%")
    session.resize(30, 30)
    assert session.end() == 0
    wide, narrow = max(map(len, session.frames[2])), max(map(len, session.frames[-2]))
    assert (wide, narrow) == (99, len("a.raw  99%"))


def test_more_files_than_lines(drive: Drive, run: Run) -> None:
    """A low terminal shows some of the running files, and always the sum."""
    serve(drive, *(f"{number}.raw" for number in range(12)), rate=MIB)
    session = run("prefetch_datasets", "--yes", "-j", "12", rows=8)
    assert session.end() == 0
    drawn = [frame for frame in session.frames if frame]
    assert max(map(len, drawn)) == 5
    assert all("of 12 files" in frame[-1] for frame in drawn)
    clean(session)


@pytest.mark.parametrize("columns", [30, 50])
def test_words_are_whole(drive: Drive, run: Run, columns: int) -> None:
    """What is told beside the bars, and the errors, break between words, at every width."""
    drive.add("a.raw", CONTENT, size=True, cut_after=MIB, cut_times=1)
    drive.add("b.raw", CONTENT, size=True, quota="always")
    session = run("main", "fetch", "a.raw", "b.raw", columns=columns)
    assert session.end() == 1
    words = " ".join(clean(session).split())
    assert "a.raw: the connection was reset; 1.00 MiB are kept, trying again" in words
    assert "error: b.raw: Drive's download quota for this file is used up. Wait up to" in words


def test_no_colours(drive: Drive, run: Run) -> None:
    """There is nothing for NO_COLOR to switch off: no colour is ever sent."""
    serve(drive, "a.raw", rate=4 * MIB)
    session = run("prefetch_datasets", "--yes")
    assert session.end() == 0
    assert set(re.findall(r"\x1b\[[0-9;]*([A-Za-z])", session.written)) <= set("AJK")


def test_dumb_terminal_gets_lines(drive: Drive, run: Run) -> None:
    """Where bars cannot be drawn, what happens is told in dated lines."""
    serve(drive, "a.raw")
    session = run("prefetch_datasets", "--yes", TERM="dumb")
    assert session.end() == 0
    assert re.search(
        r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d a\.raw: receiving", session.written, re.MULTILINE
    )
    assert "\x1b" not in session.written


def test_cut_line_is_told(drive: Drive, run: Run) -> None:
    """A connection that breaks is said beside the bar and in a line, and costs no byte."""
    drive.add("a.raw", CONTENT, size=True, cut_after=MIB, cut_times=1)
    drive.server.rate_per_connection = 2 * MIB
    session = run("prefetch_datasets", "--yes", "-j", "1")
    assert session.end() == 0
    assert "the connection was reset; 1.00 MiB are kept, trying again" in clean(session)
    assert any("the connection was reset" in "".join(frame) for frame in session.frames)
    assert "resuming saved 1.00 MiB" in session.screen.text


def test_one_file_fails_and_the_others_come(drive: Drive, run: Run) -> None:
    """A file without quota does not stop the run; the summary has its cause and its advice."""
    serve(drive, "a.raw", "b.raw", rate=4 * MIB)
    drive.add("c.raw", CONTENT, size=True, quota="always")
    session = run("prefetch_datasets", "--yes")
    assert session.end() == 1
    text = clean(session)
    assert "2 fetched, 0 present, 1 failed" in text
    assert "Failed, quota used up (1 file):" in text
    assert text.count("-> ") == 1


def test_two_at_once(drive: Drive, run: Run) -> None:
    """Two runs on one cache share the work: each file comes once, and both end well."""
    serve(drive, "a.raw", "b.raw", "c.raw", rate=2 * MIB)
    first, second = run("prefetch_datasets", "--yes"), run("prefetch_datasets", "--yes")
    assert (first.end(), second.end()) == (0, 0)
    assert drive.server.sent() < 1.1 * 3 * len(CONTENT)
    clean(first), clean(second)


def test_paths_go_where_they_are_read(drive: Drive) -> None:
    """``evio-data fetch`` draws on the terminal, and only the path goes into the pipe."""
    serve(drive, "a.raw", rate=4 * MIB)
    master, slave = pty.openpty()
    code = "from evio_data._cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "fetch", "a.raw"], stdout=subprocess.PIPE, stderr=slave
    ) as process:
        os.close(slave)
        printed = process.communicate(timeout=PATIENCE)[0]
    drawn = os.read(master, 65536)
    os.close(master)
    assert printed == f"{drive.path('a.raw')}\n".encode()
    assert b"a.raw" in drawn
