"""What is embedded and indexed of each passage: its surfaces, sentences and their contexts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.retrieval.embeddings import TextEmbeddings
from assistant.retrieval.index import VIEWS, Index, Row, Vector, View, centre, surfaces
from assistant.retrieval.language import simplified
from assistant.retrieval.lexical import LexicalIndex
from assistant.types import LANGUAGES, Language, Passage, Source

# Vectors are taken over only from a build whose texts were made in this way: see `_texts`.
ROWS = "2"
# The centred vectors of texts, by the language that they were centred for and their words.
Known = Mapping[tuple[Language, str], Vector]


@dataclass(frozen=True, slots=True)
class _Text:
    view: View
    passage_id: str
    surface: Language
    number: int
    text: str

    @property
    def key(self) -> tuple[Language, str]:
        return (self.surface, self.text)

    @property
    def row_id(self) -> tuple[str, str, str, int]:
        return (self.view, self.passage_id, self.surface, self.number)


def embed_rows(
    sources: Mapping[str, Source],
    passages: Sequence[Passage],
    embeddings: TextEmbeddings,
    means: Mapping[str, Vector],
    known: Known,
) -> list[Row]:
    """The centred vectors of all passages, sentences and contexts, in every surface.

    Only texts that `known` lacks are embedded.
    """
    texts = [text for p in passages for text in _texts(sources[p.source_id], p)]
    fresh = list(dict.fromkeys(text.text for text in texts if text.key not in known))
    vectors = dict(zip(fresh, embeddings.embed_documents(fresh), strict=True))

    def vector(text: _Text) -> Vector:
        if (stored := known.get(text.key)) is not None:
            return stored
        return centre(vectors[text.text], means[f"passage-{text.surface}"])

    return [Row(t.view, t.passage_id, t.surface, t.number, vector(t)) for t in texts]


def known_vectors(index: Index) -> dict[tuple[Language, str], Vector]:
    """The vectors that a build holds, so that the next one need not make them again.

    Raises IndexDamagedError when they cannot be read.
    """
    passages = index.passages(index.passage_ids)
    keys = {t.row_id: t.key for p in passages for t in _texts(index.sources[p.source_id], p)}
    known: dict[tuple[Language, str], Vector] = {}
    for view in VIEWS:
        stored = index.stored(view)
        sound = np.abs(np.linalg.norm(stored.vectors, axis=1) - 1) < 1e-3
        for row, vector, is_sound in zip(stored.keys, stored.vectors, sound, strict=True):
            key = keys.get((view, *row))
            if key is not None and is_sound:
                known[key] = vector
    return known


def write_lexical(
    directory: Path, sources: Mapping[str, Source], passages: Sequence[Passage]
) -> None:
    """Write the BM25 indexes over passages, one a language."""
    texts = [text for p in passages for text in _texts(sources[p.source_id], p)]
    for language in LANGUAGES:
        named = {
            text.passage_id: text.text
            for text in texts
            if text.view == "passages" and text.surface == language
        }
        LexicalIndex.build(named, language).save(directory)


def _texts(source: Source, passage: Passage) -> Iterator[_Text]:
    for surface in surfaces(passage):
        other = passage.translation if surface != passage.language else None
        whole = other.text if other else passage.text
        title = source.title(surface)
        if passage.heading and surface == passage.language:
            title = f"{title} · {passage.heading}" if title else passage.heading
        yield _text("passages", passage, surface, 0, f"{title}\n{whole}" if title else whole)
        before = ""
        for number in range(len(passage.sentences)):
            sentence = passage.sentence_in(number, surface) or ""
            yield _text("sentences", passage, surface, number, sentence)
            # "The incubator focuses on …" needs its neighbour to say which incubator.
            context = f"{before} {sentence}" if before else sentence
            yield _text("contexts", passage, surface, number, context)
            before = sentence


def _text(view: View, passage: Passage, surface: Language, number: int, words: str) -> _Text:
    # Questions are embedded in Simplified characters too: either is found by the other.
    return _Text(view, passage.id, surface, number, simplified(words))
