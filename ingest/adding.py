"""Files and addresses taken into the library, each alone, and documents taken out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.settings import Settings

from .from_address import AddOptions, add_address
from .library import LibraryChange
from .outcomes import Outcome, of_added, of_error
from .refusing import DocumentError
from .targets import Target

# Called after each file with its outcome.
Told = Callable[[Outcome], None]


def add_targets(
    settings: Settings,
    library: LibraryChange,
    targets: Sequence[Target],
    options: AddOptions | None = None,
    told: Told | None = None,
) -> list[Outcome]:
    """Add each target; one that fails stops none of the others."""
    options = options or AddOptions()
    outcomes = []
    for target in targets:
        began = time.monotonic()
        try:
            if target.error is not None:
                raise target.error
            if target.kind == "address":
                outcome = add_address(settings, library, target.place, options)
            else:
                added = library.add(
                    Path(target.place), title=options.title, password=options.password
                )
                outcome = of_added(added, target.name, target.place, time.monotonic() - began)
        except DocumentError as error:
            outcome = of_error(error, target.name, target.place, time.monotonic() - began)
        outcomes.append(outcome)
        if told is not None:
            told(outcome)
    return outcomes


def remove_documents(
    settings: Settings,
    library: LibraryChange,
    names: Sequence[str],
    told: Told | None = None,
) -> list[Outcome]:
    """Remove documents by their ids, or by the files and addresses that they came from."""
    outcomes = []
    for name in names:
        found = library.at(name) or library.at(os.path.abspath(Path(name).expanduser()))
        id_ = found[0] if found and library.entry(name) is None else name
        entry = library.entry(id_)
        try:
            library.remove(id_)
            outcomes.append(Outcome(entry.title_en if entry else id_, "removed", id=id_))
        except DocumentError as error:
            outcomes.append(of_error(error, name))
        if told is not None:
            told(outcomes[-1])
    return outcomes
