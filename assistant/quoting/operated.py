"""What is wanted of the last answer, done to the same evidence gathered anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..messages import page_words, say
from ..planning.plan import Field
from ..retrieval.index import Index
from ..types import LANGUAGES, Language, Passage, Source
from .catalogue import records
from .lines import Line, refs_of
from .searching import Found
from .sentence_choice import MAX_SENTENCES, Choice, items_of
from .weighing import Weighed

# What asks where the last answer is from: there is nothing to write about.
FROM_WHERE = ("origin", "address", "place", "speaker")
# The share of the best sentence's score that another one of its source has that is told when
# more is asked for.
NEAR = 0.5


def operated(index: Index, weighed: Weighed) -> Weighed:
    """The answer with what the plan wants of it; unchanged where it wants nothing more."""
    plan, found = weighed.plan, weighed.main
    lines = weighed.lines
    if plan.operation in ("origin", "address") and lines:
        field: Field = "kind" if plan.operation == "origin" else "address"
        lines = records(replace(plan, fields=(field,)), _sources(index, lines))
        return replace(weighed, status="answered", lines=lines)
    if plan.operation in ("place", "speaker") and lines:
        places = tuple(_place(index, passage, number) for passage, number in refs_of(lines))
        # Who says so may stand in the sentence itself.
        lines = places if plan.operation == "place" else (*lines, *places)
        return replace(weighed, status="answered", lines=lines)
    if weighed.status != "answered":
        return weighed
    if found is not None and plan.operation == "others":
        lines = _others(found) or (Line(refs=lines[0].refs, said=_said("nothing_more")),)
    elif found is not None and plan.more:
        lines = (*lines, *_others(found))
    elif found is not None and plan.count:
        lines = _best(found, lines, plan.count)
    return replace(weighed, lines=lines)


def _said(key: str, **values: Mapping[Language, str]) -> dict[Language, str]:
    return {
        language: say(key, language, **{name: value[language] for name, value in values.items()})  # type: ignore[arg-type]
        for language in LANGUAGES
    }


def _sources(index: Index, lines: Sequence[Line]) -> tuple[Source, ...]:
    ids = [line.card for line in lines if line.card] + [p.source_id for p, _ in refs_of(lines)]
    return tuple(index.sources[id_] for id_ in dict.fromkeys(ids))


def _place(index: Index, passage: Passage, number: int) -> Line:
    """Where a sentence stands: its document, and its heading and page where it has them."""
    source = index.sources[passage.source_id]
    page = source.page(passage.sentences[number].start)
    where = {}
    for language in LANGUAGES:
        heading = f"“{passage.heading}”" if passage.heading else ""
        facts = [fact for fact in (heading, page_words(page, language)) if fact]
        joint = say("and", language)
        where[language] = "".join(f"{joint}{fact}" for fact in facts)
    title = {language: source.title(language) for language in LANGUAGES}
    return Line(refs=((passage, number),), said=_said("place_is", title=title, where=where))


def _others(found: Found) -> tuple[Line, ...]:
    """Further sentences that come near to the question, best first."""
    said = set(found.chosen)
    for choice in found.chosen:
        if items := [item for item in items_of([choice, *found.choices]) if item not in said]:
            return tuple(_line(item) for item in items)
    least = NEAR * max(choice.score for choice in found.chosen)
    sources = {choice.passage.source_id for choice in said}
    near = [
        choice
        for choice in found.choices
        if choice not in said
        and choice.meets
        and choice.passage.source_id in sources
        and choice.score >= least
    ]
    return tuple(_line(choice) for choice in near[:MAX_SENTENCES])


def _best(found: Found, lines: Sequence[Line], count: int) -> tuple[Line, ...]:
    """So many of the lines, those with the best sentences, in their order."""
    scores = {(c.passage.id, c.number): c.score for c in found.choices}
    order = sorted(lines, key=lambda line: -max(scores.get((p.id, n), 0.0) for p, n in line.refs))
    kept = order[:count]
    return tuple(line for line in lines if line in kept)


def _line(choice: Choice) -> Line:
    return Line(refs=((choice.passage, choice.number),))
