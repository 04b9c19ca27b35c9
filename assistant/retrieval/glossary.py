"""The bilingual glossary: terms, names and bodies, so that words can be found across languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import CorpusError
from ..types import Language

_COLUMNS = ["en", "zh", "zh_hant", "kind"]
_KINDS = ("term", "name", "body", "place", "document")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing under all its names; the first of each tuple is the usual one."""

    en: tuple[str, ...]
    zh: tuple[str, ...]
    zh_hant: tuple[str, ...]
    kind: str

    def names(self, language: Language) -> tuple[str, ...]:
        """Its names in a language, Traditional forms included."""
        return self.en if language == "en" else tuple(dict.fromkeys(self.zh + self.zh_hant))


class Glossary:
    """All entries, with a quick look-up of those that a text names."""

    def __init__(self, entries: tuple[Entry, ...] = ()) -> None:
        """Keep the entries; an empty glossary is a valid one."""
        self._by_name: dict[str, list[Entry]] = {}
        for entry in entries:
            for name in dict.fromkeys(entry.en + entry.zh + entry.zh_hant):
                self._by_name.setdefault(_key(name), []).append(entry)
        # A scan by first letters: compiling 900 names into one pattern takes 0.15 s, which is
        # a tenth of a cold answer.
        self._starting: dict[str, list[str]] = {}
        for name in sorted(self._by_name, key=len, reverse=True):
            self._starting.setdefault(name[:2].lower(), []).append(name)

    @classmethod
    def read(cls, path: Path) -> Glossary:
        """Read a tab-separated file with the columns en, zh, zh_hant, kind; `|` parts names.

        Raises CorpusError naming the line that does not fit.
        """
        return cls.of(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else cls()

    @classmethod
    def of(cls, text: str, path: str = "glossary") -> Glossary:
        """The glossary that a file holds; "" is an empty one."""
        if not text:
            return cls()
        lines = text.splitlines()
        if lines[0].split("\t") != _COLUMNS:
            raise CorpusError(f"{path}: line 1 must read {' '.join(_COLUMNS)}, parted by tabs.")
        entries = []
        for number, line in enumerate(lines[1:], start=2):
            cells = line.split("\t")
            if len(cells) != len(_COLUMNS) or not all(cells) or cells[3] not in _KINDS:
                raise CorpusError(
                    f"{path}: line {number} needs four filled cells parted by tabs, the last one "
                    f"of {', '.join(_KINDS)}."
                )
            en, zh, hant = (tuple(cell.split("|")) for cell in cells[:3])
            entries.append(Entry(en, zh, hant, cells[3]))
        return cls(tuple(entries))

    def names(self) -> list[str]:
        """Every name of every entry."""
        entries = dict.fromkeys(e for entries in self._by_name.values() for e in entries)
        return [name for e in entries for name in (*e.en, *e.zh)]

    def found_in(self, text: str) -> list[tuple[str, tuple[Entry, ...]]]:
        """The names that stand in the text, longest first where they overlap, in reading order."""
        found = []
        lower = text.lower()
        if len(lower) != len(text):  # a letter whose lower case is longer, as in "İ"
            lower = text
        place = 0
        while place < len(text):
            name = self._name_at(text, lower, place)
            if name is None:
                place += 1
                continue
            found.append((text[place : place + len(name)], tuple(self._by_name[name])))
            place += len(name)
        return found

    def _name_at(self, text: str, lower: str, place: int) -> str | None:
        for name in self._starting.get(lower[place : place + 2], ()):
            if (text if _is_acronym(name) else lower).startswith(name, place):
                end = place + len(name)
                inside = (place > 0 and _is_latin(text[place - 1]) and _is_latin(name[0])) or (
                    end < len(text) and _is_latin(text[end]) and _is_latin(name[-1])
                )
                if not inside:
                    return name
        return None

    def in_language(self, text: str, language: Language) -> str:
        """The text with the terms that it has in the other language in this one, where known.

        Names stay: many are written in Latin letters in Chinese, too.
        """
        # "gdp" is typed for "GDP".
        text = re.sub(
            r"(?<![A-Za-z])[a-z]{2,6}(?![A-Za-z])",
            lambda m: m.group().upper() if m.group().upper() in self._by_name else m.group(),
            text,
        )
        for name, entries in self.found_in(text):
            if _is_chinese(name) == (language == "zh") or entries[0].kind != "term":
                continue
            usual = [e for e in entries if name.lower() in (e.en[:1] + e.zh[:1])]
            there = [
                n
                for n in (*usual, *entries)[0].names(language)
                if _is_chinese(n) == (language == "zh")
            ]
            text = text.replace(name, there[0]) if there else text
        return text

    def translations(self, text: str, language: Language) -> list[str]:
        """The names, in the asked language, of everything that the text names in any language."""
        names = [
            name
            for _, entries in self.found_in(text)
            for entry in entries
            for name in entry.names(language)
        ]
        return list(dict.fromkeys(names))


def _key(name: str) -> str:
    return name if _is_acronym(name) else name.lower()


def _is_chinese(name: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in name)


def _is_acronym(name: str) -> bool:
    # "US" and "MOST" are names, "us" and "most" are not.
    return name.isascii() and name.isupper()


def _is_latin(character: str) -> bool:
    # Names must not match inside longer words; Chinese has no word boundaries to ask for.
    return character.isascii() and character.isalnum()
