"""Numbers as a text states them, in digits or words, with what they count, for comparison.

`figures` says which figures in digits a text holds. Here "eight", "八" and "8" are one, "half" is
"50%", and a number knows its unit, its bound ("at least") and whether it is an ordinal or a date.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import lru_cache

from .number_patterns import READERS
from .quantity import Bound, Quantity

_UNITS = tuple(
    pair.split("=")
    for pair in (
        r"yuan=yuan\b|rmb\b|元|人民币;dollar=(?:us |u\.s\. )?dollars?\b|usd\b|美元|美金;"
        r"pound=pounds?\b|英镑;euro=euros?\b|欧元;"
        r"area=square [a-z]+|平方(?:公里|千米|米)?|公顷|hectares?\b|亩|acres?\b;"
        r"volume=cubic [a-z]+|立方米?|lit(?:er|re)s?\b|升;sea mile=nautical miles?\b|海里;"
        r"km=km\b|kilomet(?:er|re)s?\b|公里|千米;mile=miles?\b|英里;"
        r"m=met(?:er|re)s?\b|米;tonne=(?:metric )?ton(?:ne)?s?\b|吨;year=years?\b|年;"
        r"month=months?\b|个月;week=weeks?\b|周|个?星期;day=days?\b|天|日;"
        r"hour=hours?\b|个?小时;minute=minutes?\b|分钟"
    ).split(";")
)
_UNIT = re.compile(
    r"[多余]?[\s-]*(?:" + "|".join(f"({words})" for _, words in _UNITS) + ")", re.IGNORECASE
)
_THINGS = re.compile(
    "[多余]?[个家项条名位人种类份处所座届部本册层间张件台辆艘架枚只户]"
    r"| (?!is\b|was\b|has\b|as\b)[a-z]+[^su\W]s\b"
)
_MORE = "more|greater|higher|larger|longer|later|over|above"
_LESS = "less|fewer|lower|smaller|shorter|earlier|under|below"
_BEFORE: tuple[tuple[Bound, str], ...] = (
    (
        "least",
        rf"at least|(?:no|not|never) (?:\w+ )?(?:{_LESS})(?: than)?|(?:a )?minimum of|"
        r"至少|最少|起码|不(?:得|能|应|可|会)?(?:少于|低于|小于|下于)",
    ),
    (
        "most",
        rf"at (?:the )?most|(?:no|not|never) (?:\w+ )?(?:{_MORE})(?: than)?|(?:a )?maximum of|"
        r"(?:not|never) exceed(?:ing)?|up to|within|as (?:many|much) as|"
        r"至多|最多|不(?:得|能|应|可|会)?(?:超过|高于|多于|大于|超)|不足|不到|未满|未超过",
    ),
    ("most", rf"(?:{_LESS})(?: than)?|少于|低于|小于"),
    (
        "least",
        rf"(?:{_MORE})(?: than)?|exceed(?:s|ed|ing)?|surpass(?:es|ed)?|超过?|逾|多于|高于|大于",
    ),
    ("near", "nearly|almost|close to|approaching|将近|接近|近"),
)
_AFTER: tuple[tuple[Bound, str], ...] = (
    ("most", r"or (?:less|fewer|under)|以内|以下|之内"),
    ("least", r"or (?:more|above|over)|(?:多|余)(?!年)|以上"),
)
_BOUND_BEFORE = tuple(
    (
        bound,
        re.compile(rf"(?:\b|(?<![a-z]))(?:{words}) ?(?:the |a |an |us)?[$£€¥]?$", re.IGNORECASE),
    )
    for bound, words in _BEFORE
)
# A unit and a measure word may stand between the number and what bounds it: "30 days or less".
_BOUND_AFTER = tuple(
    (bound, re.compile(rf"[^,，.。;；]{{0,10}}?(?:{words})", re.IGNORECASE))
    for bound, words in _AFTER
)
_BOUND_WORDS = re.compile(
    rf"\bat (?:least|(?:the )?most)\b|"
    rf"\b(?:no|not|never) (?!longer\b(?! than))(?:\w+ )?(?:{_LESS}|{_MORE})\b(?: than)?"
    r"|\b(?:not|never) exceed|不(?:得|能|应|可|会)?(?:少于|低于|小于|下于|超过|高于|多于|大于|超)"
    r"|不足(?=[\d零一二三四五六七八九两十百千])|不到(?=[\d零一二三四五六七八九两十百千])|未满|未超过",
    re.IGNORECASE,
)


@lru_cache(maxsize=4_096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Every number of the text in reading order, none inside another.

    Chinese is expected in Simplified characters. "About" and its like are no part of a number.
    """
    text = one_width(text)
    found: list[Quantity] = []
    taken = bytearray(len(text))
    for pattern, read in READERS:
        for match in pattern.finditer(text):
            if not any(taken[match.start() : match.end()]) and (read_here := list(read(match))):
                found += read_here
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    found.sort(key=lambda quantity: quantity.start)
    return tuple(_with_bound(text, _with_unit(text, quantity)) for quantity in found)


def one_width(text: str) -> str:
    """The text with full-width signs in their usual width, character by character."""
    if text.isascii():
        return text
    return "".join(n if len(n := unicodedata.normalize("NFKC", c)) == 1 else c for c in text)


def end_with_unit(text: str, quantity: Quantity) -> int:
    """Where a number of the text ends together with its unit."""
    unit = _UNIT.match(text, quantity.end)
    return unit.end() if unit else quantity.end


def without_bounds(text: str) -> str:
    """The text with the words of bounds blanked: the "no" of "no less than" denies nothing."""
    return _BOUND_WORDS.sub(lambda match: " " * len(match.group()), text)


def _with_unit(text: str, quantity: Quantity) -> Quantity:
    if quantity.unit or quantity.kind not in ("count", "vague"):
        return quantity
    unit = _UNIT.match(text, quantity.end)
    name = _UNITS[unit.lastindex - 1][0] if unit and unit.lastindex else ""
    if not name and _THINGS.match(text, quantity.end):
        name = "things"
    return replace(quantity, unit=name)


def _with_bound(text: str, quantity: Quantity) -> Quantity:
    before = text[max(0, quantity.start - 24) : quantity.start]
    for bound, pattern in _BOUND_BEFORE:
        if pattern.search(before):
            return replace(quantity, bound=bound)
    after = text[quantity.end : quantity.end + 20]
    for bound, pattern in _BOUND_AFTER:
        if pattern.match(after):
            return replace(quantity, bound=bound)
    return quantity
