"""Word paragraphs as a reader sees them: their words, their styles, their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .document import raised
from .zips import attribute, local, number

# Nothing of these is seen: what was deleted or moved away, codes, settings, readings.
_UNSEEN = frozenset(
    "del moveFrom delText instrText delInstrText rPr pPr rt annotationRef sectPr "
    "commentRangeStart commentRangeEnd bookmarkStart bookmarkEnd proofErr".split()
)
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "", "ptab": "\t"}
# Word names its own styles in English in the file, whatever language it shows; others do not.
_HEADING = re.compile(
    r"(?:heading|标题|標題|überschrift|titre|título|titolo|kop|見出し|제목|заголовок)\s*([1-9])$",
    re.I,
)
_TITLE = re.compile(r"(?:title|document title|标题|標題|titel|表題)$", re.I)
_CONTENTS = re.compile(r"(?:toc|contents|目录|目錄)\s*(?:[1-9]|heading|标题|標題)?$", re.I)
# A limit: styles are based on styles, and a circle of them must end.
_DEPTH = 20
_PLACE = re.compile(r"%([1-9])")
_HAN = "〇一二三四五六七八九"
_CHINESE = re.compile("chinese|ideograph|taiwanese|japanesecounting", re.I)
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


@dataclass(slots=True)
class Words:
    """text: with line breaks. notes: (kind, id) of those it refers to. boxes: of its text boxes.

    bold: how many of its characters are.
    """

    text: str = ""
    notes: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    bold: int = 0


class WordsReader:
    """Reads paragraphs in their order: a field's code may go on from one into the next."""

    def __init__(self, styles: Mapping[str, Style]) -> None:
        self._styles = styles
        # For each field that is open: whether its result has begun.
        self._fields: list[bool] = []
        self.pictures = 0

    def read(self, paragraph: Any) -> Words:
        """What is seen of a paragraph."""
        words = Words()
        style = self._styles.get(value(paragraph, "pPr", "pStyle"), Style())
        for run, seen in self._runs(paragraph, words):
            if not seen or self._is_hidden(run):
                continue
            words.text += raised(seen) if value(run, "rPr", "vertAlign") == "superscript" else seen
            told = value(run, "rPr", "b")
            if is_on(told) or (not told and style.is_bold):
                words.bold += sum(not c.isspace() for c in seen)
        return words

    def _runs(self, element: Any, words: Words) -> Iterator[tuple[Any, str]]:
        for child in element:
            tag = local(child)
            if tag in _UNSEEN:
                continue
            if tag == "r":
                yield child, "".join(self._signs(child, words))
            elif tag == "AlternateContent":
                # The first of the alternatives: they say the same for newer and for older programs.
                yield from self._runs(next(iter(child), child), words)
            elif tag == "t":  # in a formula: its runs are of another kind
                yield child, child.text or ""
            elif tag == "txbxContent":
                words.boxes.append(child)
            elif tag in ("num", "den", "sup"):
                yield child, _of_formula(tag, "".join(seen for _, seen in self._runs(child, words)))
            else:
                # Insertions, links, fields, controls, formulas: what they hold.
                yield from self._runs(child, words)

    def _signs(self, run: Any, words: Words) -> Iterator[str]:
        for child in run:
            tag = local(child)
            if tag == "fldChar":
                self._turn(attribute(child, "fldCharType"))
            elif tag in _UNSEEN or not all(self._fields):
                continue
            elif tag == "t":
                yield child.text or ""
            elif tag in _SIGNS:
                yield _SIGNS[tag]
            elif tag == "sym":
                yield _symbol(attribute(child, "char"))
            elif tag in ("footnoteReference", "endnoteReference"):
                words.notes.append((tag.removesuffix("Reference"), attribute(child, "id")))
            elif tag == "ruby":
                yield "".join(text for _, text in self._runs(child, words))
            elif tag in ("drawing", "pict", "object", "AlternateContent"):
                found = _text_boxes(child)
                words.boxes += found
                self.pictures += not found

    def _turn(self, kind: str) -> None:
        if kind == "begin":
            self._fields.append(False)
        elif kind == "separate" and self._fields:
            self._fields[-1] = True
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _is_hidden(self, run: Any) -> bool:
        told = value(run, "rPr", "vanish")
        style = self._styles.get(value(run, "rPr", "rStyle"))
        return is_on(told) or (not told and style is not None and style.is_hidden)


