"""No pattern of the package takes more than linear time for text that strangers write."""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import pytest

from evio_data._drive.folders import items_of_json, items_of_page
from evio_data._drive.links import file_link
from evio_data._drive.pages import confirmation, refusal
from evio_data._http.head import read_fields
from evio_data._recordings.header import read_header
from evio_data._registry.parser import parse
from evio_data._sharing.http_request import MalformedError, read
from evio_data._text import clean
from evio_data.errors import EvioDataError

PACKAGE = Path(__file__).parents[1] / "evio_data"
METHODS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "split")
LONG = 12_000  # characters: what is linear needs less than NOTHING, what is quadratic far more
REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
NOTHING = 0.005  # seconds of computing
FAILURES = ("\0", "\n", "\n\0", "")  # ends that most patterns refuse, so that they try all ways


class Use(NamedTuple):
    """A pattern, and how it is used."""

    where: str
    pattern: re.Pattern[str]
    method: str


def uses() -> Iterator[Use]:
    """Return all patterns in the package's source."""
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        if relative.parts[0] == "testing" or relative.name == "__main__.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if is_use(node)]
        if calls:
            name = ".".join(["evio_data", *relative.with_suffix("").parts])
            space = vars(importlib.import_module(name.removesuffix(".__init__")))
            methods = methods_of_compiled(tree)
            for call in calls:
                assert isinstance(call, ast.Call)
                yield from found(call, f"{relative}:{call.lineno}", space, methods)


def is_use(node: ast.AST) -> bool:
    """Say whether a piece of code calls a function of ``re`` with a pattern."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in ("compile", *METHODS)
    )


def methods_of_compiled(tree: ast.AST) -> dict[int, str]:
    """Return the method that is taken of each compiled pattern, by the call's identity."""
    return {
        id(node.value): node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call)
    }


def found(
    call: ast.Call, where: str, space: dict[str, Any], methods: dict[int, str]
) -> Iterator[Use]:
    """Return the pattern of a call, unless it is made of what only a running function knows."""
    assert isinstance(call.func, ast.Attribute)
    flags = [word.value for word in call.keywords if word.arg == "flags"]
    flags += [each for each in call.args[1:] if "re." in ast.unparse(each)]
    try:
        text, *rest = (eval(ast.unparse(each), dict(space)) for each in [call.args[0], *flags])
    except NameError:
        return
    method = call.func.attr if call.func.attr != "compile" else methods.get(id(call), "search")
    yield Use(where, re.compile(text, *rest), method)


USES = {use.where: use for use in uses()}


# --- texts that a pattern finds hard ----------------------------------------------------------


