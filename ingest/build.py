"""From sources to the index: what changed is cut, embedded and stored, whole or not at all."""

from __future__ import annotations

import io
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np

from assistant.errors import IndexBuildError, IndexError_, IndexMissingError
from assistant.retrieval.embeddings import SentenceTransformerEmbeddings, model_fingerprint
from assistant.retrieval.second_encoder import second_encoder
from assistant.retrieval.store import (
    OWN_PLACE,
    Store,
    StoreInfo,
    Tables,
    Vector,
    store_path,
)
from assistant.settings import Settings
from assistant.types import Language, Passage, Source

from .engine import PassageEmbeddings, ahead, passage_embeddings
from .entries import Entry, check_ids, checked_text, source_hash
from .means import language_means, means_id
from .passages import SPLITTER, split_source
from .rows import (
    ROWS,
    Known,
    SurfaceRow,
    SurfaceText,
    embed_surfaces,
    second_vectors,
    surface_texts,
)
from .sources import Corpus, read_corpus
from .storing import Change, open_change
from .takeover import put_aside, take_over

Progress = Callable[[str, float], None]
# Sources are embedded together until they have so many texts: enough for batches by length, few
# enough to keep in memory.
_TOGETHER = 2_000
# Surfaces of which the second encoder embeds the sentences, in a second, before it can be stopped.
_SECOND_TEXTS = 100
_UNTRANSLATED = "SELECT id FROM source WHERE translation = ''"


