"""What embeds passages: a light engine for a few texts, the full one for many."""

from __future__ import annotations

from assistant.retrieval.embeddings import (
    Progress,
    SentenceTransformerEmbeddings,
    TextEmbeddings,
    bundled_embeddings,
    model_fingerprint,
)
from assistant.retrieval.embeddings import passage_embeddings as full_embeddings
from assistant.settings import Settings

# Below this many texts, loading torch (8 s on two cores) takes longer than the light engine
# needs for all of them (22 to 55 passages of 100 tokens a second).
FEW = 200


def passage_embeddings(
    settings: Settings, *, progress: Progress | None = None
) -> PassageEmbeddings | SentenceTransformerEmbeddings:
    """The engine that brings an index up to date soonest."""
    if settings.embedding_model == "bundled":
        return PassageEmbeddings(settings, progress=progress)
    return full_embeddings(settings, progress=progress)


class PassageEmbeddings:
    """The bundled model; torch is loaded only when there are many texts to embed.

    Both engines give the same vectors but for rounding (a test holds them to a cosine of 0.999).
    """

    def __init__(self, settings: Settings, *, progress: Progress | None = None) -> None:
        """Load the light engine, unpacking the model first if need be."""
        self.fingerprint = model_fingerprint(settings)
        self.stage = "embed"  # what progress reports call the present work
        self._settings = settings
        self._progress = progress
        self._light = bundled_embeddings(settings, progress=progress)
        self._full: SentenceTransformerEmbeddings | None = None

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Unit-length vectors, shape (len(texts), dimension), in the given order."""
        if len(texts) > FEW:
            return self._heavy().embed_documents(texts)
        vectors = []
        for number, text in enumerate(texts, start=1):
            vectors += self._light.embed_documents([text])
            if self._progress:
                self._progress(self.stage, number / len(texts))
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The unit-length vector of a question, shape (dimension,)."""
        engine: TextEmbeddings = self._full or self._light
        return engine.embed_query(text)

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        """The same of several, in the given order."""
        return [self.embed_query(text) for text in texts]

    def count_tokens(self, text: str) -> int:
        """How many tokens the model sees, special tokens included; not cut."""
        return self._light.count_tokens(text)

    def _heavy(self) -> SentenceTransformerEmbeddings:
        if self._full is None:
            self._full = full_embeddings(self._settings, progress=self._progress)
        self._full.stage = self.stage
        return self._full
