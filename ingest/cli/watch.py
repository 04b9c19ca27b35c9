"""`python -m ingest watch`: folders and the library kept in step until someone stops it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from assistant.errors import AssistantError
from assistant.settings import Settings
from ingest.library import open_library
from ingest.outcomes import Outcome
from ingest.refusing import DocumentError
from ingest.syncing import sync_folder

from .build import build, built

# How long a folder must have been quiet before it is read, in milliseconds: files are often
# written in several steps.
_QUIET_MS = 1_600


def watch(settings: Settings, folders: Sequence[Path]) -> int:
    """Sync now and after each change; ends with Ctrl-C. Raises DocumentError without a folder."""
    from watchfiles import watch as changes

    for folder in folders:
        if not folder.is_dir():
            raise DocumentError("no_folder", str(folder))
    try:
        _sync(settings, folders)
        named = ", ".join(map(str, folders))
        print(f"Watching {named} (Ctrl-C stops it).", flush=True)
        for _ in changes(*folders, debounce=_QUIET_MS, step=200, raise_interrupt=True):
            _sync(settings, folders)
    except KeyboardInterrupt:
        print("Stopped watching.", flush=True)
    return 0


def _sync(settings: Settings, folders: Sequence[Path]) -> None:
    """What cannot be done now is told, and tried again after the next change."""
    for folder in folders:
        try:
            with open_library(settings) as library:
                sync_folder(settings, library, folder, told=_tell)
        except AssistantError as error:
            print(f"ingest: {error}", file=sys.stderr, flush=True)
    try:
        if (info := build(settings)) is not None:
            print(built(info), flush=True)
    except AssistantError as error:
        print(f"ingest: {error}", file=sys.stderr, flush=True)


def _tell(outcome: Outcome) -> None:
    if outcome.ok:
        print(outcome.said("en"), flush=True)
    else:
        print(f"ingest: {outcome.said('en')}", file=sys.stderr, flush=True)
