"""The words of a Word paragraph as a reader sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .document import raised
from .docx_styles import Style, is_on, value
from .zips import attribute, local

# Nothing of these is seen: what was deleted or moved away, codes, settings, readings.
_UNSEEN = frozenset(
    "del moveFrom delText instrText delInstrText rPr pPr rt annotationRef sectPr "
    "commentRangeStart commentRangeEnd bookmarkStart bookmarkEnd proofErr".split()
)
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "", "ptab": "\t"}


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
                yield from self._runs(_chosen(child), words)
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


def _chosen(alternatives: Any) -> Any:
    """The first of the alternatives: they say the same for newer and for older programs."""
    return next(iter(alternatives), alternatives)


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
