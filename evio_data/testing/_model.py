"""The Drive itself, without sockets: what it holds, and the options of the whole server."""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass

from ._content import Content
from ._files import DriveFile
from ._folders import DriveFolder, Item, Shortcut
from ._traffic import Traffic


@dataclass(frozen=True, slots=True)
class Token:
    """A ``uuid`` that was written into a form."""

    file_id: str
    inputs: dict[str, str]
    issued: float


class Drive:
    """Files and folders by id, tokens handed out, and server-wide options.

    The options are described at `DriveServer`.
    """

    __slots__ = (
        "_contents",
        "_first_of_name",
        "_tokens",
        "api_key",
        "api_page_limit",
        "cookies",
        "items",
        "language",
        "latency",
        "lenient",
        "max_connections",
        "max_requests_per_second",
        "proxy_status",
        "rate",
        "rate_per_connection",
        "scan_limit",
        "sorry_for",
        "sorry_status",
        "traffic",
    )

    def __init__(self, *, scan_limit: int, lenient: bool) -> None:
        self.scan_limit: int = scan_limit
        self.lenient: bool = lenient
        self.api_key: str | None = None
        self.api_page_limit: int | None = None
        self.cookies: bool = True
        self.language: str = "en"
        self.latency: float = 0.0  # seconds
        self.proxy_status: int | None = None
        self.rate: float | None = None
        self.rate_per_connection: float | None = None
        self.max_connections: int | None = None
        self.max_requests_per_second: float | None = None
        self.sorry_for: float = 0.0  # seconds
        self.sorry_status: int = 429
        self.traffic: Traffic = Traffic()
        self.items: dict[str, Item] = {}
        self._first_of_name: dict[str, DriveFile] = {}
        self._tokens: dict[str, Token] = {}
        self._contents: list[Content] = []

    def keep(self, source: Content) -> Content:
        """Remember a content, so that it is closed with the server."""
        self._contents.append(source)
        return source

    def register(self, item: Item) -> None:
        """Make an item known by its id."""
        self.items[item.id] = item
        if isinstance(item, DriveFile):
            self._first_of_name.setdefault(item.name, item)

    def file(self, file_id: str) -> DriveFile | None:
        """Return the file of that id (a shortcut is not a file)."""
        item = self.items.get(file_id)
        return item if isinstance(item, DriveFile) else None

    def folder_of(self, folder_id: str) -> DriveFolder | None:
        """Return the folder of that id, through a shortcut if it is one."""
        item = self.items.get(folder_id)
        if isinstance(item, Shortcut):
            item = item.target
        return item if isinstance(item, DriveFolder) else None

    def named(self, name: str) -> DriveFile | None:
        """Return the first file of that name."""
        return self._first_of_name.get(name)

    def too_large(self, file: DriveFile) -> bool:
        """Whether Drive asks before it sends this file."""
        return file.size > self.scan_limit if file.large is None else file.large

    def form_inputs(self, file: DriveFile) -> dict[str, str]:
        """Return the hidden inputs of a new form, and remember them."""
        inputs = {"id": file.id, "export": "download", **file.extra_inputs}
        if file.resource_key is not None:
            inputs["resourcekey"] = file.resource_key
        inputs |= {"confirm": "t", "uuid": str(uuid.uuid4())}
        self._tokens[inputs["uuid"]] = Token(file.id, inputs, time.monotonic())
        return inputs

    def confirmed(self, file: DriveFile, query: dict[str, str]) -> bool:
        """Whether a request for the bytes carries the form's answer."""
        token = self._tokens.get(query.get("uuid", ""))
        if token is not None and token.file_id == file.id:
            return self._lenient(file) or token.inputs.items() <= query.items()
        return self._lenient(file) and bool(query.get("confirm"))

    def is_stale(self, file: DriveFile, query: dict[str, str]) -> bool:
        """Whether a request carries a ``uuid`` that is no longer, or never was, good."""
        if file.token_life is None or "uuid" not in query:
            return False
        token = self._tokens.get(query["uuid"])
        return token is None or time.monotonic() - token.issued > file.token_life

    def _lenient(self, file: DriveFile) -> bool:
        return self.lenient if file.lenient is None else file.lenient

    def cookie(self) -> str:
        """Return a ``Set-Cookie`` value as Google sends to everybody; it means nothing."""
        value = f"5{secrets.randbelow(90) + 10}={secrets.token_urlsafe(48)}"
        return f"NID={value}; path=/; domain=.google.com; HttpOnly"
