"""Shorter waits for tests, in this process and in those that it starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLE = "_EVIO_DATA_PATIENCE"  # read by `evio_data` whenever it is about to wait


@contextmanager
def patience(scale: float) -> Iterator[None]:
    """Multiply the waits between attempts: a test of a retry need not last as long as one.

    It holds for all threads, and for processes that are started meanwhile. What a server
    asks for (``Retry-After``) and time-outs are not touched.

    Parameters
    ----------
    scale
        ``0.01`` makes a wait of half a second one of 5 ms; ``1`` gives the usual waits back.

    Examples
    --------
    >>> from evio_data.testing import patience
    >>> with patience(0.01):
    ...     pass  # evio_data.fetch(...), against a `DriveServer` with faults
    """
    if not scale >= 0:
        raise ValueError(f"scale is a number from 0 on; not {scale!r}")
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = repr(float(scale))
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_VARIABLE, None)
        else:
            os.environ[_VARIABLE] = before
