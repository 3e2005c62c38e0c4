"""A local Google Drive and small synthetic recordings, for tests that need no internet.

Nothing here imports the rest of ``evio_data``: other projects may test their own
registries, or their own downloaders, with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._files import DriveFile
    from ._folders import DriveFolder
    from ._log import RequestRecord
    from ._patience import patience
    from ._server import DriveServer
    from .recordings import write_dat, write_evt3

__all__ = [
    "DriveFile",
    "DriveFolder",
    "DriveServer",
    "RequestRecord",
    "patience",
    "write_dat",
    "write_evt3",
]

_HOMES = {
    "DriveFile": "_files",
    "DriveFolder": "_folders",
    "DriveServer": "_server",
    "RequestRecord": "_log",
    "patience": "_patience",
    "write_dat": "recordings",
    "write_evt3": "recordings",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
