"""What a model's reply must not be, seen while it streams: another language, or its own rules."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..retrieval.language import HAN, is_foreign, passage_language
from ..types import Language

# Runs of the instructions' own words in a reply, in English words or Chinese characters: from
# the first length on they are held back, from the second on they are a leak. Numbers do not count:
# those of a list of rules would part the runs.
_HELD, _LEAKED = (4, 8), (7, 14)
# As many tokens of the end are looked at: a longer run was a leak before.
_WINDOW = 20
_TOKEN = re.compile(rf"[{HAN}]|[^\W\d_{HAN}]+")
_HAN = re.compile(f"[{HAN}]")
_WORD = re.compile(r"[A-Za-z]+(?=[^A-Za-z])")
# How many letters of another script at the start tell a wrong language: more than the longest
# name or term that an answer may open with in the other script.
_ENOUGH = 40


class WrongLanguageError(Exception):
    """The reply is in another language than asked for."""


class LeakError(Exception):
    """The reply repeats the model's instructions."""


class ReplyGuard:
    """Passes a reply on as it comes, but for a wrong start and for repeated instructions."""

    def __init__(self, language: Language, instructions: Sequence[str]) -> None:
        """`instructions`: the texts that must not come back."""
        self._language = language
        self._rules = [f" {' '.join(_tokens(text))} " for text in instructions]
        self._begun = False
        self._text = ""
        self._given = 0

    def feed(self, piece: str) -> str:
        """The text that may be shown by now.

        Raises WrongLanguageError before anything was given out, LeakError at any time.
        """
        self._text += piece
        if not self._begun:
            if not self._starts_well():
                return ""
            self._begun = True
        return self._give(self._safe_end())

    def finish(self) -> str:
        """The rest; raises as `feed` does."""
        text = self._text
        if not self._begun and text.strip():
            wrong = passage_language(text) != self._language
            if any(c.isalpha() for c in text) and (wrong or is_foreign(text)):
                raise WrongLanguageError
        self._begun = True
        self._safe_end()
        return self._give(len(text))

    def _give(self, end: int) -> str:
        end = max(end, self._given)
        given, self._given = self._text[self._given : end], end
        return given

    def _starts_well(self) -> bool:
        """Whether the beginning is long enough to tell that the language is right."""
        han = len(_HAN.findall(self._text))
        if self._language == "zh":
            if not han and sum(c.isalpha() for c in self._text) > _ENOUGH:
                raise WrongLanguageError
            return han > 0
        words = len(_WORD.findall(self._text))
        if han - words > 3:
            raise WrongLanguageError
        return words > 0 and words >= han

    def _safe_end(self) -> int:
        """Up to where the text may go out: not into a run of the instructions."""
        # No token is longer than 40 characters but in hostile text, where a cut harms nobody.
        low = max(0, len(self._text) - _WINDOW * 40)
        matches = list(_TOKEN.finditer(self._text, low))[-_WINDOW:]
        words = [match.group().lower() for match in matches]
        for start, match in enumerate(matches):
            run = self._run(words[start:])
            kind = int(_HAN.match(words[start]) is not None)
            if run >= _LEAKED[kind]:
                raise LeakError
            if run >= _HELD[kind] and start + run == len(words):
                return match.start()
        return len(self._text)

    def _run(self, words: Sequence[str]) -> int:
        """How many of the first words stand in the instructions in this order."""
        length = 0
        while length < len(words) and any(
            f" {' '.join(words[: length + 1])} " in rules for rules in self._rules
        ):
            length += 1
        return length


def _tokens(text: str) -> list[str]:
    return [match.group().lower() for match in _TOKEN.finditer(text)]
