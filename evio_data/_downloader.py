"""pooch's downloader protocol in, the bytes of a Drive link or a plain URL out, resumed."""

import errno
import hashlib
import os
import re
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from . import _drive
from ._cache import Slot
from ._collection import CONNECTIONS, MAX_CONNECTIONS
from ._disk import as_cache_error, open_nofollow
from ._pooch_errors import for_pooch
from ._presence import Presence
from ._registry import STATE_FOLDER, Entry
from ._settings import Settings, default_cache_dir, from_environment
from ._watching import watching
from ._wording import clean
from .errors import CacheError, DownloadError, OfflineError

if TYPE_CHECKING:
    from ._http import Connection
    from ._source import Source

Output = str | os.PathLike[str] | BinaryIO

CACHEDIR_TAG = "CACHEDIR.TAG"
URL_DIGITS = 32  # of a URL's hash: enough that no two URLs share a partial


class DriveDownloader:
    """Downloads Google Drive links, and any other HTTP(S) URL, for any `pooch.Pooch`.

    It gets past Drive's confirmation page, never takes a page for data, and goes on where an
    earlier call, or an earlier process, was cut: what arrived is kept in a hidden folder of
    the pooch's own.

    Parameters
    ----------
    progressbar : bool or object, optional
        True draws a bar; any object with pooch's ``update``, ``reset``, ``close`` and ``total``
        is driven instead.
    connections : int
        How many connections one large file may use, 1 to 32.

    Examples
    --------
    >>> import pooch, tempfile
    >>> from evio_data.testing import DriveServer
    >>> from evio_data import DriveDownloader
    >>> with DriveServer() as server, tempfile.TemporaryDirectory() as folder:
    ...     os.environ["EVIO_DATA_ENDPOINT"] = server.endpoint
    ...     fan = server.add("fan.raw", b"% evt 3.0", large=True)
    ...     known_hash, url = {"fan.raw": fan.sha256}, {"fan.raw": fan.url}
    ...     pup = pooch.create(folder, "", registry=known_hash, urls=url)
    ...     path = pup.fetch("fan.raw", downloader=DriveDownloader())
    ...     Path(path).read_bytes()
    b'% evt 3.0'
    """

    def __init__(self, progressbar: Any = None, *, connections: int = CONNECTIONS) -> None:
        if not 1 <= connections <= MAX_CONNECTIONS:
            raise ValueError(f"connections is {connections}; 1 to {MAX_CONNECTIONS} are possible.")
        self.progressbar = progressbar
        self.connections = connections

    def __call__(
        self,
        url: str,
        output_file: Output | None,
        pooch: Any,
        check_only: bool = False,  # noqa: FBT001, FBT002 - pooch passes it so
    ) -> bool | None:
        """Download ``url`` to ``output_file``, as pooch asks its downloaders to.

        Parameters
        ----------
        url : str
            A Drive link of any shape, or an HTTP(S) URL.
        output_file : path or binary file
            Where the bytes go; of no interest with ``check_only``.
        pooch : pooch.Pooch or None
            The caller; a file that was cut is kept in its folder, else beside the output, else in
            our own cache.
        check_only : bool
            Only say whether the file can be had.

        Returns
        -------
        bool or None
            With ``check_only``, whether the server would send the file; else None.

        Raises
        ------
        DownloadError
            If the file could not be downloaded; what arrived is kept for the next call.
        ChecksumError
            If the pooch knows a SHA-256 for this URL and the bytes have another one. It is a
            `ValueError` too, which is what pooch expects.
        OfflineError
            If ``EVIO_DATA_OFFLINE`` is set.
        """
        settings = from_environment()
        entry = as_entry(clean(url), None, url)
        if settings.offline:
            refuse_offline(url)
        from ._source import source_of

        source = source_of(entry.url, endpoint=settings.endpoint, api_key=settings.api_key)
        if check_only:
            return _is_available(source, settings)
        assert output_file is not None  # only a check has none
        entry = _as_registered(entry, url, pooch)
        if isinstance(output_file, str | os.PathLike) and _is_special(output_file):
            with open(output_file, "wb") as file:  # noqa: PTH123
                self._download(entry, source, _place(entry, file, pooch), settings)
        else:
            self._download(entry, source, _place(entry, output_file, pooch), settings)
        return None

    def _download(
        self, entry: Entry, source: "Source", place: "_Delivery", settings: Settings
    ) -> None:
        from ._prefetch import Engine, Job

        try:
            with watching(self.progressbar) as watcher:
                (outcome,) = Engine(
                    [Job(entry, place, lambda: [source], entry.size)],
                    connections=self.connections,
                    timeout=settings.timeout,
                    retries=settings.retries,
                    watcher=watcher,
                ).run()
        finally:
            place.tidy()
        if place.fault is not None:
            raise place.fault
        if outcome.error is not None:
            raise for_pooch(outcome.error) from outcome.error.__cause__


