"""From an answer to a result: what was shown, what was expected, every score and the verdict.

Scores are 0.0 to 1.0 but for quotes, quotes_valid (counts) and latency_ms.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from ..answer import Answer
from ..answering import Assistant
from ..quoting.grounding import is_verbatim
from ..retrieval.language import HAN, answer_languages, passage_language, simplified
from ..retrieval.sentences import split_lines, split_sentences
from ..types import Language, Source
from .sets import GoldEvidence, Key, SetQuestion

# The scores of a question, in the order of a row.
SCORES = (
    "recall@1 recall@3 recall@6 mrr ndcg@6 exact f1 contains citation_precision citation_recall "
    "quotes quotes_valid language_ok latency_ms judge"
).split()
# What can go wrong, in the order in which a reader should look at it.
FAILURES: Mapping[str, str] = {
    "error": "Error",
    "wrong": "Wrong answer",
    "near-miss": "Answered a near miss",
    "far": "Answered a far question",
    "refused": "Refused wrongly",
    "not-cited": "Evidence not cited",
    "quote": "Quote invalid",
    "language": "Wrong language",
}
# What a reply to a question with conditions must do, in the order in which they are told.
CONDITIONS: Mapping[str, str] = {
    "answered": "The question is answered",
    "said": "Something of each group is said",
    "unsaid": "Nothing forbidden is said",
    "cited": "The right sources are cited",
    "length": "It is as short as asked",
    "language": "It is in the language asked for",
}
Scores = dict[str, float | None]
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
# CMRC 2018 counts Chinese by the character, and Latin words and figures whole.
_ZH_TOKEN = re.compile(f"[{HAN}]|[^\\W_{HAN}]+")
# What the assistant puts in parentheses is the original of a quote, or a note on it.
_ADDRESS = re.compile(r"https?://\S+")
_PARENTHESES = re.compile(r"\([^()]*\)|（[^（）]*）")


@dataclass(frozen=True, slots=True)
class Result:
    """One question of a run: a line of `results.jsonl`.

    expected: answers, answers_all, evidence_any, and as evidence the places where the gold
    evidence stands (source, start, end, text). answer: what is kept of the answer, see
    `answer_row`; None when the question could not be asked, and `error` then says why. scores:
    by name as in SCORES; None where a score is undefined for this question. unmet: which of
    CONDITIONS the reply does not meet; None for a question without conditions.
    """

    set: str
    id: str
    pair: str
    question: str
    history: tuple[str, ...]
    language: Language
    kind: str
    answerable: bool
    near_miss: bool
    expected: Mapping[str, Any]
    answer: Mapping[str, Any] | None
    error: str
    scores: Mapping[str, float | None]
    judge_reason: str = ""
    unmet: tuple[str, ...] | None = None

    @property
    def key(self) -> Key:
        """What names the question among all sets."""
        return self.set, self.id

    @property
    def status(self) -> str:
        """The answer's status; "error" for a question that could not be asked."""
        return str(self.answer["status"]) if self.answer else "error"

    @property
    def citations(self) -> Sequence[Mapping[str, Any]]:
        """The answer's citations, see `answer_row`; none without an answer."""
        return self.answer["citations"] if self.answer else []

    @property
    def answerability(self) -> Literal["answerable", "near_miss", "far"]:
        """Whether the sources answer the question, come near, or have nothing to do with it."""
        if self.answerable:
            return "answerable"
        return "near_miss" if self.near_miss else "far"

    @property
    def is_right(self) -> bool | None:
        """Whether the question came out right; None when it has no gold answer to tell.

        An answerable question is right when a gold answer stands in its answer, or when the
        reply meets all conditions that there are; any other one when it was not answered. A
        question that could not be asked is wrong.
        """
        if self.status == "error":
            return False
        contains = self.scores["contains"]
        if self.unmet is not None:
            return not self.unmet and contains in (None, 1)
        answered = self.status == "answered"
        if not (answered and self.answerable):
            return answered == self.answerable
        return None if contains is None else contains >= 1

    @property
    def failures(self) -> tuple[str, ...]:
        """The keys of FAILURES that the question shows, in their order.

        Evidence counts as cited only when all that is needed is quoted; what was not answered
        has already failed as such and is not counted there once more.
        """
        scores, answered = self.scores, self.status == "answered"
        shows = {
            "error": self.status == "error",
            "wrong": answered and self.answerable and self.is_right is False,
            "near-miss": answered and self.answerability == "near_miss",
            "far": answered and self.answerability == "far",
            "refused": self.answerable and self.status in ("partial", "refused"),
            "not-cited": answered and self.answerable and _below(scores["citation_recall"], 1),
            "quote": _below(scores["quotes_valid"], scores["quotes"] or 0),
            "language": _below(scores["language_ok"], 1),
        }
        return tuple(key for key in FAILURES if shows[key])

    def to_dict(self) -> dict[str, Any]:
        """The row as plain values, ready for JSON."""
        row = asdict(self) | {"history": list(self.history)}
        row["scores"]["judge_reason"] = row.pop("judge_reason")
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Result:
        """The result that a row of `results.jsonl` holds.

        Raises ValueError, KeyError or TypeError for anything else.
        """
        scores = dict(row["scores"])
        reason = scores.pop("judge_reason", "")
        return _RESULT.validate_python({**row, "scores": scores, "judge_reason": reason})


