"""A conversation so far, and a question in it made to stand alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..answer import Answer
from ..errors import ChatModelError
from ..prompts import follow_up_messages
from ..retrieval.glossary import Glossary
from ..retrieval.language import estimated_tokens, question_language, terms
from ..types import Language, Turn
from .follow_ups import stand_alone
from .naming import plain, stands_in
from .questions import names_in

if TYPE_CHECKING:
    from ..writing.model_run import ModelRun

History = Sequence[Answer | Turn]
# The longest stand-alone form that a chat model may give: more is no question but an answer.
_LONGEST = 300
_MARKER = re.compile(r"\s*\[\d{1,4}\]")


@dataclass(frozen=True, slots=True)
class Understood:
    """A question as it is searched for; `follow_up` says whether the conversation was needed."""

    text: str
    follow_up: bool


def understand_follow_up(
    asked: str,
    history: History,
    glossary: Glossary,
    *,
    run: ModelRun | None = None,
    tokens: int = 0,
) -> Understood:
    """The question with what it leaves to the conversation put in, by the model or by rule.

    A question that names what it is about opens a subject of its own and stays as it is. The
    model's form is taken when it keeps what was asked and brings in only what was said; `tokens`
    bounds how much of the conversation it sees, the latest first.
    """
    earlier = [turn.stand_alone for turn in history]
    by_rule = stand_alone(asked, earlier, glossary)
    if not history:
        return Understood(asked, False)
    if run is not None and (by_rule != asked or _may_lean(asked, glossary)):
        turns = bounded(history, tokens)
        language = question_language(asked)
        try:
            said = run.ask(follow_up_messages(asked, language, turns)).strip()
        except ChatModelError:
            said = ""
        if is_usable(said, asked, "\n".join([*turns, *earlier]), glossary):
            return Understood(said, said != asked)
    return Understood(by_rule, by_rule != asked)


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
