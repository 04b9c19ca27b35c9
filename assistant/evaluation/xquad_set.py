"""XQuAD's questions in both languages: gold spans, articles, samples, and what may be reported."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..errors import AssistantError
from ..types import LANGUAGES, Language

# The articles of SQuAD 2.0's development set that the reader and the cuts are fitted on
# (chrischute/squad at 85623ade; 3,895 questions). XQuAD has five paragraphs of each of them:
# figures on these say how well the fit remembers, not how well it works.
FITTED_ARTICLES = frozenset(
    "normans computational_complexity_theory huguenot steam_engine 1973_oil_crisis "
    "packet_switching yuan_dynasty immune_system islamism warsaw".split()
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class XquadQuestion:
    """A question with its gold span, which is `text[start:end]` of its paragraph's source.

    id and paragraph, a number in the file, are the same in both languages. article: the title
    in the file, "" where the file has none.
    """

    id: str
    question: str
    paragraph: int
    article: str
    answer: str
    start: int
    end: int

    @property
    def reportable(self) -> bool:
        """Whether it is known that nothing was fitted on the article."""
        title = self.article.replace(" ", "_").lower()
        return bool(title) and title not in FITTED_ARTICLES


@dataclass(frozen=True, slots=True)
class XquadFile:
    """One language of XQuAD: paragraphs on one line each, and the number of each one's article."""

    language: Language
    paragraphs: tuple[str, ...]
    articles: tuple[int, ...]
    questions: tuple[XquadQuestion, ...]

    def article_of(self, paragraph: int) -> frozenset[int]:
        """The numbers of all paragraphs of the same article."""
        article = self.articles[paragraph]
        return frozenset(i for i, other in enumerate(self.articles) if other == article)


Xquad = Mapping[Language, XquadFile]


def read_xquad(directory: Path) -> Xquad:
    """Both languages of the files `xquad.en.json` and `xquad.zh.json`.

    Raises AssistantError when one is absent, in another format, or not parallel to the other.
    """
    files = {
        language: _read(directory / f"xquad.{language}.json", language) for language in LANGUAGES
    }
    first, second = ([(q.id, q.paragraph) for q in file.questions] for file in files.values())
    if first != second:
        raise AssistantError(
            f"The two XQuAD files in {directory} do not hold the same questions in the same order. "
            "Copy both from one version of XQuAD."
        )
    return files


def sample(items: Sequence[T], limit: int | None) -> list[T]:
    """At most `limit` items, spread evenly over the sequence and so over its articles.

    The same for both languages of a set. Raises AssistantError for a limit below 1.
    """
    if limit is not None and limit < 1:
        raise AssistantError(f"--limit is {limit}, but must be 1 or more.")
    if limit is None or limit >= len(items):
        return list(items)
    return [items[i * len(items) // limit] for i in range(limit)]


def row_groups(questions: Sequence[XquadQuestion]) -> list[tuple[str, list[int]]]:
    """The groups of rows that every benchmark prints: a heading, and places in `questions`.

    First what is reported, the articles that nothing was fitted on, if there are any; then all.
    """
    mine = [place for place, question in enumerate(questions) if question.reportable]
    articles = {questions[place].article for place in mine}
    others = len(questions) - len(mine)
    groups = [
        (f"{len(articles)} articles that nothing was fitted on ({len(mine)} questions)", mine),
        (
            f"all articles ({len(questions)} questions; {others} on articles that were fitted on "
            "or have no title)",
            list(range(len(questions))),
        ),
    ]
    return [group for group in groups if group[1]]


def print_rows(heading: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> None:
    """Print a table with its heading; a row has one cell for each column."""
    names = max(len(name) for name in rows)
    widths = [max(map(len, cells)) for cells in zip(columns, *rows.values(), strict=True)]
    print(f"\n{heading}")
    for name, cells in {"": columns, **rows}.items():
        padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
        print(f"{name:{names}}   " + "   ".join(padded), flush=True)


def _read(path: Path, language: Language) -> XquadFile:
    paragraphs: list[str] = []
    articles: list[int] = []
    questions: list[XquadQuestion] = []
    try:
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        for number, article in enumerate(data):
            for row in article["paragraphs"]:
                title = str(article.get("title", ""))
                questions += [
                    _question(q, row["context"], len(paragraphs), title) for q in row["qas"]
                ]
                paragraphs.append(_one_line(row["context"]) + "\n")
                articles.append(number)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise AssistantError(
            f"{path} is not a file of XQuAD ({type(error).__name__}). Give the directory that "
            "holds xquad.en.json and xquad.zh.json from github.com/google-deepmind/xquad."
        ) from error
    return XquadFile(language, tuple(paragraphs), tuple(articles), tuple(questions))


def _question(row: Mapping[str, Any], context: str, paragraph: int, article: str) -> XquadQuestion:
    gold = row["answers"][0]
    before = context[: gold["answer_start"]]
    start = len(_one_line(before))
    if start and before[-1].isspace():
        start += 1
    answer = _one_line(gold["text"])
    return XquadQuestion(
        id=str(row["id"]),
        question=str(row["question"]),
        paragraph=paragraph,
        article=article,
        answer=answer,
        start=start,
        end=start + len(answer),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
