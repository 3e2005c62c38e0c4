"""When a running download is split over more connections."""

import time

from evio_data._transfer.splitting import SETTLE, Splitter


def test_splitter_grows_in_steps() -> None:
    """The first step is two connections, however many are idle; then the gain is measured."""
    splitter = Splitter()
    for _ in range(2):
        assert splitter.ready(1e6, 1)
        splitter.made(1e6, 1, idle=7)
    assert not splitter.ready(1e6, 3)


def stepped(splitter: Splitter) -> None:
    """Make a first step, from one connection to three, and let the time for a measurement pass."""
    for working in (1, 2):
        assert splitter.to_come(working, 7) == 3 - working
        splitter.made(1e6, working, idle=7)
    time.sleep(2 * SETTLE)


def test_splitter_fills_up_at_once() -> None:
    """Where three connections have proved their worth, one that falls idle waits for nothing."""
    splitter = Splitter()
    stepped(splitter)
    assert splitter.ready(3e6, 3)
    splitter.made(3e6, 3, idle=1)
    assert splitter.ready(3e6, 2)
    assert not splitter.ready(3e6, 4)


def test_splitter_rests_where_the_line_is_full() -> None:
    """Where two more connections have brought nothing, there are no more for a while."""
    splitter = Splitter()
    stepped(splitter)
    assert not splitter.ready(1e6, 3)
    assert not splitter.ready(1e6, 1)


def test_splitter_without_a_rate() -> None:
    """Nothing is split before a rate is known."""
    splitter = Splitter()
    assert splitter.measure(0) == 0.0
    assert not splitter.ready(0.0, 1)
