"""Text as HTML with exactly the wanted characters marked, each character once and harmless."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..types import Span

# What reorders, hides or breaks text unseen: control characters but tab and line ends, marks of
# direction, zero-width characters (but the joiners, which some scripts need), tags.
_CONTROL = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters that are cited; label names the citations, such as "[1]" ("" for none)."""

    start: int
    end: int
    label: str = ""


def show(text: str) -> str:
    """Text as HTML that shows it literally.

    Characters that would reorder or hide others stand alone in an isolate that names them.
    """
    # A parser turns a bare carriage return into a line feed.
    return _CONTROL.sub(_shown, html.escape(text)).replace("\r", "&#13;")


def _shown(match: re.Match[str]) -> str:
    code = f"U+{ord(match[0]):04X}"
    named = f"{code} {unicodedata.name(match[0], '')}".strip()
    return f'<bdi class="control" data-code="{code}" title="{named}">{match[0]}</bdi>'


class Marking:
    """One text's marks; they may overlap and cross lines.

    The n-th of `marks`, from 1, gets the id `{prefix}mark-n` where it begins, the target
    `{prefix}target`. What lies outside the text is cut off. Stretches must be asked for in
    reading order, each once: an id may stand only once.
    """

    def __init__(
        self, text: str, marks: Sequence[Mark], target: Span | None, *, prefix: str = ""
    ) -> None:
        """Find where marks begin and end."""
        self._text = text
        self._target = _within(text, target) if target else None
        self._marks: list[tuple[Span, str]] = []
        self._ids: list[tuple[int, str]] = []
        self._first = f"{prefix}target"
        if self._target:
            self._ids.append((self._visible(self._target), self._first))
        for number, mark in enumerate(marks, 1):
            if span := _within(text, Span(mark.start, mark.end)):
                self._marks.append((span, mark.label))
                self._ids.append((self._visible(span), f"{prefix}mark-{number}"))
        # A label stands behind the last visible character, not behind a line's end.
        self._labels = [
            (span.start + len(text[span.start : span.end].rstrip()), label)
            for span, label in self._marks
            if label
        ]
        spans = [span for span, _ in self._marks] + [self._target or Span(0, 0)]
        ends = {span.start for span in spans} | {span.end for span in spans}
        self._cuts = sorted(ends | {at for at, _ in self._labels + self._ids})

    def _visible(self, span: Span) -> int:
        # Line ends take no room: nothing could be scrolled there.
        words = self._text[span.start : span.end]
        return span.start + (len(words) - len(words.lstrip()) if words.strip() else 0)

    def show(self, start: int, end: int) -> str:
        """The characters from start to end as HTML."""
        cuts = [start, *(cut for cut in self._cuts if start < cut < end), end]
        pieces = pairwise(cuts)
        return "".join(self._piece(Span(*piece)) for piece in pieces if piece[0] < piece[1])

    def _piece(self, piece: Span) -> str:
        shown = show(self._text[piece.start : piece.end])
        sought = _holds(self._target, piece)
        if not sought and not any(_holds(span, piece) for span, _ in self._marks):
            return shown
        labels = dict.fromkeys(label for at, label in self._labels if at == piece.end)
        ids = [name for at, name in self._ids if at == piece.start]
        return (
            # An element has one id only.
            "".join(f'<span id="{html.escape(name)}"></span>' for name in ids[1:])
            + "<mark"
            + (f' id="{html.escape(ids[0])}"' if ids else "")
            + (' class="target"' if sought else "")
            # Where the address leads, reading aloud and the tab key go on.
            + (' tabindex="-1"' if self._first in ids else "")
            + (f' data-label="{html.escape("".join(labels))}"' if labels else "")
            + f">{shown}</mark>"
        )


def _within(text: str, span: Span) -> Span | None:
    start, end = max(0, span.start), min(span.end, len(text))
    return Span(start, end) if start < end else None


def _holds(span: Span | None, piece: Span) -> bool:
    return span is not None and span.start <= piece.start and piece.end <= span.end
