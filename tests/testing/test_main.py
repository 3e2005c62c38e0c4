"""``python -m evio_data.testing``: a folder is served, and every option is described."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import requests

from evio_data.testing import DriveFile
from evio_data.testing._model import Drive
from tests.testing.asking import DATA, TIMEOUT


def test_command_serves_a_folder(tmp_path: Path) -> None:
    """The command prints where, serves with the options given, and ends when told to."""
    (tmp_path / "fan.raw").write_bytes(DATA)
    command = [sys.executable, "-m", "evio_data.testing", str(tmp_path)]
    command += ["--set", "large=true", "--set", "cookies=false", "--set", "etag=v1"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            fan = told["files"]["fan.raw"]
            page = requests.get(f"{told['endpoint']}/download?id={fan['id']}", timeout=TIMEOUT)
            plain = requests.get(fan["plain_url"], timeout=TIMEOUT)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 0
    assert ("Virus scan warning" in page.text, "Set-Cookie" in page.headers) == (True, False)
    assert (plain.content, plain.headers["ETag"], fan["size"]) == (DATA, "v1", len(DATA))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["none"], "No such file"),
        ([".", "--port", "80000"], "0-65535"),
        ([".", "--set", "nope=1"], "'nope'"),
        ([".", "--set", "refuse=maybe"], "'quota'"),
        ([".", "--set", "rate"], "NAME=VALUE"),
        ([".", "--cert", "fan.raw"], "PEM"),
    ],
)
def test_command_that_cannot_be_obeyed(tmp_path: Path, arguments: list[str], what: str) -> None:
    """What the command cannot do is an error of usage in words."""
    (tmp_path / "fan.raw").write_bytes(DATA)
    done = subprocess.run(
        [sys.executable, "-m", "evio_data.testing", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert what in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_command_has_options_for_speed(tmp_path: Path) -> None:
    """Rates, latency and host can be given without --set."""
    (tmp_path / "fan.raw").write_bytes(DATA)
    command = [sys.executable, "-m", "evio_data.testing", str(tmp_path), "--host", "127.0.0.2"]
    command += ["--rate", "1e9", "--rate-per-connection", "1e8", "--latency", "0.01"]
    command += ["--set", 'checksums=["md5"]']
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["files"]["fan.raw"]["plain_url"]
            answer = requests.get(url, timeout=TIMEOUT)
        finally:
            process.send_signal(signal.SIGTERM)
    assert url.startswith("http://127.0.0.2:")
    assert answer.content == DATA


@pytest.mark.skipif(os.name == "nt", reason="there is no limit of descriptors")
def test_command_serves_more_files_than_the_soft_limit(tmp_path: Path) -> None:
    """A folder may hold more files than the shell lets a process open."""
    for number in range(80):
        (tmp_path / f"{number}.raw").write_bytes(DATA)
    script = 'ulimit -Sn 64; exec "$0" -m evio_data.testing "$1"'
    command = ["sh", "-c", script, sys.executable, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
    assert len(told["files"]) == 80


@pytest.fixture(scope="module")
def listed() -> str:
    """What --options prints."""
    command = [sys.executable, "-m", "evio_data.testing", "--options"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("kind", [DriveFile, Drive])
def test_every_option_is_described(listed: str, kind: type) -> None:
    """The list of options has every one of them, and so has the reference page."""
    page = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    entries = re.findall(r"^([\w, ]+)$", listed, re.MULTILINE)
    described = {name for line in entries for name in line.split(", ")}
    names = set(options_of(kind))
    assert names - described == set()
    assert {name for name in names if f"`{name}`" not in page} == set()


def options_of(kind: type) -> list[str]:
    """Return the names of the options of a file or of the server."""
    if kind is DriveFile:
        names = [each.name for each in fields(DriveFile)]
        names = names[names.index("large") : names.index("served")]
    else:
        names = sorted(set(Drive.__slots__) - {"items", "traffic"})
    return [name for name in names if not name.startswith("_")]
