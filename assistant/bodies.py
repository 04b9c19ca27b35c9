"""The names of those who issue, write and translate documents, in the reader's language.

A corpus may give such a name in both languages, parted by "|": "State Council|国务院".
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .messages import say
from .retrieval.language import passage_language
from .types import Language

_MADE_BY = re.compile(r"(?P<what>Digest|Translation): (?P<by>.+?); original: (?P<of>.+)", re.DOTALL)
_BY_MACHINE = "machine translation by "


class MadeFrom(NamedTuple):
    """Who made a digest or a translation, and who wrote what it was made from."""

    what: str
    by: str
    of: str


def made_from(author: str) -> MadeFrom | None:
    """What an author such as "Digest: A; original: B" says; None for any other."""
    found = _MADE_BY.fullmatch(" ".join(author.split()))
    return MadeFrom(*found.groups()) if found else None


def names_of(body: str) -> list[str]:
    """Every name that a body or a person is given under; [] for ""."""
    names = [name.strip() for name in body.split("|")]
    # A company may have a "|" in its only name.
    if len({passage_language(name) for name in names}) == 1:
        names = [body]
    return [name for name in names if name]


def body_in(body: str, language: Language) -> str:
    """A body's or a person's name in a language where it is given in it, else as it is given."""
    names = names_of(body)
    return next((name for name in names if passage_language(name) == language), "".join(names[:1]))


def author_in(author: str, language: Language) -> str:
    """Who wrote or translated a document, in the words of a language as far as they are given."""
    if language == "zh" and author.startswith(_BY_MACHINE):
        return f"机器翻译：{author.removeprefix(_BY_MACHINE)}"
    made = made_from(author)
    if made is None:
        return body_in(author, language)
    by, of = body_in(made.by, language), body_in(made.of, language)
    if language == "en":
        return f"{made.what}: {by}; original: {of}"
    what = say("digest" if made.what == "Digest" else "translation", language)
    return f"{what}：{by}；{say('original', language)}：{of}"


def by_machine(model: str) -> str:
    """Who made a translation, where that was a chat model: as it is kept with the source."""
    return _BY_MACHINE + model
