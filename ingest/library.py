"""The documents that users add: taken into the store whole, and taken out.

The store keeps what each is, its text and the names it came under; the bytes as they came lie
beside it. `python -m ingest`, or `build_index`, then takes them into the index.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from assistant.settings import Settings
from assistant.types import Language, Source

from .entries import Entry
from .formats.document import Document, Note
from .formats.names import one_line, shown_name
from .origins import Origin, by_document, same_place, with_origin
from .preparing import Content, content_of, entry_of, origin_of, text_hash
from .reading_apart import FileReader
from .refusing import DocumentError
from .sources import read_corpus
from .storing import Change, open_change

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
    with open_library(settings) as library:
        return library.add(path_or_bytes, name, title=title, password=password)


def remove_source(settings: Settings, id_: str) -> None:
    """Take a document out of the library; `python -m ingest` then takes it out of the index.

    Raises DocumentError for one that is not there, or that came with the assistant.
    """
    with open_library(settings) as library:
        library.remove(id_)


@contextmanager
def open_library(
    settings: Settings, *, dry_run: bool = False, wait_s: float = -1
) -> Iterator[LibraryChange]:
    """The library, to be changed; whoever else wants to change it waits.

    wait_s: how long to wait for others, -1 for as long as it takes; then it raises DocumentError.
    All changes are taken back when the block raises, unless `keep` was called. With `dry_run`
    everything is told as it would be, and nothing changes.
    """
    with (
        open_change(settings, dry_run=dry_run, wait_s=wait_s) as change,
        FileReader(settings) as reader,
    ):
        yield LibraryChange(settings, change, reader)


class LibraryChange:
    """Documents that are added and removed together; made by `open_library`."""

    def __init__(self, settings: Settings, change: Change, reader: FileReader) -> None:
        """Keep where to work; nothing changes here."""
        self._settings = settings
        self.change = change
        self._reader = reader
        self.keep = change.keep

    def entry(self, id_: str) -> Entry | None:
        """What is known of a document; None where there is none of that id."""
        found = self.change.rows("SELECT entry FROM document WHERE id = ?", [id_])
        return Entry.read(found[0][0]) if found else None

    def origins(self, id_: str) -> tuple[Origin, ...]:
        """The names that a document came under."""
        sql = "SELECT data FROM origin WHERE document = ? ORDER BY rowid"
        return tuple(Origin.read(data) for (data,) in self.change.rows(sql, [id_]))

    def at(self, place: str) -> tuple[str, Origin] | None:
        """The document that came from a path or an address, and what was kept of that."""
        sql = "SELECT document, data FROM origin WHERE place = ? AND place != ''"
        found = self.change.rows(sql, [place])
        return (found[0][0], Origin.read(found[0][1])) if found else None

    def of_folder(self, folder: str) -> dict[str, tuple[str, Origin]]:
        """The documents that `sync` keeps in step with a folder, by the paths of their files."""
        sql = "SELECT document, data FROM origin WHERE folder = ? AND kind = 'file'"
        rows = [(id_, Origin.read(data)) for id_, data in self.change.rows(sql, [folder])]
        return {origin.place: (id_, origin) for id_, origin in rows}

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
        if (there := self._there("original_sha256", content.sha256)) is not None:
            return self._named(there, origin, earlier)
        document = self._reader.read(content.data, name, password=password, charset=charset)
        return self._put(content, document, origin, earlier, title)

    def add_document(
        self, content: Content, document: Document, origin: Origin, stands_for: Source
    ) -> Added:
        """Add a document that was read already and takes the place of a shipped source."""
        earlier = f"{stands_for.id}-official"
        known = earlier if self.entry(earlier) else ""
        return self._put(content, document, origin, known, stands_for)

    def remove(self, id_: str) -> None:
        """As `remove_source`."""
        if not self.change.rows("SELECT 1 FROM document WHERE id = ?", [id_]):
            shipped = {source.id for source in read_corpus(self._settings.corpus).sources}
            raise DocumentError("shipped" if id_ in shipped else "unknown", one_line(id_, 61))
        self.change.remove_document(id_)

    def forget(self, id_: str, origin: Origin) -> bool:
        """Take a name from a document, which goes with its last one; whether it went."""
        left = tuple(o for o in self.origins(id_) if o != origin)
        if not left:
            self.change.remove_document(id_)
            return True
        self.change.put_origins(id_, left)
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
        entry, boxes = entry_of(content, document, about, id_=earlier, url=url)
        before = self.origins(earlier) if earlier else ()
        if len(before) > 1:
            # The other names still stand for what it was; this one is a document of its own now.
            self.forget(earlier, next(o for o in before if same_place(o, origin)))
            return self._put(content, document, origin, "", about)
        self.change.put_document(
            entry.id,
            entry.write(),
            entry.hash,
            text=document.text,
            sha256=entry.sha256,
            boxes=boxes,
            original=entry.original,
            data=content.data,
            replaces=entry.replaces,
        )
        self.change.put_origins(entry.id, with_origin(before, origin))
        status: Status = "changed" if earlier else "new"
        return Added(
            entry.id, content.name, entry.language, entry.characters, status, document.notes
        )

    def _named(self, there: Added, origin: Origin, earlier: str) -> Added:
        """What becomes of an origin whose content is there already."""
        if self.entry(there.id) is None:  # it came with the assistant
            return there
        if earlier and earlier != there.id:
            self.forget(earlier, next(o for o in self.origins(earlier) if same_place(o, origin)))
        before = self.origins(there.id)
        self.change.put_origins(there.id, with_origin(before, origin))
        known = any(same_place(o, origin) for o in before)
        return there if known else replace(there, status="named")

    def _of_place(self, origin: Origin) -> str:
        """The document that this file or address held before; "" for none."""
        if origin.kind != "upload":
            rows = self.change.rows(
                "SELECT document, data FROM origin WHERE place = ?", [origin.place]
            )
            for id_, known in by_document(rows).items():
                if any(same_place(o, origin) for o in known):
                    return id_
        return ""

    def _there(self, what: Literal["original_sha256", "sha256"], sha256: str) -> Added | None:
        """The document with these bytes, or this text."""
        column, value = ("text", sha256) if what == "sha256" else ("original", f"{sha256}%")
        sql = f"SELECT entry FROM document WHERE {column} {'=' if what == 'sha256' else 'GLOB'} ?"
        for (record,) in self.change.rows(sql, [value.replace("%", "*")]):
            entry = Entry.read(record)
            origins = self.origins(entry.id)
            name = origins[0].name if origins else entry.id
            return Added(entry.id, name, entry.language, entry.characters, "same", entry.notes)
        return None

    def _of_text(self, document: Document) -> Added | None:
        """What holds this very text already."""
        sha256 = text_hash(document.text)
        if (there := self._there("sha256", sha256)) is not None:
            return there
        for source in read_corpus(self._settings.corpus).sources:
            if text_hash(source.text) == sha256:
                name = source.title(source.language)
                return Added(source.id, name, source.language, len(source.text), "same")
        return None
