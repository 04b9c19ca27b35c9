"""A question that leans on the one before it, made to stand alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .glossary import Glossary
from .language import question_language, simplified
from .leaning import Exchange, asks, content, exchange_in, is_follow_up, without_lead
from .questions import names_in, understand

_QUESTION = re.compile(r"[^?？]+[?？]?")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ORDINAL = re.compile(
    r"\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)\b|"
    "第[一二三四五六七八九十]|最后一",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"\b(?:(?:[A-Z][\w'’-]*|of) )*(?:survey|report|guidance|guide|opinions|article|study|digest)\b|"
    "调研|调查|报告|指引|意见|文件|文章"
)
_NUMBERED = r"(?:\.? ?[\[〔]\d{4}[\]〕])?(?:(?: No)?\. ?\d+| ?\d+号)?(?:文件|文)?"
_OWNER = re.compile(r"\b(?:its|their)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:it|they|them|its|their)\b|[它他她]们?", re.IGNORECASE)


def stand_alone(asked: str, earlier: Sequence[str], glossary: Glossary) -> str:
    """The question with what it leaves to the conversation put into it, or before it.

    `earlier` holds the conversation's stand-alone questions, oldest first. "What about Innospace?"
    and "No, I mean Innospace" take the place of the name of that kind that was asked about; "it"
    becomes the one thing that was; any other question that leans on what was said ("And when?")
    is put behind the one that it follows. A question that does not lean comes back unchanged.
    """
    if not earlier or not is_follow_up(asked, earlier[-1], glossary):
        return asked
    exchange = exchange_in(simplified(asked))
    before = _kept(earlier[-1], glossary, parallel=exchange is not None)
    if exchange is None:
        return _with_subject(asked, before, glossary) or f"{before} {asked}"
    if asks(exchange.phrase):
        meant = f"{exchange.phrase[:1].upper()}{exchange.phrase[1:]}?"
        return meant if _names(meant, glossary) else stand_alone(meant, [before], glossary)
    return _exchanged(asked, exchange, before, glossary)


def _kept(earlier: str, glossary: Glossary, *, parallel: bool) -> str:
    """Of a chain of questions its head, and the last one behind it that says what it is about.

    A chain must not grow; of two that ask the same of two things the first is left out.
    """
    head, *rest = (found.group().strip() for found in _QUESTION.finditer(earlier))
    last = next((part for part in reversed(rest) if _speaks(part, glossary)), "")
    if not last or (parallel and exchange_in(last)):
        return head
    return f"{head} {last}"


def _speaks(text: str, glossary: Glossary) -> bool:
    return bool(names_in(text, glossary) or glossary.found_in(text))


def _with_subject(asked: str, before: str, glossary: Glossary) -> str:
    """The question with its pronoun replaced, "" where that may be the wrong thing.

    It is right where the question before speaks of one thing, by name, and does not ask for
    another that may be meant.
    """
    subjects = _names(before, glossary)
    others = [name for name, _ in glossary.found_in(before) if name not in subjects]
    rest = without_lead(asked)
    if len(subjects) != 1 or others or understand(before, before, glossary).kind == "who":
        return ""
    # A question of a pronoun and little else ("When was it?") needs all of the one before.
    if not _PRONOUN.search(rest) or not content(_PRONOUN.sub("", rest), glossary):
        return ""
    subject = _in_language_of(asked, subjects[0], glossary)
    whole = _PRONOUN.sub(
        lambda m: f"{subject}'s" if _OWNER.fullmatch(m.group()) else subject, rest, count=1
    )
    return whole[:1].upper() + whole[1:]


def _in_language_of(asked: str, name: str, glossary: Glossary) -> str:
    language = question_language(asked)
    if question_language(name) == language:
        return name
    return next(iter(glossary.translations(name, language)), name)


def _exchanged(asked: str, exchange: Exchange, before: str, glossary: Glossary) -> str:
    """The question before with what was asked about exchanged, else both questions."""
    whole, left = before, exchange.phrase
    if question_language(before) == question_language(asked):
        for old, own in _pairs(exchange, before, glossary):
            whole = whole.replace(f"the {old}" if own.startswith("the ") else old, own, 1)
            left = left.replace(own, " ")
    if whole != before and not content(left, glossary):
        return whole
    return f"{whole} {exchange.phrase}?" if exchange.corrects else f"{whole} {asked}"


def _pairs(exchange: Exchange, before: str, glossary: Glossary) -> Iterator[tuple[str, str]]:
    """What stands in the question before, and what of the same kind is to take its place."""
    for pattern in (_YEAR, _ORDINAL):
        said, meant = (set(pattern.findall(text)) for text in (before, exchange.phrase))
        if len(said) == len(meant) == 1:
            yield str(said.pop()), str(meant.pop())
    olds, owns = _subjects(before, glossary), _subjects(exchange.phrase, glossary)
    if exchange.corrects and owns:
        owns = {exchange.phrase: next(iter(owns.values()))}
    for own, kind in owns.items():
        same = [name for name, other in olds.items() if other == kind]
        denied = [name for name in olds if exchange.denies(name)]
        if not same and exchange.corrects and len(olds) == 1:
            same = list(olds)
        if len(denied or same) == 1:
            yield (denied or same)[0], own
            return


def _subjects(text: str, glossary: Glossary) -> dict[str, str]:
    """The names in a text, numbers left out, and what kind of thing each of them is."""
    found = {}
    for name in _names(text, glossary):
        entries = glossary.found_in(name)
        kind = entries[0][1][0].kind if entries else "name"
        kind = "name" if kind == "body" else kind
        if kind == "document" and (numbered := re.search(re.escape(name) + _NUMBERED, text)):
            name = numbered.group()
        found[name] = kind
    if "document" not in found.values() and (document := _DOCUMENT.search(text)):
        phrase = document.group().strip()
        found = {name: kind for name, kind in found.items() if name not in phrase}
        found[phrase] = "document"
    return found


def _names(text: str, glossary: Glossary) -> list[str]:
    return [
        name
        for name in names_in(text, glossary)
        if not _ORDINAL.fullmatch(name) and not name[0].isdigit()
    ]
