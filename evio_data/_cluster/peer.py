"""A file that another worker has, read block by block over Dask's own connections."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, BinaryIO, NamedTuple

from distributed.core import send_recv

from .._http import ranges
from .._http.connection import HttpSession, TransportError
from .._http.ranges import Placement, RangeNotSatisfiableError
from .._http.validators import Validators
from .._sources.base import Body
from .._text import clean
from ..errors import DownloadError

CONNECT = 5.0  # seconds for a peer to take a connection
BLOCK = 4 * 1024 * 1024  # bytes of one answer; a transfer holds two of them


class Block(NamedTuple):
    """Some bytes of a file, and how many it has."""

    data: memoryview
    total: int


async def ask_peer(
    worker: Any, address: str, handler: str, name: str, start: int, stop: int
) -> dict[str, Any]:
    """Return a peer's answer; one that is gone is not waited for as long as Dask would.

    Raises
    ------
    DownloadError
        If it takes no connection.
    """
    try:
        comm = await worker.rpc.connect(address, timeout=CONNECT)
    except OSError as error:
        raise DownloadError(f"it takes no connection ({clean(str(error), 120)}).") from error
    try:
        reply: dict[str, Any] = await send_recv(comm, op=handler, name=name, start=start, stop=stop)
    finally:
        worker.rpc.reuse(address, comm)
    return reply


class Peers:
    """The way to the other workers: what a worker has of Dask, for threads.

    Parameters
    ----------
    worker : distributed.Worker
    handler : str
        The operation that `Site` answers.
    timeout : float
        Seconds of silence.
    """

    def __init__(self, worker: Any, handler: str, timeout: float) -> None:
        self._worker = worker
        self._handler = handler
        self.timeout = timeout

    def ask(self, address: str, name: str, start: int, stop: int) -> "Future[Block]":
        """Ask a worker for a stretch of a file, and return at once."""
        return self._soon(self._ask(address, name, start, stop))

    async def _ask(self, address: str, name: str, start: int, stop: int) -> Block:
        reply = await ask_peer(self._worker, address, self._handler, name, start, stop)
        if "data" not in reply:
            raise DownloadError("it does not have the file any more.", advice="Run again.")
        return Block(memoryview(reply["data"]).cast("B"), int(reply["total"]))

    def _soon(self, work: "Coroutine[Any, Any, Block]") -> "Future[Block]":
        return asyncio.run_coroutine_threadsafe(work, self._worker.loop.asyncio_loop)


def block_of(file: BinaryIO, start: int, stop: int) -> bytes:
    """Return a stretch of a file, of at most one block."""
    file.seek(start)
    return file.read(max(0, min(stop - start, BLOCK)))


class PeerSource:
    """A registered file at another worker.

    Parameters
    ----------
    peers : Peers
    address : str
        Of the worker, as Dask knows it.
    name : str

    Attributes
    ----------
    sent : int
        Bytes that were read from it.
    ended : bool
        Whether the last byte was among them.
    """

    is_mirror = True
    proves_files = True

    def __init__(self, peers: Peers, address: str, name: str) -> None:
        self.label = address
        self.sent = 0
        self.ended = False
        self._peers = peers
        self._name = name

    def open(
        self, connection: HttpSession, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop)."""
        stream = _Stream(self, self._peers, self._name, start)
        total = stream.begin(start + BLOCK if stop is None else stop)
        if start >= total > 0:
            raise RangeNotSatisfiableError(f"416 for {ranges.header(start, stop)}", total)
        stream.stop = total if stop is None else min(stop, total)
        placement = Placement(start, stream.stop, total, honoured=total > 0)
        return Body(stream, placement, Validators(self.label, total))


class _Stream:
    """The bytes of a file at a peer: the block that is read, and the next one on its way."""

    ends_itself = True

    def __init__(self, source: PeerSource, peers: Peers, name: str, start: int) -> None:
        self._source = source
        self._peers = peers
        self._name = name
        self._at = start  # where the next block begins
        self._block = memoryview(b"")
        self._coming: Future[Block] | None = None
        self._aborted = False
        self.stop = start

    def begin(self, stop: int) -> int:
        """Wait for the first block; return how many bytes the file has."""
        self._ask(stop)
        return self._take().total

    def read_into(self, view: memoryview) -> int:
        """Read some bytes; 0 at the end."""
        if self._aborted:
            raise TransportError("the transfer was aborted")
        if not self._block and self._coming is not None:
            self._take()
        if self._coming is None and self._at < self.stop:
            self._ask(self.stop)
            if not self._block:
                self._take()
        count = min(len(view), len(self._block))
        view[:count] = self._block[:count]
        self._block = self._block[count:]
        self._source.sent += count
        return count

    def abort(self) -> None:
        """Wake a reader in another thread."""
        self._aborted = True
        self.release()

    def release(self) -> None:
        """Be done with it."""
        coming = self._coming
        if coming is not None:
            coming.cancel()

    def _ask(self, stop: int) -> None:
        until = min(stop, self._at + BLOCK)
        self._coming = self._peers.ask(self._source.label, self._name, self._at, until)

    def _take(self) -> Block:
        coming, self._coming = self._coming, None
        assert coming is not None
        try:
            block = coming.result(self._peers.timeout)
        except TimeoutError as error:
            coming.cancel()
            raise TransportError("timed out waiting for the peer") from error
        except CancelledError as error:
            raise TransportError("the transfer was aborted") from error
        except DownloadError:
            raise
        except OSError as error:
            raise TransportError(clean(str(error), 120) or "the peer is gone") from error
        except Exception as error:
            raise DownloadError(f"the peer refuses: {clean(str(error), 120)}.") from error
        self._at += len(block.data)
        self._block = block.data
        self._source.ended = self._source.ended or self._at >= block.total
        return block
