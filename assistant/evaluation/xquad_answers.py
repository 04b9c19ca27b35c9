"""Answers on XQuAD, asked through the product: is the right sentence found, and the right words?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..answering import Assistant, open_assistant
from ..quoting import Choice
from ..settings import Settings
from ..types import LANGUAGES, Language, Status
from .intervals import percent, ratio
from .metrics import contains, exact_match, f1
from .scoring import unmarked
from .xquad_index import source_id, xquad_settings
from .xquad_set import XquadQuestion, print_rows, read_xquad, row_groups, sample

Direction = tuple[Language, Language]
# From the language of the question to the only language of the index.
DIRECTIONS: tuple[Direction, ...] = (("en", "en"), ("zh", "zh"), ("en", "zh"), ("zh", "en"))


@dataclass(frozen=True, slots=True)
class Marks:
    """How one answer did; the gold is the span, and its words, in the index's language.

    given: with only the right paragraph searched, the best sentence contains the gold span.
    first: with all searched, it does. worded: it does, or has the gold words from another place.
    quoted: the answer's text has the gold words, whatever its status. has_lead: it has a short
    answer, which lead_f1 and lead_exact score, 0.0 to 1.0; without one both are 0.0.
    """

    given: bool
    first: bool
    worded: bool
    quoted: bool
    status: Status
    has_lead: bool
    lead_f1: float
    lead_exact: float

    @property
    def answered(self) -> bool:
        """Whether the status is "answered"."""
        return self.status == "answered"


def print_answers(settings: Settings, directory: Path, *, limit: int | None = None) -> None:
    """Print how often sentences, answers and short answers hold the gold, in four directions.

    In per cent of the questions, with 95 % bootstrap intervals. `limit` asks that many questions
    in each direction, spread over the articles.
    """
    files = read_xquad(directory)
    asked = {language: sample(file.questions, limit) for language, file in files.items()}
    marks: dict[Direction, list[Marks]] = {}
    for held in LANGUAGES:
        with open_assistant(xquad_settings(settings, [files[held]])) as assistant:
            for language in LANGUAGES:
                marks[language, held] = _marked(assistant, asked[language], asked[held], held)
    columns = [f"{language} → {held}" for language, held in DIRECTIONS]
    for heading, places in row_groups(asked["en"]):
        groups = [[marks[direction][place] for place in places] for direction in DIRECTIONS]
        rows = {name: [_cell(group, parts) for group in groups] for name, parts in _ROWS.items()}
        print_rows(f"% [95 % interval]: {heading}", columns, rows)


def _marked(
    assistant: Assistant,
    questions: Sequence[XquadQuestion],
    golds: Sequence[XquadQuestion],
    held: Language,
) -> list[Marks]:
    from tqdm import tqdm

    pairs = zip(questions, golds, strict=True)
    return [
        _marks(assistant, question.question, gold, held)
        for question, gold in tqdm(pairs, total=len(questions), leave=False, disable=None)
    ]


def _marks(assistant: Assistant, question: str, gold: XquadQuestion, held: Language) -> Marks:
    source = source_id(held, gold.paragraph)
    best_given = assistant.find(question, sources=[source]).choices[0]
    best = assistant.find(question).choices[0]
    first = contains_gold(best, source, gold)
    answer = assistant.ask(question)
    lead = answer.lead
    return Marks(
        given=contains_gold(best_given, source, gold),
        first=first,
        worded=first or contains(best.passage.sentence(best.number), answers=[gold.answer]),
        quoted=contains(unmarked(answer), answers=[gold.answer]),
        status=answer.status,
        has_lead=lead is not None,
        lead_f1=f1(lead.text, [gold.answer], held) if lead else 0.0,
        lead_exact=exact_match(lead.text, [gold.answer], held) if lead else 0.0,
    )


def contains_gold(choice: Choice, source: str, gold: XquadQuestion) -> bool:
    """Whether the sentence, by its offsets in the source, holds the whole gold span."""
    span = choice.passage.sentences[choice.number]
    right_place = choice.passage.source_id == source
    return right_place and span.start <= gold.start and gold.end <= span.end


# What a question adds to the numerator and the denominator of each row.
_ROWS: dict[str, Callable[[Marks], tuple[float, float]]] = {
    "first sentence, right paragraph given": lambda m: (m.given, 1),
    "first sentence, end to end": lambda m: (m.first, 1),
    "… or the gold words elsewhere": lambda m: (m.worded, 1),
    "in the quoted answer": lambda m: (m.quoted, 1),
    "… and answered": lambda m: (m.quoted and m.answered, 1),
    "… of those answered": lambda m: (m.quoted and m.answered, m.answered),
    "answered": lambda m: (m.answered, 1),
    "partial": lambda m: (m.status == "partial", 1),
    "refused": lambda m: (m.status == "refused", 1),
    "short answer, F1": lambda m: (m.lead_f1, 1),
    "short answer, exact": lambda m: (m.lead_exact, 1),
    "… F1 where there is one": lambda m: (m.lead_f1, m.has_lead),
}


def _cell(group: Sequence[Marks], parts: Callable[[Marks], tuple[float, float]]) -> str:
    above, below = zip(*(parts(marks) for marks in group), strict=True)
    return percent(ratio(above, below))
