"""One question of a conversation on the page: answered as it is read, told kindly when not."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, get_args

from .. import Answer, AssistantError
from ..settings import LanguagePolicy
from ..types import Language
from .admission import FullError, Room
from .hosting import AssistantHost
from .labels import PAGE
from .page import MOST_PASSAGES
from .records import Conversation, Exchange
from .render import Message, message, messages, question_message, render_text
from .source_list import panel

# How often a waiting page is told how far the assistant is, in seconds: as its bar moves.
_TICK_S = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what the page had set for it.

    turn: the exchange that it takes the place of, with all that followed (None: it comes last).
    """

    question: str
    turn: int | None
    conversation: Conversation
    ui: Language
    policy: str = ""
    composer: str = ""
    passages: int | None = None
    sources: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows now; None stays as it is."""

    messages: list[Message]
    panel: str | None = None
    conversation: Conversation | None = None


def read_conversation(text: str) -> tuple[Conversation, str]:
    """The conversation that a browser kept, and why it could not be read ("" when it could)."""
    if not text:
        return Conversation.new(), ""
    try:
        return Conversation.from_json(text), ""
    except ValueError as error:
        return Conversation.new(), str(error)


def read_asked(
    question: Any,
    turn: Any,
    record: Any,
    policy: Any,
    composer: Any,
    passages: Any,
    sources: Any,
    ui: Any,
) -> Asked:
    """What a browser asks; whatever is not as the page sends it counts as left out.

    A question that is asked again comes as the number of its exchange alone.
    """
    conversation, _ = read_conversation(record if isinstance(record, str) else "")
    said = question.strip() if isinstance(question, str) else ""
    number = int(turn) if isinstance(turn, str) and re.fullmatch(r"\d{1,4}", turn) else None
    if number is not None and not said and number < len(conversation.exchanges):
        said = conversation.exchanges[number].question
    listed = isinstance(sources, list) and all(isinstance(id_, str) for id_ in sources)
    few = isinstance(passages, int | float) and 1 <= passages <= MOST_PASSAGES
    return Asked(
        question=said,
        turn=number,
        conversation=conversation,
        ui="zh" if ui == "zh" else "en",
        policy=policy if policy in get_args(LanguagePolicy) else "",
        composer=composer if composer == "quotes" else "",
        passages=int(passages) if few else None,
        # Until the settings are filled, none is chosen of anything.
        sources=sources if listed and (sources or policy) else None,
    )


def written(conversation: Conversation) -> str:
    """The conversation as text for the browser to keep."""
    return json.dumps(conversation.to_dict(), ensure_ascii=False)


def view(conversation: Conversation, ui: Language) -> View:
    """A whole conversation as the page shows it."""
    return View(messages(conversation, ui), panel(conversation, ui), conversation)


class Talk:
    """Answers the page's questions with the host's assistant, a bounded number at once."""

    def __init__(self, host: AssistantHost, room: Room) -> None:
        """Keep both."""
        self._host, self._room = host, room

    async def respond(self, asked: Asked) -> AsyncGenerator[View, None]:
        """Views as the answer is read; the last one has the whole conversation."""
        before = asked.conversation.until(asked.turn)
        turn = len(before.exchanges)
        shown = [*messages(before, asked.ui), question_message(asked.question, turn, asked.ui)]
        exchange = Exchange.failed(asked.question, PAGE[asked.ui]["failed"])
        yield View(shown)
        try:
            async with self._room.seat():
                async for text in self._until_ready(asked.ui):
                    yield View([*shown, message("assistant", f"<p>{text}</p>", "reply")])
                async with aclosing(self._answer(asked, before)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Answer):
                            with self._host.use() as assistant:
                                exchange = Exchange.of(piece, assistant.index.sources)
                        else:
                            said = message("assistant", render_text(piece), "reply")
                            yield View([*shown, said])
        except FullError:
            exchange = Exchange.failed(asked.question, PAGE[asked.ui]["busy"])
        except AssistantError as error:
            exchange = Exchange.failed(asked.question, str(error))
        except Exception:  # no traceback on the page: it says so in a sentence, the log has it all
            logging.getLogger("ui").exception("The question %r failed.", asked.question)
        yield view(before.with_exchange(exchange), asked.ui)

    async def _until_ready(self, ui: Language) -> AsyncIterator[str]:
        while not self._host.is_ready:
            stage, share = self._host.progress
            yield PAGE[ui]["preparing"].format(stage=stage, share=100 * share)
            await asyncio.sleep(_TICK_S)

    async def _answer(
        self, asked: Asked, before: Conversation
    ) -> AsyncGenerator[str | Answer, None]:
        """The text so far, again and again, then the answer."""
        given: dict[str, Any] = {}
        if asked.policy:
            given["language"] = asked.policy
        if asked.composer == "quotes":
            given["composer"] = "quotes"
        if asked.passages:
            given["passages"] = asked.passages
        text = ""
        with self._host.use() as assistant:
            chosen = assistant.adjusted(**given) if given else assistant
            chunks = chosen.astream(asked.question, history=before.turns(), sources=asked.sources)
            async with aclosing(chunks):
                async for chunk in chunks:
                    text += chunk.text
                    yield chunk.answer or text
