"""A schedule's files on a local Drive, with a registry, a cache, and processes that fetch."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from evio_data.testing import DriveFile, DriveServer

from ._disk import Disk
from ._faults import SERVER_DEFAULTS, Switches, file_defaults
from ._schedule import Client, FileSpec, Schedule

STATE = ".evio-data"
API_KEY = "AIza-campaign"
TAG = {"etag": '"first"', "last_modified": "Fri, 14 Nov 2025 09:30:00 GMT"}
PATIENT = {"EVIO_DATA_TIMEOUT": "10", "EVIO_DATA_RETRIES": "4"}
PREFETCH = "from evio_data._cli import prefetch_datasets; prefetch_datasets()"
FETCH = """
import sys, evio_data
try:
    print(evio_data.fetch(sys.argv[1]))
except evio_data.errors.EvioDataError as error:
    sys.exit(f"error: {error}")
"""


class Served:
    """A file with all versions of it that were ever served."""

    def __init__(self, spec: FileSpec, file: DriveFile, content: bytes) -> None:
        self.spec = spec
        self.file = file
        self.first = content
        self.registered = hashlib.sha256(content).hexdigest()
        self.versions = {self.registered}
        self.unknowable = False  # nothing that was sent tells wrong bytes from right ones

    def is_right(self, sha256: str) -> bool:
        """Say whether a file with this hash may be under the final name."""
        if self.spec.pinned:
            return sha256 == self.registered
        return self.unknowable or sha256 in self.versions

    def change(self, kind: str, tags: Switches, dice: random.Random) -> None:
        """Put another version in its place, as its owner may."""
        size = self.spec.size
        length = {"longer": size + dice.randint(1, 5000), "shorter": size // 2}.get(kind, size)
        content = dice.randbytes(length)
        self.versions.add(hashlib.sha256(content).hexdigest())
        # Of an unpinned file of the same size, without a new validator, nobody can know.
        tagged = self.spec.tagged and bool(tags)
        self.unknowable = self.unknowable or (length == size and not tagged)
        if self.spec.tagged:
            self.set(tags)
        self.file.replace(content)

    def set(self, switches: Switches) -> None:
        """Set switches."""
        if switches.get("garble"):
            self.unknowable = True
        for name, value in switches.items():
            setattr(self.file, name, list(value) if name == "errors" else value)

    def heal(self) -> None:
        """Serve the first version again, with all faults off."""
        if self.file.sha256 != self.registered:
            self.file.replace(self.first)
        self.set({**file_defaults(), **(TAG if self.spec.tagged else {})})


class Process:
    """A client that was started."""

    def __init__(self, client: Client, command: list[str], world: World, number: int) -> None:
        self.client = client
        self.signals: list[int] = []
        self._out = world.folder / f"{number}.out"
        self._err = world.folder / f"{number}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                command, env=world.environment, cwd=world.empty, stdout=out, stderr=err
            )

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.process.poll()

    def send(self, signal: int) -> bool:
        """Send a signal, once the process is ready for it; say whether that is done with."""
        if self.code is not None:
            return True
        if signal == 2 and self.client == "fetch":
            signal = 9  # a KeyboardInterrupt would be the script's own affair
        if signal != 9 and self.client == "prefetch" and not self._handles():
            return False
        self.signals.append(signal)
        self.process.send_signal(signal)
        return True

    def _handles(self) -> bool:
        # Before its first line a Python program dies by a traceback of Python's own.
        with suppress(OSError, ValueError, IndexError):
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
            caught = int(status.partition("SigCgt:")[2].split()[0], 16)
            return bool(caught & 1 << 14)
        return True

    @property
    def stderr(self) -> str:
        """What it said."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    @property
    def report(self) -> Any:
        """The JSON that it printed, or None for what is none."""
        try:
            return json.loads(self._out.read_bytes())
        except ValueError:
            return None

    def end(self) -> None:
        """Kill it if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class World:
    """Everything that one schedule plays in."""

    def __init__(self, schedule: Schedule, server: DriveServer, folder: Path) -> None:
        self.schedule = schedule
        self.server = server
        self.folder = folder
        self.empty = folder / "empty"
        self.empty.mkdir()
        self.disk = Disk(folder / "disk", schedule.disk)
        self.cache = self.disk.path / "cache"
        self.files = [self._serve(spec) for spec in schedule.files]
        self.processes: list[Process] = []
        self._write_registry()
        self._block_locks()
        self.environment = {**clean_environment(), **self._settings()}
        server.rate_per_connection = schedule.rate

    def _serve(self, spec: FileSpec) -> Served:
        content = random.Random(f"{self.schedule.seed} {spec.name}").randbytes(spec.size)
        tags: dict[str, Any] = dict(TAG) if spec.tagged else {}
        return Served(spec, self.server.add(spec.name, content, **tags), content)

    def _write_registry(self) -> None:
        lines = []
        for served in self.files:
            spec, file = served.spec, served.file
            line = file.registry_line(spec.name, pinned=spec.pinned, size=spec.sized)
            if spec.plain:
                line = line.replace(file.url, self.server.plain_url(file))
            lines.append(line)
        (self.folder / "registry.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _block_locks(self) -> None:
        if self.schedule.no_locks:
            for served in self.files:
                (self.state(served) / "lock").mkdir(parents=True)

    def _settings(self) -> dict[str, str]:
        schedule = self.schedule
        settings = {
            "EVIO_DATA_DIR": str(self.cache),
            "EVIO_DATA_REGISTRY": str(self.folder / "registry.txt"),
            "EVIO_DATA_ENDPOINT": self.server.endpoint,
            "EVIO_DATA_TIMEOUT": str(schedule.timeout),
            "EVIO_DATA_RETRIES": str(schedule.retries),
        }
        if schedule.mirror:
            settings["EVIO_DATA_MIRRORS"] = f"{self.server.endpoint}/plain"
        if schedule.api_key:
            settings["EVIO_DATA_API_KEY"] = API_KEY
        return settings

    def path(self, served: Served) -> Path:
        """Return a file's final name."""
        return self.cache / served.spec.name

    def state(self, served: Served) -> Path:
        """Return the hidden folder of a file."""
        return self.cache / STATE / served.spec.name

    def start(self, client: Client) -> Process:
        """Start a process; a `fetch` wants one file, a `prefetch` all."""
        number = len(self.processes)
        if client == "fetch":
            wanted = self.files[number % len(self.files)].spec.name
            command = [sys.executable, "-c", FETCH, wanted]
        else:
            options = ["--yes", "--quiet", "--json", "-j", str(self.schedule.concurrency)]
            command = [sys.executable, "-c", PREFETCH, *options]
        process = Process(client, command, self, number)
        self.processes.append(process)
        return process

    def served_bytes(self) -> int:
        """Return the bytes of data that were sent so far."""
        return sum(served.file.served for served in self.files)

    def heal(self) -> None:
        """Switch all faults off, and make room."""
        for name, value in SERVER_DEFAULTS.items():
            setattr(self.server, name, value)
        for served in self.files:
            served.heal()
        self.disk.heal()
        self.environment |= PATIENT

    def end(self) -> None:
        """Let go of everything."""
        for process in self.processes:
            process.end()
        self.disk.close()


def clean_environment() -> dict[str, str]:
    """Return the environment without proxies and without our settings."""
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    kept = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    return {name: value for name, value in kept.items() if not name.startswith("EVIO_DATA_")}
