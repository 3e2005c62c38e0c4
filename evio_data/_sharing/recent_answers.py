"""Remember whole answers with small files, for as long as the files are the same."""

import os

from .http_request import Request

MAX_ANSWERS = 256
_SELECTING = frozenset({"range", "if-range", "if-match", "if-none-match"})

Signature = tuple[int, int, int, int]


class RecentAnswers:
    """Answers to requests for a whole small file: a look at the file's status instead of a read."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Signature, bytes]] = {}

    def find(self, request: Request) -> tuple[int, bytes] | None:
        """Return the file's size and the answer, if there is one and its file is the same."""
        known = self._known.get(request.target)
        if known is None or not _is_plain(request):
            return None
        path, signature, answer = known
        try:
            same = _signature(os.stat(path)) == signature  # noqa: PTH116
        except OSError:
            return None
        return (signature[1], answer) if same else None

    def keep(self, request: Request, path: str, status: os.stat_result, answer: bytes) -> None:
        """Remember the answer to a request; who asked in other words is not answered by it."""
        if _is_plain(request):
            if len(self._known) >= MAX_ANSWERS:
                self._known.clear()
            self._known[request.target] = (path, _signature(status), answer)


def _is_plain(request: Request) -> bool:
    plain = request.method == "GET" and request.keep_alive
    return plain and _SELECTING.isdisjoint(request.headers)


def _signature(status: os.stat_result) -> Signature:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
