"""The error tree: parents, messages, and what survives the way from one process to another."""

import builtins
import copy
import errno
import inspect
import pickle
import re

import pytest
import requests

from evio_data import errors

TREE = {
    "EvioDataError": (),
    "RegistryError": ("EvioDataError", ValueError),
    "UnknownDatasetError": ("EvioDataError", LookupError),
    "ChecksumError": ("EvioDataError",),
    "OfflineError": ("EvioDataError",),
    "DownloadError": ("EvioDataError", OSError),
    "CacheError": ("DownloadError",),
    "DriveRefusedError": ("DownloadError",),
    "QuotaExceededError": ("DriveRefusedError",),
    "AccessDeniedError": ("DriveRefusedError",),
    "NotFoundError": ("DriveRefusedError",),
}
KINDS = [getattr(errors, name) for name in TREE]
DRAWING = errors.__doc__ or ""


def filled(kind: type[errors.EvioDataError]) -> errors.EvioDataError:
    """Return an error of this kind with all that it can carry."""
    error = kind("the line was cut.", name="fan.raw", advice="Run again.")
    extras = {"line": 7, "candidates": ("a", "b"), "received": 9, "expected": "e", "actual": "f"}
    for attribute, value in extras.items():
        if hasattr(kind, attribute):
            setattr(error, attribute, value)
    if isinstance(error, OSError):
        error.errno = errno.ENOSPC
    return error


def test_everything_public_is_in_the_tree() -> None:
    """The module exports its error classes, all of them, and nothing else."""
    own = [
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and value.__module__ == errors.__name__
    ]

    assert sorted(own) == sorted(errors.__all__) == sorted(TREE)


@pytest.mark.parametrize(("name", "parents"), TREE.items())
def test_parent(name: str, parents: tuple[object, ...]) -> None:
    """Each error has the parents that the tree draws."""
    bases = getattr(errors, name).__bases__ if parents else ()

    assert bases == tuple(
        getattr(errors, parent) if isinstance(parent, str) else parent for parent in parents
    )


def test_docstring_draws_the_tree() -> None:
    """The module's docstring draws every error under its parent, with the builtin it also is."""
    drawn: dict[str, tuple[object, ...]] = {}
    above: list[str] = []
    for branch, name, builtin in re.findall(
        r"(?m)^    ([│├└─ ]*)(\w+Error)(?:\((\w+)\))?", DRAWING
    ):
        depth = len(branch) // 4
        above[depth:] = [name]
        parent = (above[depth - 1],) if depth else ()
        extra = (getattr(builtins, builtin),) if builtin and depth else ()
        drawn[name] = parent + extra

    assert drawn == TREE


@pytest.mark.parametrize(
    ("builtin", "names"),
    [
        (
            OSError,
            {
                "DownloadError",
                "CacheError",
                "DriveRefusedError",
                "QuotaExceededError",
                "AccessDeniedError",
                "NotFoundError",
            },
        ),
        (ValueError, {"RegistryError"}),
        (LookupError, {"UnknownDatasetError"}),
        (requests.RequestException, set()),
    ],
)
def test_what_a_builtin_catches(builtin: type[Exception], names: set[str]) -> None:
    """``except OSError`` takes downloads, ``ValueError`` the registry, ``LookupError`` a name."""
    assert {kind.__name__ for kind in KINDS if issubclass(kind, builtin)} == names


@pytest.mark.parametrize("kind", KINDS)
def test_message_says_which_what_and_what_now(kind: type[errors.EvioDataError]) -> None:
    """A message is the name, then what happened, then the advice."""
    assert str(filled(kind)) == "fan.raw: the line was cut. Run again."


@pytest.mark.parametrize("kind", KINDS)
def test_message_without_name_and_advice(kind: type[errors.EvioDataError]) -> None:
    """What is not known leaves no trace in the message."""
    assert str(kind("the line was cut.")) == "the line was cut."


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("travel", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy])
def test_travels(kind: type[errors.EvioDataError], travel: object) -> None:
    """An error arrives in another process as it left: type, message, and all it carries."""
    error = filled(kind)
    assert callable(travel)
    arrived = travel(error)

    assert type(arrived) is kind
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
    assert getattr(arrived, "errno", None) == getattr(error, "errno", None)


def test_about_names_a_nameless_error() -> None:
    """The first to know the name tells it, in the attribute and in the message."""
    error = errors.DownloadError("was cut.", advice="Run again.").about("fan.raw")

    assert (error.name, str(error)) == ("fan.raw", "fan.raw: was cut. Run again.")


def test_about_keeps_a_name() -> None:
    """A name once told stays, and is not put in front twice."""
    error = errors.DownloadError("was cut.", name="a.raw").about("b.raw")

    assert (error.name, str(error)) == ("a.raw", "a.raw: was cut.")
