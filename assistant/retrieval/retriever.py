"""Retrieval for LangChain users: the ranking recipe behind `BaseRetriever`."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from ..types import Hit


class PassageRetriever(BaseRetriever):
    """The best `k` passages as LangChain documents; `source_ids` limits the search to those.

    Metadata: passage_id, source_id, title, start, end, language, score, rank, translation.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    # Any, not Assistant: answering.py makes retrievers, and rooms are entered one way only.
    assistant: Any
    k: int = 6
    source_ids: tuple[str, ...] | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        hits = self.assistant.retrieve(query, count=self.k, sources=self.source_ids)
        return [self._document(hit) for hit in hits]

    def _document(self, hit: Hit) -> Document:
        passage = hit.passage
        source = self.assistant.index.sources[passage.source_id]
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
