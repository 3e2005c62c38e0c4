"""Whatever bytes a peer sends to ``serve``, they are a request within bounds, or none."""

from __future__ import annotations

import io

from hypothesis import example, given
from hypothesis import strategies as st

from evio_data._sharing.http_request import METHODS, MalformedError, read, select

TARGETS = st.one_of(
    st.sampled_from(["/", "*", "http://a.org/x", "/%2e%2e/%2e%2e/etc", "/%00", "/%ff", "/a?b#c"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30),
)
LINES = st.one_of(
    st.sampled_from(["Host: a", "Connection: close", "Content-Length: 5", "X : y", " folded"]),
    st.text(max_size=30),
)
HEADS = st.one_of(
    st.binary(max_size=100),
    st.builds(
        lambda method, target, minor, lines: "\r\n".join(
            [f"{method} {target} HTTP/1.{minor}", *lines]
        ).encode("utf-8", "replace"),
        st.one_of(st.sampled_from(METHODS), st.text(max_size=5)),
        TARGETS,
        st.integers(0, 12),
        st.lists(LINES, max_size=4),
    ),
)
NUMBERS = st.one_of(st.just(""), st.integers(-1, 30).map(str), st.just("9" * 18), st.just("٣"))


@given(head=HEADS)
@example(b"GET /%2e%2e%2fsecret HTTP/1.1\r\nHost: a")
def test_every_head_is_a_request_or_malformed(head: bytes) -> None:
    """Any bytes are a request without line breaks in it, or malformed; nothing else is raised."""
    try:
        asked = read(io.BytesIO(head + b"\r\n\r\n").readline)
    except (MalformedError, EOFError):
        return
    assert all("\r" not in text and "\n" not in text for text in asked.headers.values())
    assert asked.target.isprintable()
    assert asked.key is None or isinstance(asked.key, str)


@given(
    asked=st.one_of(st.builds("bytes={}-{}".format, NUMBERS, NUMBERS), st.text(max_size=20)),
    condition=st.one_of(st.none(), st.just('"a"'), st.text(max_size=8)),
    tags=st.one_of(st.none(), st.just('"a"'), st.text(max_size=8)),
    size=st.integers(0, 25),
)
def test_a_selection_is_within_the_file(
    asked: str, condition: str | None, tags: str | None, size: int
) -> None:
    """Whatever range is asked for, what is sent lies within the file."""
    given_headers = {"range": asked, "if-range": condition, "if-none-match": tags}
    headers = {name: value for name, value in given_headers.items() if value is not None}
    part = select(headers, size, '"a"')
    assert part.status in (200, 206, 304, 416)
    assert 0 <= part.start <= part.stop <= size
    assert part.status != 206 or part.start < part.stop
