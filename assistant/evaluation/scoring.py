"""From an answer to a result: what was shown, what was expected, and every score."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..answer import Answer
from ..answering import Assistant
from ..grounding import is_verbatim
from ..language import answer_languages, passage_language
from ..types import Citation, Hit, Language, Lead, Quote
from .gold import locate
from .metrics import (
    Place,
    citation_precision,
    citation_recall,
    contains,
    exact_match,
    f1,
    retrieval_scores,
)
from .questions import SetQuestion
from .results import (
    SCORES,
    AnswerRow,
    CitationRow,
    ExpectedRow,
    HitRow,
    LeadRow,
    PassageRow,
    QuoteRow,
    Result,
    SpanRow,
)

__all__ = ["Result", "answer_row", "score", "score_error", "unmarked"]

Scores = dict[str, float | None]
# What the assistant puts in parentheses is the original of a quote, or a note on it.
_PARENTHESES = re.compile(r"\([^()]*\)|（[^（）]*）")


def score(assistant: Assistant, question: SetQuestion, answer: Answer) -> Result:
    """The result of a question that was answered, partly answered or refused; not yet judged."""
    sources = assistant.index.sources
    evidence = locate(question.evidence, sources)
    quotes = [quote for citation in answer.citations for quote in citation.quotes]
    said = _said(answer)
    languages = answer_languages(assistant.settings.language, question.language)
    scores: Scores = {
        **_retrieval(question, evidence, answer.hits),
        **_wording(question, said),
        **_citing(question, evidence, quotes if said else None),
        "quotes": len(quotes),
        "quotes_valid": sum(is_verbatim(quote, sources[quote.source_id]) for quote in quotes),
        "language_ok": language_compliance(answer, languages),
        "latency_ms": round(1000 * answer.timings.total_s, 3),
    }
    return _result(question, evidence, scores, answer=answer_row(answer))


def score_error(assistant: Assistant, question: SetQuestion, error: str) -> Result:
    """The result of a question that could not be asked: it counts as not answered."""
    evidence = locate(question.evidence, assistant.index.sources)
    scores: Scores = {**_wording(question, None), **_citing(question, evidence, None)}
    return _result(question, evidence, {**scores, "quotes": 0, "quotes_valid": 0}, error=error)


def unmarked(answer: Answer) -> str:
    """The text of an answer without the [n] of its citations."""
    text = answer.text
    for citation in answer.citations:
        text = re.sub(rf"\s*\[{citation.number}\]", "", text)
    return text


def language_compliance(answer: Answer, languages: Sequence[Language]) -> float:
    """The share of an answer's lines in a language that it is due in, 0.0 to 1.0.

    0.0 also when one of the due languages has no line. Untranslated quotes count against it, a
    leading short answer ("Provenience") is left out.
    """
    foreign = any(statement.language not in languages for statement in answer.statements)
    said = _PARENTHESES.sub("", unmarked(answer))
    short = answer.lead.text if answer.lead else ""
    lines = [line for line in said.splitlines() if line.strip() not in ("", short)]
    spoken = [passage_language(line) for line in lines if any(c.isalpha() for c in line)]
    if not spoken:
        return 1.0
    if foreign or not set(languages) <= set(spoken):
        return 0.0
    return sum(language in languages for language in spoken) / len(spoken)


def _said(answer: Answer) -> tuple[str, str] | None:
    """The words of an answer, and the shortest that it gives as the answer; None for no answer."""
    if answer.status != "answered":
        return None
    text = unmarked(answer)
    return text, answer.lead.text if answer.lead else text


def _retrieval(question: SetQuestion, gold: Sequence[SpanRow], hits: Sequence[Hit]) -> Scores:
    if not gold:
        return {}
    found = [Place(h.passage.source_id, h.passage.start, h.passage.end) for h in hits]
    scores = retrieval_scores(_places(gold), found, any_is_enough=question.evidence_any)
    return {**scores}


def _wording(question: SetQuestion, said: tuple[str, str] | None) -> Scores:
    """Scores of the words of an answer, and of None for no answer."""
    answers, needed = question.answers, question.answers_all
    if not question.answerable or not (answers or needed):
        return {}
    # "exact" is undefined for answers of several parts: their order is free.
    if said is None:
        return {"contains": 0.0, "f1": 0.0, "exact": 0.0 if answers else None}
    text, short = said
    golds = answers or (" ".join(needed),)
    return {
        "contains": float(contains(text, answers=answers, answers_all=needed)),
        "f1": f1(short, golds, question.language),
        "exact": exact_match(short, answers, question.language) if answers else None,
    }


def _citing(
    question: SetQuestion, gold: Sequence[SpanRow], quotes: Sequence[Quote] | None
) -> Scores:
    """Scores of the quotes of an answer, and of None for no answer."""
    if not gold:
        return {}
    if not quotes:
        return {"citation_recall": 0.0}
    cited = [Place(quote.source_id, quote.start, quote.end) for quote in quotes]
    recall = citation_recall(_places(gold), cited, any_is_enough=question.evidence_any)
    return {
        "citation_precision": citation_precision(_places(gold), cited),
        "citation_recall": recall,
    }


def _places(gold: Sequence[SpanRow]) -> list[Place]:
    return [Place(row["source"], row["start"], row["end"]) for row in gold]


def _result(
    question: SetQuestion,
    evidence: list[SpanRow],
    scores: Scores,
    *,
    answer: AnswerRow | None = None,
    error: str = "",
) -> Result:
    return Result(
        set=question.set,
        id=question.id,
        pair=question.pair,
        question=question.question,
        history=question.history,
        language=question.language,
        kind=question.kind,
        answerable=question.answerable,
        near_miss=question.near_miss,
        expected=ExpectedRow(
            answers=list(question.answers),
            answers_all=list(question.answers_all),
            evidence=evidence,
            evidence_any=question.evidence_any,
        ),
        answer=answer,
        error=error,
        scores={name: scores.get(name) for name in SCORES},
    )


def answer_row(answer: Answer) -> AnswerRow:
    """What a result keeps of an answer."""
    return AnswerRow(
        status=answer.status,
        text=answer.text,
        reason=answer.reason,
        language=answer.language,
        confidence=answer.confidence,
        lead=_lead_row(answer.lead) if answer.lead else None,
        citations=[_citation_row(citation, answer.language) for citation in answer.citations],
        hits=[_hit_row(hit) for hit in answer.hits],
        composer=answer.composer,
        stand_alone=answer.stand_alone,
    )


def _lead_row(lead: Lead) -> LeadRow:
    return LeadRow(
        source=lead.source_id,
        start=lead.start,
        end=lead.end,
        text=lead.text,
        citation=lead.citation,
        translated=lead.translated,
    )


def _citation_row(citation: Citation, language: Language) -> CitationRow:
    passage = citation.passage
    return CitationRow(
        number=citation.number,
        source=citation.source.id,
        title=citation.source.title(language),
        support=citation.support,
        passage=PassageRow(id=passage.id, start=passage.start, end=passage.end),
        quotes=[QuoteRow(start=q.start, end=q.end, text=q.text) for q in citation.quotes],
        translations=list(citation.translations),
    )


def _hit_row(hit: Hit) -> HitRow:
    passage = hit.passage
    return HitRow(
        rank=hit.rank,
        source=passage.source_id,
        start=passage.start,
        end=passage.end,
        score=hit.score,
        text=passage.text,
    )
