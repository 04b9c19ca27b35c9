"""Sets of questions and of other rows: JSON Lines, CSV, JSON lists, and SQuAD's format."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import groupby, islice
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.dataclasses import dataclass as checked

from ..errors import AssistantError
from ..retrieval.language import question_language
from ..types import Language


class HasId(Protocol):
    """An item of a set."""

    @property
    def id(self) -> str:
        """What names it in its set."""


T = TypeVar("T", bound=HasId)
Values = Mapping[str, Any]
Key = tuple[str, str]
# What a row may name; `source` names the source of evidence that is given as plain words.
FIELDS = (
    "id question language kind answerable near_miss answers answers_all evidence source "
    "evidence_any all_of any_k cite_any cite_all forbid max_sentences language_of_reply "
    "plan_kind pair history why"
).split()
# In a cell of a table these are lists, with "|" between their parts; a part of all_of is a list
# itself, with "/" between its alternatives.
_LISTS = "answers answers_all evidence all_of cite_any cite_all forbid history".split()
# Any of these says that the sources answer the question.
_GOLD = "answers answers_all evidence all_of cite_any cite_all".split()
# Excel writes semicolons where the comma is a decimal mark, and tabs as "Unicode text".
_DELIMITERS = ",;\t"


def _listed(value: Any) -> Any:
    """What stands for a list: itself without empty parts, or the only part of one."""
    parts = value if isinstance(value, list | tuple) else [value]
    return tuple(part for part in parts if part is not None and str(part).strip())


def _language(value: Any) -> Any:
    """The first part of a language's name: "zh" of "zh-CN" or "ZH_tw"."""
    if not isinstance(value, str):
        return value
    return value.strip().lower().replace("_", "-").split("-")[0]


def _flag(value: Any) -> Any:
    """Yes or no as people write it in tables; pydantic knows the English words."""
    if not isinstance(value, str):
        return value
    return {"是": True, "否": False}.get(value.strip(), value.strip())


_Text = Annotated[str, StringConstraints(strip_whitespace=True)]
_Texts = Annotated[tuple[_Text, ...], BeforeValidator(_listed)]
_Groups = Annotated[tuple[_Texts, ...], BeforeValidator(_listed)]
_Number = Annotated[int, Field(ge=0)]
_Flag = Annotated[bool, BeforeValidator(_flag)]
# Numbers count as text. JSON may hold a lone half of a surrogate pair; pydantic refuses it.
_CONFIG = ConfigDict(coerce_numbers_to_str=True)


@checked(frozen=True, slots=True, config=_CONFIG)
class GoldEvidence:
    """Words that answer, as they stand in the original of a source.

    source: its id; "" for words that count wherever they stand. start: their offset in the
    source's text; None to look for them there.
    """

    source: _Text
    text: str
    start: Annotated[int, Field(ge=0, strict=True)] | None = None


@checked(frozen=True, slots=True, config=_CONFIG)
class SetQuestion:
    """One question of a set.

    answers: any one of these strings, in the question's language, makes an answer right;
    answers_all: all of them must be there. evidence_any: one of the evidence lines is enough.
    near_miss: unanswerable although the sources name what is asked about. pair: the same for
    a question in both languages ("" when there is no other). history: what was asked before,
    oldest first. set: the name of the set's file without its ending.

    The other fields are conditions on the reply as a whole. all_of: groups of alternatives, of
    each of which one must be said; any_k: so many of the groups are enough (0: all). cite_any,
    cite_all: ids of sources of which one, or all, must be cited. forbid: what must not be said.
    max_sentences: how many the reply may have (0: any number). language_of_reply: where it is
    not the question's. plan_kind: what the question must be planned as, where `kind` does not
    tell.
    """

    id: _Text
    question: _Text
    language: Annotated[Language, BeforeValidator(_language)]
    kind: _Text = ""
    answerable: _Flag = True
    near_miss: _Flag = False
    answers: _Texts = ()
    answers_all: _Texts = ()
    evidence: tuple[GoldEvidence, ...] = ()
    evidence_any: _Flag = False
    all_of: _Groups = ()
    any_k: _Number = 0
    cite_any: _Texts = ()
    cite_all: _Texts = ()
    forbid: _Texts = ()
    max_sentences: _Number = 0
    language_of_reply: Annotated[Language | Literal[""], BeforeValidator(_language)] = ""
    plan_kind: _Text = ""
    pair: _Text = ""
    history: _Texts = ()
    set: str = ""

    @property
    def key(self) -> Key:
        """What names the question among all sets: its set and its id there."""
        return self.set, self.id

    @property
    def has_conditions(self) -> bool:
        """Whether its conditions, rather than `answers`, tell if the reply is right."""
        said = self.all_of or self.forbid or self.max_sentences or self.language_of_reply
        return self.answerable and bool(said or self.cite_any or self.cite_all)


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
class Row:
    """The fields at one place of a file under the names they have there, or a problem.

    place: "FILE, line 3". is_cells: the values are the cells of a table, all of them text.
    """

    place: str
    number: int
    values: Values
    problem: str = ""
    is_cells: bool = False


