"""From a request and the conversation before it to the plan of its answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..answer import Answer
from ..retrieval.embeddings import TextEmbeddings
from ..retrieval.index import Index
from ..retrieval.language import answer_languages, question_language
from ..settings import Settings
from ..types import Turn
from .follow_ups import in_context
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
    ) -> Plan:
        """The plan for a checked question; `sources` limits what it may be about."""
        language = question_language(asked)
        context = in_context(asked, history, self._index.glossary)
        return Plan(
            asked=asked,
            kind="lookup",
            language=language,
            replies=answer_languages(self._settings.language, language),
            parts=(context.text,),
            plain=context.plain if context.follow_up else "",
            follow_up=context.follow_up,
        )
