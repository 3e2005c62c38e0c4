"""The record of every request, for tests to read."""

from __future__ import annotations

import copy
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["data", "page", "redirect", "api", "error"]


@dataclass(slots=True)
class RequestRecord:
    """One request and what was answered.

    Attributes
    ----------
    method, path, query, headers
        What was asked; header names in lower case.
    host
        The Google host that was meant (in endpoint mode: the one that has this path),
        or the address of the server itself for a plain URL.
    range
        The ``Range`` header, or None.
    file_id
        The Drive id, or None.
    status
        The status that was answered.
    kind
        ``"data"`` (bytes of a file), ``"page"``, ``"redirect"``, ``"api"`` or ``"error"``.
    sent
        Body bytes handed to the connection so far; the system may still hold some of them.
    client_port
        The client's TCP port: equal for requests of one connection.
    started, ended
        `time.monotonic` seconds; `ended` is None while the answer is under way.
    """

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    range: str | None
    file_id: str | None
    status: int
    kind: Kind
    client_port: int
    sent: int = 0
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None


class Log:
    """The records of one server, in the order of the requests."""

    def __init__(self) -> None:
        self._records: list[RequestRecord] = []
        self._lock = threading.Lock()

    def add(self, record: RequestRecord) -> None:
        """Append one record; its connection goes on updating it."""
        with self._lock:
            self._records.append(record)

    def snapshot(self) -> list[RequestRecord]:
        """Return copies that no longer change."""
        with self._lock:
            return [copy.copy(record) for record in self._records]

    def sent(self, file_id: str | None) -> int:
        """Return the bytes of file data sent, of one file or of all."""
        wanted = [record for record in self.snapshot() if record.kind == "data"]
        return sum(record.sent for record in wanted if file_id in (None, record.file_id))

    def clear(self) -> None:
        """Forget every record."""
        with self._lock:
            self._records.clear()
