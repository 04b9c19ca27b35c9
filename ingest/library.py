"""The documents that users add: put into the library, each whole in a folder, and taken out.

`<home>/library/<id>/` holds `source.json` (what it is), the files it names (the bytes as they
came, the text that is indexed and that offsets refer to, where its lines stand on their pages)
and `origins.json` (the names it came under). A folder is filled under another name and renamed
into place; one that starts with a dot is left over from a kill and goes with the next change. A
document that changes gets new files first and a new `source.json` last, in one rename.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from assistant.retrieval.builds import library_directory, library_records
from assistant.settings import Settings
from assistant.types import Language, Source

from .entries import Entry, library_entries
from .formats.document import Document, Note
from .formats.names import one_line, shown_name
from .library_folders import DryShelf, Shelf, disk_errors
from .origins import FILE as ORIGINS
from .origins import Origin, origins_json, read_origins, same_place, with_origin
from .preparing import Content, content_of, entry_of, origin_of, text_hash
from .reading_apart import FileReader
from .refusing import DocumentError
from .sources import read_corpus

Status = Literal["new", "changed", "named", "same"]


@dataclass(frozen=True, slots=True)
class Added:
    """A document of the library after `add`.

    status: "new"; "changed" where the same file or address held something else before; "named"
    where the same content was there and this is one more name for it; "same" where nothing
    happened. notes: what its reader should know of it.
    """

    id: str
    name: str
    language: Language
    characters: int
    status: Status = "new"
    notes: tuple[Note, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether there is something to index."""
        return self.status in ("new", "changed")


def add_file(
    settings: Settings,
    path_or_bytes: Path | str | bytes,
    name: str = "",
    *,
    title: str = "",
    password: str = "",
) -> Added:
    """Add a document to the library; `python -m ingest` then takes it into the index.

    name: what a file of these bytes is called; a path's own name by default. Without a title the
    document's own is taken, or its name. What is there already is stored once. Raises
    DocumentError for a file that cannot be taken, before anything changes.
    """
    with open_library(settings) as change:
        return change.add(path_or_bytes, name, title=title, password=password)


def remove_source(settings: Settings, id_: str) -> None:
    """Take a document out of the library; `python -m ingest` then takes it out of the index.

    Raises DocumentError for one that is not there, or that came with the assistant.
    """
    with open_library(settings) as change:
        change.remove(id_)


