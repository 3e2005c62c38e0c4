"""The environment, read when it is needed, as one value."""

import os
import re
from typing import NamedTuple

from ._base_urls import is_base
from ._wording import clean
from .errors import EvioDataError

DEFAULT_TIMEOUT = 30.0  # seconds without a byte
DEFAULT_RETRIES = 6  # attempts in a row that bring no byte


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


def from_environment() -> Settings:
    """Return the settings as the environment has them at this moment."""
    get = os.environ.get
    return Settings(
        cache_dir=get("EVIO_DATA_DIR") or None,
        registry=get("EVIO_DATA_REGISTRY") or None,
        offline=(get("EVIO_DATA_OFFLINE") or "").strip().lower() not in _NO,
        endpoint=next(iter(_bases("EVIO_DATA_ENDPOINT")), None),
        mirrors=_mirrors("EVIO_DATA_MIRRORS"),
        api_key=_api_key(),
        timeout=_number("EVIO_DATA_TIMEOUT", DEFAULT_TIMEOUT, least=0.1),
        retries=int(_number("EVIO_DATA_RETRIES", DEFAULT_RETRIES, least=0)),
    )


def default_cache_dir() -> str:
    """Return ``pooch.os_cache("evio-data")`` without the cost of importing pooch."""
    import platformdirs

    return str(platformdirs.user_cache_dir("evio-data"))


_NO = ("", "0", "no", "false", "off")


def _bases(variable: str) -> tuple[str, ...]:
    """Return the base URLs of a variable, without the slash at their ends."""
    bases = (os.environ.get(variable) or "").replace(",", " ").split()
    for base in bases:
        if not _BASE(base):
            raise EvioDataError(
                f"{variable} has {clean(base)!r}, which is not an https: or http: URL.",
                advice=f"Correct or unset {variable}.",
            )
    return tuple(base.rstrip("/") for base in bases)


def _mirrors(variable: str) -> tuple[str, ...]:
    """Return the mirrors of a variable, without the slash at their ends."""
    bases = (os.environ.get(variable) or "").replace(",", " ").split()
    for base in bases:
        if not is_base(base):
            raise EvioDataError(
                f"{variable} has {clean(base)!r}, which is not an https:, http:, s3: or gs: URL.",
                advice=f"Correct or unset {variable}.",
            )
    return tuple(base.rstrip("/") for base in bases)


def _api_key() -> str | None:
    key = (os.environ.get("EVIO_DATA_API_KEY") or "").strip()
    if key and not _KEY(key):
        raise EvioDataError(
            "EVIO_DATA_API_KEY is not an API key: letters, digits, - and _ only.",
            advice="Correct or unset EVIO_DATA_API_KEY.",
        )
    return key or None


_BASE = re.compile(r"https?://[^\s/?#\\][^\s?#\\]*", re.IGNORECASE).fullmatch
_KEY = re.compile(r"[A-Za-z0-9_-]+").fullmatch


def _number(variable: str, default: float, *, least: float) -> float:
    text = os.environ.get(variable)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value < 1e9:
        raise EvioDataError(
            f"{variable}={text!r} is not a number of at least {least:g}.",
            advice=f"Correct or unset {variable}.",
        )
    return value
