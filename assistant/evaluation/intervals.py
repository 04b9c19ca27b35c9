"""Other names for parts of `summary`, for the commands that import them from here."""

from __future__ import annotations

from .summary import auroc, percent, ratio, share

__all__ = ["auroc", "percent", "ratio", "share"]
