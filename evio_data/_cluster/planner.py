"""Plan which machine fetches which file, and which copies it from where; no network."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

RECEIVING = 2  # files that a cache takes from its peers at once
SENDING = 2  # files that a cache gives to its peers at once, as planned
HOLDERS = 3  # peers that a copy may turn to, one after another
OWNERS = 3  # caches that try the origin for one file, when it is the cache's fault


class Step(NamedTuple):
    """One file that one cache is to have next.

    Attributes
    ----------
    cache, file : str
    holders : tuple of str
        Caches that have it, the first to be asked first.
    connections : int
        To the origin; 0 for a copy from the holders alone.
    check : bool
        Whether what is there already is to be hashed again.
    """

    cache: str
    file: str
    holders: tuple[str, ...] = ()
    connections: int = 0
    check: bool = False


@dataclass
class _Cache:
    """What the plan knows of one cache; machines that share one are one."""

    online: bool
    wanted: dict[str, None] = field(default_factory=dict)  # in order, and not on their way
    owned: int = 0  # bytes that it has fetched from the origin, or is fetching
    receiving: int = 0
    sending: int = 0


class Plan:
    """The files that every cache is to have, and what is to be done next for that.

    Each file has one owner at a time, the cache that has fetched the fewest bytes: it takes the
    file from the origin. The others take it from whoever has it by then.

    Parameters
    ----------
    sizes : mapping of str to int
        Bytes of each file; 0 where nobody knows.
    connections : int
        To the origin, of all caches together.

    Examples
    --------
    >>> plan = Plan({"a": 10, "b": 20}, connections=2)
    >>> plan.join("north")
    >>> plan.join("south")
    >>> [step] = [each for each in (plan.next(), plan.next()) if each.cache == "south"]
    >>> step
    Step(cache='south', file='a', holders=(), connections=1, check=False)
    >>> plan.done(step)
    >>> plan.next()
    Step(cache='north', file='a', holders=('south',), connections=0, check=False)
    """

    def __init__(self, sizes: Mapping[str, int], *, connections: int) -> None:
        self._sizes = dict(sizes)
        self._free = connections
        self._caches: dict[str, _Cache] = {}
        self._holders: dict[str, dict[str, None]] = {file: {} for file in sizes}
        self._copies = dict.fromkeys(sizes, 0)  # on their way, by file
        self._lacking = dict.fromkeys(sizes, 0)  # caches that want it, by file
        self._origin = dict.fromkeys(sorted(sizes, key=lambda file: -sizes[file]))
        self._direct: dict[tuple[str, str], None] = {}  # that no peer could give
        self._doubted: dict[tuple[str, str], None] = {}
        self._attempts = dict.fromkeys(sizes, 0)
        self._running: set[Step] = set()

    # --- caches come and go --------------------------------------------------------------------

    def join(
        self,
        cache: str,
        have: Iterable[str] = (),
        *,
        without: Iterable[str] = (),
        online: bool = True,
    ) -> None:
        """Take in a cache.

        Parameters
        ----------
        cache : str
        have : iterable of str
            The files that it has.
        without : iterable of str
            Those that it neither has nor wants.
        online : bool
            Whether it may ask the origin; otherwise it asks its peers only.
        """
        known = tuple(have)
        skipped = {*known, *without}
        wanted = dict.fromkeys(file for file in self._sizes if file not in skipped)
        self._caches[cache] = _Cache(online, wanted)
        for file in wanted:
            self._lacking[file] += 1
        for file in known:
            self._hold(cache, file)

    def leave(self, cache: str) -> None:
        """Forget a cache: what it was fetching, and what only it had, is for others to fetch."""
        for step in [each for each in self._running if each.cache == cache]:
            self._end(step)
        for file in self._caches.pop(cache).wanted:
            self._lacking[file] -= 1
        for file, holders in self._holders.items():
            holders.pop(cache, None)
            self._reconsider(file)
        for waiting in (self._direct, self._doubted):
            for pair in [pair for pair in waiting if pair[0] == cache]:
                del waiting[pair]

    # --- what is next --------------------------------------------------------------------------

    def next(self) -> Step | None:
        """Return what can begin now, as begun; None: something has to end first."""
        step = self._next_check() or self._next_fetch() or self._next_copy()
        if step is not None:
            self._begin(step)
        return step

    @property
    def running(self) -> bool:
        """Whether something has begun and not ended."""
        return bool(self._running)

    def done(self, step: Step) -> None:
        """Take note that a cache has a file now."""
        if step in self._running:
            self._end(step)
            self._hold(step.cache, step.file)

    def failed(self, step: Step, *, lasting: bool, local: bool = False) -> bool:
        """Take note that a cache could not have a file; say whether the plan tries it again there.

        Parameters
        ----------
        step : Step
        lasting : bool
            Whether it will fail at every other cache too.
        local : bool
            Whether it is this cache's own fault, which no other source mends.
        """
        if step not in self._running:
            return False
        self._end(step)
        self._attempts[step.file] += step.connections > 0
        if lasting:
            self._give_up(step.file)
        elif not step.connections and not local:
            return self._again(step)
        self._reconsider(step.file)
        return False

    def _again(self, step: Step) -> bool:
        """Have a copy tried again, as if it were new where its holders are gone; say whether."""
        if self._holders[step.file].keys().isdisjoint(step.holders):
            self._caches[step.cache].wanted[step.file] = None
            self._lacking[step.file] += 1
            self._reconsider(step.file)
            return True
        if self._caches[step.cache].online:
            self._direct[step.cache, step.file] = None
            return True
        return False

    def doubt(self, cache: str, file: str) -> None:
        """Have a cache hash a file again that a peer found wrong, before anybody else takes it."""
        if cache in self._holders[file]:
            del self._holders[file][cache]
            self._doubted[cache, file] = None

    # --- inside --------------------------------------------------------------------------------

    def _next_check(self) -> Step | None:
        for cache, file in self._doubted:
            del self._doubted[cache, file]
            holders = self._ordered(file)
            connections = 1 if self._free and self._caches[cache].online else 0
            return Step(cache, file, holders, connections, check=True)
        return None

    def _next_fetch(self) -> Step | None:
        if self._free < 1:
            return None
        for cache, file in self._direct:
            del self._direct[cache, file]
            return Step(cache, file, self._ordered(file), 1)
        for file in self._origin:
            owner = self._owner(file)
            if owner is not None:
                share = max(1, self._free // len(self._origin))
                return Step(owner, file, (), share)
        return None

    def _owner(self, file: str) -> str | None:
        fit = [name for name, each in self._caches.items() if each.online and file in each.wanted]
        return min(fit, key=lambda name: self._caches[name].owned, default=None)

    def _next_copy(self) -> Step | None:
        givers = {name for name, each in self._caches.items() if each.sending < SENDING}
        ready = [
            file
            for file, holders in self._holders.items()
            if self._lacking[file] and not givers.isdisjoint(holders)
        ]
        for name, cache in self._caches.items():
            if not ready or cache.receiving >= RECEIVING:
                continue
            there = [file for file in ready if file in cache.wanted]
            if there:
                # The rarest first, so that soon there is another one to take it from.
                file = min(there, key=lambda file: len(self._holders[file]) + self._copies[file])
                return Step(name, file, self._ordered(file))
        return None

    def _ordered(self, file: str) -> tuple[str, ...]:
        holders = self._holders[file]
        return tuple(sorted(holders, key=lambda name: self._caches[name].sending)[:HOLDERS])

    def _begin(self, step: Step) -> None:
        cache = self._caches[step.cache]
        if step.file in cache.wanted:
            self._satisfy(cache, step.file)
        self._free -= step.connections
        self._running.add(step)
        if step.connections and not step.holders:
            cache.owned += self._sizes[step.file]
            self._origin.pop(step.file, None)
        if not step.connections:
            cache.receiving += 1
            self._copies[step.file] += 1
        for giver in step.holders[:1]:
            self._caches[giver].sending += 1

    def _end(self, step: Step) -> None:
        self._running.discard(step)
        self._free += step.connections
        cache = self._caches[step.cache]
        if not step.connections:
            cache.receiving -= 1
            self._copies[step.file] -= 1
        for giver in step.holders[:1]:
            if giver in self._caches:
                self._caches[giver].sending -= 1

    def _hold(self, cache: str, file: str) -> None:
        self._holders[file][cache] = None
        self._origin.pop(file, None)

    def _reconsider(self, file: str) -> None:
        """Have a file fetched that nobody has or fetches any more, if somebody wants it."""
        coming = any(step.file == file and step.connections for step in self._running)
        if coming or self._holders[file] or self._attempts[file] >= OWNERS:
            return
        if self._lacking[file]:
            self._origin[file] = None

    def _give_up(self, file: str) -> None:
        self._origin.pop(file, None)
        self._attempts[file] = OWNERS
        if not self._holders[file]:
            for cache in self._caches.values():
                if file in cache.wanted:
                    self._satisfy(cache, file)

    def _satisfy(self, cache: _Cache, file: str) -> None:
        del cache.wanted[file]
        self._lacking[file] -= 1