def read_sets(paths: Sequence[Path], *, fields: Mapping[str, str] | None = None) -> ReadSets:
    """The questions of JSON Lines, CSV and SQuAD files.

    `fields` renames other people's columns to ours, {theirs: ours}. A row that cannot be used
    is named in `problems`. Raises AssistantError for a file without any usable question.
    """
    files = [(path, *read_rows(path)) for path in paths]
    fields = fields or {}
    columns = dict.fromkeys(key for _, rows, _ in files for row in rows for key in row.values)
    for theirs, ours in fields.items():
        for what, name, names in (("field", ours, FIELDS), ("column", theirs, columns)):
            if names and name not in names:
                raise AssistantError(
                    f"--map {theirs}={ours}: there is no {what} {name!r}. "
                    f"The {what}s are: {', '.join(names)}."
                )
    questions: list[SetQuestion] = []
    problems: list[str] = []
    sets: list[SetFile] = []
    for path, rows, sha256 in files:
        mine, wrong = _questions(path, rows, fields)
        questions += mine
        problems += wrong
        sets.append(SetFile(str(path), sha256, len(mine)))
    return ReadSets(tuple(questions), tuple(problems), tuple(sets))


def read_set(path: Path) -> list[SetQuestion]:
    """The questions of one set in which every line must be usable.

    Raises AssistantError naming the first line that is not.
    """
    read = read_sets([path])
    if read.problems:
        raise AssistantError(read.problems[0])
    return list(read.questions)


def usable(rows: Sequence[Row], of: Callable[[Row], T]) -> tuple[list[T], list[str]]:
    """What `of` makes of each row, and what is wrong with those that cannot be used.

    `of` raises ValueError for such a row; every item needs an id of its own.
    """
    items: dict[str, T] = {}
    problems: list[str] = []
    for row in rows:
        try:
            if row.problem:
                raise ValueError(row.problem)
            item = of(row)
            if item.id in items:
                raise ValueError(f"the id {item.id!r} was given before")
            items[item.id] = item
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"]))
            found = f"{field} is {first['input']!r:.60}: " if field else ""
            problems.append(f"{row.place}: {found}{first['msg']}")
        except ValueError as error:
            problems.append(f"{row.place}: {error}")
    return list(items.values()), problems


def shipped(name: str) -> Path:
    """Where a set that ships with the evaluation is kept."""
    return Path(str(resources.files("assistant.evaluation"))) / "data" / name


def first_of_each(questions: Sequence[SetQuestion], limit: int | None) -> tuple[SetQuestion, ...]:
    """The first `limit` questions of each set; all of them for None."""
    sets = groupby(questions, key=lambda question: question.set)
    return tuple(question for _, mine in sets for question in islice(mine, limit))


# ---- from rows to questions ----


def _questions(
    path: Path, rows: Sequence[Row], fields: Mapping[str, str]
) -> tuple[list[SetQuestion], list[str]]:
    unmarked = set[SetQuestion]()

    def of(row: Row) -> SetQuestion:
        values = {key: value for key, value in row.values.items() if key not in fields}
        values |= {fields[key]: row.values[key] for key in fields if key in row.values}
        if row.is_cells:
            values |= {key: values[key].split("|") for key in _LISTS if key in values}
            if "all_of" in values:
                values["all_of"] = [group.split("/") for group in values["all_of"]]
        question = _question(values, row.number, path.stem)
        gold = question.answerable or question.near_miss
        if not gold and values.get("answerable") in (None, "", []):
            unmarked.add(question)
        return question

    questions, problems = usable(rows, of)
    if not rows:
        raise AssistantError(
            f"{path} holds no question. A set needs at least one, such as "
            '{"question": "Who signed?", "answers": ["Acme"]}.'
        )
    columns = ", ".join(dict.fromkeys(key for row in rows for key in row.values))
    hint = f" Its fields are: {columns}. Name yours with --map THEIRS=OURS." if columns else ""
    if not questions:
        raise AssistantError(f"No question can be used. {problems[0]}.{hint}")
    if count := len(unmarked & set(questions)):
        problems.append(
            f"{path}: questions without answers, evidence or answerable: {count}; they count "
            f"as questions that the sources do not answer.{hint}"
        )
    return questions, problems