_RESULT = TypeAdapter(Result)


def _below(score: float | None, wanted: float) -> bool:
    return score is not None and score < wanted


def score(assistant: Assistant, question: SetQuestion, asked: Answer | str) -> Result:
    """The result of a question, not yet judged; `asked` is its answer, or why there is none.

    A question that could not be asked counts as not answered.
    """
    sources = assistant.index.sources
    gold = locate(question.evidence, sources)
    answer = None if isinstance(asked, str) else asked
    # The words of an answer, and the shortest that it gives as the answer.
    said = unmarked(answer) if answer and answer.status == "answered" else None
    short = answer.lead.text if answer and answer.lead else said
    quotes = [quote for c in answer.citations for quote in c.quotes] if answer else []
    scores: Scores = dict.fromkeys(SCORES)
    scores["quotes"] = len(quotes)
    scores["quotes_valid"] = sum(is_verbatim(q, sources[q.source_id]) for q in quotes)
    if question.answerable:
        scores |= _wording(question, said, short)
    if gold:
        places = [Place(row["source"], row["start"], row["end"]) for row in gold]
        cited = [Place(q.source_id, q.start, q.end) for q in quotes if said is not None]
        scores["citation_recall"] = citation_recall(
            places, cited, any_is_enough=question.evidence_any
        )
        if cited:
            scores["citation_precision"] = citation_precision(places, cited)
        if answer:
            hits = [Place(h.passage.source_id, h.passage.start, h.passage.end) for h in answer.hits]
            scores |= retrieval_scores(places, hits, any_is_enough=question.evidence_any)
    due = question.language_of_reply
    languages = (due,) if due else answer_languages(assistant.settings.language, question.language)
    if answer:
        scores["language_ok"] = language_compliance(answer, languages)
        scores["latency_ms"] = round(1000 * answer.timings.total_s, 3)
    conditional = question.has_conditions
    asked_for = "set id pair question history language kind answerable near_miss"
    return Result(
        **_picked(question, asked_for),
        expected={
            "answers": list(question.answers),
            "answers_all": list(question.answers_all),
            "evidence": gold,
            "evidence_any": question.evidence_any,
            **(_conditions(question) if conditional else {}),
        },
        answer=answer_row(answer) if answer else None,
        error=asked if isinstance(asked, str) else "",
        scores=scores,
        unmet=unmet(question, answer, languages) if conditional else None,
    )


def _conditions(question: SetQuestion) -> dict[str, Any]:
    lists = {name: list(getattr(question, name)) for name in ("cite_any", "cite_all", "forbid")}
    all_of = [list(group) for group in question.all_of]
    return lists | {"all_of": all_of} | _picked(question, "any_k max_sentences language_of_reply")


def unmet(
    question: SetQuestion, answer: Answer | None, languages: Sequence[Language]
) -> tuple[str, ...]:
    """Which of CONDITIONS the reply to a question does not meet; all of them without a reply.

    languages: those that it may be in. Greetings and what is asked about the last reply count as
    answered whenever they are not refused.
    """
    if answer is None:
        return tuple(CONDITIONS)
    text = unmarked(answer)
    said = [contains(text, answers=group) for group in question.all_of]
    cited = {citation.source.id for citation in answer.citations}
    enough = ("answered", "partial") if _is_about_talk(answer) else ("answered",)
    met = {
        "answered": answer.status in enough,
        "said": sum(said) >= (question.any_k or len(said)),
        "unsaid": not contains(text, answers=question.forbid),
        "cited": cited.issuperset(question.cite_all)
        and not (question.cite_any and cited.isdisjoint(question.cite_any)),
        "length": not 0 < question.max_sentences < _sentences(text),
        "language": passage_language(_ADDRESS.sub("", _PARENTHESES.sub("", text))) in languages,
    }
    return tuple(name for name in CONDITIONS if not met[name])


def _is_about_talk(answer: Answer) -> bool:
    return getattr(answer, "kind", "") == "talk" or bool(getattr(answer, "operation", ""))


