"""The index on disk: passages, sources, vectors, lexical indexes and the glossary.

`<home>/index/<build id>/` holds Chroma's files, `sources.json`, the lexical indexes and the
glossary; `build.json` is written last. `<home>/index/CURRENT` names the build in use. A build
never touches an open one. With `chroma_url` the vectors live on that server, in collections
named after the build, and everything else in the same directory.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import IndexDamagedError, IndexMismatchError
from ..settings import Settings
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
from .builds import BuildInfo, hold, read_current
from .chroma import client, damaged, foreign_errors
from .glossary import Glossary
from .lexical import LexicalIndex

Vector = npt.NDArray[np.float32]
View = Literal["passages", "sentences", "contexts"]
VIEWS: tuple[View, ...] = ("passages", "sentences", "contexts")
# A passage, the language of the words that were embedded, and which sentence (0 for passages).
Key = tuple[str, Language, int]

# Chroma 1.5 refuses more than 5,461 rows in one upsert (client.get_max_batch_size()).
BATCH_ROWS = 1_000
# SQLite, in which Chroma looks ids up, takes 32,766 of them in one query.
QUERY_IDS = 30_000
# Vectors of a view with so many rows are kept in memory (15 MB): Chroma needs milliseconds to
# bring those of some passages.
KEPT_ROWS = 10_000
# Small indexes are searched exactly: wide beams cost nothing at this size and lose nothing.
_HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 400, "max_neighbors": 32}


@dataclass(frozen=True, slots=True)
class Row:
    """One vector to store: a passage, a sentence or a sentence with its forerunner.

    surface: the language of the embedded words; number: which sentence (0 for passages).
    """

    view: View
    passage_id: str
    surface: Language
    number: int
    vector: Vector

    @property
    def id(self) -> str:
        """The row's name inside its collection."""
        return f"{self.passage_id}|{self.surface}|{self.number}"


@dataclass(frozen=True, slots=True)
class Near:
    """A stored vector near the asked one; cosine −1 to 1."""

    passage_id: str
    surface: Language
    number: int
    cosine: float


@dataclass(frozen=True, slots=True)
class Stored:
    """Vectors of a view with their rows' ids; `vectors` has the shape (rows, dimension)."""

    ids: Sequence[str]
    vectors: Vector

    @property
    def keys(self) -> list[Key]:
        """Passage, surface and number of each row."""
        return [_key(id_) for id_ in self.ids]

    def of(self, ids: Sequence[str]) -> Stored:
        """Those of the given rows that there are."""
        place = {id_: place for place, id_ in enumerate(self.ids)}
        found = [id_ for id_ in ids if id_ in place]
        return Stored(found, self.vectors[[place[id_] for id_ in found]])

    def cosines(self, vector: Vector) -> list[Near]:
        """The cosine of this vector with each of them."""
        if not self.ids:
            return []
        cosines = self.vectors @ vector / np.linalg.norm(self.vectors, axis=1)
        return [Near(*key, c) for key, c in zip(self.keys, cosines.tolist(), strict=True)]


def write(
    directory: Path,
    settings: Settings,
    info: BuildInfo,
    sources: Sequence[Source],
    passages: Sequence[Passage],
    rows: Sequence[Row],
) -> None:
    """Write vectors, passages and sources of a new build into its directory.

    Raises IndexDamagedError when Chroma refuses; nothing outside the directory is touched.
    """
    kept = {passage.id: json.dumps(asdict(passage), ensure_ascii=False) for passage in passages}
    with foreign_errors(directory), client(directory, settings) as chroma:
        for view in VIEWS:
            collection = chroma.create_collection(
                f"{info.id}-{view}", embedding_function=None, configuration={"hnsw": _HNSW}
            )
            mine = [row for row in rows if row.view == view]
            for start in range(0, len(mine), BATCH_ROWS):
                batch = mine[start : start + BATCH_ROWS]
                collection.upsert(
                    ids=[row.id for row in batch],
                    embeddings=[row.vector for row in batch],
                    metadatas=[_metadata(row, kept) for row in batch],
                )
    (directory / "sources.json").write_text(
        json.dumps([asdict(source) for source in sources], ensure_ascii=False), encoding="utf-8"
    )


