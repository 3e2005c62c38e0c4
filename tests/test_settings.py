"""The environment, read when it is asked for, and refused where it cannot work."""

import pooch
import pytest

from evio_data import _settings
from evio_data.errors import EvioDataError


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA_DIR", "DATA_TIMEOUT", "DATA_RETRIES", "DATA_OFFLINE", "DATA_REGISTRY"):
        monkeypatch.delenv(f"EVIO_{name}", raising=False)
    for name in ("DATA_ENDPOINT", "DATA_MIRRORS", "DATA_API_KEY"):
        monkeypatch.delenv(f"EVIO_{name}", raising=False)


def test_nothing_set() -> None:
    """Without variables, the settings are the defaults."""
    assert _settings.from_environment() == _settings.Settings()


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("EVIO_DATA_DIR", "/data", "cache_dir", "/data"),
        ("EVIO_DATA_DIR", "", "cache_dir", None),
        ("EVIO_DATA_REGISTRY", "mine.txt", "registry", "mine.txt"),
        ("EVIO_DATA_OFFLINE", "1", "offline", True),
        ("EVIO_DATA_OFFLINE", "yes", "offline", True),
        ("EVIO_DATA_OFFLINE", "0", "offline", False),
        ("EVIO_DATA_OFFLINE", " False ", "offline", False),
        ("EVIO_DATA_OFFLINE", "", "offline", False),
        ("EVIO_DATA_ENDPOINT", "http://localhost:8000/", "endpoint", "http://localhost:8000"),
        ("EVIO_DATA_ENDPOINT", "https://gate/drive/", "endpoint", "https://gate/drive"),
        ("EVIO_DATA_MIRRORS", "http://a/, https://b/x", "mirrors", ("http://a", "https://b/x")),
        ("EVIO_DATA_MIRRORS", "http://a https://b", "mirrors", ("http://a", "https://b")),
        ("EVIO_DATA_API_KEY", " AIza-key_1\n", "api_key", "AIza-key_1"),
        ("EVIO_DATA_TIMEOUT", "2.5", "timeout", 2.5),
        ("EVIO_DATA_RETRIES", "0", "retries", 0),
    ],
)
def test_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, field: str, value: object
) -> None:
    """Each variable sets its field; an empty one is as if not set."""
    monkeypatch.setenv(variable, text)

    assert getattr(_settings.from_environment(), field) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("EVIO_DATA_TIMEOUT", "soon"),
        ("EVIO_DATA_TIMEOUT", "0"),
        ("EVIO_DATA_TIMEOUT", "-1"),
        ("EVIO_DATA_TIMEOUT", "nan"),
        ("EVIO_DATA_TIMEOUT", "inf"),
        ("EVIO_DATA_RETRIES", "-1"),
        ("EVIO_DATA_ENDPOINT", "localhost:8000"),
        ("EVIO_DATA_ENDPOINT", "file:///data"),
        ("EVIO_DATA_ENDPOINT", "http://"),
        ("EVIO_DATA_ENDPOINT", "http://gate?x=1"),
        ("EVIO_DATA_ENDPOINT", "http://gate http://other"),
        ("EVIO_DATA_ENDPOINT", "http://gate,http://other"),
        ("EVIO_DATA_MIRRORS", "http://a ftp://b"),
        ("EVIO_DATA_API_KEY", "AIza key"),
        ("EVIO_DATA_API_KEY", "AIza\u00e9"),
    ],
)
def test_unusable_value(monkeypatch: pytest.MonkeyPatch, variable: str, text: str) -> None:
    """A value that cannot work is refused by the name of its variable."""
    monkeypatch.setenv(variable, text)

    with pytest.raises(EvioDataError, match=variable):
        _settings.from_environment()


def test_unusable_api_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is refused is still a key: the message does not have it."""
    monkeypatch.setenv("EVIO_DATA_API_KEY", "SECRET KEY")

    with pytest.raises(EvioDataError) as caught:
        _settings.from_environment()
    assert "SECRET" not in str(caught.value)


def test_read_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set later counts from then on."""
    before = _settings.from_environment().offline
    monkeypatch.setenv("EVIO_DATA_OFFLINE", "1")

    assert (before, _settings.from_environment().offline) == (False, True)


def test_default_cache_is_pooch_s() -> None:
    """The default cache is where pooch's users look for theirs."""
    assert _settings.default_cache_dir() == str(pooch.os_cache("evio-data"))
