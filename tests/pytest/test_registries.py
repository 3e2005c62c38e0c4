"""Projects with a registry of their own: one fixture is overridden, and everything follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pytest.conftest import Project

pytest_plugins = ["pytester"]

USES = "@needs('own.raw')\ndef test_it(evio_dataset): assert evio_dataset.read_bytes() == b'own'"
SERVED = """
import pytest, pooch
from evio_data import Registry
from evio_data.testing import DriveServer

@pytest.fixture(scope="session")
def server():
    with DriveServer() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVIO_DATA_ENDPOINT", running.endpoint)
        yield running
        with open("log", "a") as log:
            log.write(f"sent {running.sent()}\\n")

@pytest.fixture(scope="session")
def evio_data_registry(server, tmp_path_factory):
    own = server.add("own.raw", b"own", large=True)
    folder = tmp_path_factory.mktemp("registry")
    path = folder / "registry.txt"
    path.write_text(own.registry_line("own/own.raw"))
    yield RETURNED
"""
VALUES = {
    "path": "path",
    "text": "str(path)",
    "registry": "Registry.open(path, folder / 'cache')",
    "pooch": "pooch.create(folder / 'cache', '', registry={'own.raw': own.sha256}, "
    "urls={'own.raw': own.url})",
}


@pytest.mark.parametrize("returned", VALUES.values(), ids=VALUES)
def test_one_fixture_is_all(project: Project, returned: str) -> None:
    """The fixture may return a path, a Registry or a pooch, and depend on other fixtures."""
    project.write(SERVED.replace("RETURNED", returned), name="conftest.py", header=False)
    project.write(USES)
    project.run().assert_outcomes(passed=1)
    assert (project.path / "log").read_text() == "sent 3\n"
    assert not project.drive.server.requests


def test_each_worker_may_have_a_server_of_its_own(project: Project) -> None:
    """Under xdist each worker sets its fixtures up for itself, and tears them down once."""
    conftest = SERVED.replace("RETURNED", "Registry.open(path, folder / 'cache')")
    project.write(conftest, name="conftest.py", header=False)
    project.write(USES + "\n@needs('own.raw')\ndef test_too(): pass")
    project.run("-n", "2").assert_outcomes(passed=2)
    assert (project.path / "log").read_text() == "sent 3\nsent 3\n"


IN_A_FOLDER = """
@needs('own.raw')
def test_it(evio_dataset):
    assert evio_dataset.read_text() == FOLDER
def test_call(evio_data_fetch):
    assert evio_data_fetch('own.raw').read_text() == FOLDER
def test_found(request):
    assert request.getfixturevalue('evio_data_fetch')('own.raw').read_text() == FOLDER
def test_found_again(request):
    test_found(request)
@pytest.fixture
def late(evio_data_fetch):
    yield
    assert evio_data_fetch('own.raw').read_text() == FOLDER
def test_late(late): pass
"""


def test_folders_may_differ(project: Project) -> None:
    """Tests in two folders use two registries in one run, however they come by their recordings."""
    for folder in ("one", "two"):
        own = project.drive.server.add("own.raw", folder.encode())
        registry = project.path / folder / "registry.txt"
        registry.parent.mkdir()
        registry.write_text(own.registry_line("own.raw"))
        project.write(
            f"""
from evio_data import Registry
@pytest.fixture(scope="session")
def evio_data_registry(tmp_path_factory):
    return Registry.open({str(registry)!r}, tmp_path_factory.mktemp("cache"))
""",
            name=f"{folder}/conftest.py",
        )
        project.write(
            IN_A_FOLDER.replace("FOLDER", repr(folder)), name=f"{folder}/test_{folder}.py"
        )
    project.run().assert_outcomes(passed=10)


def test_an_override_may_build_on_ours(project: Project) -> None:
    """A project may take the default registry with a cache of its own."""
    project.add("a.raw")
    project.write(
        """
from evio_data import Registry
@pytest.fixture(scope="session")
def evio_data_registry(evio_data_registry, tmp_path_factory):
    return Registry.open(evio_data_registry, tmp_path_factory.mktemp("cache"))
""",
        name="conftest.py",
    )
    project.write("@needs('a.raw')\ndef test_it(evio_dataset): assert evio_dataset.is_file()")
    project.run().assert_outcomes(passed=1)
    assert project.cached == []


BROKEN = {
    "error": ("raise OSError('no such lab')", {"errors": 2, "passed": 1}, "*no such lab*"),
    "skip": ("pytest.skip('no lab here')", {"skipped": 2, "passed": 1}, "*no lab here*"),
}


@pytest.mark.parametrize(("body", "outcome", "line"), BROKEN.values(), ids=BROKEN)
def test_a_fixture_that_fails_is_told_by_pytest(
    project: Project, body: str, outcome: dict[str, int], line: str
) -> None:
    """What an override raises comes out at the tests that need it, as for any fixture."""
    project.write(
        f"@pytest.fixture(scope='session')\ndef evio_data_registry(): {body}", name="conftest.py"
    )
    project.write(
        "@needs('a.raw')\ndef test_given(evio_dataset): raise SystemExit('it ran')\n"
        "@needs('a.raw')\ndef test_marked(): raise SystemExit('it ran')\n"
        "def test_other(): pass"
    )
    result = project.run("-rs")
    result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines([line])


REFUSED = {
    "no registry": ("3", "evio_data_registry is 3. Let the fixture return the path of*"),
    "nothing": ("None", "evio_data_registry is None. Let the fixture return the path of*"),
    "no file": ("'/no/such/registry.txt'", "cannot read the registry /no/such/registry.txt*"),
    "other hash": (
        "__import__('pooch').create('cache', 'https://example.org/', registry={'a': 'md5:00'})",
        "a: 'md5:00' is neither 64 hex digits*",
    ),
    "way out": (
        "__import__('pooch').create('cache', 'https://example.org/', registry={'../a': None})",
        "the name '../a' has *",
    ),
}


@pytest.mark.parametrize(("value", "words"), REFUSED.values(), ids=REFUSED)
def test_a_registry_that_cannot_be_used(project: Project, value: str, words: str) -> None:
    """A registry that cannot be read, or is none, is a collection error that says why."""
    project.write(
        f"@pytest.fixture(scope='session')\ndef evio_data_registry(): return {value}",
        name="conftest.py",
    )
    project.write("@needs('a')\ndef test_it(): pass")
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"test_project.py::test_it: {words}"])


def test_mirrors_of_a_registry_count(project: Project) -> None:
    """What the registry file says about mirrors holds for the tests, too."""
    file = project.add("a.raw", refuse="quota")
    mirror = project.drive.server.add("mirrored/a.raw", file.content.read(0, 3000))
    base = project.drive.server.plain_url(mirror).removesuffix("a.raw")
    lines = project.drive.registry.read_text()
    project.drive.registry.write_text(f"# mirrors: {base}\n{lines}")
    project.write(
        """
from evio_data import Registry
@pytest.fixture(scope="session")
def evio_data_registry(evio_data_registry):
    return Registry.open(evio_data_registry)
""",
        name="conftest.py",
    )
    project.write("@needs('a.raw')\ndef test_it(evio_dataset): pass")
    project.run().assert_outcomes(passed=1)
