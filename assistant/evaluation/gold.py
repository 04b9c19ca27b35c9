"""Other names for parts of `score`, for the commands that import them from here."""

from __future__ import annotations

from .score import evidence_problems, locate

__all__ = ["evidence_problems", "locate"]
