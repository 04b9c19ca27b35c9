"""The commands of `python -m ingest` that change the library or tell what it holds."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assistant.settings import Settings
from ingest.adding import Told, add_targets, remove_documents
from ingest.from_address import AddOptions
from ingest.library import LibraryChange, open_library
from ingest.outcomes import Outcome, Result
from ingest.syncing import folders_to_sync, sync_folder
from ingest.targets import expand

from .build import build, built

_WOULD: Mapping[Result, str] = {
    "new": "add",
    "changed": "read again",
    "named": "note one more name of the same text:",
    "same": "not add again",
    "moved": "note the new place of",
    "unnamed": "forget the name",
    "removed": "remove",
}
_COUNTED: Mapping[Result, str] = {
    "new": "added",
    "changed": "changed",
    "named": "named again",
    "same": "there already",
    "moved": "moved",
    "unnamed": "gone under one name",
    "removed": "removed",
    "failed": "failed",
}


def add_parsers(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Say which commands there are, and what each takes."""
    add = parsers.add_parser("add", help="add files, folders, patterns (GLOB) or addresses")
    add.add_argument("targets", nargs="+", metavar="PATH|DIRECTORY|GLOB|URL")
    add.add_argument("--title", default="", help="of the one document that is added")
    add.add_argument("--password", default="", help="that opens protected files")
    _network(add)
    remove = parsers.add_parser("remove", help="take documents out")
    remove.add_argument("documents", nargs="+", metavar="ID|PATH|URL")
    sync = parsers.add_parser("sync", help="make the library hold what folders hold")
    sync.add_argument("folders", nargs="*", metavar="FOLDER", help="default: all synced before")
    sync.add_argument(
        "--allow-empty", action="store_true", help="also where a folder has been emptied"
    )
    watch = parsers.add_parser("watch", help="sync whenever something changes, until Ctrl-C")
    watch.add_argument("folders", nargs="*", metavar="FOLDER", help="default: all synced before")
    official = parsers.add_parser(
        "fetch-official", help="put the official texts in the place of the digests"
    )
    official.add_argument("ids", nargs="*", metavar="ID", help="default: all further reading")
    official.add_argument(
        "--address",
        action="append",
        default=[],
        type=_pair,
        metavar="ID=URL",
        help="where to look instead",
    )
    _network(official)
    for parser in (add, remove, sync, official):
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen and change nothing"
        )
    list_ = parsers.add_parser("list", help="the documents of the library")
    show = parsers.add_parser("show", help="one document: what it is, where it is cut")
    show.add_argument("id", metavar="ID")
    doctor = parsers.add_parser("doctor", help="check install, model, index, library and disk")
    for parser in (add, remove, sync, official, list_, show, doctor):
        parser.add_argument("--json", action="store_true", help="machine-readable")


def _pair(text: str) -> tuple[str, str]:
    id_, mark, address = text.partition("=")
    if not (id_ and mark and address):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form ID=URL")
    return id_, address


def _network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow-private",
        action="store_true",
        help="also addresses of this machine and of private networks",
    )


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Run a command; returns the exit code."""
    match options.command:
        case "list":
            from .tell import list_documents

            return list_documents(settings, as_json=options.json)
        case "show":
            from .tell import show_document

            return show_document(settings, options.id, as_json=options.json)
        case "doctor":
            from .tell import doctor

            return doctor(settings, as_json=options.json)
        case "watch":
            from .watch import watch

            return watch(settings, folders_to_sync(settings, options.folders))
        case _:
            return _changed(settings, options)


def _changed(settings: Settings, options: argparse.Namespace) -> int:
    told = _Telling(dry_run=options.dry_run, quiet=options.json)
    with open_library(settings, dry_run=options.dry_run) as library:
        outcomes = list(_change(settings, library, options, told))
    info = None if options.dry_run else build(settings, quiet=options.json)
    if options.json:
        data: dict[str, Any] = {
            "outcomes": [outcome.data() for outcome in outcomes],
            "build": asdict(info) if info else None,
            "dry_run": options.dry_run,
        }
        print(json.dumps(data, ensure_ascii=False, indent=1))
    else:
        print(summary(outcomes, dry_run=options.dry_run))
        if info is not None:
            print(built(info))
    if not all(outcome.ok for outcome in outcomes):
        return 1
    return 3 if options.dry_run and any(o.changes_index for o in outcomes) else 0


def _change(
    settings: Settings, library: LibraryChange, options: argparse.Namespace, told: Told
) -> Sequence[Outcome]:
    match options.command:
        case "remove":
            return remove_documents(settings, library, options.documents, told)
        case "sync":
            outcomes: list[Outcome] = []
            for folder in folders_to_sync(settings, options.folders):
                outcomes += sync_folder(
                    settings, library, folder, allow_empty=options.allow_empty, told=told
                )
            return outcomes
        case "fetch-official":
            from ingest.official import replace_digests

            return replace_digests(
                settings,
                library,
                options.ids,
                addresses=dict(options.address),
                allow_private=options.allow_private,
                told=told,
            )
        case _:
            how = AddOptions(options.password, options.title, options.allow_private)
            return add_targets(settings, library, expand(options.targets), how, told)


class _Telling:
    """Says what became of each document as soon as it is known."""

    def __init__(self, *, dry_run: bool, quiet: bool) -> None:
        self._dry_run = dry_run
        self._quiet = quiet

    def __call__(self, outcome: Outcome) -> None:
        if self._quiet:
            return
        if not outcome.ok:
            print(f"ingest: {outcome.said('en')}", file=sys.stderr, flush=True)
        elif self._dry_run:
            print(f"would {_WOULD[outcome.result]} {outcome.name}", flush=True)
        else:
            named = f" [{outcome.id}]" if outcome.result in ("new", "changed") else ""
            print(f"{outcome.said('en')}{named}", flush=True)


def summary(outcomes: Sequence[Outcome], *, dry_run: bool = False) -> str:
    """How many documents came to which end, in a line."""
    counts = Counter(outcome.result for outcome in outcomes)
    parts = [f"{counts[result]} {word}" for result, word in _COUNTED.items() if counts[result]]
    ends = ", ".join(parts) or "nothing has changed"
    return f"{'Would be: ' if dry_run and parts else ''}{ends[0].upper()}{ends[1:]}."
