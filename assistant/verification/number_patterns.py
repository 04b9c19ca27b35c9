"""How numbers are written in English and Chinese: what to look for, and how to read it.

The order counts: what an earlier pattern has read, a later one leaves alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from .number_words import (
    HAN_TENS,
    ONES,
    ORDINALS,
    PARTS,
    ROMAN,
    SCALES,
    TENS,
    VAGUE,
    WORDS,
    value_of,
)
from .quantity import Counted, Quantity

Read = Callable[[re.Match[str]], Iterator[Quantity]]

_NAMED = re.compile(r"(?<=[^.!?] )[A-Z][a-z]{2,} $|(?<=[^.!?] )[A-Z] $")
_PLAIN_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_SIGNS = {"$": "dollar", "£": "pound", "€": "euro", "¥": "yuan", "￥": "yuan"}
_HAN = "[零〇一二三四五六七八九两十百千]"
_HAN_NUMBER = (
    rf"[〇零一二三四五六七八九两十]{_HAN}*(?:点[零一二三四五六七八九]+)?"
    rf"(?:万[零一二三四五六七八九]{_HAN}*)?"
)
_DIGITS = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_EN_ONE = "|".join([*ONES, *TENS])
_EN_ANY = rf"{_EN_ONE}|hundred|thousand|million|billion|trillion|dozen"
_SPELLED = (
    rf"(?:{_EN_ONE}|a(?= (?:hundred|thousand|million|billion|dozen)))\b"
    rf"(?:(?:[ -]|(?<=d) and )(?:{_EN_ANY})\b)*"
)
_SCALE = (
    r"(?:[\s-]*\b(hundred|thousand|[mbtr]+illion|bn)\b|\s*[多余几]?(万亿|百万|千万|[百千万亿]))"
)
_TO = r"\s*(?:[-–—~～]|\bto\b|至|到)\s*"
_PERCENT = r"[\s-]*(?:%|per ?cent(?:age[ -]points?)?|个?百分点)"
_SOME_MONTH = (
    r"(?-i:(?P<month>January|February|March|April|May|June|July|August|September|October|November"
    r"|December|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?))"
)
_LONE_MONTH = (
    r"(?-i:(?P<month>January|February|March|April|June|July|August|September|October|November"
    r"|December)|(?:[Ii]n|[Ss]ince|[Bb]y|until|early|late|last|this|of|from|to|and) (?P<may>May))"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\b(?![.,]\d)"
_YEAR = r"(?P<year>\d{4})\b"
# Digits inside a name ("F-16", "3D") are no number.
_FREE = r"(?<![A-Za-z\d.])(?<![A-Za-z]-)"
_HAN_SMALL = "[一二三四五六七八九十]{1,3}"
# What a Chinese number word stands before when it counts; elsewhere it is part of a word.
_MEASURE = (
    "[个家项条名位人岁次种类份处所座届部本册层间张件台辆艘架枚只头匹棵株句字篇章节回场轮步级阶段"
    "点元美米公里海吨斤克分小天日周星年月季成倍户口国省市县区校院村镇派方组批款套双幅首颗支门把"
    "亩升度英平立大多余门卷代样层分号]"
)


def _date(match: re.Match[str]) -> Iterator[Quantity]:
    kinds: dict[str, Counted] = {"year": "year", "month": "month", "may": "month", "day": "day"}
    for group, written in match.groupdict().items():
        if written:
            name = written[:3].lower()
            value = Fraction(_MONTHS.index(name) + 1) if name in _MONTHS else value_of(written)
            yield Quantity(*match.span(group), value, kinds[group])


def _plain(kind: Counted, *, sure: bool = True) -> Read:
    def read(match: re.Match[str]) -> Iterator[Quantity]:
        yield Quantity(*match.span(), value_of(match.group("n")), kind, sure=sure)

    return read


def _scaled(match: re.Match[str]) -> Iterator[Quantity]:
    groups = match.groupdict()
    scale = SCALES[next((g for g in match.groups() if g and g.lower() in SCALES), "").lower()]
    unit = _SIGNS.get(groups.get("sign") or "", "")
    first = groups["n"]
    for group in ("n", "to"):
        if not (written := groups.get(group)):
            continue
        kind: Counted = "count"
        if scale == 1 and not unit and _PLAIN_YEAR.fullmatch(first):
            written = first[:2] + written if len(written) == 2 else written
            kind = "year" if _PLAIN_YEAR.fullmatch(written) else "count"
        # "Apollo 11" is a name.
        sure = not (kind == "count" and _NAMED.search(match.string[: match.start()]))
        end = match.end() if group == "n" and not groups.get("to") else match.end(group)
        yield Quantity(match.start(group), end, value_of(written) * scale, kind, unit, sure=sure)


def _percent(match: re.Match[str]) -> Iterator[Quantity]:
    for group in ("n", "to"):
        if written := match.groupdict().get(group):
            yield Quantity(match.start(group), match.end(), value_of(written) / 100, "share")


def _fraction(match: re.Match[str]) -> Iterator[Quantity]:
    above, below = match.group("above"), match.group("below").lower()
    parts = Fraction(PARTS[below]) if below in PARTS else value_of(below)
    if parts:
        yield Quantity(*match.span(), (1 if above == "a" else value_of(above)) / parts, "share")


def _tenths(match: re.Match[str]) -> Iterator[Quantity]:
    yield Quantity(*match.span(), value_of(match.group("n")) / 10, "share")


def _decade(match: re.Match[str]) -> Iterator[Quantity]:
    century = match.groupdict().get("century")
    value = value_of(match.group("n")) + (100 * (value_of(century) - 1) if century else 0)
    yield Quantity(*match.span(), value, "decade")


def _ordinal(match: re.Match[str]) -> Iterator[Quantity]:
    word = match.group("n").lower()
    tens = WORDS[match.group("tens").lower()] if match.groupdict().get("tens") else 0
    value = Fraction(ORDINALS[word] + tens) if word in ORDINALS else value_of(word)
    # "First, …" counts what is said, not what it is said of.
    after, before = match.string[match.end() :], match.string[: match.start()]
    told = after.startswith((",", "，", " of all", "ly")) and not before.strip()
    told = told or after.startswith("-") or before.endswith(("居", "排名", "世界", "全国", "全球"))
    yield Quantity(*match.span(), value, "ordinal", sure=not (told or before.endswith(" at ")))


def _vague(match: re.Match[str]) -> Iterator[Quantity]:
    value = 1
    for word in re.findall("[a-z]+|.", match.group("n").lower()):
        value *= VAGUE.get(word.rstrip("s"), HAN_TENS.get(word, 1))
    yield Quantity(*match.span(), Fraction(value), "vague")


def _spelled(match: re.Match[str]) -> Iterator[Quantity]:
    word, before = match.group().lower(), match.string[: match.start()].lower()
    told = word == "one" and not re.search(r"\b(?:only|just|exactly|single) (?:in )?$", before)
    told = told or (word == "two" and bool(re.search(r"\b(?:the|these|those|its|both) $", before)))
    yield Quantity(*match.span(), value_of(word), sure=not told)


def _han(match: re.Match[str]) -> Iterator[Quantity]:
    before = match.string[max(0, match.start() - 2) : match.start()]
    number = match.group("n")
    if number.startswith(("十分", "四分卫")) or (
        number == "十" and match.string[match.end("n")] == "分"
    ):
        return
    told = number == "一" and not before.endswith(("只有", "仅有", "仅", "只"))
    told = told or (number == "两" and (before.endswith(("这", "该")) or "两者" in match.string))
    scale = match.group("scale")
    end = match.end("scale" if scale else "n")
    yield Quantity(match.start(), end, value_of(number) * SCALES[scale or ""], sure=not told)


def _fixed(value: Fraction, kind: Counted = "count", unit: str = "", *, sure: bool = True) -> Read:
    def read(match: re.Match[str]) -> Iterator[Quantity]:
        yield Quantity(*match.span(), value, kind, unit, sure=sure)

    return read


READERS: tuple[tuple[re.Pattern[str], Read], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        (rf"(?P<century>\d\d|{_HAN_SMALL})\s*世纪\s*(?P<n>\d0|{_HAN_SMALL})\s*年代", _decade),
        (rf"(?P<n>\d{{3}}0|\d0|{_HAN_SMALL})\s*年代", _decade),
        (r"(?<!\d)(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)", _date),
        (rf"\b{_SOME_MONTH} {_DAY}(?:,? {_YEAR})?", _date),
        (rf"\b{_DAY} (?:of )?{_SOME_MONTH}(?:,? {_YEAR})?", _date),
        (rf"\b{_SOME_MONTH},? (?:of )?{_YEAR}", _date),
        (rf"\b{_LONE_MONTH}\b", _date),
        (
            rf"(?P<year>(?<!\d)\d{{4}}|[〇零一二三四五六七八九]{{4}})\s*年"
            rf"(?:\s*(?P<month>\d{{1,2}}|{_HAN_SMALL})\s*月"
            rf"(?:\s*(?P<day>\d{{1,2}}|{_HAN_SMALL})\s*[日号])?)?",
            _date,
        ),
        (
            rf"(?P<month>\d{{1,2}}|{_HAN_SMALL})\s*月份?"
            rf"(?:\s*(?P<day>\d{{1,2}}|{_HAN_SMALL})\s*[日号])?",
            _date,
        ),
        (r"\b(?P<n>\d{3}0|\d0)['’]?s\b", _decade),
        (rf"(?P<n>\d\d?|{_HAN_SMALL})\s*世纪", _plain("ordinal")),
        (rf"百分之\s*(?P<n>{_DIGITS}|{_HAN_NUMBER})", _percent),
        (rf"(?P<below>{_HAN_NUMBER}|\d+)分之(?P<above>{_HAN_NUMBER}|\d+)", _fraction),
        (r"(?<![\d/])(?P<above>\d{1,2})/(?P<below>\d{1,2})(?![\d/])", _fraction),
        (r"(?P<n>[一二三四五六七八九]|\d)成(?![立为员果功本熟长分效就])", _tenths),
        (
            "一半|半数|大半|过半|近半|折半|减半|对半|(?<=上)半年|(?<=下)半年",
            _fixed(Fraction(1, 2), "share"),
        ),
        (r"\bhalf a dozen\b", _fixed(Fraction(6))),
        (r"\bhal(?:f|ves?|ved|ving)\b", _fixed(Fraction(1, 2), "share")),
        (rf"\b(?P<above>{_EN_ONE}|\d)[- ](?P<below>{'|'.join(PARTS)})s?\b", _fraction),
        (
            r"\b(?P<above>a) (?P<below>third|quarter|fifth|sixth|eighth|tenth)"
            r"(?= of\b| (?:more|less|in|to|as|was|were|is)\b|[^\w\s]|$)",
            _fraction,
        ),
        (rf"(?<![A-Za-z\d.])(?P<n>{_DIGITS})(?:{_TO}(?P<to>{_DIGITS}))?{_PERCENT}", _percent),
        (rf"\b(?P<n>{_SPELLED}){_PERCENT}", _percent),
        (rf"(?P<n>{_HAN_NUMBER})个百分点", _percent),
        (r"\b(?P<n>\d+)(?:st|nd|rd|th)\b", _ordinal),
        (rf"\b(?:(?P<tens>{'|'.join(TENS)})-)?(?P<n>{'|'.join(ORDINALS)})(?=ly\b|\b)", _ordinal),
        (rf"第\s*(?P<n>\d+|{_HAN}+)", _ordinal),
        ("首(?=[个家次届批座位项部年例艘款轮任])", _fixed(Fraction(1), "ordinal")),
        (
            rf"\b(?:part|section|chapter|no\.|number|phase|stage|article|level|step|round|volume) ?"
            rf"(?P<n>\d+|{_EN_ONE})\b",
            _plain("ordinal"),
        ),
        (rf"(?<=[A-Za-z] )(?-i:(?P<n>{'|'.join(ROMAN)}))\b", _plain("ordinal", sure=False)),
        (rf"(?P<n>\d+|{_HAN_SMALL})号", _plain("ordinal")),
        (
            r"\b(?P<n>(?:(?:ten|hundred|thousand)s of )?"
            r"(?:dozen|hundred|thousand|million|billion)s)\b",
            _vague,
        ),
        (r"\b(?:several|a few|many) (?P<n>dozen|hundred|thousand|million|billion)\b", _vague),
        (r"(?:数以|成千上|[数几上])(?P<n>[十百千万亿]+)(?!分)", _vague),
        (r"\b(?:twice|doubl(?:e[ds]?|ing))\b|翻(?:了)?(?:一)?番|一倍", _fixed(Fraction(2))),
        (rf"\b(?P<n>{_EN_ONE})fold\b", _plain("count")),
        (r"\b(?:tripl(?:e[ds]?|ing))\b", _fixed(Fraction(3))),
        (r"(?<=only )once\b|(?<=just )once\b|(?<=[只仅])一次", _fixed(Fraction(1))),
        (r"\bboth\b|\bpairs?\b|\bcouple\b|\beither\b|双", _fixed(Fraction(2), sure=False)),
        (rf"(?:us)?(?P<sign>[$£€¥￥])\s?(?P<n>{_DIGITS})(?:{_SCALE}|(?P<short>bn|k|m)\b)", _scaled),
        (
            rf"{_FREE}(?:(?:us)?(?P<sign>[$£€¥￥])\s?)?(?P<n>{_DIGITS})"
            rf"{_TO}(?P<to>{_DIGITS})(?:{_SCALE})?(?![A-Za-z\d])",
            _scaled,
        ),
        (
            rf"{_FREE}(?:(?:us)?(?P<sign>[$£€¥￥])\s?)?(?P<n>{_DIGITS})(?:{_SCALE})?(?![A-Za-z\d])",
            _scaled,
        ),
        (rf"\b{_SPELLED}", _spelled),
        (rf"(?P<n>{_HAN_NUMBER})(?P<scale>万亿|[万亿])?(?={_MEASURE})", _han),
        (rf"(?P<n>{_HAN_NUMBER})(?P<scale>万亿|[万亿])", _han),
        (
            rf"(?P<n>[一二三四五六七八九两]?[十百千]{_HAN}+|[二三四五六七八九两][十百千])(?P<scale>)",
            _han,
        ),
        (rf"(?<=[近约逾超过])(?P<n>[百千])(?P<scale>万亿|[万亿])?(?=[多余]?{_MEASURE})", _han),
        (r"(?P<n>[百千])(?P<scale>万亿|[万亿])?(?=[多余])", _han),
    )
)
