"""Every switch of the local Drive, as faults that a schedule can draw."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, NamedTuple, get_args

from evio_data.testing import DriveFile
from evio_data.testing._choices import Length, Nodes, PageStyle, Ranges
from evio_data.testing._files import Refusal
from evio_data.testing._folders import FolderRefusal

MIB = 2**20
LATER = "Wed, 01 Oct 2036 07:28:00 GMT"
MOST_SILENCES = 40  # until a file is there: each lasts as long as a time-out
SOON = "soon"  # a position that stands for the server's date in a second

Switches = dict[str, Any]


class Kind(NamedTuple):
    """One kind of fault.

    Attributes
    ----------
    draw
        A generator of random numbers and the size of the file into positions of switches.
    lasting
        Whether no patience gets past it: an honest error is all that can be asked for.
    drive_only
        Whether it is of Drive's dialect: a plain URL never shows it.
    """

    draw: Callable[[random.Random, int], Switches]
    lasting: bool = False
    drive_only: bool = False


def _place(dice: random.Random, size: int) -> int:
    return dice.randrange(1, max(2, size))


def _cut(dice: random.Random, size: int) -> Switches:
    return {
        "cut_after": _place(dice, size),
        "cut_how": dice.choice(["reset", "close"]),
        "cut_times": dice.randint(1, 3),
    }


def _cut_always(dice: random.Random, size: int) -> Switches:
    return {"cut_after": max(256 * 1024, size // dice.randint(2, 5)), "cut_how": "close"}


def _errors(dice: random.Random, size: int) -> Switches:
    return {
        "errors": [dice.choice([429, 500, 502, 503, 408]) for _ in range(dice.randint(1, 3))],
        "errors_at": dice.choice(["any", "uc", "download"]),
        "retry_after": dice.choice(["0", "0", "1", "Wed, 21 Oct 2015 07:28:00 GMT"]),
    }


def _come_back(dice: random.Random, size: int) -> Switches:
    return {"errors": [dice.choice([429, 503])] * dice.randint(1, 3), "retry_after": SOON}


def _lasting_errors(dice: random.Random, size: int) -> Switches:
    return {"errors": [dice.choice([400, 401, 403, 404, 410])] * dice.randint(1, 4)}


def _quota(dice: random.Random, size: int) -> Switches:
    return {
        "quota": dice.choice(["always", "after-form", "on-resume", _place(dice, size)]),
        "quota_status": dice.choice([200, 403]),
        "quota_spares_bounded": dice.random() < 0.3,
        "language": dice.choice(["en", "es", "de"]),
    }


def _tokens(dice: random.Random, size: int) -> Switches:
    return {
        "large": True,
        "lenient": False,
        "extra_inputs": dice.choice([{}, {"at": "ABC", "authuser": "0"}]),
        "token_life": dice.choice([0.05, 0.3]),
        "stale": dice.choice(["page", "403"]),
        "attribute_order": dice.choice([("type", "name", "value"), ("value", "name", "type")]),
    }


def _headers(dice: random.Random, size: int) -> Switches:
    return {
        "disposition": dice.choice(
            ["ascii", "utf8-star", "raw-utf8", "attachment; filename=..", ""]
        ),
        "content_type": dice.choice([None, "text/html", "text/plain; charset=\xff", "x"]),
        "accept_ranges": dice.choice([None, "none", "bytes"]),
        "cache_control": None,
        "upload_id": False,
        "goog_hash": size <= 64 * 1024,
        "content_range_on_416": dice.random() < 0.5,
        "head": "405",
        "modified": "2036-10-01T07:28:00.000Z",
    }


def _foreign(dice: random.Random, size: int) -> Switches:
    elsewhere = "https://drive.example.invalid/download?confirm=t"
    return dice.choice([{"large": True, "form_action": elsewhere}, {"redirect_to": elsewhere}])


def _chunks(dice: random.Random, size: int) -> Switches:
    return {
        "length": "chunked",
        "chunk_size": dice.choice([None, 1 + size // 3, 64 * 1024]),
        "last_chunk": dice.choice(["sent", "never", "close"]),
        "trailers": dice.randint(0, 3),
    }


def _few_bodies(dice: random.Random, size: int) -> Switches:
    return {
        "connection_limit": 1,
        "over_limit": dice.choice([403, 429, 503, "quota"]),
        "over_limit_on": dice.choice(["any", "range"]),
        "retry_after": "0",
    }


# A label that hides a coding makes other bytes of the file's, and without a hash nothing tells.
PLAIN: Switches = {"gzip": False, "compress": None}
UNLABELLED: Switches = {"content_encoding": None, "transfer_encoding": None}


def _labels(dice: random.Random, size: int) -> Switches:
    words = ["gzip", "x-gzip", "aws-chunked", "utf-8", "binary", "none", "8bit", None]
    return {
        "content_encoding": dice.choice(words),
        "transfer_encoding": dice.choice([None, "identity"]),
        **PLAIN,
    }


def _drip(dice: random.Random, size: int) -> Switches:
    """Slower than usual, yet done in a few seconds: what drips for ever is `_clog`."""
    where = dice.choice(["head-bytes", "head-lines", "body", "trailers"])
    lines = dice.randint(1, 20)
    return {
        "drip": where,
        "drip_pause": 0.001 if where in ("head-bytes", "body") else 0.05,
        "drip_at": dice.choice(["uc", "download", "any"]),
        "drip_lines": lines,
        **({"trailers": lines, "length": "chunked"} if where == "trailers" else {}),
    }


def _clog(dice: random.Random, size: int) -> Switches:
    """Hold a connection for as long as it may: a header line now and then, or interim answers."""
    slow: Switches = {"drip_pause": dice.uniform(0.1, 0.3)}
    return dice.choice(
        [
            {"drip": "head-lines", "drip_lines": 10**6, **slow},
            {"informational": 10**6, **slow},
            {"drip": "trailers", "trailers": 10**6, "length": "chunked", **slow},
        ]
    )


def _odd_server(dice: random.Random, size: int) -> Switches:
    return {
        "header_case": dice.choice(["lower", "upper"]),
        "http_version": dice.choice(["1.0", "1.1"]),
        "keep_alive": dice.random() < 0.5,
        "headers": dice.choice(
            [{"Vary": "Accept-Encoding"}, {"Content-Disposition": None}, {"Server": "x" * 4000}]
        ),
        "ok_status": dice.choice([200, 203]),
        "informational": dice.randint(0, 3),
        "informational_status": dice.choice([100, 102, 103]),
    }


def _portal(dice: random.Random, size: int) -> Switches:
    kinds = ["text/html", "text/plain", "application/octet-stream", "none"]
    return {
        "portal": dice.choice(kinds),
        "portal_page": dice.choice([None, None, ""]),
        "portal_status": dice.choice([200, 511]),
    }


def _detour(dice: random.Random, size: int) -> Switches:
    return {
        "redirect_to": "https://drive.google.com/nowhere",
        "redirect_status": dice.choice([301, 302, 303, 307, 308]),
        "redirect_times": dice.randint(1, 3),
    }


def _forms(dice: random.Random, size: int) -> Switches:
    return {
        "large": True,
        "form_method": dice.choice(["get", "post"]),
        "post_passes": dice.random() < 0.5,
        "page_style": dice.choice(get_args(PageStyle)),
    }


def _styled(dice: random.Random, size: int) -> Switches:
    return {
        "refuse": dice.choice(get_args(Refusal)),
        "retry_after": "0",
        "page_style": dice.choice(get_args(PageStyle)),
    }


def _just(**switches: Any) -> Callable[[random.Random, int], Switches]:
    def draw(_dice: random.Random, _size: int) -> Switches:
        return dict(switches)

    return draw


KINDS: dict[str, Kind] = {
    "warning page": Kind(_just(large=True), drive_only=True),
    "strict or old tokens": Kind(_tokens, drive_only=True),
    "refusal page": Kind(
        lambda dice, _: {"refuse": dice.choice(get_args(Refusal)), "retry_after": "0"},
        lasting=True,
        drive_only=True,
    ),
    "quota": Kind(_quota, lasting=True, drive_only=True),
    "cut": Kind(_cut),
    "cut, always": Kind(_cut_always),
    "cut after a time": Kind(lambda dice, _: {"cut_seconds": dice.uniform(0.05, 0.2)}),
    "silence": Kind(
        lambda dice, size: {"stall_after": _place(dice, size), "stall_times": dice.randint(1, 2)}
    ),
    "silence, always": Kind(
        lambda dice, size: {"stall_after": max(_place(dice, size), size // MOST_SILENCES)},
        lasting=True,
    ),
    "odd lengths": Kind(lambda dice, _: {"length": dice.choice([*get_args(Length)[1:]])}),
    "ranges ignored": Kind(_just(ranges="ignore")),
    "ranges wrong": Kind(lambda dice, _: {"ranges": dice.choice([*get_args(Ranges)[2:]])}),
    "ranges ignored later": Kind(lambda dice, size: {"ranges_after_bytes": _place(dice, size)}),
    "passing statuses": Kind(_errors),
    "a date to come back at": Kind(_come_back),
    "lasting statuses": Kind(_lasting_errors, lasting=True),
    "odd headers": Kind(_headers),
    "no disposition": Kind(_just(disposition="none"), lasting=True, drive_only=True),
    "foreign address": Kind(_foreign, lasting=True, drive_only=True),
    "resource key": Kind(_just(resource_key="0-abc"), lasting=True, drive_only=True),
    "chunks": Kind(_chunks),
    "one body at a time": Kind(_few_bodies),
    "labels over the right bytes": Kind(_labels),
    "really compressed": Kind(
        lambda dice, _: {"compress": dice.choice(["gzip", "deflate", "raw-deflate"]), **UNLABELLED}
    ),
    "drip": Kind(_drip),
    "clog": Kind(_clog, lasting=True),
    "odd server": Kind(_odd_server),
    "portal": Kind(_portal, lasting=True),
    "detour": Kind(_detour, lasting=True),
    "other forms": Kind(_forms, drive_only=True),
    "refusal in another style": Kind(_styled, lasting=True, drive_only=True),
    "nodes": Kind(lambda dice, _: {"nodes": dice.choice([*get_args(Nodes)[1:]])}),
    "ranges refused": Kind(
        lambda dice, _: {"range_status": dice.choice([400, 403, 405, 406, 416, 501, 503])}
    ),
    "few checksums": Kind(
        lambda dice, _: {"checksums": dice.choice([(), ("md5",), ("sha1", "md5")])},
        drive_only=True,
    ),
    "gzip": Kind(_just(gzip=True, **UNLABELLED), lasting=True),
    "endless": Kind(_just(endless=True)),
    "garbled once": Kind(_just(garble="flip", garble_times=1)),
    "garbled": Kind(_just(garble="flip"), lasting=True),
    "slow": Kind(lambda dice, size: {"rate": max(4e5, size / dice.uniform(0.2, 0.6))}),
    "API error": Kind(
        lambda dice, _: {
            "api_error": dice.choice(["notFound", "rateLimitExceeded", "downloadQuotaExceeded"]),
            "retry_after": "0",
        },
        lasting=True,
        drive_only=True,
    ),
}

# Switches of the whole server; "Sorry..." ends soon, so that patience gets past it.
SERVER_KINDS: dict[str, Callable[[random.Random], Switches]] = {
    "few connections": lambda dice: {"max_connections": dice.randint(1, 2)},
    "few requests": lambda dice: {"max_requests_per_second": float(dice.randint(3, 8))},
    "sorry for a while": lambda dice: {
        "max_requests_per_second": 4.0,
        "sorry_for": dice.uniform(0.1, 0.5),
    },
    "sorry is a 403": lambda _: {"sorry_status": 403, "max_connections": 1},
    "warning page for all": lambda _: {"scan_limit": 0},
    "slow server": lambda dice: {"rate": dice.uniform(4e6, 2e7)},
    "slow connections": lambda dice: {"rate_per_connection": dice.uniform(2e6, 1e7)},
    "strict about forms": lambda _: {"scan_limit": 0, "lenient": False},
    "other API key": lambda _: {"api_key": "AIza-another"},
    "short lists": lambda _: {"api_page_limit": 1},
    "other language": lambda dice: {"language": dice.choice(["de", "es"])},
    "no cookies": lambda _: {"cookies": False},
    "far away": lambda dice: {"latency": dice.uniform(0.01, 0.1)},
    "proxy that turns away": lambda dice: {"proxy_status": dice.choice([403, 407, 502])},
}
SERVER_DEFAULTS: Switches = {
    "max_connections": None,
    "max_requests_per_second": None,
    "sorry_for": 0.0,
    "sorry_status": 429,
    "scan_limit": 100 * MIB,
    "rate": None,
    "rate_per_connection": None,
    "lenient": True,
    "api_key": None,
    "api_page_limit": None,
    "language": "en",
    "cookies": True,
    "latency": 0.0,
    "proxy_status": None,
}

# Switches of the folder that lists the files.
FOLDER_KINDS: dict[str, Callable[[random.Random], Switches]] = {
    "refused": lambda dice: {"refuse": dice.choice(get_args(FolderRefusal))},
    "key wanted": lambda _: {"resource_key": "0-folder"},
}
FOLDER_DEFAULTS: Switches = {"refuse": None, "resource_key": None}


def file_defaults() -> Switches:
    """Return every switch of a file in the position in which nothing goes wrong."""
    positions: Switches = {}
    for each in fields(DriveFile):
        if each.name in ("served", "keep", "modified") or each.name.startswith("_"):
            continue
        if each.default is not MISSING:
            positions[each.name] = each.default
        elif each.default_factory is not MISSING:
            positions[each.name] = each.default_factory()
    return positions
