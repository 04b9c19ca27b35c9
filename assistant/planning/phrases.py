"""Phrases of closed classes in both languages, as patterns: `assistant/data/phrases.tsv`.

Each line has a use and a pattern; capitals name pieces that other patterns hold as <PIECE>.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

from ..retrieval.language import HAN

_CHINESE = re.compile(f"[{HAN}]")
_PIECE = re.compile(r"<([A-Z]+)>")


@lru_cache(maxsize=1)
def _phrases() -> dict[str, list[str]]:
    table = files("assistant").joinpath("data", "phrases.tsv").read_text(encoding="utf-8")
    phrases: dict[str, list[str]] = {}
    for line in table.splitlines()[1:]:
        use, pattern = line.split("\t")
        phrases.setdefault(use, []).append(
            _PIECE.sub(lambda m: phrases.get(m[1], [m[0]])[0], pattern)
        )
    return phrases


def phrases(use: str) -> tuple[str, ...]:
    """The patterns for a use, in their order."""
    return tuple(_phrases()[use])


def phrase(use: str, text: str, *, around: str = "{}") -> re.Pattern[str]:
    """One pattern for any phrase of a use, put into `around` at {}, to be searched in `text`.

    Text without Chinese characters needs no Chinese phrases: compiling costs more than searching.
    """
    return _compiled(use, around, bool(_CHINESE.search(text)))


@lru_cache(maxsize=128)
def _compiled(use: str, around: str, chinese: bool) -> re.Pattern[str]:
    patterns = [p for p in phrases(use) if chinese or not _CHINESE.search(p)]
    pattern = "|".join(patterns) or "(?!)"
    return re.compile(around.replace("{}", f"(?:{pattern})"), re.IGNORECASE)
