"""From a request and the conversation before it to the plan of its answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from ..answer import Answer
from ..retrieval.embeddings import TextEmbeddings
from ..retrieval.index import Index
from ..retrieval.language import answer_languages, question_language
from ..settings import Settings
from ..types import Message, Turn
from .follow_ups import stand_alone
from .plan import Plan


class Planner:
    """Plans requests over one index; opened parts are kept, nothing is loaded here."""

    def __init__(self, settings: Settings, index: Index, embeddings: TextEmbeddings) -> None:
        """Keep the opened parts."""
        self._settings = settings
        self._index = index
        self._embeddings = embeddings

    def plan(
        self,
        asked: str,
        history: Sequence[Answer | Turn] = (),
        sources: Collection[str] | None = None,
        *,
        ask: Callable[[Sequence[Message]], str] | None = None,
    ) -> Plan:
        """The plan for a checked question; `sources` limits what it may be about.

        `ask` gives a chat model's reply, where there is a model.
        """
        language = question_language(asked)
        text = stand_alone(asked, [turn.stand_alone for turn in history], self._index.glossary)
        return Plan(
            asked=asked,
            kind="lookup",
            language=language,
            replies=answer_languages(self._settings.language, language),
            parts=(text,),
            plain=asked if text != asked else "",
            follow_up=text != asked,
        )
