"""Sets of questions and of other rows: JSON Lines, CSV, JSON lists, and SQuAD's format."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from ..errors import AssistantError
from ..language import question_language
from ..types import LANGUAGES, Language

T = TypeVar("T")
Values = Mapping[str, Any]
Key = tuple[str, str]
# What a row may name; `source` names the source of evidence that is given as plain words.
FIELDS = (
    "id question language kind answerable near_miss answers answers_all evidence source "
    "evidence_any pair history why"
).split()
# In a cell of a table these are lists, with "|" between their parts.
_LISTS = "answers answers_all evidence history".split()
# Excel writes semicolons where the comma is a decimal mark, and tabs as "Unicode text".
_DELIMITERS = ",;\t"
_FLAGS = {word: True for word in "true yes y 1 是".split()} | {
    word: False for word in "false no n 0 否".split()
}


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
class SetFile:
    """A file of questions as it was read; `questions` is how many of its rows are usable."""

    path: str
    sha256: str
    questions: int


@dataclass(frozen=True, slots=True)
class ReadSets:
    """The usable questions of some files in order, what is wrong with the others, the files."""

    questions: tuple[SetQuestion, ...]
    problems: tuple[str, ...]
    sets: tuple[SetFile, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """The fields at one place of a file under the names they have there, or a problem.

    is_cells: the values are the cells of a table, all of them text.
    """

    number: int
    values: Values
    problem: str = ""
    unit: str = "line"
    is_cells: bool = False

    @property
    def place(self) -> str:
        return f"{self.unit} {self.number}"


def read_sets(paths: Sequence[Path], *, fields: Mapping[str, str] | None = None) -> ReadSets:
    """The questions of JSON Lines, CSV and SQuAD files.

    `fields` renames other people's columns to ours, {theirs: ours}. A row that cannot be used
    is named in `problems`. Raises AssistantError for a file without any usable question.
    """
    fields = fields or {}
    files = [(path, *_read(path)) for path in paths]
    _check(
        paths, fields, dict.fromkeys(k for _, rows, _ in files for row in rows for k in row.values)
    )
    questions: list[SetQuestion] = []
    problems: list[str] = []
    sets: list[SetFile] = []
    for path, rows, sha256 in files:
        usable, wrong = _usable(path, rows, fields)
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


def read_items(path: Path, of: Callable[[Values, str], T]) -> tuple[list[T], list[str]]:
    """What `of` makes of each row and its place ("FILE, line N"), and what is wrong with others.

    `of` raises ValueError for a row that cannot be used; every row needs an id of its own. Raises
    AssistantError for a file without any that can be used.
    """
    items: dict[str, T] = {}
    problems: list[str] = []
    for row in _read(path)[0]:
        place = f"{path}, {row.place}"
        try:
            if row.problem:
                raise ValueError(row.problem)
            id_ = needed(row.values, "id")
            _check_new(id_, items)
            items[id_] = of(row.values, place)
        except ValueError as error:
            problems.append(f"{place}: {error}; it is left out")
    if not items:
        raise AssistantError(problems[0] if problems else f"{path} is empty. Give another set.")
    return list(items.values()), problems


def shipped(name: str) -> Path:
    """Where a set that ships with the evaluation is kept."""
    return Path(str(resources.files("assistant.evaluation"))) / "data" / name


def write_lines(path: Path, rows: Iterable[Values]) -> None:
    """Write rows as JSON Lines; raises AssistantError when that cannot be done."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    try:
        path.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise AssistantError(
            f"{path} cannot be written ({error.strerror}). Give --out a file that can."
        ) from error


def first_of_each(questions: Sequence[SetQuestion], limit: int | None) -> tuple[SetQuestion, ...]:
    """The first `limit` questions of each set; all of them for None."""
    places: Counter[str] = Counter()
    kept = []
    for question in questions:
        places[question.set] += 1
        if limit is None or places[question.set] <= limit:
            kept.append(question)
    return tuple(kept)


# ---- from rows to questions ----