def _question(row: Values, number: int, name: str) -> SetQuestion:
    """The question of a row; raises ValueError with words that follow "FILE, line N:"."""
    given = {key: row[key] for key in FIELDS if row.get(key) not in (None, "", [])}
    gold = not given.keys().isdisjoint(_GOLD)
    source = {"source": given.pop("source", "")}
    given.pop("why", None)
    # Plain words stand in the row's source.
    lines = [
        {**source, **part} if isinstance(part, dict) else {**source, "text": part}
        for part in _listed(given.get("evidence"))
    ]
    given["evidence"] = [line for line in lines if line.get("text") != ""]
    text = str(given.get("question", "")).strip()
    if not text:
        raise ValueError("there is no question")
    defaults = {"id": number, "language": question_language(text), "answerable": gold}
    question = SetQuestion(**{**defaults, **given, "set": name})
    if question.answerable and question.near_miss:
        raise ValueError("it is a near miss, which has no answer, but it is answerable")
    if not question.answerable and any(getattr(question, field) for field in _GOLD):
        raise ValueError("answerable is false, but it has answers or evidence")
    if question.any_k > len(question.all_of):
        raise ValueError(f"any_k is {question.any_k}, but all_of has {len(question.all_of)} groups")
    return question


# ---- from files to rows ----


def read_rows(path: Path) -> tuple[list[Row], str]:
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


def _rows(path: Path, text: str) -> Iterator[Row]:
    if path.suffix.lower() in (".csv", ".tsv"):
        return _csv_rows(path, text)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return _json_lines(path, text)
    if isinstance(whole, dict) and "data" in whole:
        return _squad_rows(path, whole["data"])
    values = whole if isinstance(whole, list) else [whole]
    return (_row(f"{path}, question {n}", n, value) for n, value in enumerate(values, start=1))


def _row(place: str, number: int, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(place, number, value)
    problem = f"a JSON object is expected here, not {json.dumps(value)[:40]}"
    return Row(place, number, {}, problem)


def _json_lines(path: Path, text: str) -> Iterator[Row]:
    # Not splitlines(): JSON strings may hold U+2028, which is no end of a line here.
    for number, line in enumerate(text.split("\n"), start=1):
        place = f"{path}, line {number}"
        try:
            if line.strip():
                yield _row(place, number, json.loads(line))
        except (ValueError, RecursionError) as error:
            yield Row(place, number, {}, f"not JSON ({error})")


def _csv_rows(path: Path, text: str) -> Iterator[Row]:
    delimiter = max(_DELIMITERS, key=text.lstrip().split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        number = reader.line_num + 1
        place = f"{path}, line {number}"
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(place, number, {}, f"not CSV ({error})")
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
            problem = f"{found}; put quotes around a cell with {delimiter!r}"
            yield Row(place, number, {}, problem)
        else:
            values = {key: cell for key, cell in zip(header, cells, strict=False) if key and cell}
            yield Row(place, number, values, is_cells=True)


def _squad_rows(path: Path, articles: Any) -> Iterator[Row]:
    try:
        asked = [q for article in articles for part in article["paragraphs"] for q in part["qas"]]
        for number, raw in enumerate(asked, start=1):
            impossible = bool(raw.get("is_impossible", False))
            found = [] if impossible else [str(gold["text"]) for gold in raw.get("answers") or []]
            golds = list(dict.fromkeys(found))
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
            yield Row(f"{path}, question {number}", number, values)
    except (KeyError, TypeError, AttributeError) as error:
        raise AssistantError(
            f"{path} is not a file in SQuAD's format ({type(error).__name__}: {error}). It needs "
            "data, a list of articles with paragraphs, each with a context and qas."
        ) from error
