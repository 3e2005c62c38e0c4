"""The entry points of ``evio-data`` and ``prefetch-datasets``."""

# Nothing is imported at the top: a signal that comes before `stop_on_signals` has no catcher.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from ..errors import EvioDataError


def main(arguments: "Sequence[str] | None" = None) -> "NoReturn":
    """Run ``evio-data`` and exit."""
    _run("evio_data", arguments)


def prefetch_datasets(arguments: "Sequence[str] | None" = None) -> "NoReturn":
    """Run ``prefetch-datasets`` and exit."""
    _run("prefetch_datasets", arguments)


def _run(program: str, arguments: "Sequence[str] | None") -> "NoReturn":
    options = None
    try:
        from .signals import end_on_signals, stop_on_signals

        stop_on_signals()
        from . import parser

        options = parser.parse(program, arguments)
        code = _checked_settings(options) or _result(options)
        end_on_signals(code)
    except KeyboardInterrupt:
        code = _interrupted(options)
    raise SystemExit(code)


def _checked_settings(options: "argparse.Namespace") -> int:
    """Return the exit code of an environment that cannot be used, or 0."""
    from .._settings import from_environment
    from ..errors import EvioDataError
    from .terminal import OK, USAGE

    try:
        from_environment()
    except EvioDataError as error:
        return _stopped(options, error, USAGE)
    return OK


def _result(options: "argparse.Namespace") -> int:
    from ..errors import EvioDataError, RegistryError, UnknownDatasetError
    from .terminal import FAILED, USAGE

    try:
        return int(_handler(options)(options))
    except (UnknownDatasetError, RegistryError) as error:
        return _stopped(options, error, USAGE)
    except EvioDataError as error:
        return _stopped(options, error, FAILED)
    except OSError as error:  # not of a file of ours: the present folder is gone
        return _stopped(options, EvioDataError(f"{error}."), FAILED)
    except (MemoryError, SystemError) as error:  # the compiler's way to run out of memory
        message = "This process got no more memory."
        if isinstance(error, SystemError):
            message = f"Python itself failed, probably without memory: {error}."
        advice = "Raise the limit of this process, and run again."
        return _stopped(options, EvioDataError(message, advice=advice), FAILED)


def _handler(options: "argparse.Namespace") -> "Callable[[argparse.Namespace], int]":
    """Return the function that runs a command; its module is imported only now."""
    from importlib import import_module

    module, _, function = options.handler.partition(":")
    found: Callable[[argparse.Namespace], int] = getattr(
        import_module(f".{module}", __package__), function
    )
    return found


def _interrupted(options: "argparse.Namespace | None") -> int:
    from .terminal import INTERRUPTED

    return _stopped(options, None, INTERRUPTED)


def _stopped(options: "argparse.Namespace | None", error: "EvioDataError | None", code: int) -> int:
    """Say what ended a command before it had a result: an error, or (None) an interrupt."""
    from .terminal import say, show_json

    say(f"error: {error}" if error else "\nInterrupted. Run again to go on.")
    if getattr(options, "json", False):
        from .output import error_json, frame

        interrupted = error is None
        show_json(frame(ok=False, interrupted=interrupted, error=error_json(error)))
    return code