@contextmanager
def open_library(
    settings: Settings, *, dry_run: bool = False, wait_s: float = -1
) -> Iterator[LibraryChange]:
    """The library, to be changed; whoever else wants to change it waits.

    wait_s: how long to wait for others, -1 for as long as it takes; then it raises DocumentError.
    All changes are taken back when the block raises, unless `keep` was called. With `dry_run`
    everything is told as it would be, and nothing changes.
    """
    folder = library_directory(settings.home)
    lock = FileLock(folder / ".lock")
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=wait_s)
        except Timeout as error:
            raise DocumentError("busy", str(folder)) from error
    try:
        shelf = DryShelf(folder) if dry_run else Shelf(folder)
        shelf.sweep()
        with FileReader(settings) as reader:
            change = LibraryChange(settings, shelf, reader)
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

    def __init__(self, settings: Settings, shelf: Shelf, reader: FileReader) -> None:
        """Keep where to work; nothing changes here."""
        self._settings = settings
        self._shelf = shelf
        self._reader = reader
        self.keep = shelf.keep
        self.undo = shelf.undo

    def add(
        self,
        path_or_bytes: Path | str | bytes,
        name: str = "",
        *,
        title: str = "",
        password: str = "",
        charset: str = "",
        origin: Origin | None = None,
        folder: str = "",
    ) -> Added:
        """As `add_file`.

        charset: what a server said of the encoding. origin: where bytes came from, when not from
        an upload. folder: the one that `sync` keeps in step with the library.
        """
        name = shown_name(name or Path(str(path_or_bytes)).name)
        content = content_of(path_or_bytes, name, self._settings.upload_mb)
        origin = origin or origin_of(path_or_bytes, content, folder)
        earlier = self._of_place(origin)
        if (there := self._of_bytes(content)) is not None:
            return self._named(there, origin, earlier)
        document = self._reader.read(content.data, name, password=password, charset=charset)
        return self._put(content, document, origin, earlier, title)

    def add_document(
        self, content: Content, document: Document, origin: Origin, stands_for: Source
    ) -> Added:
        """Add a document that was read already and takes the place of a shipped source."""
        earlier = f"{stands_for.id}-official"
        known = library_records(self._settings.home)
        return self._put(content, document, origin, earlier if earlier in known else "", stands_for)

    def remove(self, id_: str) -> None:
        """As `remove_source`."""
        if id_ not in library_records(self._settings.home):
            shipped = {source.id for source in read_corpus(self._settings.corpus).sources}
            raise DocumentError("shipped" if id_ in shipped else "unknown", one_line(id_, 61))
        self._shelf.remove(id_)

    def forget(self, id_: str, origin: Origin) -> bool:
        """Take a name from a document, which goes with its last one; whether it went."""
        folder = self._shelf.folder / id_
        left = tuple(o for o in read_origins(folder) if o != origin)
        if not left:
            self._shelf.remove(id_)
            return True
        self._shelf.rewrite(id_, {ORIGINS: origins_json(left).encode()})
        return False

    def _put(
        self,
        content: Content,
        document: Document,
        origin: Origin,
        earlier: str,
        about: str | Source,
    ) -> Added:
        if (there := self._of_text(document)) is not None:
            return self._named(there, origin, earlier)
        url = origin.place if origin.kind == "address" else ""
        entry, files = entry_of(content, document, about, id_=earlier, url=url)
        before = read_origins(self._shelf.folder / earlier) if earlier else ()
        if len(before) > 1:
            # The other names still stand for what it was; this one is a document of its own now.
            self.forget(earlier, next(o for o in before if same_place(o, origin)))
            return self._put(content, document, origin, "", about)
        files[ORIGINS] = origins_json(with_origin(before, origin)).encode()
        if earlier:
            self._shelf.rewrite(entry.id, files)
        else:
            self._shelf.put(entry.id, files)
        status: Status = "changed" if earlier else "new"
        return Added(
            entry.id, content.name, entry.language, entry.characters, status, document.notes
        )

    def _named(self, there: Added, origin: Origin, earlier: str) -> Added:
        """What becomes of an origin whose content is there already."""
        folder = self._shelf.folder / there.id
        if there.status == "same" and not folder.is_dir():  # it came with the assistant
            return there
        if earlier and earlier != there.id:
            self.forget(
                earlier,
                next(o for o in read_origins(folder.with_name(earlier)) if same_place(o, origin)),
            )
        before = read_origins(folder)
        files = {ORIGINS: origins_json(with_origin(before, origin)).encode()}
        self._shelf.rewrite(there.id, files)
        known = any(same_place(o, origin) for o in before)
        return there if known else replace(there, status="named")

    def _of_place(self, origin: Origin) -> str:
        """The document that this file or address held before; "" for none."""
        if origin.kind != "upload":
            for id_ in library_records(self._settings.home):
                for known in read_origins(self._shelf.folder / id_):
                    if same_place(known, origin):
                        return id_
        return ""

    def _of_bytes(self, content: Content) -> Added | None:
        for entry in library_entries(self._settings):
            if entry.original_sha256 == content.sha256:
                return _there(entry, self._shelf.folder)
        return None

    def _of_text(self, document: Document) -> Added | None:
        """What holds this very text already."""
        sha256 = text_hash(document.text)
        for entry in library_entries(self._settings):
            if entry.sha256 == sha256:
                return _there(entry, self._shelf.folder)
        for source in read_corpus(self._settings.corpus).sources:
            if text_hash(source.text) == sha256:
                name = source.title(source.language)
                return Added(source.id, name, source.language, len(source.text), "same")
        return None


def _there(entry: Entry, folder: Path) -> Added:
    origins = read_origins(folder / entry.id)
    name = origins[0].name if origins else entry.id
    return Added(entry.id, name, entry.language, entry.characters, "same", entry.notes)
