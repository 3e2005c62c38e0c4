"""The client's side of a cluster run: ask the plan for the next step, and Dask to run it."""

import time
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol, Self

from distributed import Client, Future, wait

from .._progress.screens import Totals
from .._registry.hashes import worded
from .._registry.registry import Entry, RegistryIndex
from .._report import HashState, Outcome
from .._text import clean, plural
from ..errors import CacheError, ChecksumError, DownloadError, DriveRefusedError, EvioDataError
from .planner import Plan, Step
from .report import ClusterReport
from .site import CacheDir, FirstUse, Presence, Result, Site, have, presence, sign

LOOK = 0.25  # seconds between two looks at what has ended
COUNT_EVERY = 1.0  # seconds between two looks at who is there
GATHER_WITHIN = 2.0  # seconds for a small result to come from its worker


class Screen(Protocol):
    """Whoever shows how far things are."""

    def message(self, name: str | None, text: str) -> None:
        """Take words about one file, or about all."""

    def finished(self, outcome: Outcome) -> None:
        """Take note of what became of a file."""

    def overall(self, label: str, done: Totals) -> None:
        """Take note of how far the whole is."""


class _Machine:
    """One cache: the workers that share it, and what became of each file there."""

    def __init__(self, presence: Presence) -> None:
        self.presence = presence
        self.members: list[str] = []
        self.outcomes: dict[str, Outcome] = {}


