"""Do the sources answer, and with which lines: what was gathered, judged part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..planning.plan import Plan
from ..retrieval.index import Index
from ..types import Hit, Passage, Source, Status
from .decision import Decision
from .forms import best_form
from .lines import Line
from .searching import Found, Search, judge
from .sentence_choice import MAX_SENTENCES, Choice

# How many passages a partial answer shows as the closest: as many as the reader reads.
CLOSEST = 3
# From this confidence on the text of a document says more to a question about it than its record.
SURE = 0.7


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the sources have for a plan.

    searches: one for each question that was searched for; forms: others of what a follow-up may
    ask; lines: what needs no weighing (points of an overview, records, small talk); silent:
    documents that were asked about and hold nothing; hits: the passages that were found, best
    first; shown: those that a chat model gets, in order; searched: all sources that were looked
    into; embed_s and search_s: seconds.
    """

    plan: Plan
    searches: tuple[Search, ...] = ()
    forms: tuple[Search, ...] = ()
    lines: tuple[Line, ...] = ()
    silent: tuple[Source, ...] = ()
    hits: tuple[Hit, ...] = ()
    shown: tuple[Passage, ...] = ()
    searched: tuple[Source, ...] = ()
    embed_s: float = 0.0
    search_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """Whether and with what a request is answered.

    main: the search that decides, None where nothing was searched for. lines: what a quoted
    answer says. The other fields are as in `Gathered` and `Answer`.
    """

    plan: Plan
    status: Status
    confidence: float
    decision: str
    lines: tuple[Line, ...]
    main: Found | None = None
    silent: tuple[Source, ...] = ()
    hits: tuple[Hit, ...] = ()
    shown: tuple[Passage, ...] = ()
    searched: tuple[Source, ...] = ()
    embed_s: float = 0.0
    search_s: float = 0.0


def weigh(index: Index, decision: Decision, gathered: Gathered) -> Weighed:
    """Judge what was gathered: every part of a lookup by itself, the rest by what there is."""
    found = [judge(index, decision, search) for search in gathered.searches]
    if gathered.forms:
        forms = (gathered.searches[0], *gathered.forms)
        found[0] = best_form(index, decision, gathered.plan, forms)
    if gathered.plan.kind == "catalogue" and found and found[0].confidence >= SURE:
        said = max(found[0].chosen, key=lambda choice: choice.score)
        told = Line(refs=((said.passage, said.number),))
        return _weighed(gathered, "answered", [*gathered.lines, told])
    if gathered.plan.kind != "lookup" or not found:
        return _weighed(gathered, "answered" if gathered.lines else "refused", gathered.lines)
    answered = [part for part in found if part.status == "answered"]
    if answered:
        lines = _distinct([line for part in answered for line in chosen(part)])
        return _weighed(gathered, "answered", lines, answered[0])
    best = max(found, key=lambda part: (part.status == "partial", part.confidence))
    return _weighed(gathered, best.status, closest(best) if best.status == "partial" else (), best)


def _weighed(
    gathered: Gathered, status: Status, lines: Sequence[Line], main: Found | None = None
) -> Weighed:
    hits = main.hits if main else gathered.hits
    return Weighed(
        plan=gathered.plan,
        status=status,
        confidence=main.confidence if main else float(status == "answered"),
        decision=main.decision if main else "",
        lines=tuple(lines),
        main=main,
        silent=gathered.silent,
        hits=hits,
        shown=gathered.shown or tuple(hit.passage for hit in hits),
        searched=gathered.searched,
        embed_s=gathered.embed_s,
        search_s=gathered.search_s,
    )


def chosen(found: Found) -> tuple[Line, ...]:
    """The sentences that answer, one line each; many items of a list one below the other."""
    items = found.question.kind == "list" and len(found.chosen) > MAX_SENTENCES
    return tuple(Line(refs=((c.passage, c.number),), bullet=items) for c in found.chosen)


def closest(found: Search) -> tuple[Line, ...]:
    """The best sentence of each of the closest passages."""
    best: dict[str, Choice] = {}
    for choice in found.choices:
        best.setdefault(choice.passage.id, choice)
    shown = list(best.values())[:CLOSEST]
    return tuple(Line(refs=((c.passage, c.number),), bullet=True) for c in shown)


def _distinct(lines: Sequence[Line]) -> list[Line]:
    seen: dict[tuple[str, int], Line] = {}
    for line in lines:
        passage, number = line.refs[0]
        seen.setdefault((passage.id, number), line)
    return list(seen.values())
