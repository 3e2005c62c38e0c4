"""Resolve a ``doi:`` URL to the HTTPS address of its file."""

import time
from collections.abc import Mapping
from inspect import signature
from typing import Any, NamedTuple

from .._drive import links
from .._http.foreign import ForeignError, asked
from .._http.options import NO_OPTIONS, RequestOptions
from .._http.preparing import user_agent
from .._registry.hashes import as_hash
from .._registry.registry import Entry
from .._settings import waiting
from .._text import clean
from ..errors import DownloadError, RegistryError, UnknownDatasetError

ATTEMPTS = 3  # times that doi.org and a repository are asked, where asking again may help
PAUSE = 1.0  # seconds before the second time; twice as many before each further one


class _Record(NamedTuple):
    """What a repository has under one DOI."""

    repository: Any
    hashes: Mapping[str, str]
    sizes: Mapping[str, int]


class Records:
    """The records that were asked for in one run: each repository is asked once.

    Parameters
    ----------
    timeout : float
        Seconds of silence.
    retries : int
    options : RequestOptions, optional
        What the caller wants of every request.
    """

    def __init__(
        self, *, timeout: float, retries: int, options: RequestOptions = NO_OPTIONS
    ) -> None:
        self._timeout = timeout
        self._attempts = min(ATTEMPTS, 1 + retries)
        self._options = options
        self._known: dict[str, _Record] = {}

    def resolved(self, entry: Entry) -> Entry:
        """Return the entry with the HTTPS URL of its file, and with size and hash if it has none.

        Raises
        ------
        DownloadError
            If doi.org or the repository does not answer as it should.
        UnknownDatasetError
            If the record has no file of this name.
        RegistryError
            If the DOI is none, or not of a repository that pooch understands.
        """
        doi, name = _parts(entry.url)
        record = self._known.get(doi) or self._asked(doi)
        self._known[doi] = record
        try:
            url = str(record.repository.download_url(name))
        except ValueError as error:
            raise _no_such_file(doi, name, record) from error
        except Exception as error:
            raise _not_understood(doi, error) from error
        if links.split(url).scheme != "https":
            raise DownloadError(f"the record {doi} leads to {clean(url)!r}, which is not https:.")
        size = entry.size if entry.size is not None else record.sizes.get(name)
        return entry._replace(url=url, size=size, hash=entry.hash or record.hashes.get(name))

    def _asked(self, doi: str) -> _Record:
        for attempt in range(1, self._attempts + 1):
            try:
                return self._ask(doi)
            except ForeignError as error:
                if not error.may_pass or attempt == self._attempts:
                    raise _failure(doi, error) from error
            time.sleep(waiting(PAUSE * 2 ** (attempt - 1)))
        raise AssertionError  # the last attempt returns or raises

    def _ask(self, doi: str) -> _Record:
        from pooch.downloaders import doi_to_repository

        hashes = _Registry()
        try:
            takes_options = bool(signature(doi_to_repository).parameters.keys() - {"doi"})
            options = self._arguments() if takes_options else {}  # not before pooch 1.9
            repository = asked(lambda: doi_to_repository(doi, **options))
            asked(lambda: repository.populate_registry(hashes))
        except ForeignError:
            raise
        except ValueError as error:
            raise _unknown_repository(doi, error) from error
        except Exception as error:
            raise _not_understood(doi, error) from error
        known = {name: found for name, text in hashes.registry.items() if (found := as_hash(text))}
        return _Record(repository, known, dict(_sizes(repository)))

    def _arguments(self) -> dict[str, Any]:
        own = self._options
        given = {"proxies": own.proxies, "verify": own.verify, "cert": own.cert, "auth": own.auth}
        headers = {"User-Agent": user_agent(), **own.headers}
        held = {key: value for key, value in given.items() if value is not None}
        return {"headers": headers, "timeout": self._timeout, **held}


class _Registry:
    """What pooch's repositories fill in."""

    def __init__(self) -> None:
        self.registry: dict[str, str] = {}


def _parts(url: str) -> tuple[str, str]:
    """Return the DOI and the name of a ``doi:`` URL, as pooch divides it."""
    from pooch.utils import parse_url

    try:
        parsed = parse_url(url)
        doi, name = str(parsed["netloc"]), str(parsed["path"]).removeprefix("/")
    except (ValueError, LookupError) as error:
        raise _no_doi(url) from error
    if not doi.startswith("10.") or "/" not in doi or not name:
        raise _no_doi(url)
    return doi, name


def _sizes(repository: Any) -> list[tuple[str, int]]:
    """Return the sizes that a repository's answer has, wherever it has them."""
    answer = repository.api_response
    if hasattr(answer, "json"):
        answer = answer.json()["data"]["latestVersion"]
    files = answer["files"] if isinstance(answer, dict) else answer
    found = [_sized(file.get("dataFile", file)) for file in files]
    return [(name, size) for name, size in found if name and isinstance(size, int) and size >= 0]


def _sized(file: Mapping[str, Any]) -> tuple[str, Any]:
    name = file.get("key") or file.get("filename") or file.get("name") or ""
    return name, file.get("size", file.get("filesize"))


def _failure(doi: str, error: ForeignError) -> DownloadError:
    what = f"answered {error.status}" if error.status else f"did not answer ({error})"
    advice = "Check the DOI." if error.status == 404 else "Run again later."
    failure = DownloadError(f"doi.org or the repository of {clean(doi)} {what}.", advice=advice)
    failure.status, failure.is_connection = error.status, error.status is None
    return failure


def _not_understood(doi: str, error: Exception) -> DownloadError:
    return DownloadError(
        f"the repository of {clean(doi)} sent an answer that is not understood "
        f"({type(error).__name__}).",
        advice="It may ask for fewer requests: run again in some minutes.",
    )


def _no_such_file(doi: str, name: str, record: _Record) -> UnknownDatasetError:
    from difflib import get_close_matches

    nearest = get_close_matches(name, list(record.hashes), n=3)
    advice = f"Did you mean {' or '.join(map(repr, nearest))}?" if nearest else "Check the name."
    error = UnknownDatasetError(
        f"the record {clean(doi)} has no file {clean(name)!r}.", advice=advice
    )
    error.candidates = tuple(nearest)
    return error


def _unknown_repository(doi: str, error: Exception) -> RegistryError:
    return RegistryError(
        f"{clean(doi)}: {clean(str(error).partition('. ')[0])}.",
        advice="Zenodo, figshare and Dataverse are known; register the file's https: URL.",
    )


def _no_doi(url: str) -> RegistryError:
    return RegistryError(
        f"{clean(url)!r} is not doi:DOI/NAME.", advice="Write doi:10.5281/zenodo.4924875/name."
    )
