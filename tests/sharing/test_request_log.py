"""Tests of the log that neither a crowd nor a slow reader can hold up."""

from __future__ import annotations

import threading

from evio_data._sharing.request_log import LINES_A_SECOND, MAX_WAITING, RequestLog


def test_a_crowd_is_counted() -> None:
    """Of many lines at once some are written, and the number of the others."""
    lines: list[str] = []
    log = RequestLog(lines.append)
    for number in range(10_000):
        log.add(lambda number=number: str(number))  # type: ignore[misc]
    log.close()

    words = [line for line in lines if "more" in line]
    left_out = sum(int(line.split()[0].replace(",", "")) for line in words)
    assert lines[:2] == ["0", "1"]
    assert lines[-1] == "stopped"
    assert len(lines) - len(words) - 1 + left_out == 10_000
    assert left_out >= 10_000 - LINES_A_SECOND * 100


def test_a_reader_that_stops() -> None:
    """Lines that nobody takes are neither waited for nor kept without bound."""
    stopped = threading.Event()

    def block(line: str) -> None:
        stopped.wait()

    log = RequestLog(block)
    try:
        for _ in range(3 * MAX_WAITING):
            log.add(str)
        log.close()
    finally:
        stopped.set()
