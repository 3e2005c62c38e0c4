"""Kinds of hashes and processors, with many processes: `python -m tests.contract.kinds`."""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import xxhash

from evio_data.testing import DriveFile, DriveServer

MIB = 2**20
SIZE = 40 * MIB  # bytes
RATE = 40 * MIB  # bytes a second, where a download is to be killed
KILL_AT = 24 * MIB  # bytes
KINDS = ("md5", "sha1", "sha512", "blake2b", "xxh64", "sha256")
PROCESSORS = ("Decompress", "Unzip", "Untar")
PROCESSES = {"kinds": 6, "processors": 4}
ROUNDS = 10
MEMBERS = {f"folder/{n}.raw": random.Random(n).randbytes(MIB) for n in range(8)}
FETCH = """
import hashlib, json, statistics, sys, time
import pooch
from evio_data import Registry
pooch.get_logger().setLevel("WARNING")
folder, base, name, known, kind = sys.argv[1:]
registry = Registry.create(folder, base, registry={name: known})
processor = getattr(pooch, kind)() if kind else None
made = registry.fetch(name, processor=processor)
content = {path: open(path, "rb").read() for path in ([made] if isinstance(made, str) else made)}
seconds = []
for _ in range(0 if kind else 1000):
    began = time.perf_counter()
    registry.fetch(name)
    seconds.append(time.perf_counter() - began)
digests = sorted(hashlib.sha256(each).hexdigest() for each in content.values())
print(json.dumps([digests, statistics.median(seconds) * 1000 if seconds else 0]))
"""


def known(kind: str, content: bytes) -> str:
    """Return a known hash as pooch's users write it."""
    digest = getattr(xxhash, kind)() if kind.startswith("xxh") else hashlib.new(kind)
    digest.update(content)
    return f"{kind}:{digest.hexdigest()}"


def sha256s(*contents: bytes) -> list[str]:
    """Return what processes print for contents."""
    return sorted(hashlib.sha256(content).hexdigest() for content in contents)


def spawn(server: DriveServer, folder: Path, file: DriveFile, *words: str) -> Any:
    """Fetch in a process of its own."""
    base = f"{server.endpoint}/plain/"
    command = [sys.executable, "-c", FETCH, str(folder), base, file.name, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})


def printed(process: Any) -> Any:
    """Return what a process says at its good end."""
    text, _ = process.communicate(timeout=600)
    assert process.returncode == 0, text
    return json.loads(text)


def run_kind(server: DriveServer, folder: Path, kind: str) -> str:
    """Return a kind's row: traffic of many processes, right ones, warm fetch, MiB after a kill."""
    content = random.Random(kind).randbytes(SIZE)
    file = server.add(f"{kind}.raw", content, large=False)
    words = (known(kind, content), "")
    processes = [spawn(server, folder / "many", file, *words) for _ in range(PROCESSES["kinds"])]
    said = [printed(process) for process in processes]
    traffic, right = server.sent(file) / SIZE, sum(each[0] == sha256s(content) for each in said)
    warm = printed(spawn(server, folder / "many", file, *words))[1]
    slow = server.add(f"{kind}-slow.raw", content, large=False, rate=RATE)
    with spawn(server, folder / "killed", slow, *words) as killed:
        while server.sent(slow) < KILL_AT:
            assert killed.poll() is None, "it ended before it could be killed"
        killed.kill()
    assert printed(spawn(server, folder / "killed", slow, *words))[0] == sha256s(content)
    again = (server.sent(slow) - SIZE) / MIB
    return f"| {kind} | {traffic:.2f}x | {right} of {len(said)} | {warm:.3f} | {again:.2f} |"


def packed(kind: str) -> tuple[str, bytes, list[str]]:
    """Return an archive's name and bytes, and what is to come of it."""
    buffer = io.BytesIO()
    if kind == "Decompress":
        whole = b"".join(MEMBERS.values())
        return ".raw.bz2", bz2.compress(whole), sha256s(whole)
    if kind == "Unzip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in MEMBERS.items():
                archive.writestr(name, content)
        return ".zip", buffer.getvalue(), sha256s(*MEMBERS.values())
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in MEMBERS.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return ".tar.gz", buffer.getvalue(), sha256s(*MEMBERS.values())


def run_processor(server: DriveServer, folder: Path, processor: str, kind: str) -> str:
    """Return a row: how many of all processes got what is whole, and the traffic."""
    suffix, content, wanted = packed(processor)
    right = count = sent = 0
    for number in range(ROUNDS):
        file = server.add(f"{processor}-{kind}-{number}{suffix}", content, large=False)
        words = (known(kind, content), processor)
        place = folder / f"{kind}-{number}"
        processes = [spawn(server, place, file, *words) for _ in range(PROCESSES["processors"])]
        said = [printed(process)[0] for process in processes]
        right, count = right + said.count(wanted), count + len(said)
        sent += server.sent(file)
    traffic = sent / len(content) / ROUNDS
    return f"| {processor} | {kind} | {right} of {count} | {traffic:.2f}x |"


def main() -> int:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder, DriveServer() as server:
        print("| Hash | Traffic of six processes | Right | Warm, ms | MiB again after a kill |")
        print("|---|---:|---:|---:|---:|")
        for kind in KINDS:
            print(run_kind(server, Path(folder, kind), kind), flush=True)
        print("\n| Processor | Hash | Whole, of four processes in ten rounds | Traffic |")
        print("|---|---|---:|---:|")
        for processor in PROCESSORS:
            for kind in ("sha256", "md5"):
                row = run_processor(server, Path(folder, processor), processor, kind)
                print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
