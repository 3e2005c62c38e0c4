"""Whatever lies in our hidden folder, the file that comes out is right."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import evio_data
from evio_data._cache.files import Cache
from evio_data._cache.partial import Partial
from evio_data.testing import DriveServer

DATA = bytes(range(256)) * 300
COUNTS = st.one_of(st.integers(-3, 100_000), st.just(10**30), st.just(2**63), st.none())
SPANS = st.lists(st.one_of(st.tuples(COUNTS, COUNTS), COUNTS), max_size=4)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
IDENTITIES = st.one_of(
    st.none(),
    JSON,
    st.fixed_dictionaries(
        {"origin": st.one_of(JSON, st.just("127.0.0.1"))},
        optional={"total": st.one_of(COUNTS, st.just(len(DATA))), "etag": JSON, "digest": JSON},
    ),
)
JOURNALS = st.one_of(
    st.binary(max_size=60),
    JSON.map(json.dumps).map(str.encode),
    st.fixed_dictionaries(
        {"identity": IDENTITIES, "held": st.one_of(SPANS, JSON)},
        optional={"flushed": st.one_of(SPANS, JSON), "boot": JSON},
    )
    .map(json.dumps)
    .map(str.encode),
    st.just(b"[" * 4000),
)
PARTS = st.one_of(
    st.binary(max_size=200),
    st.integers(0, len(DATA)).map(lambda count: DATA[:count]),
    st.just(DATA),
    st.just(DATA[:-1] + b"x"),
    st.just(DATA + b"more"),
)
STAMPS = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(st.just("ab" * 32), st.integers().map(str)), max_size=6)
    .map(" ".join)
    .map(str.encode),
    st.just(b"\xd9\xa3" * 40 + b" 1 2 3"),
    st.just(b"ab" * 32 + b" " + b"9" * 5000 + b" 1 1"),
)


@contextmanager
def folder_with(files: dict[str, bytes]) -> Iterator[Path]:
    """Give a folder with files in it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield Path(folder)


@given(journal=JOURNALS, part=PARTS)
def test_a_journal_is_believed_within_bounds(journal: bytes, part: bytes) -> None:
    """Whatever a journal says, no more is taken up than there are bytes, and nothing is raised."""
    with folder_with({"1-a.journal": journal, "1-a.part": part}) as folder:
        partial = Partial(folder)
        partial.open()
        try:
            assert 0 <= partial.front <= partial.received <= len(part)
            assert all(0 <= start < stop <= len(part) for start, stop in partial.held)
        finally:
            partial.close()


@given(stamp=STAMPS)
def test_a_stamp_is_read_or_ignored(stamp: bytes) -> None:
    """Whatever a stamp holds, a file is warm only if it tells of that very file."""
    state = {".evio-data/fan.raw/stamp": stamp, "fan.raw": b"events"}
    with folder_with(state) as folder:
        cached_file = Cache(str(folder)).cached_file("fan.raw")
        assert cached_file.is_warm("ab" * 32) is False
        found = cached_file.stamp()
        assert found is None or len(found.hash) == 64


@given(journal=JOURNALS, part=PARTS, stamp=STAMPS)
@settings(max_examples=25)
def test_the_file_is_right_all_the_same(journal: bytes, part: bytes, stamp: bytes) -> None:
    """Whatever is left in our folder, the file is fetched right, and the folder is tidy after."""
    state = ".evio-data/fan.raw"
    left = {f"{state}/1-a.journal": journal, f"{state}/1-a.part": part, f"{state}/stamp": stamp}
    with folder_with(left) as cache, folder_with({}) as outside, DriveServer() as server:
        registry = outside / "registry.txt"
        line = server.add("fan.raw", DATA).registry_line()
        registry.write_text(line + "\n", encoding="utf-8")
        os.environ.update(
            EVIO_DATA_DIR=str(cache),
            EVIO_DATA_REGISTRY=str(registry),
            EVIO_DATA_ENDPOINT=server.endpoint,
        )
        assert evio_data.fetch("fan.raw").read_bytes() == DATA
        assert sorted(path.name for path in (cache / state).iterdir()) == ["stamp"]
        assert list(outside.iterdir()) == [registry]
