"""Parse links to Google Drive, and build the URLs that lead to a file."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

DATA_HOST = "drive.usercontent.google.com"
API_HOST = "www.googleapis.com"
SIGN_IN_HOST = "accounts.google.com"
LINK_HOSTS = ("drive.google.com", "docs.google.com", DATA_HOST)
MAX_FRAGMENT = 300  # characters
GOOGLE_DOMAINS = (".google.com", ".googleusercontent.com", ".googleapis.com")


class FileLink(NamedTuple):
    """A file on Drive: its id, and its resource key where the link has one."""

    id: str
    resource_key: str | None = None


def file_link(url: str) -> FileLink | None:
    """Return the Drive file that a link means, or None for any other URL.

    Every shape of a link is understood: ``uc``, ``open``, ``file/d/ID``, Docs editors, the data
    host's ``download``, the API's ``files/ID``, with ``/u/N/`` and ``/a/DOMAIN/`` prefixes.

    >>> file_link("https://drive.google.com/file/d/1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq/view").id
    '1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq'
    """
    parts = split(url)
    host = parts.hostname or ""
    query = _query_of(parts)
    key = _resource_key(query)
    if host == API_HOST:
        match = re.fullmatch(rf"(?:/download)?/drive/v[23]/files/({_AN_ID})/?", parts.path)
        return FileLink(match[1], key) if match else None
    if host not in LINK_HOSTS or "/folder" in parts.path or "folderview" in parts.path:
        return None
    match = _FILE_PATH(parts.path)
    if match:
        return FileLink(match[1], key)
    ids = query.get("id", [])
    return FileLink(ids[0], key) if len(ids) == 1 and _ID(ids[0]) else None


def folder_link(url: str) -> FileLink | None:
    """Return the Drive folder that a link or a bare id means, or None."""
    if _ID(url):
        return FileLink(url)
    parts = split(url)
    if (parts.hostname or "") not in LINK_HOSTS:
        return None
    query = _query_of(parts)
    key = _resource_key(query)
    match = _FOLDER_PATH(parts.path) or _FOLDER_FRAGMENT(parts.fragment[:MAX_FRAGMENT])
    if match:
        return FileLink(match[1], key)
    ids = query.get("id", [])
    is_folder = "folderview" in parts.path or parts.path == "/open"
    return FileLink(ids[0], key) if is_folder and len(ids) == 1 and _ID(ids[0]) else None


def is_export(url: str) -> bool:
    """Say whether a link is the export of one of Google's own documents, which have no bytes.

    >>> is_export("https://docs.google.com/document/d/1vB1cOZlO4MQ7c503-UU/export?format=pdf")
    True
    """
    parts = split(url)
    return parts.hostname == "docs.google.com" and _EXPORT_PATH(parts.path) is not None


def document_url(url: str) -> str | None:
    """Return the address of what Google's editors show, without what stands behind its id.

    >>> document_url("https://docs.google.com/document/d/1vB1cOZlO4MQ7c503-UU/edit?usp=x")
    'https://docs.google.com/document/d/1vB1cOZlO4MQ7c503-UU'
    """
    parts = split(url)
    match = _DOCUMENT_PATH(parts.path)
    return f"https://{parts.hostname}{match[0]}" if match and parts.hostname in LINK_HOSTS else None


def _query_of(parts: SplitResult) -> dict[str, list[str]]:
    """Return a link's fields; one that was copied from a page's source has ``&amp;`` in it."""
    return parse_qs(parts.query.replace("&amp;", "&"))


def _resource_key(query: Mapping[str, list[str]]) -> str | None:
    # It goes into a header and into lines of registries, decoded: no line may end in it.
    key = query.get("resourcekey", [""])[0]
    return key if _KEY(key) else None


def split(url: str) -> SplitResult:
    """Return a URL's parts; of a malformed URL, empty ones, which match nothing.

    Malformed is also what two readers may read differently: a backslash ends a host's name for
    urllib3, but not for urllib.parse.
    """
    if "\\" in url or not url.isprintable():
        return SplitResult("", "", "", "", "")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts


def public_url(link: FileLink) -> str:
    """Return the documented address of a file's download; it redirects to the data host."""
    return "https://drive.google.com/uc?" + _query(link, export="download")


def direct_url(link: FileLink) -> str:
    """Return the data host's address, which often answers with the file at once."""
    return f"https://{DATA_HOST}/download?" + _query(link, export="download", confirm="t")


def api_url(link: FileLink) -> str:
    """Return the API's address of a file's content."""
    query = urlencode({"alt": "media", "supportsAllDrives": "true"})
    return f"https://{API_HOST}/drive/v3/files/{link.id}?{query}"


def api_headers(link: FileLink, api_key: str) -> dict[str, str]:
    """Return the headers that open the API's door; URLs reach logs and tracebacks, these do not.

    https://cloud.google.com/apis/docs/system-parameters has both ways of sending a key.
    """
    headers = {"X-Goog-Api-Key": api_key}
    if link.resource_key:
        headers["X-Goog-Drive-Resource-Keys"] = f"{link.id}/{link.resource_key}"
    return headers


def _query(link: FileLink, **extra: str) -> str:
    fields = {"id": link.id, **extra}
    if link.resource_key:
        fields["resourcekey"] = link.resource_key
    return urlencode(fields)


def is_google(url: str) -> bool:
    """Say whether a URL leads to one of Google's hosts over https."""
    parts = split(url)
    host = "." + (parts.hostname or "").rstrip(".")
    return parts.scheme == "https" and host.endswith(GOOGLE_DOMAINS)


def is_sign_in(url: str) -> bool:
    """Say whether a URL is the sign-in page, where private files send everybody."""
    parts = split(url)
    return parts.hostname == SIGN_IN_HOST or "ServiceLogin" in parts.path


_AN_ID = "[A-Za-z0-9_-]{10,200}"
_ID = re.compile(_AN_ID).fullmatch
_KEY = re.compile("[A-Za-z0-9_-]{1,200}").fullmatch
_EDITORS = "document|spreadsheets|presentation"
_FILE_PATH = re.compile(rf"/(?:file|{_EDITORS})/(?:u/\d+/)?d/({_AN_ID})(?=/|$)").search
_DOCUMENT_PATH = re.compile(rf"/(?:{_EDITORS})/(?:u/\d+/)?d/{_AN_ID}(?=/|$)").match
_EXPORT_PATH = re.compile(
    rf"/(?:{_EDITORS})/(?:u/\d+/)?d/{_AN_ID}/export(?:/[A-Za-z]{{1,10}})?"
).fullmatch
_FOLDER_FRAGMENT = re.compile(rf"/?folders/(?:[0-9]{{1,3}}/)?({_AN_ID})/?").fullmatch
_FOLDER_PATH = re.compile(rf"/folders?/(?:d/)?({_AN_ID})(?=/|$)").search
