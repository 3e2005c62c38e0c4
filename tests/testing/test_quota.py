"""The quota: at once, after the form, after so many bytes, or for whoever resumes."""

from __future__ import annotations

from evio_data.testing import DriveFile
from tests.testing.asking import DATA, SIZE, Ask, bytes_url, submitted

QUOTA_TITLE = "<title>Google Drive - Quota exceeded</title>"


def test_quota_at_once(ask: Ask, big: DriveFile) -> None:
    """A9a: over quota, the page comes in place of the warning, with status 200."""
    big.quota = "always"
    answer = ask(bytes_url(big))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Content-Disposition" not in answer.headers
    assert QUOTA_TITLE in answer.text
    assert '<p class="uc-error-caption">Sorry, you can\'t view or download' in answer.text
    assert '<p class="uc-error-subcaption">Too many users have viewed or' in answer.text
    assert 1700 < len(answer.content) < 2300


def test_quota_after_the_form(ask: Ask, big: DriveFile) -> None:
    """A9b: the quota page may come only once the form is submitted."""
    big.quota = "after-form"
    page = ask(bytes_url(big)).text
    assert "Virus scan warning" in page
    assert QUOTA_TITLE in ask(submitted(page)).text


def test_quota_after_so_many_bytes(ask: Ask, small: DriveFile) -> None:
    """A9c: the quota is used up by the bytes served."""
    small.quota = SIZE + 10
    assert ask(bytes_url(small)).content == DATA
    assert ask(bytes_url(small), Range="bytes=0-9").content == DATA[:10]
    assert QUOTA_TITLE in ask(bytes_url(small)).text


def test_quota_on_resume(ask: Ask, small: DriveFile) -> None:
    """A9d: a request from the start is served, one that resumes gets the page."""
    small.quota = "on-resume"
    assert ask(bytes_url(small), Range="bytes=0-9").content == DATA[:10]
    resumed = ask(bytes_url(small), Range="bytes=10-")
    assert (resumed.status_code, QUOTA_TITLE in resumed.text) == (200, True)


def test_quota_status(ask: Ask, small: DriveFile) -> None:
    """A9: the quota page comes with 403 if the option says so."""
    small.quota, small.quota_status = "always", 403
    answer = ask(bytes_url(small))
    assert (answer.status_code, QUOTA_TITLE in answer.text) == (403, True)
