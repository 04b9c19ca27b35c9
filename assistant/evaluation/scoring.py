"""Other names for parts of `score`, for the commands that import them from here."""

from __future__ import annotations

from .score import unmarked

__all__ = ["unmarked"]
