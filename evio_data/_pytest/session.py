"""Plan what a pytest run needs, fetch it, and fail or skip the tests it is missing for."""

import os
import sys
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .._registry.registry import Entry
from .._settings import from_environment
from ..errors import DownloadError, EvioDataError, OfflineError
from .datasets import SessionDatasets, datasets_from
from .statistics import SessionStatistics


class Policy(NamedTuple):
    """What becomes of a test whose recording cannot be had, and who said so."""

    name: str
    origin: str


def policy_of(config: pytest.Config) -> Policy:
    """Return the policy of the command line, else of EVIO_DATA_OFFLINE, else of the ini file."""
    option = config.getoption("evio_data_policy")
    if option:
        return Policy(option, f"--evio-data={option}")
    if from_environment().offline:
        return Policy("offline", "EVIO_DATA_OFFLINE is set")
    ini = config.getini("evio_data_policy")
    return Policy(ini, f"evio_data_policy = {ini}")


class Run:
    """What the tests of one run need, from which registries, and what became of it.

    Attributes
    ----------
    tally : SessionStatistics
    planned : dict of SessionDatasets to dict of Entry to int
        How many tests need each file.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.tally = SessionStatistics()
        self.planned: dict[SessionDatasets, dict[Entry, int]] = {}
        self._config = config
        self._supplies: dict[object, tuple[object, SessionDatasets]] = {}
        self._folder: Path | None = None
        self._item: pytest.Item | None = None

    @cached_property
    def _policy(self) -> Policy:
        return policy_of(self._config)

    def supply(self, source: Any) -> SessionDatasets:
        """Return the supply that a value of ``evio_data_registry`` means: one for each value."""
        key = os.fspath(source) if isinstance(source, str | os.PathLike) else id(source)
        if key not in self._supplies:
            offline = self._policy.name == "offline"
            self._supplies[key] = (source, datasets_from(source, self.tally, offline=offline))
        return self._supplies[key][1]

    def supply_for(self, item: pytest.Item) -> SessionDatasets:
        """Return the supply that a test sees."""
        return self.supply(_session_fixture(item, "evio_data_registry"))

    def plan(self, item: pytest.Item, patterns: tuple[object, ...]) -> str:
        """Take note of what a test needs; return what is wrong with it, or nothing."""
        try:
            supply = self.supply_for(item)
            entries = supply.entries(patterns)
            self._folder = self._folder or _shared_folder(item)
        except EvioDataError as error:
            return str(error)
        except pytest.exit.Exception:
            raise
        except (Exception, pytest.skip.Exception, pytest.fail.Exception):  # noqa: BLE001
            return ""  # of the project's own fixture: pytest tells it when the test is set up
        if not _is_skipped(item):
            tests = self.planned.setdefault(supply, {})
            for entry in entries:
                tests[entry] = tests.get(entry, 0) + 1
        return ""

    def prefetch(self) -> None:
        """Fetch everything that is planned, with bars on a terminal."""
        capture = self._config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            if sys.stdout is not None:
                sys.stdout.flush()
            quiet = self._config.getoption("verbose", 0) < 0
            for supply, tests in self.planned.items():
                supply.prefetch(list(tests), quiet=quiet, folder=self._folder)

    def begin(self, item: pytest.Item, patterns: tuple[object, ...]) -> None:
        """Take note that a test begins; fail, or skip, it if its files cannot be had."""
        self._item = item
        if not patterns or _is_skipped(item):
            return
        try:
            supply = self.supply_for(item)
            for entry in supply.entries(patterns):
                supply.path(entry)
        except EvioDataError as error:
            reason = error
        else:
            return
        self._skip_if_allowed(reason)
        pytest.fail(str(reason), pytrace=False)

    def fetch(self, name: str, source: Any) -> Path:
        """Return the path of one file, from the registry that the running test sees.

        pytest makes the callable once for all folders: the ``source`` that it was made with may
        not be the one that the test's own conftest.py sets.
        """
        __tracebackhide__ = True
        item = self._item if getattr(self._item, "_request", None) else None  # else it is over
        supply = self.supply(source) if item is None else self.supply_for(item)
        entry = supply.collection.registry.find(name)
        try:
            return supply.path(entry)
        except EvioDataError as error:
            reason = error
        self._skip_if_allowed(reason)
        raise reason.with_traceback(None)  # the test's line is what its author looks for

    def _skip_if_allowed(self, error: EvioDataError) -> None:
        """Skip the test, if that is the policy and the error is not one that always fails."""
        if self._policy.name == "fetch" or not isinstance(error, OfflineError | DownloadError):
            return
        self.tally.skipped += 1
        is_offline = isinstance(error, OfflineError)
        what = f"{error.name}: not cached, and the network is off" if is_offline else str(error)
        skipped = pytest.skip.Exception(f"{what} ({self._policy.origin})")
        skipped._use_item_location = True  # noqa: SLF001 - the test's line, not this one
        raise skipped


def report_wrong(session: pytest.Session, wrong: dict[pytest.Item, str]) -> None:
    """Report tests with wrong names as pytest reports a file that cannot be imported."""
    files: dict[str, list[str]] = {}
    for item, problem in wrong.items():
        file = item.nodeid.partition("::")[0]
        files.setdefault(file, []).append(f"{item.nodeid}: {problem}")
    for file, problems in files.items():
        report = pytest.CollectReport(file, "failed", "\n".join(problems), [])
        session.ihook.pytest_collectreport(report=report)


def _session_fixture(item: pytest.Item, name: str) -> Any:
    """Return a session fixture as a test sees it, also before any test runs.

    It goes through pytest's own machinery: overrides in any conftest.py count, it is made once,
    and it is torn down at the end of the session. pytest has no public way to do so.
    """
    request = getattr(item, "_request", None)
    if request is None:
        raise EvioDataError("tests of this kind have no fixtures, hence no recordings by name.")
    state = item.session._setupstate  # noqa: SLF001
    if item in state.stack:
        return request.getfixturevalue(name)
    if not state.stack:
        state.setup(item.session)  # type: ignore[arg-type]
    state.stack[item] = ([], None)  # fixtures are made for items that are being set up
    try:
        return request.getfixturevalue(name)
    finally:
        del state.stack[item]


def _shared_folder(item: pytest.Item) -> Path | None:
    """Return the folder in which the xdist workers of this run elect who fetches."""
    workerinput = getattr(item.config, "workerinput", None)
    if workerinput is None or not item.config.pluginmanager.hasplugin("tmpdir"):
        return None
    base: Path = _session_fixture(item, "tmp_path_factory").getbasetemp()
    return base.parent / f"evio-data-{workerinput['testrunuid']}"


def _is_skipped(item: pytest.Item) -> bool:
    """Say whether marks tell that a test will not run: nothing is fetched for it."""
    marked = (getattr(item, "obj", None), getattr(item, "cls", None))
    if any(getattr(each, "__unittest_skip__", False) for each in marked):
        return True
    conditions = [
        condition
        for mark in item.iter_markers("skipif")
        for condition in (*mark.args, mark.kwargs.get("condition"))
    ]
    return item.get_closest_marker("skip") is not None or any(c is True for c in conditions)
