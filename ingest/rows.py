"""What is embedded and indexed of each passage: its surfaces and their sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.bodies import made_from
from assistant.retrieval.embeddings import TextEmbeddings
from assistant.retrieval.index import centre, surfaces
from assistant.retrieval.language import simplified
from assistant.retrieval.second_encoder import second_encoder
from assistant.retrieval.store import Vector
from assistant.retrieval.words import chinese_words, latin_words, sound_of
from assistant.types import LANGUAGES, Language, Passage, Source

# Vectors and terms are taken over only from a store whose texts were made in this way.
ROWS = "3"
# The centred vectors of texts, by the language that they were centred for and their words.
Known = Mapping[tuple[Language, str], Vector]


@dataclass(frozen=True, slots=True)
class SurfaceText:
    """The words of a passage in one language: all of them, under their title, and each sentence.

    alone: whether there are none in the other language.
    """

    language: Language
    whole: str
    sentences: tuple[str, ...]
    alone: bool

    @property
    def keys(self) -> list[tuple[Language, str]]:
        """What is embedded, the whole first."""
        return [(self.language, text) for text in (self.whole, *self.sentences)]


@dataclass(frozen=True, slots=True)
class SurfaceRow:
    """A surface to be stored: vector (dimension,), sentences (number of sentences, dimension).

    second: the sentences' by the second encoder, None where there is a translation.
    """

    text: SurfaceText
    vector: Vector
    sentences: Vector
    second: Vector | None = None


def surface_texts(source: Source, passage: Passage) -> Iterator[SurfaceText]:
    """The surfaces of a passage as they are embedded and searched."""
    for language in surfaces(passage):
        other = passage.translation if language != passage.language else None
        whole = other.text if other else passage.text
        title = source.title(language)
        if passage.heading and language == passage.language:
            title = f"{title} · {passage.heading}" if title else passage.heading
        sentences = (passage.sentence_in(n, language) or "" for n in range(len(passage.sentences)))
        # Questions are embedded in Simplified characters too: either is found by the other.
        yield SurfaceText(
            language,
            simplified(f"{title}\n{whole}" if title else whole),
            tuple(map(simplified, sentences)),
            alone=source.translation is None,
        )


def embed_surfaces(
    texts: Sequence[SurfaceText],
    embeddings: TextEmbeddings,
    means: Mapping[str, Vector],
    known: Known,
) -> list[SurfaceRow]:
    """The centred vectors of some surfaces; only texts that `known` lacks are embedded."""
    keys = dict.fromkeys(key for text in texts for key in text.keys)
    fresh = list(dict.fromkeys(words for language, words in keys if (language, words) not in known))
    made = dict(zip(fresh, embeddings.embed_documents(fresh), strict=True))

    def vector(key: tuple[Language, str]) -> Vector:
        if (stored := known.get(key)) is not None:
            return stored
        return centre(made[key[1]], means[f"passage-{key[0]}"])

    rows = []
    for text in texts:
        whole, *sentences = (vector(key) for key in text.keys)
        rows.append(SurfaceRow(text, whole, np.array(sentences, dtype=np.float32)))
    return rows


def second_vectors(texts: Sequence[SurfaceText], known: Known) -> list[Vector | None]:
    """What the second encoder makes of the sentences of surfaces; None where it is not needed.

    A translation makes it needless. Raises ModelError when the encoder is needed and missing.
    """
    made = {**known}
    for language in LANGUAGES:
        wanted = (key for text in texts if text.alone for key in text.keys[1:])
        fresh = list(dict.fromkeys(key for key in wanted if key[0] == language and key not in made))
        if fresh:
            words = [words for _, words in fresh]
            vectors = second_encoder().embed(words, language=language, kind="passage")
            made.update(zip(fresh, vectors, strict=True))
    return [
        np.array([made[key] for key in text.keys[1:]], dtype=np.float32) if text.alone else None
        for text in texts
    ]


def words_in(source: Source) -> Counter[tuple[str, str]]:
    """The words of a source and its record, as written, with the sound of Chinese ones, counted."""
    made = made_from(source.author)
    texts = [source.text, source.translation.text if source.translation else ""]
    texts += [source.title_en, source.title_zh, made.of if made else source.author]
    text = "\n".join([*texts, source.publisher])
    counts: Counter[tuple[str, str]] = Counter()
    for word, count in latin_words(text).items():
        counts[word, ""] = count
    for word, count in chinese_words(text).items():
        counts[word, sound_of(word)] = count
    return counts
