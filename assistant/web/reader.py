"""A whole document as HTML: what it is, its text line by line, what is cited of it marked."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..bodies import author_in, body_in
from ..types import Language, Source, Span
from .labels import Labels
from .marking import Mark, Marking, show

__all__ = ["Mark", "reader_css", "render_document"]

READER: Mapping[Language, Labels] = {
    "en": {
        "author": "Author",
        "publisher": "Publisher",
        "date": "Date",
        "language": "Language",
        "licence": "Licence",
        "kind": "Kind",
        "original": "original",
        "digest": "digest by the project",
        "translation": "translation",
        "digest_note": "This is a digest written by the project, not the official text.",
        "en": "English",
        "zh": "Chinese",
        "open": "Open the original",
        "file": "Open the file",
        "page": "Page {number}",
        "whose": "Original ({language})",
        "theirs": "Translation ({language}) by {by}",
        "nobody": "not named",
        "text": "Text of the document",
    },
    "zh": {
        "author": "作者",
        "publisher": "发布者",
        "date": "日期",
        "language": "语言",
        "licence": "许可",
        "kind": "类别",
        "original": "原文",
        "digest": "项目撰写的摘要",
        "translation": "译文",
        "digest_note": "本文是项目撰写的摘要，并非官方原文。",
        "en": "英文",
        "zh": "中文",
        "open": "打开原始网页",
        "file": "打开原始文件",
        "page": "第{number}页",
        "whose": "原文（{language}）",
        "theirs": "译文（{language}），译者：{by}",
        "nobody": "未注明",
        "text": "文件正文",
    },
}
_HEADING = re.compile(r"(#{1,6})[ \t]+")


def reader_css() -> str:
    """The style that `render_document` needs; all of it applies inside `.document` only."""
    return (Path(__file__).parent / "reader.css").read_text(encoding="utf-8")


def render_document(
    source: Source,
    marks: Sequence[Mark],
    *,
    language: Language,
    target: Span | None,
    prefix: str = "",
    level: int = 2,
    original: str = "",
) -> str:
    """Everything of a document as safe HTML, in an interface of that language.

    Every character of the text stands there once, in elements of the classes `words`, `end` and
    `gap`; numbers and labels come from the style. Marks get the ids `{prefix}mark-1` and so on,
    in the given order, the target `{prefix}target`, the text `{prefix}text`. level: of the heading
    that is the title, 1 to 6; the text's own headings are below it. original: the address of the
    file that it was read from. Where a page of that begins there is an element with the id
    `{prefix}page-4`.
    """
    text = _Text(
        source, Marking(source.text, marks, target, prefix=prefix), level, prefix, language
    )
    label = READER[language]["text"]
    return (
        f'<article class="document" lang="{language}">{_about(source, language, level, original)}'
        f'<section class="text" id="{show(prefix)}text" tabindex="-1" '
        f'aria-label="{label}">{_whose(source, language)}{"".join(text.blocks())}</section>'
        "</article>"
    )


def _about(source: Source, ui: Language, level: int, original: str) -> str:
    words = READER[ui]
    titles: list[tuple[Language, str]] = [("en", source.title_en), ("zh", source.title_zh)]
    titles.sort(key=lambda title: title[0] != ui)
    known = [(tongue, title) for tongue, title in titles if title] or [(ui, source.id)]
    (tongue, title), *others = known
    parts = [f'<h{level} lang="{tongue}">{show(title)}</h{level}>']
    for tongue, other in others:
        if other != title:
            parts.append(f'<p class="other" lang="{tongue}">{show(other)}</p>')
    kind = f"<strong>{words['digest_note']}</strong> " if source.kind == "digest" else ""
    if kind or source.note(ui):
        parts.append(f'<p class="note" role="note">{kind}{show(source.note(ui))}</p>')
    facts = {
        "author": author_in(source.author, ui),
        "publisher": body_in(source.publisher, ui),
        "date": source.date,
        "language": words[source.language],
        "licence": source.licence,
        "kind": words[source.kind],
    }
    rows = (f"<dt>{words[key]}</dt><dd>{show(fact)}</dd>" for key, fact in facts.items() if fact)
    parts.append(f"<dl>{''.join(rows)}</dl>")
    if original:
        parts.append(
            f'<p><a href="{html.escape(original)}" target="_blank" rel="noopener">'
            f"{words['file']} ↗</a></p>"
        )
    if source.url.lower().startswith(("https://", "http://")):
        parts.append(
            f'<p><a href="{html.escape(source.url)}" target="_blank" rel="noopener noreferrer">'
            f"{words['open']} ↗</a></p>"
        )
    return f'<header class="about">{"".join(parts)}</header>'


def _whose(source: Source, ui: Language) -> str:
    """What stands at the head of the columns."""
    if source.translation is None:
        return ""
    words, aligned = READER[ui], source.translation
    by = show(author_in(aligned.made_by, ui) or words["nobody"])
    theirs = words["theirs"].format(language=words[aligned.language], by=by)
    ours = words["whose"].format(language=words[source.language])
    return f'<p class="whose line"><b>{ours}</b><b class="theirs">{theirs}</b></p>'


class _Text:
    """A text's blocks: headings, paragraphs and the gaps between them."""

    def __init__(
        self, source: Source, marking: Marking, level: int, prefix: str, ui: Language
    ) -> None:
        self._text, self._language = source.text, source.language
        self._pages, self._prefix, self._page = source.pages, prefix, READER[ui]["page"]
        self._marking, self._level = marking, level
        aligned = source.translation
        self._theirs = aligned.text.split("\n") if aligned else []
        self._lang = aligned.language if aligned else source.language

    def blocks(self) -> Iterator[str]:
        """Every line, in order: runs of lines without a blank one are paragraphs."""
        paragraph: list[str] = []
        start = 0
        # Lines end where ingest ends them: str.splitlines knows more ends.
        for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+", self._text), 1):
            end = start + len(line)
            heading = _HEADING.match(line)
            if paragraph and (heading or not line.strip()):
                yield f'<p class="block">{"".join(paragraph)}</p>'
                paragraph = []
            if heading:
                yield self._heading(heading, number, start, end)
            elif line.strip():
                paragraph.append(self._line(number, start, end))
            else:
                yield f'<div class="gap">{self._marking.show(start, end)}</div>'
            start = end
        if paragraph:
            yield f'<p class="block">{"".join(paragraph)}</p>'

    def _heading(self, heading: re.Match[str], number: int, start: int, end: int) -> str:
        level = min(self._level + len(heading[1]), 6)
        words = self._line(number, start, end, hashes=len(heading[0]))
        return f'<h{level} class="block">{words}</h{level}>'

    def _line(self, number: int, start: int, end: int, *, hashes: int = 0) -> str:
        """A numbered line beside its translation; the first `hashes` characters are not shown."""
        begin, stop = start + hashes, end - self._text.endswith("\n", start, end)
        before = self._marking.show(start, begin)
        parts = [
            f'<span class="number" aria-hidden="true" data-line="{number}"></span>',
            f'<span class="words" lang="{self._language}">',
            f'<span class="hashes" aria-hidden="true">{before}</span>' if hashes else "",
            self._marking.show(begin, stop),
            f'<span class="end">{self._marking.show(stop, end)}</span>' if stop < end else "",
            "</span>",
        ]
        if number <= len(self._theirs):
            theirs = self._theirs[number - 1]
            if hashes and (mark := _HEADING.match(theirs)):
                theirs = theirs[mark.end() :]
            parts.append(f'<span class="theirs" lang="{self._lang}">{show(theirs)}</span>')
        return f'{self._turns(start, end)}<span class="line">{"".join(parts)}</span>'

    def _turns(self, start: int, end: int) -> str:
        """A mark for each page that begins in text[start:end]."""
        first, last = bisect_left(self._pages, start), bisect_left(self._pages, end)
        return "".join(
            f'<span class="page" role="separator" id="{show(self._prefix)}page-{number}" '
            f'data-page="{self._page.format(number=number)}"></span>'
            for number in range(first + 1, last + 1)
        )
