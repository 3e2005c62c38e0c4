"""Make registry entries for what pooch asks for."""

from typing import Any

from .._drive import links
from .._registry.hashes import as_hash
from .._registry.parser import SIZE
from .._registry.registry import Entry
from .._text import clean
from ..errors import DownloadError
from .offline import offline_error


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
    raise offline_error(url)


def _check_scheme(url: str) -> None:
    scheme = links.split(url).scheme
    if scheme in ("https", "http", "doi"):
        return
    raise DownloadError(
        f"{clean(url)!r} is not an https:, http: or doi: URL.",
        advice=_ADVICE.get(scheme, "Use one of pooch's own downloaders for it."),
    )


_ADVICE = {
    "ftp": "Use pooch.FTPDownloader for it.",
    "sftp": "Use pooch.SFTPDownloader for it.",
}


def as_entry(name: str, known_hash: str | None, url: str, *, checked: bool = True) -> Entry:
    """Return the entry that one of pooch's files is; a fragment other than a size says nothing.

    Parameters
    ----------
    name : str
    known_hash : str or None
    url : str
    checked : bool
        Whether a URL of another kind is refused now; else whoever asks for it does so.

    Raises
    ------
    DownloadError
        For a URL that is not HTTP(S) or a DOI, or that two readers may read differently.

    Examples
    --------
    >>> as_entry("a.raw", None, "https://example.org/a.raw#size=12")
    Entry(name='a.raw', hash=None, url='https://example.org/a.raw', size=12, line=0, about=None)
    """
    if checked:
        _check_scheme(url)
    base, _, fragment = url.partition("#")
    told = SIZE(fragment)
    counts = {told[1]: int(told[2])} if told else {}
    return Entry(name, as_hash(known_hash or ""), base, **counts)


def as_registered(entry: Entry, url: str, pooch: Any) -> Entry:
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
    hashes = {as_hash(pooch.registry[name] or "") for name in names}
    known_hash = hashes.pop() if len(hashes) == 1 else None
    return entry._replace(name=clean(names[0]) if names else entry.name, hash=known_hash)
