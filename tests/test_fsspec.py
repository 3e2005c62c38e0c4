"""fsspec's protocol: what it lists, opens and refuses, and who reads through it."""

import errno
import mmap
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

fsspec = pytest.importorskip("fsspec")

from fsspec.tests.abstract import AbstractFixtures, AbstractGetTests  # noqa: E402

from evio_data.testing import DriveServer  # noqa: E402

TREE = ("file1", "file2", "subdir/subfile1", "subdir/subfile2", "subdir/nesteddir/nestedfile")
EDGES = ("file1", "file2", *(f"subdir{i}/{name.removeprefix('subdir/')}" for i in (0, 1)
                             for name in TREE[2:]))  # fmt: skip
HASHED = {f"{md5(str(i).encode()).hexdigest()}.txt": str(i).encode() for i in range(10)}
SCENARIOS = {
    "bulk": dict.fromkeys(TREE, b""),
    "edges": dict.fromkeys(EDGES, b""),
    "alike": {"subdir.txt": b"", "subdir/subfile.txt": b""},
    "hashed": HASHED,
}


@pytest.fixture(scope="module")
def registries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """The trees of fsspec's own suite, each as a registry whose files are served."""
    folder = tmp_path_factory.mktemp("registries")
    with DriveServer() as server:
        for scenario, files in SCENARIOS.items():
            lines = []
            for name, content in files.items():
                file = server.add(f"{scenario}-{name.replace('/', '-')}", content)
                line = file.registry_line(f"source/{name}", size=True).split()
                lines.append(" ".join([*line[:2], server.plain_url(file)]))
            (folder / scenario).write_text("\n".join(lines) + "\n")
        yield {scenario: folder / scenario for scenario in SCENARIOS}


class TestGet(AbstractFixtures, AbstractGetTests):  # type: ignore[misc]
    """fsspec's own tests of reading: those of copying, moving and putting write."""

    test_get_directory_recursive = None  # makes folders in the file system

    @pytest.fixture
    def fs(self, request: pytest.FixtureRequest, registries: dict[str, Path]) -> Any:
        wanted = {
            "fs_glob_edge_cases_files": "edges",
            "fs_dir_and_file_with_same_name_prefix": "alike",
            "fs_10_files_with_hashed_names": "hashed",
        }
        used = [wanted[name] for name in request.fixturenames if name in wanted]
        registry = registries[(used or ["bulk"])[0]]
        return fsspec.filesystem("evio-data", registry=registry, skip_instance_cache=True)

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return lambda *parts: "/".join(parts)

    @pytest.fixture
    def fs_path(self) -> str:
        return ""

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        return False

    @pytest.fixture
    def fs_bulk_operations_scenario_0(self) -> str:
        return "source"

    fs_glob_edge_cases_files = fs_bulk_operations_scenario_0
    fs_dir_and_file_with_same_name_prefix = fs_bulk_operations_scenario_0
    fs_10_files_with_hashed_names = fs_bulk_operations_scenario_0


@pytest.fixture
def fs(drive: Any) -> Any:
    """The file system of this test's registry."""
    return fsspec.filesystem("evio-data")


def test_listing_fetches_nothing(drive: Any, fs: Any) -> None:
    """Listing, globbing, sizes and existence ask the registry, and no server."""
    drive.add("fan/a.raw", b"events", size=True)
    drive.add("fan/deep/b.raw", b"more", pinned=False)
    assert fs.ls("", detail=False) == ["fan"]
    assert fs.ls("evio-data://fan/") == [
        {"name": "fan/a.raw", "size": 6, "type": "file"},
        {"name": "fan/deep", "size": 0, "type": "directory"},
    ]
    assert fs.glob("**/*.raw") == ["fan/a.raw", "fan/deep/b.raw"]
    assert fs.info("fan/deep/b.raw")["size"] is None
    assert (fs.exists("fan/a.raw"), fs.exists("fan/c.raw")) == (True, False)
    assert (fs.isdir("fan"), fs.isfile("fan"), fs.isfile("a.raw")) == (True, False, True)
    assert drive.server.requests == []


def test_opening_fetches_once_and_gives_the_file_itself(drive: Any, fs: Any) -> None:
    """What is opened is the cached file: it can be mapped, and comes over the line once."""
    file = drive.add("fan/a.raw", bytes(range(256)) * 64)
    for _ in range(2):
        with (
            fs.open("evio-data://a.raw") as opened,
            mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as view,
        ):
            assert view[300:302] == bytes([44, 45])
            assert Path(opened.name) == drive.path("fan/a.raw")
    assert fs.cat_file("fan/a.raw", start=-2) == bytes([254, 255])
    assert fsspec.open_local("evio-data://fan/a.raw") == str(drive.path("fan/a.raw"))
    assert drive.server.sent(file) == file.size


def test_it_travels(drive: Any, fs: Any) -> None:
    """A pickled file system, and a pickled open file, work in another process."""
    drive.add("fan/a.raw", b"events")
    opened = pickle.dumps(fsspec.open("evio-data://fan/a.raw", registry=str(drive.registry)))
    code = "import pickle, sys\nwith pickle.loads(bytes.fromhex(sys.argv[1])) as f: print(f.read())"
    assert drive.run(code, opened.hex()).strip() == "b'events'"
    assert pickle.loads(pickle.dumps(fs)).cat("fan/a.raw") == b"events"


