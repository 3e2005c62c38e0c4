"""`evio-data registry build`, `registry check` and `pin`."""

import argparse
import os
import shlex
from collections.abc import Iterable
from typing import Any, NamedTuple

from .._collection import Collection, open_collection, registry_path
from .._drive import links
from .._drive.folders import folder_url
from .._drive.links import FileLink
from .._registry.hashes import is_strong, sha256_in
from .._registry.parser import shipped_path
from .._registry.registry import Entry, is_glob
from .._registry_tools import editor
from .._registry_tools import pin as pinning
from .._registry_tools.editor import RegistryEditor
from .._registry_tools.folder_scan import Survey, scan_folder
from .._registry_tools.rebuild import Comparison, compare, rebuild, refuse_another_folder
from .._settings import expanded, from_environment
from .._text import clean, plural, size
from ..errors import EvioDataError, RegistryError
from .output import frame
from .terminal import FAILED, OK, say, show_json, show_text

MAX_LINE = 2000  # characters of a message that are shown


# --- registry build ---------------------------------------------------------------------------


def build(options: argparse.Namespace) -> int:
    """Run ``evio-data registry build``; return the exit code."""
    path = expanded(options.output, "--output")
    link = _folder_of(options.folder)
    present = editor.read(path).text  # what is wrong with it is told before all else
    if present is not None:
        refuse_another_folder(present, link)
    editor.refuse_unwritable(path)
    live = _survey(options.folder, options)
    old = editor.read(path).text  # as it is now: the survey may have taken a while
    before = str(old) if old is not None else None
    text, comparison, filled = rebuild(old, live)
    written = str(text) != before
    if written:
        editor.write(path, str(text))
    if options.json:
        more = {"written": written, "filled": [_entry_json(entry) for entry in filled]}
        show_json(_as_json(comparison, live, path, ok=not comparison.faulty, **more))
    _tell(comparison, quiet=options.json)
    for entry in filled:
        (say if options.json else show_text)(f"~ {entry.name}: now with{_amount(entry)}")
    if not options.json:
        show_text(_built(comparison, path, written=written))
    return FAILED if comparison.faulty else OK


def _built(comparison: Comparison, path: str, *, written: bool) -> str:
    known = comparison.total - len(comparison.added)
    what = f"{plural(len(comparison.added), 'new file')}, {known} known"
    return f"{path}: {what}{'' if written else '; nothing to change'}"


# --- registry check ---------------------------------------------------------------------------


def check(options: argparse.Namespace) -> int:
    """Run ``evio-data registry check``; return the exit code."""
    path = _source(options)
    text = _read(path)
    url = options.folder or _remembered(text, path)
    _folder_of(url)
    live = _survey(url, options)
    comparison = compare(text, live)
    if options.json:
        show_json(_as_json(comparison, live, path, ok=not comparison.drifted))
    _tell(comparison, quiet=options.json)
    if not options.json:
        show_text(_checked(comparison, path))
    return FAILED if comparison.drifted else OK


def _remembered(text: RegistryEditor, path: str) -> str:
    link = text.folder
    if link is None:
        raise RegistryError(
            f"{clean(path, MAX_LINE)} does not say which folder it is of.",
            advice="Name it: `evio-data registry check FOLDER_URL`, or add a line "
            "`# folder: URL` to the registry.",
        )
    return folder_url(link)


def _checked(comparison: Comparison, path: str) -> str:
    if not comparison.drifted:
        return f"{path}: as the folder, {plural(comparison.total, 'file')}"
    counts: dict[str, list[Any]] = {
        "added": comparison.added,
        "removed": comparison.removed,
        "changed": comparison.changed,
        "unreachable": comparison.unreachable,
    }
    words = [f"{len(found)} {what}" for what, found in counts.items() if found]
    return f"{path}: {', '.join(words) or 'not all of the folder could be seen'}"


# --- both -------------------------------------------------------------------------------------


def _survey(url: str, options: argparse.Namespace) -> Survey:
    return scan_folder(url, from_environment(), connections=options.concurrency, tell=say)


def _folder_of(url: str) -> FileLink:
    link = links.folder_link(url)
    if link is None:
        raise RegistryError(
            f"{clean(url)!r} is no link to a Google Drive folder.",
            advice="Wanted: https://drive.google.com/drive/folders/ID",
        )
    return link


def _source(options: argparse.Namespace) -> str:
    return registry_path(options.registry, from_environment())


def _read(path: str) -> RegistryEditor:
    text = editor.read(path).text
    if text is None:
        raise RegistryError(
            f"there is no registry {clean(path, MAX_LINE)}.", advice="Check the path."
        )
    return text


