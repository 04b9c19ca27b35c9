"""The store: one SQLite file that holds everything but the search structure over the vectors.

`<home>/store.sqlite3` has the sources that are indexed with their texts, passages, the vectors of
their surfaces and sentences, the lexical index, the words that occur, and the documents that users
added. This module opens and reads it; `ingest/storing.py` writes it. A reader sees one state of it,
whole, for as long as it keeps its snapshot.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import (
    IndexDamagedError,
    IndexError_,
    IndexMismatchError,
    IndexMissingError,
)
from ..types import (
    LANGUAGES,
    GuidePoint,
    Language,
    Passage,
    PassageTranslation,
    Source,
    Span,
    Translation,
)
from .language import terms

Vector = npt.NDArray[np.float32]

# "RAST": tells the store from other SQLite files.
APPLICATION = 0x52415354
# Raise it when the tables change, and bring older stores up to date.
FORMAT = 1
# Terms are parted by spaces; a figure has its point inside.
_TOKENS = "tokenize=\"unicode61 remove_diacritics 0 tokenchars '.'\""
# The constants of BM25 among a few texts.
_K1, _B = 1.5, 0.75
SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE text (sha256 TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE document (
  id TEXT PRIMARY KEY, text TEXT NOT NULL, original TEXT NOT NULL, hash TEXT NOT NULL,
  replaces TEXT NOT NULL, entry TEXT NOT NULL, boxes TEXT NOT NULL);
CREATE INDEX document_text ON document (text);
CREATE INDEX document_original ON document (original);
CREATE INDEX document_hash ON document (id, hash);
CREATE INDEX document_replaces ON document (replaces) WHERE replaces != '';
CREATE TABLE origin (
  document TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, place TEXT NOT NULL,
  folder TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX origin_document ON origin (document);
CREATE INDEX origin_place ON origin (place);
CREATE TABLE source (
  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, place INTEGER NOT NULL,
  hash TEXT NOT NULL, text TEXT NOT NULL, translation TEXT NOT NULL, record TEXT NOT NULL,
  passages INTEGER NOT NULL);
CREATE INDEX source_hash ON source (id, hash, place);
CREATE INDEX source_place ON source (place, n);
CREATE INDEX source_text ON source (text);
CREATE INDEX source_translation ON source (translation);
CREATE TABLE passage (
  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, source INTEGER NOT NULL,
  record TEXT NOT NULL);
CREATE INDEX passage_source ON passage (source);
CREATE TABLE surface (
  n INTEGER PRIMARY KEY AUTOINCREMENT, passage INTEGER NOT NULL, source INTEGER NOT NULL,
  language TEXT NOT NULL, vector BLOB NOT NULL, sentences BLOB NOT NULL, second BLOB NOT NULL);
CREATE INDEX surface_passage ON surface (passage);
CREATE INDEX surface_source ON surface (source);
CREATE TABLE term (
  language TEXT NOT NULL, term TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (language, term)) WITHOUT ROWID;
CREATE INDEX term_gone ON term (count) WHERE count <= 0;
CREATE TABLE word (
  written TEXT PRIMARY KEY, lower TEXT NOT NULL, sound TEXT NOT NULL, count INTEGER NOT NULL
  ) WITHOUT ROWID;
CREATE INDEX word_lower ON word (lower, count);
CREATE INDEX word_sound ON word (sound) WHERE sound != '';
CREATE INDEX word_gone ON word (count) WHERE count <= 0;
CREATE TABLE dead (n INTEGER PRIMARY KEY);
CREATE TABLE stray (original TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE words_en USING fts5(
  terms, content='', {_TOKENS});
CREATE VIRTUAL TABLE words_zh USING fts5(
  terms, content='', {_TOKENS});
"""
# How many postings of the lexical index a question may visit: the rarest words come first.
POSTINGS = 20_000
# How many words of a question are looked for at most, the rarest first.
_ASKED = 100
# What is counted as it changes, kept under `count-…`.
COUNTED = (
    "sources",
    "sentences",
    *(f"{what}-{language}" for what in ("passages", "surfaces") for language in LANGUAGES),
)
# The places of documents that users added come after this one, those that came along before it.
OWN_PLACE = 1_000_000
# SQLite takes 32,766 values in one statement, older ones 999.
_VALUES = 900


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What the store says of its present state.

    id: changes with every change. corpus: hash of the shipped texts, guides and glossary. model:
    the embedding model's fingerprint. vectors: "files" or the Chroma server's address. collection:
    the one that holds the vectors. second: the second encoder's fingerprint, "" where every source
    has a translation. created: of the last change, ISO 8601; seconds: how long that took. The
    counts are of all that is indexed; languages counts passages.
    """

    id: str
    corpus: str
    model: str
    means: str
    splitter: str
    vectors: str
    collection: str
    second: str
    created: str
    seconds: float
    versions: str
    sources: int
    passages: int
    sentences: int
    surfaces: int
    languages: dict[str, int]


@dataclass(frozen=True, slots=True)
class Surface:
    """A passage in one language: vector (dimension,), sentences (their number, dimension)."""

    n: int
    passage: int
    language: Language
    vector: Vector
    sentences: Vector


def store_path(home: Path) -> Path:
    """The store's file."""
    return home / "store.sqlite3"


