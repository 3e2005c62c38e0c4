"""The record of every request."""

from __future__ import annotations

from evio_data.testing import DriveFile, DriveServer
from tests.testing.asking import DATA, Ask


def test_log(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Every request is recorded with what was asked and what was answered."""
    ask(file.url)
    ask(f"https://drive.usercontent.google.com/download?id={file.id}", Range="bytes=5-9")
    first, second = server.requests
    assert (first.method, first.host, first.path) == ("GET", "drive.google.com", "/uc")
    assert first.query == {"export": "download", "id": file.id}
    assert (first.status, first.kind, first.sent, first.range) == (303, "redirect", 0, None)
    assert (second.host, second.file_id) == ("drive.usercontent.google.com", file.id)
    assert (second.status, second.kind, second.sent) == (206, "data", 5)
    assert second.range == second.headers["range"] == "bytes=5-9"
    assert first.client_port == second.client_port


def test_sent_counts_data_only(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Pages are not data; data are counted by file and in all."""
    other = server.add("other", b"x" * 10, large=True)
    address = "https://drive.usercontent.google.com/download?id={}"
    ask(address.format(file.id))
    ask(address.format(other.id))
    ask(address.format(other.id) + "&confirm=t")
    assert (server.sent(file), server.sent(other)) == (len(DATA), 10)
    assert server.sent() == len(DATA) + 10
    assert [record.kind for record in server.requests] == ["data", "page", "data"]
    server.forget()
    assert (server.requests, server.sent()) == ([], 0)
