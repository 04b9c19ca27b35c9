"""Refusals on XQuAD: what comes back when the right paragraph, or its article, is not searched?

A paragraph is removed by limiting the sources of `Assistant.ask` to the others. It stays in the
index, where its words still count for how rare a word is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..answering import Assistant, open_assistant
from ..settings import Settings
from ..types import LANGUAGES, Status
from .intervals import auroc, percent, ratio, share
from .xquad_answers import DIRECTIONS, Direction
from .xquad_index import source_id, xquad_settings
from .xquad_near_misses import NearMiss, near_miss_file, read_near_misses
from .xquad_set import XquadFile, XquadQuestion, print_rows, read_xquad, row_groups, sample

T = TypeVar("T")
STATUSES: tuple[Status, ...] = ("answered", "partial", "refused")
# An estimate as a cell of the table, by the name of its row.
Column = dict[str, str]
_UNDEFINED = percent(None)


@dataclass(frozen=True, slots=True)
class ToAsk:
    """What is asked in one language; beside: the questions of the near misses' paragraphs."""

    questions: list[XquadQuestion]
    near: list[NearMiss]
    beside: list[XquadQuestion]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a question ended; confidence is the product's own, 0 to 1."""

    status: Status
    confidence: float

    @property
    def held(self) -> bool:
        """Whether it was not simply answered."""
        return self.status != "answered"


@dataclass(frozen=True, slots=True)
class Asked:
    """The outcomes of one direction, in the order of its `ToAsk`.

    whole: the questions as they are. removed: the same after each removal.
    """

    whole: list[Outcome]
    removed: Mapping[str, list[Outcome]]
    near: list[Outcome]
    beside: list[Outcome]


def print_refusal(settings: Settings, directory: Path, *, limit: int | None = None) -> None:
    """Print outcomes, and precision, recall and AUROC of refusal, in four directions.

    In per cent, with 95 % bootstrap intervals. `limit` asks that many questions, near misses and
    questions beside these in each direction, spread over the articles.
    """
    files = read_xquad(directory)
    to_ask = {language: _to_ask(file, limit) for language, file in files.items()}
    asked: dict[Direction, Asked] = {}
    for held in LANGUAGES:
        with open_assistant(xquad_settings(settings, [files[held]])) as assistant:
            for language in LANGUAGES:
                asked[language, held] = _ask(assistant, to_ask[language], files[held])
    names = [f"{language} → {held}" for language, held in DIRECTIONS]
    for heading, places in row_groups(to_ask["en"].questions):
        paragraphs = _paragraphs(files["en"], to_ask["en"].questions, places)
        columns = [
            _column(asked[language, held], to_ask[language], places, paragraphs)
            for language, held in DIRECTIONS
        ]
        rows = {name: [column[name] for column in columns] for name in columns[0]}
        defined = {name: cells for name, cells in rows.items() if set(cells) != {_UNDEFINED}}
        print_rows(f"% [95 % interval]: {heading}", names, defined)


def _to_ask(file: XquadFile, limit: int | None) -> ToAsk:
    rows = read_near_misses(near_miss_file(), paragraphs=len(file.paragraphs))
    near = sample([row for row in rows if row.language == file.language], limit)
    theirs = {row.paragraph for row in near}
    beside = [question for question in file.questions if question.paragraph in theirs]
    return ToAsk(sample(file.questions, limit), near, sample(beside, limit))


def _ask(assistant: Assistant, to_ask: ToAsk, file: XquadFile) -> Asked:
    """Ask all of it of the index that holds `file`."""

    def ask(text: str, without: Collection[int] = ()) -> Outcome:
        left = set(range(len(file.paragraphs))).difference(without)
        sources = [source_id(file.language, number) for number in left] if without else None
        answer = assistant.ask(text, sources=sources)
        return Outcome(answer.status, answer.confidence)

    questions = to_ask.questions
    known = {q.id: ask(q.question) for q in _bar(questions)}
    known |= {q.id: ask(q.question) for q in _bar(to_ask.beside) if q.id not in known}
    without: dict[str, Callable[[XquadQuestion], Collection[int]]] = {
        "paragraph removed": lambda q: {q.paragraph},
        "article removed": lambda q: file.article_of(q.paragraph),
    }
    return Asked(
        whole=[known[q.id] for q in questions],
        removed={
            name: [ask(q.question, left_out(q)) for q in _bar(questions)]
            for name, left_out in without.items()
        },
        near=[ask(near.question) for near in _bar(to_ask.near)],
        beside=[known[q.id] for q in to_ask.beside],
    )


def _bar(items: Sequence[T]) -> Iterable[T]:
    from tqdm import tqdm

    bar: Iterable[T] = tqdm(items, leave=False, disable=None)
    return bar


def _paragraphs(
    file: XquadFile, questions: Sequence[XquadQuestion], places: Sequence[int]
) -> set[int]:
    """The paragraphs whose near misses belong to a group of rows."""
    if len(places) == len(questions):
        return set(range(len(file.paragraphs)))
    return {question.paragraph for question in file.questions if question.reportable}


def _column(
    asked: Asked, to_ask: ToAsk, places: Sequence[int], paragraphs: Collection[int]
) -> Column:
    """The cells of one direction, for the questions at `places` and those of `paragraphs`."""
    whole = [asked.whole[place] for place in places]
    removed = {name: [outcomes[i] for i in places] for name, outcomes in asked.removed.items()}
    near = _of_paragraphs(asked.near, [n.paragraph for n in to_ask.near], paragraphs)
    beside = _of_paragraphs(asked.beside, [q.paragraph for q in to_ask.beside], paragraphs)
    column = _statuses("as it is", whole)
    for name, outcomes in removed.items():
        column |= _statuses(name, outcomes)
    for name, outcomes in removed.items():
        column |= _refusal(name, outcomes, whole, paired=True)
    column |= {"near misses": str(len(near)) if near else _UNDEFINED}
    column |= {"questions of their paragraphs": str(len(beside)) if near else _UNDEFINED}
    column |= _statuses("near misses", near) | _statuses("their paragraphs", beside)
    return column | _refusal("near misses", near, beside, paired=False)


def _of_paragraphs(
    outcomes: Sequence[Outcome], asked: Sequence[int], paragraphs: Collection[int]
) -> list[Outcome]:
    """The outcomes of the questions that were asked of one of the paragraphs."""
    pairs = zip(outcomes, asked, strict=True)
    return [outcome for outcome, paragraph in pairs if paragraph in paragraphs]


def _statuses(name: str, outcomes: Sequence[Outcome]) -> Column:
    return {
        f"{name}: {status}": percent(share([outcome.status == status for outcome in outcomes]))
        for status in STATUSES
    }


def _refusal(
    name: str, wanted: Sequence[Outcome], unwanted: Sequence[Outcome], *, paired: bool
) -> Column:
    """Precision and recall of "not answered", and AUROC of the confidence that it goes by.

    paired: wanted[i] and unwanted[i] are the same question.
    """
    right, wrong = [o.held for o in wanted], [o.held for o in unwanted]
    if paired:
        above, below = right, [sum(both) for both in zip(right, wrong, strict=True)]
    else:
        above, below = [*right, *(False for _ in wrong)], [int(held) for held in right + wrong]
    high, low = [o.confidence for o in unwanted], [o.confidence for o in wanted]
    return {
        f"{name}: precision": percent(ratio(above, below)),
        f"{name}: recall": percent(share(right)),
        f"{name}: AUROC": percent(auroc(high, low, paired=paired)),
    }
