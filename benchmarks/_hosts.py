"""Hosts on one machine: network namespaces at a switch, each with a line of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_NETWORK = "10.77.0"
_BURST, _QUEUE = "1mb", "50ms"  # of the queue that slows a line down


@dataclass(frozen=True)
class Host:
    """Where a program can run: what stands before its command, and its address."""

    prefix: tuple[str, ...]
    address: str


def loopback(count: int) -> list[Host]:
    """Return as many names for this machine as it is."""
    return [Host((), "127.0.0.1")] * count


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
        for number, name in enumerate(names):
            _plug(switch, name, number, rate)
        yield [
            Host(("ip", "netns", "exec", name), f"{_NETWORK}.{number + 1}")
            for number, name in enumerate(names)
        ]
    finally:
        for name in (*names, switch):
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", name)


def _plug(switch: str, name: str, number: int, rate: int) -> None:
    port = f"port{number}"
    _ip("netns", "add", name)
    _ip("-n", name, "link", "set", "lo", "up")
    _ip("-n", switch, "link", "add", port, "type", "veth", "peer", "name", "line", "netns", name)
    _ip("-n", switch, "link", "set", port, "master", "bridge", "up")
    _ip("-n", name, "address", "add", f"{_NETWORK}.{number + 1}/24", "dev", "line")
    _ip("-n", name, "link", "set", "line", "up")
    for place, device in ((switch, port), (name, "line")):
        shape = ("rate", f"{rate * 8}", "burst", _BURST, "latency", _QUEUE)
        _run("tc", "-n", place, "qdisc", "add", "dev", device, "root", "tbf", *shape)


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
