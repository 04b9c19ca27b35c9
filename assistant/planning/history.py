"""A conversation so far, in whatever form callers keep it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..answer import Answer
from ..errors import QuestionError
from ..types import Turn

# Answers of ours, turns, LangChain messages, {"role": …, "content": …} mappings, or plain strings,
# which are earlier questions; oldest first.
History = Sequence[Any]

_USER = ("user", "human")
_ASSISTANT = ("assistant", "ai")
# What such messages say is for machines.
_OTHERS = ("system", "developer", "tool", "function")
_TAKEN = (
    "A conversation is a list, oldest first, of answers, Turn(question, answer), LangChain "
    'messages, {"role": "user" or "assistant", "content": text} mappings, or strings, which '
    "count as earlier questions."
)


def read_history(history: History | None) -> tuple[Answer | Turn, ...]:
    """The turns of a conversation.

    Raises QuestionError, saying what is taken, for anything else.
    """
    if history is None:
        return ()
    if isinstance(history, str | Mapping) or not isinstance(history, Iterable):
        raise QuestionError(f"The history is a {type(history).__name__}. {_TAKEN}")
    turns: list[Answer | Turn] = []
    for place, item in enumerate(history):
        if isinstance(item, Answer | Turn):
            turns.append(item)
            continue
        role, text = _said(item, place)
        last = turns[-1] if turns else None
        if role in _USER:
            if not text.strip():
                raise QuestionError(f"Item {place} of the history asks nothing in words. {_TAKEN}")
            turns.append(Turn(text))
        elif role in _ASSISTANT and isinstance(last, Turn):
            # `as_message` keeps what the question was understood as.
            about = getattr(item, "response_metadata", None) or {}
            understood = str(about.get("stand_alone", last.stand_alone))
            turns[-1] = Turn(last.question, f"{last.answer}\n{text}".strip(), understood)
    return tuple(turns)


def _said(item: Any, place: int) -> tuple[str, str]:
    """Who says what in one item."""
    if isinstance(item, str):
        return "user", item
    if isinstance(item, Mapping):
        role, content = item.get("role", item.get("type")), item.get("content")
    else:
        role, content = getattr(item, "type", None), getattr(item, "content", None)
    role = str(role).lower().removesuffix("messagechunk")
    text = _text(content)
    if role not in (*_USER, *_ASSISTANT, *_OTHERS) or text is None:
        raise QuestionError(f"Item {place} of the history is a {type(item).__name__}. {_TAKEN}")
    return role, text


def _text(content: Any) -> str | None:
    """The words of a message's content: a string, or blocks some of which hold text."""
    if isinstance(content, str):
        return content
    if content is None or not isinstance(content, Iterable):
        return None if content is not None else ""
    blocks = [block.get("text") if isinstance(block, Mapping) else block for block in content]
    return "\n".join(block for block in blocks if isinstance(block, str))