def _sentences(text: str) -> int:
    """How many sentences a reply has; originals in parentheses and bare numbers do not count."""
    told = _PARENTHESES.sub("", text)
    lines = split_lines(told, 0, len(told))
    spans = [span for line in lines for span in split_sentences(told, line.start, line.end)]
    return sum(any(map(str.isalpha, told[span.start : span.end])) for span in spans)


def _wording(question: SetQuestion, said: str | None, short: str | None) -> Scores:
    """Scores of the words of an answer, and of None for no answer."""
    answers, needed = question.answers, question.answers_all
    if not (answers or needed):
        return {}
    # "exact" is undefined for answers of several parts: their order is free.
    if said is None or short is None:
        return {"contains": 0.0, "f1": 0.0, "exact": 0.0 if answers else None}
    return {
        "contains": float(contains(said, answers=answers, answers_all=needed)),
        "f1": f1(short, answers or (" ".join(needed),), question.language),
        "exact": exact_match(short, answers, question.language) if answers else None,
    }


def answer_row(answer: Answer) -> dict[str, Any]:
    """What a result keeps of an answer: no whole sources, of hits only their passages."""
    lead = answer.lead
    row = _picked(answer, "status text reason language confidence composer stand_alone")
    row["lead"] = lead and _picked(lead, "start end text citation translated", lead.source_id)
    row["citations"] = [
        {
            **_picked(citation, "number support", citation.source.id),
            "title": citation.source.title(answer.language),
            "passage": _picked(citation.passage, "id start end"),
            "quotes": [_picked(quote, "start end text") for quote in citation.quotes],
            "translations": list(citation.translations),
        }
        for citation in answer.citations
    ]
    row["hits"] = [
        _picked(hit, "rank score", hit.passage.source_id) | _picked(hit.passage, "start end text")
        for hit in answer.hits
    ]
    return row


def _picked(item: object, names: str, source: str = "") -> dict[str, Any]:
    picked = {name: getattr(item, name) for name in names.split()}
    return picked | ({"source": source} if source else {})


# ---- words ----


def contains(text: str, *, answers: Sequence[str] = (), answers_all: Sequence[str] = ()) -> bool:
    """Whether the text holds a gold answer, or all of those that are needed.

    Case, white space, full-width forms and Traditional characters make no difference.
    """
    plain = "".join(_folded(text).split())
    wanted = ["".join(_folded(gold).split()) in plain for gold in answers_all or answers]
    return all(wanted) if answers_all else any(wanted)


def exact_match(text: str, golds: Sequence[str], language: Language) -> float:
    """1.0 when the text has the tokens of one of the gold answers, else 0.0."""
    tokens = answer_tokens(text, language)
    return float(any(tokens == answer_tokens(gold, language) for gold in golds))


def f1(text: str, golds: Sequence[str], language: Language) -> float:
    """Harmonic mean of precision and recall of the text's tokens, with the best gold answer.

    Definition: Rajpurkar et al., SQuAD, 2016; two texts without tokens agree, as in SQuAD 2.0.
    """
    tokens = answer_tokens(text, language)
    return max((_token_f1(tokens, answer_tokens(gold, language)) for gold in golds), default=0.0)


def answer_tokens(text: str, language: Language) -> list[str]:
    """The tokens that F1 counts.

    English: words without case, punctuation and articles, as SQuAD's official script has them.
    Chinese: characters without punctuation, runs of Latin letters and figures as one token.
    """
    text = _folded(text)
    if language == "zh":
        return _ZH_TOKEN.findall(text)
    return _ARTICLES.sub(" ", text.translate(_PUNCTUATION)).split()


def _token_f1(tokens: Sequence[str], gold: Sequence[str]) -> float:
    if not tokens or not gold:
        return float(tokens == gold)
    common = (Counter(tokens) & Counter(gold)).total()
    return 2 * common / (len(tokens) + len(gold))


def _folded(text: str) -> str:
    """The text without differences of form: width, case, apostrophes, Traditional characters."""
    return simplified(unicodedata.normalize("NFKC", text)).lower().replace("’", "'")


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
    said = _ADDRESS.sub("", _PARENTHESES.sub("", unmarked(answer)))
    short = answer.lead.text if answer.lead else ""
    lines = [line for line in said.splitlines() if line.strip() not in ("", short)]
    spoken = [passage_language(line) for line in lines if any(c.isalpha() for c in line)]
    if not spoken:
        return 1.0
    if foreign or not set(languages) <= set(spoken):
        return 0.0
    return sum(language in languages for language in spoken) / len(spoken)


