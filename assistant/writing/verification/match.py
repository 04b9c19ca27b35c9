"""Where the words, names and numbers of a claim stand in a sentence of either language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ...retrieval.figures import Quantity
from ...retrieval.glossary import Glossary
from .words import Sentence, Word, general_words, places_of

Places = tuple[int, ...]
# What a name can lose without naming another.
_TITLES = frozenset(
    "premier prime minister president professor prof dr mr mrs ms sir the of and city".split()
)


@dataclass(frozen=True, slots=True)
class Term:
    """A stretch of a claim that the glossary knows, with all that it is called."""

    start: int
    end: int
    names: tuple[str, ...]


def terms_of(text: str, glossary: Glossary) -> Iterator[Term]:
    """What the glossary knows of a text, in reading order."""
    place = 0
    for name, _ in glossary.found_in(text):
        place = text.index(name, place)
        yield Term(place, place + len(name), _all_names(name, glossary))
        place += len(name)


@lru_cache(maxsize=512)
def _all_names(name: str, glossary: Glossary) -> tuple[str, ...]:
    """All that a name is called in either language; itself first."""
    names = [name]
    for found, entries in glossary.found_in(name):
        # "Ministry of Finance" must not pass for what its part "ministry" stands for.
        if not re.search(r"\w", name.replace(found, "")):
            names += [n for entry in entries for n in entry.en + entry.zh]
    return tuple(dict.fromkeys(names))


def find_word(word: Word, sentence: Sentence, terms: Sequence[Term]) -> tuple[float, Places]:
    """How well a sentence holds a word, 0.0 to 1.0, and where.

    1 for the word in any form or another name of it, less for one of like meaning or make.
    """
    if places := sentence.at.get(word.key, ()):
        return 1.0, places
    han = not word.key[0].isascii()
    if han and (places := _all_places(word.key, sentence.text)):
        return 1.0, places
    mine = [term for term in terms if term.start <= word.start and word.end <= term.end]
    for name in (name for term in mine for name in term.names):
        if places := tuple(places_of(name, sentence.text)):
            return 1.0, places
    groups = general_words().alike.get(word.key, ())
    if places := tuple(place for group in groups for place in sentence.at.get(group, ())):
        return 0.9, places
    if han and sentence.language == "zh":
        return _find_signs(word.key, sentence.text)
    return 0.0, ()


def _find_signs(key: str, text: str) -> tuple[float, Places]:
    """A Chinese word by two neighbouring signs of it, else by one."""
    pairs = [key[i : i + 2] for i in range(len(key) - 1)]
    for part in (*pairs, *key):
        if part in text:
            return (0.8 if len(part) > 1 else 0.5), _all_places(part, text)
    return 0.0, ()


def _all_places(piece: str, text: str) -> Places:
    return tuple(match.start() for match in re.finditer(re.escape(piece), text))


def find_name(name: Word, sentence: Sentence, glossary: Glossary) -> Places:
    """Where a sentence holds the whole of a name under any of its names."""
    for other in _all_names(name.text, glossary):
        if places := tuple(places_of(other, sentence.text)):
            return places
    return ()


def hold_pieces(name: Word, near: Sequence[Sentence]) -> bool:
    """Whether sentences hold every word of a Latin name, titles aside, though not in one place."""
    pieces = [p for p in re.findall(r"\w+", name.text) if p.lower() not in _TITLES]
    return name.text.isascii() and all(
        any(any(places_of(piece, sentence.text)) for sentence in near) for piece in pieces
    )


def find_figure(figure: Quantity, sentence: Sentence) -> tuple[Quantity, ...]:
    """The numbers of a sentence that agree with one of the claim."""
    return tuple(other for other in sentence.figures if figure.agrees(other))
