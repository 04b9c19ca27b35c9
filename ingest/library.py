"""The documents that users add: put into the library, each whole in a folder, and taken out.

`<home>/library/<id>/` holds `original.<ext>` (the bytes as they came), `text.txt` (UTF-8, what
is indexed and what offsets refer to) and `source.json`. A folder is filled under another name
and renamed into place; one that starts with a dot is left over from a kill and goes with the
next change.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from assistant.builds import library_directory, library_records
from assistant.language import passage_language
from assistant.settings import Settings
from assistant.types import Language

from .entries import Entry, library_entries
from .passages import split_source
from .plain_text import KINDS, extension, one_line, read_plain_text, shown_name
from .refusing import DocumentError
from .sources import read_corpus


@dataclass(frozen=True, slots=True)
class Added:
    """A document of the library; not `is_new` where the same text was there, under this name."""

    id: str
    name: str
    language: Language
    characters: int
    is_new: bool = True


def add_file(
    settings: Settings, path_or_bytes: Path | str | bytes, name: str, *, title: str = ""
) -> Added:
    """Add a .txt or .md file to the library; `python -m ingest` then takes it into the index.

    Without a title the file's own is taken: of its front matter, its first heading or its name.
    A text that is there already is stored once. Raises DocumentError for a file that cannot be
    taken, before anything changes.
    """
    with open_library(settings) as change:
        return change.add(path_or_bytes, name, title=title)


def remove_source(settings: Settings, id_: str) -> None:
    """Take a document out of the library; `python -m ingest` then takes it out of the index.

    Raises DocumentError for one that is not there, or that came with the assistant.
    """
    with open_library(settings) as change:
        change.remove(id_)


@contextmanager
def open_library(settings: Settings) -> Iterator[LibraryChange]:
    """The library, to be changed; whoever else wants to change it waits.

    All changes are taken back when the block raises, unless `keep` was called.
    """
    folder = library_directory(settings.home)
    lock = FileLock(folder / ".lock")
    with _disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        _sweep(folder)
        change = LibraryChange(settings, folder)
        try:
            yield change
        except BaseException:
            change.undo()
            raise
        change.keep()
    finally:
        lock.release()


class LibraryChange:
    """Documents that are added and removed together; made by `open_library`."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Keep where to work; nothing changes here."""
        self._settings = settings
        self._folder = folder
        self._added: list[Path] = []
        self._removed: list[tuple[Path, Path]] = []

    def add(self, path_or_bytes: Path | str | bytes, name: str, *, title: str = "") -> Added:
        """As `add_file`."""
        name = shown_name(name)
        if extension(name) not in KINDS:
            raise DocumentError("kind", name)
        data = _content(path_or_bytes, name, self._settings.upload_mb)
        plain = read_plain_text(data, name)
        text = plain.text.encode()
        sha256 = hashlib.sha256(text).hexdigest()
        if (there := self._find(sha256)) is not None:
            return there
        language = passage_language(plain.text)
        entry = Entry(
            id=_id(name, sha256),
            title=one_line(title, 200) or plain.title or name.removesuffix(extension(name)),
            name=name,
            language=language,
            characters=len(plain.text),
            added=datetime.now(UTC).isoformat(timespec="seconds"),
            sha256=sha256,
            original=f"original{extension(name)}",
            original_sha256=hashlib.sha256(data).hexdigest(),
        )
        source = entry.source(plain.text)
        if not split_source(source, count_tokens=len, passage_tokens=len(plain.text)):
            raise DocumentError("empty", name)
        files = {entry.original: data, "text.txt": text, "source.json": entry.write()}
        self._write(entry.id, files)
        return Added(entry.id, name, language, len(plain.text))

    def remove(self, id_: str) -> None:
        """As `remove_source`."""
        if id_ not in library_records(self._settings.home):
            shipped = {source.id for source in read_corpus(self._settings.corpus).sources}
            raise DocumentError("shipped" if id_ in shipped else "unknown", one_line(id_, 61))
        place = self._folder / id_
        with _disk_errors(self._folder):
            self._removed.append((place, _put_aside(place)))

    def keep(self) -> None:
        """Make what was changed so far final."""
        for _, aside in self._removed:
            shutil.rmtree(aside, ignore_errors=True)
        self._added, self._removed = [], []

    def undo(self) -> None:
        """Put the library back as it was when this change began, or was last kept."""
        with _disk_errors(self._folder):
            for place, aside in self._removed:
                aside.rename(place)
            for place in self._added:
                shutil.rmtree(_put_aside(place), ignore_errors=True)
        self._added, self._removed = [], []

    def _find(self, sha256: str) -> Added | None:
        """What holds this very text already."""
        for entry in library_entries(self._settings):
            if entry.sha256 == sha256:
                return Added(entry.id, entry.name, entry.language, entry.characters, is_new=False)
        for source in read_corpus(self._settings.corpus).sources:
            if hashlib.sha256(source.text.encode()).hexdigest() == sha256:
                name = source.title(source.language)
                return Added(source.id, name, source.language, len(source.text), is_new=False)
        return None

    def _write(self, id_: str, files: Mapping[str, bytes]) -> None:
        place, part = self._folder / id_, self._folder / f".new-{secrets.token_hex(8)}"
        try:
            with _disk_errors(self._folder):
                part.mkdir()
                for file, data in files.items():
                    with (part / file).open("xb") as out:
                        out.write(data)
                        out.flush()
                        os.fsync(out.fileno())
                part.rename(place)
        finally:
            shutil.rmtree(part, ignore_errors=True)  # only there still when something went wrong
        self._added.append(place)


def _content(path_or_bytes: Path | str | bytes, name: str, limit_mb: int) -> bytes:
    limit = limit_mb * 1_000_000
    if isinstance(path_or_bytes, bytes):
        data = path_or_bytes
    else:
        path = Path(path_or_bytes)
        try:
            if not path.is_file():  # a pipe would never end, a folder is not one document
                raise DocumentError("unreadable", name, why=_no_file(path))
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise DocumentError("unreadable", name, why=why) from error
    if len(data) > limit:
        raise DocumentError("too_large", name, mb=limit_mb)
    return data


def _no_file(path: Path) -> str:
    return "it is no file" if path.exists() else "it is not there"


def _id(name: str, sha256: str) -> str:
    """A name for addresses, made of the file's and of what it holds."""
    latin = unicodedata.normalize("NFKD", name.removesuffix(extension(name)).lower())
    words = re.findall(r"[a-z0-9]+", latin.encode("ascii", "ignore").decode())
    return f"{'-'.join(words)[:48].strip('-') or 'document'}-{sha256[:8]}"


def _put_aside(place: Path) -> Path:
    aside = place.with_name(f".gone-{place.name}-{secrets.token_hex(4)}")
    return place.rename(aside)


def _sweep(folder: Path) -> None:
    """Delete what a killed change left behind."""
    for part in folder.glob(".*-*"):
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise DocumentError("disk", str(folder), why=why) from error
