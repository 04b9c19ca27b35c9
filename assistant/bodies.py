"""The names of those who issue, write and translate documents, in both languages."""

from __future__ import annotations

import re
from typing import NamedTuple

from .messages import say
from .types import Language

# Longer names stand first; the first Chinese name of a body is the one that is shown.
_NAMES = (
    ("General Office of the State Council", "国务院办公厅"),
    ("State Council of the People's Republic of China", "国务院"),
    ("State Council", "国务院"),
    ("Ministry of Science and Technology", "科学技术部"),
    ("Ministry of Science and Technology", "科技部"),
    ("National Development and Reform Commission", "国家发展和改革委员会"),
    ("Ministry of Finance", "财政部"),
    ("Ministry of Education", "教育部"),
    ("Ministry of Industry and Information Technology", "工业和信息化部"),
    ("Tongji University", "同济大学"),
    ("Premier Li Keqiang", "国务院总理李克强"),
    ("周宣伯 and other MBA students of Tongji University", "周宣伯等同济大学MBA学生"),
    ("Report Assistant project", "报告助手项目"),
)
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
    """Every name under which a body is known, the given one among them; [] for ""."""
    pairs = [pair for pair in _NAMES if body in pair]
    return [name for pair in pairs for name in pair] or ([body] if body else [])


def body_in(body: str, language: Language) -> str:
    """A body's or a person's name in a language where it is known, else as it is given."""
    pair = next((pair for pair in _NAMES if body in pair), None)
    return pair[1 if language == "zh" else 0] if pair else body


def author_in(author: str, language: Language) -> str:
    """Who wrote or translated a document, in the words of a language as far as they are known."""
    if language == "zh":
        if author.startswith(_BY_MACHINE):
            return f"机器翻译：{author.removeprefix(_BY_MACHINE)}"
        if made := made_from(author):
            what = say("digest" if made.what == "Digest" else "translation", language)
            original = say("original", language)
            return f"{what}：{body_in(made.by, language)}；{original}：{body_in(made.of, language)}"
    return body_in(author, language)


def by_machine(model: str) -> str:
    """Who made a translation, where that was a chat model: as it is kept with the source."""
    return _BY_MACHINE + model
