"""XQuAD asked through the product: retrieval, answers and refusals, in four directions."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from ..answering import Assistant, open_assistant
from ..errors import AssistantError
from ..settings import Settings
from ..types import LANGUAGES, Language
from .checks import Mark, SetRow, Text, bar, print_rows, read_set_rows, share
from .indexes import SetText, texts_settings
from .score import contains, exact_match, f1, unmarked
from .sets import shipped

# The articles of SQuAD 2.0's development set that the reader and the cuts are fitted on, the first
# ten also with XQuAD's own paragraphs. XQuAD has five paragraphs of each of them:
# figures on these say how well the fit remembers, not how well it works.
FITTED_ARTICLES = frozenset(
    "normans computational_complexity_theory huguenot steam_engine 1973_oil_crisis "
    "packet_switching yuan_dynasty immune_system islamism warsaw amazon_rainforest black_death "
    "civil_disobedience construction ctenophora economic_inequality fresno,_california geology "
    "intergovernmental_panel_on_climate_change jacksonville,_florida oxygen pharmacy prime_number "
    "private_school rhine sky_(united_kingdom) southern_california university_of_chicago "
    "victoria_(australia)".split()
)
T = TypeVar("T")
# XQuAD's longest paragraphs have some 600 tokens; a limit of 500 parts three of the 240.
PASSAGE_TOKENS = 500
# Passages retrieved a question: five paragraphs, of which three may be in two parts.
RETRIEVED = 8


@dataclass(frozen=True, slots=True)
class XquadQuestion:
    """A question with its gold span, which begins at `start` of its paragraph's source.

    id and paragraph, a number in the file, are the same in both languages. article: its title,
    "" where the file has none.
    """

    id: str
    question: str
    paragraph: int
    article: str
    answer: str
    start: int


@dataclass(frozen=True, slots=True)
class XquadFile:
    """One language of XQuAD: paragraphs on one line each, the title of each one's article."""

    language: Language
    paragraphs: tuple[str, ...]
    articles: tuple[str, ...]
    questions: tuple[XquadQuestion, ...]

    def source(self, paragraph: int) -> str:
        """The id of the source that holds a paragraph."""
        return f"{self.language}-{paragraph:04}"


@dataclass(frozen=True, slots=True)
class Marked:
    """One question, and what its answer adds to each row of the table."""

    paragraph: int
    marks: Mapping[str, Mark]


class NearMiss(SetRow):
    """A question that the paragraph of that number, as every other, leaves unanswered."""

    question: Text
    language: Language
    paragraph: int = Field(ge=0)


# Asks the questions of a file of the index that holds some files.
Asking = Callable[[Assistant, XquadFile, Sequence[XquadFile]], Iterator[Marked]]


def print_retrieval(settings: Settings, directory: Path, *, limit: int | None = None) -> None:
    """Print recall of the gold paragraph in four directions, then in one index of both languages.

    `limit` asks that many questions of each language, spread over the articles.
    """
    files = read_xquad(directory, limit)
    _print_tables(settings, files, [*([file] for file in files), files], _retrieval)


def print_answers(settings: Settings, directory: Path, *, limit: int | None = None) -> None:
    """Print how often sentences, answers and short answers hold the gold, in four directions."""
    files = read_xquad(directory, limit)
    _print_tables(settings, files, [[file] for file in files], _answers)


def print_refusal(settings: Settings, directory: Path, *, limit: int | None = None) -> None:
    """Print precision and recall of refusal in four directions.

    A paragraph or its article is removed by limiting the sources that are searched to the others;
    it stays in the index, where its words still count for how rare a word is. `limit` bounds near
    misses, too.
    """
    files = read_xquad(directory, limit)
    near = sorted(near_misses(files[0]), key=lambda row: (row.paragraph, row.id))
    near = sample(near, limit and 2 * limit)

    def asking(
        assistant: Assistant, asked: XquadFile, held: Sequence[XquadFile]
    ) -> Iterator[Marked]:
        mine = [row for row in near if row.language == asked.language]
        return _refusals(assistant, asked, held[0], mine)

    _print_tables(settings, files, [[file] for file in files], asking)


