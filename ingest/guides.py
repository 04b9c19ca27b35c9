"""What a shipped source is about, in sentences written for it, each checked against its lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from assistant.errors import CorpusError
from assistant.planning.naming import card, plain, stands_in
from assistant.planning.questions import names_in
from assistant.retrieval.figures import figures
from assistant.retrieval.glossary import Glossary
from assistant.retrieval.language import simplified
from assistant.types import LANGUAGES, GuidePoint, GuideRole, Source, Span

_KEYS = ("role", *LANGUAGES, "lines")


def read_guide(path: Path, source: Source, glossary: Glossary) -> tuple[GuidePoint, ...]:
    """The points of a source's guide in their order; () where it has no guide.

    A point names the lines of the source's text that it rests on. Raises CorpusError for a file
    that does not fit, and for a figure or a name that neither those lines, their translation nor
    what the manifest says of the source hold.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CorpusError(f"The guide {path} cannot be read ({error}). Mend it.") from error
    rows = data.pop("point", None)
    if data or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CorpusError(f"The guide {path} must hold [[point]] tables and nothing else.")
    points = []
    for number, row in enumerate(rows, start=1):
        if fault := _misfit(row) or _wrong_line(row, source) or _unfounded(row, source, glossary):
            raise CorpusError(f"{path}, point {number}: {fault}")
        spans = tuple(_line(source, line) for line in row["lines"])
        points.append(GuidePoint(row["role"], row["en"], row["zh"], spans))
    if {point.role for point in points} != set(get_args(GuideRole)):
        raise CorpusError(f"The guide {path} needs points of both roles, overview and key.")
    return tuple(points)


def _misfit(row: dict[str, Any]) -> str:
    keys = f"The keys are: {', '.join(_KEYS)}."
    if unknown := sorted(row.keys() - set(_KEYS)):
        return f"it has the unknown key {unknown[0]!r}. {keys}"
    if missing := [key for key in _KEYS if not row.get(key)]:
        return f"it lacks {missing[0]!r}. {keys}"
    if row["role"] not in get_args(GuideRole):
        return f"its role is {row['role']!r}. Make it overview or key."
    if not all(isinstance(row[language], str) for language in LANGUAGES):
        return "a sentence is not a text. Put it in quotation marks."
    if not isinstance(row["lines"], list) or not all(type(line) is int for line in row["lines"]):
        return "its lines are no list of numbers. Write them as [12, 14]."
    return ""


def _wrong_line(row: dict[str, Any], source: Source) -> str:
    lines = source.text.split("\n")
    for line in row["lines"]:
        words = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        if not words or words.startswith("#"):
            what = "is a heading" if words else "is blank or not there"
            return f"line {line} of the text {what}. Name lines that hold a sentence, from 1."
    return ""


def _unfounded(row: dict[str, Any], source: Source, glossary: Glossary) -> str:
    """Why a sentence says more than its lines hold; "" when it does not."""
    texts = [source.text, *([source.translation.text] if source.translation else [])]
    lines = [text.split("\n")[line - 1] for text in texts for line in row["lines"]]
    ground = [card(source), *map(plain, lines)]
    held = frozenset().union(*map(figures, ground))
    for language in LANGUAGES:
        missing = [f"the figure {figure}" for figure in sorted(figures(row[language]) - held)]
        missing += [f"the name {name!r}" for name in _names(row[language], ground, glossary)]
        if missing:
            return (
                f"{missing[0]} of its {language!r} sentence stands in none of its lines "
                f"{row['lines']}. Correct the sentence, or name the line that holds it."
            )
    return ""


def _names(sentence: str, ground: Sequence[str], glossary: Glossary) -> Iterator[str]:
    """The names of a sentence that its ground does not hold."""
    for names in names_in(simplified(sentence), glossary):
        # Numbers are figures here, with their scales; "Acme and Bolt" are two names.
        if not re.fullmatch(r"[\d.,]+", names) and not stands_in(glossary, names, ground):
            for name in names.split(" and "):
                if not stands_in(glossary, name, ground):
                    yield name


def _line(source: Source, number: int) -> Span:
    lines = source.text.split("\n")
    words = lines[number - 1].strip()
    start = sum(len(line) + 1 for line in lines[: number - 1])
    start += lines[number - 1].index(words)
    return Span(start, start + len(words))
