"""Whatever an answer's head says, its body goes to the right place, or nowhere."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import urllib3
from hypothesis import example, given, settings
from hypothesis import strategies as st

import evio_data
from evio_data._cache import spans
from evio_data._http import ranges
from evio_data._http.connection import MAX_RETRY_AFTER, Answer
from evio_data.errors import EvioDataError
from evio_data.testing import DriveServer

NUMBERS = st.one_of(
    st.integers(-2, 40).map(str),
    st.sampled_from(["", "*", "9" * 18, "9" * 19, "9" * 5000, "1e3", "+5", "٣", "0x10", " 7 "]),
)
CONTENT_RANGES = st.one_of(
    st.builds("bytes {}-{}/{}".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("Bytes {}-{}/{}".format, st.integers(0, 9), st.integers(0, 9), st.integers(0, 20)),
    st.text(max_size=30),
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Range": CONTENT_RANGES,
        "Content-Length": NUMBERS,
        "Transfer-Encoding": st.sampled_from(["", "chunked", "gzip, chunked"]),
    },
)
HEADER_TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60
)


@given(
    status=st.one_of(st.sampled_from([200, 206, 416]), st.integers(100, 599)),
    headers=HEADERS,
    start=st.integers(0, 30),
    length=st.one_of(st.none(), st.integers(1, 30)),
)
@example(206, {"Content-Range": "bytes 5-9/10"}, 5, None)
def test_a_body_is_placed_where_it_was_asked_for(
    status: int, headers: dict[str, str], start: int, length: int | None
) -> None:
    """A body goes to the byte that was asked for, within the file, or from zero, or nowhere."""
    stop = None if length is None else start + length
    try:
        placed = ranges.placement(status, headers, start, stop)
    except ranges.RangeError as error:
        assert status != 200, error
        return
    assert placed.honoured is (status == 206)
    assert placed.start == (start if placed.honoured else 0)
    if placed.honoured:
        assert placed.stop is not None
        assert placed.start < placed.stop <= (stop or placed.stop)
        assert placed.total is None or placed.stop <= placed.total


@given(
    held_spans=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8),
    total=st.integers(0, 60),
)
def test_held_and_missing_are_the_whole(held_spans: list[tuple[int, int]], total: int) -> None:
    """What is held and what is missing are together the file, each byte once."""
    held = {byte for start, stop in held_spans for byte in range(start, min(stop, total))}
    missing = [byte for start, stop in spans.gaps(held_spans, total) for byte in range(start, stop)]
    assert sorted([*held, *missing]) == list(range(total))


@given(
    value=st.one_of(
        NUMBERS,
        HEADER_TEXT,
        st.floats().map(str),
        st.datetimes().map(lambda when: when.strftime("%a, %d %b %Y %H:%M:%S GMT")),
        st.sampled_from(["Wed, 99 Foo 99999 99:99:99 GMT", "Thu, 01 Jan 0001 00:00:00 GMT", "-1"]),
    )
)
def test_retry_after_is_a_bounded_wait(value: str) -> None:
    """Any ``Retry-After`` is a wait within bounds, or none."""
    headers = {"Retry-After": value}
    response = urllib3.HTTPResponse(io.BytesIO(), headers, 503, preload_content=False)
    wait = Answer(response, "https://example.org/").wait()
    response.close()
    assert wait is None or 0 <= wait <= MAX_RETRY_AFTER


@given(value=HEADER_TEXT, kind=HEADER_TEXT)
@settings(max_examples=15)
def test_a_disposition_names_nothing(value: str, kind: str) -> None:
    """Whatever name and type a server gives a file, it lies under its key and nowhere else."""
    with DriveServer() as server, tempfile.TemporaryDirectory() as folder:
        fan = server.add("fan.raw", b"events", disposition=value or "x", content_type=kind or "x")
        registry = Path(folder, "registry.txt")
        registry.write_text(fan.registry_line() + "\n", encoding="utf-8")
        cache = Path(folder, "cache")
        os.environ.update(
            EVIO_DATA_DIR=str(cache),
            EVIO_DATA_REGISTRY=str(registry),
            EVIO_DATA_ENDPOINT=server.endpoint,
        )
        try:
            path = evio_data.fetch("fan.raw")
        except EvioDataError:
            path = cache / "fan.raw"
            assert not path.exists()
        else:
            assert path.read_bytes() == b"events"
        files = {found for found in Path(folder).rglob("*") if found.is_file()}
        ours = {file for file in files if ".evio-data" in file.parts}
        assert files - ours <= {registry, path, cache / "CACHEDIR.TAG"}
