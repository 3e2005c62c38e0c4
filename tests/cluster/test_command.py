"""``evio-data prefetch --dask``: the command on a cluster."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from evio_data import errors
from evio_data._cli import parser
from tests.conftest import noise

pytest.importorskip("distributed")

from evio_data._cli.prefetch import prefetch


def run(*arguments: str) -> int:
    """Run the command in this process: importing Dask takes seconds in another one."""
    return prefetch(parser.parse("evio_data", ["prefetch", *arguments]))


def test_the_command_fills_every_cache(
    drive: Any, client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run says what is missing; a run puts it there and says what each worker has."""
    drive.add("a.raw", noise(2**20), size=True)
    drive.add("b.raw", noise(2**20, 2), quota="always", large=True)
    cache = str(tmp_path / "shared")
    place = ["--dask", client.scheduler.address, "--cache-dir", cache]
    assert run(*place, "--dry-run", "--json") == 0
    machines = json.loads(capsys.readouterr().out)["machines"]
    assert [each["missing"] for each in machines] == [["a.raw", "b.raw"]]
    assert run(*place) == 2
    assert "Add --yes" in capsys.readouterr().err
    assert drive.server.requests == []
    assert run(*place, "--yes") == 1
    told = capsys.readouterr()
    assert told.out.count("1 of 2 files") == 4
    assert "b.raw" in told.err
    assert "1 fetched, 0 present, 1 failed: 1.00 MiB" in told.out
    assert run(*place, "--verify", "--json", "a.raw") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["present"], len(report["machines"])) == (True, 1, 4)


def test_a_cluster_that_is_not_there_is_told(drive: Any) -> None:
    """An address at which nobody listens ends the command with what to check."""
    drive.add("a.raw", b"events")
    os.environ["EVIO_DATA_TIMEOUT"] = "0.5"
    for scheduler in ("tcp://127.0.0.1:1", "absent.json"):
        with pytest.raises(errors.EvioDataError, match="no Dask cluster"):
            run("--dask", scheduler, "--yes")