def attacks(pattern: re.Pattern[str]) -> Iterator[Callable[[int], str]]:
    """Return texts of any length: a beginning, what a part can repeat, and an end that fails."""
    tree = parser.parse(pattern.pattern, pattern.flags)
    beginnings = {""}
    for before, part in repeats(list(tree), ""):
        beginnings.add(before)
        for pump in {part, part + " ", " "} - {""}:
            for end in FAILURES:
                yield lambda n, b=before, p=pump, e=end: b + p * (n // len(p)) + e  # type: ignore[misc]
    for before in beginnings - {""}:
        yield lambda n, b=before: b * (n // len(b)) + "\0"  # type: ignore[misc]


def repeats(nodes: Iterable[Any], before: str) -> Iterator[tuple[str, str]]:
    """Return each part that may repeat without bound, with a text that leads to it."""
    for kind, value in nodes:
        if kind in REPEATS:
            _, most, inner = value
            yield from repeats(list(inner), before)
            if most > 100:
                yield before, sample(list(inner))
        elif kind is sre.SUBPATTERN:
            yield from repeats(list(value[-1]), before)
        elif kind is sre.BRANCH:
            for branch in value[1]:
                yield from repeats(list(branch), before)
        elif kind in (sre.ASSERT, sre.ASSERT_NOT):
            yield from repeats(list(value[1]), before)
        before += sample([(kind, value)])


def sample(nodes: Iterable[Any]) -> str:
    """Return a text that a part of a pattern matches."""
    return "".join(map(sample_of, nodes))


def sample_of(node: Any) -> str:
    """Return a text that one node matches; a part that may be missing is there where it can be."""
    kind, value = node
    if kind is sre.LITERAL:
        return chr(int(value))
    if kind is sre.IN:
        return member(value)
    if kind in REPEATS:
        least, most, inner = value
        return sample(list(inner)) * int(max(least, min(most, 1)))
    if kind in (sre.SUBPATTERN, sre.BRANCH):
        return sample(list(value[-1] if kind is sre.SUBPATTERN else value[1][0]))
    return "a" if kind in (sre.ANY, sre.NOT_LITERAL) else ""


def member(choices: Any) -> str:
    """Return a character of a set."""
    text = "[" + "".join(spelt(each) for each in choices) + "]"
    return next(chr(n) for n in (97, 32, *range(33, 127), 9, 10) if re.match(text, chr(n)))


def spelt(choice: Any) -> str:
    """Return how one part of a set is written."""
    kind, value = choice
    if kind is sre.NEGATE:
        return "^"
    if kind is sre.RANGE:
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    if kind is sre.LITERAL:
        return re.escape(chr(value))
    return {
        sre.CATEGORY_DIGIT: r"\d",
        sre.CATEGORY_SPACE: r"\s",
        sre.CATEGORY_WORD: r"\w",
        sre.CATEGORY_NOT_DIGIT: r"\D",
        sre.CATEGORY_NOT_SPACE: r"\S",
        sre.CATEGORY_NOT_WORD: r"\W",
    }[value]


# --- how the time grows -----------------------------------------------------------------------


def seconds(work: Callable[[str], object], text: str) -> float:
    """Return the least time of computing of three runs; of one, if that says enough."""
    least = float("inf")
    for _ in range(3):
        began = time.thread_time()
        work(text)
        least = min(least, time.thread_time() - began)
        if not NOTHING < least < 0.2:
            break
    return least


def grows_faster_than_length(work: Callable[[str], object], make: Callable[[int], str]) -> bool:
    """Say whether four times the text takes far more than four times as long, as 16 would be."""
    length = 500
    while (first := seconds(work, make(length))) < NOTHING:
        if length >= LONG:
            return False
        length *= 5
    return seconds(work, make(4 * length)) > 10 * first


@pytest.mark.parametrize("where", USES)
def test_a_pattern_is_linear(where: str) -> None:
    """Whatever a pattern repeats, four times the text takes about four times as long."""
    _, pattern, method = USES[where]
    arguments = ("",) if method == "sub" else ()
    is_of_bytes = isinstance(pattern.pattern, bytes)

    def work(text: str) -> None:
        subject = text.encode() if is_of_bytes else text
        answer = getattr(pattern, method)(*arguments, subject)
        if method == "finditer":
            deque(answer, maxlen=0)

    for make in attacks(pattern):
        assert not grows_faster_than_length(work, make), make(60)


# --- whole readers ----------------------------------------------------------------------------

PIECES = (
    *" \t\v'\"\\<>&#%=/:[]{}0a",
    *("'a'b", '"a" ', "a ", "://", "?key=", "&amp;", "&#x27;", "%25", "<script", "<title", "<div>"),
    *('href="/uc?', "<!--", "<p ", '{"a":', "x,", "é", "# license: ", "a.b"),
)
READERS: dict[str, Callable[[str], object]] = {
    "request": lambda text: read(BytesIO(f"GET / HTTP/1.1\r\nA:{text}\r\n\r\n".encode()).readline),
    "response's head": lambda text: read_fields(BytesIO(f"A:{text}\r\n\r\n".encode())),
    "registry": parse,
    "registry's line": lambda text: parse(f"a.raw {'0' * 64} https://a.org/{text}"),
    "registry's quoted line": lambda text: parse(f"'a.raw' '{text}"),
    "mirrors": lambda text: parse(f"# mirrors: x{text}x"),
    "page": lambda text: refusal(200, "https://drive.google.com/uc?id=x", text),
    "warning page": lambda text: confirmation(text, "https://drive.google.com/uc?id=x"),
    "folder": items_of_page,
    "folder as JSON": items_of_json,
    "link": lambda text: file_link(f"https://drive.google.com/file/{text}"),
    "words": lambda text: clean(text, LONG * 4),
    "recording's header": lambda text: read_header(BytesIO(f"% evt 3.0\n% {text}".encode())),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_is_linear(reader: str) -> None:
    """Whatever piece a stranger's text repeats, it is read or refused in linear time."""

    def work(text: str) -> None:
        with suppress(EvioDataError, MalformedError, ValueError):
            READERS[reader](text)

    for piece in PIECES:
        assert not grows_faster_than_length(work, partial(repeated, piece)), piece


def repeated(piece: str, length: int) -> str:
    """Return a text of one piece again and again, and an end that fits nothing."""
    return piece * (length // len(piece)) + "\0"
