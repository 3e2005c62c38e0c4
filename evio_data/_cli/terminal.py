"""Print to stdout and stderr, and ask questions."""

import os
import sys
from contextlib import suppress

from .._text import folded, has_colour, painted, width_of
from ..errors import EvioDataError

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130  # exit codes


def say(*lines: str, hang: int = 2) -> None:
    """Write lines to standard error; nobody reading is no reason to stop."""
    width = width_of(sys.stderr)
    parts = (part for line in lines for part in folded(line, width, hang=hang))
    if has_colour(sys.stderr):
        parts = (painted(part) for part in parts)
    _write("".join(f"{part}\n" for part in parts))


def _write(text: str) -> None:
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        print(text, end="", file=sys.stderr, flush=True)


def show(*lines: str) -> None:
    """Write lines to standard output; whoever has read enough (``| head``) is no reason to stop.

    Raises
    ------
    EvioDataError
        If they cannot be written for another reason: a full disk.
    """
    if sys.stdout is None or sys.stdout.closed:
        return
    try:
        for line in lines:
            _print(line)
        sys.stdout.flush()
    except OSError as error:
        _forget_stdout()
        if isinstance(error, BrokenPipeError):
            return
        why = error.strerror or str(error)
        raise EvioDataError(f"standard output cannot be written to: {why}.") from error


def show_text(*lines: str) -> None:
    """Write sentences to standard output, folded between words where that is a terminal."""
    width = width_of(sys.stdout)
    show(*(part for line in lines for part in folded(line, width)))


def _print(line: str) -> None:
    try:
        print(line)
    except UnicodeEncodeError:
        sys.stdout.flush()
        sys.stdout.buffer.write(_spelled(line + "\n", sys.stdout.encoding))


def _spelled(text: str, encoding: str) -> bytes:
    """Return text that an encoding has not got: as files are called here, else as escapes."""
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace")


def _forget_stdout() -> None:
    """Send what is still to come nowhere: the interpreter flushes at its exit, and complains."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_json(value: object) -> None:
    """Write one JSON object to standard output."""
    import json

    show(json.dumps(value, indent=2))


def can_ask() -> bool:
    """Say whether standard input is a terminal."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # closed
        return False


def agrees(question: str) -> bool:
    """Ask, and say whether the answer is yes; the end of the input is a no."""
    _write(f"{question} [y/N] ")
    answer = sys.stdin.buffer.readline()  # bytes: whatever is typed, it can be read
    if not answer.endswith(b"\n"):
        _write("\n")
    return answer.strip().lower() in (b"y", b"yes")