# ---- places ----


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a source by its id; offsets count characters, the end is exclusive."""

    source: str
    start: int
    end: int

    def overlaps(self, other: Place) -> bool:
        """Whether the two share a character."""
        return self.source == other.source and self.start < other.end and other.start < self.end


def retrieval_scores(
    gold: Sequence[Place], hits: Sequence[Place], *, any_is_enough: bool = False
) -> dict[str, float]:
    """recall@1, recall@3, recall@6, mrr and ndcg@6 of hits in their order.

    A hit finds the gold places that it overlaps and that no hit before it overlaps. recall@k:
    share of the gold places that the first k hits find. For mrr and ndcg (by ir_measures) a hit
    is as relevant as it finds places, and each place that none finds is a missed hit.
    any_is_enough: the places count as one. Raises ValueError when there is no gold: the scores
    are undefined.
    """
    if not gold:
        raise ValueError("retrieval is undefined without gold evidence")
    import ir_measures

    left, found = list(gold), list[int]()
    for hit in hits:
        missed = [place for place in left if not place.overlaps(hit)]
        some = len(missed) < len(left)
        found.append(int(some) if any_is_enough else len(left) - len(missed))
        left = [] if any_is_enough and some else missed
    wanted = 1 if any_is_enough else len(gold)
    scores = {f"recall@{k}": sum(found[:k]) / wanted for k in (1, 3, 6)} | {"mrr": 0.0, "ndcg@6": 0}
    if sum(found):
        relevant = {f"hit {i}": count for i, count in enumerate(found) if count}
        relevant |= {f"missed {i}": 1 for i in range(wanted - sum(found))}
        run = {f"hit {i}": -float(i) for i in range(len(hits))}
        measures = {ir_measures.RR: "mrr", ir_measures.nDCG @ 6: "ndcg@6"}
        means = ir_measures.calc_aggregate(list(measures), {"": relevant}, {"": run})
        scores |= {name: float(means[measure]) for measure, name in measures.items()}
    return scores


def citation_precision(gold: Sequence[Place], quotes: Sequence[Place]) -> float:
    """Share of the quotes, of which there is one at least, that overlap gold evidence."""
    return sum(any(quote.overlaps(place) for place in gold) for quote in quotes) / len(quotes)


def citation_recall(
    gold: Sequence[Place], quotes: Sequence[Place], *, any_is_enough: bool = False
) -> float:
    """Share of the gold evidence, of which there is some, that a quote overlaps.

    With any_is_enough 0.0 or 1.0.
    """
    found = [any(place.overlaps(quote) for quote in quotes) for place in gold]
    return float(any(found)) if any_is_enough else sum(found) / len(found)


def locate(evidence: Sequence[GoldEvidence], sources: Mapping[str, Source]) -> list[dict[str, Any]]:
    """Where gold evidence stands: source, start, end, text; what stands nowhere is left out."""
    return [
        {"source": id_, "start": start, "end": start + len(gold.text), "text": gold.text}
        for gold in evidence
        for id_ in ([gold.source] if gold.source else sources)
        if id_ in sources
        for start in _starts(gold, sources[id_].text)
    ]


def _starts(gold: GoldEvidence, text: str) -> list[int]:
    """Where the words stand in the text: everywhere when they name no source."""
    if not gold.source:
        # "9" does not stand in "2019", nor "art" in "part"; Chinese words have no such borders.
        left = r"(?<![A-Za-z0-9])" if gold.text[0].isascii() else ""
        right = r"(?![A-Za-z0-9])" if gold.text[-1].isascii() else ""
        found = re.finditer(left + re.escape(gold.text) + right, text)
        return [match.start() for match in found]
    start = text.find(gold.text) if gold.start is None else gold.start
    return [start] if start >= 0 and text.startswith(gold.text, start) else []


def evidence_problems(questions: Sequence[SetQuestion], sources: Mapping[str, Source]) -> list[str]:
    """One line for each piece of gold evidence that does not stand in the source it names.

    And one for each source that must be cited and that the index does not have.
    """
    problems = []
    for question in questions:
        for id_ in dict.fromkeys((*question.cite_any, *question.cite_all)):
            if id_ not in sources:
                problems.append(
                    f"{question.set}, {question.id}: the index has no source {id_!r}; it cannot "
                    "be cited"
                )
        for gold in question.evidence:
            if not gold.source or locate([gold], sources):
                continue
            what = f"the evidence {gold.text[:40]!r} does not stand in the source {gold.source!r}"
            if gold.source not in sources:
                what = f"the index has no source {gold.source!r}"
            elif gold.start is not None:
                what += f" at {gold.start:,}"
            problems.append(f"{question.set}, {question.id}: {what}; scores leave it out")
    return problems
