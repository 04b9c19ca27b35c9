"""From a plan to what the sources have for it: one way for each kind of request."""

from __future__ import annotations

from collections.abc import Collection

from ..planning.plan import Plan
from ..retrieval.index import Index
from ..settings import Settings
from ..types import Source
from .searching import Searcher
from .weighing import Gathered


class Gatherer:
    """Gathers evidence over one index; opened parts are kept, nothing is loaded here."""

    def __init__(self, settings: Settings, index: Index, searcher: Searcher) -> None:
        """Keep the opened parts."""
        self._settings = settings
        self._index = index
        self._searcher = searcher

    def gather(self, plan: Plan, sources: Collection[str] | None = None) -> Gathered:
        """What the sources have for a plan; `sources` limits the search to those source ids."""
        texts = plan.parts
        if plan.plain and plan.plain not in texts:
            texts = (*texts, plan.plain)
        searches = tuple(self._searcher.search(plan.asked, text, sources) for text in texts)
        return Gathered(
            plan=plan,
            searches=searches,
            searched=self._scope(sources),
            embed_s=sum(search.embed_s for search in searches),
            search_s=sum(search.search_s for search in searches),
        )

    def _scope(self, sources: Collection[str] | None) -> tuple[Source, ...]:
        everything = self._index.sources.values()
        return tuple(s for s in everything if sources is None or s.id in sources)
