"""What the library of added documents holds, read and checked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from assistant.builds import corpus_hash, library_directory, library_records
from assistant.errors import CorpusError
from assistant.settings import Settings
from assistant.types import LANGUAGES, Language, Source

from .sources import ID, Corpus, read_corpus


@dataclass(frozen=True, slots=True)
class Entry:
    """What `source.json` says. added: when, ISO 8601; the hashes are SHA-256, of text and bytes."""

    id: str
    title: str
    name: str
    language: Language
    characters: int
    added: str
    sha256: str
    original: str
    original_sha256: str

    def write(self) -> bytes:
        """The content of `source.json`."""
        return json.dumps(
            asdict(self) | {"kind": "original"}, ensure_ascii=False, indent=1
        ).encode()

    @classmethod
    def read(cls, folder: Path, record: bytes) -> Entry:
        """What the `source.json` in a folder says; raises CorpusError when that cannot be."""
        try:
            data: dict[str, Any] = json.loads(record)
            entry = cls(**{field.name: data[field.name] for field in fields(cls)})
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _damaged(folder, "source.json is not what was written") from error
        texts = [value for name, value in asdict(entry).items() if name != "characters"]
        if (
            not all(isinstance(text, str) for text in texts)
            or not isinstance(entry.characters, int)
            or entry.language not in LANGUAGES
            or entry.id != folder.name
            or not ID.fullmatch(entry.id)
        ):
            raise _damaged(folder, "source.json is not what was written")
        return entry

    def source(self, text: str) -> Source:
        """The document as the index knows it."""
        return Source(
            id=self.id,
            title_en=self.title,
            title_zh=self.title,
            author="",
            publisher="",
            date="",
            language=self.language,
            url="",
            licence="",
            kind="original",
            sha256=self.sha256,
            text=text,
        )


def library_sources(settings: Settings) -> tuple[Source, ...]:
    """The documents of the library with their whole texts, by id.

    Raises CorpusError for one that was damaged.
    """
    return tuple(_read_library(settings)[0])


def library_entries(settings: Settings) -> tuple[Entry, ...]:
    """What the library holds, by id, without the texts; raises CorpusError for what is damaged."""
    folder = library_directory(settings.home)
    records = library_records(settings.home)
    return tuple(Entry.read(folder / id_, record) for id_, record in records.items())


def read_sources(settings: Settings) -> Corpus:
    """Everything that is to be indexed: the corpus and the library.

    Raises CorpusError when either does not hold together.
    """
    corpus = read_corpus(settings.corpus)
    own, records = _read_library(settings)
    if doubles := {source.id for source in corpus.sources} & set(records):
        raise CorpusError(
            f"The id {min(doubles)!r} stands in {settings.corpus / 'sources.toml'} and in the "
            f"library {library_directory(settings.home)}. Change it in the manifest."
        )
    hash_ = corpus_hash(settings.corpus, records)
    return Corpus((*corpus.sources, *own), corpus.glossary, hash_)


def _read_library(settings: Settings) -> tuple[list[Source], dict[str, bytes]]:
    """The documents, and the records of just those: others may come and go meanwhile."""
    folder = library_directory(settings.home)
    sources: list[Source] = []
    records: dict[str, bytes] = {}
    for id_, record in library_records(settings.home).items():
        entry = Entry.read(folder / id_, record)
        try:
            data = (folder / id_ / "text.txt").read_bytes()
        except OSError as error:
            if not (folder / id_ / "source.json").exists():  # taken out since it was listed
                continue
            raise _damaged(folder / id_, f"text.txt: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise _damaged(folder / id_, "text.txt was changed")
        sources.append(entry.source(data.decode()))
        records[id_] = record
    return sources, records


def _damaged(folder: Path, why: str) -> CorpusError:
    return CorpusError(
        f"The added document in {folder} is damaged ({why}). Delete that folder, then add the "
        "document again."
    )
