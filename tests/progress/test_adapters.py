"""What a ``progressbar`` argument means: bars, silence, or an object of pooch's kind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from evio_data._progress.adapters import PoochProgress, progress_for
from evio_data._progress.log import LogProgress


class Bar:
    """An object as pooch's documentation describes it; false, as an empty tqdm is."""

    def __init__(self) -> None:
        self.total = -1
        self.said: list[Any] = []

    def __bool__(self) -> bool:
        return False

    def update(self, count: int) -> None:
        """Take bytes."""
        self.said.append(count)

    def reset(self) -> None:
        """Begin again."""
        self.said.append("reset")

    def close(self) -> None:
        """End."""
        self.said.append("close")


@pytest.mark.parametrize("progressbar", [None, False])
def test_silence(progressbar: Any) -> None:
    """Without a bar words go to the logger."""
    with progress_for(progressbar) as watcher:
        assert type(watcher) is LogProgress


def test_a_bar_that_is_not_used_is_not_touched() -> None:
    """Where nothing is received the object hears nothing."""
    bar = Bar()
    with progress_for(bar) as watcher:
        watcher.refresh(SimpleNamespace())
    assert (bar.said, bar.total) == ([], -1)


def test_a_bar_is_driven() -> None:
    """Bytes are added up; a file that begins again resets the bar; the end closes it."""
    bar = Bar()
    download = SimpleNamespace(total=100, received=0)
    with PoochProgress(bar) as watcher:
        watcher.started(SimpleNamespace(download=download))  # type: ignore[arg-type]
        for received in (30, 30, 70, 10):
            download.received = received
            watcher.refresh(SimpleNamespace())
        download.received = 100
    assert bar.said == [30, 40, "reset", 10, 90, "close"]
    assert bar.total == 100
