"""Serve the files of a folder: ``python -m evio_data.testing FOLDER --set rate=20000000``.

One line of JSON says where (endpoint, port, and each file's id and URLs); it then serves until
it is interrupted or terminated. Switches of `DriveServer` and `DriveFile` are given as
``--set name=value``, where the value is JSON or else plain text.
"""

from __future__ import annotations

import argparse
import json
import signal
import ssl
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ._files import DriveFile
from ._server import DriveServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        server = DriveServer(_tls(options.cert), port=options.port)
        files = [server.add(path.name, path) for path in _paths(options.folder)]
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
        prog="python -m evio_data.testing", description="A local Google Drive for a folder."
    )
    parser.add_argument("folder", type=Path, help="serve the files in this folder")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--cert", type=Path, help="PEM file with key and certificate: HTTPS proxy")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    return parser


def _tls(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _apply(server: DriveServer, files: list[DriveFile], setting: str) -> None:
    """Set a switch of the server or, if it has none of that name, of every file."""
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
