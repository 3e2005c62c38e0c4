"""Read the settings from the environment."""

import os
import re
from typing import NamedTuple

from ._mirror_urls import is_base
from ._text import clean
from .errors import EvioDataError

DEFAULT_TIMEOUT = 30.0  # seconds without a byte
DEFAULT_RETRIES = 6  # attempts in a row that bring no byte
BRIEF = 2  # retries at a host from which nothing has ever come, and that nobody can reach


class Settings(NamedTuple):
    """What the environment says; ``None`` and empty values mean "not set"."""

    cache_dir: str | None = None
    registry: str | None = None
    offline: bool = False
    endpoint: str | None = None
    mirrors: tuple[str, ...] = ()
    api_key: str | None = None
    timeout: float = DEFAULT_TIMEOUT
    retries: int = DEFAULT_RETRIES
    brief: int = BRIEF


def from_environment() -> Settings:
    """Return the settings as the environment has them at this moment."""
    return Settings(
        cache_dir=_text("EVIO_DATA_DIR") or None,
        registry=_text("EVIO_DATA_REGISTRY") or None,
        offline=_text("EVIO_DATA_OFFLINE").strip().lower() not in _NO,
        endpoint=_endpoint(),
        mirrors=_mirrors(),
        api_key=_api_key(),
        timeout=_number("EVIO_DATA_TIMEOUT", DEFAULT_TIMEOUT, least=0.1),
        retries=_count("EVIO_DATA_RETRIES", DEFAULT_RETRIES),
    )


def default_cache_dir() -> str:
    """Return ``pooch.os_cache("evio-data")`` without the cost of importing pooch.

    Raises
    ------
    EvioDataError
        If this user has no home folder, as in some containers.
    """
    import platformdirs

    try:
        return expanded(str(platformdirs.user_cache_dir("evio-data")))
    except (EvioDataError, RuntimeError) as error:
        raise EvioDataError(
            "this user has no home folder, so there is no default cache.",
            advice="Set EVIO_DATA_DIR to a folder of yours, or name one (`--cache-dir`).",
        ) from error


def expanded(path: str, what: str = "") -> str:
    """Return a path with the home folder that a ``~`` at its start stands for.

    Parameters
    ----------
    path : str
    what : str
        The setting or option that it comes from, for the message.

    Raises
    ------
    EvioDataError
        If there is no such home folder: nobody means a folder called ``~``.
    """
    if not path.startswith("~"):
        return path
    home = os.path.expanduser(path)  # noqa: PTH111 - the warm path does not import pathlib
    if home.startswith("~"):
        origin = f"{what} has " if what else ""
        raise EvioDataError(
            f"{origin}{clean(path)!r}: there is no such home folder.",
            advice="Write the whole path; for a folder whose name begins with ~, ./ before it.",
        )
    return home


def waiting(seconds: float) -> float:
    """Return how long a wait of our own choice lasts: less where a test has little patience.

    `evio_data.testing.patience` sets the variable, for child processes as well. What a server
    asks for (``Retry-After``) and what a user sets (``EVIO_DATA_TIMEOUT``) stay as they are.
    """
    scale = os.environ.get("_EVIO_DATA_PATIENCE")
    return seconds * float(scale) if scale else seconds


_NO = ("", "0", "no", "false", "off")
_BASE = re.compile(r"https?://[^\s,/?#\\][^\s,?#\\]*", re.IGNORECASE).fullmatch
_KEY = re.compile(r"[A-Za-z0-9_-]+").fullmatch


def _text(variable: str) -> str:
    return os.environ.get(variable) or ""


def _unusable(variable: str, what: str) -> EvioDataError:
    return EvioDataError(f"{variable} {what}.", advice=f"Correct or unset {variable}.")


def _endpoint() -> str | None:
    base = _text("EVIO_DATA_ENDPOINT").strip()
    if base and not (_BASE(base) and is_base(base)):
        what = f"has {_quoted(base, base)}, which is not one https: or http: URL"
        raise _unusable("EVIO_DATA_ENDPOINT", what)
    return base.rstrip("/") or None


def _mirrors() -> tuple[str, ...]:
    text = _text("EVIO_DATA_MIRRORS")
    bases = text.replace(",", " ").split()
    for base in bases:
        if not is_base(base):
            what = f"has {_quoted(base, text)}, which is not an https:, http:, s3: or gs: URL"
            raise _unusable("EVIO_DATA_MIRRORS", what)
    return tuple(base.rstrip("/") for base in bases)


def _quoted(base: str, text: str) -> str:
    """Return a wrong base URL as a message may have it: an @ tells that there is a password."""
    return "an entry (not shown: there is an @)" if "@" in text else repr(clean(base))


def _api_key() -> str | None:
    key = _text("EVIO_DATA_API_KEY").strip()
    if key and not _KEY(key):
        raise _unusable("EVIO_DATA_API_KEY", "is not an API key: letters, digits, - and _ only")
    return key or None


def _count(variable: str, default: int) -> int:
    value = _number(variable, default, least=0)
    if value != int(value):
        raise _unusable(variable, f"has {clean(_text(variable))!r}, which is not a whole number")
    return int(value)


def _number(variable: str, default: float, *, least: float) -> float:
    text = _text(variable)
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not least <= value < 1e9:
        raise _unusable(variable, f"has {clean(text)!r}, which is not a number from {least:g} on")
    return value
