"""The environment, read when it is needed, as one value."""

import os
from typing import NamedTuple

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
        offline=(get("EVIO_DATA_OFFLINE") or "").lower() not in _NO,
        endpoint=(get("EVIO_DATA_ENDPOINT") or "").rstrip("/") or None,
        mirrors=tuple((get("EVIO_DATA_MIRRORS") or "").replace(",", " ").split()),
        api_key=get("EVIO_DATA_API_KEY") or None,
        timeout=_number("EVIO_DATA_TIMEOUT", DEFAULT_TIMEOUT, least=0.1),
        retries=int(_number("EVIO_DATA_RETRIES", DEFAULT_RETRIES, least=0)),
    )


def default_cache_dir() -> str:
    """Return ``pooch.os_cache("evio-data")`` without the cost of importing pooch."""
    import platformdirs

    return str(platformdirs.user_cache_dir("evio-data"))


_NO = ("", "0", "no", "false", "off")


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
