"""Where Drive's addresses are asked for: there, or at the endpoint, and nowhere else."""

from __future__ import annotations

import pytest

from evio_data._drive.endpoint import route
from evio_data.errors import AccessDeniedError, DriveRefusedError

BASE = "http://127.0.0.1:8000/drive"


@pytest.mark.parametrize(
    ("url", "endpoint", "asked"),
    [
        ("https://drive.google.com/uc?id=1", None, "https://drive.google.com/uc?id=1"),
        ("https://drive.google.com/uc?id=1", BASE, f"{BASE}/uc?id=1"),
        ("https://www.googleapis.com/drive/v3/files", BASE, f"{BASE}/drive/v3/files"),
        (f"{BASE}/download?id=1", BASE, f"{BASE}/download?id=1"),
    ],
)
def test_google_is_asked(url: str, endpoint: str | None, asked: str) -> None:
    """Google's hosts, or what stands in for them, are asked, path and query unchanged."""
    assert route(url, endpoint) == asked


@pytest.mark.parametrize("endpoint", [None, BASE])
@pytest.mark.parametrize(
    "url",
    [
        "https://drive.google.com.evil.example/",
        "http://drive.google.com/uc?id=1",
        "https://evil.example\\@drive.google.com/",
        "http://127.0.0.1:8000/driver",
        "http://127.0.0.1:8001/drive/x",
        "file:///etc/passwd",
    ],
)
def test_strangers_are_not_asked(url: str, endpoint: str | None) -> None:
    """No other host is asked, and Google's not without encryption."""
    with pytest.raises(DriveRefusedError, match="not followed"):
        route(url, endpoint)


@pytest.mark.parametrize("endpoint", [None, BASE])
def test_sign_in_page(endpoint: str | None) -> None:
    """The way to the sign-in page means a private file."""
    with pytest.raises(AccessDeniedError, match="private"):
        route("https://accounts.google.com/ServiceLogin?continue=x", endpoint)
