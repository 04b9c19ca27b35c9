"""Other names for parts of `sets`, for the commands that import them from here."""

from __future__ import annotations

from .sets import GoldEvidence, ReadSets, SetQuestion, first_of_each, read_set, read_sets

__all__ = ["GoldEvidence", "ReadSets", "SetQuestion", "first_of_each", "read_set", "read_sets"]
