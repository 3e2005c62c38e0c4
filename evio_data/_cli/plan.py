"""Say what a run would download, and ask whether to start it."""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

from .._cache.inventory import Item, inventory
from .._collection import Collection
from .._registry.registry import Entry
from .._text import plural, size
from ..errors import ChecksumError, EvioDataError
from .output import error_json, frame, total_of
from .terminal import FAILED, OK, USAGE, agrees, can_ask, say, show_json, show_text

MAX_ASKED = 64  # files of unknown size that are worth a request each before the run


# --- before the run ---------------------------------------------------------------------------


class Plan(NamedTuple):
    """What a run would do.

    Attributes
    ----------
    items : list of Item
        Every wanted file, as it is on disk.
    missing : list of Item
        Those that must be fetched, whole or in part.
    doubtful : list of Item
        Those that are there, but must be hashed to know whether they are right.
    sizes : dict of str to int
        Bytes of what is missing, where the registry or the server says them.
    refused : dict of str to EvioDataError
        The files whose server has already said no.
    """

    items: list[Item]
    missing: list[Item]
    doubtful: list[Item]
    sizes: dict[str, int]
    refused: dict[str, EvioDataError]

    @property
    def bytes(self) -> int:
        """The exactly known bytes of what is missing."""
        return sum(self.sizes.get(item.name, 0) for item in self.missing)

    @property
    def held(self) -> int:
        """The bytes of what is missing that are on disk already."""
        return sum(item.held for item in self.missing if item.state == "partial")

    @property
    def documented(self) -> int:
        """The bytes of what is missing whose size is only documented."""
        return sum(self.about(item) or 0 for item in self.missing)

    def about(self, item: Item) -> int | None:
        """Return a file's documented size, where the exact one is not known."""
        return item.about if item.name not in self.sizes else None

    @property
    def total(self) -> str:
        """The bytes of what is missing, in words."""
        return total_of([(self.sizes.get(item.name), item.about) for item in self.missing])

    def check_free_space(self, collection: Collection) -> None:
        """Raise `CacheError` if the disk cannot take the whole set, or warn that it may not."""
        if not self.missing:
            return
        from pathlib import Path

        from .._files import check_free_space, free_bytes

        root = Path(collection.cache.root)
        check_free_space(self.bytes - self.held, root)
        free, documented = free_bytes(root), self.bytes + self.documented - self.held
        if free is not None and documented > free:
            say(
                f"warning: about {size(documented)} are to come, and the disk has {size(free)} "
                f"free ({root}). Free some space, or set EVIO_DATA_DIR to a larger disk."
            )


def make_plan(
    collection: Collection, entries: Sequence[Entry], options: argparse.Namespace
) -> Plan:
    """Return what a run would do; servers are asked for what the registry does not say."""
    items = inventory(collection.cache, entries)
    registered = {entry.name: entry.size for entry in entries}
    doubtful = [item for item in items if _is_doubtful(item, registered[item.name])]
    there = {item.name for item in items if item.is_right}
    there.update(item.name for item in doubtful)
    missing = [item for item in items if item.name not in there]
    wanted = [entry for entry in entries if entry.name not in there]
    sizes = {entry.name: entry.size for entry in wanted if entry.size is not None}
    refused = _of_others(collection, entries)
    wanted = [entry for entry in wanted if entry.name not in refused]
    for name, answer in _asked(collection, _questions(wanted, options), options).items():
        if isinstance(answer, EvioDataError):
            refused[name] = answer
        elif sizes.setdefault(name, answer) != answer:
            refused[name] = _changed(name, sizes[name], answer)
    return Plan(items, missing, doubtful, sizes, refused)


def _changed(name: str, registered: int, actual: int) -> EvioDataError:
    return ChecksumError(
        f"the registry says {registered:,} bytes, and the server says {actual:,}.",
        name=name,
        advice="The published file changed: ask for a new registry.",
    )


def _questions(wanted: Sequence[Entry], options: argparse.Namespace) -> list[Entry]:
    """Return whose servers are asked: before a run of all whose size is not even documented."""
    if options.dry_run:  # shall say exact sizes, and what is refused
        return list(wanted)
    if options.yes:  # nobody waits for a sum: the downloads themselves learn the sizes
        return []
    unknown = [entry for entry in wanted if entry.size is None and entry.about is None]
    return unknown if len(unknown) <= MAX_ASKED else []


def _of_others(collection: Collection, entries: Sequence[Entry]) -> dict[str, EvioDataError]:
    """Return why some entries cannot be had: another registry's file has their name here."""
    refused: dict[str, EvioDataError] = {}
    for entry in entries:
        try:
            collection.cached_file(entry).refuse_another_s(entry.hash)
        except EvioDataError as error:
            refused[entry.name] = error.about(entry.name)
    return refused


