"""Words to whoever reads standard error and standard output, and a question to whoever types."""

import os
import sys
from contextlib import suppress
from unicodedata import combining, east_asian_width


def say(text: str, end: str = "\n") -> None:
    """Write to standard error; nobody reading is no reason to stop."""
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        print(text, end=end, file=sys.stderr, flush=True)


def show(*lines: str) -> None:
    """Write lines to standard output; whoever has read enough (``| head``) is no reason to stop.

    Raises
    ------
    OSError
        If they cannot be written for another reason: a full disk.
    """
    if sys.stdout is None or sys.stdout.closed:
        return
    try:
        for line in lines:
            _print(line)
        sys.stdout.flush()
    except BrokenPipeError:
        forget_stdout()


def _print(line: str) -> None:
    try:
        print(line)
    except UnicodeEncodeError:  # a name that the locale cannot spell is still the file's name
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(line + "\n"))


def forget_stdout() -> None:
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
    say(f"{question} [y/N] ", end="")
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        say("")
    return answer.strip().lower() in ("y", "yes")


def stdout_columns() -> int | None:
    """Return how many columns standard output has; None if it is no terminal."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError, AttributeError):
        return None


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