@pytest.mark.parametrize("name", ["c.raw", "fan/a", "fan/a.raw/b", "b.raw"])
def test_an_absent_name_is_a_file_not_found(drive: Any, fs: Any, name: str) -> None:
    """A name that the registry does not have, or has twice, is FileNotFoundError with advice."""
    for key in ("fan/a.raw", "fan/b.raw", "led/b.raw"):
        drive.add(key, b"events")
    for call in (fs.open, fs.info, fs.ls, fs.cat_file):
        with pytest.raises(FileNotFoundError, match=r"registry|ambiguous"):
            call(name)
    with pytest.raises(IsADirectoryError):
        fs.open("fan")


def test_what_cannot_be_had_is_an_os_error_of_ours(drive: Any, fs: Any) -> None:
    """A refusal of Drive comes through fsspec as it is: an OSError that says what to do."""
    drive.add("fan/a.raw", b"events", quota="always", large=True)
    with pytest.raises(OSError, match=r"fan/a\.raw: .*quota"):
        fs.cat_file("fan/a.raw")


@pytest.mark.parametrize(
    "write",
    [
        lambda fs: fs.open("fan/new.raw", "wb"),
        lambda fs: fs.open("fan/a.raw", "ab"),
        lambda fs: fs.touch("fan/new.raw"),
        lambda fs: fs.pipe("fan/new.raw", b"x"),
        lambda fs: fs.rm("fan/a.raw"),
        lambda fs: fs.cp("fan/a.raw", "fan/b.raw"),
        lambda fs: fs.mv("fan/a.raw", "fan/b.raw"),
        lambda fs: fs.mkdir("new"),
        lambda fs: fs.makedirs("new/er", exist_ok=True),
        lambda fs: fs.rmdir("fan"),
        lambda fs: fs.put(__file__, "fan/new.raw"),
    ],
)
def test_it_is_read_only(drive: Any, fs: Any, write: Callable[[Any], object]) -> None:
    """Whatever would write is refused with EROFS."""
    drive.add("fan/a.raw", b"events")
    with pytest.raises(OSError, match="read-only") as caught:
        write(fs)
    assert caught.value.errno == errno.EROFS


def test_dask_reads_through_it(drive: Any, fs: Any) -> None:
    """A bag of lines and an array of blocks come from recordings by name."""
    bag = pytest.importorskip("dask.bag")
    array = pytest.importorskip("dask.array")
    drive.add("text/a.txt", b"one\ntwo\n", size=True)
    drive.add("text/b.txt", b"three\n", size=True)
    lines = bag.read_text("evio-data://text/*.txt").compute(scheduler="sync")
    assert lines == ["one\n", "two\n", "three\n"]
    import numpy as np

    from evio_data._fsspec import EvioDataFileSystem

    drive.add("events.bin", np.arange(1000, dtype="<u4").tobytes(), size=True)
    (path,) = fsspec.open_local(["evio-data://events.bin"])
    mapped = array.from_array(np.memmap(path, dtype="<u4", mode="r"), chunks=100)
    assert mapped.sum().compute(scheduler="sync") == 499500
    assert isinstance(fs, EvioDataFileSystem)


def test_pandas_reads_through_it(drive: Any) -> None:
    """``read_csv`` takes the URL of a recording, compressed or not."""
    pandas = pytest.importorskip("pandas")
    import gzip

    drive.add("fan/speed.csv", b"t,rpm\n0,10\n1,20\n")
    drive.add("fan/speed.csv.gz", gzip.compress(b"t,rpm\n0,30\n"))
    assert pandas.read_csv("evio-data://fan/speed.csv").rpm.tolist() == [10, 20]
    assert pandas.read_csv("evio-data://fan/speed.csv.gz").rpm.tolist() == [30]


def test_xarray_reads_a_zarr_store_through_it(drive: Any, fs: Any, tmp_path: Path) -> None:
    """A Zarr store whose pieces are registry entries opens as fsspec's mapping of them."""
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("zarr")
    store = tmp_path / "made.zarr"
    made = xarray.Dataset({"rate": ("t", range(8))})
    made.to_zarr(store, zarr_format=2, consolidated=True)
    for path in sorted(store.rglob("*")):
        if path.is_file():
            drive.add(f"fan.zarr/{path.relative_to(store).as_posix()}", path.read_bytes())
    # By a mapping: xarray takes no URL whose protocol has a hyphen.
    with xarray.open_zarr(fs.get_mapper("fan.zarr"), consolidated=True) as opened:
        assert opened.rate.values.tolist() == list(range(8))


def test_importing_the_package_imports_no_fsspec() -> None:
    """``import evio_data`` and its functions cost nothing of fsspec, Dask or pandas."""
    code = (
        "import sys, evio_data; evio_data.names()\n"
        "print([name for name in ('fsspec', 'dask', 'distributed') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ
    )
    assert done.stdout.strip() == "[]"
