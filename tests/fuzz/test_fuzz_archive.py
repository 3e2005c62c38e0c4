"""Whatever an archive holds, only files that are wanted come out, and only into the cache."""

from __future__ import annotations

import hashlib
import io
import tempfile
import warnings
import zipfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from evio_data._collection import open_collection
from evio_data._importing.importer import import_paths
from evio_data.errors import CacheError

WANTED = b"% evt 3.0\n" + bytes(range(256)) * 20
NAMES = st.one_of(
    st.sampled_from(
        ["fan.raw", "../fan.raw", "/fan.raw", "C:\\fan.raw", "a/../../fan.raw", "..\\fan.raw"]
    ),
    st.sampled_from([".evio-data/fan.raw/stamp", "CACHEDIR.TAG", "fan.raw/", "con", "a//b"]),
    st.text(min_size=1, max_size=20).filter(lambda name: "\0" not in name),
)
MEMBERS = st.lists(
    st.tuples(
        NAMES.filter(lambda name: name.encode("utf-8", "replace").decode() == name),
        st.one_of(st.just(WANTED), st.just(b"<html>"), st.binary(max_size=40)),
        st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    ),
    max_size=4,
)
DAMAGE = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=5)


def packed(members: list[tuple[str, bytes, int]]) -> bytes:
    """Return an archive."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")  # two of one name
        for name, content, method in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


@given(members=MEMBERS, damage=DAMAGE, cut=st.one_of(st.none(), st.floats(0, 1)))
@settings(max_examples=60)
def test_an_archive_writes_only_what_is_wanted(
    members: list[tuple[str, bytes, int]], damage: list[tuple[float, int]], cut: float | None
) -> None:
    """Whatever an archive holds, and however damaged it is, one right file comes of it, or none."""
    data = bytearray(packed(members))
    for place, value in damage:
        data[int(place * (len(data) - 1))] = value
    if cut is not None:
        del data[int(cut * len(data)) :]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive, registry = folder / "have.zip", folder / "registry.txt"
        archive.write_bytes(data)
        known = hashlib.sha256(WANTED).hexdigest()
        registry.write_text(f"fan.raw {known} https://example.org/fan.raw\n", encoding="utf-8")
        collection = open_collection(str(registry), str(folder / "cache"))
        try:
            import_paths(collection, [archive])
        except CacheError as error:
            assert str(error)
        found = {path for path in folder.rglob("*") if path.is_file()} - {archive, registry}
        outside = [path for path in found if folder / "cache" not in path.parents]
        assert outside == []
        final = folder / "cache" / "fan.raw"
        assert not final.exists() or final.read_bytes() == WANTED
        left = {path.name for path in found} - {"fan.raw", "stamp", "CACHEDIR.TAG"}
        assert left == set()
