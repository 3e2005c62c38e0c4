"""Errors that are ours and pooch's at once."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path

import pytest

from evio_data._pooch.errors import for_pooch
from evio_data.errors import (
    CacheError,
    ChecksumError,
    EvioDataError,
    RegistryError,
    UnknownDatasetError,
)
from evio_data.testing import DriveServer
from tests.pooch.data import registry_at


@pytest.mark.parametrize(
    ("kind", "poochs"),
    [(ChecksumError, ValueError), (UnknownDatasetError, ValueError), (RegistryError, OSError)],
)
def test_error_is_ours_and_poochs(kind: type[EvioDataError], poochs: type[Exception]) -> None:
    """Where pooch raises a kind of error, ours is one too: same words, same facts, pickled too."""
    error = kind("it happened.", name="a.raw", advice="Do this.")
    error.fact = 7  # type: ignore[attr-defined]
    for same in (for_pooch(error), pickle.loads(pickle.dumps(for_pooch(error)))):
        assert isinstance(same, kind)
        assert isinstance(same, poochs)
        assert str(same) == "a.raw: it happened. Do this."
        assert vars(same) == vars(error)


def test_other_errors_are_as_they_are() -> None:
    """An error that pooch must not take for its own is left as it is, facts and all."""
    error = CacheError("the disk is full.")
    error.errno = errno.ENOSPC
    assert for_pooch(error) is error


def test_a_wrong_hash_is_told_in_poochs_words(server: DriveServer, tmp_path: Path) -> None:
    """MNE looks for pooch's sentence in the text of the error."""
    server.add("a.raw", b"% evt 3.0", large=False)
    registry = registry_at(f"{server.endpoint}/plain/a.raw", tmp_path)
    registry.registry["a.raw"] = "md5:" + "0" * 32
    with pytest.raises(ValueError, match=r"MD5 hash of downloaded file \(a\.raw\) does not match"):
        registry.fetch("a.raw")
