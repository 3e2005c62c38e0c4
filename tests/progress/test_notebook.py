"""What a notebook shows, in a real kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Drive

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

LEFT = ' style="text-align: left"'
# In a process of its own: Jupyter's packages warn of each other.
EXECUTE = """
import json, sys
import nbclient, nbformat
cells = [nbformat.v4.new_code_cell(source) for source in json.load(sys.stdin)]
notebook = nbformat.v4.new_notebook(cells=cells)
nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
json.dump([cell.outputs for cell in notebook.cells], sys.stdout)
"""


def execute(folder: Path, *cells: str) -> list[list[dict[str, Any]]]:
    """Return what each cell of a notebook shows."""
    jupyter = {
        name: str(folder / "jupyter")
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "JUPYTER_DATA_DIR")
    }
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE],
        input=json.dumps(cells),
        capture_output=True,
        text=True,
        env={**os.environ, **jupyter},
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return shown


@pytest.mark.slow
def test_notebook(drive: Drive, tmp_path: Path) -> None:
    """Bars are plain lines where there are no widgets; a report is a table of names and reasons."""
    drive.add("fan/a.raw", b"% evt 3.0\n" + bytes(3000))
    drive.add("gone.raw", b"", refuse="not-found")
    (fetched, report, registry) = execute(
        tmp_path,
        "import evio_data\nreport = evio_data.prefetch(progressbar=True)",
        "report",
        "import os\nevio_data.Registry.open(os.environ['EVIO_DATA_REGISTRY']).fetch('a.raw')",
    )
    assert [output["output_type"] for output in registry] == ["execute_result"]  # and no warning
    words = "".join(output["text"] for output in fetched)
    assert "fan/a.raw: 2.94 KiB in " in words
    assert "gone.raw: failed: " in words
    assert not any(sign in words for sign in ("\r", "\x1b", "%|", "IProgress"))
    (table,) = report
    assert "<td>gone.raw</td><td>failed</td>" in table["data"]["text/html"].replace(LEFT, "")
    assert table["data"]["text/plain"].startswith("<Report: 1 fetched, 0 present, 1 failed>")
