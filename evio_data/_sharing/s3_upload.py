"""Upload a file to S3: parts side by side, and after a fault only those that are missing."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, BinaryIO

from ..errors import ChecksumError

PART = 8 * 1024 * 1024  # bytes of a part; S3 wants 5 MiB at least
MAX_PARTS = 1000  # of one file: as many are listed by one request
AT_ONCE = 4  # parts that are under way


def parts_of(source: BinaryIO, size: int) -> Iterator[bytes]:
    """Return a file in parts, as large as its size makes them: the same for each try."""
    each = max(PART, -(-size // MAX_PARTS))
    while block := source.read(each):
        yield block


def unfinished_uploads(store: Any, path: str) -> dict[str, list[str]]:
    """Return the uploads below a path that were begun and not completed, by key, latest last.

    Nobody sees their parts, and somebody pays for them.
    """
    bucket, key, _ = store.split_path(path)
    try:
        found = store.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=key)
    except Exception:  # noqa: BLE001 - not everybody may list them
        return {}
    uploads: dict[str, list[str]] = {}
    for each in sorted(found.get("Uploads", []), key=lambda each: str(each.get("Initiated"))):
        uploads.setdefault(f"{bucket}/{each['Key']}", []).append(each["UploadId"])
    return uploads


def abort(store: Any, path: str, upload: str) -> None:
    """Have the store forget the parts of an upload."""
    bucket, key, _ = store.split_path(path)
    with suppress(Exception):
        store.abort_mpu(bucket, key, upload)


def upload(store: Any, path: str, parts: Iterable[bytes], begun: str | None) -> None:
    """Store a file under a path; it is seen there when it is complete.

    After a fault the parts that are stored stay, for the next try. Who stops it, and bytes that
    are wrong, leave nothing.

    Parameters
    ----------
    store : s3fs.S3FileSystem
    path : str
    parts : iterable of bytes
        Raises `ChecksumError` in place of an end if the file is not what it should be.
    begun : str or None
        An upload that is gone on with.

    Raises
    ------
    ChecksumError
    Exception
        Of the store's.
    """
    bucket, key, _ = store.split_path(path)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        work = _Upload(store, {"Bucket": bucket, "Key": key}, pool, begun)
        try:
            work.complete(work.send(parts))
        except BaseException as error:
            pool.shutdown(cancel_futures=True)
            if isinstance(error, ChecksumError) or not isinstance(error, Exception):
                work.abort()
            raise


class _Upload:
    def __init__(
        self, store: Any, place: dict[str, str], pool: ThreadPoolExecutor, begun: str | None
    ) -> None:
        self._store = store
        self._place = place
        self._pool = pool
        # In a thread: an interrupt must not lose the name of what the store has begun.
        self._named = pool.submit(self._name, begun)
        self._begun = begun is not None

    def _name(self, begun: str | None) -> dict[str, str]:
        if begun is None:
            begun = self._store.call_s3("create_multipart_upload", **self._place)["UploadId"]
        return {**self._place, "UploadId": begun}

    def _stored(self) -> dict[int, str]:
        if not self._begun:
            return {}
        listed = self._store.call_s3("list_parts", **self._named.result()).get("Parts", [])
        return {part["PartNumber"]: part["ETag"] for part in listed}

    def send(self, parts: Iterable[bytes]) -> list[str]:
        """Send the parts that are not stored; return the tags of all."""
        stored = self._stored()
        tags: list[str | Future[str]] = []
        under_way: deque[Future[str]] = deque()
        for number, data in enumerate(parts, 1):
            tag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
            if stored.get(number) == tag:  # S3's tag of a part is its MD5
                tags.append(tag)
                continue
            if len(under_way) == AT_ONCE:
                under_way.popleft().result()
            under_way.append(self._pool.submit(self._send, number, data))
            tags.append(under_way[-1])
        return [tag if isinstance(tag, str) else tag.result() for tag in tags]

    def _send(self, number: int, data: bytes) -> str:
        named = self._named.result()
        answer = self._store.call_s3("upload_part", **named, PartNumber=number, Body=data)
        return str(answer["ETag"])

    def complete(self, tags: list[str]) -> None:
        """Make one object of the parts."""
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        named = self._named.result()
        self._store.call_s3("complete_multipart_upload", **named, MultipartUpload={"Parts": parts})

    def abort(self) -> None:
        """Have the store forget the parts, if it has begun."""
        if not self._named.cancelled() and self._named.exception() is None:
            abort(self._store, "/".join(self._place.values()), self._named.result()["UploadId"])
