"""What the library of added documents holds, read and checked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from assistant.errors import CorpusError
from assistant.retrieval.builds import corpus_hash, library_directory, library_records
from assistant.settings import Settings
from assistant.types import LANGUAGES, Language, Source

from .formats.document import Note
from .sources import ID, Corpus, read_corpus


@dataclass(frozen=True, slots=True)
class Entry:
    """What `source.json` says of a document: all that shapes the index.

    text, original, boxes: the names of its files; boxes is "" where no places on pages are known.
    pages: where each page begins in the text. notes: what its reader should know.
    added: when, ISO 8601. replaces: the id of the shipped source whose place it takes, or "".
    The hashes are SHA-256, of text and bytes.
    """

    id: str
    title_en: str
    title_zh: str
    author: str
    publisher: str
    date: str
    url: str
    licence: str
    language: Language
    format: str
    characters: int
    added: str
    text: str
    sha256: str
    original: str
    original_sha256: str
    boxes: str
    pages: tuple[int, ...]
    notes: tuple[Note, ...]
    replaces: str

    def write(self) -> bytes:
        """The content of `source.json`."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()

    @classmethod
    def read(cls, folder: Path, record: bytes) -> Entry:
        """What the `source.json` in a folder says; raises CorpusError when that cannot be."""
        try:
            data: dict[str, Any] = json.loads(record)
            data["pages"] = tuple(data["pages"])
            data["notes"] = tuple(Note(**note) for note in data["notes"])
            entry = cls(**{field.name: data[field.name] for field in fields(cls)})
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _damaged(folder, "source.json is not what was written") from error
        others = ("characters", "pages", "notes")
        texts = [value for name, value in asdict(entry).items() if name not in others]
        if (
            not all(isinstance(text, str) for text in texts)
            or not all(isinstance(number, int) for number in (entry.characters, *entry.pages))
            or entry.language not in LANGUAGES
            or entry.id != folder.name
            or not ID.fullmatch(entry.id)
            # Names that are made up could lead out of the folder.
            or any(Path(name).name != name for name in entry.files)
        ):
            raise _damaged(folder, "source.json is not what was written")
        return entry

    @property
    def files(self) -> tuple[str, ...]:
        """The files that belong to it, beside `source.json`."""
        return tuple(name for name in (self.text, self.original, self.boxes) if name)

    def source(self, text: str) -> Source:
        """The document as the index knows it."""
        return Source(
            id=self.id,
            title_en=self.title_en,
            title_zh=self.title_zh,
            author=self.author,
            publisher=self.publisher,
            date=self.date,
            language=self.language,
            url=self.url,
            licence=self.licence,
            kind="original",
            sha256=self.sha256,
            text=text,
            pages=self.pages,
        )


def library_sources(settings: Settings) -> tuple[Source, ...]:
    """The documents of the library with their whole texts, by id.

    Raises CorpusError for one that was damaged.
    """
    return tuple(source for _, source in _read_library(settings)[0])


def library_entries(settings: Settings) -> tuple[Entry, ...]:
    """What the library holds, by id, without the texts; raises CorpusError for what is damaged."""
    folder = library_directory(settings.home)
    records = library_records(settings.home)
    return tuple(Entry.read(folder / id_, record) for id_, record in records.items())


def read_sources(settings: Settings) -> Corpus:
    """Everything that is to be indexed: the corpus and the library.

    A document of the library may take the place of a shipped one. Raises CorpusError when either
    does not hold together.
    """
    corpus = read_corpus(settings.corpus)
    own, records = _read_library(settings)
    if doubles := {source.id for source in corpus.sources} & set(records):
        raise CorpusError(
            f"The id {min(doubles)!r} stands in {settings.corpus / 'sources.toml'} and in the "
            f"library {library_directory(settings.home)}. Change it in the manifest."
        )
    replaced = {entry.replaces for entry, _ in own}
    kept = (source for source in corpus.sources if source.id not in replaced)
    hash_ = corpus_hash(settings.corpus, records)
    return Corpus((*kept, *(source for _, source in own)), corpus.glossary, hash_)


def _read_library(settings: Settings) -> tuple[list[tuple[Entry, Source]], dict[str, bytes]]:
    """The documents, and the records of just those: others may come and go meanwhile."""
    folder = library_directory(settings.home)
    found: list[tuple[Entry, Source]] = []
    records: dict[str, bytes] = {}
    for id_ in library_records(settings.home):
        if (read := _read_entry(folder / id_)) is not None:
            records[id_], entry, text = read
            found.append((entry, entry.source(text)))
    return found, records


def _read_entry(folder: Path) -> tuple[bytes, Entry, str] | None:
    """A document; None when it was taken out since it was listed."""
    while True:
        try:
            record = (folder / "source.json").read_bytes()
        except FileNotFoundError:
            return None
        entry = Entry.read(folder, record)
        try:
            data = (folder / entry.text).read_bytes()
        except OSError as error:
            if _record(folder) != record:  # another version was put in its place meanwhile
                continue
            raise _damaged(folder, f"{entry.text}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise _damaged(folder, f"{entry.text} was changed")
        return record, entry, data.decode()


def _record(folder: Path) -> bytes | None:
    try:
        return (folder / "source.json").read_bytes()
    except OSError:
        return None


def _damaged(folder: Path, why: str) -> CorpusError:
    return CorpusError(
        f"The added document in {folder} is damaged ({why}). Delete that folder, then add the "
        "document again."
    )
