"""Words to whoever reads standard error and standard output, and a question to whoever types."""

import os
import sys
from contextlib import suppress
from typing import TextIO
from unicodedata import combining, east_asian_width

from .errors import EvioDataError

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130  # exit codes
LEAST_WIDTH = 12  # columns; in fewer, words are not kept whole


def say(*lines: str, hang: int = 2) -> None:
    """Write lines to standard error; nobody reading is no reason to stop."""
    width = width_of(sys.stderr)
    parts = (part for line in lines for part in folded(line, width, hang=hang))
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


def _print(line: str) -> None:
    try:
        print(line)
    except UnicodeEncodeError:  # a name that the locale cannot spell is still the file's name
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(line + "\n"))


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


def terminal_size(stream: TextIO | None) -> os.terminal_size | None:
    """Return the columns and lines of a stream; None if it is no terminal."""
    try:
        found = os.get_terminal_size(stream.fileno())  # type: ignore[union-attr]
    except (OSError, ValueError, AttributeError):
        return None
    return os.terminal_size((found.columns or 80, found.lines or 24))


def width_of(stream: TextIO | None) -> int | None:
    """Return the columns of a stream; None if it is no terminal."""
    size = terminal_size(stream)
    return size.columns if size else None


def folded(text: str, width: int | None, *, hang: int = 2) -> list[str]:
    """Return the lines of a text, folded between words to a width; None is no limit.

    >>> folded("the connection was reset, trying again", 25)
    ['the connection was reset,', '  trying again']
    """
    if width is None:
        return text.split("\n")
    return [part for line in text.split("\n") for part in _parts(line, width, hang) or [""]]


def _parts(line: str, width: int, hang: int) -> list[str]:
    from textwrap import wrap

    return wrap(
        line,
        max(width, LEAST_WIDTH),
        subsequent_indent=" " * hang,
        break_long_words=False,  # a path that is cut cannot be copied
        break_on_hyphens=False,
    )


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    >>> columns("fan.raw"), columns("扇.raw"), columns("u\u0308.raw")
    (7, 6, 5)
    """
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def cut(text: str, width: int, *, mark: str = "…") -> str:
    """Return a text that takes at most ``width`` columns; of a long one, its end is kept.

    >>> cut("fan/fan_const_rpm.raw", 14), cut("fan.raw", 14), cut("fan.raw", 0)
    ('…const_rpm.raw', 'fan.raw', '')
    """
    if columns(text) <= width:
        return text
    room = width - columns(mark)
    if room <= 0:
        return ""
    kept = text[-room:]
    while columns(kept) > room:
        kept = kept[1:]
    return mark + kept


def padded(text: str, width: int) -> str:
    """Return a text with blanks after it, to ``width`` columns.

    >>> padded("扇", 4) + "|"
    '扇  |'
    """
    return text + " " * (width - columns(text))
