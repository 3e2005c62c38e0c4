"""Request one byte, to learn whether a source sends a file, and its size."""

from typing import NamedTuple

from .._http.connection import HttpSession, UnavailableError
from .._http.ranges import LAST_REFUSALS, RangeError, RangeNotSatisfiableError
from ..errors import DownloadError
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
        return _asked(source, session, ranged=True)
    except RangeNotSatisfiableError as error:
        if error.total == 0:  # an empty file has no first byte
            return Probe(0)
        return _asked(source, session, ranged=False)
    except RangeError as error:
        with source.open(session, 0, 1, ranged=False):
            return Probe(None, f"{error}.")
    except (DownloadError, UnavailableError) as error:
        if error.status not in LAST_REFUSALS:
            raise
        return _asked(source, session, ranged=False)


def _asked(source: Source, session: HttpSession, *, ranged: bool) -> Probe:
    with source.open(session, 0, 1, ranged=ranged) as body:
        if body.placement.honoured:  # with its byte read, the connection can be used again
            body.stream.read_into(memoryview(bytearray(1)))
        size = None if body.coding else body.placement.total
        return Probe(size, "" if size is not None else "the server did not say.")