def originals_directory(home: Path) -> Path:
    """Where the files that users added lie as they came, named by their hashes."""
    return home / "originals"


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into errors that name the file and what helps."""
    try:
        yield
    except sqlite3.Error as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise _store_error(path, reason) from error


def _store_error(path: Path, reason: str) -> IndexError_:
    if "locking protocol" in reason or "database is locked" in reason:
        return IndexDamagedError(
            f"The store {path} cannot be locked ({reason}): another program holds it, or its drive "
            "cannot lock files. Close that program, or set ASSISTANT_HOME to a folder on a local "
            "disk."
        )
    if "readonly" in reason or "unable to open" in reason:
        return IndexDamagedError(
            f"The store {path} cannot be opened ({reason}). Mend the permissions of its folder, or "
            "set ASSISTANT_HOME to another one."
        )
    if "full" in reason:
        return IndexDamagedError(f"The disk that holds {path} is full. Make room on it.")
    return IndexDamagedError(
        f"The store {path} cannot be used ({reason}). Move it to another place, then run "
        f"`python -m ingest`; what you added lies in {originals_directory(path.parent)}."
    )


def check_format(connection: sqlite3.Connection, path: Path) -> None:
    """Raise IndexMismatchError or IndexDamagedError unless this program wrote the file."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise IndexDamagedError(
            f"{path} is a database of another program. Move it away, or set ASSISTANT_HOME to "
            "another folder, then run `python -m ingest`."
        )
    if version != FORMAT:
        raise IndexMismatchError(
            f"The store {path} has format {version}, this program reads format {FORMAT}. "
            "A newer version of the program wrote it: update this one, or set ASSISTANT_HOME to "
            "another folder."
        )


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that only reads; in a folder that cannot be written, too."""
    if not path.is_file():
        raise _missing(path)
    with store_errors(path):
        for how in ("mode=ro", "mode=ro&immutable=1"):
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?{how}",
                uri=True,
                check_same_thread=False,
                isolation_level=None,
                timeout=20,
            )
            try:
                check_format(connection, path)
                return connection
            except sqlite3.OperationalError:
                connection.close()
                # Without a folder to write in, SQLite must be told that nobody else writes.
                if "immutable" in how or path.with_name(f"{path.name}-wal").exists():
                    raise
            except BaseException:
                connection.close()
                raise
    raise AssertionError("unreachable")


class Tables:
    """What readers of the store and a change of it ask alike; `rows` says of which state."""

    path: Path

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """What a statement gives; raises IndexDamagedError when it fails."""
        raise NotImplementedError

    def meta(self, key: str) -> str:
        """A value that was kept under this name; "" for none."""
        found = self.rows("SELECT value FROM meta WHERE key = ?", [key])
        return str(found[0][0]) if found else ""

    def text(self, sha256: str) -> str:
        """The text of that hash; "" where there is none."""
        found = self.rows("SELECT body FROM text WHERE sha256 = ?", [sha256])
        return str(found[0][0]) if found else ""

    def info(self) -> StoreInfo:
        """What the store says of itself; raises IndexMissingError where nothing is indexed yet."""
        meta: dict[str, Any] = dict(self.rows("SELECT key, value FROM meta"))
        if "id" not in meta:
            raise _missing(self.path)
        counts = {key: int(meta.get(f"count-{key}", 0)) for key in COUNTED}
        known = {field.name: meta.get(field.name, "") for field in fields(StoreInfo)}
        return StoreInfo(
            **known
            | {
                "seconds": float(meta["seconds"]),
                "sources": counts["sources"],
                "passages": sum(counts[f"passages-{language}"] for language in LANGUAGES),
                "sentences": counts["sentences"],
                "surfaces": sum(counts[f"surfaces-{language}"] for language in LANGUAGES),
                "languages": {language: counts[f"passages-{language}"] for language in LANGUAGES},
            }
        )

    def all_vectors(self) -> Iterator[list[tuple[int, str, str, Vector]]]:
        """Every surface's number, source id, language and vector, in batches."""
        last = 0
        sql = (
            "SELECT s.n, o.id, s.language, s.vector FROM surface s JOIN source o ON o.n = s.source "
            f"WHERE s.n > ? ORDER BY s.n LIMIT {_VALUES}"
        )
        while batch := self.rows(sql, [last]):
            last = batch[-1][0]
            yield [(n, id_, language, unpacked_vector(v)) for n, id_, language, v in batch]

    def unindexed(self) -> list[tuple[str, bool]]:
        """The added documents that the index has not, or not as they are; whether they are new."""
        return self.rows(
            "SELECT d.id, s.id IS NULL FROM document d LEFT JOIN source s ON s.id = d.id "
            "AND s.place > ? WHERE s.hash IS NOT d.hash ORDER BY d.rowid",
            [OWN_PLACE],
        )

    def removed(self) -> list[str]:
        """The documents that are indexed and were taken out since."""
        found = self.rows(
            "SELECT id FROM source s WHERE place > ? AND NOT EXISTS "
            "(SELECT 1 FROM document d WHERE d.id = s.id) ORDER BY place",
            [OWN_PLACE],
        )
        return [id_ for (id_,) in found]


