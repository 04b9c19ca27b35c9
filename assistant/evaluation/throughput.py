"""How fast texts are embedded, against the embedding engine's own loop over the same texts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from ..embeddings import passage_embeddings
from ..errors import AssistantError
from ..sentences import split_sentences
from ..settings import Settings

ROUNDS = 5


def print_throughput(settings: Settings, file: Path, *, limit: int) -> None:
    """Print texts a second of both, medians of five rounds in turn, and their ratio.

    The texts are the file's paragraphs and their sentences, at most `limit`: what an index holds
    of it. The bare loop is `SentenceTransformer.encode_document`, which sorts by length itself.
    """
    texts = texts_of(file)[:limit]
    engine = passage_embeddings(settings)
    bare = engine.model

    def alone(texts: list[str]) -> object:
        return bare.encode_document(texts, show_progress_bar=False, convert_to_tensor=True)

    engine.embed_documents(texts[:32])  # neither pays for the first batch
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_rate(engine.embed_documents, texts))
        theirs.append(_rate(alone, texts))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(f"texts: {len(texts)}, {sum(map(len, texts)):,} characters")
    print(f"ours:  {statistics.median(ours):.0f} a second")
    print(f"bare:  {statistics.median(theirs):.0f} a second")
    print(f"ratio: {ratio:.2f}")


def texts_of(file: Path) -> list[str]:
    """The paragraphs of a text file and their sentences, each once; raises AssistantError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AssistantError(f"{file} cannot be read ({error}). Name a text in UTF-8.") from error
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    sentences = [
        paragraph[span.start : span.end]
        for paragraph in paragraphs
        for span in split_sentences(paragraph, 0, len(paragraph))
    ]
    found = list(dict.fromkeys([*paragraphs, *sentences]))
    if not found:
        raise AssistantError(f"{file} holds no text. Name a text in UTF-8.")
    return found


def _rate(embed: Callable[[list[str]], object], texts: list[str]) -> float:
    began = time.perf_counter()
    embed(texts)
    return len(texts) / (time.perf_counter() - began)
