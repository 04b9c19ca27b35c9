"""The library brought in step with folders: what is new, has changed, moved or gone."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.settings import Settings

from .adding import Told
from .formats.names import shown_name
from .library import LibraryChange
from .origins import Origin, library_origins
from .outcomes import Outcome, of_added, of_error
from .refusing import DocumentError
from .targets import files_of


def synced_folders(settings: Settings) -> list[Path]:
    """The folders that documents of the library are kept in step with."""
    origins = library_origins(settings).values()
    return [Path(p) for p in sorted({o.folder for known in origins for o in known if o.folder})]


def sync_folder(
    settings: Settings,
    library: LibraryChange,
    folder: Path,
    *,
    allow_empty: bool = False,
    told: Told | None = None,
) -> list[Outcome]:
    """Make the library hold what the folder holds; what stayed as it was is not told.

    A file of the same size and time as before is not read; one that moved is not read anew. A
    changed file that cannot be read leaves what it was before. Raises DocumentError when the
    folder is not there, or holds nothing of what it held.
    """
    folder = Path(os.path.abspath(folder.expanduser()))
    if not folder.is_dir():
        raise DocumentError("no_folder", str(folder))
    known = library.of_folder(str(folder))
    files = {str(path): path for path in files_of(folder)}
    gone = [place for place in known if place not in files]
    if known and len(gone) == len(known) and not files and not allow_empty:
        raise DocumentError("emptied", str(folder), count=len(known))
    outcomes = []
    for place, path in files.items():
        if _is_untouched(known.get(place, ("", None))[1], path):
            continue
        outcome = _read(library, path, folder, moved=set(gone), known=known)
        if outcome.result != "same":
            outcomes.append(outcome)
            if told is not None:
                told(outcome)
    for place in gone:
        id_, origin = known[place]
        went = library.forget(id_, origin)
        if any(outcome.result == "moved" and outcome.id == id_ for outcome in outcomes):
            continue
        outcomes.append(
            Outcome(
                shown_name(Path(place).name), "removed" if went else "unnamed", id=id_, place=place
            )
        )
        if told is not None:
            told(outcomes[-1])
    return outcomes


def _is_untouched(origin: Origin | None, path: Path) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return False  # reading it will tell why
    return origin is not None and (origin.size, origin.mtime_ns) == (stat.st_size, stat.st_mtime_ns)


def _read(
    library: LibraryChange,
    path: Path,
    folder: Path,
    *,
    moved: set[str],
    known: Mapping[str, tuple[str, Origin]],
) -> Outcome:
    began = time.monotonic()
    name = shown_name(path.name)
    try:
        added = library.add(path, folder=str(folder))
    except DocumentError as error:
        return of_error(error, name, str(path), time.monotonic() - began)
    outcome = of_added(added, name, str(path), time.monotonic() - began)
    from_here = any(known[place][0] == added.id for place in moved)
    return replace(outcome, result="moved") if outcome.result == "named" and from_here else outcome


def folders_to_sync(settings: Settings, named: Sequence[str]) -> list[Path]:
    """The folders that were named, or all that were synced before.

    Raises DocumentError where there are none.
    """
    folders = [Path(os.path.abspath(Path(name).expanduser())) for name in named]
    folders = folders or synced_folders(settings)
    if not folders:
        raise DocumentError("no_synced", "")
    return folders
