"""The files of question sets, cut into rows: JSON Lines, CSV, JSON in SQuAD's format."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AssistantError
from ..language import question_language

# Excel writes semicolons where the comma is a decimal mark, and tabs as "Unicode text".
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """What stands at one place of a file: the fields as they are named there, or a problem.

    is_cells: the values are the cells of a table, all of them text.
    """

    place: str
    number: int
    values: Mapping[str, Any]
    problem: str = ""
    is_cells: bool = False


@dataclass(frozen=True, slots=True)
class SetFile:
    """A file of questions as it was read; `questions` is how many of its rows are usable."""

    path: str
    sha256: str
    questions: int


def read_rows(path: Path) -> tuple[list[Row], str]:
    """The rows of a file in order, and the file's SHA-256.

    Raises AssistantError when the file cannot be read as text, or holds something else.
    """
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


def _rows(path: Path, text: str) -> Iterable[Row]:
    if path.suffix.lower() in (".csv", ".tsv"):
        return _csv_rows(path, text)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return _json_lines(text)
    if isinstance(whole, list):
        return [_row(f"question {i}", i, value) for i, value in enumerate(whole, start=1)]
    if isinstance(whole, dict) and "data" in whole:
        return _squad_rows(path, whole)
    return _json_lines(text) if len(text.splitlines()) == 1 else [_row("line 1", 1, whole)]


def _json_lines(text: str) -> Iterable[Row]:
    # Not splitlines(): JSON strings may hold U+2028, which is no end of a line here.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            yield _row(place, number, json.loads(line))
        except json.JSONDecodeError as error:
            yield Row(place, number, {}, f"not JSON ({error.msg} at character {error.colno})")
        except (ValueError, RecursionError) as error:
            yield Row(place, number, {}, f"not JSON that can be read ({type(error).__name__})")


def _row(place: str, number: int, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(place, number, value)
    return Row(place, number, {}, f"a JSON object is expected here, not {json.dumps(value)[:40]}")


def _csv_rows(path: Path, text: str) -> Iterable[Row]:
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        number = reader.line_num + 1
        place = f"line {number}"
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield Row(place, number, {}, f"not CSV ({error})")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [cell.strip() for cell in cells]
            named = [name for name in header if name]
            if len(set(named)) < len(named):
                raise AssistantError(
                    f"{path} names a column twice ({', '.join(named)}). Rename one of them."
                )
        elif len(cells) > len(header):
            found = f"{len(cells)} cells, but the header names {len(header)} columns"
            yield Row(place, number, {}, f"{found}; put quotes around a cell with {delimiter!r}")
        else:
            pairs = zip(header, cells, strict=False)
            values = {key: cell.strip() for key, cell in pairs if key and cell.strip()}
            yield Row(place, number, values, is_cells=True)


def _squad_rows(path: Path, whole: Mapping[str, Any]) -> Iterable[Row]:
    try:
        asked = [
            question
            for article in whole["data"]
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
        ]
    except (KeyError, TypeError) as error:
        raise AssistantError(
            f"{path} is not a file in SQuAD's format ({type(error).__name__}: {error}). It needs "
            "data, a list of articles with paragraphs, each with a context and qas."
        ) from error
    return [_squad_row(f"question {i}", i, raw) for i, raw in enumerate(asked, start=1)]


def _squad_row(place: str, number: int, raw: Any) -> Row:
    try:
        golds = list(dict.fromkeys(str(gold["text"]) for gold in raw.get("answers") or []))
        impossible = bool(raw.get("is_impossible", False))
        values = {
            "id": raw.get("id", number),
            "question": raw["question"],
            "language": question_language(str(raw["question"])),
            "answers": [] if impossible else golds,
            "answerable": not impossible,
            "near_miss": impossible,
            # The paragraph is not part of the corpus: its answer counts wherever it stands.
            "evidence": [] if impossible else [{"source": "", "text": gold} for gold in golds],
            "evidence_any": True,
        }
    except (KeyError, TypeError, AttributeError) as error:
        problem = f"not a question in SQuAD's format ({type(error).__name__}: {error})"
        return Row(place, number, {}, problem)
    return Row(place, number, values)