class Store(Tables):
    """The store, open for reading; safe to share between threads.

    With `snapshot`, it shows the state of this moment until it is closed; otherwise each call
    shows the newest.
    """

    def __init__(self, path: Path, *, snapshot: bool = False) -> None:
        """Open the file.

        Raises IndexMissingError, IndexDamagedError or IndexMismatchError.
        """
        self.path = path
        self._turn = threading.Lock()
        self._connection = _connect(path)
        if snapshot:
            self._connection.execute("BEGIN")
            self.rows("SELECT 1 FROM meta LIMIT 1")

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    def __del__(self) -> None:
        """Let go of the file that nobody reads any more."""
        with suppress(AttributeError, sqlite3.Error):  # it may not have been opened
            self._connection.close()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """As `Tables.rows`."""
        with self._turn, store_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _among(self, sql: str, values: Collection[Any]) -> Iterator[tuple[Any, ...]]:
        """What a statement with `IN (?)` gives for many values."""
        given = list(values)
        for start in range(0, len(given), _VALUES):
            batch = given[start : start + _VALUES]
            yield from self.rows(sql.replace("(?)", f"({','.join('?' * len(batch))})"), batch)

    # What there is

    @property
    def state(self) -> str:
        """The name of the present state: another one after every change."""
        return self.meta("id")

    def hashes(self) -> dict[str, str]:
        """The hash of every source that is indexed, by its id, in order."""
        return dict(self.rows("SELECT id, hash FROM source ORDER BY place, n"))

    # Sources and passages

    def records(self) -> list[tuple[int, Source]]:
        """All sources in order, without their texts, each with its number."""
        found = self.rows("SELECT n, record FROM source ORDER BY place, n")
        return [(n, read_source(record)) for n, record in found]

    def texts(self, n: int) -> tuple[str, str]:
        """The text of a source and of its translation; "" for what there is not."""
        found = self.rows(
            "SELECT (SELECT body FROM text WHERE sha256 = s.text), "
            "(SELECT body FROM text WHERE sha256 = s.translation) FROM source s WHERE n = ?",
            [n],
        )
        text, translation = found[0] if found else ("", "")
        return text or "", translation or ""

    def passage_counts(self) -> dict[str, int]:
        """How many passages each source has, by its id."""
        return dict(self.rows("SELECT id, passages FROM source"))

    def passages(self, ids: Collection[str]) -> dict[str, Passage]:
        """The passages of those ids that there are."""
        sql = "SELECT id, record FROM passage WHERE id IN (?)"
        return {id_: read_passage(record) for id_, record in self._among(sql, ids)}

    def passage_ids(self, source: int) -> list[str]:
        """The ids of a source's passages in reading order."""
        found = self.rows("SELECT id FROM passage WHERE source = ? ORDER BY n", [source])
        return [id_ for (id_,) in found]

    def fronts(self, sources: Collection[int]) -> dict[int, str]:
        """The id of the first passage of each of some sources."""
        sql = "SELECT source, id, min(n) FROM passage WHERE source IN (?) GROUP BY source"
        return {source: id_ for source, id_, _ in self._among(sql, sources)}

    # Vectors

    def surfaces(self, numbers: Collection[int]) -> list[tuple[str, Surface]]:
        """The surfaces of those numbers that there are, each with its passage's id."""
        return self._surfaces("s.n IN (?)", numbers)

    def surfaces_of(self, passages: Collection[str]) -> list[tuple[str, Surface]]:
        """The surfaces of some passages, each with the passage's id."""
        return self._surfaces("p.id IN (?)", passages)

    def _surfaces(self, where: str, values: Collection[Any]) -> list[tuple[str, Surface]]:
        sql = (
            "SELECT p.id, s.n, s.passage, s.language, s.vector, s.sentences "
            f"FROM surface s JOIN passage p ON p.n = s.passage WHERE {where}"
        )
        return [
            (id_, Surface(n, passage, language, unpacked_vector(vector), unpacked(sentences)))
            for id_, n, passage, language, vector, sentences in self._among(sql, values)
        ]

    def second_vectors(self, numbers: Collection[int], language: Language) -> dict[int, Vector]:
        """The second encoder's vectors of the sentences of those surfaces that have them.

        Only those in `language`; by number, of shape (number of sentences, dimension).
        """
        sql = "SELECT n, language, second FROM surface WHERE n IN (?) AND length(second)"
        found = self._among(sql, numbers)
        return {n: unpacked(data) for n, its_language, data in found if its_language == language}

    def newest(self) -> int:
        """The number of the surface that was added last; 0 for none."""
        (found,) = self.rows("SELECT max(n) FROM surface")
        return found[0] or 0

    def nearest_after(
        self, number: int, vector: Vector, count: int, sources: Collection[int] | None
    ) -> list[int]:
        """The numbers of the `count` surfaces nearest to a vector among those beyond a number."""
        sql = "SELECT n, vector, source FROM surface WHERE n > ?"
        found = {
            n: data for n, data, s in self.rows(sql, [number]) if sources is None or s in sources
        }
        scores = {n: unpacked_vector(data) @ vector for n, data in found.items()}
        return sorted(scores, key=lambda n: -scores[n])[:count]

    # Words

    def matches(
        self,
        text: str,
        language: Language,
        count: int,
        sources: Collection[int] | None = None,
    ) -> dict[int, float]:
        """The surfaces that share most with a text, by number: BM25 in standard deviations.

        Counted from 0, the score of what shares nothing. The deviation is that of all surfaces of
        the language. Of words that very many share, only as many are looked for as `POSTINGS`
        allows, the rarest first.
        """
        counts = self.term_counts(terms(text, language), language)
        total = int(self.meta(f"count-surfaces-{language}") or 0)
        table = f"words_{language}"
        within = ""
        if sources is not None:
            marks = ",".join(map(str, sources))
            within = f"WHERE n IN (SELECT n FROM surface WHERE source IN ({marks}))"
        asked: list[str] = []
        parts: list[str] = []
        visited = 0
        for term, n in sorted(counts.items(), key=lambda pair: (pair[1], pair[0])):
            if visited + n > POSTINGS or len(asked) == _ASKED:
                break
            asked.append(f'"{term}"')
            visited += n
            weight = _told(n, total) / max(log((total - n + 0.5) / (n + 0.5)), 1e-6)
            parts.append(f"SELECT rowid, -rank * {weight!r} FROM {table} WHERE {table} MATCH ?")
        if not asked:
            return {}
        found = self.rows(
            f"WITH shared (n, score) AS ({' UNION ALL '.join(parts)}), "
            "scored AS (SELECT n, sum(score) AS score FROM shared GROUP BY n), "
            "told AS (SELECT n, score, sum(score) OVER () AS sums, "
            "sum(score * score) OVER () AS squares FROM scored) "
            f"SELECT * FROM told {within} ORDER BY score DESC, n LIMIT {count}",
            asked,
        )
        if not found:
            return {}
        _, _, sums, squares = found[0]
        spread = (squares / total - (sums / total) ** 2) ** 0.5 or 1.0
        return {n: score / spread for n, score, _, _ in found}

    def term_counts(self, words: Collection[str], language: Language) -> dict[str, int]:
        """In how many surfaces of a language each term occurs; those in none are left out."""
        found: dict[str, int] = {}
        given = list(dict.fromkeys(words))
        for start in range(0, len(given), _VALUES):
            batch = given[start : start + _VALUES]
            marks = ",".join("?" * len(batch))
            sql = f"SELECT term, count FROM term WHERE language = ? AND term IN ({marks})"
            found.update(self.rows(sql, [language, *batch]))
        return found

    def written(self, words: Collection[str]) -> dict[str, int]:
        """How often each of some lower-case words occurs, however written."""
        sql = "SELECT lower, sum(count) FROM word WHERE lower IN (?) GROUP BY lower"
        return dict(self._among(sql, words))

    def words_like(self, start: str, shortest: int, longest: int) -> list[tuple[str, str, int]]:
        """Words with this first letter and so many letters: as written, in lower case, count."""
        return self.rows(
            "SELECT written, lower, count FROM word WHERE lower >= ? AND lower < ? "
            "AND length(lower) BETWEEN ? AND ?",
            [start, start + "\U0010ffff", shortest, longest],
        )

    def words_of_sound(self, sound: str) -> list[str]:
        """The Chinese words of one sound, the commonest first."""
        sql = "SELECT written FROM word WHERE sound = ? ORDER BY count DESC, written"
        return [word for (word,) in self.rows(sql, [sound])]

    def sources_holding(self, text: str, language: Language, limit: int) -> list[int]:
        """The numbers of sources in which a passage has all words of a text."""
        words = [f'"{term}"' for term in dict.fromkeys(terms(text, language))]
        if not words:
            return []
        table = f"words_{language}"
        found = self.rows(
            f"SELECT DISTINCT source FROM surface WHERE n IN "
            f"(SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT 5000) LIMIT {limit}",
            [" AND ".join(words)],
        )
        return [n for (n,) in found]

    # What users added

    def documents(self) -> dict[str, str]:
        """What is kept of each document that users added, by its id, as JSON."""
        return dict(self.rows("SELECT id, entry FROM document ORDER BY id"))

    def document(self, id_: str) -> str:
        """What is kept of one document, as JSON; "" where there is none of that id."""
        found = self.rows("SELECT entry FROM document WHERE id = ?", [id_])
        return str(found[0][0]) if found else ""

    def boxes(self, id_: str) -> str:
        """Where the lines of a document stand on its pages, as JSON; "" where that is not known."""
        found = self.rows("SELECT boxes FROM document WHERE id = ?", [id_])
        return str(found[0][0]) if found else ""

    def origins(self) -> list[tuple[str, str]]:
        """The origins of all documents: the document's id, and the origin as JSON."""
        return self.rows("SELECT document, data FROM origin ORDER BY document, rowid")

    def has_unindexed(self) -> bool:
        """Whether documents were added, changed or removed since the last build."""
        return bool(self.unindexed() or self.removed())


