"""Serve the files of a folder: ``python -m evio_data.testing FOLDER --rate 20000000``.

One line of JSON says where (endpoint, port, and each file's id and URLs); it then serves until
it is interrupted or terminated. Any option of `DriveServer` and `DriveFile` can be given as
``--set name=value``, where the value is JSON or else plain text; ``--options`` lists them.
"""

from __future__ import annotations

import argparse
import inspect
import json
import signal
import ssl
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from ._files import DriveFile
from ._server import DriveServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    _allow_many_files()
    try:
        server = DriveServer(_tls(options.cert), port=options.port, host=options.host)
        files = [server.add(path.name, path) for path in _paths(options.folder)]
        server.rate, server.rate_per_connection = options.rate, options.rate_per_connection
        server.latency = options.latency
        for setting in options.set:
            _apply(server, files, setting)
        server.start()
    except (OSError, OverflowError, ValueError, AttributeError) as error:
        parser.error(str(error))
    with closing(server):
        print(json.dumps(_description(server, files)), flush=True)
        _wait_for_the_end()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evio_data.testing",
        description="A local Google Drive for the files of a folder. One line of JSON on standard "
        "output gives its endpoint and the URLs of each file.",
    )
    parser.add_argument("folder", type=Path, help="serve the files in this folder")
    parser.add_argument(
        "--host", default="127.0.0.1", help="loopback address to listen at (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen at (default: a free one)"
    )
    parser.add_argument(
        "--cert",
        type=Path,
        help="PEM file with key and certificate, to speak HTTPS and to be an HTTPS proxy",
    )
    _add_speed(parser)
    _add_options(parser)
    return parser


def _add_speed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rate",
        type=float,
        metavar="BYTES",
        help="bytes a second for all connections together (default: no limit)",
    )
    parser.add_argument(
        "--rate-per-connection",
        type=float,
        metavar="BYTES",
        help="bytes a second for each connection (default: no limit)",
    )
    parser.add_argument(
        "--latency",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="delay of each answer, as by a round trip (default: none)",
    )


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the server or, if it has none of that name, of every file; "
        "may be given several times",
    )
    parser.add_argument(
        "--options", action=_ListOptions, nargs=0, help="list the options for --set, and exit"
    )


class _ListOptions(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        for kind in (DriveServer, DriveFile):
            print(f"Options of a {kind.__name__}:\n\n{_attributes(kind)}\n")
        parser.exit()


def _attributes(kind: type) -> str:
    """Return the part of a docstring that describes the options."""
    text = (inspect.getdoc(kind) or "").partition("Attributes\n----------\n")[2]
    text = text.partition("\n\nExamples\n")[0]
    return text[text.find("\nlarge\n") + 1 :]  # what stands before it are no options


def _allow_many_files() -> None:
    """Raise the limit of descriptors, of which each file of the folder needs one."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _tls(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _apply(server: DriveServer, files: list[DriveFile], setting: str) -> None:
    """Set an option of the server or, if it has none of that name, of every file."""
    name, equals, text = setting.partition("=")
    if not equals:
        raise ValueError(f"--set wants NAME=VALUE, not {setting!r}")
    targets: list[object] = [server] if hasattr(server, name) else list(files)
    for target in targets:
        setattr(target, name, _value(text))


def _value(text: str) -> object:
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError:
        return text
    return value


def _description(server: DriveServer, files: list[DriveFile]) -> dict[str, object]:
    return {
        "endpoint": server.endpoint,
        "port": server.port,
        "files": {
            file.name: {
                "id": file.id,
                "size": file.size,
                "url": file.url,
                "plain_url": server.plain_url(file),
            }
            for file in files
        },
    }


def _wait_for_the_end() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


if __name__ == "__main__":
    raise SystemExit(main())
