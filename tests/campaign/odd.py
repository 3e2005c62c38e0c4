"""``python -m tests.campaign.odd``: odd but harmless origins, and which tools survive them."""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from evio_data.testing import DriveServer

from ._clients import PREFETCH
from ._peers import environment, versions
from ._world import clean_environment

SIZE = 2_000_000  # bytes
SECONDS = 40.0  # in which a tool must end
SLOW = 800_000  # bytes a second, where a second connection is to meet a first one
SILENT = 5  # seconds of silence after which a line is dead, where a tool can be told
TRIES = 3
NAME = "fan.raw"
ONCE: dict[str, Any] = {"cut_after": SIZE // 2, "cut_how": "close", "cut_times": 1}

_NODES = {
    "etag": "another `ETag`",
    "weak": "a weak `ETag`",
    "gzip-suffix": "Apache's `-gzip` suffix",
    "second-off": "`Last-Modified` a second off",
    "on-and-off": "validators at one node only",
}
ORIGINS: dict[str, dict[str, Any]] = {
    "one connection at a time, others get 403": {"connection_limit": 1, "rate": SLOW},
    "one connection at a time, others get 429": {
        "connection_limit": 1, "over_limit": 429, "retry_after": "1", "rate": SLOW
    },
    "one connection at a time, others get 503": {
        "connection_limit": 1, "over_limit": 503, "retry_after": "1", "rate": SLOW
    },
    **{
        f"two nodes, {words}, cut once": {"nodes": nodes, **ONCE}
        for nodes, words in _NODES.items()
    },
    "chunked, cut once": {"length": "chunked", "chunk_size": 70_000, **ONCE},
    "chunked, the last chunk never comes": {"length": "chunked", "last_chunk": "never"},
    "chunked, closed without a last chunk": {"length": "chunked", "last_chunk": "close"},
    "chunked, with trailers": {"length": "chunked", "trailers": 3},
    **{
        f"`Content-Encoding: {label}` over the plain bytes": {"content_encoding": label}
        for label in ("gzip", "x-gzip", "aws-chunked", "utf-8", "binary", "none", "8bit")
    },
    "`Transfer-Encoding: identity`": {"transfer_encoding": "identity"},
    "gzip, whatever is asked for": {"compress": "gzip"},
    "deflate, whatever is asked for": {"compress": "deflate"},
    "raw deflate, whatever is asked for": {"compress": "raw-deflate"},
    **{
        f"`Range` gets {status}, cut once": {"range_status": status, **ONCE}
        for status in (400, 403, 405, 406, 416, 501, 503)
    },
    "`Range` ignored, cut once": {"ranges": "ignore", **ONCE},
    "`Content-Range` without a total, cut once": {"ranges": "no-total", **ONCE},
    "ranges as multipart, cut once": {"ranges": "multipart", **ONCE},
    "203 in place of 200": {"ok_status": 203},
    "`Content-Length` twice": {"length": "twice"},
    "`Content-Length` as a list": {"length": "list"},
    "no length": {"length": "absent"},
    "100 three times first": {"informational": 3},
    "103 three times first": {"informational": 3, "informational_status": 103},
    "503 twice": {"errors": [503, 503], "retry_after": "1"},
    "500 once": {"errors": [500]},
    "429 once, `Retry-After: 1`": {"errors": [429], "retry_after": "1"},
    "reset twice": {"cut_after": SIZE // 3, "cut_how": "reset", "cut_times": 2},
    "HTTP/1.0": {"http_version": "1.0"},
    "closes without having said so": {"keep_alive": False, **ONCE},
    "header names in upper case": {"header_case": "upper"},
    "head that drips for two seconds": {"drip": "head-lines", "drip_lines": 20, "drip_pause": 0.1},
}  # fmt: skip

_POOCH = f"""
import pooch, sys
url, folder, sha256 = sys.argv[1:]
pup = pooch.create(folder, "", registry={{"{NAME}": "sha256:" + sha256}}, urls={{"{NAME}": url}},
                   retry_if_failed={TRIES})
pup.fetch("{NAME}", downloader=pooch.HTTPDownloader(timeout={SILENT}))
"""
_GDOWN = f"""
import gdown, sys
url, folder, sha256 = sys.argv[1:]
gdown.cached_download(url, folder + "/{NAME}", quiet=True, hash="sha256:" + sha256)
"""
Command = Callable[[str, Path, str], list[str]]


class Tool(NamedTuple):
    """A downloader, and the command that fetches one file; None if it is not here."""

    name: str
    command: Command | None


def main() -> int:
    """Ask every tool for every origin; exit 1 if we survive fewer than all."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.odd", description=__doc__)
    parser.add_argument("--origin", action="append", help="only those whose name has this")
    parser.add_argument("--no-peers", action="store_true", help="only ours")
    options = parser.parse_args()
    wanted = [name for name in ORIGINS if any(word in name for word in options.origin or [""])]
    with tempfile.TemporaryDirectory(prefix="odd-") as folder:
        python = None if options.no_peers else environment(Path(folder) / "venv")
        tools = _tools(python)
        survived = _table(wanted, tools)
        if python is not None:
            print(f"\n{versions(python)}{_others()}")
    return 0 if survived == len(wanted) else 1


def _table(wanted: list[str], tools: list[Tool]) -> int:
    """Print a row for each origin; return how many we survive."""
    counts: Counter[str] = Counter()
    print("| Origin | " + " | ".join(tool.name for tool in tools) + " |")
    print("|---|" + "---|" * len(tools))
    for name in wanted:
        verdicts = [play(tool, ORIGINS[name]) for tool in tools]
        for tool, verdict in zip(tools, verdicts, strict=True):
            counts[tool.name] += verdict == "yes"
        print(f"| {name} | {' | '.join(verdicts)} |", flush=True)
    figures = [str(counts[tool.name]) if tool.command else "-" for tool in tools]
    print(f"| **survived, of {len(wanted)}** | {' | '.join(figures)} |")
    return counts[tools[0].name]


def _tools(python: Path | None) -> list[Tool]:
    ours = Tool("**evio-data**", _ours)
    if python is None:
        return [ours]
    scripts = {"pooch": _POOCH, "gdown": _GDOWN}
    commands = {"curl": _curl, "aria2c": _aria2, "wget": _wget}
    return [
        ours,
        *(Tool(name, partial(_script, python, code)) for name, code in scripts.items()),
        *(Tool(name, make if shutil.which(name) else None) for name, make in commands.items()),
    ]


def _others() -> str:
    told = []
    for name in ("curl", "wget"):
        if shutil.which(name):
            done = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
            told.append(" ".join(done.stdout.split()[: 3 if name == "wget" else 2]))
    return "".join(f"; {words}" for words in told)


def _ours(url: str, folder: Path, sha256: str) -> list[str]:
    registry = folder.parent / "registry.txt"
    registry.write_text(f"{NAME} {sha256} {url}\n", encoding="utf-8")
    options = ["--registry", str(registry), "--cache-dir", str(folder), "--yes", "--quiet"]
    return [sys.executable, "-c", PREFETCH, *options]


def _script(python: Path, code: str, url: str, folder: Path, sha256: str) -> list[str]:
    return [str(python), "-c", code, url, str(folder), sha256]


def _curl(url: str, folder: Path, sha256: str) -> list[str]:
    again = ["--retry", str(TRIES), "--retry-delay", "1", "--retry-all-errors", "-C", "-"]
    patience = ["--speed-limit", "1", "--speed-time", str(SILENT)]
    return ["curl", "-q", "-fsSL", *again, *patience, "-o", str(folder / NAME), url]


def _wget(url: str, folder: Path, sha256: str) -> list[str]:
    again = [f"--tries={TRIES + 1}", "--waitretry=1", "--continue", f"--timeout={SILENT}"]
    status = ["--retry-on-http-error=429,500,503"]
    return ["wget", "--no-config", "-q", *again, *status, "-O", str(folder / NAME), url]


def _aria2(url: str, folder: Path, sha256: str) -> list[str]:
    return [
        "aria2c",
        "--no-conf",
        "--quiet",
        "--file-allocation=none",
        f"--checksum=sha-256={sha256}",
        f"--max-tries={TRIES + 1}",
        "--retry-wait=1",
        f"--timeout={SILENT}",
        "--split=3",
        "--max-connection-per-server=3",
        "--min-split-size=1M",
        f"--dir={folder}",
        f"--out={NAME}",
        url,
    ]


def play(tool: Tool, switches: dict[str, Any]) -> str:
    """Let a tool fetch a file from such an origin; return what became of it."""
    if tool.command is None:
        return "-"
    content = random.Random(1).randbytes(SIZE)
    with DriveServer() as server, tempfile.TemporaryDirectory() as name:
        file = server.add(NAME, content, **_fresh(switches))
        folder = Path(name) / "cache"
        folder.mkdir()
        settings = {"HOME": name, "EVIO_DATA_TIMEOUT": str(SILENT), "EVIO_DATA_RETRIES": str(TRIES)}
        process = subprocess.Popen(
            tool.command(server.plain_url(file), folder, file.sha256),
            env={**clean_environment(), **settings},
            cwd=name,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        code = _ended(process)
        final = folder / NAME
        is_right = final.is_file() and final.read_bytes() == content
        if code is None:
            return "hangs"
        if code:
            return "error"
        return "yes" if is_right else "**wrong, exit 0**"


def _fresh(switches: dict[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, list) else value for name, value in switches.items()
    }


def _ended(process: subprocess.Popen[bytes]) -> int | None:
    stop_at = time.monotonic() + SECONDS
    while process.poll() is None:
        if time.monotonic() > stop_at:
            process.kill()
            process.wait()
            return None
        time.sleep(0.02)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
