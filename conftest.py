"""No test sees the developer's settings, writes outside its folder, or leaves this machine."""

import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from evio_data.testing import patience

PATIENCE = 0.1  # of the waits between attempts: no law of ours depends on how long they are
WORKERS_A_CORE = 2  # of `-n auto`: half of the time a test waits for a process or a socket

# Doctests import every module; these two are for those who have fsspec and Dask.
_EXTRAS = {"fsspec": "evio_data/_fsspec.py", "distributed": "evio_data/dask.py"}
collect_ignore = [path for name, path in _EXTRAS.items() if find_spec(name) is None]
if find_spec("distributed") is None:
    collect_ignore += ["evio_data/_cluster"]
collect_ignore_glob = ["docs/*.py"]  # commands, some of which import what tests do not need
_OURS = ("EVIO_DATA_", "NO_COLOR", "TQDM_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

# A shell starts what ends with `&` with this signal ignored; tests send it to what they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _isolated_environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Every test has its own cache, and leaves the environment as it was."""
    before, folder = dict(os.environ), Path.cwd()
    for name in list(os.environ):
        if name.startswith(_OURS) or name.lower() in _PROXIES or name in _CERTIFICATES:
            del os.environ[name]
    os.environ["EVIO_DATA_DIR"] = str(tmp_path / "cache")
    os.environ["NETRC"] = str(tmp_path / "no-netrc")
    is_document = isinstance(request.node, pytest.DoctestItem)  # which shows the usual waits
    with patience(1 if is_document else PATIENCE):
        yield
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _documents_are_served(request: pytest.FixtureRequest, _isolated_environment: None) -> None:
    """Run the examples of the documents and of the main functions against a local Drive."""
    if request.node.path.suffix == ".md" or request.node.path.name == "_api.py":
        request.getfixturevalue("documented_drive")


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small recordings that stand for the real ones, by the real ids."""
    from evio_data._registry.parser import load, shipped_path
    from evio_data.testing import write_dat, write_evt3

    folder, made = tmp_path_factory.mktemp("drive"), {}
    for seed, entry in enumerate(load(shipped_path()).select()):
        path = made[entry.url.rpartition("id=")[2]] = folder / entry.name
        path.parent.mkdir(parents=True, exist_ok=True)
        (write_dat if path.suffix == ".dat" else write_evt3)(path, size=20_000, seed=seed)
    return made


@pytest.fixture
def documented_drive(tmp_path: Path, stand_ins: dict[str, Path]) -> Iterator[None]:
    """Serve the stand-ins under the real names and ids, and work in an empty folder."""
    from evio_data.testing import DriveServer

    with DriveServer(scan_limit=4096) as server:
        for file_id, path in stand_ins.items():
            server.add(path.name, path, id=file_id)
        os.environ["EVIO_DATA_ENDPOINT"] = server.endpoint
        (tmp_path / "work").mkdir()
        os.chdir(tmp_path / "work")
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say how many workers ``-n auto`` means."""
    return WORKERS_A_CORE * (os.cpu_count() or 1)


def _only_loopback(event: str, arguments: tuple[object, ...]) -> None:
    """Let this process reach loopback only: elsewhere is as if there were no network."""
    if event == "socket.connect" and isinstance(address := arguments[1], tuple):
        host = address[0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_loopback(host):
        raise socket.gaierror(socket.EAI_NONAME, f"a test reached for {host!r}")


def _is_loopback(host: object) -> bool:
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return text in ("localhost", "None", "")


sys.addaudithook(_only_loopback)