def refuse_offline(
    url: str,
    output_file: object = None,
    pooch: object = None,
    check_only: bool = False,  # noqa: FBT001, FBT002
) -> None:
    """Be the downloader of those who must not use the network.

    Raises
    ------
    OfflineError
        Always.
    """
    raise OfflineError(
        "EVIO_DATA_OFFLINE forbids the network.",
        name=clean(url),
        advice="Unset it and run again.",
    )


class _Delivery(Slot):
    """A place in somebody else's folder: only what was cut is kept, under the URL's hash.

    pooch moves what it was given to a name that we are not told. So two processes that want the
    same URL at once come one after the other, and each downloads for itself.
    """

    pins = False

    def __init__(self, base: str, entry: Entry, output: Output) -> None:
        self.fault: Exception | None = None  # of the caller's own file
        self._presence: Presence | None = None
        super().__init__(base, hashlib.sha256(entry.url.encode()).hexdigest()[:URL_DIGITS], {})
        self._file = output if not isinstance(output, str | os.PathLike) else None
        if isinstance(output, str | os.PathLike):
            self.final = os.path.realpath(output)  # a link stays one, as with open()

    def status(self) -> None:
        """Nothing is there before: pooch has already decided to download."""

    def prepare(self) -> None:
        """Make our folder in theirs."""
        try:
            Path(self._root).mkdir(parents=True, exist_ok=True)
            self._presence = self._presence or Presence(self._root)
            self._make_folders([STATE_FOLDER, self._name])
            usable = os.access(self.state, os.W_OK | os.X_OK) and not self._is_strangers()
        except OSError as error:
            raise as_cache_error(error, self.state) from error
        if not usable:
            denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            raise as_cache_error(denied, self.state)

    def _is_strangers(self) -> bool:
        """Say whether anybody may have put our folder here: no hash need show what is in it."""
        if not hasattr(os, "geteuid") or not Path(self._root).stat().st_mode & stat.S_IWOTH:
            return False
        owners = {folder.lstat().st_uid for folder in (self.state.parent, self.state)}
        return not owners <= {os.geteuid(), 0}

    def publish(self, part: Path, sha256: str) -> None:
        """Hand the bytes over: by a rename where that is possible."""
        if self._file is not None:
            self._write(part, self._file)
            return
        try:
            _move(part, self.final)
        except OSError as error:
            raise as_cache_error(error, self.final) from error

    def _write(self, part: Path, output: BinaryIO) -> None:
        try:
            with part.open("rb") as file:
                shutil.copyfileobj(file, output)
            output.flush()
        except Exception as error:
            self.fault = error
            raise

    def tidy(self) -> None:
        """Remove our folders if they are empty, and nobody else is about to use them."""
        if self._presence is None:
            return
        if self._presence.alone():
            with suppress(OSError):
                self.state.rmdir()
                if not Path(self._root, CACHEDIR_TAG).exists():  # else it is a cache of ours
                    self.state.parent.rmdir()
        self._presence.leave()


def _place(entry: Entry, output: Output, pooch: Any) -> _Delivery:
    """Return the delivery, with its partial in the first folder that takes one."""
    if isinstance(output, str | os.PathLike):
        _check_folder(os.path.dirname(os.path.realpath(output)))  # noqa: PTH120
    refused: CacheError | None = None
    for base in _bases(output, pooch):
        place = _Delivery(base, entry, output)
        try:
            place.prepare()
        except CacheError as error:
            place.tidy()
            refused = refused or error
        else:
            _drop_placeholder(place.final)
            return place
    assert refused is not None  # there is always a base
    raise refused


def _bases(output: Output, pooch: Any) -> list[str]:
    bases = [] if pooch is None else [str(pooch.abspath)]
    if isinstance(output, str | os.PathLike):
        bases.append(os.path.dirname(os.path.realpath(output)))  # noqa: PTH120
    return [*bases, from_environment().cache_dir or default_cache_dir()]


