"""The commands and options of ``evio-data`` and ``prefetch-datasets``."""

import argparse
import os
from collections.abc import Callable, Sequence
from typing import NoReturn

from .arguments import PLACES, Parser
from .arguments import parse as parsed
from .terminal import show

Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it
EXIT_CODES = (
    "Exit codes: 0 success; 1 at least one file failed; 2 usage, or an unreadable registry; "
    "130 interrupted (what arrived is kept)."
)
COMPLETING = "_ARGCOMPLETE"  # set by the shell functions that `evio-data completion` prints


def parse(program: str, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of one of the two programs, ``evio_data`` or ``prefetch_datasets``."""
    is_completing = COMPLETING in os.environ
    parser = evio_data(whole=is_completing) if program == "evio_data" else prefetch_datasets()
    if is_completing:
        from .completion import complete

        complete(parser)
    return parsed(parser, arguments)


def prefetch_datasets() -> Parser:
    """Return the parser of ``prefetch-datasets``."""
    parser = Parser(prog="prefetch-datasets", description=f"{_PREFETCH}.", epilog=EXIT_CODES)
    _prefetch(parser)
    _finish(parser, "prefetch:prefetch", PLACES)
    _add_places(parser, PLACES, default=None)
    _add_version(parser)
    return parser


def evio_data(*, whole: bool = True) -> Parser:
    """Return the parser of ``evio-data``; unless it is to be whole, commands wait for their use."""
    parser = Parser(
        prog="evio-data",
        description="Download event-camera recordings, or any public Google Drive file, by name.",
        epilog=EXIT_CODES,
    )
    _add_version(parser)
    _add_places(parser, PLACES, default=None)
    _finish(parser, "arguments:show_help", PLACES)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", prog=parser.prog)
    for name, (text, handler, add, places) in _COMMANDS.items():
        command = _command(commands, name, text, handler, add, places)
        if whole:
            command.complete()
    return parser


def _command(
    commands: "Commands[Parser]",
    name: str,
    text: str,
    handler: str,
    add: Callable[[Parser], None],
    places: Sequence[str] = PLACES,
) -> Parser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")

    def add_all() -> None:
        add(parser)
        _add_places(parser, places, default=argparse.SUPPRESS)
        _finish(parser, handler, places)

    parser.defer(add_all)
    return parser


def _finish(parser: Parser, handler: str, places: Sequence[str]) -> None:
    parser.set_defaults(parser=parser, handler=handler, takes=places)


# --- arguments that several commands have -----------------------------------------------------


def _add_places(parser: Parser, places: Sequence[str], *, default: str | None) -> None:
    # Where a command suppresses the default, what stands before the command is kept.
    if "registry" in places:
        parser.add_argument("--registry", metavar="FILE", default=default,
                            help="use another registry.txt")  # fmt: skip
    if "cache_dir" in places:
        parser.add_argument("--cache-dir", metavar="DIR", default=default, help="use another cache")


def _add_version(parser: Parser) -> None:
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        import evio_data

        show(f"evio-data {evio_data.__version__}")
        parser.exit()


def _add_patterns(parser: Parser, text: str = "names or globs: fan/fan_const_rpm.raw '*.dat'"
                  ) -> None:  # fmt: skip
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help=text)


def _add_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def _add_connections(parser: Parser, text: str) -> None:
    parser.add_argument("-j", "--concurrency", type=_connections, default=3, metavar="N", help=text)


def _add_yes(parser: Parser, text: str) -> None:
    parser.add_argument("-y", "--yes", action="store_true", help=text)


def _connections(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 32")
    return int(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return int(text)


# --- the commands -----------------------------------------------------------------------------


def _prefetch(parser: Parser) -> None:
    _add_patterns(parser)
    _add_yes(parser, "do not ask")
    _add_connections(parser, "connections in total, 1 to 32 (default 3; above 5 Drive may limit)")
    add = parser.add_argument
    add("--verify", action="store_true", help="also hash files that are present")
    add(
        "--dry-run",
        action="store_true",
        help="show what would be fetched, with sizes, and fetch nothing",
    )
    add("-q", "--quiet", action="store_true", help="one line for each file instead of bars")
    _add_json(parser)
    add(
        "--dask",
        metavar="SCHEDULER",
        help="put the files on every worker of this Dask cluster: its address or scheduler file",
    )
    add("--demo", action="store_const", dest="handler", const="demo:demo",
        help="run a demo without internet, with synthetic recordings")  # fmt: skip


def _fetch(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "names",
        nargs="+",
        metavar="NAME",
        help="a name or a glob of the registry, or a link to Google Drive or any web server",
    )
    add("-o", "--output", metavar="FILE", help="save the file here; several files go into a folder")
    add("--verify", action="store_true", help="hash a cached file again")
    add("-q", "--quiet", action="store_true", help="no bars")
    _add_json(parser)
    parser.set_defaults(concurrency=3)


def _listing(parser: Parser) -> None:
    _add_patterns(parser)
    _add_json(parser)


def _info(parser: Parser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="names or globs")
    _add_json(parser)


def _verify(parser: Parser) -> None:
    _add_patterns(parser)
    parser.add_argument("--repair", action="store_true", help="fetch damaged files again")
    _add_json(parser)


def _path(parser: Parser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME",
                        help="name of a file; without it, the folder of the cache")  # fmt: skip


def _import(parser: Parser) -> None:
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="a file, a folder or a zip archive"
    )
    _add_yes(parser, "accept files by name and size if no hash is published")
    parser.add_argument("--link", action="store_true",
                        help="hard links instead of copies; editing one edits both")  # fmt: skip


def _serve(parser: Parser) -> None:
    parser.add_argument("--host", default="127.0.0.1", metavar="HOST",
                        help="address to listen on (default 127.0.0.1; 0.0.0.0: all)")  # fmt: skip
    parser.add_argument("--port", type=_port, default=8417, metavar="PORT",
                        help="port to listen on (default 8417; 0: any free port)")  # fmt: skip


def _mirror(parser: Parser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", prog=parser.prog)
    text = "copy verified files to a folder or a store (s3://, gs://)"
    _command(commands, "push", text, "file_commands:push", _push).complete()


def _push(parser: Parser) -> None:
    parser.add_argument("target", metavar="TARGET", help="a folder, or s3://bucket/folder")
    _add_patterns(parser)
    parser.add_argument(
        "--verify", action="store_true", help="also read and check files that are there already"
    )


def _clean(parser: Parser) -> None:
    add = parser.add_argument
    add("patterns", nargs="*", metavar="NAME", help="also remove these files")
    _add_yes(parser, "remove without asking")
    add("--dry-run", action="store_true", help="show what would be removed, and remove nothing")
    add(
        "--partials",
        action="store_true",
        help="also remove partial downloads that could be resumed",
    )
    add("--all", action="store_true", help="remove everything, verified files too")


def _pin(parser: Parser) -> None:
    _add_patterns(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write a new file instead of the registry"
    )


def _unpin(parser: Parser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="a key, or its last part")
    _add_yes(parser, "do not ask")


def _registry(parser: Parser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", prog=parser.prog)
    text = "list a public folder into a registry file"
    _command(commands, "build", text, "registry_commands:build", _build, ()).complete()
    text = "compare a registry with its live folder"
    _command(commands, "check", text, "registry_commands:check", _check, ("registry",)).complete()


def _build(parser: Parser) -> None:
    parser.add_argument("folder", metavar="FOLDER_URL", help="https://drive.google.com/drive/...")
    parser.add_argument("-o", "--output", default="registry.txt", metavar="FILE",
                        help="file to write (default registry.txt); keeps its entries")  # fmt: skip
    _add_survey(parser)


def _check(parser: Parser) -> None:
    parser.add_argument("folder", nargs="?", metavar="FOLDER_URL",
                        help="default: the registry's `# folder:` line")  # fmt: skip
    _add_survey(parser)


def _add_survey(parser: Parser) -> None:
    _add_connections(parser, "connections, 1 to 32 (default 3)")
    _add_json(parser)


def _completion(parser: Parser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell to complete in")


_PREFETCH = "fetch many recordings in parallel; without a pattern, all of them"
_GROUP = "arguments:show_help"
# Name: help, handler ("module:function", imported when it is called), arguments, places.
_COMMANDS: dict[str, tuple[str, str, Callable[[Parser], None], Sequence[str]]] = {
    "list": ("list recordings, and what you have of each", "listing:listing", _listing, PLACES),
    "fetch": ("fetch files and print their paths", "fetch:fetch", _fetch, PLACES),
    "prefetch": (_PREFETCH, "prefetch:prefetch", _prefetch, PLACES),
    "info": ("show everything that is known of a file", "info:info", _info, PLACES),
    "verify": ("hash cached files again, and report damage", "verify:verify", _verify, PLACES),
    "path": ("print where the cache, or a file in it, is", "path:path", _path, PLACES),
    "import": ("add files from folders and zip archives to the cache, matched by content",
               "import_command:run_import", _import, PLACES),
    "clean": ("list leftovers, and remove them", "file_commands:clean_up", _clean, PLACES),
    "serve": ("share the verified files over a local network", "file_commands:serve", _serve,
              PLACES),
    "mirror": ("copy files to a mirror", _GROUP, _mirror, PLACES),
    "pin": ("write hashes of verified files into a registry", "registry_commands:pin", _pin,
            PLACES),
    "unpin": ("forget what a file was at its first use", "unpin:unpin", _unpin, PLACES),
    "registry": ("make a registry of a Drive folder, or compare them", _GROUP, _registry,
                 ("registry",)),
    "completion": ("print a completion script for a shell", "completion:script",
                   _completion, ()),
}  # fmt: skip
