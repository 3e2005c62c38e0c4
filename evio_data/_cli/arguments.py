"""An argument parser that suggests what was meant, and imports a command when it runs."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .terminal import USAGE, say, show

PLACES = ("registry", "cache_dir")


class Parser(argparse.ArgumentParser):
    """argparse's own, with suggestions, folded and coloured errors, and help where none is asked.

    Parameters
    ----------
    **options
        Those of `argparse.ArgumentParser`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": _Formatter, **options})
        self._rest: Callable[[], None] | None = None

    def defer(self, add: Callable[[], None]) -> None:
        """Add arguments only when this parser is used: most runs use one of twenty."""
        self._rest = add

    def complete(self) -> None:
        """Add the arguments that were deferred."""
        rest, self._rest = self._rest, None
        if rest is not None:
            rest()

    def parse_known_args(self, *arguments: Any, **options: Any) -> Any:
        """Parse, as argparse does."""
        self.complete()
        return super().parse_known_args(*arguments, **options)

    def error(self, message: str) -> NoReturn:
        """Print the usage and an error, and exit."""
        self.print_usage(sys.stderr)
        say(f"error: {message}")
        raise SystemExit(USAGE)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:  # noqa: SLF001
            advice = _advice(str(value), list(action.choices), self.prog)
            raise argparse.ArgumentError(None, f"there is no command {value!r}. {advice}")
        super()._check_value(action, value)

    def options(self) -> list[str]:
        """Return the long options."""
        return [option for option in self._option_string_actions if option.startswith("--")]


class _Formatter(argparse.HelpFormatter):
    """Help that is folded between words only, however narrow the terminal is."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        import textwrap

        return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in self._split_lines(text, width))


def parse(parser: Parser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; what is wrong with them is said with the usage of the command meant."""
    options: argparse.Namespace
    options, rest = parser.parse_known_args(arguments)
    meant: Parser = options.parser
    if rest:
        meant.error(f"unrecognized arguments: {' '.join(rest)}{_nearest_option(rest[0], meant)}")
    for place in PLACES:
        if getattr(options, place, None) is not None and place not in options.takes:
            meant.error(f"--{place.replace('_', '-')} has no meaning here")
    return options


def show_help(options: argparse.Namespace) -> int:
    """Show the help of a program or of a group of commands."""
    show(options.parser.format_help().rstrip("\n"))
    return 0


def _advice(word: str, commands: Sequence[str], program: str) -> str:
    from difflib import get_close_matches

    nearest = get_close_matches(word.lower(), commands, n=1, cutoff=0.5)
    if nearest:
        return f"Did you mean `{program} {nearest[0]}`?"
    if "fetch" in commands and set(word) & set("./*:"):
        import shlex

        return f"Did you mean `{program} fetch {shlex.quote(word)}`?"
    return f"`{program} --help` shows all."


def _nearest_option(word: str, parser: Parser) -> str:
    from difflib import get_close_matches

    option = word.partition("=")[0].lower()
    if option in parser.options():
        return f". Write it after `{parser.prog}`"
    nearest = get_close_matches(option, parser.options(), n=1) if word.startswith("-") else []
    return f". Did you mean {nearest[0]}?" if nearest else ""
