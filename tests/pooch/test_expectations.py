"""What pooch's documentation promises, of pooch itself and of ours alike, over plain HTTP."""

from __future__ import annotations

import bz2
import copy
import gzip
import hashlib
import io
import lzma
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pooch
import pytest

from evio_data import DriveDownloader, Registry
from evio_data.testing import DriveFile, DriveServer

pytestmark = pytest.mark.contract
BYTES = bytes(range(256)) * 1200  # more than one of anybody's chunks


class Way(NamedTuple):
    """One way to have a Pooch fetch: its maker, and the downloader that `fetch` is given."""

    create: Callable[..., Any]
    downloader: Callable[..., Any] | None = None

    def fetch(self, pup: Any, name: str, processor: Any = None) -> Any:
        """Fetch a file this way."""
        return pup.fetch(name, processor=processor, downloader=self.downloader)


WAYS = {
    "pooch": Way(pooch.create),
    "pooch with DriveDownloader": Way(pooch.create, DriveDownloader()),
    "Registry": Way(Registry.create),
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
each_pooch = pytest.mark.parametrize(
    "create", [pooch.create, Registry.create], ids=["pooch", "Registry"]
)
each_downloader = pytest.mark.parametrize(
    "downloader_class", [pooch.HTTPDownloader, DriveDownloader], ids=["pooch", "ours"]
)


@pytest.fixture
def server() -> Iterator[DriveServer]:
    """An ordinary web server, as far as these tests go."""
    with DriveServer() as running:
        yield running


class Pound:
    """Makes Poochs, each over the files of one server and with the folder of one test."""

    def __init__(self, server: DriveServer, folder: Path) -> None:
        self.server = server
        self.path = folder / "pup"
        self.base_url = f"{server.endpoint}/plain/"

    def add(self, name: str, content: bytes = BYTES, **switches: Any) -> DriveFile:
        """Serve a file."""
        return self.server.add(name, content, large=False, **switches)

    def make(self, create: Callable[..., Any], *files: DriveFile, **options: Any) -> Any:
        """Make a Pooch whose registry has these files."""
        options.setdefault("registry", {file.name: file.sha256 for file in files})
        return create(path=self.path, base_url=self.base_url, **options)


@pytest.fixture
def pound(server: DriveServer, tmp_path: Path) -> Pound:
    """A maker of Poochs."""
    return Pound(server, tmp_path)


class Bar:
    """The least that pooch's documentation asks of a progress bar."""

    def __init__(self) -> None:
        self.total = 0
        self.count = 0
        self.calls: list[str] = []

    def update(self, count: int) -> None:
        """Go on by so many bytes."""
        self.count += count
        self.calls.append("update")

    def reset(self) -> None:
        """Begin again."""
        self.count = 0
        self.calls.append("reset")

    def close(self) -> None:
        """Be done."""
        self.calls.append("close")


class Notes:
    """A processor that takes note of its arguments."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Any]] = []

    def __call__(self, fname: str, action: str, pup: Any) -> str:
        """Take note, and return something else than the path."""
        self.seen.append((fname, action, pup))
        return "processed"

    @property
    def actions(self) -> list[str]:
        """What was done for each fetch."""
        return [action for _, action, _ in self.seen]


# --- downloaders -------------------------------------------------------------------------------


@each_downloader
@pytest.mark.parametrize("kind", [str, Path])
def test_downloads_to_a_path(
    downloader_class: Any, kind: Any, server: DriveServer, tmp_path: Path
) -> None:
    """A downloader writes the URL's bytes to the path that it is given, and returns None."""
    file = server.add("a.raw", BYTES)
    output = tmp_path / "out"
    result = downloader_class()(server.plain_url(file), kind(output), None)
    assert (result, output.read_bytes()) == (None, BYTES)


@each_downloader
def test_downloads_to_an_open_file(
    downloader_class: Any, server: DriveServer, tmp_path: Path
) -> None:
    """Into a file object the bytes go from its position on, and it stays open."""
    file = server.add("a.raw", BYTES)
    with (tmp_path / "out").open("w+b") as output:
        output.write(b"before ")
        downloader_class()(server.plain_url(file), output, None)
        output.write(b" after")
    assert (tmp_path / "out").read_bytes() == b"before " + BYTES + b" after"


@each_downloader
def test_downloads_to_memory(downloader_class: Any, server: DriveServer) -> None:
    """Anything that can be written to will do for an output file."""
    output = io.BytesIO()
    downloader_class()(server.plain_url(server.add("a.raw", BYTES)), output, None)
    assert output.getvalue() == BYTES


@each_downloader
def test_output_is_overwritten(downloader_class: Any, server: DriveServer, tmp_path: Path) -> None:
    """What was in the output file before is gone."""
    output = tmp_path / "out"
    output.write_bytes(b"longer than what comes")
    downloader_class()(server.plain_url(server.add("a.raw", b"short")), str(output), None)
    assert output.read_bytes() == b"short"


@each_downloader
def test_empty_file_is_a_file(downloader_class: Any, server: DriveServer, tmp_path: Path) -> None:
    """A file of no bytes is downloaded like any other."""
    output = tmp_path / "out"
    downloader_class()(server.plain_url(server.add("a.raw", b"")), str(output), None)
    assert output.read_bytes() == b""


@each_downloader
def test_one_downloader_serves_many(
    downloader_class: Any, server: DriveServer, tmp_path: Path
) -> None:
    """A downloader can be called again, for other files."""
    downloader = downloader_class()
    for content in (b"one", b"two"):
        url = server.plain_url(server.add(content.decode(), content))
        downloader(url, str(tmp_path / "out"), None)
        assert (tmp_path / "out").read_bytes() == content


@each_downloader
def test_redirects_are_followed(downloader_class: Any, server: DriveServer, tmp_path: Path) -> None:
    """The bytes come from where the server sends the client."""
    there = server.plain_url(server.add("there.raw", BYTES))
    here = server.plain_url(server.add("here.raw", b"", redirect_to=there))
    downloader_class()(here, str(tmp_path / "out"), None)
    assert (tmp_path / "out").read_bytes() == BYTES


@each_downloader
def test_check_only_finds_a_file(downloader_class: Any, server: DriveServer) -> None:
    """With ``check_only`` the answer is True for a file that is there; hardly a byte is sent."""
    file = server.add("a.raw", BYTES)
    assert downloader_class()(server.plain_url(file), None, None, check_only=True) is True
    assert server.sent() <= 1


@each_downloader
def test_check_only_finds_an_empty_file(downloader_class: Any, server: DriveServer) -> None:
    """A file of no bytes is there, too."""
    url = server.plain_url(server.add("a.raw", b""))
    assert downloader_class()(url, None, None, check_only=True) is True


@each_downloader
@pytest.mark.parametrize("status", [204, 403, 404, 410, 429, 500, 503])
def test_check_only_misses_a_file(downloader_class: Any, status: int, server: DriveServer) -> None:
    """With ``check_only`` the answer is False where the server answers that it has nothing."""
    url = server.plain_url(server.add("a.raw", BYTES, errors=[status] * 9))
    assert downloader_class()(url, None, None, check_only=True) is False


@each_downloader
def test_missing_file_is_an_os_error(
    downloader_class: Any, server: DriveServer, tmp_path: Path
) -> None:
    """A file that the server does not have is an `OSError` (as those of requests are)."""
    with pytest.raises(OSError, match="404"):
        downloader_class()(f"{server.endpoint}/plain/none", str(tmp_path / "out"), None)


@each_downloader
def test_folder_of_the_output_must_be_there(
    downloader_class: Any, server: DriveServer, tmp_path: Path
) -> None:
    """An output in a folder that is not there is an `OSError`, and nothing is asked or made."""
    url = server.plain_url(server.add("a.raw", BYTES))
    with pytest.raises(OSError, match="No such file"):
        downloader_class()(url, str(tmp_path / "none" / "out"), None)
    assert not (tmp_path / "none").exists()
    assert server.requests == []


@each_downloader
@pytest.mark.parametrize("check_only", [True, False])
def test_no_server_is_an_os_error(downloader_class: Any, check_only: bool, tmp_path: Path) -> None:
    """Where nobody answers, that is an `OSError`, not an answer."""
    os.environ["EVIO_DATA_RETRIES"] = "0"
    with DriveServer() as server:
        url = server.plain_url(server.add("a.raw", BYTES))
    with pytest.raises(OSError, match="refused"):
        downloader_class()(url, str(tmp_path / "out"), None, check_only=check_only)


@each_downloader
def test_progress_object_is_driven(
    downloader_class: Any, server: DriveServer, tmp_path: Path
) -> None:
    """A bar is told the total, brought up to it, and closed once, at the end."""
    bar = Bar()
    url = server.plain_url(server.add("a.raw", BYTES))
    downloader_class(progressbar=bar)(url, str(tmp_path / "out"), None)
    assert (bar.total, bar.count) == (len(BYTES), len(BYTES))
    assert bar.calls[-1] == "close"
    assert bar.calls.count("close") == 1


@each_downloader
def test_progress_bar_is_drawn_on_standard_error(
    downloader_class: Any,
    server: DriveServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``progressbar=True`` shows something on standard error, nothing on standard output."""
    url = server.plain_url(server.add("a.raw", BYTES))
    downloader_class(progressbar=True)(url, str(tmp_path / "out"), None)
    printed = capsys.readouterr()
    assert printed.err
    assert not printed.out


# --- retrieve ----------------------------------------------------------------------------------


@each_downloader
def test_retrieve_downloads_once(
    downloader_class: Any, server: DriveServer, tmp_path: Path
) -> None:
    """`pooch.retrieve` downloads the first time, and finds the file the second time."""
    file = server.add("a.raw", BYTES)
    for _ in range(2):
        path = pooch.retrieve(
            server.plain_url(file),
            file.sha256,
            fname="mine.raw",
            path=tmp_path / "here",
            downloader=downloader_class(),
        )
    assert path == str((tmp_path / "here" / "mine.raw").resolve())
    assert Path(path).read_bytes() == BYTES
    assert len(server.requests) == 1


@each_downloader
def test_retrieve_without_a_known_hash(
    downloader_class: Any, server: DriveServer, tmp_path: Path
) -> None:
    """``known_hash=None`` takes what comes."""
    url = server.plain_url(server.add("a.raw", BYTES))
    path = pooch.retrieve(url, None, path=tmp_path, downloader=downloader_class())
    assert Path(path).read_bytes() == BYTES


@each_downloader
@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_retrieve_refuses_a_wrong_hash(
    downloader_class: Any, algorithm: str, server: DriveServer, tmp_path: Path
) -> None:
    """A wrong hash is a `ValueError`, and nothing is left."""
    url = server.plain_url(server.add("a.raw", BYTES))
    wrong = f"{algorithm}:{hashlib.new(algorithm, b'other').hexdigest()}"
    with pytest.raises(ValueError, match="hash"):
        pooch.retrieve(url, wrong, path=tmp_path / "here", downloader=downloader_class())
    assert list((tmp_path / "here").iterdir()) == []


@each_downloader
def test_retrieve_tells_the_processor(
    downloader_class: Any, server: DriveServer, tmp_path: Path
) -> None:
    """A processor gets path, action and None for the Pooch; its result is returned."""
    file = server.add("a.raw", BYTES)
    notes = Notes()
    for _ in range(2):
        result = pooch.retrieve(
            server.plain_url(file),
            file.sha256,
            "a.raw",
            tmp_path,
            processor=notes,
            downloader=downloader_class(),
        )
    path = str(tmp_path.resolve() / "a.raw")
    assert notes.seen == [(path, "download", None), (path, "fetch", None)]
    assert result == "processed"


# --- fetch -------------------------------------------------------------------------------------


@each_way
def test_fetch_returns_the_absolute_path(way: Way, pound: Pound) -> None:
    """`fetch` returns a str, the file's absolute path in the Pooch's folder."""
    pup = pound.make(way.create, pound.add("a.raw"))
    path = way.fetch(pup, "a.raw")
    assert path == str(pound.path / "a.raw")
    assert Path(path).read_bytes() == BYTES


@each_way
def test_fetch_downloads_once(way: Way, pound: Pound) -> None:
    """A file that is there with the right hash is not asked for again."""
    pup = pound.make(way.create, pound.add("a.raw"))
    way.fetch(pup, "a.raw")
    pound.server.forget()
    assert Path(way.fetch(pup, "a.raw")).read_bytes() == BYTES
    assert pound.server.requests == []


@each_way
def test_file_that_was_put_there_is_served(way: Way, pound: Pound) -> None:
    """A file with the right hash needs no server, however it came there."""
    pup = pound.make(way.create, registry={"a.raw": hashlib.sha256(BYTES).hexdigest()})
    pound.path.mkdir()
    (pound.path / "a.raw").write_bytes(BYTES)
    notes = Notes()
    way.fetch(pup, "a.raw", processor=notes)
    assert notes.actions == ["fetch"]
    assert pound.server.requests == []


@each_pooch
@pytest.mark.parametrize("url", ["sftp://example.org/a.raw", "gopher://example.org/a", "nonsense"])
@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_file_that_is_there_needs_no_usable_url(
    create: Any, url: str, algorithm: str, pound: Pound
) -> None:
    """Nobody looks at the URL of a file that need not be downloaded."""
    known_hash = f"{algorithm}:{hashlib.new(algorithm, BYTES).hexdigest()}"
    pup = pound.make(create, registry={"a.raw": known_hash}, urls={"a.raw": url})
    pound.path.mkdir()
    (pound.path / "a.raw").write_bytes(BYTES)
    assert Path(pup.fetch("a.raw")).read_bytes() == BYTES


@each_pooch
def test_unknown_protocol_is_a_value_error(create: Any, tmp_path: Path) -> None:
    """A URL of a protocol that nobody knows is a `ValueError`, when it is needed."""
    pup = create(tmp_path, "gopher://example.org", registry={"a.raw": None})
    for use in (pup.fetch, pup.is_available):
        with pytest.raises(ValueError, match="gopher"):
            use("a.raw")


@each_way
def test_nested_names_make_folders(way: Way, pound: Pound) -> None:
    """Names with slashes are paths below the Pooch's folder."""
    file = pound.add("b.raw")
    pup = pound.make(
        way.create,
        registry={"deep/down/a.raw": file.sha256},
        urls={"deep/down/a.raw": pound.server.plain_url(file)},
    )
    assert way.fetch(pup, "deep/down/a.raw") == str(pound.path / "deep" / "down" / "a.raw")
    assert (pound.path / "deep" / "down" / "a.raw").read_bytes() == BYTES


@each_way
def test_names_with_blanks_are_fetched(way: Way, pound: Pound) -> None:
    """A name goes into the URL as it is, blanks and all."""
    pup = pound.make(way.create, pound.add("a b.raw"))
    assert Path(way.fetch(pup, "a b.raw")).read_bytes() == BYTES


@each_way
@pytest.mark.parametrize("prefix", ["", "sha256:", "SHA256:", "md5:", "sha1:", "sha512:"])
def test_known_hash_may_name_its_algorithm(way: Way, prefix: str, pound: Pound) -> None:
    """A known hash is a SHA-256, or says what else it is."""
    pound.add("a.raw")
    digest = hashlib.new(prefix[:-1].lower() or "sha256", BYTES).hexdigest()
    pup = pound.make(way.create, registry={"a.raw": prefix + digest})
    assert Path(way.fetch(pup, "a.raw")).read_bytes() == BYTES


@each_way
def test_known_hash_may_be_upper_case(way: Way, pound: Pound) -> None:
    """Hexadecimal digits are compared without their case."""
    file = pound.add("a.raw")
    pup = pound.make(way.create, registry={"a.raw": file.sha256.upper()})
    assert Path(way.fetch(pup, "a.raw")).read_bytes() == BYTES


@each_way
@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_wrong_hash_is_a_value_error(way: Way, algorithm: str, pound: Pound) -> None:
    """Bytes with another hash are refused by a `ValueError`, and not kept under the name."""
    pound.add("a.raw")
    wrong = f"{algorithm}:{hashlib.new(algorithm, b'other').hexdigest()}"
    pup = pound.make(way.create, registry={"a.raw": wrong})
    with pytest.raises(ValueError, match=wrong.partition(":")[2]):
        way.fetch(pup, "a.raw")
    assert not (pound.path / "a.raw").exists()


@each_way
def test_no_known_hash_takes_what_comes(way: Way, pound: Pound) -> None:
    """A known hash of None is no check."""
    pound.add("a.raw")
    pup = pound.make(way.create, registry={"a.raw": None})
    assert Path(way.fetch(pup, "a.raw")).read_bytes() == BYTES


@each_way
def test_unknown_name_is_a_value_error(way: Way, pound: Pound) -> None:
    """A name that the registry does not have is a `ValueError`, wherever it is used."""
    pup = pound.make(way.create)
    for use in (pup.fetch, pup.get_url, pup.is_available):
        with pytest.raises(ValueError, match=r"none\.raw"):
            use("none.raw")


@each_way
def test_missing_remote_file_is_an_os_error(way: Way, pound: Pound) -> None:
    """A file that the server does not have is an `OSError`, and no file appears."""
    pup = pound.make(way.create, registry={"a.raw": "0" * 64})
    with pytest.raises(OSError, match="404"):
        way.fetch(pup, "a.raw")
    assert not (pound.path / "a.raw").exists()


# --- updates -----------------------------------------------------------------------------------


@each_way
def test_new_hash_in_the_registry_updates_the_file(way: Way, pound: Pound) -> None:
    """Once the registry has another hash, the file is downloaded again: an ``update``."""
    file = pound.add("a.raw")
    pup = pound.make(way.create, file)
    notes = Notes()
    way.fetch(pup, "a.raw", processor=notes)
    file.replace(b"a new version")
    pup.registry["a.raw"] = file.sha256
    for _ in range(2):
        way.fetch(pup, "a.raw", processor=notes)
    assert (pound.path / "a.raw").read_bytes() == b"a new version"
    assert notes.actions == ["download", "update", "fetch"]


@each_way
def test_file_changed_by_hand_is_mended(way: Way, pound: Pound) -> None:
    """A file whose hash is not the registry's any more is downloaded again."""
    pup = pound.make(way.create, pound.add("a.raw"))
    Path(way.fetch(pup, "a.raw")).write_bytes(b"spoilt")
    notes = Notes()
    way.fetch(pup, "a.raw", processor=notes)
    assert (pound.path / "a.raw").read_bytes() == BYTES
    assert notes.actions == ["update"]


@each_way
@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_updates_may_be_forbidden(way: Way, algorithm: str, pound: Pound) -> None:
    """With ``allow_updates=False`` a mismatch is a `ValueError`, and the file stays as it was."""
    pound.add("a.raw")
    known_hash = f"{algorithm}:{hashlib.new(algorithm, BYTES).hexdigest()}"
    pup = pound.make(way.create, registry={"a.raw": known_hash}, allow_updates=False)
    Path(way.fetch(pup, "a.raw")).write_bytes(b"edited")
    pound.server.forget()
    with pytest.raises(ValueError, match="updates are"):
        way.fetch(pup, "a.raw")
    assert (pound.path / "a.raw").read_bytes() == b"edited"
    assert pound.server.requests == []


@each_way
def test_environment_may_forbid_updates(way: Way, pound: Pound) -> None:
    """``allow_updates`` may be the name of an environment variable."""
    os.environ["PUP_UPDATES"] = "false"
    pup = pound.make(way.create, pound.add("a.raw"), allow_updates="PUP_UPDATES")
    Path(way.fetch(pup, "a.raw")).write_bytes(b"edited")
    with pytest.raises(ValueError, match="updates are"):
        way.fetch(pup, "a.raw")


# --- retries -----------------------------------------------------------------------------------


@each_way
def test_wrong_bytes_are_retried_where_asked_for(way: Way, pound: Pound) -> None:
    """With ``retry_if_failed`` a hash mismatch is no error until the attempts are used up."""
    pup = pound.make(way.create, pound.add("a.raw", garble="flip", garble_times=1))
    pup.retry_if_failed = 1
    assert Path(way.fetch(pup, "a.raw")).read_bytes() == BYTES


@each_way
def test_wrong_bytes_are_not_retried_by_themselves(way: Way, pound: Pound) -> None:
    """Without ``retry_if_failed`` a file with a wrong hash is asked for once."""
    pup = pound.make(way.create, pound.add("a.raw", garble="flip"))
    with pytest.raises(ValueError, match=r"hash|SHA-256"):
        way.fetch(pup, "a.raw")
    assert len(pound.server.requests) == 1


@each_way
def test_bad_connection_is_retried_where_asked_for(way: Way, pound: Pound) -> None:
    """With ``retry_if_failed`` a server's fault is no error until the attempts are used up."""
    os.environ["EVIO_DATA_RETRIES"] = "1"
    pup = pound.make(way.create, pound.add("a.raw", errors=[503]), retry_if_failed=1)
    assert Path(way.fetch(pup, "a.raw")).read_bytes() == BYTES


# --- processors --------------------------------------------------------------------------------


@each_way
def test_processor_gets_path_action_and_pooch(way: Way, pound: Pound) -> None:
    """A processor is called with path, action and the Pooch; its result is what is returned."""
    pup = pound.make(way.create, pound.add("a.raw"))
    notes = Notes()
    results = [way.fetch(pup, "a.raw", processor=notes) for _ in range(2)]
    path = str(pound.path / "a.raw")
    assert notes.seen == [(path, "download", pup), (path, "fetch", pup)]
    assert results == ["processed", "processed"]


def zipped(**members: bytes) -> bytes:
    """Return a zip archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return archive.getvalue()


def tarred(**members: bytes) -> bytes:
    """Return a tar archive."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as file:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


@each_way
@pytest.mark.parametrize(
    ("packed", "unpack", "suffix"),
    [(zipped, pooch.Unzip, ".unzip"), (tarred, pooch.Untar, ".untar")],
    ids=["zip", "tar"],
)
def test_archives_are_unpacked(
    way: Way, packed: Callable[..., bytes], unpack: Any, suffix: str, pound: Pound
) -> None:
    """`Unzip` and `Untar` return the members' paths, in a folder beside the archive."""
    pup = pound.make(way.create, pound.add("a.pack", packed(one=b"1", two=b"2")))
    for _ in range(2):
        paths = way.fetch(pup, "a.pack", processor=unpack())
        folder = pound.path / f"a.pack{suffix}"
        assert sorted(map(Path, paths)) == [folder / "one", folder / "two"]
        assert [path.read_bytes() for path in sorted(folder.iterdir())] == [b"1", b"2"]


@each_way
def test_members_can_be_chosen(way: Way, pound: Pound) -> None:
    """A processor with ``members`` unpacks those only."""
    pup = pound.make(way.create, pound.add("a.zip", zipped(one=b"1", two=b"2")))
    (path,) = way.fetch(pup, "a.zip", processor=pooch.Unzip(members=["two"]))
    assert Path(path).read_bytes() == b"2"


@each_way
def test_updated_archive_is_unpacked_again(way: Way, pound: Pound) -> None:
    """After an ``update`` the members are those of the new archive."""
    file = pound.add("a.zip", zipped(one=b"old"))
    pup = pound.make(way.create, file)
    way.fetch(pup, "a.zip", processor=pooch.Unzip())
    file.replace(zipped(one=b"new"))
    pup.registry["a.zip"] = file.sha256
    (path,) = way.fetch(pup, "a.zip", processor=pooch.Unzip())
    assert Path(path).read_bytes() == b"new"


@each_way
@pytest.mark.parametrize(
    ("suffix", "module"), [("gz", gzip), ("bz2", bz2), ("xz", lzma)], ids=["gz", "bz2", "xz"]
)
def test_files_are_decompressed(way: Way, suffix: str, module: Any, pound: Pound) -> None:
    """`Decompress` returns the path of the decompressed file."""
    name = f"a.raw.{suffix}"
    pup = pound.make(way.create, pound.add(name, module.compress(BYTES)))
    path = way.fetch(pup, name, processor=pooch.Decompress())
    assert path == str(pound.path / f"{name}.decomp")
    assert Path(path).read_bytes() == BYTES


# --- progress bars through fetch ---------------------------------------------------------------


@each_pooch
def test_fetch_drives_a_progress_object(create: Any, pound: Pound) -> None:
    """`fetch` takes a progress object, and brings it up to the total."""
    bar = Bar()
    pound.make(create, pound.add("a.raw")).fetch("a.raw", progressbar=bar)
    assert (bar.total, bar.count, bar.calls[-1]) == (len(BYTES), len(BYTES), "close")


@each_pooch
def test_bar_is_left_alone_if_the_file_is_there(create: Any, pound: Pound) -> None:
    """Where nothing is downloaded, no progress is shown."""
    pup = pound.make(create, registry={"a.raw": hashlib.sha256(BYTES).hexdigest()})
    pound.path.mkdir()
    (pound.path / "a.raw").write_bytes(BYTES)
    bar = Bar()
    pup.fetch("a.raw", progressbar=bar)
    assert bar.calls == []


# --- is_available, get_url ---------------------------------------------------------------------


@each_pooch
def test_is_available_asks_the_server(create: Any, pound: Pound) -> None:
    """`is_available` says whether the server has the file; nothing is downloaded."""
    pound.add("a.raw")
    pup = pound.make(create, registry={"a.raw": None, "gone.raw": None})
    assert [pup.is_available(name) for name in ("a.raw", "gone.raw")] == [True, False]
    assert pound.server.sent() <= 1
    assert not pound.path.exists()


@each_pooch
def test_is_available_asks_the_given_downloader(create: Any, pound: Pound) -> None:
    """A downloader that is given to `is_available` is asked, with ``check_only``."""
    asked = []

    def downloader(url: str, output_file: Any, pup: Any, check_only: bool = False) -> bool:
        asked.append((url, output_file, pup, check_only))
        return False

    pup = pound.make(create, pound.add("a.raw"))
    assert not pup.is_available("a.raw", downloader=downloader)
    assert asked == [(f"{pound.base_url}a.raw", None, pup, True)]


@each_pooch
def test_downloader_without_check_only_cannot_be_asked(create: Any, pound: Pound) -> None:
    """`is_available` with a downloader that knows no ``check_only`` is a NotImplementedError."""

    def downloader(url: str, output_file: Any, pup: Any) -> None:
        raise AssertionError("it was asked without check_only")

    pup = pound.make(create, pound.add("a.raw"))
    with pytest.raises(NotImplementedError, match="availability"):
        pup.is_available("a.raw", downloader=downloader)


@each_pooch
def test_given_downloader_is_used(create: Any, pound: Pound) -> None:
    """`fetch` hands URL, output path and itself to the downloader that it is given."""
    asked = []

    def downloader(url: str, output_file: Any, pup: Any) -> None:
        asked.append((url, pup))
        Path(output_file).write_bytes(BYTES)

    pup = pound.make(create, registry={"a.raw": hashlib.sha256(BYTES).hexdigest()})
    assert Path(pup.fetch("a.raw", downloader=downloader)).read_bytes() == BYTES
    assert asked == [(f"{pound.base_url}a.raw", pup)]
    assert pound.server.requests == []


@each_pooch
def test_url_is_the_base_and_the_name(create: Any, tmp_path: Path) -> None:
    """A file's URL is the base URL, with a slash, and its name; unless ``urls`` has another."""
    pup = create(
        tmp_path,
        "https://example.org/data",
        registry={"a/b.raw": None, "c.raw": None},
        urls={"c.raw": "https://example.com/other"},
    )
    assert pup.get_url("a/b.raw") == "https://example.org/data/a/b.raw"
    assert pup.get_url("c.raw") == "https://example.com/other"


@pytest.mark.parametrize("base", [pooch.Pooch, Registry], ids=["pooch", "Registry"])
def test_url_of_a_subclass(base: Any, pound: Pound) -> None:
    """A subclass whose `get_url` says something else is obeyed, in `fetch` as in `is_available`."""
    file = pound.add("moved.raw")

    class Moved(base):  # type: ignore[misc]
        def get_url(self, fname: str) -> str:
            return f"{pound.base_url}moved.raw"

    pup = Moved(path=pound.path, base_url=pound.base_url, registry={"a.raw": file.sha256})
    assert pup.is_available("a.raw")
    assert Path(pup.fetch("a.raw")).read_bytes() == BYTES


# --- registries --------------------------------------------------------------------------------

REGISTRY = """\
# name hash [url]

a.raw {hash}
  deep/b.raw sha256:{hash}
"c d.raw"\tmd5:ABCDEF  https://example.com/c
"""


def opened(kind: str, path: Path) -> Any:
    """Return a registry file as a path, as text, or as bytes."""
    return {"str": str(path), "Path": path}.get(kind) or path.open("r" if kind == "text" else "rb")


@each_pooch
@pytest.mark.parametrize("kind", ["str", "Path", "text", "bytes"])
def test_registry_is_loaded(create: Any, kind: str, tmp_path: Path) -> None:
    """`load_registry` adds two or three columns a line; comments and empty lines say nothing."""
    path = tmp_path / "registry.txt"
    path.write_text(REGISTRY.format(hash="ab" * 32))
    pup = create(tmp_path / "pup", "https://example.org", registry={"here.raw": None})
    source = opened(kind, path)
    pup.load_registry(source)
    getattr(source, "close", lambda: None)()
    assert pup.registry == {
        "here.raw": None,
        "a.raw": "ab" * 32,
        "deep/b.raw": "sha256:" + "ab" * 32,
        "c d.raw": "md5:abcdef",
    }
    assert pup.urls == {"c d.raw": "https://example.com/c"}
    assert pup.registry_files == ["here.raw", "a.raw", "deep/b.raw", "c d.raw"]


@each_pooch
def test_later_lines_win(create: Any, tmp_path: Path) -> None:
    """An entry that is loaded again is replaced."""
    pup = create(tmp_path, "https://example.org", registry={"a.raw": "0" * 64})
    pup.load_registry(io.StringIO(f"a.raw {'1' * 64}\na.raw {'2' * 64}\n"))
    assert pup.registry == {"a.raw": "2" * 64}


@each_pooch
@pytest.mark.parametrize("line", ["a.raw", f"a.raw {'0' * 64} https://example.org/a more"])
def test_other_numbers_of_columns_are_an_os_error(create: Any, line: str, tmp_path: Path) -> None:
    """A line with one or four columns is an `OSError` that says which line."""
    pup = create(tmp_path, "https://example.org")
    with pytest.raises(OSError, match="line 2"):
        pup.load_registry(io.StringIO(f"# comment\n{line}\n"))


@each_pooch
def test_missing_registry_is_a_file_not_found_error(create: Any, tmp_path: Path) -> None:
    """A registry that is not there is a `FileNotFoundError`."""
    with pytest.raises(FileNotFoundError):
        create(tmp_path, "https://example.org").load_registry(tmp_path / "none.txt")


@each_way
def test_registry_may_change_at_any_time(way: Way, pound: Pound) -> None:
    """What is put into ``registry`` and ``urls`` after creation is what counts."""
    file = pound.add("remote.raw")
    pup = pound.make(way.create)
    pup.registry["a.raw"] = file.sha256
    pup.urls["a.raw"] = pound.server.plain_url(file)
    assert Path(way.fetch(pup, "a.raw")).read_bytes() == BYTES
    del pup.registry["a.raw"]
    with pytest.raises(ValueError, match=r"a\.raw"):
        way.fetch(pup, "a.raw")


@each_way
def test_made_registry_serves_its_folder(way: Way, pound: Pound, tmp_path: Path) -> None:
    """What `pooch.make_registry` writes of a folder is loaded and served."""
    folder = tmp_path / "published"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.raw").write_bytes(BYTES)
    pooch.make_registry(str(folder), str(tmp_path / "registry.txt"))
    pup = pound.make(way.create)
    pup.load_registry(tmp_path / "registry.txt")
    pup.urls["deep/a.raw"] = pound.server.plain_url(pound.add("a.raw"))
    assert Path(way.fetch(pup, "deep/a.raw")).read_bytes() == BYTES


# --- folders -----------------------------------------------------------------------------------


@each_pooch
def test_creation_touches_no_disk(create: Any, pound: Pound) -> None:
    """The folder is made by the first download, not before."""
    pound.make(create, pound.add("a.raw"))
    assert not pound.path.exists()


@each_way
def test_environment_may_move_the_folder(way: Way, pound: Pound, tmp_path: Path) -> None:
    """``env`` names a variable that says where the files go."""
    os.environ["PUP_DIR"] = str(tmp_path / "elsewhere")
    pup = pound.make(way.create, pound.add("a.raw"), env="PUP_DIR")
    assert way.fetch(pup, "a.raw") == str(tmp_path / "elsewhere" / "a.raw")
    assert not pound.path.exists()


@each_way
@pytest.mark.parametrize(
    ("version", "folder"), [("v1.2", "v1.2"), ("v1.2+9.abcdef", "dev")], ids=["release", "dev"]
)
def test_versions_have_folders(way: Way, version: str, folder: str, pound: Pound) -> None:
    """A version is a folder, and a part of the base URL; an unreleased one has its own name."""
    pup = way.create(
        path=[str(pound.path), "data"],
        base_url=pound.base_url + "?id={version}",
        version=version,
        version_dev="dev",
        registry={"a.raw": None},
        urls={"a.raw": pound.server.plain_url(pound.add("a.raw"))},
    )
    assert pup.path == pound.path / "data" / folder
    assert pup.base_url == f"{pound.base_url}?id={folder}/"
    assert way.fetch(pup, "a.raw") == str(pound.path / "data" / folder / "a.raw")


@each_way
def test_folder_may_change_at_any_time(way: Way, pound: Pound, tmp_path: Path) -> None:
    """``path`` is read at each fetch."""
    pup = pound.make(way.create, pound.add("a.raw"))
    way.fetch(pup, "a.raw")
    pup.path = tmp_path / "moved"
    path = way.fetch(pup, "a.raw")
    assert path == str(tmp_path / "moved" / "a.raw")
    assert Path(path).read_bytes() == BYTES


@each_way
def test_home_and_relative_folders(way: Way, pound: Pound, tmp_path: Path) -> None:
    """``path`` may begin with ``~``, and may be relative to the working directory."""
    os.environ["HOME"] = os.environ["USERPROFILE"] = str(tmp_path / "home")
    (tmp_path / "work").mkdir()
    os.chdir(tmp_path / "work")
    pup = pound.make(way.create, pound.add("a.raw"))
    for path, expected in (("~/pup", "home"), ("pup", "work")):
        pup.path = path
        assert way.fetch(pup, "a.raw") == str(tmp_path / expected / "pup" / "a.raw")


# --- copies, threads ---------------------------------------------------------------------------


@each_way
@pytest.mark.parametrize(
    "copied",
    [lambda pup: pickle.loads(pickle.dumps(pup)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_copies_fetch(way: Way, copied: Callable[[Any], Any], pound: Pound) -> None:
    """A Pooch that was pickled or copied is the same kind of Pooch, and works."""
    pup = pound.make(way.create, pound.add("a.raw"))
    way.fetch(pup, "a.raw")
    other = copied(pup)
    pup.registry.clear()
    other.registry["a.raw"] = hashlib.sha256(BYTES).hexdigest()
    assert type(other) is type(pup)
    assert Path(way.fetch(other, "a.raw")).read_bytes() == BYTES


@each_way
def test_threads_share_a_pooch(way: Way, pound: Pound) -> None:
    """Threads may fetch from one Pooch, the same file and others, at once."""
    files = [pound.add(f"{number}.raw", BYTES + b"%d" % number) for number in range(3)]
    pup = pound.make(way.create, *files)
    with ThreadPoolExecutor(6) as pool:
        paths = list(pool.map(lambda file: way.fetch(pup, file.name), files * 2))
    expected = [BYTES + b"%d" % number for number in range(3)] * 2
    assert [Path(path).read_bytes() for path in paths] == expected
