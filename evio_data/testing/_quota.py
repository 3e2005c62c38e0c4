"""Whether the quota of a file is used up for a request."""

from __future__ import annotations

from ._data import is_bounded, requested_span
from ._files import DriveFile
from ._wire import Request


def is_used_up(file: DriveFile, request: Request) -> bool:
    """Whether a request is refused before anything else is asked."""
    counted = isinstance(file.quota, int) and file.served >= file.quota
    return (file.quota == "always" or counted) and not _is_spared(file, request)


def is_used_up_after_the_form(file: DriveFile, request: Request) -> bool:
    """Whether a request is refused although it asks for the bytes in the right way."""
    hit = file.quota == "after-form" or (file.quota == "on-resume" and _resumes(file, request))
    return hit and not _is_spared(file, request)


def _resumes(file: DriveFile, request: Request) -> bool:
    span = requested_span(request.headers.get("range"), file.size)
    return span is not None and span[0] > 0


def _is_spared(file: DriveFile, request: Request) -> bool:
    return file.quota_spares_bounded and is_bounded(request.headers.get("range"))
