"""The tools that are compared: an environment with the Python ones, and what is on the PATH."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
PEERS = ("pooch", "gdown", "parfive", "pypdl")
OPTIONAL_PEERS = ("distributed", "huggingface_hub", "hf_transfer", "pytest", "trustme")
PROGRAMS = {
    "aria2c": ("--version", r"aria2 version (\S+)"),
    "axel": ("--version", r"Axel (\S+)"),
    "curl": ("--version", r"curl (\S+)"),
    "nginx": ("-v", r"nginx/(\S+)"),
    "openssl": ("version", r"OpenSSL (\S+)"),
    "rclone": ("version", r"rclone v?(\S+)"),
    "sha256sum": ("--version", r"coreutils\) (\S+)"),
    "wget": ("--version", r"Wget (\S+)"),
}
_USED = ("requests", "urllib3", "tqdm", "filelock", "platformdirs")  # by us and by peers
_MEASURED = ("evio-data", *_USED, *PEERS, *OPTIONAL_PEERS)
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # where nginx is, and a user's PATH is not
_ASK_VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Tools:
    """What there is to be measured.

    Attributes
    ----------
    python
        The interpreter that has this package and the peers.
    packages
        Versions of the Python packages that it has.
    programs
        Paths of the programs that were found.
    versions
        Versions of those programs.
    """

    python: Path
    packages: dict[str, str]
    programs: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Say whether a package or a program can be used."""
        return name in self.packages or name in self.programs

    def script(self, name: str) -> Path:
        """Return the path of a command that a package has installed."""
        return self.python.parent / name

    def describe(self) -> list[str]:
        """Return lines about what was found and what is missing."""
        found = {**self.packages, **self.versions}
        missing = [name for name in (*_MEASURED, *PROGRAMS) if name not in found]
        lines = [
            f"Python {platform.python_version()}; "
            + ", ".join(f"{name} {version}" for name, version in found.items())
        ]
        return lines + [f"Not installed, so not measured: {', '.join(missing)}"] * bool(missing)


def present_environment() -> Tools:
    """Return the tools that this interpreter has as it is."""
    return _tools(Path(sys.executable))


def made_environment(folder: Path) -> Tools:
    """Return the tools of an environment that is made in a folder, or brought up to date there."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    _install(python, [str(TREE), *PEERS])
    for name in OPTIONAL_PEERS:
        try:
            _install(python, [name])
        except subprocess.CalledProcessError:
            print(f"{name} cannot be installed here: left out", file=sys.stderr)
    return _tools(python)


def _install(python: Path, wanted: list[str]) -> None:
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", *wanted], check=True)
    # A second run must measure the tree as it is now, though its version is the same.
    if str(TREE) in wanted:
        subprocess.run([*pip, "--force-reinstall", "--no-deps", str(TREE)], check=True)


def _tools(python: Path) -> Tools:
    answer = subprocess.run(
        [str(python), "-c", _ASK_VERSIONS, *_MEASURED], check=True, capture_output=True, text=True
    )
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SBIN])
    found = {name: shutil.which(name, path=search) for name in PROGRAMS}
    programs = {name: path for name, path in found.items() if path}
    versions = {name: _version(name, path) for name, path in programs.items()}
    return Tools(python, json.loads(answer.stdout), programs, versions)


def _version(name: str, path: str) -> str:
    option, pattern = PROGRAMS[name]
    answer = subprocess.run([path, option], capture_output=True, text=True, check=False)
    match = re.search(pattern, answer.stdout + answer.stderr)
    return match[1] if match else "?"