def _check(paths: Sequence[Path], fields: Mapping[str, str], columns: Collection[str]) -> None:
    """Refuse sets of one name, and a --map that cannot be meant."""
    for name, count in Counter(path.stem for path in paths).items():
        if count > 1:
            raise AssistantError(
                f"{count} of the sets are called {name!r}. Rename one, or run them one after "
                "the other."
            )
    for theirs, ours in fields.items():
        if ours not in FIELDS:
            near = difflib.get_close_matches(ours, FIELDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise AssistantError(
                f"--map {theirs}={ours}: questions have no field {ours!r}.{hint} "
                f"The fields are: {', '.join(FIELDS)}."
            )
        if list(fields.values()).count(ours) > 1:
            raise AssistantError(f"--map gives {ours!r} two columns. Name one of them only.")
        if columns and theirs not in columns:
            raise AssistantError(
                f"--map names the column {theirs!r}, which no set has. "
                f"The columns are: {', '.join(columns)}."
            )


def _usable(
    path: Path, rows: Sequence[_Row], fields: Mapping[str, str]
) -> tuple[list[SetQuestion], list[str]]:
    questions: dict[str, SetQuestion] = {}
    problems = []
    unmarked = 0
    columns = dict.fromkeys(key for row in rows for key in row.values)
    for row in rows:
        try:
            if row.problem:
                raise ValueError(row.problem)
            values = {key: value for key, value in row.values.items() if key not in fields}
            values |= {fields[key]: row.values[key] for key in fields if key in row.values}
            if row.is_cells:
                values |= {key: values[key].split("|") for key in _LISTS if key in values}
            question = _question(values, str(row.number), path.stem)
            _check_new(question.id, questions)
            questions[question.id] = question
            gold = question.answerable or question.near_miss
            unmarked += not gold and is_absent(values.get("answerable"))
        except ValueError as error:
            problems.append(f"{path}, {row.place}: {error}")
    if not rows:
        raise AssistantError(
            f"{path} holds no question. A set needs at least one, such as "
            '{"question": "Who signed?", "answers": ["Vanke"]}.'
        )
    if not questions:
        hint = ""
        if columns and "question" not in columns:
            hint = f" Its fields are: {', '.join(columns)}. Name yours with --map THEIRS=OURS."
        raise AssistantError(f"{path} has no question that can be used: {problems[0]}.{hint}")
    if unmarked:
        others = [key for key in columns if key not in FIELDS]
        hint = f" --map can name the fields {', '.join(others)}." if others else ""
        problems.append(
            f"{path}: questions without answers, evidence or answerable: {unmarked}; they count "
            f"as questions that the sources do not answer.{hint}"
        )
    return list(questions.values()), problems


def _check_new(id_: str, known: Collection[str]) -> None:
    if id_ in known:
        raise ValueError(f"the id {id_!r} was given before")


def _question(row: Values, number: str, name: str) -> SetQuestion:
    text = needed(row, "question")
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


def _evidence(row: Values) -> tuple[GoldEvidence, ...]:
    """Evidence lines: objects of source, text and start, or words of the row's `source`."""
    found = []
    for part in listed(row.get("evidence")):
        line = part if isinstance(part, dict) else {"text": part, "source": row.get("source")}
        start, text = line.get("start"), line.get("text")
        if start is not None and (type(start) is not int or start < 0):
            raise ValueError(f"start is {shown(start)}, but must be the offset of the evidence")
        if not isinstance(text, str):
            raise ValueError(f"evidence has the text {shown(text)}, but must have words")
        # As it is: white space at its ends is part of an offset.
        if text.strip():
            found.append(GoldEvidence(text_of(line, "source"), _whole(text, "evidence"), start))
    return tuple(found)


# ---- one field of a row; each raises ValueError with words that follow "FILE, line N:" ----


def needed(row: Values, key: str) -> str:
    """A text that a row cannot do without."""
    text = text_of(row, key)
    if not text:
        raise ValueError(f"there is no {key}")
    return text


def text_of(row: Values, key: str) -> str:
    """A text without the white space around it, "" when it is absent; numbers count as text."""
    value = row.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{key} is {shown(value)}, but must be text")
    return _whole(str(value).strip(), key)


def texts_of(row: Values, key: str) -> tuple[str, ...]:
    """A list of texts, or a text that stands for a list of one; empty ones are left out."""
    parts = (text_of({key: part}, key) for part in listed(row.get(key)))
    return tuple(part for part in parts if part)


def flag_of(row: Values, key: str, *, default: bool) -> bool:
    """Yes or no, as JSON or as people write it in tables."""
    value = row.get(key)
    if is_absent(value):
        return default
    word = str(value).strip().lower()
    if word not in _FLAGS:
        raise ValueError(f"{key} is {shown(value)}, but must be true or false")
    return _FLAGS[word]


def language_of(row: Values, question: str) -> Language:
    """The language that is named, such as "zh" or "zh-CN"; else the question's own."""
    named = text_of(row, "language").lower().replace("_", "-").split("-")[0]
    if not named:
        return question_language(question)
    for language in LANGUAGES:
        if named == language:
            return language
    raise ValueError(f"language is {row['language']!r}, but must be one of {', '.join(LANGUAGES)}")


def listed(value: Any) -> list[Any]:
    """The value as a list: itself, or as the only one in it."""
    if is_absent(value):
        return []
    return value if isinstance(value, list) else [value]


def is_absent(value: Any) -> bool:
    """Whether a field was left out or left empty."""
    return value is None or value == "" or value == []


def shown(value: Any) -> str:
    """A value as a message quotes it."""
    return repr(value)[:60]


def _whole(text: str, key: str) -> str:
    """The text, if a file can hold it: JSON may hold a lone half of a surrogate pair."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{key} holds half a character ({shown(text)})")
    return text


# ---- from files to rows ----


def _read(path: Path) -> tuple[list[_Row], str]:
    """The rows of a file in order, and the file's SHA-256."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise AssistantError(
            f"The question set {path} cannot be read ({error.strerror or error}). "
            "Check the path and its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise AssistantError(
            f"The question set {path} is not in UTF-8 (byte {error.start + 1:,} is no part of it). "
            'Save it as UTF-8; Excel calls that "CSV UTF-8".'
        ) from error
    return list(_rows(path, text)), hashlib.sha256(data).hexdigest()


