"""(question, passage) pairs that the reader is fitted on, with a span or with none.

Sources: ten articles of SQuAD 2.0 with their own near misses, CMRC
2018, the five XQuAD paragraphs of each of those ten articles (both languages: they are never
reported on), near misses that we wrote on CMRC paragraphs, and swapped questions.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from assistant.errors import AssistantError

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


def reading_pairs(reading: Path, xquad: Path, *, seed: int) -> list[ReadingPair]:
    """All pairs, natural and made, in a fixed order for a seed."""
    rng = random.Random(seed)
    english, chinese = _english(reading), _chinese(reading)
    natural = english + chinese
    bilingual = _bilingual(english, xquad)
    pairs = natural + _written(reading) + bilingual
    pairs += _swapped(natural, rng) + _swapped([p for p in bilingual if p.crossed], rng)
    pairs += _others(natural + bilingual, rng)
    return pairs


def natural_pairs(reading: Path) -> list[ReadingPair]:
    """The questions that people asked of these passages, and the near misses written on them."""
    return _english(reading) + _chinese(reading) + _written(reading)


def _english(reading: Path) -> list[ReadingPair]:
    return _squad(reading / "squad2-fit.json", "en")


def _chinese(reading: Path) -> list[ReadingPair]:
    return _squad(reading / "cmrc2018-fit.json", "zh")


def _squad(path: Path, language: str) -> list[ReadingPair]:
    pairs = []
    for number, article in enumerate(_articles(path)):
        group = f"en:{article['title']}" if language == "en" else f"zh:{number}"
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
                        language=language,
                    )
                )
    return pairs


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
    return pairs


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
