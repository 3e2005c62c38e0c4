"""One command, with a fault at one of its calls: how it ended, and what was wrong then."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import EIO
from pathlib import Path
from signal import SIGKILL
from typing import Any, NamedTuple, Self

from evio_data.testing import DriveServer, patience

from .._clients import CLI, PREFETCH
from .._oracle import OURS
from .._world import clean_environment
from ._preload import How, compiled
from ._scenes import NAMES, SCENES, Scene, Stage

HANGS = 60.0  # seconds; only ever reached by a bug
ZYGOTE = Path(__file__).with_name("zygote.py")
ROOT = Path(__file__).parents[3]


class Call(NamedTuple):
    """A call at a file of the stage."""

    name: str
    changes: bool
    file: str


class Ended(NamedTuple):
    """How a command ended."""

    code: int | None  # None: it hung
    said: str


class Zygote:
    """A process that has everything imported, and forks for each command."""

    def __init__(self, library: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(ZYGOTE)],
            env={**clean_environment(), "LD_PRELOAD": str(library)},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def run(self, job: dict[str, Any]) -> int | None:
        """Run a command; return its exit code, or None if it hung."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        child, hung = int(self._read()), threading.Event()

        def kill() -> None:
            hung.set()
            with suppress(ProcessLookupError):
                os.kill(child, SIGKILL)

        timer = threading.Timer(HANGS, kill)
        timer.start()
        code = int(self._read())
        timer.cancel()
        return None if hung.is_set() else code

    def close(self) -> None:
        """End it."""
        self._process.communicate("")


