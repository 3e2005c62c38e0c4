"""Request one byte, to learn whether a source sends a file, and its size."""

from typing import NamedTuple

from .._http.connection import HttpSession
from .._http.ranges import RangeError, RangeNotSatisfiableError
from .base import Source


class Probe(NamedTuple):
    """What a source tells of a file that it would send.

    Attributes
    ----------
    size : int or None
        Bytes.
    why_unsized : str
        Why there is no size, in words.
    """

    size: int | None
    why_unsized: str = ""


def probe(source: Source, session: HttpSession) -> Probe:
    """Ask for the first byte, whose answer says how many there are.

    Raises
    ------
    TransportError
        For what may pass.
    DownloadError
        If the source does not send the file.
    """
    try:
        with source.open(session, 0, 1) as body:
            if body.placement.honoured:  # with its byte read, the connection can be used again
                body.stream.read_into(memoryview(bytearray(1)))
            size = None if body.coding else body.placement.total
            return Probe(size, "" if size is not None else "the server did not say.")
    except RangeNotSatisfiableError:
        return Probe(0)  # an empty file has no first byte
    except RangeError as error:
        with source.open(session, 0, 1, ranged=False):
            return Probe(None, f"{error}.")
