"""The public function: what it refuses, and what it says."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evio_data import errors


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path) -> None:
    """Where Dask is absent, the import fails with the command that installs it."""
    (tmp_path / "distributed.py").write_text("raise ModuleNotFoundError('no distributed')")
    done = subprocess.run(
        [sys.executable, "-c", "import evio_data.dask"],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'evio-data[dask]'" in done.stderr.splitlines()[-1]


def test_a_cluster_without_workers_is_told(drive: Any) -> None:
    """Without a worker nothing waits: the error says what to do."""
    distributed = pytest.importorskip("distributed")
    from evio_data.dask import prefetch

    drive.add("a.raw", b"events")
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
        pytest.raises(errors.EvioDataError, match="no worker"),
    ):
        prefetch(client, progressbar=False)


def test_wrong_arguments_are_refused_before_anything_runs(drive: Any, client: Any) -> None:
    """An unknown name and an impossible number of connections are errors of their own kinds."""
    from evio_data.dask import prefetch

    drive.add("a.raw", b"events")
    with pytest.raises(errors.UnknownDatasetError):
        prefetch(client, ["b.raw"])
    with pytest.raises(ValueError, match="1 to 32"):
        prefetch(client, concurrency=0)
    assert drive.server.requests == []


def test_transfers_are_encrypted_where_the_cluster_is(drive: Any, tmp_path: Path) -> None:
    """On a cluster with TLS, peers serve each other over TLS."""
    distributed = pytest.importorskip("distributed")
    from evio_data.dask import prefetch

    drive.add("a.raw", b"events" * 1000)
    with (
        distributed.LocalCluster(
            n_workers=2,
            processes=False,
            security=True,
            protocol="tls",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        report = prefetch(
            client, cache_dir=lambda at: tmp_path / at.rpartition(":")[2], progressbar=False
        )
    assert report.ok
    assert [address.partition(":")[0] for address in report.machines] == ["tls", "tls"]
    assert drive.server.sent() == 6000
