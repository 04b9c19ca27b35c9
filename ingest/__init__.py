"""From texts to a searchable index: `python -m ingest`, or `build_index(settings)`."""

from .build import Changes, build_index, pending_changes
from .sources import Corpus, read_corpus

__all__ = ["Changes", "Corpus", "build_index", "pending_changes", "read_corpus"]
