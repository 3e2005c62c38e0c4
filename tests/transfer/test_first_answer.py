"""The first answer about a file: taken, or told as what it is, and let go of in the end."""

from __future__ import annotations

import pytest

from evio_data._http.connection import TransportError
from evio_data._http.ranges import Placement
from evio_data._http.validators import Validators
from evio_data._sources.base import Body
from evio_data._sources.origin import source_of
from evio_data._transfer.first_answer import FirstAnswer

SOURCE = source_of("https://example.org/a.raw")


class Stream:
    """A body that takes note when it is let go of."""

    ends_itself = True
    is_released = False

    def read_into(self, view: memoryview) -> int:
        """Have no bytes."""
        return 0

    def abort(self) -> None:
        """Wake nobody."""

    def release(self) -> None:
        """Take note."""
        self.is_released = True


def test_body() -> None:
    """A body is handed on open, and closed where nobody takes it."""
    stream = Stream()
    body = Body(stream, Placement(0, None, None, honoured=False), Validators("h", None))
    answer = FirstAnswer(SOURCE, body)
    assert answer.take() is body
    assert not stream.is_released
    answer.close()
    assert stream.is_released


def test_problem() -> None:
    """A problem is raised where the body would be used, so that it is handled there."""
    answer = FirstAnswer(SOURCE, problem=TransportError("reset"))
    answer.close()
    with pytest.raises(TransportError, match="reset"):
        answer.take()
