"""Other names for parts of `sets`, for the commands that import them from here."""

from __future__ import annotations

from .sets import Values, flag_of, language_of, listed, shown, text_of, texts_of

__all__ = ["Values", "flag_of", "language_of", "listed", "shown", "text_of", "texts_of"]
