"""A conversation so far, and a question in it made to stand alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ..answer import Answer
from ..errors import ChatModelError
from ..prompts import plan_messages
from ..retrieval.glossary import Glossary
from ..retrieval.language import estimated_tokens, question_language, terms
from ..types import Language, Message, RequestKind, Turn
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
    always: bool = False,
) -> Context:
    """The question with what it leaves to the conversation put in, by the model or by rule.

    A question that names what it is about opens a subject of its own and stays as it is. The
    model's form is taken when it keeps what was asked and brings in only what was said; `tokens`
    bounds how much of the conversation it sees, the latest first. It is asked where the request
    may lean on the conversation, or `always`, and then says of which kind it is, too.
    """
    by_rule = in_context(asked, history, glossary)
    leans = history and (by_rule.follow_up or _may_lean(asked, glossary))
    if ask is None or not (always or leans):
        return by_rule
    turns = bounded(history, tokens)
    try:
        kind, said = read_plan(ask(plan_messages(asked, question_language(asked), turns)))
    except ChatModelError:
        return by_rule
    by_rule = replace(by_rule, kind=kind)
    if is_usable(said, asked, "\n".join([*turns, *by_rule.before]), glossary):
        return replace(by_rule, text=said, follow_up=said != asked)
    return by_rule


def read_plan(reply: str) -> tuple[RequestKind | None, str]:
    """The kind and the question of a model's reply; a bare question has no kind."""
    found = re.search(r"\{.*\}", reply, re.DOTALL)
    if not found:
        return None, reply.strip()
    try:
        said = TypeAdapter(_Said).validate_json(found.group())
    except ValidationError:
        return None, ""
    return said["kind"], said["question"].strip()


class _Said(TypedDict):
    kind: RequestKind
    question: str


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