class Exchange:
    """One run of `prefetch` on a cluster, to be used in a ``with``.

    Parameters
    ----------
    client : distributed.Client
    registry : RegistryIndex
    entries : sequence of Entry
        Those that are wanted.
    cache_dir : path or callable, optional
    connections : int
        To the origin, of all machines together.
    offline : bool
        Whether nobody may ask the origin.
    verify : bool
        Whether files that are there are hashed again.
    screen : Screen
    """

    def __init__(
        self,
        client: Client,
        registry: RegistryIndex,
        entries: Sequence[Entry],
        *,
        cache_dir: CacheDir | None,
        connections: int,
        offline: bool,
        verify: bool,
        screen: Screen,
    ) -> None:
        self._client = client
        self._entries = {entry.name: entry for entry in entries}
        self._screen = screen
        self._verify = verify
        self._name = f"evio-data-{uuid.uuid4().hex[:12]}"
        self._site = Site(self._name, registry, tuple(self._entries), cache_dir, offline=offline)
        self._plan = Plan(
            {entry.name: entry.size or 0 for entry in entries}, connections=connections
        )
        self._sizes = {entry.name: entry.size for entry in entries}
        self._pins: dict[str, FirstUse] = {}
        self._machines: dict[str, _Machine] = {}  # by the address of the first member
        self._home: dict[str, str] = {}  # the machine of each worker
        self._unusable: dict[str, EvioDataError] = {}
        self._silent: dict[str, BaseException] = {}  # those that did not answer the last time
        self._lost: list[str] = []
        self._futures: dict[Future, Step] = {}
        self._on_the_way: dict[tuple[str, str], int] = {}  # bytes that have come, by step
        self._received = dict.fromkeys(self._entries, 0)  # bytes from the origin
        self._moved = 0  # bytes of what has ended
        self._count = 0
        self._counted = 0.0

    def __enter__(self) -> Self:
        """Find out who is there and has what.

        Raises
        ------
        EvioDataError
            If there is no worker, or none that has this package.
        """
        self._client.subscribe_topic(self._name, self._hear)
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def missing(self) -> dict[str, list[str]]:
        """The files that are not there yet, by the address of a worker; one for each cache."""
        return {
            home: [name for name in self._entries if name not in machine.outcomes]
            for home, machine in self._machines.items()
        }

    def run(self) -> ClusterReport:
        """Have every file on every machine."""
        began = time.monotonic()
        self._work()
        return self._report(time.monotonic() - began)

    # --- from beginning to end -----------------------------------------------------------------

    def _start(self) -> None:
        workers = list(self._client.nthreads())
        if not workers:
            raise EvioDataError(
                "the cluster has no worker.",
                advice="Start some (`cluster.scale(4)`, `client.wait_for_workers(4)`), then again.",
            )
        try:
            self._client.register_plugin(self._site)
        except ImportError as error:
            raise EvioDataError(
                f"a worker cannot take the plugin ({clean(str(error))}).",
                advice="Install the same version of evio-data on every machine, with its extra: "
                "pip install 'evio-data[dask]'.",
            ) from error
        self._admit(workers)
        if not self._machines:
            told = [*self._unusable.values(), *self._silent.values()]
            raise EvioDataError(
                f"no worker can take part: {clean(str(told[0]), 200)}",
                advice="Mend it, and run again.",
            )

    def _work(self) -> None:
        while True:
            while (step := self._plan.next()) is not None:
                self._submit(step)
            if not self._futures:
                return
            self._collect()
            self._look_around()
            self._draw()

    def _end(self) -> None:
        self._client.unsubscribe_topic(self._name)
        for future in self._futures:
            future.cancel()
        with suppress(OSError, KeyError, ValueError):  # the cluster is gone, or never had it
            self._client.unregister_worker_plugin(self._name)

    # --- steps ---------------------------------------------------------------------------------

    def _submit(self, step: Step) -> None:
        self._count += 1
        machine = self._machines[step.cache]
        holders = [self._machines[holder].members[0] for holder in step.holders]
        future = self._client.submit(
            have,
            self._name,
            step.file,
            holders,
            step.connections,
            pin=self._pins.get(step.file),
            check=step.check,
            workers=list(machine.members),
            key=f"{self._name}-{step.file}-{self._count}",
            pure=False,
        )
        self._futures[future] = step

    def _collect(self) -> None:
        with suppress(TimeoutError):
            wait(list(self._futures), timeout=LOOK, return_when="FIRST_COMPLETED")
        for future in [future for future in self._futures if future.done()]:
            try:
                result = future.result(timeout=GATHER_WITHIN)
            except TimeoutError:
                self._counted = 0.0  # its worker may be gone
                continue
            except Exception as error:  # noqa: BLE001 - whatever Dask or a worker may raise
                result = _failed(self._futures[future], error)
            step = self._futures.pop(future)
            future.release()  # else its worker keeps the result
            self._take(step, result)

    def _take(self, step: Step, result: Result) -> None:
        outcome = result.outcome
        self._on_the_way.pop((step.cache, step.file), None)
        self._moved += outcome.received
        for address in result.wrong:
            self._screen.message(step.file, f"{address} has other bytes: it checks its own")
            self._plan.doubt(self._home.get(address, ""), step.file)
        if outcome.error is not None:
            self._take_failure(step, outcome, outcome.error)
            return
        if step.connections:
            self._received[step.file] += outcome.received
            self._screen.finished(outcome)
        if None not in (outcome.hash, outcome.size) and self._entries[step.file].hash is None:
            self._pins.setdefault(step.file, (outcome.hash or "", outcome.size or 0))
        self._sizes[step.file] = outcome.size
        self._machines[step.cache].outcomes[step.file] = outcome
        self._plan.done(step)

    def _take_failure(self, step: Step, outcome: Outcome, error: EvioDataError) -> None:
        lasting = step.connections > 0 and isinstance(error, DriveRefusedError | ChecksumError)
        local = isinstance(error, CacheError)
        if self._plan.failed(step, lasting=lasting, local=local):
            self._screen.message(step.file, f"{step.cache}: {error.message} Asking elsewhere")
            return
        self._machines[step.cache].outcomes[step.file] = outcome
        if not lasting or step.file not in self._failures():
            self._screen.message(step.file, f"{step.cache}: {error.message}")

    def _failures(self) -> set[str]:
        return {
            outcome.name
            for machine in self._machines.values()
            for outcome in machine.outcomes.values()
            if outcome.error is not None
        }

    # --- who is there --------------------------------------------------------------------------

    def _look_around(self) -> None:
        now = time.monotonic()
        if now - self._counted < COUNT_EVERY:
            return
        self._counted = now
        there = set(self._client.nthreads())
        for address in [address for address in self._home if address not in there]:
            self._dismiss(address)
        fresh = there.difference(self._home, self._unusable)
        if fresh:
            self._admit(fresh)

    def _dismiss(self, address: str) -> None:
        self._lost.append(address)
        self._screen.message(None, f"the worker {address} is gone")
        home = self._home.pop(address)
        machine = self._machines[home]
        machine.members.remove(address)
        if machine.members:
            return
        self._plan.leave(home)
        del self._machines[home]
        for future, step in list(self._futures.items()):
            if step.cache == home:
                future.cancel()
                del self._futures[future]

    def _admit(self, addresses: Iterable[str]) -> None:
        """Take in workers; one that does not answer yet is asked again at the next look."""
        fresh = sorted(addresses)
        self._ask(sign, fresh)
        answers = self._ask(presence, fresh, [*self._tokens(), *map(self._site.token_of, fresh)])
        for address, answer in answers.items():
            if answer.error is not None:
                self._unusable[address] = answer.error
                self._screen.message(None, f"{address}: {answer.error}")
            else:
                self._place(address, answer)

    def _ask(self, function: Any, addresses: list[str], *args: Any) -> dict[str, Any]:
        answers = self._client.run(
            function, self._name, *args, workers=addresses, on_error="return"
        )
        self._silent = {a: each for a, each in answers.items() if isinstance(each, BaseException)}
        return {a: each for a, each in answers.items() if a not in self._silent}

    def _tokens(self) -> list[str]:
        return [self._site.token_of(address) for address in self._home]

    def _place(self, address: str, answer: Presence) -> None:
        home = self._same_cache(answer)
        if home is None:
            home = address
            self._machines[home] = _Machine(answer)
            self._join(home, answer)
        self._machines[home].members.append(address)
        self._home[address] = home

    def _same_cache(self, answer: Presence) -> str | None:
        for address, home in self._home.items():
            other = self._machines[home].presence
            same_folder = (other.host, other.root) == (answer.host, answer.root)
            if same_folder or self._site.token_of(address) in answer.seen:
                return home
        return None

    def _join(self, home: str, answer: Presence) -> None:
        held: list[str] = []
        others: dict[str, Outcome] = {}
        for name, pin in answer.pins.items():
            self._pins.setdefault(name, pin)
        for name, (known, size) in answer.have.items():
            if self._pins.setdefault(name, (known, size))[0] == known:
                held.append(name)
                self._sizes[name] = size
                outcome = Outcome(name, "present", answer.path_of(name), size, hash=known)
                state: HashState = "published" if self._entries[name].hash else "pinned"
                self._machines[home].outcomes[name] = outcome._replace(hash_state=state)
            else:
                others[name] = _other_bytes(name, home, known, self._pins[name][0])
        self._machines[home].outcomes.update(others)
        self._plan.join(home, held, without=others, online=answer.online)
        for name in held if self._verify else ():
            self._plan.doubt(home, name)

    # --- what is shown, and said in the end ------------------------------------------------------

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, told = event
        if "words" in told:
            self._screen.message(told["file"] or None, f"{told['at']}: {told['words']}")
        elif told["at"] in self._home:
            self._on_the_way[self._home[told["at"]], told["file"]] = told["received"]

    def _draw(self) -> None:
        machines = list(self._machines.values())
        ended = [each for machine in machines for each in machine.outcomes.values()]
        coming = sum(list(self._on_the_way.values()))
        done = Totals(
            files=len(self._entries) * len(machines),
            ended=len(ended),
            bytes=sum(each.size or 0 for each in ended if each.error is None) + coming,
            total=sum(size or 0 for size in self._sizes.values()) * len(machines),
            sized=None not in self._sizes.values(),
            moved=self._moved + coming,
        )
        where = plural(len(machines), "cache")
        self._screen.overall(f"{done.ended} of {done.files:,} copies in {where}", done)

    def _report(self, seconds: float) -> ClusterReport:
        machines = {
            address: [self._outcome(home, name) for name in self._entries]
            for address, home in self._home.items()
        }
        for address, error in self._unusable.items():
            machines[address] = [Outcome(name, "failed", error=error) for name in self._entries]
        outcomes = [
            self._summed(name, [theirs[place] for theirs in machines.values()])
            for place, name in enumerate(self._entries)
        ]
        return ClusterReport(outcomes, machines, lost=self._lost, seconds=seconds)

    def _outcome(self, home: str, name: str) -> Outcome:
        found = self._machines[home].outcomes.get(name)
        if found is not None:
            return found
        known = [machine.outcomes.get(name) for machine in self._machines.values()]
        error = next((each.error for each in known if each and each.error), None)
        return Outcome(name, "failed", size=self._sizes[name], error=error or _nobody(name))

    def _summed(self, name: str, everywhere: Sequence[Outcome]) -> Outcome:
        """Return one outcome for a file: the worst of what became of it."""
        order = {"failed": 0, "fetched": 1, "present": 2}
        ranked = sorted(everywhere, key=lambda each: (order[each.status], not each.first_use))
        if not ranked:
            return Outcome(name, "failed", size=self._sizes[name], error=_nobody(name))
        return ranked[0]._replace(received=self._received[name])


def _nobody(name: str) -> DownloadError:
    return DownloadError(
        "no machine could fetch it.",
        name=name,
        advice="Let at least one of them reach the internet (EVIO_DATA_OFFLINE), and run again.",
    )


def _other_bytes(name: str, home: str, theirs: str, pinned: str) -> Outcome:
    error = ChecksumError(
        f"{home} has {worded(theirs)}, another machine {pinned}, and nobody has published one.",
        name=name,
        advice="Find out which is right, and remove the other.",
    )
    error.expected, error.actual = pinned, theirs
    return Outcome(name, "failed", error=error)


def _failed(step: Step, error: Exception) -> Result:
    if not isinstance(error, EvioDataError):
        words = clean(str(error), 120) or type(error).__name__
        error = DownloadError(f"the worker failed: {words}.", name=step.file, advice="Run again.")
    return Result(Outcome(step.file, "failed", error=error))
