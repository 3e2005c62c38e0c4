"""Commands in, seconds, CPU and memory out: fresh processes, interleaved, medians."""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ._bench import Bench

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes; what getrusage counts in
_DROPPED = ("EVIO_DATA_", "PYTHON", "COV", "XDG_", "HF_")


@dataclass(frozen=True)
class Command:
    """One process to be measured."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """One tool in the way that it is used here.

    Attributes
    ----------
    label
        Its row in the table.
    command
        Given a fresh folder, the command that puts its files there.
    needs
        The packages and programs without which it is left out.
    slow
        Whether one round is enough, unless every round is asked for.
    """

    label: str
    command: Callable[[Path], Command]
    needs: Sequence[str] = ()
    slow: bool = False

    @property
    def is_peer(self) -> bool:
        """Whether a table makes sense without it: it is neither ours nor what we refer to."""
        return bool(self.needs) and not self.label.startswith(("**", "floor: "))


@dataclass(frozen=True)
class Sample:
    """What one process took.

    Attributes
    ----------
    whole
        Seconds from its start to its end.
    inside
        Seconds that it measured itself, after its imports; as `whole` where it did not.
    cpu
        Seconds of CPU, user and system.
    rss
        The most memory it had, in bytes; never less than that of the process that started it.
    extra
        What else it printed.
    """

    whole: float
    inside: float
    cpu: float
    rss: float
    extra: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    """A median with its minimum and maximum, and of how many values."""

    median: float
    least: float
    most: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Return the spread of some values."""
        values = list(values)
        return cls(statistics.median(values), min(values), max(values), len(values))


class Samples(list[Sample]):
    """The rounds of one candidate."""

    def spread(self, what: str) -> Spread:
        """Return the spread of an attribute, or of what the program printed under that name."""
        return Spread.of(getattr(s, what) if hasattr(s, what) else s.extra[what] for s in self)

    def median(self, what: str) -> float:
        """Return the median of an attribute."""
        return self.spread(what).median


def compare(bench: Bench, candidates: Iterable[Candidate]) -> dict[str, Samples]:
    """Run all candidates whose tools are there, in rounds, each in a fresh folder.

    A peer that fails is left out from then on, and noted in ``bench.failed``.
    """
    there = usable(bench, candidates)
    results = {candidate.label: Samples() for candidate in there}
    order = random.Random(1)
    for number in range(bench.runs):
        for candidate in order.sample(there, len(there)):
            if candidate.label not in results or (candidate.slow and number and not bench.slow):
                continue
            try:
                sample = _measured(bench, candidate)
            except RuntimeError as error:
                if not candidate.is_peer:
                    raise
                bench.failed[candidate.label] = str(error)
                del results[candidate.label]
                _say(f"  {candidate.label} failed: {error}")
            else:
                results[candidate.label].append(sample)
                _say(f"  {number + 1}/{bench.runs} {candidate.label}: {sample.whole:.3f} s")
    return results


def compare_groups(
    bench: Bench, groups: Mapping[int, Sequence[Candidate]]
) -> dict[int, dict[str, Samples]]:
    """Run the candidates of all groups in the same rounds; return the results by group."""
    results = compare(bench, [candidate for group in groups.values() for candidate in group])
    return {
        name: {c.label: results[c.label] for c in group if c.label in results}
        for name, group in groups.items()
    }


def usable(bench: Bench, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates whose tools are there."""
    return [c for c in candidates if all(bench.tools.has(need) for need in c.needs)]


def _measured(bench: Bench, candidate: Candidate) -> Sample:
    with bench.folder() as folder:
        command = candidate.command(folder)
        os.sync()  # what was written before must not be paid for now
        return measure(command, home=bench.home())


def measure(command: Command, *, home: Path) -> Sample:
    """Run one command to its end.

    Raises
    ------
    RuntimeError
        If it fails: then there is nothing to be compared.
    """
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = start(command, home=home, stdout=subprocess.PIPE, stderr=errors)
        output, usage = _finish(process)
        whole = time.perf_counter() - began
        if process.returncode:
            errors.seek(0)
            said = errors.read()[-2000:].decode(errors="replace")
            raise RuntimeError(f"{command.arguments} ended with {process.returncode}: {said}")
    extra = _printed(output)
    return Sample(
        whole=whole,
        inside=extra.get("seconds", whole),
        cpu=usage.ru_utime + usage.ru_stime,
        rss=usage.ru_maxrss * _RSS_UNIT,
        extra=extra,
    )


def start(
    command: Command, *, home: Path, stdout: int, stderr: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a command where no setting of the user's reaches it, and where it may leave logs."""
    return subprocess.Popen(
        command.arguments,
        cwd=home,
        env={**_surroundings(), "HOME": str(home), **command.environment},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )


def own_rss() -> float:
    """Return the memory of this process in bytes: smaller figures cannot be seen."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT


def _finish(process: subprocess.Popen[bytes]) -> tuple[bytes, resource.struct_rusage]:
    assert process.stdout is not None
    with process.stdout as pipe:
        output = pipe.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return output, usage


def _printed(output: bytes) -> dict[str, float]:
    lines = output.decode(errors="replace").splitlines()
    if not lines or not lines[-1].startswith('{"seconds"'):
        return {}
    printed: dict[str, float] = json.loads(lines[-1])
    return printed


def _surroundings() -> dict[str, str]:
    """Return the environment without proxies and without settings that some tool may follow."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_DROPPED) and not name.lower().endswith("_proxy")
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
