"""A reply as it stands on the page, taken apart into lines and claims with their markers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..retrieval.sentences import split_sentences
from .markers import Use

_MARKER = re.compile(r"\s*\[(\d{1,4})\]")
# "It grew. [1] Then …": the markers belong to the sentence that they follow.
_AFTER_END = re.compile(r"([.!?。！？；;])([\"”’」』）)]*)((?:\s*\[\d{1,4}\])+)")
_BULLET = re.compile(r"^\s*(?:[-*•–]\s+|\d{1,2}[.)、]\s*)(?=\S)")
_HEADING = re.compile(r"^\s*#{1,6}\s+")
# Nothing in an answer leads out of the page: sources have links of their own.
_IMAGE = re.compile(r"!\[[^\[\]\n]*\]\([^()\s\[\]]*\)?")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\([^()\s\[\]]*\)?")
_ADDRESS = re.compile(
    r"\b(?:https?|ftp|data|javascript|file):[^\s\[\]]+|\bwww\.[^\s\[\]]+", re.IGNORECASE
)
_EMPHASIS = re.compile(r"(\*\*|__|`)(?=\S)(.+?)(?<=\S)\1")


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of a reply without its markers, and the markers that it had."""

    text: str
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a reply; `bullet` says whether it is an item of a list."""

    claims: tuple[Claim, ...]
    bullet: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A model's reply: its text with markers in order of first use, and what they stand for.

    cut_off: it ends in the middle. no_answer: the model found no answer in the passages.
    unknown: numbers that it cited and that no passage had.
    """

    text: str
    uses: tuple[Use, ...] = ()
    unknown: tuple[int, ...] = ()
    cut_off: bool = False
    no_answer: bool = False


def lines_of(draft: Draft) -> list[Line]:
    """The lines of a draft that hold claims; a last claim that was cut off is left out."""
    uses = iter(draft.uses)
    lines = [_line(text, uses) for text in draft.text.split("\n")]
    lines = [line for line in lines if line.claims]
    if draft.cut_off and lines and _is_open(draft.text):
        last = lines.pop()
        if last.claims[:-1]:
            lines.append(Line(last.claims[:-1], last.bullet))
    return lines


def _line(text: str, uses: Iterator[Use]) -> Line:
    bullet = bool(_BULLET.match(text))
    text = _BULLET.sub("", _HEADING.sub("", text))
    text = _ADDRESS.sub("", _LINK.sub(r"\1", _IMAGE.sub("", text)))
    text = _EMPHASIS.sub(r"\2", text)
    text = _AFTER_END.sub(r"\3\1\2", text).strip()
    claims: list[Claim] = []
    for span in split_sentences(text, 0, len(text)):
        sentence = text[span.start : span.end]
        mine = tuple(next(uses) for _ in _MARKER.findall(sentence))
        words = _MARKER.sub("", sentence).strip()
        if any(c.isalnum() for c in words):
            claims.append(Claim(words, mine))
        elif claims:
            claims[-1] = Claim(claims[-1].text, claims[-1].uses + mine)
    return Line(tuple(claims), bullet)


def _is_open(text: str) -> bool:
    """Whether a text stops in the middle of a sentence."""
    rest = _MARKER.sub("", text).rstrip().rstrip('"”’」』）)')
    return not rest.endswith((".", "!", "?", "。", "！", "？", "…", "；"))
