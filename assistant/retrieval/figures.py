"""Figures in English and Chinese text, brought to one form so that they can be compared.

"63.6万亿元" and "63.6 trillion yuan" hold the same figure; so do "2015年12月" and "December 2015".
Words for numbers ("eight", "八") are left alone: translators keep words as words.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_SCALE_EN = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_SCALE_ZH = {
    "百": 100,
    "千": 10**3,
    "万": 10**4,
    "萬": 10**4,
    "百万": 10**6,
    "千万": 10**7,
    "亿": 10**8,
    "億": 10**8,
    "万亿": 10**12,
    "萬億": 10**12,
}
_NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_AFTER_EN = re.compile(r"[\s-]*(hundred|thousand|million|billion|trillion)\b", re.IGNORECASE)
_AFTER_ZH = re.compile(r"\s*(?:多|余|餘|几)?(万亿|萬億|百万|千万|[百千万萬亿億])")
# "May" is a verb too: as a month it stands beside a day or a year.
_MONTH_NAME = re.compile(
    r"\b(?:(" + "|".join(m for m in _MONTHS if m != "may") + r")|(may)(?=,? +\d)|(?<=\d )(may))\b",
    re.IGNORECASE,
)


def figures(text: str) -> frozenset[str]:
    """Every figure written in digits, as a plain decimal number with its scale multiplied in.

    Full-width digits count as digits, month names as their numbers. Percent signs are dropped:
    both languages write them, and a lost one is a question of wording.
    """
    text = unicodedata.normalize("NFKC", text)
    text = _MONTH_NAME.sub(lambda m: f" {_MONTHS.index(m.group().lower()) + 1} ", text)
    return frozenset(
        _scaled(m.group(), text[m.end() : m.end() + 12]) for m in _NUMBER.finditer(text)
    )


def _scaled(digits: str, after: str) -> str:
    value = Decimal(digits.replace(",", ""))
    if match := _AFTER_EN.match(after):
        value *= _SCALE_EN[match.group(1).lower()]
    elif match := _AFTER_ZH.match(after):
        value *= _SCALE_ZH[match.group(1)]
    return format(value.normalize(), "f")