def _of_formula(tag: str, words: str) -> str:
    """The part above or below the line of a fraction, or an exponent, as written on one line."""
    if tag == "sup" and raised(words) != words:
        return raised(words)
    inner = words if len(words) < 2 or words.isalnum() else f"({words})"
    return inner if tag == "num" or not words else {"den": "/", "sup": "^"}[tag] + inner


def _text_boxes(element: Any) -> list[Any]:
    """The text boxes in a drawing, each once."""
    if local(element) == "AlternateContent":
        branches = (_text_boxes(branch) for branch in element)
        return next((boxes for boxes in branches if boxes), [])
    if local(element) == "txbxContent":
        return [element]
    return [box for child in element for box in _text_boxes(child)]


def _symbol(code: str) -> str:
    """A character of a symbol font; only those outside the private area mean the same elsewhere."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    # Surrogates are no characters of their own.
    return "" if 0xD800 <= number <= 0xF8FF or not 0x20 <= number <= 0xFFFF else chr(number)


@dataclass(frozen=True, slots=True)
class Style:
    """level: of a heading, 0 for the title, -1 for other text. list_id, list_level: of a list."""

    level: int = -1
    list_id: str = ""
    list_level: int = 0
    is_contents: bool = False
    is_bold: bool = False
    is_hidden: bool = False


# Where a style says what: the first of it and its bases to say something decides.
_TOLD = {
    "name": ("name",),
    "base": ("basedOn",),
    "outline": ("pPr", "outlineLvl"),
    "list_id": ("pPr", "numPr", "numId"),
    "list_level": ("pPr", "numPr", "ilvl"),
    "bold": ("rPr", "b"),
    "hidden": ("rPr", "vanish"),
}
_Raw = Mapping[str, str]


def read_styles(root: Any | None) -> Mapping[str, Style]:
    """The styles that styles.xml defines, by id, each with what it takes from its bases.

    The one that paragraphs without a style have stands under "" too.
    """
    raw: dict[str, _Raw] = {}
    default = ""
    for element in () if root is None else root:
        if local(element) == "style":
            id_ = attribute(element, "styleId")
            raw[id_] = {field: value(element, *path) for field, path in _TOLD.items()}
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


def _style(id_: str, raw: Mapping[str, _Raw]) -> Style:
    chain: list[_Raw] = []
    while id_ in raw and len(chain) < _DEPTH:
        chain.append(raw[id_])
        id_ = raw[id_]["base"]

    def first(field: str) -> str:
        return next((told for one in chain if (told := one[field])), "")

    return Style(
        level=_level(chain),
        list_id=first("list_id"),
        list_level=number(first("list_level"), 0),
        is_contents=any(_CONTENTS.match(one["name"].strip()) for one in chain[:1]),
        is_bold=is_on(first("bold")),
        is_hidden=is_on(first("hidden")),
    )


def _level(chain: list[_Raw]) -> int:
    for one in chain:
        name = one["name"].strip()
        if heading := _HEADING.match(name):
            return int(heading[1])
        if _TITLE.match(name):
            return 0
        if one["outline"]:
            return outline_level(one["outline"])
    return -1


@dataclass(frozen=True, slots=True)
class _ListLevel:
    form: str
    text: str
    start: int


@dataclass
class Numbering:
    """The lists of a document; `mark` counts as their paragraphs are read in order."""

    _levels: Mapping[str, Mapping[int, _ListLevel]]
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
    levels: dict[str, dict[int, _ListLevel]] = {}
    lists: dict[str, str] = {}
    for element in () if root is None else root:
        if local(element) == "abstractNum":
            found = (child for child in element if local(child) == "lvl")
            levels[attribute(element, "abstractNumId")] = {
                number(attribute(child, "ilvl"), 0): _list_level(child) for child in found
            }
        elif local(element) == "num":
            for child in element:
                if local(child) == "abstractNumId":
                    lists[attribute(element, "numId")] = attribute(child, "val")
    return Numbering(levels, lists)


def _list_level(element: Any) -> _ListLevel:
    told = {local(child): attribute(child, "val") for child in element}
    return _ListLevel(
        told.get("numFmt", "decimal"), told.get("lvlText", ""), number(told.get("start", ""), 1)
    )


def _shown(at: int, counts: list[int], levels: Mapping[int, _ListLevel], own: _ListLevel) -> str:
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
