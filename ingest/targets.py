"""What a user names to be added: files, folders, patterns, addresses."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .formats.names import extension, shown_name
from .formats.reading import KINDS
from .refusing import DocumentError

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.I)


@dataclass(frozen=True, slots=True)
class Target:
    """One file or address; `error` where there is none of that name."""

    kind: Literal["file", "address"]
    place: str
    error: DocumentError | None = None

    @property
    def name(self) -> str:
        """What it is called in outcomes."""
        return self.place if self.kind == "address" else shown_name(Path(self.place).name)


def expand(arguments: Sequence[str]) -> list[Target]:
    """All that these arguments name, each once, in their order.

    Of a folder and its folders come the files that can be read by the ends of their names, and
    nothing hidden. What is not there becomes a target with an error.
    """
    targets: dict[str, Target] = {}
    for argument in arguments:
        for target in _expanded(argument):
            targets.setdefault(target.place, target)
    return list(targets.values())


def files_of(folder: Path) -> Iterator[Path]:
    """The files below a folder that can be read, in order; links to folders are not followed."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            # Editors and offices keep their own copies of open files there.
            if extension(name) in KINDS and not name.startswith((".", "~$")):
                yield Path(root) / name


def _expanded(argument: str) -> Iterator[Target]:
    if _ADDRESS.match(argument):
        yield Target("address", argument)
        return
    path = Path(argument).expanduser()
    if path.is_dir():
        found = list(files_of(path))
    elif path.exists() or not glob.has_magic(argument):
        found = [path]
    else:
        found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
        found = [name for name in found if name.is_file()]
    for file in found:
        yield Target("file", os.path.abspath(file))
    if not found:
        error = DocumentError("nothing", shown_name(argument))
        yield Target("file", argument, error)