def _rows(path: Path, text: str) -> Iterator[_Row]:
    if path.suffix.lower() in (".csv", ".tsv"):
        return _csv_rows(path, text)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return _json_lines(text)
    if isinstance(whole, dict) and "data" in whole:
        return _squad_rows(path, whole["data"])
    values = whole if isinstance(whole, list) else [whole]
    unit = "question" if isinstance(whole, list) else "line"
    return (_row(number, value, unit) for number, value in enumerate(values, start=1))


def _row(number: int, value: Any, unit: str = "line") -> _Row:
    if isinstance(value, dict):
        return _Row(number, value, unit=unit)
    problem = f"a JSON object is expected here, not {json.dumps(value)[:40]}"
    return _Row(number, {}, problem, unit)


def _json_lines(text: str) -> Iterator[_Row]:
    # Not splitlines(): JSON strings may hold U+2028, which is no end of a line here.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield _row(number, json.loads(line))
        except (ValueError, RecursionError) as error:
            yield _Row(number, {}, f"not JSON ({error})")


def _csv_rows(path: Path, text: str) -> Iterator[_Row]:
    delimiter = max(_DELIMITERS, key=text.lstrip().split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        number = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            yield _Row(number, {}, f"not CSV ({error})")
            continue
        if not any(cells):
            continue
        if not header:
            header, named = cells, [cell for cell in cells if cell]
            if len(set(named)) < len(named):
                raise AssistantError(
                    f"{path} names a column twice ({', '.join(named)}). Rename one of them."
                )
        elif len(cells) > len(header):
            found = f"{len(cells)} cells, but the header names {len(header)} columns"
            yield _Row(number, {}, f"{found}; put quotes around a cell with {delimiter!r}")
        else:
            values = {key: cell for key, cell in zip(header, cells, strict=False) if key and cell}
            yield _Row(number, values, is_cells=True)


def _squad_rows(path: Path, articles: Any) -> Iterator[_Row]:
    try:
        asked = [q for article in articles for part in article["paragraphs"] for q in part["qas"]]
    except (KeyError, TypeError) as error:
        raise AssistantError(
            f"{path} is not a file in SQuAD's format ({type(error).__name__}: {error}). It needs "
            "data, a list of articles with paragraphs, each with a context and qas."
        ) from error
    for number, raw in enumerate(asked, start=1):
        try:
            impossible = bool(raw.get("is_impossible", False))
            found = [str(gold["text"]) for gold in raw.get("answers") or []]
            golds = [] if impossible else list(dict.fromkeys(found))
            values = {
                "id": raw.get("id", number),
                "question": raw["question"],
                "answers": golds,
                "answerable": not impossible,
                "near_miss": impossible,
                # The paragraph is not part of the corpus: its answer counts wherever it stands.
                "evidence": [{"source": "", "text": gold} for gold in golds],
                "evidence_any": True,
            }
            yield _Row(number, values, unit="question")
        except (KeyError, TypeError, AttributeError) as error:
            problem = f"not a question in SQuAD's format ({type(error).__name__}: {error})"
            yield _Row(number, {}, problem, "question")
