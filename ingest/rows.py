"""What is embedded and indexed of each passage: its surfaces, sentences and their contexts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.embeddings import SentenceTransformerEmbeddings, embed_all
from assistant.index import Row, Vector, View, centre, surfaces
from assistant.lexical import LexicalIndex
from assistant.types import LANGUAGES, Language, Passage, Source


@dataclass(frozen=True, slots=True)
class _Text:
    view: View
    passage_id: str
    surface: Language
    number: int
    text: str


def embed_rows(
    sources: Mapping[str, Source],
    passages: Sequence[Passage],
    embeddings: SentenceTransformerEmbeddings,
    means: Mapping[str, Vector],
) -> list[Row]:
    """The centred vectors of all passages, sentences and contexts, in every surface."""
    texts = [text for p in passages for text in _texts(sources[p.source_id], p)]
    vectors = embed_all(embeddings, [text.text for text in texts])
    return [
        Row(
            view=text.view,
            passage_id=text.passage_id,
            surface=text.surface,
            number=text.number,
            vector=centre(vector, means[f"passage-{text.surface}"]),
        )
        for text, vector in zip(texts, vectors, strict=True)
    ]


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
        yield _Text("passages", passage.id, surface, 0, f"{title}\n{whole}" if title else whole)
        before = ""
        for number in range(len(passage.sentences)):
            sentence = passage.sentence_in(number, surface) or ""
            yield _Text("sentences", passage.id, surface, number, sentence)
            # "The incubator focuses on …" needs its neighbour to say which incubator.
            context = f"{before} {sentence}" if before else sentence
            yield _Text("contexts", passage.id, surface, number, context)
            before = sentence
