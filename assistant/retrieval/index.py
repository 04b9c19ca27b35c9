"""What is indexed, as answering sees it: sources, passages, what is near and what holds a word.

An `Index` shows one state of the store, or always the newest. What is slow to read and the same
for a whole state (records, glossary) is kept until the state changes.
"""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from ..errors import IndexMismatchError
from ..settings import Settings
from ..types import Language, Passage, Source
from .chroma import Extent, Vectors
from .glossary import Glossary
from .store import Store, StoreInfo, Surface, Vector, store_path

_T = TypeVar("_T")
# How many texts are kept in memory at most, in characters.
_KEPT_CHARACTERS = 20_000_000


class _State:
    """What belongs to one state of the store, read when it is first needed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.made: dict[str, Any] = {}


class _Texts:
    """The texts that were read last, by their source's id."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[Source, Source]] = {}
        self._size = 0
        self._turn = Lock()

    def get(self, record: Source, read: Callable[[], Source]) -> Source:
        with self._turn:
            if (found := self._texts.get(record.id)) and found[0] == record:
                self._texts[record.id] = self._texts.pop(record.id)
                return found[1]
        whole = read()
        with self._turn:
            self._forget(record.id)
            self._texts[record.id] = (record, whole)
            self._size += len(whole.text)
            while self._size > _KEPT_CHARACTERS and len(self._texts) > 1:
                self._forget(next(iter(self._texts)))
        return whole

    def _forget(self, id_: str) -> None:
        if (found := self._texts.pop(id_, None)) is not None:
            self._size -= len(found[1].text)


