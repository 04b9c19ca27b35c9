"""Where the words, names and figures of a claim stand in a sentence of either language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..glossary import Glossary
from ..language import HAN, tagged
from .general_words import general_words
from .parts import Parts
from .quantity import Quantity
from .words import Word, places_of

Places = tuple[int, ...]
# What a name can lose without naming another.
_TITLES = frozenset(
    "premier prime minister president professor prof dr mr mrs ms sir lord king queen chairman ceo "
    "director emperor saint the of and for in on to by at a an company inc ltd co corp group city "
    "province county state river city's "
    "先生 女士 教授 总理 总统 主席 博士 公司 集团 省 市 县 区 州 镇 地区 的 和 与 关于".split()
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of a claim that the glossary knows, with all that it is called."""

    start: int
    end: int
    names: tuple[str, ...]


@lru_cache(maxsize=512)
def units_of(text: str, glossary: Glossary) -> tuple[Unit, ...]:
    """What the glossary and the table of places know of a text, in reading order."""
    units = []
    for book in (glossary, general_words().places):
        place = 0
        for name, entries in book.found_in(text):
            place = text.index(name, place)
            names = [n for entry in entries for n in entry.en + entry.zh]
            units.append(Unit(place, place + len(name), tuple(dict.fromkeys(names))))
            place += len(name)
    return tuple(units)


def find_word(word: Word, parts: Parts, units: Sequence[Unit]) -> tuple[float, Places]:
    """How well a sentence holds a word, 0.0 to 1.0, and where.

    1 for the word in any form or another name of it, less for one of like meaning or make.
    """
    if places := parts.at.get(word.key, ()):
        return 1.0, places
    han = not word.key[0].isascii()
    if han and (places := _all_places(word.key, parts.text)):
        return 1.0, places
    mine = [unit for unit in units if unit.start <= word.start and word.end <= unit.end]
    for name in (name for unit in mine for name in unit.names):
        if places := tuple(places_of(name, parts.text)):
            return 1.0, places
    groups = general_words().alike.get(word.key, ())
    if places := tuple(place for group in groups for place in parts.at_group.get(group, ())):
        return 0.9, places
    return _find_part(word.key, parts) if han == (parts.language == "zh") else (0.0, ())


def _find_part(key: str, parts: Parts) -> tuple[float, Places]:
    if key[0].isascii():
        for other, places in parts.at.items():
            if other[0].isascii() and _akin(key, other):
                return 0.8, places
        return 0.0, ()
    if len(key) > 2:
        pairs = [key[i : i + 2] for i in range(len(key) - 1)]
        held = [pair for pair in pairs if pair in parts.text]
        if held:
            return (0.8 if 2 * len(held) >= len(pairs) else 0.5), _all_places(held[0], parts.text)
    for sign in key:
        if sign in parts.text:
            return 0.5, _all_places(sign, parts.text)
    return 0.0, ()


def _akin(one: str, other: str) -> bool:
    """Whether two English stems are forms of one word, as "invest" and "investor" are."""
    short, long = sorted((one, other), key=len)
    common = next(
        (i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short)
    )
    return common >= 4 and common >= len(short) - 1 and 10 * common >= 6 * len(long)


def _all_places(piece: str, text: str) -> Places:
    return tuple(match.start() for match in re.finditer(re.escape(piece), text))


def can_look_up(word: Word, parts: Parts, units: Sequence[Unit]) -> bool:
    """Whether a word's absence from a sentence of the other language means anything."""
    known = any(unit.start <= word.start and word.end <= unit.end for unit in units)
    return known or word.key in general_words().alike or word.key in parts.at


@lru_cache(maxsize=512)
def names_for(name: str, glossary: Glossary) -> tuple[str, ...]:
    """All that a name is called in either language; itself first."""
    names = [name]
    for book in (glossary, general_words().places):
        for found, entries in book.found_in(name):
            # "Ministry of Finance" must not pass for what its part "ministry" stands for.
            rest = name.replace(found, " ")
            if not pieces_of(rest) and not re.search(r"\d", rest):
                names += [n for entry in entries for n in entry.en + entry.zh]
    return tuple(dict.fromkeys(names))


def find_name(name: Word, parts: Parts, glossary: Glossary) -> Places:
    """Where a sentence holds the whole of a name under any of its names."""
    for other in names_for(name.text, glossary):
        if places := tuple(places_of(other, parts.text)):
            return places
    if re.fullmatch(r"[A-Z]{2,6}", name.text):
        return _spelled_out(name.text, parts)
    return ()


def _spelled_out(acronym: str, parts: Parts) -> Places:
    words = [w for w in parts.words if w.text[0].isascii() and w.text.lower() not in _TITLES]
    for first in range(len(words) - len(acronym) + 1):
        run = words[first : first + len(acronym)]
        if all(w.text[0].upper() == sign for w, sign in zip(run, acronym, strict=True)):
            return (run[0].start,)
    return ()


@lru_cache(maxsize=1_024)
def pieces_of(name: str) -> tuple[str, ...]:
    """The words that make up a name, without titles and the like."""
    if re.search(f"[{HAN}]", name):
        pieces = [word for word, _ in tagged(name) if re.match(rf"[{HAN}A-Za-z]", word)]
    else:
        pieces = re.findall(r"[A-Za-z\u00c0-\u024f][\w.]*\w", name)
    return tuple(piece for piece in pieces if piece.lower() not in _TITLES)


def missing_pieces(name: Word, near: Sequence[Parts], glossary: Glossary) -> tuple[str, ...]:
    """Those words of a name that none of the sentences holds; its numbers must stand together."""
    numbers = r"\D{0,12}".join(re.findall(r"\d+", name.text))
    together = re.compile(rf"(?<!\d){numbers}(?!\d)")
    if numbers and not any(together.search(parts.text) for parts in near):
        return (name.text,)
    return tuple(
        piece
        for piece in pieces_of(name.text)
        if not any(_holds_piece(piece, parts, glossary) for parts in near)
    )


def _holds_piece(piece: str, parts: Parts, glossary: Glossary) -> bool:
    if any(any(places_of(name, parts.text)) for name in names_for(piece, glossary)):
        return True
    key = general_words().key(piece.lower())
    return key in parts.at or (
        len(key) > 4 and any(o[:1].isascii() and _akin(key, o) for o in parts.at)
    )


def is_known_in(name: Word, parts: Parts, glossary: Glossary) -> bool:
    """Whether a name's absence from a sentence means anything: it can be told what to look for."""
    han = parts.language == "zh"
    if bool(re.search(f"[{HAN}]", name.text)) == han:
        return True
    return any(bool(re.search(f"[{HAN}]", n)) == han for n in names_for(name.text, glossary)[1:])


def find_figure(figure: Quantity, parts: Parts) -> tuple[Quantity, ...]:
    """The numbers of a sentence that agree with one of the claim."""
    return tuple(other for other in parts.figures if figure.agrees(other))


@lru_cache(maxsize=1_024)
def kind_of(name: str, glossary: Glossary) -> str:
    """Whether a name is known for a "place" or a "document", else ""."""
    for book in (glossary, general_words().places):
        for found, entries in book.found_in(name):
            if not pieces_of(name.replace(found, " ")) and entries[0].kind in ("place", "document"):
                return entries[0].kind
    return ""
