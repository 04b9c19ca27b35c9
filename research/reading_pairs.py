"""(question, passage) pairs that the reader is fitted on, with a span or with none.

Sources: the reading sets (`FILES`), the five XQuAD paragraphs of each of ten of their articles
(both languages: they are never reported on), near misses and everyday rewordings that we wrote on
their paragraphs, swapped questions, and questions over another passage.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from assistant.errors import AssistantError
from assistant.retrieval.language import passage_language, question_language

from .swaps import swap

PairKind = Literal["answerable", "near_miss", "swapped", "other"]


@dataclass(frozen=True, slots=True)
class ReadingPair:
    """A question over a passage; `spans` are all gold spans in characters, empty if none.

    group: the article, so that halves can be kept apart. crossed: the two are in different
    languages. language: the question's.
    """

    question: str
    passage: str
    spans: tuple[tuple[int, int], ...]
    group: str
    kind: PairKind
    language: str
    crossed: bool = False


@dataclass(frozen=True, slots=True)
class ReadingFile:
    """A file of the reading sets, and how many of its pairs of each kind a fit takes."""

    name: str
    language: str
    answerable: int
    near_miss: int


# Near misses are scarce in English and Chinese: all of them; those of other languages as many as
# our own two have together, and of answerable questions about as many as of the others.
FILES = (
    ReadingFile("squad2", "en", 9_999, 9_999),
    ReadingFile("squad2-dev19", "en", 9_999, 9_999),
    ReadingFile("squad2-pairs", "en", 1_500, 9_999),
    ReadingFile("squad2-train10", "en", 1_500, 9_999),
    ReadingFile("cmrc2018", "zh", 9_999, 9_999),
    ReadingFile("cmrc2018-train-zh", "zh", 4_000, 9_999),
    ReadingFile("drcd-dev-zh", "zh", 9_999, 9_999),
    ReadingFile("idkmrc-id", "id", 2_000, 3_000),
    ReadingFile("pquad-fa", "fa", 2_000, 2_500),
    ReadingFile("heq-he", "he", 800, 9_999),
)
# The other files are read where they are there.
NEEDED = ("squad2", "cmrc2018")
WRITTEN = Path(__file__).parent / "data" / "written_questions.jsonl"
# Of the writers of our own questions the one whose paragraphs no fit sees, whoever asks of them.
ASIDE = 5


def reading_pairs(reading: Path, xquad: Path, *, seed: int) -> list[ReadingPair]:
    """All pairs, natural and made, in a fixed order for a seed."""
    rng = random.Random(seed)
    english, chinese = _english(reading), _chinese(reading)
    bilingual = _bilingual(english, xquad)
    pairs = _written(reading) + bilingual
    for file in FILES:
        mine = _squad(reading, file)
        for kind, most in (("answerable", file.answerable), ("near_miss", file.near_miss)):
            of_kind = [pair for pair in mine if pair.kind == kind]
            pairs += rng.sample(of_kind, min(most, len(of_kind)))
    natural = english + rng.sample(chinese, len(chinese) // 2)
    pairs += _swapped(natural, rng) + _swapped([p for p in bilingual if p.crossed], rng)
    pairs += _others([p for p in pairs if p.kind == "answerable" and rng.random() < 0.4], rng)
    aside = _aside(reading)
    return [replace(p, group=aside.get(p.passage, p.group)) for p in pairs]


def _aside(reading: Path) -> dict[str, str]:
    """The passages of the writer that is kept aside, each with the group that says so."""
    rows = _written_rows(reading)
    return {_passage(reading, row): "aside" for row in rows if row["writer"] == ASIDE}


def natural_pairs(reading: Path) -> list[ReadingPair]:
    """The questions that people asked of these passages, and those of our own on them."""
    natural = [pair for file in FILES[:2] for pair in _squad(reading, file)]
    natural += _chinese(reading) + _written(reading)
    aside = _aside(reading)
    return [replace(p, group=aside.get(p.passage, p.group)) for p in natural]


def _english(reading: Path) -> list[ReadingPair]:
    return _squad(reading, FILES[0])


def _chinese(reading: Path) -> list[ReadingPair]:
    return _squad(reading, FILES[4])


def _squad(reading: Path, file: ReadingFile) -> list[ReadingPair]:
    pairs: list[ReadingPair] = []
    path = reading / f"{file.name}-fit.json"
    if file.name not in NEEDED and not path.is_file():
        return pairs
    for number, article in enumerate(_articles(path)):
        group = f"{file.name}:{article.get('title') or number}"
        if file.name == "cmrc2018":
            group = f"zh:{number}"
        for paragraph in article["paragraphs"]:
            for row in paragraph["qas"]:
                spans = _spans(row)
                pairs.append(
                    ReadingPair(
                        question=row["question"],
                        passage=paragraph["context"],
                        spans=spans,
                        group=group,
                        kind="answerable" if spans else "near_miss",
                        language=file.language,
                    )
                )
    return pairs


@lru_cache(maxsize=len(FILES) + 2)
def _articles(path: Path) -> list[dict[str, Any]]:
    try:
        articles: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["data"]
        return articles
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssistantError(
            f"{path} is not a file in SQuAD's format ({type(error).__name__}). Give the folder of "
            "the reading sets, squad2-fit.json and cmrc2018-fit.json, and for the reader XQuAD's."
        ) from error


def _spans(row: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    if row.get("is_impossible"):
        return ()
    found = {(a["answer_start"], a["answer_start"] + len(a["text"])) for a in row["answers"]}
    return tuple(sorted(span for span in found if span[0] >= 0 and span[1] > span[0]))


def _written(reading: Path) -> list[ReadingPair]:
    """Near misses of our own on CMRC's even and (from the second file) odd paragraphs."""
    articles = _articles(reading / "cmrc2018-fit.json")
    folder = Path(__file__).parent / "data"
    pairs = []
    for part in (1, 2):
        text = (folder / f"cmrc_near_misses_{part}.jsonl").read_text(encoding="utf-8")
        for row in map(json.loads, text.splitlines()):
            number = row["paragraph"]
            passage = articles[number]["paragraphs"][0]["context"]
            pairs.append(
                ReadingPair(row["question"], passage, (), f"zh:{number}", "near_miss", "zh")
            )
    return pairs + [_written_pair(reading, row) for row in _written_rows(reading)]