def _check_folder(folder: str) -> None:
    """Refuse an output in a folder that is not there, as open() does: it may be a slip."""
    if not os.path.isdir(folder):  # noqa: PTH112
        raise as_cache_error(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), folder)


def _drop_placeholder(path: str) -> None:
    """Remove pooch's empty temporary file until there are bytes for it: a kill would leave it."""
    with suppress(OSError):
        status = os.lstat(path)
        is_theirs = os.path.basename(path).startswith(tempfile.gettempprefix())  # noqa: PTH119
        if is_theirs and stat.S_ISREG(status.st_mode) and not status.st_size:
            os.unlink(path)  # noqa: PTH108


def _is_special(path: str | os.PathLike[str]) -> bool:
    """Say whether a path is a device or a pipe, to be written to and never replaced."""
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113


def _move(part: Path, target: str) -> None:
    try:
        part.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(part, target)


def _copy(part: Path, target: str) -> None:
    fresh = Path(target).with_name(f".{os.urandom(8).hex()}.part")
    try:
        with (
            part.open("rb") as file,
            open_nofollow(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL) as to,
        ):
            shutil.copyfileobj(file, to)
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _check_scheme(url: str) -> None:
    scheme = _drive.split(url).scheme
    if scheme in ("https", "http"):
        return
    raise DownloadError(
        f"{clean(url)!r} is not an https: or http: URL.",
        advice=_ADVICE.get(scheme, "Use one of pooch's own downloaders for it."),
    )


_ADVICE = {
    "ftp": "Use pooch.FTPDownloader for it.",
    "sftp": "Use pooch.SFTPDownloader for it.",
    "doi": "Use pooch.DOIDownloader for it.",
}


def as_entry(name: str, known_hash: str | None, url: str) -> Entry:
    """Return the entry that one of pooch's files is; a fragment other than a size says nothing.

    Raises
    ------
    DownloadError
        For a URL that is not HTTP(S), or that two readers may read differently.

    Examples
    --------
    >>> as_entry("a.raw", None, "https://example.org/a.raw#size=12")
    Entry(name='a.raw', sha256=None, url='https://example.org/a.raw', size=12, line=0)
    """
    _check_scheme(url)
    base, _, fragment = url.partition("#")
    digits = fragment.removeprefix("size=")
    is_size = digits != fragment and digits.isascii() and digits.isdigit()
    return Entry(name, as_sha256(known_hash), base, int(digits) if is_size else None)


def _as_registered(entry: Entry, url: str, pooch: Any) -> Entry:
    """Return the entry with what the pooch knows: a name for messages, and the hash to expect.

    The protocol gives no name. Where several names share a URL, their hash counts if they agree;
    pooch compares it once more in any case.
    """
    if pooch is None:
        return entry
    names = [name for name, known in pooch.urls.items() if known == url]
    if url.startswith(pooch.base_url):
        names.append(url[len(pooch.base_url) :])
    names = [name for name in names if name in pooch.registry and pooch.get_url(name) == url]
    hashes = {as_sha256(pooch.registry[name]) for name in names}
    known_hash = hashes.pop() if len(hashes) == 1 else None
    return entry._replace(name=clean(names[0]) if names else entry.name, sha256=known_hash)


def as_sha256(known_hash: str | None) -> str | None:
    """Return the SHA-256 that one of pooch's known hashes is, or None.

    >>> as_sha256("sha256:" + "AB" * 32) == "ab" * 32, as_sha256("md5:" + "ab" * 16)
    (True, None)
    """
    match = _SHA256(known_hash or "")
    return match[1].lower() if match else None


_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE).fullmatch


def _is_available(source: "Source", settings: Settings) -> bool:
    """Say whether a server would send the file now; only silence is an error."""
    from ._http import Connection, TransportError, UnavailableError

    connection = Connection(timeout=settings.timeout)
    try:
        return _is_sent(source, connection)
    except (DownloadError, UnavailableError):
        return False
    except TransportError as error:
        raise DownloadError(f"{error}.", advice="Run again.") from error
    finally:
        connection.close()


def _is_sent(source: "Source", connection: "Connection") -> bool:
    from ._ranges import RangeError, RangeNotSatisfiableError

    for ranged in (True, False):  # one byte; of a server that cannot count, the whole
        try:
            with source.open(connection, 0, 1, ranged=ranged):
                return True
        except RangeNotSatisfiableError:  # an empty file has no first byte
            return True
        except RangeError:
            continue
    return False
