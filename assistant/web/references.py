"""Entries of a reference list, in two styles.

APA 7 (Publication Manual, 7th ed., ch. 9 and 10): author, date, title in italics, description in
brackets, publisher unless it is the author, address. A title in another language than the list's
is followed by its translation in brackets (9.38).
GB/T 7714-2015, numeric: who is responsible, title, document number, type and carrier, others who
took part, date of publication, date of access, address. Every source is listed in its own
language (6.1).

Official documents stand under the body that issued them. A digest is named as one, with who wrote
it, since its words are not the body's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ..bodies import body_in, made_from, names_of
from ..messages import say
from ..types import Kind, Language, Source
from .citation_records import CitationRecord

Described = Source | CitationRecord
Style = Literal["apa", "gb"]


@dataclass(frozen=True, slots=True)
class Reference:
    """An entry in three parts, so that the title can be set in italics where a style wants it."""

    before: str
    title: str
    after: str
    italic: bool

    def __str__(self) -> str:
        """The entry as plain text."""
        return f"{self.before}{self.title}{self.after}"


def reference(
    source: Described, style: Style, language: Language, *, accessed: date | None = None
) -> str:
    """The source as an entry of a reference list, in plain text and without a number.

    What is not known is left out, but for the date. language: the reader's; GB/T 7714 lists
    every source in its own. accessed: when the source was read; APA wants it only where there is
    no date.
    """
    return str(entry(source, style, language, accessed=accessed))


def entry(
    source: Described, style: Style, language: Language, *, accessed: date | None = None
) -> Reference:
    """`reference` in its parts."""
    if style == "apa":
        return _apa(source, language, accessed)
    return _gb(source, accessed)


_KIND_IN_TITLE = re.compile(r"\s*[(（](?:digest|摘要|translation|译文)[)）]$", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?:^|[，,:：\s]\s*|[(（])"
    r"([\u4e00-\u9fff]{2,10}[〔\[（(]\d{4}[〕\]）)]第?\d+号"
    r"|[A-Z][a-z]+ ?[\[〔(]\d{4}[\]〕)] No\. ?\d+)"
    r"[)）]?$"
)
_REPORT = re.compile(r"\b(?:report|survey)\b|报告", re.IGNORECASE)
_STANDARD = re.compile(r"\bstandard\b|标准|\b(?:GB|ISO|IEC)(?:/[TZ])?[ -]?\d", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_END = (".", "。", "!", "！", "?", "？", "…")


def _named(source: Described, language: Language) -> tuple[str, str]:
    """The title and the document number; the title without what other parts of an entry say."""
    titles = [source.title_en, source.title_zh]
    title = _line(titles[language == "zh"]) or _line("".join(titles))
    if source.kind != "original":
        title = _KIND_IN_TITLE.sub("", title)
    number = ""
    if (found := _NUMBER.search(title)) and found.start():
        title, number = title[: found.start()].rstrip("，,:：( （"), found[1]
    for body in names_of(_line(source.publisher)):
        title = re.sub(rf"[，,]\s*{re.escape(body)}$", "", title)
    return title.removesuffix("."), number


def _line(text: str) -> str:
    return " ".join(text.split())


def _people(names: str, language: Language, style: Style) -> str:
    """Authors that a list names with ";" between them; names stay as they are written."""
    parts = [body_in(part.strip(), language) for part in names.split(";") if part.strip()]
    if style == "gb" and len(parts) > 3:
        parts = [*parts[:3], "等" if language == "zh" else "et al"]
    if style == "apa" and len(parts) > 1:
        last = "和" if language == "zh" else "& "
        joint = "、" if language == "zh" else ", "
        comma = "" if language == "zh" else ", "
        return f"{joint.join(parts[:-1])}{comma}{last}{parts[-1]}"
    return ", ".join(parts)


def _responsible(source: Described, language: Language, style: Style) -> tuple[str, str, str]:
    """Who stands at the head of an entry, who made the digest or translation, and from whose."""
    publisher = body_in(_line(source.publisher), language)
    made = made_from(source.author)
    if made is None:
        return _people(_line(source.author), language, style) or publisher, "", ""
    of = body_in(made.of, language)
    by = body_in(made.by, language)
    return publisher or of, by, "" if of == publisher or not publisher else of


def _apa(source: Described, language: Language, accessed: date | None) -> Reference:
    author, by, of = _responsible(source, language, "apa")
    (title, _), (shown, number) = (_named(source, at) for at in (source.language, language))
    when = f"({_date_in(source.date, language)})."
    described = ""
    if shown != title:
        described += f" [{shown}]"
    if number:
        described += f" ({number})"
    described += _description(source.kind, by, of, language)
    publisher = body_in(_line(source.publisher), language)
    tail = [] if publisher in ("", author) else [_ended(publisher)]
    tail += _apa_address(source, language, accessed)
    if not author:  # 9.12: the title takes the author's place
        return Reference("", title, " ".join([_end_of(title, described), when, *tail]), True)
    closed = _end_of(title, described)
    return Reference(f"{_ended(author)} {when} ", title, " ".join([closed, *tail]), True)


def _apa_address(source: Described, language: Language, accessed: date | None) -> list[str]:
    url = source.url.strip()
    if not url or source.date.strip() or accessed is None:
        return [url] if url else []
    if language == "zh":
        return [f"{_date_in(accessed.isoformat(), language)}检索自 {url}"]
    day = f"{_MONTHS[accessed.month - 1]} {accessed.day}, {accessed.year}"
    return [f"Retrieved {day}, from {url}"]


def _description(kind: Kind, by: str, of: str, language: Language) -> str:
    if kind == "original":
        return ""
    what = say(kind, language)
    if language == "zh":
        parts = [what, f"{by}编写" if by else "", f"原作者：{of}" if of else ""]
        return f" [{'，'.join(filter(None, parts))}]"
    made = f"{what.capitalize()} by {by}" if by else what.capitalize()
    return f" [{made}; original by {of}]" if of else f" [{made}]"


def _gb(source: Described, accessed: date | None) -> Reference:
    language = source.language
    author, by, _ = _responsible(source, language, "gb")
    name, number = _named(source, language)
    zh = language == "zh"
    kind = "" if source.kind == "original" else say(source.kind, language)
    title = ": ".join(filter(None, [name, number, kind]))
    url, day = source.url.strip(), source.date.strip()
    said = f"[{_gb_type(name)}{'/OL' if url else ''}]."
    parts = [said.replace("[Z/OL]", "[EB/OL]")]
    if by:
        role = {"digest": "摘编" if zh else "digest", "translation": "译" if zh else "trans"}
        parts.append(_ended(f"{by}, {role.get(source.kind, '')}".rstrip(", ")))
    publisher = body_in(_line(source.publisher), language)
    issued = [] if publisher in ("", author) else [publisher]
    undated = "出版日期不详" if zh else "n.d."
    if url:
        parts += [_ended(name) for name in issued]
        read = f"[{accessed.isoformat()}]" if accessed else ""
        parts += [f"({day or undated}){read}.", _ended(url)]
    else:
        parts.append(_ended(", ".join([*issued, day or undated])))
    before = f"{_ended(author)} " if author else ""
    return Reference(before, title, " ".join(parts), False)


def _gb_type(title: str) -> str:
    """The letter of the document type: a standard, a report, or none of those with a name."""
    if _STANDARD.search(title):
        return "S"
    return "R" if _REPORT.search(title) else "Z"


def _date_in(text: str, language: Language) -> str:
    """A date as a reader writes it; what is no ISO date stays as it is."""
    text = text.strip()
    if not text:
        return "出版日期不详" if language == "zh" else "n.d."
    found = _DATE.fullmatch(text)
    if not found or not 1 <= int(found[2] or 1) <= 12:
        return text
    year, month, day = found[1], int(found[2] or 0), int(found[3] or 0)
    if language == "zh":
        return f"{year}年" + (f"{month}月" if month else "") + (f"{day}日" if day else "")
    if not month:
        return year
    return f"{year}, {_MONTHS[month - 1]}" + (f" {day}" if day else "")


def _end_of(title: str, described: str) -> str:
    """What follows the title, so that both together end in one full stop."""
    return _ended(f"{title}{described}").removeprefix(title)


def _ended(text: str) -> str:
    """The text with a full stop, unless it ends like a sentence already."""
    return text if not text or text.endswith(_END) else f"{text}."
