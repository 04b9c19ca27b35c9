"""What a request wants to know: sections of a source's record, or a topic within documents."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import get_args

from ..retrieval.language import HAN, is_stop_word, simplified
from ..types import Language
from .phrases import phrase, phrases
from .plan import Field
from .requests import DOCUMENT, wording

# What is asked for hides what its words would also say: "the original" in "where is the original".
_HIDES: dict[Field, Field] = {"count": "list", "address": "kind", "language": "kind"}
_WORD = re.compile(r"[^\W_](?:[\w.&'’-]*\w)?")
# A topic goes neither over the name of a document nor into another sentence.
_CUT = re.compile(rf"{DOCUMENT}|[?;:!]+(?:\s|$)|\s[–—-]+\s")


def asks_what_is_said(text: str) -> bool:
    """Whether something is asked of what a document says, not of its record."""
    return bool(phrase("said", text).search(text))


def fields_in(text: str, language: Language, names: Collection[str]) -> tuple[Field, ...]:
    """The sections of a record that are asked for, author and date first; () for none."""
    worded = wording(text, language, names).text
    fields = get_args(Field)
    found = [f for f in fields if phrase(f"field-{f}", worded).search(worded)]
    hidden = {_HIDES[field] for field in found if field in _HIDES}
    # "Which documents …" lists them unless something of theirs is asked for; and "who wrote these
    # summaries" does not ask what they are.
    if len(found) > 1:
        hidden.add("list")
        if not re.search(r"\bor\b|还是|吗", worded):
            hidden.add("kind")
    return tuple(field for field in found if field not in hidden) or tuple(found)


def topic_of(text: str, language: Language, names: Collection[str]) -> str:
    """What of the documents a request is about, in its own words; "" for the whole of them."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"{re.escape(name)}(?:['’]s?\b)?", DOCUMENT, text, flags=re.IGNORECASE)
    if language == "zh":
        return _topic_zh(text)
    # Behind "about", "mention" and the like stands what is spoken of.
    behind = phrase("about", text).search(text)
    found = _between_cues(_CUT.split(text[behind.end() :])[0]) if behind else ""
    return found or max(map(_between_cues, _CUT.split(text)), key=len)


def _between_cues(text: str) -> str:
    cues = [*phrases("cue")[0].split(), "what's", "what’s", "all", "whole"]
    words = [
        match
        for match in _WORD.finditer(text)
        if not is_stop_word(match.group().lower()) and match.group().lower() not in cues
    ]
    if not words:
        return ""
    return re.sub("['’]s?$", "", text[words[0].start() : words[-1].end()])


def _topic_zh(text: str) -> str:
    plain = simplified(text)
    if len(plain) != len(text):
        text = plain
    start, best = 0, ""
    for cue in [*phrase("cue-zh", plain).finditer(plain), None]:
        stretch = text[start : cue.start() if cue else len(text)].strip(" \"“”「」《》'的了")
        if len(stretch) > len(best) and re.search(f"[{HAN}A-Za-z0-9]", stretch):
            best = stretch
        start = cue.end() if cue else start
    return best if len(best) > 1 else ""