class _Sources(Mapping[str, Source]):
    """The sources by id, each with its text, which is read when the source is asked for."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def __getitem__(self, id_: str) -> Source:
        record = self._index.records[id_]
        return self._index.texts.get(record, lambda: self._index.read(record))

    def __contains__(self, id_: object) -> bool:
        return id_ in self._index.records

    def __iter__(self) -> Iterator[str]:
        return iter(self._index.records)

    def __len__(self) -> int:
        return len(self._index.records)


class Index:
    """The store and the vectors, open for answering. Safe to share between threads."""

    def __init__(
        self,
        store: Store,
        vectors: Vectors,
        fingerprint: str,
        *,
        kept: dict[str, _State] | None = None,
        texts: _Texts | None = None,
    ) -> None:
        """Keep the opened parts; use `open_index`."""
        self.store = store
        self.vectors = vectors
        self.texts = texts or _Texts()
        self._fingerprint = fingerprint
        self._kept = {} if kept is None else kept
        self._fixed: _State | None = None

    def snapshot(self) -> Index:
        """An index that shows the state of this moment until it is closed.

        Raises IndexMismatchError when another model has built it in the meantime.
        """
        store = Store(self.store.path, snapshot=True)
        fixed = Index(store, self.vectors, self._fingerprint, kept=self._kept, texts=self.texts)
        try:
            fixed._fixed = fixed._state()
            fixed.check_model()
        except BaseException:
            store.close()
            raise
        return fixed

    def __enter__(self) -> Index:
        """The index itself, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the store."""
        self.close()

    def close(self) -> None:
        """Let go of the store. Using the index afterwards is an error."""
        self.store.close()

    def check_model(self) -> None:
        """Raise IndexMismatchError unless the model at hand made the vectors."""
        if self.info.model != self._fingerprint:
            raise IndexMismatchError(
                f"The index was built with the model {self.info.model!r} but the settings ask for "
                f"{self._fingerprint!r}. Run `python -m ingest` to rebuild it."
            )

    def _state(self) -> _State:
        if self._fixed is not None:
            return self._fixed
        name = self.store.state
        if (state := self._kept.get(name)) is None:
            state = _State(name)
            self._kept.clear()
            self._kept[name] = state
        return state

    def once(self, what: str, make: Callable[[], _T]) -> _T:
        """What `make` gives, made once for the present state."""
        made = self._state().made
        if what not in made:
            made[what] = make()
        result: _T = made[what]
        return result

    @property
    def sources(self) -> Mapping[str, Source]:
        """All sources by id, in order, each with its texts, read when it is asked for."""
        return _Sources(self)  # not kept: an index that nobody holds is closed at once

    @property
    def info(self) -> StoreInfo:
        """What the store says of itself."""
        return self.once("info", self.store.info)

    @property
    def means(self) -> Mapping[str, Vector]:
        """The mean vectors of the languages, by their names."""
        return self.once("means", lambda: read_means(self.store.meta("mean-vectors")))

    @property
    def glossary(self) -> Glossary:
        """The glossary that was built in."""
        return self.once("glossary", lambda: Glossary.of(self.store.meta("glossary")))

    @property
    def _numbered(self) -> Sequence[tuple[int, Source]]:
        return self.once("numbered", self.store.records)

    @property
    def records(self) -> Mapping[str, Source]:
        """All sources by id, in order, without their texts."""
        return self.once("records", lambda: {source.id: source for _, source in self._numbered})

    @property
    def all_records(self) -> tuple[Source, ...]:
        """All sources in order, without their texts."""
        return self.once("all records", lambda: tuple(self.records.values()))

    def numbers(self, ids: Collection[str]) -> list[int]:
        """The store's numbers of some sources."""
        known = self.once("numbers", lambda: {source.id: n for n, source in self._numbered})
        return [known[id_] for id_ in ids if id_ in known]

    def read(self, record: Source) -> Source:
        """A source with its texts."""
        (number,) = self.numbers([record.id])
        text, translated = self.store.texts(number)
        translation = record.translation
        if translation is not None:
            translation = replace(translation, text=translated)
        return replace(record, text=text, translation=translation)

    def passages(self, ids: Sequence[str]) -> list[Passage]:
        """The passages of those ids, in that order."""
        found = self.store.passages(ids)
        return [found[id_] for id_ in ids if id_ in found]

    def passages_of(self, source_id: str) -> list[Passage]:
        """The passages of one source, in reading order."""
        return self.passages(self.passage_ids(source_id))

    def passage_ids(self, source_id: str) -> list[str]:
        """The ids of the passages of one source, in reading order."""
        return [id_ for n in self.numbers([source_id]) for id_ in self.store.passage_ids(n)]

    def front_passages(self, source_ids: Collection[str]) -> list[str]:
        """The ids of the first passages of those sources, in the index's order."""
        numbers = self.numbers([id_ for id_ in self.records if id_ in source_ids])
        fronts = self.store.fronts(numbers)
        return [fronts[n] for n in numbers if n in fronts]

    def surfaces(self, passages: Sequence[Passage]) -> list[tuple[str, Surface]]:
        """The vectors of some passages, each with the passage's id."""
        return self.store.surfaces_of([passage.id for passage in passages])

    def candidates(
        self, vector: Vector, count: int, sources: Collection[str] | None = None
    ) -> list[int]:
        """The numbers of the surfaces nearest to a vector; some may be gone."""
        extent = self.once("extent", lambda: Extent(self.store.newest(), self.info.surfaces))
        near, known = self.vectors.nearest(
            self.info.collection, vector, count, sources, extent=extent
        )
        if known < extent.newest:
            within = None if sources is None else self.numbers(sources)
            near += self.store.nearest_after(known, vector, count, within)
        return near

    def matches(
        self, text: str, language: Language, count: int, sources: Collection[str] | None = None
    ) -> dict[int, float]:
        """The surfaces of a language that share most with a text, as `Store.matches`."""
        within = None if sources is None else self.numbers(sources)
        return self.store.matches(text, language, count, within)

    def holding(self, words: str, language: Language, limit: int) -> list[str]:
        """The ids of some sources in which a passage has all of these words."""
        known = self.once("ids", lambda: {n: source.id for n, source in self._numbered})
        found = self.store.sources_holding(words, language, limit)
        return [known[n] for n in found if n in known]

    def check(self) -> None:
        """Raise IndexDamagedError unless all that was written is still there."""
        from .chroma import damaged

        held, wanted = self.vectors.count(self.info.collection), self.info.surfaces
        # A change that is under way, or was killed, has more: they do no harm and go.
        if held < wanted:
            raise damaged(self.vectors.directory, f"{held} vectors of {wanted}")
        for source in self.sources.values():
            for passage in self.passages_of(source.id):
                if source.text[passage.start : passage.end] != passage.text:
                    raise damaged(self.store.path, f"passage {passage.id} is not in its source")


def read_means(data: str) -> dict[str, Vector]:
    """Mean vectors by their names, from what `.npz` bytes look like in base 64."""
    with np.load(io.BytesIO(b64decode(data))) as means:
        return {name: means[name] for name in means.files}


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
    """The index in service; it shows every change as soon as it is made.

    Raises IndexMissingError, IndexDamagedError, or IndexMismatchError when another model built it.
    """
    index = Index(Store(store_path(settings.home)), Vectors(settings), fingerprint)
    try:
        index.check_model()
    except BaseException:
        index.close()
        raise
    return index
