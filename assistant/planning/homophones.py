"""Misspelt Chinese words of a question: another character of the same sound was typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..retrieval.language import simplified
from ..retrieval.words import HAN_RUN, LONGEST, SHORTEST, sound_of
from .plan import Spelling
from .spelling import Words

# Characters that stand alone in most sentences.
_ALONE = frozenset(
    "的了吗呢是在有和与或就都也不没这那哪几多少个份家谁我你他它们请把被从到对为跟给让向上下里中"
)


class Homophones:
    """The Chinese words of the sources and of the glossary, by their sound."""

    def __init__(self, words: Words, names: Iterable[str] = ()) -> None:
        """`names` are those of the glossary."""
        self._words = words
        self._names = [n for n in names if HAN_RUN.fullmatch(n) and SHORTEST <= len(n) <= LONGEST]

    def respelled(self, text: str) -> tuple[str, tuple[Spelling, ...]]:
        """The text with such words as the sources write them, and which these were.

        Only characters that no dictionary joins into a word are looked at, and only words of the
        sources that share a character with them are put in their place.
        """
        plain, spellings = simplified(text), list[Spelling]()
        for typed in _unknown(plain):
            if typed not in plain or self._occurs(typed):
                continue
            sound = sound_of(typed)
            names = (name for name in self._names if sound_of(name) == sound)
            for word in (*self._words.words_of_sound(sound), *names):
                if sum(a == b for a, b in zip(typed, word, strict=True)) * 2 >= len(word):
                    spellings.append(Spelling(typed, word))
                    plain = plain.replace(typed, word)
                    break
        return (plain if spellings else text), tuple(spellings)

    def _occurs(self, typed: str) -> bool:
        """Whether all pairs of characters of a word stand in the sources."""
        pairs = {typed[i : i + 2] for i in range(len(typed) - 1)}
        return len(self._words.term_counts(pairs, "zh")) == len(pairs)


def _unknown(text: str) -> Iterator[str]:
    """Stretches of characters that stand side by side and make no word, the longest first."""
    import rjieba

    for run in HAN_RUN.findall(text):
        words = rjieba.cut(run, False)
        for size in range(LONGEST, SHORTEST - 1, -1):
            for start in range(len(words) - 1):
                joined = ""
                for word in words[start:]:
                    joined += word
                    if len(joined) >= size:
                        break
                parts = words[start : start + 2]
                alone = len(parts[0]) == len(parts[1]) == 1 and not {*parts} & _ALONE
                if len(joined) == size and alone and not rjieba.has_word(joined):
                    yield joined
