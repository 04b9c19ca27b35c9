"""The numbers and bullets that Word shows before paragraphs without writing them down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .zips import attribute, local, number

_PLACE = re.compile(r"%([1-9])")
_HAN = "〇一二三四五六七八九"
_CHINESE = re.compile("chinese|ideograph|taiwanese|japanesecounting", re.I)
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


@dataclass(frozen=True, slots=True)
class _Level:
    form: str
    text: str
    start: int


@dataclass
class Numbering:
    """The lists of a document; `mark` counts as their paragraphs are read in order."""

    _levels: Mapping[str, Mapping[int, _Level]]
    _lists: Mapping[str, str]
    _counts: dict[str, list[int]] = field(default_factory=dict)

    def mark(self, list_id: str, level: int) -> str:
        """What stands before the next paragraph of a list: "-", "2.", "第三章"; "" for nothing.

        level: 0 for the outermost.
        """
        abstract = self._lists.get(list_id, "")
        levels = self._levels.get(abstract, {})
        own = levels.get(level)
        if own is None:
            return "-" if list_id in self._lists else ""
        counts = self._counts.setdefault(abstract, [])
        while len(counts) <= level:
            counts.append(levels[len(counts)].start - 1 if len(counts) in levels else 0)
        counts[level] += 1
        for above in range(level):
            # A level that was left out counts as begun.
            if above in levels and counts[above] < levels[above].start:
                counts[above] = levels[above].start
        del counts[level + 1 :]
        if own.form == "bullet":
            return "-"
        return _PLACE.sub(lambda m: _shown(int(m[1]) - 1, counts, levels, own), own.text).strip()


def read_numbering(root: Any | None) -> Numbering:
    """The lists that numbering.xml defines; none where there is no such part."""
    levels: dict[str, dict[int, _Level]] = {}
    lists: dict[str, str] = {}
    for element in () if root is None else root:
        if local(element) == "abstractNum":
            found = (child for child in element if local(child) == "lvl")
            levels[attribute(element, "abstractNumId")] = {
                number(attribute(child, "ilvl"), 0): _level(child) for child in found
            }
        elif local(element) == "num":
            for child in element:
                if local(child) == "abstractNumId":
                    lists[attribute(element, "numId")] = attribute(child, "val")
    return Numbering(levels, lists)


def _level(element: Any) -> _Level:
    told = {local(child): attribute(child, "val") for child in element}
    return _Level(
        told.get("numFmt", "decimal"), told.get("lvlText", ""), number(told.get("start", ""), 1)
    )


def _shown(at: int, counts: list[int], levels: Mapping[int, _Level], own: _Level) -> str:
    count = counts[at] if at < len(counts) else 1
    form = levels[at].form if at in levels else own.form
    if form == "none":
        return ""
    if form in ("upperLetter", "lowerLetter"):
        letter = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("upperRoman", "lowerRoman"):
        return _roman(count).upper() if form == "upperRoman" else _roman(count)
    if _CHINESE.match(form) and form != "ideographTraditional":
        return _chinese(count)
    return str(count)


def _roman(count: int) -> str:
    words = ""
    for value, letters in _ROMAN:
        words += letters * (count // value)
        count %= value
    return words


def _chinese(count: int) -> str:
    """A number up to 99 as Chinese counts; above, its digits."""
    if not 0 < count < 100:
        return "".join(_HAN[int(digit)] for digit in str(count)) if count >= 0 else str(count)
    tens, ones = divmod(count, 10)
    head = ("" if tens == 1 else _HAN[tens]) + "十" if tens else ""
    return head + (_HAN[ones] if ones else "")
