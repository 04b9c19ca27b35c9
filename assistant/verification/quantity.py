"""A number as a text states it, and when two of them are the same."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Counted = Literal["count", "share", "ordinal", "year", "month", "day", "decade", "vague"]
Bound = Literal["", "least", "most", "near"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that stands at text[start:end].

    value: its scale multiplied in; of a share the fraction, so that "half" is "50%"; of "vague"
    ("thousands") the least that it can be. unit: "yuan", "km" and the like, "" when none is known.
    bound: "least" ("over 60"), "most" ("within 4.5"), "near" ("nearly 100").
    sure: whether it counts at all: "one", "both" and "the two" need not.
    """

    start: int
    end: int
    value: Fraction
    kind: Counted = "count"
    unit: str = ""
    bound: Bound = ""
    sure: bool = True

    def agrees(self, other: Quantity) -> bool:
        """Whether both can be the same number of the same kind and unit."""
        if self.unit and other.unit and self.unit != other.unit:
            return False
        kinds = {self.kind, other.kind}
        if kinds == {"vague", "count"}:
            vague, count = (self, other) if self.kind == "vague" else (other, self)
            return self is vague and vague.value <= count.value < 1_000 * vague.value
        if self.kind == other.kind == "decade":
            return self.value == other.value or (
                min(self.value, other.value) < 100 and self.value % 100 == other.value % 100
            )
        alike = len(kinds) == 1 or kinds in ({"count", "year"}, {"ordinal", "day"})
        # "Part Four" and "第四部分" are ordinals, "No. 297" and "297号" may look like counts.
        alike = alike or (kinds == {"count", "ordinal"} and self.value > 12)
        return alike and self.value == other.value

    def contradicts(self, other: Quantity) -> bool:
        """Whether the two bound the same number from opposite sides."""
        bounds = {self.bound, other.bound}
        return bounds in ({"least", "most"}, {"least", "near"})
