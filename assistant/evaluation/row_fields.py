"""One field of a row, checked: text, texts, yes or no, a language.

Each raises ValueError with words that follow "FILE, line N:".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..language import question_language
from ..types import LANGUAGES, Language

Values = Mapping[str, Any]
_YES = frozenset("true yes y 1 是".split())
_NO = frozenset("false no n 0 否".split())


def is_absent(value: Any) -> bool:
    """Whether a field was left out or left empty."""
    return value is None or value == "" or value == []


def text_of(row: Values, key: str) -> str:
    """A text without the white space around it, "" when it is absent; numbers count as text."""
    value = row.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{key} is {shown(value)}, but must be text")
    return whole(str(value).strip(), key)


def texts_of(row: Values, key: str) -> tuple[str, ...]:
    """A list of texts, or a text that stands for a list of one; empty ones are left out."""
    parts = (text_of({key: part}, key) for part in listed(row.get(key)))
    return tuple(part for part in parts if part)


def flag_of(row: Values, key: str, *, default: bool) -> bool:
    """Yes or no, as JSON or as people write it in tables."""
    value = row.get(key)
    if is_absent(value):
        return default
    word = str(value).strip().lower()
    if word not in _YES | _NO:
        raise ValueError(f"{key} is {shown(value)}, but must be true or false")
    return word in _YES


def language_of(row: Values, question: str) -> Language:
    """The language that is named, such as "zh" or "zh-CN"; else the question's own."""
    named = text_of(row, "language").lower().replace("_", "-").split("-")[0]
    if not named:
        return question_language(question)
    for language in LANGUAGES:
        if named == language:
            return language
    raise ValueError(f"language is {row['language']!r}, but must be one of {', '.join(LANGUAGES)}")


def listed(value: Any) -> list[Any]:
    """The value as a list: itself, or as the only one in it."""
    if is_absent(value):
        return []
    return value if isinstance(value, list) else [value]


def whole(text: str, key: str) -> str:
    """The text, if a file can hold it: JSON may hold a lone half of a surrogate pair."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{key} holds half a character ({shown(text)})")
    return text


def shown(value: Any) -> str:
    """A value as a message quotes it."""
    return repr(value)[:60]