def _metadata(row: Row, kept: Mapping[str, str]) -> dict[str, str | int]:
    data: dict[str, str | int] = {
        "passage_id": row.passage_id,
        "surface": row.surface,
        "number": row.number,
    }
    if row.view == "passages":
        data["passage"] = kept[row.passage_id]
    return data


class Index:
    """An opened build: search by vector, look up passages and sources. Safe for many threads."""

    def __init__(self, directory: Path, settings: Settings, info: BuildInfo) -> None:
        """Open the build in `directory`; use `open_index` for the one in service."""
        self.directory = directory
        self.info = info
        self._passages: dict[str, Passage] = {}
        self._kept: dict[View, Stored] = {}
        self._open = ExitStack()
        with ExitStack() as undo, foreign_errors(directory):
            if held := hold(directory):
                undo.callback(held.close)
            chroma = undo.enter_context(client(directory, settings))
            self._collections = {
                view: chroma.get_collection(f"{info.id}-{view}", embedding_function=None)
                for view in VIEWS
            }
            with (directory / "means.npz").open("rb") as file, np.load(file) as means:
                self.means: dict[str, Vector] = {name: means[name] for name in means.files}
            self._open = undo.pop_all()

    def close(self) -> None:
        """Let go of the build; it may then be pruned. Using the index afterwards is an error."""
        self._open.close()

    def check(self) -> None:
        """Raise IndexDamagedError unless every row that the build wrote is still there."""
        with foreign_errors(self.directory):
            for view, collection in self._collections.items():
                if (count := collection.count()) != self.info.rows[view]:
                    raise damaged(self.directory, f"{view}: {count} rows of {self.info.rows[view]}")
        for passage in self.passages(self.passage_ids):
            text = self.sources[passage.source_id].text
            if text[passage.start : passage.end] != passage.text:
                raise damaged(self.directory, f"passage {passage.id} is not in its source")

    @cached_property
    def sources(self) -> dict[str, Source]:
        """All sources of the build by id, with their whole texts."""
        with foreign_errors(self.directory):
            rows = json.loads((self.directory / "sources.json").read_text(encoding="utf-8"))
            return {row["id"]: _source(row) for row in rows}

    @cached_property
    def glossary(self) -> Glossary:
        """The glossary that was built in."""
        return Glossary.read(self.directory / "glossary.tsv")

    @cached_property
    def lexical(self) -> dict[Language, LexicalIndex]:
        """The BM25 index over the passages' surfaces in each language."""
        with foreign_errors(self.directory):
            return {lang: LexicalIndex.open(self.directory / "lexical", lang) for lang in LANGUAGES}

    @cached_property
    def passage_ids(self) -> tuple[str, ...]:
        """All passages, in reading order."""
        return tuple(self.info.passages)

    def front_passages(self, source_ids: Collection[str]) -> list[str]:
        """The ids of the first passages of those sources, in the index's order."""
        first: dict[str, str] = {}
        for id_ in self.passage_ids:
            first.setdefault(id_.split(".")[0], id_)
        return [id_ for source_id, id_ in first.items() if source_id in source_ids]

    def passages_of(self, source_id: str) -> list[Passage]:
        """The passages of one source, in reading order."""
        return self.passages([id_ for id_ in self.passage_ids if id_.split(".")[0] == source_id])

    def passages(self, ids: Sequence[str]) -> list[Passage]:
        """The passages of those ids, in that order."""
        missing = [id_ for id_ in ids if id_ not in self._passages]
        if missing:
            with foreign_errors(self.directory):
                for batch in _batches(missing):
                    # A passage is stored with each surface; any of its rows will do.
                    found = self._collections["passages"].get(
                        where={"passage_id": {"$in": batch}}, include=["metadatas"]
                    )
                    for data in found["metadatas"] or []:
                        passage = _passage(json.loads(str(data["passage"])))
                        self._passages[passage.id] = passage
        return [self._passages[id_] for id_ in ids]

    def nearest(self, view: View, vector: Vector, count: int) -> list[Near]:
        """The `count` stored vectors nearest to this one, nearest first."""
        with foreign_errors(self.directory):
            found = self._collections[view].query(
                query_embeddings=[vector], n_results=count, include=["distances"]
            )
        (ids,), (distances,) = found["ids"], found["distances"] or [[]]
        return [Near(*_key(id_), 1 - d) for id_, d in zip(ids, distances, strict=True)]

    def stored(self, view: View, passages: Sequence[Passage] | None = None) -> Stored:
        """The vectors of the given passages, or of all (for benchmarks)."""
        ids = None
        if passages is not None:
            ids = [
                f"{passage.id}|{surface}|{number}"
                for passage in passages
                for surface in surfaces(passage)
                for number in range(len(passage.sentences) if view != "passages" else 1)
            ]
        if ids is None or self.info.rows[view] > KEPT_ROWS:
            return self._read(view, ids)
        kept = self._kept.get(view) or self._kept.setdefault(view, self._read(view, None))
        return kept.of(ids)

    def _read(self, view: View, ids: Sequence[str] | None) -> Stored:
        batches: list[list[str] | None] = [None] if ids is None else [*_batches(ids)]
        keys: list[str] = []
        vectors: list[Any] = []
        with foreign_errors(self.directory):
            for batch in batches:
                found = self._collections[view].get(ids=batch, include=["embeddings"])
                keys += found["ids"]
                vectors += [found["embeddings"]]
        return Stored(keys, np.concatenate(vectors or [[]], dtype=np.float32, casting="same_kind"))


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), QUERY_IDS):
        yield list(ids[start : start + QUERY_IDS])


