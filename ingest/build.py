"""From the corpus to an index in service: nothing, or all of it, changes at once."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from assistant.errors import IndexBuildError, IndexError_, IndexMissingError
from assistant.retrieval.builds import (
    BuildInfo,
    builds_directory,
    prune,
    read_current,
    switch_current,
)
from assistant.retrieval.embeddings import model_fingerprint
from assistant.retrieval.index import VIEWS, Index, Row, drop_collections, write
from assistant.settings import Settings
from assistant.types import LANGUAGES, Passage, Source

from .engine import passage_embeddings
from .entries import read_sources
from .means import language_means, means_id, save_means
from .passages import SPLITTER, split_source
from .rows import ROWS, Known, embed_rows, known_vectors, write_lexical
from .sources import Corpus

Progress = Callable[[str, float], None]


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


def pending_changes(settings: Settings, corpus: Corpus | None = None) -> Changes:
    """What differs between corpus and library with these settings and the index in service.

    Raises CorpusError for a corpus that does not hold together.
    """
    corpus = corpus or read_sources(settings)
    ours = {source.id: _source_hash(source) for source in corpus.sources}
    try:
        info = BuildInfo.read(read_current(settings.home))
    except IndexMissingError:
        return Changes(added=tuple(ours), reasons=("there is no index yet",))
    except IndexError_ as error:
        return Changes(reasons=(str(error).split(". ")[0],))
    model = model_fingerprint(settings)
    wanted = {
        "model": (info.model, model),
        "splitter": (info.splitter, _splitter(settings)),
        "language means": (info.means, means_id(model)),
        "vector store": (info.store, _store(settings)),
    }
    reasons = [f"{what} {old} becomes {new}" for what, (old, new) in wanted.items() if old != new]
    added = tuple(id_ for id_ in ours if id_ not in info.sources)
    changed = tuple(id_ for id_ in ours if info.sources.get(id_, ours[id_]) != ours[id_])
    removed = tuple(id_ for id_ in info.sources if id_ not in ours)
    if info.corpus != corpus.hash and not (added or changed or removed):
        reasons.append("the manifest or the glossary changed")
    return Changes(added, changed, removed, tuple(reasons))


def build_index(
    settings: Settings, *, force: bool = False, progress: Progress | None = None
) -> BuildInfo:
    """Bring the index up to date and return what is in service; does nothing when it is.

    What the index in service holds already is not embedded again, unless `force` asks for it.
    Progress is called with a stage and a share from 0.0 to 1.0. Two processes wait for each
    other. Raises CorpusError for a corpus that does not hold together and IndexBuildError
    when the build stops; the index in use stays as it was.
    """
    read_sources(settings)  # what does not hold together is refused before anything is written
    root = builds_directory(settings.home)
    with _build_errors(settings):
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / "build.lock"):
            # Another process may have added a document, and built it in, while this one waited.
            corpus = read_sources(settings)
            # What a killed build left behind goes first: the disk may be short.
            _sweep(settings, keep=_current_name(settings))
            if not force and not pending_changes(settings, corpus):
                return BuildInfo.read(read_current(settings.home))
            known = {} if force else _known(settings)
            info = _build(settings, corpus, root, known, progress or (lambda stage, share: None))
            switch_current(settings.home, info.id)
            # The new index is in service; what cannot be swept now goes with the next build.
            with suppress(IndexError_, OSError):
                _sweep(settings, keep=info.id)
            return info


def _build(
    settings: Settings, corpus: Corpus, root: Path, known: Known, report: Progress
) -> BuildInfo:
    began = time.monotonic()
    now = datetime.now(UTC)
    directory = root / f"{now:%Y%m%d-%H%M%S-%f}-{corpus.hash[:6]}"
    directory.mkdir()
    try:
        report("load", 0.0)
        embeddings = passage_embeddings(settings, progress=report)
        sources = {source.id: source for source in corpus.sources}
        passages = _passages(corpus, settings, embeddings.count_tokens)
        embeddings.stage = "means"
        means = language_means(embeddings, settings.cache)
        embeddings.stage = "embed"
        rows = embed_rows(sources, passages, embeddings, means, known)
        info = _describe(directory.name, settings, corpus, passages, rows)
        report("store", 0.0)
        write(directory, settings, info, corpus.sources, passages, rows)
        write_lexical(directory / "lexical", sources, passages)
        save_means(directory / "means.npz", means)
        if corpus.glossary.is_file():
            shutil.copyfile(corpus.glossary, directory / "glossary.tsv")
        report("check", 0.0)
        with closing(Index(directory, settings, info)) as index:
            index.check()
        info = replace(
            info, created=now.isoformat(timespec="seconds"), seconds=time.monotonic() - began
        )
        info.write(directory)
        report("check", 1.0)
        return info
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        # A server that caused the stop cannot be tidied either; the first error is the news.
        with suppress(IndexError_, OSError):
            drop_collections(settings, directory.name, directory)
        raise


def _passages(
    corpus: Corpus, settings: Settings, count_tokens: Callable[[str], int]
) -> list[Passage]:
    limit = settings.passage_tokens
    return [
        passage
        for source in corpus.sources
        for passage in split_source(source, count_tokens=count_tokens, passage_tokens=limit)
    ]


def _describe(
    build_id: str,
    settings: Settings,
    corpus: Corpus,
    passages: Sequence[Passage],
    rows: Sequence[Row],
) -> BuildInfo:
    model = model_fingerprint(settings)
    return BuildInfo(
        id=build_id,
        corpus=corpus.hash,
        model=model,
        means=means_id(model),
        splitter=_splitter(settings),
        store=_store(settings),
        created="",
        seconds=0.0,
        sources={source.id: _source_hash(source) for source in corpus.sources},
        passages=[passage.id for passage in passages],
        sentences=sum(len(passage.sentences) for passage in passages),
        languages={lang: sum(p.language == lang for p in passages) for lang in LANGUAGES},
        rows={view: sum(row.view == view for row in rows) for view in VIEWS},
        versions=_versions(),
    )


def _known(settings: Settings) -> Known:
    """The vectors of the index in service, where this program would make the same ones."""
    model = model_fingerprint(settings)
    ours = (model, means_id(model), _store(settings), _versions())
    try:
        directory = read_current(settings.home)
        info = BuildInfo.read(directory)
        if (info.model, info.means, info.store, info.versions) != ours:
            return {}
        with closing(Index(directory, settings, info)) as index:
            return known_vectors(index)
    except (IndexError_, OSError):
        return {}


def _versions() -> dict[str, str]:
    names = ("chromadb", "sentence-transformers")
    return {name: version(name) for name in names} | {"rows": ROWS}


def _splitter(settings: Settings) -> str:
    return f"{SPLITTER}-{settings.passage_tokens}"


def _store(settings: Settings) -> str:
    return settings.chroma_url or "files"


def _source_hash(source: Source) -> str:
    data = json.dumps(asdict(source), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(data.encode()).hexdigest()[:16]


def _current_name(settings: Settings) -> str:
    try:
        return read_current(settings.home).name
    except IndexError_:
        return ""


def _sweep(settings: Settings, *, keep: str) -> None:
    prune(settings.home, keep=keep, forget=lambda d: drop_collections(settings, d.name, d))


@contextmanager
def _build_errors(settings: Settings) -> Iterator[None]:
    try:
        yield
    except (IndexError_, OSError) as error:
        root = builds_directory(settings.home)
        # Chroma's own words, where it was Chroma that stopped, rather than advice for readers.
        cause = str(error.__cause__ or error).strip().split("\n")[0].rstrip(".?!")
        remedy = f"Check the disk that holds {root}"
        if getattr(error, "errno", None) == errno.ENOSPC or "disk is full" in cause:
            cause, remedy = "the disk is full", f"Make room for {root}"
        elif isinstance(error, OSError):
            remedy = f"Mend the permissions of {root}"
        elif settings.chroma_url:
            remedy = f"Check the Chroma server at {settings.chroma_url}"
        raise IndexBuildError(
            f"The build stopped: {cause}. The index in use, if there is one, is untouched. "
            f"{remedy}, then run `python -m ingest` again."
        ) from error
