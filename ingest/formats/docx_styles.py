"""What the styles of a Word document say of its paragraphs: headings, lists, weight."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .zips import attribute, local, number

# Word names its own styles in English in the file, whatever language it shows; others do not.
_HEADING = re.compile(
    r"(?:heading|标题|標題|überschrift|titre|título|titolo|kop|見出し|제목|заголовок)\s*([1-9])$",
    re.I,
)
_TITLE = re.compile(r"(?:title|document title|标题|標題|titel|表題)$", re.I)
_CONTENTS = re.compile(r"(?:toc|contents|目录|目錄)\s*(?:[1-9]|heading|标题|標題)?$", re.I)
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Style:
    """level: of a heading, 0 for the title, -1 for other text. list_id, list_level: of a list."""

    level: int = -1
    list_id: str = ""
    list_level: int = 0
    is_contents: bool = False
    is_bold: bool = False
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class _Raw:
    name: str
    base: str
    outline: str
    list_id: str
    list_level: str
    bold: str
    hidden: str


def read_styles(root: Any | None) -> Mapping[str, Style]:
    """The styles that styles.xml defines, by id, each with what it takes from its bases.

    The one that paragraphs without a style have stands under "" too.
    """
    raw: dict[str, _Raw] = {}
    default = ""
    for element in () if root is None else root:
        if local(element) == "style":
            id_ = attribute(element, "styleId")
            raw[id_] = _read(element)
            kind = attribute(element, "type")
            if kind == "paragraph" and attribute(element, "default") in ("1", "true"):
                default = id_
    styles = {id_: _style(id_, raw) for id_ in raw}
    return {"": styles.get(default, Style())} | styles


def child(element: Any | None, *path: str) -> Any | None:
    """The first descendant along these names; None where one is missing."""
    for name in path:
        if element is None:
            return None
        element = next((e for e in element if local(e) == name), None)
    return element


def value(element: Any | None, *path: str) -> str:
    """The `val` of that descendant; "" where there is none, "1" where it has no value."""
    found = child(element, *path)
    return "" if found is None else attribute(found, "val") or "1"


def is_on(told: str) -> bool:
    """Whether a switch that was told is on."""
    return told not in ("", "0", "false", "off", "none")


def outline_level(told: str) -> int:
    """The level of a heading that an outline level, counted from 0, means; -1 for body text."""
    level = number(told, 9)
    return level + 1 if level < 9 else -1


def _read(element: Any) -> _Raw:
    return _Raw(
        name=value(element, "name"),
        base=value(element, "basedOn"),
        outline=value(element, "pPr", "outlineLvl"),
        list_id=value(element, "pPr", "numPr", "numId"),
        list_level=value(element, "pPr", "numPr", "ilvl"),
        bold=value(element, "rPr", "b"),
        hidden=value(element, "rPr", "vanish"),
    )


def _style(id_: str, raw: Mapping[str, _Raw]) -> Style:
    chain: list[_Raw] = []
    while id_ in raw and len(chain) < _DEPTH:
        chain.append(raw[id_])
        id_ = raw[id_].base

    def first(field: str) -> str:
        return next((told for one in chain if (told := getattr(one, field))), "")

    level = _level(chain)
    return Style(
        level=level,
        list_id=first("list_id"),
        list_level=number(first("list_level"), 0),
        is_contents=any(_CONTENTS.match(one.name.strip()) for one in chain[:1]),
        is_bold=is_on(first("bold")),
        is_hidden=is_on(first("hidden")),
    )


def _level(chain: list[_Raw]) -> int:
    for one in chain:
        name = one.name.strip()
        if heading := _HEADING.match(name):
            return int(heading[1])
        if _TITLE.match(name):
            return 0
        if one.outline:
            return outline_level(one.outline)
    return -1
