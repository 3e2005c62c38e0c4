"""A schedule's files on a local Drive, with a registry, a cache, and processes that fetch."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any

from evio_data.testing import DriveFile, DriveServer

from . import _clock, _users
from ._clients import CLI, SCRIPTS, Client, command
from ._disk import STATE, Disk
from ._faults import FOLDER_DEFAULTS, SERVER_DEFAULTS, SOON, Switches, file_defaults
from ._schedule import LOCALES, FileSpec, Schedule

API_KEY = "AIza-campaign"
TAG = {"etag": '"first"', "last_modified": "Fri, 14 Nov 2025 09:30:00 GMT"}
PATIENT = {"EVIO_DATA_TIMEOUT": "10", "EVIO_DATA_RETRIES": "4"}
DEAD = "http://127.0.0.1:9"  # nobody listens there


class Served:
    """A file with all versions of it that were ever served."""

    def __init__(self, spec: FileSpec, file: DriveFile, content: bytes) -> None:
        self.spec = spec
        self.file = file
        self.first = content
        self.registered = hashlib.sha256(content).hexdigest()
        self.versions = {self.registered}
        self.damaged: set[str] = set()  # what was put under the final name, not by a client
        self.others: set[str] = set()  # what another registry has under the same name
        self.unknowable = False  # nothing that was sent tells wrong bytes from right ones

    def may_be(self, sha256: str) -> bool:
        """Say whether a file with this hash may be under the final name for now."""
        return sha256 in self.damaged | self.others or self.is_right(sha256)

    def is_right(self, sha256: str) -> bool:
        """Say whether a file with this hash may be under the final name after success."""
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
            setattr(self.file, name, _set_position(name, value))

    def heal(self) -> None:
        """Serve the first version again, with all faults off."""
        if self.file.sha256 != self.registered:
            self.file.replace(self.first)
        self.set({**file_defaults(), **(TAG if self.spec.tagged else {})})


def _set_position(name: str, value: Any) -> Any:
    if value == SOON:
        return formatdate(time.time() + 1, usegmt=True)
    return list(value) if name == "errors" else value


class Process:
    """A client that was started, in a process group of its own."""

    def __init__(self, client: Client, command: list[str], world: World, number: int) -> None:
        self.client = client
        self.signals: list[int] = []
        self.number = number
        self.stopped_at: float | None = None  # of the clock of this process
        self._out = world.folder / f"{number}.out"
        self._err = world.folder / f"{number}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*world.limited(client), *command],
                env=world.environment_of(client, number),
                cwd=world.empty,
                stdout=out,
                stderr=err,
                start_new_session=True,
                **_users.identity(world.users, number),
            )

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.process.poll()

    def send(self, signal: int) -> bool:
        """Send a signal, once the process is ready for it; say whether that is done with."""
        if self.code is not None:
            return True
        if signal == 2 and self.client in SCRIPTS:
            signal = 9  # a KeyboardInterrupt would be the script's own affair
        is_ours = self.client not in (*SCRIPTS, "pytest")
        if signal != 9 and is_ours and not self._handles():
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

    def pause(self, *, stopped: bool) -> None:
        """Stop it, as a lid that is shut does; or let it go on."""
        self.stopped_at = time.monotonic() if stopped else None
        self.process.send_signal(SIGSTOP if stopped else SIGCONT)

    def has_left_others(self) -> bool:
        """Say whether processes that it has started still run."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    @property
    def stderr(self) -> str:
        """What it said about itself."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    @property
    def stdout(self) -> str:
        """What it gave out."""
        return self._out.read_text(encoding="utf-8", errors="replace")

    @property
    def report(self) -> Any:
        """The JSON that it printed, or None for what is none."""
        try:
            return json.loads(self._out.read_bytes())
        except ValueError:
            return None

    def end(self) -> None:
        """Kill it, and what it has started, if that still runs."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, SIGKILL)
        self.process.wait()
        _clock.tidy(self.process.pid)


