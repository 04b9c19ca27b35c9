"""Does a text hold a name, under any of its names in either language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ..retrieval.figures import figures
from ..retrieval.glossary import Glossary
from ..retrieval.language import simplified
from ..types import Passage, Source


def stands_in(glossary: Glossary, name: str, texts: Sequence[str]) -> bool:
    """Whether any of the texts (made by `plain`) holds the name, a synonym or a translation.

    A number is found by its value: "1,000" in "1000", "12" in "December".
    """
    if re.fullmatch(r"[\d.,]+", name):
        word = re.compile(_SMALL[int(name) - 1]) if name.isdigit() and 0 < int(name) < 11 else None
        return any(
            figures(name) <= _figures(text) or (word is not None and word.search(text) is not None)
            for text in texts
        )
    if (ordinal := _ordinal(name)) is not None:
        return any(re.search(_ORDINALS[ordinal], text) for text in texts)
    return any(plain(other) in text for other in forms_of(glossary, name) for text in texts)


def forms_of(glossary: Glossary, name: str) -> set[str]:
    """A name with its synonyms and translations."""
    names = {name} | {
        other
        for found, entries in glossary.found_in(name)
        # "Ministry of Finance" must not pass for what its part "ministry" stands for.
        if len(found) * 2 > len(name)
        for entry in entries
        for other in entry.names("en") + entry.names("zh")
    }
    # "Californian" is of California.
    if len(name) > 6 and name.isascii() and name.isalpha():
        names.add(re.sub("(?:i?ans?|n)$", "", name))
    return names


# Small numbers as words: "the 3 rules" are "three rules".
_SMALL = tuple(
    rf"\b{word}\b|{han}"
    for word, han in zip(
        "one two three four five six seven eight nine ten".split(),
        "一 [二两] 三 四 五 六 七 八 九 十".split(),
        strict=True,
    )
)


def card(source: Source) -> str:
    """What a source says of itself, as a text to find names in."""
    parts = (source.title_en, source.title_zh, source.author, source.publisher, source.date)
    return plain("\n".join(parts))


def whole(source: Source) -> str:
    """Everything that a source holds, in both languages, as a text to find names in."""
    translation = source.translation.text if source.translation else ""
    return plain("\n".join([card(source), source.text, translation]))


def around(source: Source, passage: Passage) -> str:
    """A passage in both languages with its heading and its source's card."""
    translated = passage.translation.text if passage.translation else ""
    return plain("\n".join([card(source), passage.heading, passage.text, translated]))


_ORDINALS = tuple(
    rf"\b{word}\b|\b{digit}(?:st|nd|rd|th)\b|第{han}|第{digit}"
    for digit, (word, han) in enumerate(
        zip(
            "first second third fourth fifth sixth seventh eighth ninth tenth".split(),
            "一二三四五六七八九十",
            strict=True,
        ),
        start=1,
    )
)


def _ordinal(name: str) -> int | None:
    return next((i for i, p in enumerate(_ORDINALS) if re.fullmatch(p, name.lower())), None)


@lru_cache(maxsize=4_096)
def plain(text: str) -> str:
    """The text in one spelling: lower case, Simplified characters, straight apostrophes."""
    return simplified(text).lower().replace("’", "'")


@lru_cache(maxsize=4_096)
def _figures(text: str) -> frozenset[str]:
    return figures(text)