def near_misses(file: XquadFile) -> list[NearMiss]:
    """The near misses written for the paragraphs of articles that nothing was fitted on."""
    rows = read_set_rows(shipped("xquad_near_misses.jsonl"), NearMiss)
    there = [row for row in rows if row.paragraph < len(file.paragraphs)]
    return [row for row in there if file.articles[row.paragraph] not in FITTED_ARTICLES]


def read_xquad(directory: Path, limit: int | None = None) -> list[XquadFile]:
    """The files `xquad.en.json` and `xquad.zh.json`, with at most `limit` questions each.

    Raises AssistantError when one is absent, in another format, or not parallel to the other.
    """
    files = [_read(directory / f"xquad.{language}.json", language, limit) for language in LANGUAGES]
    first, second = ([(q.id, q.paragraph) for q in file.questions] for file in files)
    if first != second:
        raise AssistantError(
            f"The two XQuAD files in {directory} do not hold the same questions in the same order. "
            "Copy both from one version of XQuAD."
        )
    return files


def _read(path: Path, language: Language, limit: int | None) -> XquadFile:
    paragraphs: list[str] = []
    articles: list[str] = []
    questions: list[XquadQuestion] = []
    try:
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            title = str(article.get("title", "")).replace(" ", "_").lower()
            for row in article["paragraphs"]:
                number, context = len(paragraphs), row["context"]
                questions += [_question(q, context, number, title) for q in row["qas"]]
                paragraphs.append(_one_line(context) + "\n")
                articles.append(title)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise AssistantError(
            f"{path} is not a file of XQuAD ({type(error).__name__}). Give the directory that "
            "holds xquad.en.json and xquad.zh.json from github.com/google-deepmind/xquad."
        ) from error
    asked = tuple(sample(questions, limit))
    return XquadFile(language, tuple(paragraphs), tuple(articles), asked)