@dataclass(frozen=True, slots=True)
class Changes:
    """What a build would do; falsy when there is nothing to do."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything would change."""
        return bool(self.added or self.changed or self.removed or self.reasons)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A source that is to be indexed; place: among those that came along."""

    source: Source
    hash: str
    place: int | None


def pending_changes(settings: Settings, corpus: Corpus | None = None) -> Changes:
    """What differs between the sources and the index in service, with these settings.

    Raises CorpusError for a corpus that does not hold together.
    """
    corpus = corpus or read_corpus(settings.corpus)
    try:
        store = Store(store_path(settings.home), snapshot=True)
    except IndexMissingError:
        return Changes(tuple(s.id for s in corpus.sources), reasons=("there is no index yet",))
    except IndexError_ as error:
        return Changes(reasons=(str(error).split(". ")[0],))
    try:
        check_ids(settings, corpus, store)
        return _changes(settings, corpus, store)
    finally:
        store.close()


def _wanted(corpus: Corpus, store: Tables) -> dict[str, _Wanted]:
    """The sources that came along, but for those that a document replaces."""
    replaced = {id_ for (id_,) in store.rows("SELECT replaces FROM document WHERE replaces != ''")}
    return {
        source.id: _Wanted(source, source_hash(source), place)
        for place, source in enumerate(corpus.sources)
        if source.id not in replaced
    }


def _all_documents(store: Tables) -> list[str]:
    return [id_ for (id_,) in store.rows("SELECT id FROM document ORDER BY rowid")]


def _document(change: Change, id_: str) -> _Wanted:
    ((record, hash_),) = change.rows("SELECT entry, hash FROM document WHERE id = ?", [id_])
    entry = Entry.read(record)
    source = entry.source(checked_text(entry, change.text(entry.sha256)))
    return _Wanted(source, hash_, None)


def _changes(settings: Settings, corpus: Corpus, store: Tables) -> Changes:
    """What differs. Documents are compared in the store: there may be very many."""
    wanted = _wanted(corpus, store)
    meta: dict[str, str] = dict(store.rows("SELECT key, value FROM meta"))
    if "id" not in meta:
        return Changes((*wanted, *_all_documents(store)), reasons=("there is no index yet",))
    model = model_fingerprint(settings)
    ours = {
        "model": ("model", model),
        "splitter": ("splitter", _splitter(settings)),
        "language means": ("means", means_id(model)),
        "vector store": ("vectors", _vectors(settings)),
        "version of chromadb or of the rows": ("versions", _versions()),
    }
    reasons = [
        f"{what} {meta[key]} becomes {new}" for what, (key, new) in ours.items() if meta[key] != new
    ]
    if _of_other_second(store):
        reasons.append(f"second encoder {meta['second']} becomes {second_encoder().fingerprint}")
    shipped: dict[str, str] = dict(
        store.rows("SELECT id, hash FROM source WHERE place <= ?", [OWN_PLACE])
    )
    added = [id_ for id_ in wanted if id_ not in shipped]
    changed = [id_ for id_, one in wanted.items() if shipped.get(id_, one.hash) != one.hash]
    removed = [id_ for id_ in shipped if id_ not in wanted]
    for id_, is_new in store.unindexed():
        (added if is_new else changed).append(id_)
    removed += store.removed()
    if meta["corpus"] != corpus.hash and not (added or changed or removed):
        reasons.append("the manifest or the glossary changed")
    return Changes(tuple(added), tuple(changed), tuple(removed), tuple(reasons))


def build_index(
    settings: Settings,
    *,
    force: bool = False,
    progress: Progress | None = None,
    change: Change | None = None,
) -> StoreInfo:
    """Bring the index up to date and return what is in service; does nothing when it is.

    What the index holds already is not embedded again, unless `force` asks for it. Progress is
    called with a stage and a share from 0.0 to 1.0. Two processes wait for each other. change:
    documents that are being added or removed; they and the index become final together, when that
    change does. Raises CorpusError for a corpus that does not hold together and IndexBuildError
    when the build stops; the index in use stays as it was.
    """
    read_corpus(
        settings.corpus
    )  # what does not hold together is refused before anything is written
    report = progress or (lambda stage, share: None)
    with _build_errors(settings):
        if change is not None:
            return _brought(settings, change, report, force=force)
        with open_change(settings) as change:
            info = _brought(settings, change, report, force=force)
        put_aside(settings)
        return info


def _brought(settings: Settings, change: Change, report: Progress, *, force: bool) -> StoreInfo:
    began = time.monotonic()
    before = take_over(settings, change)
    corpus = read_corpus(settings.corpus)
    check_ids(settings, corpus, change)
    wanted = _wanted(corpus, change)
    changes = _changes(settings, corpus, change)
    lost = _vectors_are_lost(change)
    if not (force or changes or lost):
        return change.info()
    if lost and not (force or changes):
        report("store", 0.0)
        restore_vectors(change)
        change.finish_index(**_meta(began))
        return change.info()
    same = _is_same_model(settings, change) and not force
    # Whatever is not as this program makes it is made anew; sources that stayed are left alone.
    anew = not same or change.meta("splitter") != _splitter(settings)
    ids = [*changes.added, *changes.changed]
    if anew:
        ids = [*wanted, *_all_documents(change)]
    second = _of_other_second(change)
    ids = [*dict.fromkeys([*ids, *(id_ for id_ in second if id_ not in changes.removed)])]
    collection = change.meta("collection")
    if not same or not collection:
        change.clear_index()
        collection = change.new_collection()
    elif lost:
        collection = restore_vectors(change)
    for id_ in changes.removed:
        change.remove_source(id_)
    build = _Build(
        settings,
        change,
        report,
        collection,
        before,
        known=same,
        known_second=not (force or second),
    )
    build.index([wanted.get(id_) or id_ for id_ in ids])
    report("store", 0.0)
    for id_, one in wanted.items():
        change.run("UPDATE source SET place = ? WHERE id = ?", [one.place, id_])
    model = model_fingerprint(settings)
    glossary = corpus.glossary
    change.finish_index(
        corpus=corpus.hash,
        model=model,
        means=means_id(model),
        mean_vectors=build.mean_vectors or change.meta("mean-vectors"),
        splitter=_splitter(settings),
        vectors=_vectors(settings),
        versions=_versions(),
        collection=collection,
        second=_second(change),
        glossary=glossary.read_text(encoding="utf-8") if glossary.is_file() else "",
        **_meta(began),
    )
    report("check", 0.0)
    info = change.info()
    held = change.vectors.count(collection)
    if held < info.surfaces:
        raise IndexBuildError(f"Chroma holds {held} vectors of {info.surfaces}")
    report("check", 1.0)
    return info


@dataclass(frozen=True, slots=True)
class _Part:
    """Some sources on their way into the store, the surfaces of each, and the vectors known."""

    sources: Sequence[tuple[_Wanted, Sequence[Passage]]]
    texts: Sequence[Sequence[Sequence[SurfaceText]]]
    known: Known
    known_second: Known


class _Build:
    """The sources of one build on their way into the store.

    While one part is embedded, the one before it is stored and the next one read and cut: three
    parts at most are in memory.
    """

    def __init__(
        self,
        settings: Settings,
        change: Change,
        report: Progress,
        collection: str,
        before: Known,
        *,
        known: bool,
        known_second: bool,
    ) -> None:
        self.mean_vectors = ""
        self._settings = settings
        self._change = change
        self._report = report
        self._collection = collection
        self._before = before
        self._known = known
        self._known_second = known_second
        self._done, self._size, self._all = 0, 0, 1
        self._pool = ThreadPoolExecutor(1)
        self._embeddings: PassageEmbeddings | SentenceTransformerEmbeddings | None = None
        self._means: dict[str, Vector] = {}

    def index(self, wanted: Sequence[_Wanted | str]) -> None:
        """Put sources, and documents by their ids, into the store, some together."""
        self._all = max(len(wanted), 1)
        parts = self._parts(wanted)
        with self._pool:
            for part, rows in ahead(self._pool, self._embed, parts, count=1):
                self._store(part, rows)

    def _parts(self, wanted: Iterable[_Wanted | str]) -> Iterator[_Part]:
        """The sources, and documents by their ids, read and cut, some together."""
        waiting: list[tuple[_Wanted, list[Passage]]] = []
        count = 0
        for which in wanted:
            one = _document(self._change, which) if isinstance(which, str) else which
            passages = split_source(
                one.source,
                count_tokens=self._opened().count_tokens,
                passage_tokens=self._settings.passage_tokens,
            )
            waiting.append((one, passages))
            count += sum(1 + len(p.sentences) for p in passages)
            if count >= _TOGETHER:
                yield self._part(waiting)
                waiting, count = [], 0
        if waiting:
            yield self._part(waiting)

    def _part(self, waiting: Sequence[tuple[_Wanted, list[Passage]]]) -> _Part:
        known: dict[tuple[Language, str], Vector] = {**self._before}
        known_second: dict[tuple[Language, str], Vector] = {}
        texts = []
        for one, passages in waiting:
            texts.append([list(surface_texts(one.source, passage)) for passage in passages])
            first, second = self._change.known_vectors(one.source.id)
            if self._known:
                known.update(first)
            if self._known_second:
                known_second.update(second)
        return _Part(waiting, texts, known, known_second)

    def _opened(self) -> PassageEmbeddings | SentenceTransformerEmbeddings:
        if self._embeddings is None:
            self._report("load", 0.0)
            self._embeddings = passage_embeddings(self._settings, progress=self._note)
            self._embeddings.stage = "means"
            self._means = language_means(self._embeddings, self._settings.cache)
            self.mean_vectors = _written(self._means)
            self._embeddings.stage = "embed"
        return self._embeddings

    def _note(self, stage: str, share: float) -> None:
        self._check()
        if stage == "embed":
            share = (self._done + share * self._size) / self._all
        self._report(stage, share)

    def _check(self) -> None:
        """Raise RuntimeError, in a thread that embeds, when the build or the program is ending."""
        self._pool.submit(int)

    def _second(self, texts: Sequence[SurfaceText], known: Known) -> list[Vector | None]:
        made: list[Vector | None] = []
        for start in range(0, len(texts), _SECOND_TEXTS):
            self._check()
            made += second_vectors(texts[start : start + _SECOND_TEXTS], known)
        return made

    def _embed(self, part: _Part) -> tuple[_Part, list[SurfaceRow]]:
        self._size = len(part.sources)
        flat = [text for source in part.texts for passage in source for text in passage]
        with ThreadPoolExecutor(1) as beside:
            second = beside.submit(self._second, flat, part.known_second)
            rows = embed_surfaces(flat, self._opened(), self._means, part.known)
        pairs = zip(rows, second.result(), strict=True)
        rows = [replace(row, second=vectors) for row, vectors in pairs]
        self._note("embed", 1.0)
        self._done += self._size
        return part, rows

    def _store(self, part: _Part, rows: Iterable[SurfaceRow]) -> None:
        rest = iter(rows)
        for (one, passages), texts in zip(part.sources, part.texts, strict=True):
            held: list[tuple[Passage, list[SurfaceRow]]] = [
                (passage, [next(rest) for _ in surfaces])
                for passage, surfaces in zip(passages, texts, strict=True)
            ]
            self._change.put_source(one.source, one.hash, one.place, held, self._collection)


def restore_vectors(change: Change) -> str:
    """Fill a new collection with the vectors that the store keeps; returns its name."""
    try:
        collection = change.new_collection()
    except IndexError_:
        change.vectors.discard()
        collection = change.new_collection()
    for batch in change.all_vectors():
        change.vectors.add(collection, batch)
    change.run("DELETE FROM dead")
    change.set_meta(collection=collection)
    return collection


def _vectors_are_lost(change: Change) -> bool:
    collection = change.meta("collection")
    if not collection:
        return False
    surfaces = change.info().surfaces
    try:
        held = change.vectors.count(collection)
        if held > surfaces:
            change.sweep_vectors(0)
    except (IndexError_, OSError):
        return True
    return held < surfaces


def _is_same_model(settings: Settings, change: Change) -> bool:
    model = model_fingerprint(settings)
    ours = [model, means_id(model), _vectors(settings), _versions()]
    return [*map(change.meta, ("model", "means", "vectors", "versions"))] == ours


def _second(change: Change) -> str:
    """The fingerprint of the second encoder that made the vectors; "" where it made none."""
    # Where the package is missing, nothing was added that needs it.
    made_by = second_encoder().fingerprint or change.meta("second")
    return made_by if change.rows(f"{_UNTRANSLATED} LIMIT 1") else ""


def _of_other_second(store: Tables) -> list[str]:
    """The indexed sources that another version of the second encoder embedded."""
    made_by = store.meta("second")
    if not made_by or second_encoder().fingerprint in ("", made_by):
        return []
    return [id_ for (id_,) in store.rows(_UNTRANSLATED)]


def _meta(began: float) -> dict[str, str]:
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": f"{time.monotonic() - began:.3f}",
    }


def _written(means: Mapping[str, Vector]) -> str:
    data = io.BytesIO()
    np.savez(data, allow_pickle=False, **means)
    return b64encode(data.getvalue()).decode()


def _versions() -> str:
    names = ("chromadb", "sentence-transformers")
    return ", ".join([*(f"{name} {version(name)}" for name in names), f"rows {ROWS}"])


def _splitter(settings: Settings) -> str:
    return f"{SPLITTER}-{settings.passage_tokens}"


def _vectors(settings: Settings) -> str:
    return settings.chroma_url or "files"


@contextmanager
def _build_errors(settings: Settings) -> Iterator[None]:
    try:
        yield
    except (IndexError_, OSError) as error:
        # Chroma's or SQLite's own words, where they stopped, rather than advice for readers.
        cause = str(error.__cause__ or error).strip().split("\n")[0].rstrip(".?!")
        remedy = f"Check the disk that holds {settings.home}"
        if "full" in cause or getattr(error, "errno", None) == 28:
            cause, remedy = "the disk is full", f"Make room for {settings.home}"
        elif isinstance(error, OSError):
            remedy = f"Mend the permissions of {settings.home}"
        elif settings.chroma_url:
            remedy = f"Check the Chroma server at {settings.chroma_url}"
        raise IndexBuildError(
            f"The build stopped: {cause}. The index in use, if there is one, is untouched. "
            f"{remedy}, then run `python -m ingest` again."
        ) from error
