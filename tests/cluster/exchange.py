"""What the tests of a cluster look for in the end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

MIB = 2**20
CacheOf = Callable[[str], Path]


def everywhere(report: Any, cache_of: CacheOf, content: dict[str, bytes]) -> bool:
    """Say whether every worker's cache has every file, byte for byte."""
    return all(
        (cache_of(address) / name).read_bytes() == data
        for address in report.machines
        for name, data in content.items()
    )
