"""The characters of a PDF page: what they are, where they stand, in which type."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pypdfium2.raw as pdfium

from .document import Box

if TYPE_CHECKING:
    import pypdfium2

SOFT_HYPHEN = "\u00ad"
# Smaller than any reader could see, in points.
_LEAST = 1.0
# A limit: pages of more objects are maps and drawings.
_OBJECTS = 20_000
_BOLD = re.compile(r"bold|black|heavy|medi(?!um)|黑|simhei|heiti", re.I)
# Symbol fonts have their bullets in the private-use area.
_BULLETS = frozenset("\uf0b7\uf0a7\uf0d8\uf06c\uf06e\uf076\uf09f\uf0fc")
# pdfium gives the hyphen at a line's end as one of these.
_HYPHENS = frozenset("\x02\ufffe")
_ACCENTS = {
    "¨": "\u0308",
    "´": "\u0301",
    "`": "\u0300",
    "ˆ": "\u0302",
    "˜": "\u0303",
    "¸": "\u0327",
    "ˇ": "\u030c",
    "˚": "\u030a",
}


class Style(NamedTuple):
    """A type: its size in points as it stands on the page, its font, whether it is bold."""

    size: float
    font: str
    bold: bool
    quarters: int  # see Frame; -1 for text that stands at an angle
    inner: bool  # part of a form, as figures are that were set into a page


class Glyph(NamedTuple):
    """A character and its box, in the frame of its quarter turns; `spaced`: after a space."""

    char: str
    left: float
    top: float
    right: float
    bottom: float
    style: Style
    spaced: bool
    breaks: bool  # pdfium sees the begin of a line here


class Glyphs(NamedTuple):
    """A page's characters in the order of the file; unknown: how many have no known meaning."""

    found: list[Glyph]
    quarters: int  # the turns of most of them
    unknown: int


def page_frame(page: pypdfium2.PdfPage) -> Frame:
    """What is visible of a page."""
    left, bottom, right, top = page.get_bbox()
    return Frame(left, bottom, max(right, left + 1), max(top, bottom + 1))


def read_glyphs(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextpage, frame: Frame) -> Glyphs:
    """The visible characters of a page; those outside of it or too small to see are left out."""
    found: list[Glyph] = []
    unknown = 0
    spaced = breaks = False
    box = pdfium.FS_RECTF()
    styles = _Styles(page, text)
    for i in range(text.count_chars()):
        char = _character(pdfium.FPDFText_GetUnicode(text.raw, i))
        if char.isspace():
            spaced, breaks = True, breaks or char == "\n"
            continue
        if not char:
            unknown += 1
            continue
        if not pdfium.FPDFText_GetLooseCharBox(text.raw, i, box):
            continue
        style = styles.of(i)
        placed = (box.left, box.bottom, box.right, box.top)
        left, top, right, bottom = frame.turned(max(style.quarters, 0), placed)
        width, height = frame.size(max(style.quarters, 0))
        if right < 0 or bottom < 0 or left > width or top > height:
            continue
        if max(style.size, bottom - top) < _LEAST:
            continue
        if char != SOFT_HYPHEN and unicodedata.category(char[0]) in ("Cc", "Cf"):
            continue
        found.append(Glyph(char, left, top, right, bottom, style, spaced, breaks))
        spaced = breaks = False
    turns = Counter(glyph.style.quarters for glyph in found if glyph.style.quarters >= 0)
    quarters = turns.most_common(1)[0][0] if turns else 0
    return Glyphs(list(_accented(found)), quarters, unknown)


def _character(code: int) -> str:
    """What a code stands for; "" for private-use, unassigned and invalid ones."""
    char = chr(code) if 0 < code < 0x110000 else ""
    if char in _HYPHENS:
        return "-"
    if char in _BULLETS:
        return "•"
    # Ligatures, and the radicals that some fonts have in the place of the characters.
    if "\ufb00" <= char <= "\ufb06" or "\u2e80" <= char <= "\u2fdf":
        return unicodedata.normalize("NFKC", char)
    if not char or char == "\ufffd" or unicodedata.category(char) in ("Co", "Cn", "Cs"):
        return ""
    return char


