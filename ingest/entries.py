"""The documents that users added, as the store keeps them, and all sources together."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from assistant.errors import CorpusError, IndexMissingError
from assistant.retrieval.store import Store, Tables, store_path
from assistant.settings import Settings
from assistant.types import LANGUAGES, Language, Source

from .formats.document import Note
from .sources import ID, Corpus, read_corpus


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a document: all that shapes the index.

    original: the name of the file that holds it as it came. pages: where each page begins in the
    text. notes: what its reader should know. added: when, ISO 8601. replaces: the id of the
    shipped source whose place it takes, or "". The hashes are SHA-256, of text and bytes.
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
    sha256: str
    original: str
    original_sha256: str
    pages: tuple[int, ...]
    notes: tuple[Note, ...]
    replaces: str

    def write(self) -> str:
        """What the store keeps."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, record: str) -> Entry:
        """What the store kept; raises CorpusError when that cannot be."""
        try:
            data: dict[str, Any] = json.loads(record)
            data["pages"] = tuple(data["pages"])
            data["notes"] = tuple(Note(**note) for note in data["notes"])
            entry = cls(**{field.name: data[field.name] for field in fields(cls)})
            if entry.language not in LANGUAGES or not ID.fullmatch(entry.id):
                raise ValueError(entry.id)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CorpusError(
                "The record of an added document is damaged. Run `python -m ingest doctor`, which "
                "names it, then remove it and add it again."
            ) from error
        return entry

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

    @property
    def hash(self) -> str:
        """What changes whenever the document is to be indexed anew."""
        return source_hash(self.source(""))


def source_hash(source: Source) -> str:
    """What changes whenever a source is to be indexed anew; its texts count by their hashes."""
    translation = source.translation
    if translation is not None:
        sha256 = hashlib.sha256(translation.text.encode()).hexdigest()
        translation = replace(translation, text=sha256)
    bare = replace(source, text="", translation=translation)
    data = json.dumps(asdict(bare), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(data.encode()).hexdigest()[:16]


def library_entries(settings: Settings) -> tuple[Entry, ...]:
    """The documents that users added, by id, without their texts."""
    try:
        store = Store(store_path(settings.home))
    except IndexMissingError:
        return ()
    try:
        return tuple(Entry.read(record) for record in store.documents().values())
    finally:
        store.close()


def library_entry(settings: Settings, id_: str) -> Entry | None:
    """One of the documents that users added; None where there is none of that id."""
    try:
        store = Store(store_path(settings.home))
    except IndexMissingError:
        return None
    try:
        found = store.document(id_)
        return Entry.read(found) if found else None
    finally:
        store.close()


def library_sources(settings: Settings) -> tuple[Source, ...]:
    """The documents that users added, by id, with their whole texts.

    Raises CorpusError for one whose text is not what was stored.
    """
    try:
        store = Store(store_path(settings.home), snapshot=True)
    except IndexMissingError:
        return ()
    try:
        entries = [Entry.read(record) for record in store.documents().values()]
        return tuple(
            entry.source(checked_text(entry, store.text(entry.sha256))) for entry in entries
        )
    finally:
        store.close()


def checked_text(entry: Entry, text: str) -> str:
    """The text, if it is the one that was stored; raises CorpusError otherwise."""
    if hashlib.sha256(text.encode()).hexdigest() != entry.sha256:
        raise CorpusError(
            f"The text of the added document {entry.id} is damaged. Remove it with "
            f"`python -m ingest remove {entry.id}`, then add it again."
        )
    return text


def read_sources(settings: Settings) -> Corpus:
    """Everything that is to be indexed: the corpus and the documents that users added.

    A document may take the place of a shipped one. Raises CorpusError when either does not hold
    together.
    """
    corpus = read_corpus(settings.corpus)
    entries = library_entries(settings)
    replaced = {entry.replaces for entry in entries}
    kept = (source for source in corpus.sources if source.id not in replaced)
    return replace(corpus, sources=(*kept, *library_sources(settings)))


def check_ids(settings: Settings, corpus: Corpus, store: Tables) -> None:
    """Raise CorpusError when a shipped source has the id of a document that a user added."""
    shipped = [source.id for source in corpus.sources]
    sql = f"SELECT min(id) FROM document WHERE id IN ({','.join('?' * len(shipped))})"
    ((double,),) = store.rows(sql, shipped)
    if double:
        raise CorpusError(
            f"The id {double!r} stands in {settings.corpus / 'sources.toml'} and among the "
            "documents that were added. Change it in the manifest."
        )
