"""What surrounds a request: courtesies and preambles, and how the reply is wanted.

Neither is searched for. "Hi, could you tell me in one sentence who heads X? Thanks!" asks "who
heads X" and wants one sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ..retrieval.language import HAN, simplified
from ..types import LANGUAGES, Language
from .phrases import phrase, phrases
from .plan import Talk
from .small_talk import small_talk

_NUMBERS = {
    word: number
    for words in (
        "one two three four five six seven eight nine ten",
        "一 二 三 四 五 六 七 八 九 十",
    )
    for number, word in enumerate(words.split(), start=1)
} | {"a": 1, "an": 1, "a few": 3, "几": 3, "a couple of": 2, "两": 2}
# More sentences than this nobody reads; a typing error may ask for a million.
_MOST = 20
_TAIL = r"{}[\s,，.。!！?？;；:：、~～…—–-]*$"
_EDGES = " ,，.。;；:：、-–—"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, without courtesies, and how the reply is wanted.

    reply: the language asked for, None for the question's own. count: so many sentences or
    points, 0 where none are named. talk: the small talk that the text is nothing but.
    """

    text: str
    reply: Language | None = None
    count: int = 0
    short: bool = False
    more: bool = False
    talk: Talk = ""


def read_request(text: str, language: Language | None = None) -> Request:
    """A request without what surrounds it; the text itself where nothing else would be left."""
    whole = _Text(text)
    if talk := small_talk(whole.plain):
        return Request(text, talk=talk)
    reply = _take_reply(whole)
    count = _take_count(whole)
    _take_courtesies(whole)
    # "Could you tell me, in one sentence, …": an instruction may follow a courtesy.
    reply = reply or _take_reply(whole)
    count = count or _take_count(whole)
    _take_courtesies(whole)
    left = whole.typed.strip(_EDGES)
    if not re.search(f"[A-Za-z0-9{HAN}]", left):
        only_courtesy = not reply and not count
        return Request(text, reply, count, talk="greeting" if only_courtesy else "")
    short, more = (bool(phrase(use, whole.plain).search(whole.plain)) for use in ("short", "more"))
    return Request(left, reply, count, short, more, small_talk(whole.plain))


class _Text:
    """A text as typed and in Simplified characters; what is taken out goes from both."""

    def __init__(self, text: str) -> None:
        self.typed = text
        self.plain = simplified(text)
        if len(self.plain) != len(text):
            self.typed = self.plain

    def take(self, start: int, end: int, instead: str = "") -> None:
        """Put something else in the place of a stretch."""
        self.typed = self.typed[:start] + instead + self.typed[end:]
        self.plain = self.plain[:start] + instead + self.plain[end:]


# "I'm writing a paper, so: when …", 我在写论文，…: who speaks of themselves first asks after it,
# unless the question points back: "my boss sent me the guide; what number does it have?"
_OWN_STORY = re.compile(
    r"^[^?？]*?\b(?:i|i'm|im|i've|my|me|we|our)\b[^?？:;,.!]*[:;,.!–—-]+\s*(?:so|but|and)?\s*"
    r"(?=(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|does|did|do|has|have)\b)"
    r"(?!.*\b(?:it|its|they|their|them|th(?:is|at|ese|ose) (?:do|te|pa|fi|re|on)\w+)\b)|"
    r"^[^?？:;,.!]*\b(?:i|i'm|im|i've|we|we're)\b[^?？:;,.!]* (?:and|n|&|so) (?:i |we )?"
    r"(?:need|want|have|would like) to (?:know|find out|understand|ask)\b,?\s*|"
    r"^(?:(?!什么|啥|谁|哪|几|多少|怎|何|吗)[^?？，。,！!；;])*[我俺咱](?:(?!什么|啥|谁|哪|几|多少|怎|何|吗)"
    r"[^?？，。,！!；;])*[，。,！!；;\s]+(?=.*(?:什么|谁|哪|几|多少|怎|何|吗|是不是|多[大久远长高]))"
    r"(?!.*(?:它|该文|[这那][份篇个]))",
    re.IGNORECASE,
)


def _take_courtesies(text: _Text) -> None:
    before = None
    while before != text.plain:
        before = text.plain
        if found := _OWN_STORY.match(text.plain):
            text.take(0, found.end())
        found = phrase("head", text.plain, around=r"\s*{}").match(text.plain)
        if found and re.search(f"[A-Za-z0-9{HAN}]", text.plain[found.end() :]):
            text.take(0, found.end())
        found = phrase("tail", text.plain, around=_TAIL).search(text.plain)
        if found and found.start():
            asks = re.search("[?？]", found.group())
            text.take(found.start(), len(text.plain), asks.group() if asks else "")


def _take_reply(text: _Text) -> Language | None:
    """The language that the reply is asked for in, taken out of the text."""
    for language in LANGUAGES:
        # Compiling the patterns takes longer than all the rest: only where a language is named.
        if not phrase(f"tongue-{language}", text.plain).search(text.plain):
            continue
        found = _in_language("reply", language).search(text.plain)
        if not found and phrase("IMPERATIVE", text.plain).match(text.plain):
            found = _in_language("reply-imperative", language).search(text.plain)
        if found:
            between = found.start() and found.end() < len(text.plain)
            text.take(*found.span(), " " if between else "")
            return language
    return None


@lru_cache(maxsize=4)
def _in_language(use: str, language: Language) -> re.Pattern[str]:
    tongue = "|".join(phrases(f"tongue-{language}"))
    pattern = "|".join(phrases(use)).replace("<TONGUE>", f"(?:{tongue})")
    return re.compile(pattern, re.IGNORECASE)


def _take_count(text: _Text) -> int:
    """How many sentences or points are asked for, taken out where it is a phrase of its own."""
    if not phrase("counted", text.plain).search(text.plain):
        return 0
    for use in ("count", "count-kept"):
        for pattern in phrases(use):
            found = re.search(pattern, text.plain, re.IGNORECASE)
            if found:
                if use == "count":
                    text.take(*found.span(), " " if found.group()[:1] in " ," else "")
                return _number(found["n"].lower())
    return 0


def _number(word: str) -> int:
    return _NUMBERS.get(word) or max(1, min(int(word), _MOST))