def surfaces(passage: Passage) -> tuple[Language, ...]:
    """The languages in which a passage's words are at hand, its own first."""
    own = passage.language
    return (own, passage.translation.language) if passage.translation else (own,)


def centre(vector: Sequence[float] | Vector, mean: Vector) -> Vector:
    """The vector without what its language shares, at unit length: comparable between languages."""
    moved = np.asarray(vector, dtype=np.float32) - mean
    result: Vector = moved / np.float32(np.linalg.norm(moved) or 1.0)
    return result


def open_index(settings: Settings, *, fingerprint: str) -> Index:
    """The index in service.

    Raises IndexMissingError, IndexDamagedError, or IndexMismatchError when another model built it.
    """
    directory = read_current(settings.home)
    while True:
        try:
            return _open(directory, settings, fingerprint)
        except IndexDamagedError:
            # A build may be replaced and pruned after its name was read, until it is held.
            if (again := read_current(settings.home)) == directory:
                raise
            directory = again


def _open(directory: Path, settings: Settings, fingerprint: str) -> Index:
    info = BuildInfo.read(directory)
    if info.model != fingerprint:
        raise IndexMismatchError(
            f"The index was built with the model {info.model!r} but the settings ask for "
            f"{fingerprint!r}. Run `python -m ingest` to rebuild it."
        )
    return Index(directory, settings, info)


def drop_collections(settings: Settings, build_id: str, directory: Path) -> None:
    """Remove a build's vectors from a Chroma server; a directory is simply deleted."""
    if settings.chroma_url:
        with foreign_errors(directory), client(directory, settings) as chroma:
            for collection in chroma.list_collections():
                if collection.name in {f"{build_id}-{view}" for view in VIEWS}:
                    chroma.delete_collection(collection.name)


def _key(row_id: str) -> Key:
    passage_id, surface, number = row_id.rsplit("|", 2)
    return passage_id, "zh" if surface == "zh" else "en", int(number)


def _source(row: dict[str, Any]) -> Source:
    translation = row.pop("translation")
    pages = tuple(row.pop("pages", ()))
    guide = tuple(
        GuidePoint(**point | {"spans": tuple(Span(**span) for span in point["spans"])})
        for point in row.pop("guide", ())
    )
    return Source(
        **row,
        translation=Translation(**translation) if translation else None,
        pages=pages,
        guide=guide,
    )


def _passage(row: dict[str, Any]) -> Passage:
    sentences = tuple(Span(**span) for span in row.pop("sentences"))
    translation = row.pop("translation")
    if translation:
        spans = tuple(Span(**span) for span in translation.pop("sentences"))
        translation = PassageTranslation(**translation, sentences=spans)
    return Passage(**row, sentences=sentences, translation=translation)
