"""Every command that the documents show runs, and every snippet is Python."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_RUN_HERE = (
    ("python3 -m venv", "run by .ci/run"),
    (".venv/bin/", "run by .ci/run"),
    (". .venv/bin/activate", "of the shell's"),
    ("prefetch-datasets --demo", "run by .ci/run, and in test_demo.py"),
    ("evio-data serve", "serves until it is stopped: test_serve.py"),
    ("benchmarks/", "runs for half an hour: test_benchmarks.py"),
    ("python benchmarks/", "runs for half an hour: test_benchmarks.py"),
    ("pytest", "runs another project's tests: test_pytest_plugin.py"),
    ("uv ", "needs uv"),
    (".ci/", "runs this"),
)


def blocks(kind: str) -> list[Any]:
    """Return every fenced block of one kind, on every page."""
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(
            re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
        )
    ]


def commands(block: str) -> str:
    """Return what is typed in a block, without what is run elsewhere."""
    typed = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    assert typed, "a console block shows no command"
    wanted = [line for line in typed if not line.startswith(tuple(p for p, _ in NOT_RUN_HERE))]
    return "\n".join(wanted)


SCRIPTS = [pytest.param(commands(p.values[0]), id=p.id) for p in blocks("console")]


@pytest.mark.skipif(os.name == "nt", reason="the documents show a POSIX shell")
@pytest.mark.parametrize("script", [p for p in SCRIPTS if p.values[0]])
@pytest.mark.usefixtures("documented_drive")
def test_shown_commands_run(script: str) -> None:
    """A command in the documents ends well, typed at a terminal by somebody who says yes."""
    import pty

    master, terminal = pty.openpty()
    os.write(master, b"y\ny\ny\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    try:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            stdin=terminal,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(master)
        os.close(terminal)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("snippet", blocks("python"))
def test_shown_snippets_are_python(snippet: str) -> None:
    """A snippet compiles; those with prompts are run as doctests besides."""
    if not snippet.startswith(">>>"):
        compile(snippet, "<docs>", "exec")


def test_links_lead_somewhere() -> None:
    """A relative link in a document leads to a file that is there."""
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not broken
