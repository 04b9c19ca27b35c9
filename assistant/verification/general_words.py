"""General words of English and Chinese: which mean the same, the opposite, or nothing much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..glossary import Entry, Glossary
from ..language import terms

_PATH = Path(__file__).parents[1] / "data" / "general_words.txt"


@dataclass(frozen=True, slots=True)
class GeneralWords:
    """The table of `data/general_words.txt`, by the key of a word: English stems, Chinese words.

    alike: the groups that a word stands in; opposed: the pairs, with its side in each, 0 or 1.
    negative: words that deny as "not" does, though not everywhere.
    chinese: the Chinese words of both, by their first character.
    """

    alike: dict[str, frozenset[int]]
    opposed: dict[str, frozenset[tuple[int, int]]]
    light: frozenset[str]
    negative: frozenset[str]
    irregular: dict[str, str]
    chinese: dict[str, tuple[str, ...]]
    places: Glossary

    def key(self, word: str) -> str:
        """What a word in lower case is looked up and compared by."""
        return _key(self.irregular.get(word, word))


@lru_cache(maxsize=1)
def general_words() -> GeneralWords:
    """The table, read once."""
    lines: dict[str, list[str]] = {}
    section: list[str] = []
    for line in _PATH.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = lines.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            section.append(line)
    irregular = {form: row.split()[0] for row in lines["irregular"] for form in row.split()}
    alike: dict[str, set[int]] = {}
    for number, line in enumerate(lines["alike"]):
        for key in _keys(line, irregular):
            alike.setdefault(key, set()).add(number)
    opposed: dict[str, set[tuple[int, int]]] = {}
    for number, line in enumerate(lines["opposed"]):
        for side, words in enumerate(line.split("≠")):
            for key in _keys(words, irregular):
                opposed.setdefault(key, set()).add((number, side))
    return GeneralWords(
        alike={key: frozenset(groups) for key, groups in alike.items()},
        opposed={key: frozenset(poles) for key, poles in opposed.items()},
        light=frozenset(key for line in lines["light"] for key in _keys(line, irregular)),
        negative=frozenset(key for line in lines["negative"] for key in _keys(line, irregular)),
        irregular=irregular,
        chinese=_by_first([*alike, *opposed]),
        places=Glossary(tuple(_place(line) for line in lines["places"])),
    )


def _keys(line: str, irregular: dict[str, str]) -> Iterator[str]:
    for word in line.replace("|", " ").split():
        yield _key(irregular.get(word, word))


@lru_cache(maxsize=20_000)
def _key(word: str) -> str:
    stems = terms(word, "en") if word.isascii() else ()
    return stems[0] if len(stems) == 1 else word


def _by_first(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for word in dict.fromkeys(words):
        if not word.isascii():
            found.setdefault(word[0], []).append(word)
    return {first: tuple(sorted(those, key=len, reverse=True)) for first, those in found.items()}


def _place(line: str) -> Entry:
    names = line.split("|")
    english = tuple(name for name in names if name.isascii())
    chinese = tuple(name for name in names if not name.isascii())
    return Entry(english, chinese, chinese, "place")
