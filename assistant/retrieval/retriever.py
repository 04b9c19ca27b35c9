"""Retrieval for LangChain users: the ranking recipe behind `BaseRetriever`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import run_in_executor
from pydantic import ConfigDict

from ..errors import QuestionError
from ..quiet import quiet
from ..types import Hit, Source


class PassageRetriever(BaseRetriever):
    """The best `k` passages as LangChain documents; `source_ids` limits the search to those.

    Both may be given with a call, too: `retriever.invoke(question, k=2)`, `retriever.bind(k=2)`.
        Metadata: passage_id, source_id, title, start, end, language, score, rank, translation.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    # Any, not Assistant: answering.py makes retrievers, and rooms are entered one way only.
    assistant: Any
    k: int = 6
    source_ids: tuple[str, ...] | None = None

    def invoke(
        self, input: str, config: RunnableConfig | None = None, **kwargs: Any
    ) -> list[Document]:
        """The passages; raises QuestionError for what cannot be searched."""
        return super().invoke(input, self._quiet(config), **kwargs)

    async def ainvoke(
        self, input: str, config: RunnableConfig | None = None, **kwargs: Any
    ) -> list[Document]:
        """As `invoke`."""
        return await super().ainvoke(input, self._quiet(config), **kwargs)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun | None = None,
        k: int | None = None,
        source_ids: Collection[str] | None = None,
    ) -> list[Document]:
        count = self.k if k is None else k
        if count < 1:
            raise QuestionError(f"k is {count}: how many passages are wanted, 1 or more.")
        sources = self.source_ids if source_ids is None else source_ids
        hits = self.assistant.retrieve(query, count=count, sources=sources)
        records = self.assistant.index.records
        return [self._document(h, s) for h in hits if (s := records.get(h.passage.source_id))]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **given: Any
    ) -> list[Document]:
        return await run_in_executor(None, self._get_relevant_documents, query, **given)

    def _quiet(self, config: RunnableConfig | None) -> RunnableConfig | None:
        return config if self.assistant.settings.trace else quiet(config)

    @staticmethod
    def _document(hit: Hit, source: Source) -> Document:
        passage = hit.passage
        return Document(
            id=passage.id,
            page_content=passage.text,
            metadata={
                "passage_id": passage.id,
                "source_id": source.id,
                "title": source.title(passage.language),
                "start": passage.start,
                "end": passage.end,
                "language": passage.language,
                "score": hit.score,
                "rank": hit.rank,
                "translation": passage.translation.text if passage.translation else "",
            },
        )
