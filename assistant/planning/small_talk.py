"""Small talk: greetings, thanks, farewells, who are you, what can you do."""

from __future__ import annotations

from .phrases import phrase
from .plan import Talk

# Greetings first: "nice" alone is thanks, "nice to meet you" is not.
_TALK: tuple[Talk, ...] = ("greeting", "thanks", "farewell", "self", "help")
_WHOLE = r"{}(?:[\s,，.。!！?？;；:：、~～…—–-]|$|\b(?=[a-z]))+"


def small_talk(text: str) -> Talk:
    """Which kind of small talk the whole of a text is, "" for none; of several the last counts."""
    kind: Talk = ""
    rest = text.strip()
    while rest:
        for talk in (*_TALK, ""):
            found = phrase(talk or "filler", rest, around=_WHOLE).match(rest)
            if found and found.end():
                rest = rest[found.end() :].strip()
                kind = talk or kind
                break
        else:
            return ""
    return kind
