"""A file that is not there yet: received, verified by SHA-256, stored on disk."""

from __future__ import annotations

from dataclasses import replace

from . import _one
from ._bench import Bench
from ._candidates import CURL, OPENSSL, SHA256SUM, WGET, Candidates
from ._measure import Candidate

TITLE = "Cold: receive 1 GiB, verify its SHA-256, store it"
AHEAD = 1.2  # times faster than the best peer


def run(bench: Bench) -> str:
    """Return the section's text."""
    return _one.run(bench, _candidates, ahead=AHEAD)


def _candidates(make: Candidates) -> list[Candidate]:
    return [
        *_one.ours_and_floors(make),
        *_one.floors_of_sockets(make),
        *_one.usual_peers(make),
        *_python(make),
        make.shell("curl, then sha256sum", CURL, SHA256SUM),
        make.shell("wget, then openssl", WGET, OPENSSL),
        make.aria2c("aria2c --checksum", "-x1", "-s1"),
        make.aria2c("aria2c -x4 --checksum", "-x4", "-s4", "-k1M"),
    ]


def _python(make: Candidates) -> list[Candidate]:
    def peer(label: str, program: str, *options: str, needs: str) -> Candidate:
        return make.program(label, f"peers.{program}", *options, needs=needs)

    unverified = replace(make, work=make.work.without_hashes())
    return [
        peer("gdown.cached_download with hash", "gdown_cached", needs="gdown"),
        peer("pooch as it comes (1 KiB chunks)", "pooch", needs="pooch"),
        peer("parfive, checksum", "parfive", "1", "1", needs="parfive"),
        unverified.program(
            "parfive, 5 splits, nothing verified", "peers.parfive", "1", "5", needs="parfive"
        ),
        peer("pypdl, then SHA-256", "pypdl", needs="pypdl"),
        peer("pypdl, 5 segments, then SHA-256", "pypdl", "5", needs="pypdl"),
        peer("hf_transfer x4, then SHA-256", "hf_transfer", "4", needs="hf_transfer"),
        peer("huggingface_hub http_get, then SHA-256", "hf_http_get", needs="huggingface_hub"),
    ]
