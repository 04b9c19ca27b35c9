"""Other names for parts of `score`, for the commands that import them from here."""

from __future__ import annotations

from .score import Place, citation_recall, contains, exact_match, f1

__all__ = ["Place", "citation_recall", "contains", "exact_match", "f1"]