def _question(row: Mapping[str, Any], context: str, paragraph: int, article: str) -> XquadQuestion:
    gold = row["answers"][0]
    before = context[: gold["answer_start"]]
    start = len(_one_line(before))
    start += 1 if start and before[-1].isspace() else 0
    answer = _one_line(gold["text"])
    return XquadQuestion(str(row["id"]), str(row["question"]), paragraph, article, answer, start)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def sample(items: Sequence[T], limit: int | None) -> list[T]:
    """At most `limit` items, spread evenly over the sequence and so over its articles."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[i * len(items) // limit] for i in range(limit)]


def opened(settings: Settings, files: Sequence[XquadFile]) -> Assistant:
    """An assistant over each paragraph of the files as one source; its index is kept."""
    home = settings.home / "evaluation" / "-".join(["xquad", *(file.language for file in files)])
    texts = {
        file.source(number): SetText(file.language, text)
        for file in files
        for number, text in enumerate(file.paragraphs)
    }
    return open_assistant(texts_settings(settings, home, texts, passage_tokens=PASSAGE_TOKENS))


def _print_tables(
    settings: Settings,
    files: Sequence[XquadFile],
    indexes: Sequence[Sequence[XquadFile]],
    asking: Asking,
) -> None:
    """Ask each index the questions of each file; print a table of what nothing was fitted on.

    And one of everything, whose other articles were fitted on or have no title.
    """
    columns: dict[str, list[Marked]] = {}
    for held in indexes:
        with opened(settings, held) as assistant:
            for asked in files:
                name = f"{asked.language} → {'+'.join(file.language for file in held)}"
                columns[name] = list(asking(assistant, asked, held))
    # Within a language first, both languages in one index last.
    order = sorted(columns, key=lambda name: (len(name), name[:2] != name[-2:]))
    columns = {name: columns[name] for name in order}
    rows = dict.fromkeys(row for asked in columns.values() for one in asked for row in one.marks)
    titles = files[0].articles
    unseen = {i for i, title in enumerate(titles) if title and title not in FITTED_ARTICLES}
    for what, group in (
        ("articles that nothing was fitted on", unseen),
        ("all articles", set(range(len(titles)))),
    ):
        asked_of = [q for q in files[0].questions if q.paragraph in group]
        if not asked_of:
            continue
        cells = {
            row: [
                share(one.marks.get(row) for one in column if one.paragraph in group)
                for column in columns.values()
            ]
            for row in rows
        }
        count = f"{len({q.article for q in asked_of})} ({len(asked_of)} questions)"
        print_rows(f"% [95 % interval], {what}: {count}", list(columns), cells)


def _retrieval(
    assistant: Assistant, asked: XquadFile, held: Sequence[XquadFile]
) -> Iterator[Marked]:
    """Recall of the gold paragraph in each of the languages that the index holds."""
    import ir_measures
    from ir_measures import R

    for question in bar(asked.questions):
        hits = assistant.retrieve(question.question, count=RETRIEVED)
        ranked = dict.fromkeys(hit.passage.source_id for hit in hits)
        run = {"": {source: -float(place) for place, source in enumerate(ranked)}}
        marks: dict[str, Mark] = {}
        for file in held:
            gold = {"": {file.source(question.paragraph): 1}}
            found = ir_measures.calc_aggregate([R @ 1, R @ 5], gold, run)
            same = "same" if file.language == asked.language else "other"
            where = "" if len(held) == 1 else f", the {same} language's"
            marks |= {f"recall@{k}{where}": found[R @ k] for k in (1, 5)}
        yield Marked(question.paragraph, marks)


def _answers(assistant: Assistant, asked: XquadFile, held: Sequence[XquadFile]) -> Iterator[Marked]:
    """Whether the best sentence, the answer and the short answer hold the gold of the index."""
    (file,) = held
    pairs = zip(asked.questions, file.questions, strict=True)
    for question, gold in bar(list(pairs)):
        words, source, golds = question.question, file.source(gold.paragraph), [gold.answer]
        answer = assistant.ask(words)
        is_answered, short = answer.status == "answered", answer.lead.text if answer.lead else ""
        quoted = contains(unmarked(answer), answers=golds)
        marks: dict[str, Mark] = {
            "first sentence, right paragraph given": _is_found(
                assistant, words, gold, source, [source]
            ),
            "first sentence, end to end": _is_found(assistant, words, gold, source, None),
            "in the quoted answer": quoted,
            "… and answered": quoted and is_answered,
            **{status: answer.status == status for status in ("answered", "partial", "refused")},
            "short answer, F1": f1(short, golds, file.language),
            "short answer, exact": exact_match(short, golds, file.language),
        }
        yield Marked(gold.paragraph, marks)


def _is_found(
    assistant: Assistant,
    question: str,
    gold: XquadQuestion,
    source: str,
    sources: list[str] | None,
) -> bool:
    """Whether the best sentence holds the whole gold span, by its offsets."""
    best = assistant.find(question, sources=sources).choices[0]
    span, end = best.passage.sentences[best.number], gold.start + len(gold.answer)
    return best.passage.source_id == source and span.start <= gold.start and end <= span.end


def _refusals(
    assistant: Assistant, asked: XquadFile, held: XquadFile, near: Sequence[NearMiss]
) -> Iterator[Marked]:
    """How often questions are held back: as they are, without their sources, and near misses.

    Precision of near misses is taken among them and the questions that their paragraphs answer.
    """
    everything = range(len(held.paragraphs))
    beside = {row.paragraph for row in near}

    def is_held(question: str, without: Collection[int] = ()) -> bool:
        left = [held.source(number) for number in everything if number not in without]
        return assistant.ask(question, sources=left if without else None).status != "answered"

    for question in bar(asked.questions):
        wrongly = is_held(question.question)
        marks: dict[str, Mark] = {"answerable, not answered": wrongly}
        if question.paragraph in beside:
            marks["near misses: precision"] = (0.0, wrongly)
        article = [i for i in everything if held.articles[i] == question.article]
        for name, without in (("paragraph", [question.paragraph]), ("article", article)):
            rightly = is_held(question.question, without)
            marks[f"{name} removed: recall"] = rightly
            marks[f"{name} removed: precision"] = (rightly, rightly + wrongly)
        yield Marked(question.paragraph, marks)
    for row in bar(near):
        rightly = is_held(row.question)
        precision = {"near misses: precision": (float(rightly), float(rightly))}
        yield Marked(row.paragraph, {"near misses: recall": rightly, **precision})