class World:
    """Everything that one schedule plays in."""

    def __init__(self, schedule: Schedule, server: DriveServer, folder: Path) -> None:
        self.schedule = schedule
        self.users = schedule.users
        self.server = server
        self.looking = threading.Lock()  # at the final names, or putting something there
        self.folder = folder
        folder.chmod(0o755)
        self.empty, self.given = self._folder("empty"), self._folder("given")
        self.outside: Path = self._folder("outside")
        self.annex = self._folder("annex")  # what links in the cache lead to
        self.limit, self.broken = schedule.limit, schedule.broken
        self.elsewhere: DriveServer | None = None
        self.pooch, self.out = self._folder("pooch", ours=False), self._folder("out", ours=False)
        self.disk = Disk(folder / "disk", schedule.disk)
        self.cache = self.disk.path / "cache"
        _users.give(self.disk.path, schedule.users)
        self.listing = server.folder("recordings")
        self.mirror: DriveServer | None = None
        self.files = [self._serve(spec) for spec in schedule.files]
        self.processes: list[Process] = []
        self.planted: list[Path] = []  # in the way, inside our state
        self._by_hand: list[Path] = []  # in the way, where nobody but a user may remove it
        self.clock = _clock.Clock(folder / "clock", schedule.clock) if schedule.clock else None
        self.other_registry = folder / "other.txt"
        self.other = self._serve_other()
        self._write_registry()
        self._write_outside()
        self._block_locks()
        self.environment = {**clean_environment(), **self._settings()}
        server.rate_per_connection = schedule.rate

    def _folder(self, name: str, *, ours: bool = True) -> Path:
        path = self.folder / name
        path.mkdir()
        if not ours:
            _users.give(path, self.schedule.users)
        return path

    def _write_outside(self) -> None:
        """Put files where no client may write, and files to be imported: right and wrong ones."""
        for name in ("a", "b"):
            (self.outside / name).write_bytes(b"none of your business")
        (self.given / "right").write_bytes(self.files[0].first)
        wrong = self.given / self.files[-1].spec.name
        wrong.parent.mkdir(parents=True, exist_ok=True)
        wrong.write_bytes(b"wrong")

    def _serve(self, spec: FileSpec) -> Served:
        content = random.Random(f"{self.schedule.seed} {spec.name}").randbytes(spec.size)
        tags: dict[str, Any] = dict(TAG) if spec.tagged else {}
        if spec.elsewhere:
            self.elsewhere = self.elsewhere or DriveServer().start()
            return Served(spec, self.elsewhere.add(spec.name, content, **tags), content)
        file = self.server.add(spec.name, content, folder=self.listing, **tags)
        return Served(spec, file, content)

    def _serve_other(self) -> bytes:
        """Serve another file under the first one's name, and register it; return its content."""
        name = self.files[0].spec.name
        content = random.Random(f"{self.schedule.seed} other").randbytes(5000)
        file = self.server.add(f"other/{name}", content)
        self.other_registry.write_text(file.registry_line(name) + "\n", encoding="utf-8")
        self.files[0].others.add(hashlib.sha256(content).hexdigest())
        return content

    def _write_registry(self) -> None:
        lines = []
        for served in self.files:
            spec, file = served.spec, served.file
            line = file.registry_line(spec.name, pinned=spec.pinned, size=spec.sized)
            if spec.plain:
                line = line.replace(file.url, self.url(served))
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
            settings["EVIO_DATA_MIRRORS"] = self._mirror(schedule.mirror)
        if schedule.users:
            settings["HOME"] = str(self.out)
        if schedule.api_key:
            settings["EVIO_DATA_API_KEY"] = API_KEY
        if schedule.proxied:
            settings["http_proxy"] = self.server.endpoint
        return settings | LOCALES.get(schedule.locale or "", {})

    def _mirror(self, kind: str) -> str:
        """Return the address of a mirror: this server, one with other bytes, or nobody."""
        if kind == "good":
            return f"{self.server.endpoint}/plain"
        if kind == "dead":
            return DEAD
        self.mirror = DriveServer().start()
        for served in self.files:
            other = random.Random(f"{self.schedule.seed} mirror").randbytes(served.spec.size)
            page: dict[str, Any] = {"content_type": "text/html"} if kind == "of pages" else {}
            content = served.first[: served.spec.size // 2] if kind == "of halves" else other
            self.mirror.add(served.spec.name, content, **page)
        return f"{self.mirror.endpoint}/plain"

    def url(self, served: Served) -> str:
        """Return the URL under which a file is registered."""
        if served.spec.elsewhere:
            assert self.elsewhere is not None
            return self.elsewhere.plain_url(served.file)
        return self.server.plain_url(served.file) if served.spec.plain else served.file.url

    def limited(self, client: Client) -> list[str]:
        """Return the words before a command that limit its process."""
        is_ours = client not in ("fork", "pytest")  # whose own parts may need more
        return ["prlimit", self.limit] if self.limit and is_ours else []

    def environment_of(self, client: Client, number: int) -> dict[str, str]:
        """Return the environment of a process."""
        if self.broken and self.broken.process == number and client not in ("fork", "pytest"):
            return {**self.environment, **self.broken.environment(self.disk.path)}
        # The library has locks of its own, which a killed process leaves to its children, and a
        # thread to the child of a fork.
        is_told = self.clock is not None and client not in ("pytest", "fork")
        return {**self.environment, **(self.clock.environment if self.clock and is_told else {})}

    def path(self, served: Served) -> Path:
        """Return a file's final name."""
        return self.cache / served.spec.name

    def finals(self) -> list[tuple[Served, Path]]:
        """Return all final names: ours, and those of a pooch with our downloader."""
        ours = [(served, self.path(served)) for served in self.files]
        return ours + [(served, self.pooch / served.spec.name) for served in self.files]

    def state(self, served: Served) -> Path:
        """Return the hidden folder of a file."""
        return self.cache / STATE / served.spec.name

    def note_damaged(self, served: Served, content: bytes) -> None:
        """Remember that it was not a client who put these bytes under a final name."""
        served.damaged.add(hashlib.sha256(content).hexdigest())

    def note_planted(self, path: Path, *, by_hand: bool) -> None:
        """Remember that it was not a client who put something in the way."""
        (self._by_hand if by_hand else self.planted).append(path)

    def start(self, client: Client, like: int | None = None) -> Process:
        """Start a process; it may want what an earlier one has wanted."""
        number = len(self.processes)
        words = command(client, self, number if like is None else like)
        process = Process(client, words, self, number)
        self.processes.append(process)
        return process

    def served_bytes(self) -> int:
        """Return the bytes of data that were sent so far."""
        return sum(served.file.served for served in self.files)

    def heal(self) -> None:
        """Switch all faults off, and free the disk."""
        for name, value in SERVER_DEFAULTS.items():
            setattr(self.server, name, value)
        for name, value in FOLDER_DEFAULTS.items():
            setattr(self.listing, name, value)
        for served in self.files:
            served.heal()
        self.disk.heal()
        self._clear_by_hand()
        if self.users:
            _users.set_writable(self.cache, writable=True)
        self.limit = self.broken = None
        for name in LOCALES.get(self.schedule.locale or "", {}):
            self.environment.pop(name)
        self._give_way()
        if self.users == "strangers":
            self.users = None  # neither may go on with what belongs to the other
        self.environment |= PATIENT
        self._accept_changes()

    def _accept_changes(self) -> None:
        """Forget the first use of what has changed since, as the error about it says."""
        changed = [one.spec.name for one in self.files if len(one.versions) > 1 or one.unknowable]
        unpinned = {served.spec.name for served in self.files if not served.spec.pinned}
        for name in unpinned.intersection(changed):
            subprocess.run(
                [sys.executable, "-c", CLI, "unpin", "--yes", name],
                env=self.environment,
                cwd=self.empty,
                check=False,
                capture_output=True,
                **_users.identity(self.users, 0),
            )

    def _give_way(self) -> None:
        """Remove the other registry's file, or its damaged copy, as the error about it says."""
        final, state = self.path(self.files[0]), self.state(self.files[0])
        if final.is_file() and final.read_bytes() == self.other:
            final.unlink()
        if not os.path.lexists(final) and self._is_the_other_s(state / "stamp"):
            (state / "damaged").unlink(missing_ok=True)

    def _is_the_other_s(self, stamp: Path) -> bool:
        if not stamp.is_file():
            return False
        source = stamp.read_text("ascii", errors="replace").split()[-1:]
        registry = self.other_registry.read_text(encoding="utf-8")
        return bool(source) and source[0].removeprefix("drive:") in registry

    def _clear_by_hand(self) -> None:
        """Remove what is in the place of a file or of our folders, as every error says."""
        finals = [path for _, path in self.finals()]
        for path in sorted(self._by_hand, key=lambda path: len(path.parts)):
            is_of_a_file = path in finals or path.name == "damaged"
            is_usual = path.is_file() if is_of_a_file else path.is_dir()
            if not os.path.lexists(path) or (is_usual and not path.is_symlink()):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def end(self) -> None:
        """Let go of everything."""
        for process in self.processes:
            process.end()
        for server in (self.mirror, self.elsewhere):
            if server is not None:
                server.close()
        self.disk.close()


_OURS = ("EVIO_DATA_", "COVERAGE_")


def clean_environment() -> dict[str, str]:
    """Return the environment without proxies, our settings, and coverage (limits break it)."""
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    kept = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    return {name: value for name, value in kept.items() if not name.startswith(_OURS)}