class Trial:
    """A scene with its stage, played again and again."""

    def __init__(self, name: str, zygote: Zygote, server: DriveServer, folder: Path) -> None:
        self.name = name
        self.scene: Scene = SCENES[name]
        self._zygote = zygote
        self._folder = folder
        self.stage = Stage(folder / "stage", server, pinned=self.scene.pinned)
        (folder / "empty").mkdir()
        self._make("fetched", PREFETCH, "--yes", "--quiet")
        file = self.stage.files["a.raw"]
        file.cut_after, file.cut_how = 150 * 1024, "close"
        self._make("half", CLI, "fetch", "a.raw")
        file.cut_after = None
        self.stage.begin()
        self.scene.prepare(self.stage)
        self.calls, self.usual = self._count()

    @classmethod
    @contextmanager
    def open(cls, name: str) -> Iterator[Self]:
        """Make everything that a scene needs, and tidy up."""
        with (
            tempfile.TemporaryDirectory(prefix="sweep-") as folder,
            DriveServer() as server,
            patience(0.05),
        ):
            zygote = Zygote(compiled(Path(folder)))
            try:
                yield cls(name, zygote, server, Path(folder))
            finally:
                zygote.close()

    def _make(self, name: str, code: str, *words: str) -> None:
        """Keep what a command leaves in the cache, for scenes that begin with it."""
        self.stage.begin()
        arm = {"log": "", "at": -1, "how": int(How.COUNT), "errno": 0}
        self._play({"code": code, "command": ["command", *words], "arm": arm})
        self.stage.cache.rename(self._folder / name)

    def _count(self) -> tuple[list[Call], set[str]]:
        """Run it without a fault; return its calls, and what is there in the end."""
        log = self._folder / "calls"
        ended = self._run(How.COUNT, -1, log=log)
        problem = self._wrong_after_success()
        if ended.code != 0 or problem:
            raise RuntimeError(f"{self.name} fails without a fault: {ended} {problem}")
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        calls = [
            Call(name, changes == "1", file)
            for name, changes, file in (line.split(" ", 2) for line in lines)
        ]
        return calls, self.stage.below(self.stage.folder)

    def _run(
        self,
        how: How,
        at: int,
        *,
        error: int = EIO,
        log: Path | None = None,
        words: Sequence[str] = (),
    ) -> Ended:
        job = {
            "code": self.scene.code,
            "command": ["command", *self._words(words or self.scene.words)],
            "arm": {"log": str(log) if log else "", "at": at, "how": int(how), "errno": error},
        }
        return self._play(job)

    def _words(self, words: Sequence[str]) -> list[str]:
        stage = self.stage
        places = {"given": stage.given, "out": stage.out, "mirror": stage.mirror}
        named = {**places, "registry": stage.registry, "listing": stage.listing.url}
        return [word.format(**named) for word in words]

    def _play(self, job: dict[str, Any]) -> Ended:
        out, err = self._folder / "stdout", self._folder / "stderr"
        stage = self.stage
        environment = {
            "EVIO_DATA_DIR": str(stage.cache),
            "EVIO_DATA_REGISTRY": str(stage.registry),
            "EVIO_DATA_ENDPOINT": stage.server.endpoint,
            "EVIO_DATA_RETRIES": "1",
            "EVIO_DATA_TIMEOUT": "5",
        }
        places = {"out": str(out), "err": str(err), "root": str(stage.folder)}
        code = self._zygote.run(
            {**job, **places, "environment": environment, "folder": str(self._folder / "empty")}
        )
        said = out.read_text(errors="replace") + err.read_text(errors="replace")
        return Ended(code, said)

    # --- with a fault -------------------------------------------------------------------------

    def play(self, how: How, at: int, error: int) -> tuple[list[tuple[str, str]], set[str]]:
        """Play with one fault, and once more without; return what is wrong, and what is left."""
        self.stage.begin()
        self.scene.prepare(self.stage)
        ended = self._run(how, at, error=error)
        wrong = [*self._judge(ended, killed=how is How.KILL), *self._judge_repair()]
        reached = not self._wrong_after_success()  # then there may be nothing left to do
        again = self._run(How.COUNT, -1)
        if again.code and "--registry" in again.said and self.scene.advised:
            again = self._run(How.COUNT, -1, words=self.scene.advised)
        if again.code != 0 and not reached:
            wrong.append(("stuck", f"the next run exits with {again.code}: {again.said[-800:]}"))
        elif problem := self._wrong_after_success():
            wrong.append(("wrong", f"after the next run: {problem}"))
        wrong += _tracebacks(again)
        return wrong, self.stage.below(self.stage.folder) - self.usual

    def _judge(self, ended: Ended, *, killed: bool) -> Iterator[tuple[str, str]]:
        yield from (("wrong", problem) for problem in self._wrong_finals())
        yield from _tracebacks(ended)
        if ended.code is None:
            yield "hangs", ended.said[-300:]
        elif ended.code not in ((0, 1, 2, -SIGKILL) if killed else (0, 1, 2)):
            yield "bad ends", f"exit code {ended.code}: {ended.said[-300:]}"
        elif ended.code > 0 and not ended.said.strip():
            yield "bad ends", f"exit code {ended.code} without a word"
        elif ended.code == 0 and (problem := self._wrong_after_success()):
            yield "wrong", f"exit code 0, but {problem}: {ended.said[-300:]}"

    def _judge_repair(self) -> Iterator[tuple[str, str]]:
        """Ask what is there after a repair: what was not replaced is not well."""
        if "--repair" not in self.scene.words:
            return
        arm = {"log": "", "at": -1, "how": int(How.COUNT), "errno": 0}
        words = ["command", "verify"]
        asked = self._play({"code": self.scene.code, "command": words, "arm": arm})
        if asked.code == 0 and (problem := self._wrong_after_success()):
            yield "wrong", f"verify says that all is well, but {problem}"

    def _wrong_finals(self) -> list[str]:
        """Return which bytes under a final name are none that were ever right or planted."""
        allowed = {name: {self.stage.contents[name]} for name in NAMES}
        if "--repair" in self.scene.words:
            allowed["a.raw"].add(b"damaged")
        tops = (self.stage.cache, self.stage.mirror)
        places = [(name, top / name) for name in NAMES for top in tops]
        return [
            f"wrong bytes under {path.relative_to(self.stage.folder)}"
            for name, path in places
            if path.is_file() and path.read_bytes() not in allowed[name]
        ]

    def _wrong_after_success(self) -> str:
        for name in self.scene.wanted:
            path = self.stage.cache / name
            if not path.is_file() or path.read_bytes() != self.stage.contents[name]:
                return f"{name} is not there, or not right"
        return self.scene.goal(self.stage)


def _tracebacks(ended: Ended) -> list[tuple[str, str]]:
    found = any(sign in ended.said for sign in OURS)
    return [("tracebacks", ended.said[-2500:])] if found else []
