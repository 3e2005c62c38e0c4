"""Words to whoever reads standard error and standard output, and a question to whoever types."""

import sys


def say(text: str, end: str = "\n") -> None:
    """Write to standard error; nobody reading is no reason to stop."""
    if sys.stderr is None:
        return
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def show(*lines: str) -> None:
    """Write lines to standard output."""
    if sys.stdout is not None:
        for line in lines:
            print(line)


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
    """Ask, and say whether the answer is yes."""
    say(f"{question} [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
