"""A small file with a published hash: received into memory, hashed there, published at once."""

import os
import time

from .._cache.hashing import Digests
from .._cache.partial import JOURNAL, PART, left_in
from .._files import open_nofollow, write_all
from .._http.connection import HttpSession, TransportError
from .._http.ranges import RangeError
from .._registry.hashes import kind_of
from .._report import Outcome
from .._sources.base import Body
from ..errors import ChecksumError, DownloadError
from .cancellation import Cancellation
from .first_answer import FirstAnswer
from .jobs import Job

SMALL = 256 * 1024  # bytes that need no partial: what a break can cost
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL


def receive_small(
    job: Job, session: HttpSession, cancellation: Cancellation
) -> Outcome | FirstAnswer | None:
    """Receive a file that nothing is there of, if it is small.

    Returns
    -------
    Outcome or FirstAnswer or None
        The outcome of a published file; the first answer, where that is for a `Download` to
        handle; None where this is no way for the file.
    """
    began, state = time.monotonic(), job.destination.state
    known = job.destination.known_hash(job.entry.hash)
    is_begun = not job.destination.is_new and bool(left_in(state, JOURNAL))
    if job.entry.hash is None or known is None or is_begun:
        return None
    source = job.sources()[0]
    try:
        body = source.open(session, 0, None)
    except (TransportError, RangeError, DownloadError, ChecksumError) as error:
        return FirstAnswer(source, problem=error)
    total = body.placement.total
    if not _is_small(job, body, total):
        return FirstAnswer(source, body)
    data = _read(body, cancellation)
    if isinstance(data, TransportError):
        return FirstAnswer(source, problem=data)
    digests = Digests((kind_of(known),))
    digests.update(memoryview(data))
    if digests.hashes()[kind_of(known)] != known:
        return None  # from zero, and with all that a Download knows to do about it
    _publish(job, data, known)
    seconds = time.monotonic() - began
    path = job.destination.path
    return Outcome(job.name, "fetched", path, total, len(data), seconds=seconds, hash=known)


def _is_small(job: Job, body: Body, total: int | None) -> bool:
    whole = body.placement.start == 0 and body.placement.stop in (None, total)
    expected = job.entry.size in (None, total)
    return whole and expected and not body.coding and total is not None and total <= SMALL


def _read(body: Body, cancellation: Cancellation) -> bytearray | TransportError:
    """Return all bytes of a body, or what broke it off."""
    data, at = bytearray(body.placement.total or 0), 0
    with body, memoryview(data) as view:
        cancellation.watch(body.stream)
        try:
            while at < len(data):
                count = body.stream.read_into(view[at:])
                if not count:
                    return TransportError("the body was cut short")
                at += count
        except TransportError as error:
            return error
        finally:
            cancellation.unwatch(body.stream)
    return data


def _publish(job: Job, data: bytearray, known: str) -> None:
    part = job.destination.state / f"{os.getpid():x}-{os.urandom(4).hex()}{PART}"
    try:
        with open_nofollow(part, _NEW) as file:
            write_all(file, data)
        job.destination.publish(part, known)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
