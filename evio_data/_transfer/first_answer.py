"""The first answer about a file, opened before anybody knows how large it is."""

from typing import NamedTuple

from .._sources.base import Body, Source


class FirstAnswer(NamedTuple):
    """What the first request of a file has brought, for a `Download` to go on with.

    Attributes
    ----------
    source : Source
    body : Body or None
        Open.
    problem : Exception or None
    """

    source: Source
    body: Body | None = None
    problem: Exception | None = None

    def take(self) -> Body:
        """Return the body, or raise the problem."""
        if self.problem is not None:
            raise self.problem
        assert self.body is not None
        return self.body

    def close(self) -> None:
        """Let go of the body."""
        if self.body is not None:
            self.body.stream.release()
