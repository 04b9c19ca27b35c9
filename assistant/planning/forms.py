"""What a follow-up may ask: its forms beside the likeliest one, for the sources to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..answer import Answer
from ..retrieval.glossary import Glossary
from ..retrieval.language import question_language, simplified, tagged, terms
from ..types import Turn
from .follow_ups import ORDINAL, WH, YEAR, put_instead

# More forms than these are not tried: each is searched for.
MOST = 4
_WORD = re.compile(r"[A-Za-z][\w'’-]*")


def other_forms(asked: str, turns: Sequence[Answer | Turn], glossary: Glossary) -> tuple[str, ...]:
    """The question before with what the follow-up puts in, in each place where it may go."""
    before = turns[-1].stand_alone
    phrase = put_instead(simplified(asked)).strip(" ,，")
    old, new = (set(YEAR.findall(text)) for text in (before, asked))
    if len(old) == len(new) == 1:
        forms = [before.replace(old.pop(), new.pop())]
    else:
        forms = list(_exchanged(phrase, before, glossary)) if phrase else []
    forms += _numbered(asked, before)
    return tuple(dict.fromkeys(form for form in forms if form != before))[:MOST]


def _exchanged(phrase: str, before: str, glossary: Glossary) -> Iterator[str]:
    """A question with a phrase in the place of each of its nouns, the first one first."""
    language = question_language(before)
    if language != question_language(phrase):
        known = [entry for name, found in glossary.found_in(phrase) for entry in found]
        phrase = known[0].names(language)[0] if len(known) == 1 else phrase
    for noun in _nouns(before, glossary):
        yield before.replace(noun, phrase, 1)


def _nouns(text: str, glossary: Glossary) -> list[str]:
    names = [name for name, _ in glossary.found_in(text)]
    if question_language(text) == "zh":
        nouns = [w for w, tag in tagged(text) if tag[:1] == "n" and len(w) > 1]
    else:
        nouns = [w for w in _WORD.findall(text) if terms(w, "en") and len(w) > 2]
    found = [*(n for n in nouns if not any(n in name for name in names)), *names]
    return sorted(dict.fromkeys(n for n in found if n in text), key=text.index)


def _numbered(asked: str, before: str) -> list[str]:
    """One of several things that were asked about: "The second, …" after "How many tasks …?"."""
    ordinal, things = ORDINAL.search(asked), WH.match(before)
    if not ordinal or ORDINAL.search(before) or not things or not things["noun"]:
        return []
    one = re.sub(r"(?<=\w\w)s\b", "", things["noun"], count=1)
    return [f"The {ordinal.group()} {one} {things['rest']}: {asked}"]
