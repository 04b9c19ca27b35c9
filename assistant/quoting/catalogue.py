"""What the sources' own records tell: who, when, what kind, where, how many."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from ..bodies import author_in, body_in, made_from
from ..messages import MessageKey, say
from ..planning.plan import Field, Plan
from ..types import LANGUAGES, Language, Source
from .lines import Line

# How many documents a list names one by one.
LISTED = 20
# What numbers an official document carries: "No. 9", "〔2015〕9号".
_NUMBER = {
    "en": re.compile(r"[A-Z]\w* [\[(]\d{4}[\])] No\. ?\d+|\bNo\. ?\d+"),
    "zh": re.compile(r"[\u4e00-\u9fff]{1,6}[〔\[(（]\d{4}[〕\])）]\d+号"),
}


def records(plan: Plan, sources: Sequence[Source]) -> tuple[Line, ...]:
    """What the records of some sources say to the plan's fields, each line cited as a record."""
    fields = plan.fields
    if "count" in fields or "list" in fields:
        head = {
            language: say("there_are", language, count=str(len(sources))) for language in LANGUAGES
        }
        rows = [_listed(source, fields) for source in sources[:LISTED]]
        return (Line(said=head), *rows)
    if "newest" in fields and "oldest" in fields:
        return by_date(sources)
    if "newest" in fields or "oldest" in fields:
        dated = sorted((s for s in sources if s.date), key=lambda s: s.date)
        sources = [dated[-1 if "newest" in fields else 0]] if dated else ()
        fields = ("title", "date")
    several = len(sources) > 1
    return tuple(
        Line(said=said, card=source.id, label=_title(source) if several else {}, bullet=several)
        for source in sources
        for said in [_told(source, fields or ("author", "date"))]
        if all(said.values())
    )


def by_date(sources: Sequence[Source]) -> tuple[Line, ...]:
    """The sources in order of date, those without one last."""
    ordered = sorted(sources, key=lambda source: (not source.date, source.date))
    return tuple(_listed(source, ("date",)) for source in ordered)


def _title(source: Source) -> Mapping[Language, str]:
    return {language: source.title(language) for language in LANGUAGES}


def _listed(source: Source, fields: Sequence[Field]) -> Line:
    """One item of a list of documents: title, who issued it, when, of which kind."""
    said = {}
    for language in LANGUAGES:
        facts = (body_in(source.publisher, language), day(source.date, language))
        told = (
            ", ".join(filter(None, facts)) if language == "en" else "，".join(filter(None, facts))
        )
        said[language] = say(
            "listed", language, title=source.title(language), facts=told or source.id
        )
    return Line(said=said, card=source.id, bullet=True)


def _told(source: Source, fields: Sequence[Field]) -> dict[Language, str]:
    """What a record says to each of the fields, as running text in each language."""
    return {
        language: say("stop", language).join(
            filter(None, (_FIELDS[field](source, language) for field in fields))
        )
        for language in LANGUAGES
    }


def _author(source: Source, language: Language) -> str:
    made = made_from(source.author)
    publisher = body_in(source.publisher, language)
    if made is not None:
        return say(
            "made_from",
            language,
            of=body_in(made.of, language),
            by=body_in(made.by, language),
            what=say("digest" if made.what == "Digest" else "translation", language),
            publisher=publisher,
        )
    author = author_in(source.author, language)
    if not author and not publisher:
        return say("no_author", language)
    key: MessageKey = "written_by" if author in ("", publisher) else "written_for"
    return say(key, language, author=author or publisher, publisher=publisher)


def _date(source: Source, language: Language) -> str:
    if not source.date:
        return say("no_date", language)
    return say("dated", language, date=day(source.date, language))


def _kind(source: Source, language: Language) -> str:
    said = say("of_kind", language, kind=say(source.kind, language))
    return say("stop", language).join(filter(None, (said, source.note(language))))


def _language(source: Source, language: Language) -> str:
    name = say(source.language, language)
    if source.translation is None:
        return say("in_language", language, name=name)
    return say(
        "in_language_translated",
        language,
        name=name,
        other=say(source.translation.language, language),
        by=author_in(source.translation.made_by, language),
    )


def _address(source: Source, language: Language) -> str:
    if not source.url:
        return say("no_address", language)
    key: MessageKey = "address" if source.kind == "original" else "address_original"
    return say(key, language, url=source.url)


def _number(source: Source, language: Language) -> str:
    found = _NUMBER[language].search(source.title(language))
    return say("number_is", language, number=found.group()) if found else say("no_number", language)


def _titled(source: Source, language: Language) -> str:
    return say("title_is", language, title=source.title(language))


_FIELDS = {
    "author": _author,
    "date": _date,
    "kind": _kind,
    "language": _language,
    "address": _address,
    "number": _number,
    "title": _titled,
}


def day(written: str, language: Language) -> str:
    """A record's date as one writes it: "26 May 2016", "2016年5月26日"; anything else as it is."""
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return written
    if language == "zh":
        return f"{found.year}年{found.month}月{found.day}日"
    return f"{found.day} {found:%B} {found.year}"
