"""A conversation so far, and a question in it made to stand alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..answer import Answer
from ..errors import ChatModelError
from ..prompts import follow_up_messages
from ..retrieval.glossary import Glossary
from ..retrieval.language import estimated_tokens, question_language, terms
from ..types import Language, Message, Turn
from .follow_ups import Context, in_context
from .naming import plain, stands_in
from .questions import names_in

History = Sequence[Answer | Turn]
# The longest stand-alone form that a chat model may give: more is no question but an answer.
_LONGEST = 300
_MARKER = re.compile(r"\s*\[\d{1,4}\]")


def understand_follow_up(
    asked: str,
    history: History,
    glossary: Glossary,
    *,
    ask: Callable[[Sequence[Message]], str] | None = None,
    tokens: int = 0,
) -> Context:
    """The question with what it leaves to the conversation put in, by the model or by rule.

    A question that names what it is about opens a subject of its own and stays as it is. The
    model's form is taken when it keeps what was asked and brings in only what was said; `tokens`
    bounds how much of the conversation it sees, the latest first.
    """
    by_rule = in_context(asked, history, glossary)
    if history and ask is not None and (by_rule.follow_up or _may_lean(asked, glossary)):
        turns = bounded(history, tokens)
        try:
            said = ask(follow_up_messages(asked, question_language(asked), turns)).strip()
        except ChatModelError:
            said = ""
        if is_usable(said, asked, "\n".join([*turns, *by_rule.before]), glossary):
            return replace(by_rule, text=said, follow_up=said != asked)
    return by_rule


def _may_lean(asked: str, glossary: Glossary) -> bool:
    """Whether a question is short and names nothing: then the rule may have missed a link."""
    short = estimated_tokens(asked) <= (20 if question_language(asked) == "zh" else 15)
    return short and not names_in(asked, glossary)


def bounded(history: History, tokens: int) -> list[str]:
    """The lines of a conversation that fit into so many tokens, oldest first, the last ones kept.

    Answers come without their markers and without their sources: neither are for a model.
    """
    lines: list[str] = []
    left = tokens
    for turn in reversed(history):
        said = turn.text if isinstance(turn, Answer) else turn.answer
        for line in (_MARKER.sub("", said), turn.question):
            left -= estimated_tokens(line)
            if left < 0:
                return lines[::-1]
            if line:
                lines.append(line)
    return lines[::-1]


def is_usable(said: str, asked: str, before: str, glossary: Glossary) -> bool:
    """Whether a model's stand-alone form asks the same, of nothing that was not spoken of."""
    language: Language = question_language(asked)
    if not said or "\n" in said or len(said) > _LONGEST:
        return False
    if question_language(said) != language or not re.search("[?？]$", said):
        return False
    known = [plain(f"{before}\n{asked}")]
    invented = [name for name in names_in(said, glossary) if not stands_in(glossary, name, known)]
    kept = set(terms(said, language))
    lost = [term for term in terms(asked, language) if len(term) > 1 and term not in kept]
    return not invented and len(lost) * 2 <= len(set(terms(asked, language)))
