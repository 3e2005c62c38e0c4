"""Hosts on one machine: network namespaces at a switch, each with a line of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_NETWORK = "10.77.0"
_SETTINGS = Path("/etc/netns")  # where `ip netns exec` looks for a host's own /etc/hosts
_BURST, _QUEUE = "1mb", "50ms"  # of the queue that slows a line down


@dataclass(frozen=True)
class Host:
    """Where a program can run: what stands before its command, its address, and its name."""

    prefix: tuple[str, ...]
    address: str
    name: str


def loopback(count: int) -> list[Host]:
    """Return as many names for this machine as it is."""
    return [Host((), "127.0.0.1", "127.0.0.1")] * count


def reason_against() -> str:
    """Return why there can be no namespaces here, or an empty text."""
    if not shutil.which("ip") or not shutil.which("tc"):
        return "`ip` or `tc` (iproute2) is not installed"
    name = f"evio-{os.getpid()}-try"
    try:
        _ip("netns", "add", name)
        _ip("netns", "delete", name)
    except subprocess.CalledProcessError as error:
        return f"`ip netns add` says {error.stderr.strip() or error.returncode}"
    return ""


@contextmanager
def hosts(count: int, rate: int) -> Iterator[list[Host]]:
    """Make hosts whose lines carry so many bytes a second in each direction."""
    base = f"evio-{os.getpid()}"
    switch, names = f"{base}-switch", [f"{base}-{number}" for number in range(count)]
    try:
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        known = "".join(f"{_address(number)} {_name(number)}\n" for number in range(count))
        for number, name in enumerate(names):
            _plug(switch, name, number, rate)
            (_SETTINGS / name).mkdir(parents=True)
            (_SETTINGS / name / "hosts").write_text(f"127.0.0.1 localhost\n{known}")
        yield [
            Host(("ip", "netns", "exec", name), _address(number), _name(number))
            for number, name in enumerate(names)
        ]
    finally:
        for name in (*names, switch):
            shutil.rmtree(_SETTINGS / name, ignore_errors=True)
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", name)


def _address(number: int) -> str:
    return f"{_NETWORK}.{number + 1}"


def _name(number: int) -> str:
    return f"host{number}.localhost"  # a name that the local Drive takes for its own


def _plug(switch: str, name: str, number: int, rate: int) -> None:
    port = f"port{number}"
    _ip("netns", "add", name)
    _ip("-n", name, "link", "set", "lo", "up")
    _ip("-n", switch, "link", "add", port, "type", "veth", "peer", "name", "line", "netns", name)
    _ip("-n", switch, "link", "set", port, "master", "bridge", "up")
    _ip("-n", name, "address", "add", f"{_address(number)}/24", "dev", "line")
    _ip("-n", name, "link", "set", "line", "up")
    for place, device in ((switch, port), (name, "line")):
        shape = ("rate", f"{rate * 8}", "burst", _BURST, "latency", _QUEUE)
        _run("tc", "-n", place, "qdisc", "add", "dev", device, "root", "tbf", *shape)


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
