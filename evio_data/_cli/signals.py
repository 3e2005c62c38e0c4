"""Turn SIGINT and SIGTERM into a ``KeyboardInterrupt`` at a safe moment."""

import os
import signal
import threading
from types import FrameType

from .terminal import INTERRUPTED

AGAIN = 0.02  # seconds until a signal that came in a delicate moment comes again
_HAS_TIMER = hasattr(signal, "setitimer")


def stop_on_signals() -> None:
    """Let SIGINT and SIGTERM stop the work in good order, and a second one at once."""
    for each in _caught():
        signal.signal(each, _interrupt)


def end_on_signals(code: int) -> None:
    """Let a signal that comes when all is told end the process with its result."""
    _redeliver_after(0)
    for each in _caught():
        signal.signal(each, lambda *_: os._exit(code))


def _caught() -> list[signal.Signals]:
    wanted = (signal.SIGINT, signal.SIGTERM)  # ignored: by nohup, in a shell's background job
    caught = [each for each in wanted if signal.getsignal(each) is not signal.SIG_IGN]
    return [*caught, signal.SIGALRM] if _HAS_TIMER else caught


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _HAS_TIMER and _in_critical_section(frame):
        _redeliver_after(AGAIN)  # there, one may be swallowed, or come out as another
        return
    _redeliver_after(0)
    for each in _caught():
        signal.signal(each, lambda *_: os._exit(INTERRUPTED))
    raise KeyboardInterrupt


def _redeliver_after(seconds: float) -> None:
    """Set the timer that stands for a signal; 0: take it back."""
    if _HAS_TIMER:
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _in_critical_section(frame: FrameType | None) -> bool:
    """Say whether an import, or the start of a thread, is under way."""
    while frame is not None:
        code = frame.f_code
        if code is _START or code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


_START = threading.Thread.start.__code__
