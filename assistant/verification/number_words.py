"""What written numbers are worth: digits, English and Chinese words, Roman numerals."""

from __future__ import annotations

import re
from fractions import Fraction

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
WORDS = {word: n for n, word in enumerate(ONES)}
WORDS |= {word: 10 * n for n, word in enumerate(TENS, start=2)} | {"a": 1, "dozen": 12}
ORDINALS = {
    word: n
    for n, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
        "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth "
        "twentieth".split(),
        start=1,
    )
}
ROMAN = {n: i for i, n in enumerate("II III IV V VI VII VIII IX X XI XII XIII XIV XV".split(), 2)}
PARTS = {"half": 2, "quarter": 4} | {word: n for word, n in ORDINALS.items() if 2 < n < 11}
SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "bn": 10**9}
SCALES |= {"trillion": 10**12, "k": 10**3, "m": 10**6, "": 1}
SCALES |= {"百": 100, "千": 10**3, "万": 10**4, "百万": 10**6, "千万": 10**7}
SCALES |= {"亿": 10**8, "万亿": 10**12}
HAN_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
HAN_TENS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
VAGUE = {"ten": 10, "dozen": 10, "hundred": 100, "thousand": 10**3}
VAGUE |= {"million": 10**6, "billion": 10**9}


def value_of(written: str) -> Fraction:
    """Of "1,200", "twenty-five", "三百二十", "二〇一六" or "XII"."""
    if written[0].isdigit():
        return Fraction(written.replace(",", ""))
    if written in ROMAN:
        return Fraction(ROMAN[written])
    if written[0].isascii():
        return _spelled_value(written.lower())
    for scale in ("亿", "万"):
        if scale in written:
            head, _, tail = written.partition(scale)
            return value_of(head or "一") * HAN_TENS[scale] + value_of(tail or "零")
    whole, _, decimals = written.partition("点")
    if len(whole) > 1 and not set(whole) & set(HAN_TENS):
        value = int("".join(str(HAN_DIGITS[c]) for c in whole))
    else:
        value, digit = 0, 0
        for c in whole:
            if c in HAN_TENS:
                value, digit = value + (digit or 1) * HAN_TENS[c], 0
            else:
                digit = HAN_DIGITS[c]
        value += digit
    return Fraction(f"{value}." + ("".join(str(HAN_DIGITS[c]) for c in decimals) or "0"))


def _spelled_value(words: str) -> Fraction:
    total, group = 0, 0
    for word in re.findall("[a-z]+", words):
        if word in ("hundred", "dozen"):
            group = (group or 1) * (100 if word == "hundred" else 12)
        elif word in SCALES:
            total, group = total + (group or 1) * SCALES[word], 0
        else:
            group += WORDS.get(word, 0)
    return Fraction(total + group)
