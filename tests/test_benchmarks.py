"""The benchmarks run, and say what they measured; never how fast this machine is."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import failures
from benchmarks._bench import Bench
from benchmarks._measure import Candidate, Command, Sample, Samples, compare
from benchmarks._page import Page
from benchmarks._table import standing
from benchmarks._tools import Tools
from benchmarks._trial import NAME, Scenario, Trial
from evio_data.testing import DriveServer

RUN = Path(__file__).resolve().parents[1] / "benchmarks" / "run"
QUICK = ("--no-peers", "--runs", "1", "--scale", "0.001")
OURS = "| **evio_data.fetch** |"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "wait4"), reason="the kernel accounts by wait4"),
]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, RUN, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("section", "row"),
    [
        ("cold", OURS),
        ("line", OURS),
        ("warm", OURS),
        ("bulk", "| **evio_data.prefetch**, 5 connections |"),
        ("single", "| **evio_data.prefetch**, 4 connections |"),
        ("start", "| **import evio_data** |"),
        ("registry", "| **evio_data.names** of one name |"),
    ],
)
def test_a_section_prints_a_table_and_its_goals(section: str, row: str, tmp_path: Path) -> None:
    """A section ends in a table with our row, and in each goal with what was measured."""
    output = tmp_path / "results.md"
    done = run(section, *QUICK, "--folder", tmp_path, "--output", output)
    assert done.returncode == 0, done.stderr
    assert row in done.stdout
    assert "goal at " in done.stdout
    assert output.read_text(encoding="utf-8") == done.stdout


def test_the_page_gets_what_was_measured(tmp_path: Path) -> None:
    """A section takes the place of the one of its title, in the order of all; others stay."""
    page = tmp_path / "page.md"
    page.write_text("# Benchmarks\n\nWords.\n\n## Warm: old\n\nold\n\n## Other\n\nkept\n")
    made = Page(page, ["cold", "tls", "warm"])
    made.put("## Warm: new\n\n| 1 |\n")
    made.put("## TLS: new\n\n| 2 |\n")
    made.put("## How it was measured\n\n- here\n")
    assert page.read_text() == (
        "# Benchmarks\n\nWords.\n\n## How it was measured\n\n- here\n\n## TLS: new\n\n| 2 |\n\n"
        "## Warm: new\n\n| 1 |\n\n## Other\n\nkept\n"
    )


@pytest.mark.skipif(
    not shutil.which("nginx", path="/usr/sbin:/usr/bin:/bin"), reason="the server is nginx"
)
def test_tls_is_measured_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    """We and the floor fetch over TLS from an authority that only the environment names."""
    pytest.importorskip("trustme")
    done = run("tls", *QUICK, "--folder", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "with TLS" in done.stdout
    assert OURS in done.stdout


def test_parts_are_measured_alone(tmp_path: Path) -> None:
    """Hashing, receiving and writing have a row each."""
    done = run("parts", *QUICK, "--folder", tmp_path)
    assert done.returncode == 0, done.stderr
    for part in ("SHA-256 of memory", "receiving from a bare socket", "writing"):
        assert f"| {part} |" in done.stdout


def test_we_pass_the_seven_failures(tmp_path: Path) -> None:
    """The table of failures has seven passes in our row."""
    tools = Tools(Path(sys.executable), {"evio-data": ""})
    text = failures.run(Bench(tools, tmp_path, runs=1, scale=0.2))
    (row,) = (line for line in text.splitlines() if line.startswith(OURS))
    assert row.count("| pass") == 7, text
    assert "ours passes: goal at least 7, measured 7: **met**" in text


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("cp right {0}", "pass (0.00x)"),
        ("echo wrong > {0}", "**wrong, exit 0**"),
        ("true", "**wrong, exit 0**"),
        ("false", "error"),
        ("echo wrong > {0}; false", "error, wrong bytes under the name"),
        ("sleep 60", "hangs"),
    ],
)
def test_what_became_of_a_file_is_told_by_its_bytes_and_the_exit_code(
    script: str, verdict: str, tmp_path: Path
) -> None:
    """Only exit code 0 with the right bytes passes; an error that leaves wrong bytes is told."""
    (tmp_path / "right").write_bytes(b"right")
    (tmp_path / "folder").mkdir()
    words = "exec " * ("sleep" in script) + script.format(tmp_path / "folder" / NAME)
    tool = Candidate("a tool", lambda _: Command(["sh", "-c", words]))
    with DriveServer() as server:
        trial = Trial(server, b"right", tmp_path / "folder", home=tmp_path, patience=1)
        assert trial.play(tool, Scenario("nothing happens")) == verdict


def test_a_peer_that_fails_is_left_out_and_named(tmp_path: Path) -> None:
    """The others are measured all the same; where ours or a floor fails there is no table."""
    bench = Bench(Tools(Path(sys.executable), {"it": ""}), tmp_path, runs=2)
    good = Candidate("good", lambda _: Command(["true"]), ["it"])
    bad = Candidate("bad", lambda _: Command(["false"]), ["it"])
    assert [(label, len(found)) for label, found in compare(bench, [bad, good]).items()] == [
        ("good", 2)
    ]
    assert list(bench.failed) == ["bad"]
    for label in ("**ours**", "floor: work"):
        with pytest.raises(RuntimeError, match="ended with 1"):
            compare(bench, [replace(bad, label=label)])


def test_a_slow_tool_is_measured_once_unless_asked(tmp_path: Path) -> None:
    """The first round is enough for a slow tool; with ``--slow`` all rounds are run."""
    bench = Bench(Tools(Path(sys.executable), {}), tmp_path, runs=3)
    tool = Candidate("slow", lambda _: Command(["true"]), slow=True)
    assert len(compare(bench, [tool])["slow"]) == 1
    assert len(compare(replace(bench, slow=True), [tool])["slow"]) == 3


def test_who_is_ahead_of_us_is_named() -> None:
    """A tool with a smaller median is named as ahead; a floor is none, a slower tool is not."""
    medians = {"**ours**": 2.0, "**ours too**": 3.0, "fast": 1.0, "slow": 4.0, "floor: x": 0.5}
    results = {
        label: Samples([Sample(whole=value, inside=value, cpu=0, rss=0)])
        for label, value in medians.items()
    }
    said = standing(results, "whole", "whole process")
    assert said == "- **ours**, whole process: **behind** fast (0.50 of our time)."
    del results["fast"]
    assert standing(results, "whole", "words") == "- **ours**, words: no tool is ahead."


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """The folder for temporary files is empty afterwards."""
    done = run("registry", *QUICK, "--folder", tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_section_that_does_not_exist_is_a_usage_error() -> None:
    """A misspelt section is named, and nothing runs."""
    done = run("could")
    assert done.returncode == 2
    assert "could" in done.stderr
    assert done.stdout == ""
