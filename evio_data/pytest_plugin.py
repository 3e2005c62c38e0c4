"""The pytest plugin: markers, fixtures and options."""

from __future__ import annotations  # an old pytest has not all the types that are named here

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import pooch

    from ._pytest.session import Run
    from .testing import DriveServer

MARKER = "evio_dataset"
OLDEST = (8, 2)  # what .ci/versions tries; whoever runs an older pytest is left alone
POLICIES = ("fetch", "offline", "skip")
_NAMES = ("evio_data", "evio_data.pytest_plugin")  # the entry point's, and that of `-p`
_SHOWS = ("showfixtures", "show_fixtures_per_test", "setupplan")  # options: run no test


# --- what users set ---------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add two options and an ini key."""
    for name in _NAMES:  # whichever way it was loaded, it is not loaded the other way too
        if pluginmanager.get_plugin(name) is None:
            pluginmanager.set_blocked(name)
    group = parser.getgroup("evio-data", "recordings by name (evio-data)")
    group.addoption(
        "--evio-data",
        choices=POLICIES,
        dest="evio_data_policy",
        help="if a recording that a test names is not cached: fetch it, and fail the test if that "
        "fails (fetch, the default); fetch it, and skip the test if that fails (skip); skip the "
        "test without using the network (offline)",
    )
    group.addoption(
        "--evio-data-list",
        action="store_true",
        help="list the recordings that the selected tests name, with sizes, and which are cached; "
        "run nothing",
    )
    parser.addini(
        "evio_data_policy",
        help="what --evio-data is when it is not given: fetch, offline or skip",
        default="fetch",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and check the ini key."""
    ini = config.getini("evio_data_policy")
    if ini not in POLICIES:
        raise pytest.UsageError(f"evio_data_policy = {ini}: use one of {', '.join(POLICIES)}")
    config.addinivalue_line(
        "markers",
        f"{MARKER}(name, ...): the recordings, by name or glob, that a test needs. They are "
        "fetched before the first test; the fixture of the same name has their paths. "
        "Tests that need any recording have this marker by themselves, for -m.",
    )
    if config.getoption("evio_data_list"):
        config.option.dist = "no"  # xdist would have nothing to do


# --- fixtures ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def evio_data_registry() -> Path | pooch.Pooch:
    """Return where recordings come from; override it in conftest.py to use your own registry.

    That is the path of a registry.txt, or an `evio_data.Registry` with a cache of its own.
    """
    from ._registry.parser import shipped_path
    from ._settings import from_environment

    return Path(from_environment().registry or shipped_path())


@pytest.fixture(scope="session")
def evio_data_fetch(
    evio_data_registry: Path | pooch.Pooch, pytestconfig: pytest.Config
) -> Callable[[str], Path]:
    """Return a function: a name in, the path of the verified recording out, fetched if need be.

    What a marker has named is there already; for other names the test waits.
    """
    run = _run_of(pytestconfig)

    def fetch(name: str) -> Path:
        __tracebackhide__ = True
        return run.fetch(name, evio_data_registry)

    return fetch


@pytest.fixture
def evio_dataset(
    request: pytest.FixtureRequest,
    evio_data_fetch: Callable[[str], Path],
) -> Path | tuple[Path, ...]:
    """Return the recording that the test's evio_dataset marker, or its indirect parameter, names.

    A path for one name; a tuple of paths for several names or a glob.
    """
    patterns = _patterns(request.node)
    if not patterns:
        pytest.fail("evio_dataset: no name; mark the test with @pytest.mark.evio_dataset(NAME)")
    supply = _run_of(request.config).supply_for(request.node)
    paths = tuple(evio_data_fetch(entry.name) for entry in supply.entries(patterns))
    is_one = len(patterns) == 1 and supply.is_one(str(patterns[0]))
    return paths[0] if is_one else paths


@pytest.fixture
def drive_server() -> Iterator[DriveServer]:
    """Serve a local Google Drive of the test's own; EVIO_DATA_ENDPOINT leads to it meanwhile."""
    from .testing import DriveServer

    with DriveServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVIO_DATA_ENDPOINT", server.endpoint)
        yield server


# --- from names to files ----------------------------------------------------------------------


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark whatever can ask for recordings, so that ``-m "not evio_dataset"`` leaves it out."""
    asks = "evio_data_fetch" in getattr(item, "fixturenames", ())
    if asks and item.get_closest_marker(MARKER) is None:
        item.add_marker(MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Check the names that the selected tests use; an xdist worker also fetches them here.

    xdist runs no test before every worker has reported its collection: so none waits in a test.
    """
    if any(session.config.getoption(name, False) for name in _SHOWS):
        return
    needy = [(item, patterns) for item in session.items if (patterns := _patterns(item))]
    if not needy:
        return
    run = _run_of(session.config)
    planned = {item: run.plan(item, patterns) for item, patterns in needy}
    wrong = {item: problem for item, problem in planned.items() if problem}
    if wrong:
        from ._pytest.session import report_wrong

        session.items[:] = [item for item in session.items if item not in wrong]
        report_wrong(session, wrong)
    if hasattr(session.config, "workerinput"):
        run.prefetch()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Fetch what the selected tests need, or list it."""
    config = session.config
    run = config.stash.get(_RUN, None)
    stopped = session.testsfailed and not config.option.continue_on_collection_errors
    if stopped or config.option.collectonly:
        return None
    if config.getoption("evio_data_list"):
        _show(config, run)
        return True
    if run is not None and not hasattr(config, "workerinput"):
        run.prefetch()
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail, or skip, a test whose recordings could not be had."""
    config = item.config
    asks = item.get_closest_marker(MARKER) is not None or _RUN in config.stash
    if asks and not config.getoption("setupplan", False):
        _run_of(config).begin(item, _patterns(item))


def _patterns(item: pytest.Item) -> tuple[object, ...]:
    """Return what a test names: by its parameter, else by the markers that are closest to it."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    if MARKER in params:
        named = params[MARKER]
        return tuple(named) if isinstance(named, list | tuple) else (named,)
    by_node: dict[object, tuple[object, ...]] = {}
    for node, mark in item.iter_markers_with_node(MARKER):
        odd = [f"{key}={value!r}" for key, value in mark.kwargs.items()]  # no name: is told
        by_node[node] = (*mark.args, *odd, *by_node.get(node, ()))  # the upper decorator is last
    return next((names for names in by_node.values() if names), ())


_RUN: Any = getattr(pytest, "StashKey", dict)()


def _run_of(config: pytest.Config) -> Run:
    """Return the state of this run; only a run whose tests name recordings has one."""
    if _RUN not in config.stash:
        from ._pytest.session import Run

        config.stash[_RUN] = Run(config)
    run: Run = config.stash[_RUN]
    return run


# --- what is reported -------------------------------------------------------------------------


def _show(config: pytest.Config, run: Run | None) -> None:
    from ._pytest.listing import listing

    terminal = config.pluginmanager.getplugin("terminalreporter")
    planned = run.planned if run is not None else {}
    lines = [
        line for supply, tests in planned.items() for line in listing(supply.collection, tests)
    ]
    for line in lines or ["no selected test names a recording"]:
        if terminal is not None:
            terminal.write_line(line)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add up what xdist's workers did."""
    data = getattr(node, "workeroutput", {}).get("evio_data")
    if data is not None:
        _run_of(node.config).tally.merge(data)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the figures from a worker to its controller, or put them into the JUnit file."""
    config = session.config
    run = config.stash.get(_RUN, None)
    if run is None:
        return
    if hasattr(config, "workeroutput"):
        config.workeroutput["evio_data"] = run.tally.data()
    elif config.getoption("xmlpath", None) and run.tally.files:
        from _pytest.junitxml import xml_key  # record_testsuite_property is silent under xdist

        if (xml := config.stash.get(xml_key, None)) is not None:
            for name, figure in run.tally.figures().items():
                xml.add_global_property(f"evio_data.{name}", figure)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Close with one line, if any test needed a recording."""
    run = config.stash.get(_RUN, None)
    if run is not None and run.tally.files:
        terminalreporter.write_line(run.tally.line())


if getattr(pytest, "version_tuple", (0, 0))[:2] < OLDEST:
    for _name in [name for name in globals() if name.startswith(("pytest_", "evio_", "drive_"))]:
        del globals()[_name]
