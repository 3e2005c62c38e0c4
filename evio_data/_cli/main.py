"""The commands ``prefetch-datasets`` and ``evio-data``: words in, words and an exit code out."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from ..errors import EvioDataError, RegistryError, UnknownDatasetError
from .signals import end_on_signals, stop_on_signals
from .terminal import FAILED, INTERRUPTED, OK, USAGE, say, show, show_json

if TYPE_CHECKING:
    from .._collection import Collection

Command = Callable[[argparse.Namespace], int]

GENTLE = 5  # connections above which Drive may limit


def prefetch_datasets(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``prefetch-datasets`` and exit."""
    _run(_prefetch_parser().parse_args(arguments))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``evio-data`` and exit."""
    _run(_parser().parse_args(arguments))


def _run(options: argparse.Namespace) -> NoReturn:
    try:
        stop_on_signals()
        code = _checked_settings(options) or _result(options)
        end_on_signals(code)
    except KeyboardInterrupt:
        code = _stopped(options, None, INTERRUPTED)
    sys.exit(code)


def _checked_settings(options: argparse.Namespace) -> int:
    """Return the exit code of an environment that cannot be used, or 0."""
    from .._settings import from_environment

    try:
        from_environment()
    except EvioDataError as error:
        return _stopped(options, error, USAGE)
    return OK


def _result(options: argparse.Namespace) -> int:
    try:
        return int(options.command(options))
    except (UnknownDatasetError, RegistryError) as error:
        return _stopped(options, error, USAGE)
    except EvioDataError as error:
        return _stopped(options, error, FAILED)
    except OSError as error:  # not of a file of ours: the present folder is gone
        return _stopped(options, EvioDataError(f"{error}."), FAILED)


def _stopped(options: argparse.Namespace, error: EvioDataError | None, code: int) -> int:
    """Say what ended a command before it had a result: an error, or (None) an interrupt."""
    say(f"error: {error}" if error else "\nInterrupted. Run again to go on.")
    if getattr(options, "json", False):
        from .output import error_json, frame

        interrupted = error is None
        show_json(frame(ok=False, interrupted=interrupted, error=error_json(error)))
    return code


# --- prefetch-datasets ------------------------------------------------------------------------


def _prefetch_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prefetch-datasets",
        description="Fetch recordings in parallel: verified, resumable, once. "
        "Without a pattern, all of them.",
        epilog="Exit codes: 0 all wanted files are there; 1 at least one failed; "
        "2 usage, or an unreadable registry; 130 interrupted (what arrived is kept).",
    )
    add = parser.add_argument
    add(
        "patterns",
        nargs="*",
        metavar="PATTERN",
        help="names or globs: fan/fan_const_rpm.raw '*.dat'",
    )
    add("-y", "--yes", action="store_true", help="do not ask")
    add("-j", "--concurrency", type=_connections, default=3, metavar="N",
        help="connections in all, 1 to 32 (default 3; above 5 Drive may limit)")  # fmt: skip
    add("--verify", action="store_true", help="hash what is present again, too")
    add("--dry-run", action="store_true", help="only say what would be fetched, with exact sizes")
    add("-q", "--quiet", action="store_true", help="no bars: a line a file, then the summary")
    add("--json", action="store_true", help="one JSON object on standard output")
    _add_places(parser)
    add("--demo", action="store_true",
        help="the whole thing on this machine, with synthetic recordings")  # fmt: skip
    _add_version(parser)
    parser.set_defaults(command=_prefetch)
    return parser


def _connections(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 32")
    return int(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return int(text)


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--registry", metavar="FILE", help="another registry.txt")
    parser.add_argument("--cache-dir", metavar="DIR", help="another cache")


def _add_version(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        import evio_data

        show(f"evio-data {evio_data.__version__}")
        parser.exit()


def _prefetch(options: argparse.Namespace) -> int:
    from . import prefetch

    if options.concurrency > GENTLE:
        say(f"warning: with more than {GENTLE} connections Drive may refuse for a while.")
    if options.demo:
        from .demo import demo

        return demo(options)
    return prefetch.prefetch(_collection(options), options)


def _collection(options: argparse.Namespace) -> "Collection":
    from .._collection import open_collection

    return open_collection(options.registry, options.cache_dir)


# --- evio-data --------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evio-data",
        description="Event-camera recordings, and any public file on Google Drive, by name. "
        "To fetch many at once: prefetch-datasets.",
        epilog="Exit codes: 0 all is well; 1 at least one file failed; 2 usage, or an unreadable "
        "registry; 130 interrupted (what arrived is kept).",
    )
    _add_version(parser)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    fetch = _command(commands, "fetch", _fetch, "fetch files and print their paths")
    fetch.add_argument("names", nargs="+", metavar="NAME",
                       help="a key of the registry, or its last part")  # fmt: skip
    fetch.add_argument("--verify", action="store_true", help="hash a cached file again")
    fetch.add_argument("-q", "--quiet", action="store_true", help="no bars")
    fetch.set_defaults(concurrency=3)
    listing = _command(commands, "list", _list, "show every recording and what is on disk of it")
    listing.add_argument("patterns", nargs="*", metavar="PATTERN")
    listing.add_argument("--json", action="store_true", help="one JSON object")
    verify = _command(commands, "verify", _verify, "hash what is cached again")
    verify.add_argument("patterns", nargs="*", metavar="PATTERN")
    verify.add_argument("--repair", action="store_true", help="fetch damaged files again")
    verify.add_argument("--json", action="store_true", help="one JSON object")
    path = _command(commands, "path", _path, "print where the cache, or a file in it, is")
    path.add_argument("name", nargs="?", metavar="NAME")
    _add_rescue(commands)
    _add_upkeep(commands)
    return parser


def _add_rescue(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    bring = _command(commands, "import", _import, "take files, folders and zip archives into the "
                     "cache, matched by their bytes")  # fmt: skip
    bring.add_argument("paths", nargs="+", metavar="PATH")
    bring.add_argument("-y", "--yes", action="store_true",
                       help="take what has the right name where no hash is published")  # fmt: skip
    bring.add_argument("--link", action="store_true",
                       help="hard links instead of copies: editing one edits both")  # fmt: skip
    serve = _command(commands, "serve", _serve, "share the verified files with the neighbours")
    serve.add_argument("--host", default="127.0.0.1", metavar="HOST",
                       help="default 127.0.0.1; 0.0.0.0 is the network")  # fmt: skip
    serve.add_argument("--port", type=_port, default=8417, metavar="PORT",
                       help="default 8417; 0 takes a free one")  # fmt: skip
    mirror = commands.add_parser("mirror", help="fill a mirror", description="Fill a mirror.")
    push = _command(mirror.add_subparsers(metavar="COMMAND", required=True), "push", _push,
                    "copy verified files to a folder or a store (s3://, gs://)")  # fmt: skip
    push.add_argument("target", metavar="TARGET")
    push.add_argument("patterns", nargs="*", metavar="PATTERN")
    push.add_argument("--verify", action="store_true", help="read back what is there already")
    clean = _command(commands, "clean", _clean, "show, and with --yes remove, what is left over")
    clean.add_argument("patterns", nargs="*", metavar="NAME", help="these files, too")
    clean.add_argument("-y", "--yes", action="store_true", help="remove it")
    clean.add_argument("--dry-run", action="store_true", help="only show it (the default)")
    clean.add_argument("--partials", action="store_true",
                       help="also what downloads would go on from")  # fmt: skip
    clean.add_argument("--all", action="store_true", help="everything, verified files too")


def _add_upkeep(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    registry = commands.add_parser(
        "registry", help="make a registry of a Drive folder, or compare them",
        description="Make a registry of a public Google Drive folder, or compare them.",
    )  # fmt: skip
    actions = registry.add_subparsers(metavar="COMMAND", required=True)
    build = _survey_command(actions, "build", "list a public folder into a registry file", _build)
    build.add_argument("folder", metavar="FOLDER_URL")
    build.add_argument("-o", "--output", default="registry.txt", metavar="FILE",
                       help="default registry.txt; what is in it is kept")  # fmt: skip
    check = _survey_command(actions, "check", "compare a registry with its live folder", _check)
    check.add_argument("folder", nargs="?", metavar="FOLDER_URL",
                       help="default: the registry's `# folder:` line")  # fmt: skip
    check.add_argument("--registry", metavar="FILE", help="another registry.txt")
    pin = _command(commands, "pin", _pin, "write hashes of verified files into a registry")
    pin.add_argument("patterns", nargs="*", metavar="PATTERN")
    pin.add_argument("-o", "--output", metavar="FILE", help="write a new file instead")


def _survey_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    text: str,
    command: Command,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("-j", "--concurrency", type=_connections, default=3, metavar="N",
                        help="connections, 1 to 32 (default 3)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(command=command)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Command,
    text: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    _add_places(parser)
    parser.set_defaults(command=command)
    return parser


def _fetch(options: argparse.Namespace) -> int:
    from . import prefetch

    return prefetch.fetch(_collection(options), options)


def _list(options: argparse.Namespace) -> int:
    from . import verify

    return verify.listing(_collection(options), options)


def _verify(options: argparse.Namespace) -> int:
    from . import verify

    return verify.verify(_collection(options), options)


def _path(options: argparse.Namespace) -> int:
    collection = _collection(options)
    if options.name is None:
        show(collection.cache.root)
    else:
        show(collection.cached_file(collection.registry.find(options.name)).final)
    return OK


def _import(options: argparse.Namespace) -> int:
    from . import import_command

    return import_command.run_import(_collection(options), options)


def _serve(options: argparse.Namespace) -> int:
    from . import file_commands

    return file_commands.serve(_collection(options), options)


def _push(options: argparse.Namespace) -> int:
    from . import file_commands

    return file_commands.push(_collection(options), options)


def _clean(options: argparse.Namespace) -> int:
    from . import file_commands

    return file_commands.clean_up(_collection(options), options)


def _build(options: argparse.Namespace) -> int:
    from . import registry_commands

    return registry_commands.build(options)


def _check(options: argparse.Namespace) -> int:
    from . import registry_commands

    return registry_commands.check(options)


def _pin(options: argparse.Namespace) -> int:
    from . import registry_commands

    return registry_commands.pin(options)