def consent(collection: Collection, options: argparse.Namespace) -> int:
    """Ask whether to fetch what is missing, without doing it; return the exit code."""
    plan = make_plan(collection, collection.registry.select(options.patterns), options)
    return agreed(plan, collection, options)


def present(collection: Collection, options: argparse.Namespace) -> list[Item]:
    """Return the wanted files that are there, as far as a look at their status tells."""
    items = inventory(collection.cache, collection.registry.select(options.patterns))
    return [item for item in items if item.is_there and item.state != "damaged"]


def agreed(plan: Plan, collection: Collection, options: argparse.Namespace) -> int:
    """Return the exit code: 0 if the missing files fit on the disk, and may be fetched."""
    plan.check_free_space(collection)
    if not plan.missing or options.yes or collection.settings.offline:
        return OK
    code = _ask(plan, collection)
    return code if code == OK else declined(code, options)


def _is_doubtful(item: Item, registered: int | None) -> bool:
    return item.state == "unverified" and registered in (None, item.held)


def _asked(
    collection: Collection, entries: list[Entry], options: argparse.Namespace
) -> dict[str, int | EvioDataError]:
    if not entries or collection.settings.offline:
        return {}
    from .._transfer.sizes import ask_sizes

    if not options.quiet:
        say(f"Asking for the size of {plural(len(entries), 'file')} ...")
    jobs = [collection.job(entry) for entry in entries]
    timeout = collection.settings.timeout
    answers = ask_sizes(jobs, connections=options.concurrency, timeout=timeout)
    if len(answers) < len(jobs) and not options.quiet:
        silent = plural(len(jobs) - len(answers), "file")
        say(f"No size came for {silent}: the server does not tell it, or cannot be reached.")
    return answers


def _ask(plan: Plan, collection: Collection) -> int:
    """Ask whether to fetch; return the exit code that the answer means."""
    what = f"{_amount(plan)}, into {collection.cache.root}"
    if not can_ask():
        say(f"{what}: standard input is no terminal, so nobody can be asked. Add --yes.")
        return USAGE
    if agrees(f"Fetch {what}?"):
        return OK
    say("Nothing was fetched.")
    return FAILED


def declined(code: int, options: argparse.Namespace) -> int:
    """Say in JSON, where that is wanted, that nothing was fetched; return the exit code."""
    if options.json:
        why = "nobody could be asked" if code == USAGE else "the answer was no"
        message = f"nothing was fetched: {why}."
        error = {"type": "Declined", "message": message, "advice": "Add --yes."}
        show_json(frame(ok=False, error=error))
    return code


def _amount(plan: Plan) -> str:
    words = plural(len(plan.missing), "file")
    words += f", {plan.total}" if plan.missing else ""
    return words + (f" ({size(plan.held)} of it here already)" if plan.held else "")


# --- a dry run --------------------------------------------------------------------------------


def show_plan(plan: Plan, collection: Collection, options: argparse.Namespace) -> int:
    if options.json:
        show_json(_plan_json(plan, collection))
    else:
        show_text(*(f"{item.name}: {_prospect(plan, item)}" for item in plan.missing))
        show_text(*(f"{item.name}: there, to be hashed" for item in plan.doubtful))
        present = len(plan.items) - len(plan.missing)
        refused = f", {len(plan.refused)} refused" if plan.refused else ""
        show_text(
            f"{_amount(plan)} would be fetched into {collection.cache.root}; {present} present"
            f"{refused}."
        )
    return FAILED if plan.refused else OK


def _prospect(plan: Plan, item: Item) -> str:
    if item.name in plan.refused:
        return f"refused: {str(plan.refused[item.name]).removeprefix(f'{item.name}: ')}"
    words = f"{plan.sizes[item.name]:,} bytes" if item.name in plan.sizes else "size unknown"
    if item.about is not None and item.name not in plan.sizes:
        words = f"~{size(item.about)}"
    return f"{words}, {item.held:,} of them here" if item.state == "partial" else words


def _plan_json(plan: Plan, collection: Collection) -> dict[str, object]:
    return frame(
        ok=not plan.refused,
        dry_run=True,
        cache=collection.cache.root,
        present=len(plan.items) - len(plan.missing),
        missing=len(plan.missing),
        bytes=plan.bytes,
        held=plan.held,
        files=[
            {
                "name": item.name,
                "status": item.state,
                "size": plan.sizes.get(item.name, item.size),
                "held": item.held,
                "error": error_json(plan.refused.get(item.name)),
            }
            for item in plan.items
        ],
    )