def _tell(comparison: Comparison, *, quiet: bool) -> None:
    """Say what differs: on standard output, or beside JSON on standard error."""
    tell = say if quiet else show_text
    for entry in comparison.added:
        tell(f"+ {entry.name}{_amount(entry)}")
    for entry in comparison.removed:
        tell(f"- {entry.name}: not in the folder any more; its line stays until you remove it")
    for change in comparison.changed:
        tell(f"! {change.name}: {_changed(*change[1:])}")
    for name, why in comparison.unreachable:
        tell(f"! {name}: {clean(why, MAX_LINE)}")
    for left in comparison.left_out:
        say(f"left out: {clean(left.path, MAX_LINE)}: {clean(left.why, MAX_LINE)}")
    for renamed in comparison.renamed:
        say(f"renamed: {clean(renamed.path, MAX_LINE)} is {renamed.name} here ({renamed.why} name)")
    for name, why in comparison.unsized:
        say(f"size unknown: {name}: {clean(why, MAX_LINE)}")


def _changed(what: str, registered: str, live: str) -> str:
    return (
        f"its {what} was {registered}, and is {live} under the same id. Its line is as it was: "
        "a name never changes its bytes; remove the line and build again, under a new name."
    )


def _amount(entry: Entry) -> str:
    words = [size(entry.size)] if entry.size is not None else []
    words += ["SHA-256 from the Drive API"] if sha256_in(entry.hash) else []
    words += ["only an MD5 from the Drive API"] if entry.hash and not is_strong(entry.hash) else []
    return f" ({', '.join(words)})" if words else ""


def _as_json(
    comparison: Comparison, live: Survey, path: str, *, ok: bool, **more: Any
) -> dict[str, Any]:
    return frame(
        ok=ok,
        registry=path,
        folder=folder_url(live.folder),
        **more,
        added=[_entry_json(entry) for entry in comparison.added],
        removed=[entry.name for entry in comparison.removed],
        changed=[change._asdict() for change in comparison.changed],
        unreachable=_texts(comparison.unreachable),
        unsized=_texts(comparison.unsized),
        renamed=_texts(comparison.renamed),
        left_out=_texts(comparison.left_out),
        files=[_file_json(file.path, file.link.id, file.size, file.hash) for file in live.files],
    )


def _entry_json(entry: Entry) -> dict[str, object]:
    return {"name": entry.name, "url": entry.url, "size": entry.size, **_hash_json(entry.hash)}


def _file_json(
    path: tuple[str, ...], file_id: str, size: int | None, known_hash: str | None
) -> dict[str, object]:
    return {"path": "/".join(path), "id": file_id, "size": size, **_hash_json(known_hash)}


def _hash_json(known_hash: str | None) -> dict[str, object]:
    return {"sha256": sha256_in(known_hash), "hash": known_hash}


def _texts(tuples: Iterable[NamedTuple]) -> list[dict[str, Any]]:
    return [each._asdict() for each in tuples]


# --- pin --------------------------------------------------------------------------------------


def pin(options: argparse.Namespace) -> int:
    """Run ``evio-data pin``; return the exit code."""
    collection = open_collection(options.registry, options.cache_dir)
    path = _source(options)
    target = _target(options, path)
    entries = collection.registry.select(options.patterns)
    pins = pinning.collect(entries, collection.cached_file)
    text = _read(path)
    refused = pins.refused + pinning.write_pins(text, pins.pins)
    unwritten = {each.name for each in refused}
    done = [each for each in pins.pins if each.entry.name not in unwritten]
    if done:
        editor.write(target, str(text))
    for each in done:
        show_text(f"{each.entry.name}: {each.hash}, {each.size:,} bytes: {each.trust}")
    for name, why in refused:
        say(f"refused: {name}: {clean(why, MAX_LINE)}")
    missed = _named(options.patterns, pins.absent, collection)
    for name in missed:
        say(f"refused: {name}: not cached: `evio-data fetch {shlex.quote(name)}` first.")
    show_text(_pinned(len(done), pins, target))
    return FAILED if refused or missed else OK


def _target(options: argparse.Namespace, source: str) -> str:
    if options.output is None:
        if source == shipped_path() and not options.registry:
            raise EvioDataError(
                "the registry that comes with this package is not written to.",
                advice="Name a new file, `-o registry.txt`, or one of yours, `--registry FILE`.",
            )
        return source
    output = expanded(options.output, "--output")
    if os.path.lexists(output):
        raise EvioDataError(
            f"{clean(output, MAX_LINE)} exists.",
            advice="To pin in it: `--registry` instead of `-o`.",
        )
    return output


def _named(patterns: Iterable[str], absent: list[str], collection: Collection) -> list[str]:
    """Return the absent files that were asked for by name, not by a glob."""
    registry = collection.registry
    exact = {each for each in patterns if each in registry.entries or not is_glob(each)}
    names = {registry.find(each).name for each in exact}
    return [name for name in absent if name in names]


def _pinned(count: int, pins: pinning.Pins, target: str) -> str:
    words = [f"{count} pinned in {target}" if count else "nothing pinned"]
    words += [f"{len(pins.published)} had a hash"] if pins.published else []
    words += [f"{len(pins.absent)} not cached"] if pins.absent else []
    return ", ".join(words)