def _missing(path: Path) -> IndexMissingError:
    return IndexMissingError(
        f"There is no index in {path.parent} yet. Run `python -m ingest` to build it."
    )


def _told(count: int, total: int) -> float:
    """How much a word tells that stands in `count` of `total` texts.

    As Lucene reckons it: a word that most texts have tells a little, too. SQLite's own bm25, which
    begins from nothing there, is weighted to come to the same.
    """
    return log(1 + (total - count + 0.5) / (count + 0.5))


def shared_words(texts: Sequence[str], asked: str, language: Language) -> list[float]:
    """How much each of a few texts shares with a question: BM25 among themselves."""
    held = [Counter(terms(text, language)) for text in texts]
    mean = sum(map(Counter.total, held)) / max(len(held), 1) or 1.0
    scores = [0.0] * len(held)
    for term in dict.fromkeys(terms(asked, language)):
        told = _told(sum(term in words for words in held), len(held))
        for place, words in enumerate(held):
            often, size = words[term], words.total() / mean
            scores[place] += told * often / (often + _K1 * (1 - _B + _B * size))
    return scores


def packed(vectors: Vector) -> bytes:
    """Vectors of shape (rows, dimension) in a byte a number, each row with its own scale."""
    rows = len(vectors)
    if not rows:
        return b""
    scales = (np.abs(vectors).max(axis=1) / 127).astype(np.float32)
    scales[scales == 0] = 1
    small = np.rint(vectors / scales[:, None]).astype(np.int8)
    data: bytes = rows.to_bytes(4, sys.byteorder) + scales.tobytes() + small.tobytes()
    return data


