"""Shell completion of commands, options and names, with argcomplete."""

import argparse
from typing import NoReturn

from ..errors import EvioDataError
from .arguments import Parser
from .terminal import OK, show

PROGRAMS = ("evio-data", "prefetch-datasets")
_NAMED = ("names", "patterns", "name")  # arguments that are names of the registry


def script(options: argparse.Namespace) -> int:
    """Run ``evio-data completion``; return the exit code."""
    try:
        from argcomplete.shell_integration import shellcode
    except ImportError as error:
        raise EvioDataError(
            "shell completion needs the package argcomplete.",
            advice="Install it: pip install 'evio-data[completion]'",
        ) from error
    show(shellcode(PROGRAMS, shell=options.shell).rstrip("\n"))
    return OK


def complete(parser: Parser) -> NoReturn:
    """Answer a shell that asks what could come next, and exit."""
    try:
        import argcomplete
    except ImportError:
        raise SystemExit(1) from None  # the half-typed command must not run
    _add_names(parser)
    argcomplete.autocomplete(parser)
    raise SystemExit(1)


def _add_names(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for inner in action.choices.values():
                _add_names(inner)
        elif action.dest in _NAMED:
            action.completer = _names  # type: ignore[attr-defined]


def _names(*, parsed_args: argparse.Namespace, **_: object) -> list[str]:
    """Return the names of the registry that the options so far mean."""
    from .._collection import open_collection

    try:
        collection = open_collection(
            getattr(parsed_args, "registry", None), getattr(parsed_args, "cache_dir", None)
        )
    except EvioDataError:
        return []
    return list(collection.registry.entries)
