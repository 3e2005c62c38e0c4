"""Every command that the documents show runs, and what there is stands in them."""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evio_data
import evio_data.errors
import evio_data.testing
from evio_data._cli import parser as command_line
from evio_data._registry.parser import load

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_RUN_HERE = (
    ("python3 -m venv", "run by .ci/run"),
    (".venv/bin/", "run by .ci/run"),
    (". .venv/bin/activate", "of the shell's"),
    ("prefetch-datasets --demo", "run by .ci/run, and in test_demo.py"),
    ("evio-data serve", "serves until it is stopped: test_serve.py"),
    ("evio-data mirror push s3://", "needs a store: test_s3_upload.py runs it against moto's"),
    ("benchmarks/", "runs for half an hour or more: test_benchmarks.py"),
    ("python benchmarks/", "runs for half an hour or more: test_benchmarks.py"),
    ("python -m tests.contract", "needs a package index, and takes minutes"),
    ("pytest", "runs another project's tests: test_pytest_plugin.py"),
    ("uv ", "needs uv"),
    (".ci/", "runs this"),
)


REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
CATALOGUE = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")


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


def test_links_to_headings_lead_somewhere() -> None:
    """A link to a part of a page leads to a heading of that page."""
    broken = [
        f"{page.name}: {target}#{anchor}"
        for page in PAGES
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text())
        if anchor not in anchors((page.parent / target) if target else page)
    ]
    assert not broken


def anchors(page: Path) -> list[str]:
    """Return what a forge calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


# --- the reference has all there is -------------------------------------------------------------


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and those of its subcommands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers(inner)


def section(parser: argparse.ArgumentParser) -> str:
    """Return the part of the reference that is about a command."""
    program, *command = parser.prog.split()
    part = REFERENCE.partition(f"\n## {program}\n")[2].partition("\n## ")[0]
    if not command:
        return part
    # Its row in the table, the sentence for all subcommands, and what is said of it below.
    name = " ".join(command)
    rows = [row for row in part.splitlines() if re.match(rf"\| `{name}[ `]", row)]
    shared = () if command[0] == "registry" else ("All subcommands",)
    about = (f"`{name}`", *shared)
    said = [text for text in part.strip().split("\n\n") if text.startswith(about)]
    assert rows, f"the table has no row for {name}"
    return "\n".join(rows + said)


COMMANDS = [
    pytest.param(parser, id=parser.prog)
    for top in (command_line.prefetch_datasets(), command_line.evio_data())
    for parser in parsers(top)
    if parser.get_default("handler") != "arguments:show_help"
]


@pytest.mark.parametrize("parser", COMMANDS)
def test_reference_has_every_flag(parser: argparse.ArgumentParser) -> None:
    """What a command takes stands in its part of the reference: short or long, as typed."""
    text = section(parser)
    for action in parser._actions:
        if action.option_strings and not isinstance(action, argparse._HelpAction):
            assert any(re.search(rf"(?<![\w-]){flag}\b", text) for flag in action.option_strings)


@pytest.mark.parametrize("parser", COMMANDS)
def test_reference_invents_no_flag(parser: argparse.ArgumentParser) -> None:
    """A long flag in the row of a command is one that it takes."""
    known = {flag for action in parser._actions for flag in action.option_strings}
    rows = [row for row in section(parser).splitlines() if row.startswith("| `")]
    shown = {flag for row in rows for flag in re.findall(r"`[^`]*`", row.partition(" | ")[0])}
    assert {f for text in shown for f in re.findall(r"(?<![\w-])--[a-z-]+", text)} <= known


def test_reference_has_every_public_name() -> None:
    """What ``evio_data`` exports stands in the reference, and its errors and test tools do."""
    names = [*evio_data.__all__, *evio_data.errors.__all__, *evio_data.testing.__all__]
    assert [name for name in names if not re.search(rf"\b{name}\b", REFERENCE)] == []


def test_api_has_every_public_name() -> None:
    """What ``evio_data`` exports has its docstring on the API page."""
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    names = [*evio_data.__all__, *evio_data.testing.__all__]
    documented = re.findall(r"^\.\. auto\w+:: (?:[\w.]+\.)?(\w+)$", page, re.MULTILINE)
    assert set(names) <= set(documented)


def test_reference_has_every_variable() -> None:
    """The variables of the reference's table are those that the code reads."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "evio_data").glob("*.py"))
    read = set(re.findall(r"""(?:get|_text|_number|_count)\(\s*["'](EVIO_DATA_\w+)["']""", code))
    assert read >= {"EVIO_DATA_DIR", "EVIO_DATA_API_KEY", "EVIO_DATA_RETRIES"}
    part = REFERENCE.partition("\n## Environment\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(EVIO_DATA_\w+)`", part, re.MULTILINE)) == read


# --- the architecture -------------------------------------------------------------------------


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "name"),
    re.findall(r"(?m)^\| .* \| `(evio_data/\S+\.py)` \| `?(\w*)`? \|$", ARCHITECTURE),
)
def test_architecture_leads_to_code(file: str, name: str) -> None:
    """A file that the page names exists and defines the name beside it."""
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not name or re.search(rf"(?m)^ *(class|def) {name}\b", text)


def test_architecture_shows_every_folder() -> None:
    """Each folder of the package has its box in the picture, and its row in the table."""
    picture = (ROOT / "docs" / "images" / "architecture.svg").read_text(encoding="utf-8")
    folders = [path.parent.name for path in (ROOT / "evio_data").glob("*/__init__.py")]
    assert len(folders) > 10
    assert [name for name in folders if f">{name}<" not in picture] == []
    assert [name for name in folders if f"`{name}`" not in ARCHITECTURE] == []


def test_record_names_test_files_that_exist() -> None:
    """Each test file that the record names for the comparison exists."""
    page = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\| `((?:\w+/)?test_\w+\.py)` \|", page))
    assert len(named) > 5
    assert [name for name in named if not (ROOT / "tests" / name).is_file()] == []


# --- the catalogue ------------------------------------------------------------------------------


@pytest.mark.parametrize("script", ["make_catalogue.py", "make_plots.py"])
def test_what_is_made_is_up_to_date(script: str) -> None:
    """The catalogue is what the registry says, and the plots are what their tables say."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / script, "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_catalogue_has_every_recording() -> None:
    """Each recording has its row, with state and link, and no size that passes for exact."""
    for entry in load(ROOT / "registry.txt").select():
        (row,) = (line for line in CATALOGUE.splitlines() if line.startswith(f"| `{entry.name}` |"))
        _, _, size, _, state, link, _ = (cell.strip() for cell in row.split("|"))
        assert size == "unknown" or size.startswith("about ")
        assert state == "unpinned" if entry.hash is None else state.startswith("`")
        assert entry.url.rpartition("id=")[2] in link


def test_pictures_are_small_and_said_to_be_synthetic() -> None:
    """Every picture is a PNG below 80 kB, and each page that shows one says what it is."""
    pages = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
    for picture in (ROOT / "docs" / "images").glob("*.png"):
        data = picture.read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(data) < 80_000
        assert picture.name.startswith("synthetic-")
        shown = [text for text in pages.values() if f"images/{picture.name}" in text]
        assert shown
        assert all("synthetic" in text.replace("synthetic-", "") for text in shown)
