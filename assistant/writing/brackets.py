"""Square brackets as they are read: is it a marker, what does it cite, what follows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

OPENING, CLOSING = "[［【", "]］】"
# A bracket with more than this in it, white space aside, is text.
_LONGEST = 40
# A wider range, such as one of years, is read as its two ends.
_WIDEST = 20
_TO = "-‐‑–—−－~～〜至到"
_SIGNS = f"{_TO},，、;；&＆和与與及#^*_`"
_WORDS = "passages passage sources source and 段落 段 第 资料 資料 来源 來源".split()
_PREFIXES = sorted({word[:end] for word in _WORDS for end in range(1, len(word))}, key=len)
# A run of letters that can still become words of a marker.
_WORDS_SO_FAR = re.compile(f"(?:{'|'.join(_WORDS)})*(?:{'|'.join(_PREFIXES[::-1])})?")
# Stands for a marker inside of a bracket. No bracket with this character of its own is a marker.
_INNER = "\ue000"
_ITEM = r"(\d{1,4})(?: ?[.．] ?(\d{1,4}))?(?!\d)"
_CONTENT = re.compile(
    f"(?:{_ITEM}|(?:{'|'.join(_WORDS)})(?: ?[:：])?|[ {re.escape(_SIGNS)}{_INNER}])+"
)
_CITED = re.compile(f"{_INNER}|{_ITEM}(?: ?[{re.escape(_TO)}] ?{_ITEM})?")
# What ends a "(" right behind a marker as a link's target: it is words then.
_NO_TARGET = frozenset("\n。，、；！？" + OPENING)


# Passages and the sentence of each; empty for a bracket of which nothing is known.
Known = tuple[tuple[int, int | None], ...]


@dataclass(slots=True)
class Bracket:
    """An open bracket and what followed it, for as long as it may become a marker."""

    opening: str
    items: list[str | Known] = field(default_factory=list)
    size: int = 0
    # The letters just before; None where an inner marker may have cut them short.
    letters: str | None = ""

    def take(self, char: str) -> bool:
        """Whether the bracket may be a marker with this character too; takes it if so."""
        if char.isspace():
            self.letters = ""
            self.items.append(char)
            return True
        if char.isdecimal() or char in _SIGNS or char in ".．:：":
            self.letters = ""
        elif not char.isalpha():
            return False
        elif self.letters is not None:
            self.letters += char.lower()
            if not _WORDS_SO_FAR.fullmatch(self.letters):
                return False
        if self.size == _LONGEST:
            return False
        self.size += 1
        self.items.append(char)
        return True

    def take_marker(self, known: Known) -> bool:
        """Takes a marker that stands in the bracket; whether the bracket may still be one."""
        self.letters = None
        self.items.append(known)
        self.size += len(known)
        return self.size <= _LONGEST

    def cited(self) -> list[tuple[int, int | None]] | None:
        """What the bracket cites once it is closed; None when it is no marker.

        It is read as written and, if that is none, as it would stand without what is taken out.
        """
        inner = [item for item in self.items if not isinstance(item, str)]
        content = "".join(item if isinstance(item, str) else _INNER for item in self.items)
        cited = _read_content(content, inner)
        if cited is None and () in inner:
            cited = _read_content(self._without_unknown(), [known for known in inner if known])
        return cited

    def _without_unknown(self) -> str:
        spacing = Spacing()
        parts = [spacing.put(self.opening)]
        for item in self.items:
            if item == ():
                spacing.drop()
            else:
                parts.append(spacing.put(item if isinstance(item, str) else _INNER))
        return "".join(parts)[1:]


def _read_content(content: str, inner: Sequence[Known]) -> list[tuple[int, int | None]] | None:
    """The numbers in a bracket, with those of the markers in it; None when there is more in it."""
    content = " ".join(content.lower().split())
    if not _CONTENT.fullmatch(content):
        return None
    markers = iter(inner)
    cited: list[tuple[int, int | None]] = []
    matches = list(_CITED.finditer(content))
    for match in matches:
        cited += _range(*match.groups()) if match[1] else next(markers)
    return cited if matches else None


def _range(
    first: str, sentence: str | None, last: str | None, last_sentence: str | None
) -> list[tuple[int, int | None]]:
    """The passages from the first to the last; "2.1-3" is a range of sentences, all of passage 2.

    A sentence 0 is none.
    """
    start = (int(first), int(sentence or 0) or None)
    if last is None:
        return [start]
    if sentence and not last_sentence:
        return [(start[0], None)]
    end = (int(last), int(last_sentence or 0) or None)
    between = range(start[0] + 1, end[0]) if end[0] - start[0] <= _WIDEST else ()
    return [start, *((number, None) for number in between), end]


@dataclass(slots=True)
class Target:
    """What follows a marker like the target of a link: "(http://…)", perhaps with a title."""

    text: list[str] = field(default_factory=lambda: ["("])
    depth: int = 1
    quote: str = ""
    spaced: bool = False

    def take(self, char: str) -> Literal["open", "closed", "over"]:
        """'open'; 'closed' when this character ends the target; 'over' when it is none."""
        if char in _NO_TARGET:
            return "over"
        if self.quote:
            self.quote = "" if char == self.quote else self.quote
        elif char.isspace():
            self.spaced = True
        elif char == ")":
            self.depth -= 1
        elif self.spaced:
            if char not in "\"'":
                return "over"
            self.quote = char
        elif char == "(":
            self.depth += 1
        self.text.append(char)
        return "open" if self.depth else "closed"


class Spacing:
    """White space on its way out: held until it is known what follows.

    Of the white space on both sides of what is taken out, the later stays, but the earlier where
    it has more line breaks; at the start of a text none of both, at the end only the later. Words
    and figures that would run together get a space.
    """

    def __init__(self) -> None:
        self._last = ""
        self._before: str | None = None
        self._space: list[str] = []

    def put(self, text: str) -> str:
        """What can go out when `text`, all white space or none of it, comes next."""
        if text.isspace():
            self._space.append(text)
            return ""
        gap = self._gap()
        if not gap and self._before is not None and _is_word(self._last) and _is_word(text[0]):
            gap = " "
        self._last, self._before = text[-1], None
        self._space.clear()
        return gap + text

    def drop(self) -> None:
        """Something stood here that is taken out."""
        self._before = self._gap()
        self._space.clear()

    def end(self) -> str:
        """What is left when nothing follows."""
        return "".join(self._space)

    def _gap(self) -> str:
        after = "".join(self._space)
        if self._before is None:
            return after
        if not self._last:
            return ""
        return self._before if self._before.count("\n") > after.count("\n") else after


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()