class _Styles:
    """The types of a page's characters; one text object has one type."""

    def __init__(self, page: pypdfium2.PdfPage, text: pypdfium2.PdfTextpage) -> None:
        self._text = text
        self._outer = _outer(page)
        self._last = 0
        self._style = Style(0.0, "", False, 0, False)
        self._matrix = pdfium.FS_MATRIX()
        self._name = ctypes.create_string_buffer(128)

    def of(self, i: int) -> Style:
        object_ = pdfium.FPDFText_GetTextObject(self._text.raw, i)
        address = ctypes.addressof(object_.contents) if object_ else 0
        if not address or address != self._last:
            self._style, self._last = self._read(i, address), address
        return self._style

    def _read(self, i: int, address: int) -> Style:
        raw = self._text.raw
        pdfium.FPDFText_GetMatrix(raw, i, self._matrix)
        m = self._matrix
        size = pdfium.FPDFText_GetFontSize(raw, i) * math.hypot(m.c, m.d)
        flags = ctypes.c_int()
        pdfium.FPDFText_GetFontInfo(raw, i, self._name, len(self._name), flags)
        # A subset's name begins with six letters and a plus sign.
        font = re.sub(r"^[A-Z]{6}\+", "", self._name.value.decode("utf-8", "replace"))
        bold = pdfium.FPDFText_GetFontWeight(raw, i) >= 600 or bool(_BOLD.search(font))
        angle = math.degrees(math.atan2(m.b, m.a)) / 90
        quarters = round(angle) % 4 if abs(angle - round(angle)) < 0.1 else -1
        return Style(round(abs(size), 2), font, bold, quarters, address not in self._outer)


def _outer(page: pypdfium2.PdfPage) -> frozenset[int]:
    """The text objects of a page that are in no form; 0 stands for characters without one."""
    count = min(pdfium.FPDFPage_CountObjects(page.raw), _OBJECTS)
    objects = (pdfium.FPDFPage_GetObject(page.raw, i) for i in range(count))
    return frozenset([0, *(ctypes.addressof(object_.contents) for object_ in objects)])


def _accented(glyphs: list[Glyph]) -> Iterator[Glyph]:
    """The characters, with accents that were drawn over a letter made part of it (TeX does so)."""
    i = 0
    while i < len(glyphs):
        glyph = glyphs[i]
        after = glyphs[i + 1] if i + 1 < len(glyphs) else None
        mark = _ACCENTS.get(glyph.char)
        if mark and after and after.char.isalpha() and _over(glyph, after):
            base = {"ı": "i", "ȷ": "j"}.get(after.char, after.char)
            char = unicodedata.normalize("NFC", base + mark)
            yield after._replace(char=char, spaced=glyph.spaced, breaks=glyph.breaks)
            i += 2
        else:
            yield glyph
            i += 1


def _over(mark: Glyph, letter: Glyph) -> bool:
    shared = min(mark.right, letter.right) - max(mark.left, letter.left)
    return shared > 0.5 * min(mark.right - mark.left, letter.right - letter.left) > 0


@dataclass(frozen=True, slots=True)
class Frame:
    """What is visible of a page, in points of PDF (the origin is below, at the left).

    A frame counts the other way: from the upper left corner of the page as it stands after
    `quarters` quarter turns; 0 for text that runs to the right, 1 for text that runs upwards, 2
    for text upside down, 3 for text that runs downwards.
    """

    left: float
    bottom: float
    right: float
    top: float

    def size(self, quarters: int) -> tuple[float, float]:
        """Width and height, in points, as seen after so many quarter turns."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if quarters % 2 else (width, height)

    def turned(self, quarters: int, box: Box) -> Box:
        """A box of PDF (left, bottom, right, top), in the frame of so many quarter turns."""
        left, bottom, right, top = box
        if quarters == 0:
            return left - self.left, self.top - top, right - self.left, self.top - bottom
        if quarters == 1:
            return bottom - self.bottom, left - self.left, top - self.bottom, right - self.left
        if quarters == 2:
            return self.right - right, bottom - self.bottom, self.right - left, top - self.bottom
        return self.top - top, self.right - right, self.top - bottom, self.right - left

    def back(self, quarters: int, box: Box) -> Box:
        """The box of PDF (left, bottom, right, top) that `turned` made this one of."""
        left, top, right, bottom = box
        if quarters == 0:
            return left + self.left, self.top - bottom, right + self.left, self.top - top
        if quarters == 1:
            return top + self.left, left + self.bottom, bottom + self.left, right + self.bottom
        if quarters == 2:
            return self.right - right, top + self.bottom, self.right - left, bottom + self.bottom
        return self.right - bottom, self.top - right, self.right - top, self.top - left

    def share(self, box: Box, read: int, shown: int) -> Box:
        """A box of the frame in which the page is read, as shares of the page as it is shown."""
        width, height = self.size(shown)
        left, top, right, bottom = self.turned(shown, self.back(read, box))
        return (
            _share(left, width),
            _share(top, height),
            _share(right, width),
            _share(bottom, height),
        )


def _share(place: float, whole: float) -> float:
    return round(min(max(place / whole, 0.0), 1.0), 4)