def _written_rows(reading: Path) -> list[dict[str, Any]]:
    """Our own questions on paragraphs of the files that are there."""
    rows = [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if _is_there(reading, row)]


def _is_there(reading: Path, row: dict[str, Any]) -> bool:
    path = reading / f"{row['file']}.json"
    articles = _articles(path)[row["article"] :] if path.is_file() else []
    paragraphs = articles[0]["paragraphs"][row["paragraph"] :] if articles else []
    asked = {question.get("id") for paragraph in paragraphs[:1] for question in paragraph["qas"]}
    return bool(paragraphs) and row.get("of") in {None, *asked}


def _passage(reading: Path, row: dict[str, Any]) -> str:
    article = _articles(reading / f"{row['file']}.json")[row["article"]]
    return str(article["paragraphs"][row["paragraph"]]["context"])


def _written_pair(reading: Path, row: dict[str, Any]) -> ReadingPair:
    """A near miss, or an answerable question (`of`) in everyday words, over its paragraph."""
    article = _articles(reading / f"{row['file']}.json")[row["article"]]
    paragraph = article["paragraphs"][row["paragraph"]]
    reworded = next((q for q in paragraph["qas"] if q.get("id") == row.get("of")), None)
    spans = _spans(reworded) if reworded and "of" in row else ()
    language = question_language(row["question"])
    return ReadingPair(
        question=row["question"],
        passage=paragraph["context"],
        spans=spans,
        group=f"{row['file']}:{article.get('title') or row['article']}",
        kind="answerable" if spans else "near_miss",
        language=language,
        crossed=language != passage_language(paragraph["context"]),
    )


def _bilingual(english: Sequence[ReadingPair], xquad: Path) -> list[ReadingPair]:
    """XQuAD's paragraphs of the fitted articles, asked in the other language and in Chinese."""
    files = {language: _articles(xquad / f"xquad.{language}.json") for language in ("en", "zh")}
    groups = {pair.passage: pair.group for pair in english}
    near = defaultdict(list)
    for pair in english:
        if not pair.spans:
            near[pair.passage].append(pair)
    pairs = []
    for left, right in zip(files["en"], files["zh"], strict=True):
        for here, there in zip(left["paragraphs"], right["paragraphs"], strict=True):
            group = groups.get(here["context"])
            if group is None:
                continue
            for mine, theirs in zip(here["qas"], there["qas"], strict=True):
                en, zh = mine["question"], theirs["question"]
                asked = ReadingPair(zh, there["context"], _spans(theirs), group, "answerable", "zh")
                pairs += [
                    replace(asked, question=en, language="en", crossed=True),
                    asked,
                    replace(asked, passage=here["context"], spans=_spans(mine), crossed=True),
                ]
            pairs += [
                replace(pair, passage=there["context"], crossed=True)
                for pair in near[here["context"]]
            ]
    return pairs


def _swapped(pairs: Iterable[ReadingPair], rng: random.Random) -> list[ReadingPair]:
    by_group = defaultdict(list)
    for pair in pairs:
        by_group[pair.group].append(pair)
    made = []
    for mine in by_group.values():
        texts = sorted({pair.passage for pair in mine})
        for pair in mine:
            if not pair.spans:
                continue
            others = [t for t in rng.sample(texts, min(4, len(texts))) if t != pair.passage]
            start, end = pair.spans[0]
            changed = swap(pair.question, pair.passage, others, pair.passage[start:end], rng)
            if changed is not None:
                made.append(replace(pair, question=changed, spans=(), kind="swapped"))
    return made


def _others(pairs: Sequence[ReadingPair], rng: random.Random) -> list[ReadingPair]:
    """Questions over another passage of their article, or of another one: half the answerable."""
    passages = sorted({(pair.group, pair.passage) for pair in pairs})
    by_group = defaultdict(list)
    for group, passage in passages:
        by_group[group].append(passage)
    made = []
    for pair in pairs:
        if not pair.spans or rng.random() < 0.5:
            continue
        start, end = pair.spans[0]
        answer = pair.passage[start:end].lower()
        near = [p for p in by_group[pair.group] if p != pair.passage]
        pool = near if near and rng.random() < 0.8 else [rng.choice(passages)[1]]
        passage = rng.choice(pool)
        if passage != pair.passage and answer not in passage.lower():
            made.append(replace(pair, passage=passage, spans=(), kind="other"))
    return made
