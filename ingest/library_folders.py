"""The library's folders on disk: each change is whole or not there, and can be taken back."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from assistant.errors import CorpusError
from assistant.retrieval.builds import replace_bytes

from .entries import Entry
from .origins import FILE as ORIGINS
from .refusing import DocumentError

RECORD = "source.json"


class Shelf:
    """Folders of documents; what was changed since `keep` was last called can be undone."""

    def __init__(self, folder: Path) -> None:
        """Keep where the folders stand; nothing changes here."""
        self.folder = folder
        self._undo: list[Callable[[], object]] = []
        self._done: list[Callable[[], None]] = []

    def put(self, id_: str, files: Mapping[str, bytes]) -> None:
        """Make a folder with these files, at once."""
        place, part = self.folder / id_, self.folder / f".new-{secrets.token_hex(8)}"
        try:
            with disk_errors(self.folder):
                part.mkdir()
                for file, data in files.items():
                    _write(part / file, data)
                part.rename(place)
        finally:
            shutil.rmtree(part, ignore_errors=True)  # only there still when something went wrong
        self._undo.append(lambda: shutil.rmtree(_put_aside(place), ignore_errors=True))

    def rewrite(self, id_: str, files: Mapping[str, bytes]) -> None:
        """Give a folder these files; the record goes last but for the origins, each in one rename.

        Files that the new record does not name go when the change is kept.
        """
        place = self.folder / id_
        records = [name for name in (RECORD, ORIGINS) if name in files]
        with disk_errors(self.folder):
            before = {name: (place / name).read_bytes() for name in records}
            self._undo.append(lambda: _put_back(place, before))
            for name in sorted(set(files) - set(records)):
                if not (place / name).exists():
                    replace_bytes(place / name, files[name])
            for name in records:
                replace_bytes(place / name, files[name])
        self._done.append(lambda: _tidy(place))

    def remove(self, id_: str) -> None:
        """Take a folder away, at once."""
        place = self.folder / id_
        with disk_errors(self.folder):
            aside = _put_aside(place)
        self._undo.append(lambda: aside.rename(place))
        self._done.append(lambda: shutil.rmtree(aside, ignore_errors=True))

    def keep(self) -> None:
        """Make what was changed so far final."""
        for finish in self._done:
            finish()
        self._undo, self._done = [], []

    def undo(self) -> None:
        """Put everything back as it was when `keep` was last called."""
        with disk_errors(self.folder):
            while self._undo:
                self._undo.pop()()
        self._done = []

    def sweep(self) -> None:
        """Delete what killed changes left behind."""
        for part in self.folder.glob(".*-*"):
            shutil.rmtree(part, ignore_errors=True)
        for record in self.folder.glob(f"*/{RECORD}"):
            _tidy(record.parent)


class DryShelf(Shelf):
    """A shelf on which nothing changes, to see what would."""

    def put(self, id_: str, files: Mapping[str, bytes]) -> None:
        """Nothing."""

    def rewrite(self, id_: str, files: Mapping[str, bytes]) -> None:
        """Nothing."""

    def remove(self, id_: str) -> None:
        """Nothing."""

    def sweep(self) -> None:
        """Nothing."""


def left_over(folder: Path) -> list[Path]:
    """What killed changes left in the library's folder, to go with the next change."""
    return sorted(folder.glob(".*-*")) + [
        path for record in sorted(folder.glob(f"*/{RECORD}")) for path in _unnamed(record.parent)
    ]


def _unnamed(place: Path) -> list[Path]:
    """The files of a document that its record does not name; none where it cannot be read."""
    try:
        entry = Entry.read(place, (place / RECORD).read_bytes())
        return sorted(
            path for path in place.iterdir() if path.name not in {RECORD, ORIGINS, *entry.files}
        )
    except (OSError, CorpusError):
        return []


def _tidy(place: Path) -> None:
    for path in _unnamed(place):
        with suppress(OSError):
            path.unlink()


def _put_back(place: Path, before: Mapping[str, bytes]) -> None:
    for name, data in before.items():
        replace_bytes(place / name, data)
    _tidy(place)


def _put_aside(place: Path) -> Path:
    aside = place.with_name(f".gone-{place.name}-{secrets.token_hex(4)}")
    return place.rename(aside)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Tell what the disk refuses as a DocumentError."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise DocumentError("disk", str(folder), why=why) from error
