"""Question sets: what is asked, and what a right answer and its evidence would be."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AssistantError
from ..types import Language
from .results import Key
from .row_fields import flag_of, is_absent, language_of, listed, shown, text_of, texts_of, whole
from .set_files import Row, SetFile, read_rows

# What a row may name; `source` names the source of evidence that is given as plain words.
FIELDS = (
    "id question language kind answerable near_miss answers answers_all evidence source "
    "evidence_any pair history why"
).split()
_EXAMPLE = '{"question": "Who signed?", "answers": ["Vanke"]}.'
# In a cell these are lists, with "|" between their parts.
_LISTS = "answers answers_all evidence history".split()


@dataclass(frozen=True, slots=True)
class GoldEvidence:
    """Words that answer, as they stand in the original of a source.

    source: its id; "" for words that count wherever they stand. start: their offset in the
    source's text; None to look for them there.
    """

    source: str
    text: str
    start: int | None = None


@dataclass(frozen=True, slots=True)
class SetQuestion:
    """One question of a set.

    answers: any one of these strings, in the question's language, makes an answer right;
    answers_all: all of them must be there. evidence_any: one of the evidence lines is enough.
    near_miss: unanswerable although the sources name what is asked about. pair: the same for
    a question in both languages ("" when there is no other). history: what was asked before,
    oldest first. set: the name of the set's file without its ending.
    """

    id: str
    question: str
    language: Language
    kind: str = ""
    answerable: bool = True
    near_miss: bool = False
    answers: tuple[str, ...] = ()
    answers_all: tuple[str, ...] = ()
    evidence: tuple[GoldEvidence, ...] = ()
    evidence_any: bool = False
    pair: str = ""
    history: tuple[str, ...] = ()
    set: str = ""

    @property
    def key(self) -> Key:
        """What names the question among all sets: its set and its id there."""
        return self.set, self.id


@dataclass(frozen=True, slots=True)
class ReadSets:
    """The usable questions of some files in order, what is wrong with the others, the files."""

    questions: tuple[SetQuestion, ...]
    problems: tuple[str, ...]
    sets: tuple[SetFile, ...]


def read_sets(paths: Sequence[Path], *, fields: Mapping[str, str] | None = None) -> ReadSets:
    """The questions of JSON Lines, CSV and SQuAD files.

    `fields` renames other people's columns to ours, {theirs: ours}. A row that cannot be used
    is named in `problems`. Raises AssistantError for a file without any usable question.
    """
    fields = fields or {}
    _check_fields(fields)
    _check_names(paths)
    files = [(path, *read_rows(path)) for path in paths]
    _check_columns(fields, [row for _, rows, _ in files for row in rows])
    questions: list[SetQuestion] = []
    problems: list[str] = []
    sets: list[SetFile] = []
    for path, rows, sha256 in files:
        usable, wrong = _usable(path, rows, fields)
        if not usable:
            raise AssistantError(_nothing_usable(path, rows, wrong))
        questions += usable
        problems += wrong
        sets.append(SetFile(str(path), sha256, len(usable)))
    return ReadSets(tuple(questions), tuple(problems), tuple(sets))


def read_set(path: Path) -> list[SetQuestion]:
    """The questions of one set in which every line must be usable.

    Raises AssistantError naming the first line that is not.
    """
    read = read_sets([path])
    if read.problems:
        raise AssistantError(read.problems[0])
    return list(read.questions)


def first_of_each(questions: Sequence[SetQuestion], limit: int | None) -> tuple[SetQuestion, ...]:
    """The first `limit` questions of each set; all of them for None."""
    seen: Counter[str] = Counter()
    kept = []
    for question in questions:
        seen[question.set] += 1
        if limit is None or seen[question.set] <= limit:
            kept.append(question)
    return tuple(kept)


def _check_fields(fields: Mapping[str, str]) -> None:
    for theirs, ours in fields.items():
        if ours not in FIELDS:
            near = difflib.get_close_matches(ours, FIELDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise AssistantError(
                f"--map {theirs}={ours}: questions have no field {ours!r}.{hint} "
                f"The fields are: {', '.join(FIELDS)}."
            )
    twice = [ours for ours, count in Counter(fields.values()).items() if count > 1]
    if twice:
        raise AssistantError(f"--map gives {twice[0]!r} two columns. Name one of them only.")


def _check_columns(fields: Mapping[str, str], rows: Sequence[Row]) -> None:
    columns = dict.fromkeys(key for row in rows for key in row.values)
    for theirs in fields:
        if columns and theirs not in columns:
            raise AssistantError(
                f"--map names the column {theirs!r}, which no set has. "
                f"The columns are: {', '.join(columns)}."
            )


def _check_names(paths: Sequence[Path]) -> None:
    for name, count in Counter(path.stem for path in paths).items():
        if count > 1:
            same = " and ".join(str(path) for path in paths if path.stem == name)
            raise AssistantError(
                f"{count} of the sets are called {name!r} ({same}). "
                "Rename one, or run them one after the other."
            )


def _usable(
    path: Path, rows: Sequence[Row], fields: Mapping[str, str]
) -> tuple[list[SetQuestion], list[str]]:
    questions: dict[str, SetQuestion] = {}
    problems = []
    unmarked = 0
    for row in rows:
        problem = row.problem
        if not problem:
            values = _renamed(row, fields)
            try:
                question = _question(values, str(row.number), path.stem)
                if question.id in questions:
                    raise ValueError(f"the id {question.id!r} was given before")
                questions[question.id] = question
                unmarked += not (question.answerable or question.near_miss) and is_absent(
                    values.get("answerable")
                )
            except ValueError as error:
                problem = str(error)
        if problem:
            problems.append(f"{path}, {row.place}: {problem}")
    if unmarked:
        others = dict.fromkeys(key for row in rows for key in row.values if key not in FIELDS)
        hint = f" --map can name the fields {', '.join(others)}." if others else ""
        problems.append(
            f"{path}: questions without answers, evidence or answerable: {unmarked}; they count "
            f"as questions that the sources do not answer.{hint}"
        )
    return list(questions.values()), problems


def _nothing_usable(path: Path, rows: Sequence[Row], problems: Sequence[str]) -> str:
    if not rows:
        return f"{path} holds no question. A set needs at least one, such as {_EXAMPLE}"
    columns = dict.fromkeys(key for row in rows for key in row.values)
    hint = ""
    if columns and "question" not in columns:
        hint = f" Its fields are: {', '.join(columns)}. Name yours with --map THEIRS=OURS."
    return f"{path} has no question that can be used: {problems[0]}.{hint}"


def _renamed(row: Row, fields: Mapping[str, str]) -> dict[str, Any]:
    values = {key: value for key, value in row.values.items() if key not in fields}
    values |= {fields[key]: value for key, value in row.values.items() if key in fields}
    if row.is_cells:
        for key in _LISTS:
            if key in values:
                values[key] = values[key].split("|")
    return values


def _question(row: Mapping[str, Any], number: str, name: str) -> SetQuestion:
    text = text_of(row, "question")
    if not text:
        raise ValueError("there is no question")
    answers, answers_all = texts_of(row, "answers"), texts_of(row, "answers_all")
    evidence = _evidence(row)
    near_miss = flag_of(row, "near_miss", default=False)
    gold = bool(answers or answers_all or evidence)
    answerable = flag_of(row, "answerable", default=gold)
    if answerable and near_miss:
        raise ValueError("it is a near miss, which has no answer, but it is answerable")
    if gold and not answerable:
        raise ValueError("answerable is false, but it has answers or evidence")
    return SetQuestion(
        id=text_of(row, "id") or number,
        question=text,
        language=language_of(row, text),
        kind=text_of(row, "kind"),
        answerable=answerable,
        near_miss=near_miss,
        answers=answers,
        answers_all=answers_all,
        evidence=evidence,
        evidence_any=flag_of(row, "evidence_any", default=False),
        pair=text_of(row, "pair"),
        history=texts_of(row, "history"),
        set=name,
    )


def _evidence(row: Mapping[str, Any]) -> tuple[GoldEvidence, ...]:
    """Evidence lines: objects of source, text and start, or words of the row's `source`."""
    found = []
    for part in listed(row.get("evidence")):
        line = part if isinstance(part, dict) else {"text": part, "source": row.get("source")}
        start = line.get("start")
        if start is not None and (type(start) is not int or start < 0):
            raise ValueError(f"start is {shown(start)}, but must be the offset of the evidence")
        # As it is: white space at its ends is part of an offset.
        text = line.get("text")
        if not isinstance(text, str):
            raise ValueError(f"evidence has the text {shown(text)}, but must have words")
        if text.strip():
            found.append(GoldEvidence(text_of(line, "source"), whole(text, "evidence"), start))
    return tuple(found)
