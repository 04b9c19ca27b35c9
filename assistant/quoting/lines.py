"""The lines of an answer before they are laid out: what is said, and on what it rests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..types import Language, Passage

# A sentence of a passage, by its number.
Ref = tuple[Passage, int]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an answer.

    refs: the sentences that it quotes or rests on, in reading order. said: our own words in each
    language; {} where the sentences speak for themselves. label: what stands before it, likewise
    ({} for nothing). card: the id of the source whose record it rests on, "" for none. bullet:
    whether it stands as an item of a list; else it runs on from the line before it.
    """

    refs: tuple[Ref, ...] = ()
    said: Mapping[Language, str] = field(default_factory=dict)
    label: Mapping[Language, str] = field(default_factory=dict)
    card: str = ""
    bullet: bool = False


def refs_of(lines: Sequence[Line]) -> list[Ref]:
    """All sentences that the lines rest on, each once."""
    seen: dict[tuple[str, int], Ref] = {}
    for line in lines:
        for passage, number in line.refs:
            seen.setdefault((passage.id, number), (passage, number))
    return list(seen.values())
