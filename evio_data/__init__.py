"""Download event-camera recordings, or any public Google Drive file, by name.

=====================  =======================================================================
`fetch`                the path of one verified file, downloaded the first time
`prefetch`             many files in parallel; a `Report` of what became of each
`verify`               hash what is cached again
`info`                 everything that is known of one file
`names`                the names in the registry
`retrieve`             `pooch.retrieve`: any URL, Drive link or DOI
`Registry`             the same for your own ``registry.txt``; a `pooch.Pooch`
`DriveDownloader`      Google Drive links for any other pooch
`errors`, `testing`    what can go wrong; a local Google Drive for tests
=====================  =======================================================================

>>> import evio_data
>>> evio_data.names("fan/fan_const*")
['fan/fan_const_rpm.dat', 'fan/fan_const_rpm.raw']

Modules whose names begin with an underscore are private, and change without notice.
"""

from . import _fork  # noqa: F401 - children of a fork

TYPE_CHECKING = False  # importing typing for it would cost half of what Python starts in
if TYPE_CHECKING:
    from . import errors, testing
    from ._api import fetch, info, names, prefetch, verify
    from ._info import Info
    from ._pooch.downloader import DriveDownloader
    from ._pooch.registry import Registry
    from ._pooch.retrieving import retrieve
    from ._report import Outcome, Report

    __version__: str

__all__ = [
    "DriveDownloader",
    "Info",
    "Outcome",
    "Registry",
    "Report",
    "errors",
    "fetch",
    "info",
    "names",
    "prefetch",
    "retrieve",
    "testing",
    "verify",
]

_HOMES = {
    "DriveDownloader": "_pooch.downloader",
    "Info": "_info",
    "Outcome": "_report",
    "Registry": "_pooch.registry",
    "Report": "_report",
    "errors": "errors",
    "fetch": "_api",
    "info": "_api",
    "names": "_api",
    "prefetch": "_api",
    "retrieve": "_pooch.retrieving",
    "testing": "testing",
    "verify": "_api",
}


def __getattr__(name: str) -> object:
    """Import what is asked for, when it is asked for: ``import evio_data`` costs nothing."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("evio-data")
        except PackageNotFoundError:  # a copy without metadata: vendored, or a zip application
            return "unknown"
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if home.startswith("_pooch."):
        import_module("._pooch.quietly", __name__)
    module = import_module(f".{home}", __name__)
    value: object = module if home == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