def unpacked(data: bytes) -> Vector:
    """What `packed` made, in single precision."""
    if not data:
        return np.zeros((0, 0), dtype=np.float32)
    rows = int.from_bytes(data[:4], sys.byteorder)
    scales = np.frombuffer(data, dtype=np.float32, count=rows, offset=4)
    small = np.frombuffer(data, dtype=np.int8, offset=4 + 4 * rows).reshape(rows, -1)
    return small.astype(np.float32) * scales[:, None]


def unpacked_vector(data: bytes) -> Vector:
    """A vector that was kept in half precision."""
    return np.frombuffer(data, dtype=np.float16).astype(np.float32)


def read_source(record: str) -> Source:
    """A source without its texts, from what the store keeps."""
    data = json.loads(record)
    translation = data.pop("translation")
    guide = tuple(
        GuidePoint(**point | {"spans": tuple(Span(**span) for span in point["spans"])})
        for point in data.pop("guide")
    )
    return Source(
        **data | {"pages": tuple(data["pages"]), "guide": guide},
        translation=Translation(**translation) if translation else None,
    )


def read_passage(record: str) -> Passage:
    """A passage, from what the store keeps."""
    data = json.loads(record)
    sentences = tuple(Span(**span) for span in data.pop("sentences"))
    translation = data.pop("translation")
    if translation:
        spans = tuple(Span(**span) for span in translation.pop("sentences"))
        translation = PassageTranslation(**translation, sentences=spans)
    return Passage(**data, sentences=sentences, translation=translation)
