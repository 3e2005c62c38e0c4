"""What the figures depend on, in words: processor, memory, system, file system, load."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


def describe(folder: Path) -> list[str]:
    """Return lines about this machine and the file system of a folder."""
    hardware = f"{_processor()}, {os.cpu_count()} cores, {_memory()} GiB of memory"
    return [
        f"Machine: {hardware}, {platform.system()} {platform.release()}",
        f"Temporary files on: {_file_system(folder)}",
        f"Load (1 min) at the start: {load()}",
    ]


def load() -> str:
    """Return the load of the last minute."""
    return f"{os.getloadavg()[0]:.2f}"


@contextmanager
def busy() -> Iterator[None]:
    """Keep every processor busy with something else for a while."""
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", _BUSY]))
            stack.callback(process.kill)
        yield


_BUSY = "while True: pass"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _file_system(folder: Path) -> str:
    command = ["df", "--output=fstype", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.split()[-1] if answer.returncode == 0 else "unknown"
