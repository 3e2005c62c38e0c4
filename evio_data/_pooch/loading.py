"""Load a registry file in pooch's format."""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from .._registry.names import MAX_NAME, check_name
from .._registry.parser import UNPINNED, checked_hash, columns
from .._text import clean
from ..errors import RegistryError
from .errors import MalformedRegistryError


class Loaded(NamedTuple):
    """What a registry file adds to the two dictionaries of a pooch."""

    registry: dict[str, str | None]
    urls: dict[str, str]


def load(file: Any) -> Loaded:
    """Return the entries of a registry file, or of an open one.

    Raises
    ------
    MalformedRegistryError
        At the first line that breaks a rule.
    """
    loaded = Loaded({}, {})
    try:
        for name, known_hash, *url in _lines(_text(file)):
            loaded.registry[name] = None if known_hash == UNPINNED else known_hash
            if url:
                loaded.urls[name] = url[0]
    except MalformedRegistryError as error:
        raise error.about(source_of(file)) from error.__cause__
    return loaded


def source_of(file: Any) -> str:
    """Return what messages call a registry file."""
    source = file if isinstance(file, str | os.PathLike) else getattr(file, "name", "")
    return clean(str(source) or "registry", MAX_NAME)


def _check_hash(known_hash: str | None) -> None:
    """Refuse a known hash without a kind that is no SHA-256; of the others, `fetch` speaks."""
    if known_hash is not None and ":" not in known_hash:
        checked_hash(known_hash)


def _text(file: Any) -> str:
    if hasattr(file, "read"):
        data = file.read()
    else:
        with open(file, "rb") as opened:  # noqa: PTH123
            data = opened.read()
    return data if isinstance(data, str) else _decoded(data)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _located(RegistryError("is not UTF-8 text."), line) from error


def _lines(text: str) -> Iterator[list[str]]:
    """Return the two or three columns of each line; pooch's own way needs seconds for 100,000."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("#"):
            continue
        try:
            words = _escaped(line) if "\\" in line else columns(line)
            if words:
                yield _checked_columns(words)
        except RegistryError as error:
            raise _located(error, number) from error


def _checked_columns(words: list[str]) -> list[str]:
    if len(words) not in (2, 3):
        raise RegistryError(f"has {len(words)} columns; wanted: name, hash and, if need be, url.")
    check_name(words[0])
    words[1] = words[1].lower()
    _check_hash(words[1])
    return words


def _escaped(line: str) -> list[str]:
    """Return the words of a line in which blanks are escaped as in a shell, which pooch allows."""
    import shlex

    try:
        return shlex.split(line)
    except ValueError as error:
        raise RegistryError(f"has a broken quotation ({error}).") from error


def _located(error: RegistryError, line: int) -> MalformedRegistryError:
    located = MalformedRegistryError(f"line {line}: {error}", advice="Correct the registry file.")
    located.line = line
    return located
