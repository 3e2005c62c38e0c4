"""The outcomes of a run on many machines: by file, by machine, and who went away."""

from evio_data import Outcome
from evio_data._cluster.report import ClusterReport
from evio_data.errors import NotFoundError


def test_by_file_and_by_machine() -> None:
    """It is a report of its files, and has what each worker has of them."""
    here = [Outcome("a.raw", "fetched", size=5, received=5), Outcome("b.raw", "present", size=1)]
    there = [Outcome("a.raw", "fetched", size=5), Outcome("b.raw", "present", size=1)]
    report = ClusterReport(here, {"tcp://1": here, "tcp://2": there}, seconds=2.0)
    assert report.ok
    assert (len(report), report.received, report.seconds) == (2, 5, 2.0)
    assert report.machines == {"tcp://1": tuple(here), "tcp://2": tuple(there)}
    assert report.lost == ()
    assert repr(report).endswith("; on 2 workers>")


def test_failed_and_lost() -> None:
    """A file that failed is named, and so are workers that went away."""
    failed = Outcome("a.raw", "failed", error=NotFoundError("gone.", name="a.raw"))
    report = ClusterReport([failed], {"tcp://1": [failed]}, lost=["tcp://2"])
    assert not report.ok
    assert "a.raw" in repr(report)
    assert repr(report).endswith("; on 1 worker, 1 lost>")
