"""From a plan to what the sources have for it: one way for each kind of request."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from ..messages import enumerate_titles, say
from ..planning.plan import Plan
from ..retrieval.index import Index
from ..settings import Settings
from ..types import LANGUAGES, GuidePoint, Language, Passage, Source
from .catalogue import by_date, records
from .lines import Line, Ref, refs_of
from .overview import central_sentences
from .searching import Searcher, fitting
from .sentence_choice import Choice
from .weighing import Gathered

# Named limits. How many points an overview has where no number is asked for: of one document, and
# of each of several; how many documents are set beside each other; sentences a side of them.
POINTS, POINTS_EACH, DOCUMENTS, SENTENCES_EACH = 7, 1, 12, 2
# What a chat model is shown of whole documents, in estimated tokens: half of a small context.
SHOWN_TOKENS = 6_000


class Gatherer:
    """Gathers evidence over one index; opened parts are kept, nothing is loaded here."""

    def __init__(self, settings: Settings, index: Index, searcher: Searcher) -> None:
        """Keep the opened parts."""
        self._settings = settings
        self._index = index
        self._searcher = searcher

    def gather(self, plan: Plan, sources: Collection[str] | None = None) -> Gathered:
        """What the sources have for a plan; `sources` limits the search to those source ids."""
        scope = self._scope(plan, sources)
        match plan.kind:
            case "talk":
                return Gathered(plan, lines=(self._talk(plan),), searched=scope)
            case "catalogue":
                return self._catalogue(plan, scope)
            case "overview" if not plan.topic:
                return self._overview(plan, scope)
            case "across" if not plan.topic:
                return Gathered(plan, lines=by_date(scope), searched=scope)
            case "overview" | "across" | "compare":
                return self._beside(plan, scope)
            case _:
                return self._lookup(plan, scope, sources)

    def _scope(self, plan: Plan, sources: Collection[str] | None) -> tuple[Source, ...]:
        """The sources that are asked about, as named or else in the index's order."""
        everything = self._index.records
        ids = [id_ for id_ in plan.documents if id_ in everything] or list(everything)
        return tuple(everything[id_] for id_ in ids if sources is None or id_ in sources)

    def _lookup(
        self, plan: Plan, scope: Sequence[Source], sources: Collection[str] | None
    ) -> Gathered:
        within = [source.id for source in scope] if plan.documents else sources
        searches = [self._searcher.search(plan.asked, text, within) for text in plan.parts]
        forms = [self._searcher.search(plan.asked, text, within) for text in plan.forms]
        if plan.plain:
            recent = [id_ for id_ in plan.recent if id_ in self._index.records]
            near = [id_ for id_ in recent if sources is None or id_ in sources] or within
            forms.append(self._searcher.search(plan.plain, plan.plain, near))
        return Gathered(
            plan=plan,
            searches=tuple(searches),
            forms=tuple(forms),
            searched=tuple(scope),
            embed_s=sum(search.embed_s for search in (*searches, *forms)),
            search_s=sum(search.search_s for search in (*searches, *forms)),
        )

    def _catalogue(self, plan: Plan, scope: Sequence[Source]) -> Gathered:
        """What the records tell; of one document also what its text may say of author and date."""
        lines = records(plan, scope)
        if len(scope) != 1 or not {*plan.fields} <= {"author", "date"}:
            return Gathered(plan, lines=lines, searched=tuple(scope))
        search = self._searcher.search(plan.asked, plan.text, [scope[0].id])
        return Gathered(
            plan,
            searches=(search,),
            lines=lines,
            hits=search.hits,
            searched=tuple(scope),
            embed_s=search.embed_s,
            search_s=search.search_s,
        )

    # ---- whole documents ----

    def _overview(self, plan: Plan, scope: Sequence[Source]) -> Gathered:
        several = len(scope) > 1
        count = plan.count or (POINTS_EACH if several else POINTS + 2 * plan.more)
        share = -(-count // len(scope)) if several and plan.count else count
        lines: list[Line] = []
        for source in scope[:DOCUMENTS]:
            lines += self._points(source, share, plan.replies[0], labelled=several)
        return Gathered(
            plan, lines=tuple(lines), shown=self._whole(scope, lines), searched=tuple(scope)
        )

    def _points(
        self, source: Source, count: int, language: Language, *, labelled: bool
    ) -> list[Line]:
        """What a source is about, in so many lines: its guide's sentences, or central ones."""
        label = _titles(source) if labelled else {}
        if source.guide:
            told = [point for point in source.guide if point.role == "overview"]
            points = [*told, *(p for p in source.guide if p.role == "key")][:count]
            return [
                Line(
                    refs=tuple(self._refs(source, point)),
                    said={each: point.text(each) for each in LANGUAGES},
                    label=label,
                    bullet=labelled or number >= len(told) or count < POINTS,
                )
                for number, point in enumerate(points)
            ]
        chosen = central_sentences(self._index, source, count=count, language=language)
        return [Line(refs=(ref,), label=label, bullet=True) for ref in chosen]

    def _refs(self, source: Source, point: GuidePoint) -> list[Ref]:
        return [
            (passage, number)
            for passage in self._index.passages_of(source.id)
            for number, sentence in enumerate(passage.sentences)
            if any(sentence.start < s.end and s.start < sentence.end for s in point.spans)
        ]

    def _whole(self, scope: Sequence[Source], lines: Sequence[Line]) -> tuple[Passage, ...]:
        """What a chat model gets of whole documents: all of them as far as there is room.

        The passages that the quoted points rest on come first, then the others in order.
        """
        first = [passage for passage, _ in refs_of(lines)]
        others = [p for source in scope[:DOCUMENTS] for p in self._index.passages_of(source.id)]
        kept = {passage.id for passage in fitting([*first, *others], SHOWN_TOKENS)}
        return tuple(passage for passage in others if passage.id in kept)

    # ---- documents beside each other ----

    def _beside(self, plan: Plan, scope: Sequence[Source]) -> Gathered:
        """What each document says on the topic; of a comparison without one, its main points."""
        if not plan.topic:
            return self._sides(plan, scope)
        # An overview of a topic is of what all documents have on it, the best of it first.
        alone = len(scope) == 1 or (plan.kind == "overview" and not plan.documents)
        looked = self._searcher.by_document(
            plan.topic,
            plan.language,
            scope,
            each=_each(plan, scope),
            strictly=plan.kind == "across",
            together=alone,
        )
        ordered = [source for source in scope if source.id in looked.said]
        if "date" in plan.fields:
            ordered.sort(key=lambda source: (not source.date, source.date))
        lines = [
            line
            for source in ordered[:DOCUMENTS]
            for line in _side(source, _in_order(looked.said[source.id]), alone=alone)
        ]
        if not lines and plan.kind != "across":
            return self._lookup(replace(plan, kind="lookup"), scope, None)
        silent = [] if alone or not lines else [s for s in scope if s.id not in looked.said]
        return Gathered(
            plan,
            lines=tuple(lines),
            silent=tuple(silent),
            hits=looked.hits[: self._settings.passages],
            shown=looked.shown,
            searched=tuple(scope),
            embed_s=looked.embed_s,
            search_s=looked.search_s,
        )

    def _sides(self, plan: Plan, scope: Sequence[Source]) -> Gathered:
        sides = scope[:DOCUMENTS]
        count = max(1, (plan.count or POINTS) // len(sides))
        language = plan.replies[0]
        lines = [
            line
            for source in sides
            for line in self._points(source, count, language, labelled=True)
        ]
        return Gathered(
            plan, lines=tuple(lines), shown=self._whole(sides, lines), searched=tuple(scope)
        )

    # ---- small talk ----

    def _talk(self, plan: Plan) -> Line:
        """A friendly sentence that says what can be asked."""
        documents = self._index.all_records
        return Line(
            said={
                language: say(
                    plan.talk or "help", language, documents=enumerate_titles(documents, language)
                )
                for language in LANGUAGES
            }
        )


def _each(plan: Plan, scope: Sequence[Source]) -> int:
    """How many sentences of each document are wanted on a topic."""
    if plan.kind == "overview":
        return plan.count or POINTS + 2 * plan.more
    return SENTENCES_EACH + 2 * (plan.kind == "compare") + plan.more


def _side(source: Source, refs: Sequence[Ref], *, alone: bool) -> list[Line]:
    """What a source says: one line under its title, or, of the only one, a line a sentence."""
    if alone:
        return [Line(refs=(ref,), bullet=True) for ref in refs]
    return [Line(refs=tuple(refs), label=_titles(source), bullet=True)]


def _titles(source: Source) -> dict[Language, str]:
    return {language: source.title(language) for language in LANGUAGES}


def _in_order(choices: Sequence[Choice]) -> tuple[Ref, ...]:
    """The sentences in the order of their source."""
    ordered = sorted(choices, key=lambda c: c.passage.sentences[c.number].start)
    return tuple((choice.passage, choice.number) for choice in ordered)
