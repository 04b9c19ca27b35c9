"""A whole document as HTML: every character once, the wanted ones marked, nothing acts."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Assistant
from assistant.types import Source, Span, Translation
from web.reader import Mark, render_document

# What comes back when only the text's own characters are read, by class of their element.
OURS, THEIRS = {"words", "gap"}, {"theirs", "whose"}


class Reading(HTMLParser):
    """What a page shows of a document: its text, what is marked, ids and labels."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = self.marked = self.target = ""
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.places: dict[str, int] = {}
        self._open: list[tuple[str, set[str]]] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self._open.append((tag, set(given.get("class", "").split()) | {tag}))
        if name := given.get("id"):
            self.ids.append(name)
            self.places[name] = len(self.text)
        if label := given.get("data-label"):
            self.labels.append(label)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        inside = set().union(*(classes for _, classes in self._open))
        if inside & OURS and not inside & THEIRS:
            self.text += data
            self.marked += data if "mark" in inside else ""
            self.target += data if "target" in inside else ""


def source_of(text: str, theirs: str | None = None, *, url: str = "") -> Source:
    return Source(
        id="doc",
        title_en="Document",
        title_zh="文件",
        author="A. Writer",
        publisher="",
        date="2016",
        language="en",
        url=url,
        licence="MIT",
        kind="original",
        sha256="",
        text=text,
        translation=None if theirs is None else Translation("zh", theirs, "A. Translator"),
    )


def rendered(
    text: str, *marks: Mark, target: Span | None = None, theirs: str | None = None
) -> Reading:
    return Reading(render_document(source_of(text, theirs), marks, language="en", target=target))


TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            ["\n", "\n\n", "# ", "## Head", "<b>", "&amp;", " ", "\r\n", "词", "\u202e"]
        ),
        max_size=30,
    ).map("".join),
).filter(lambda text: "\0" not in text)
SPANS = st.tuples(st.integers(-5, 210), st.integers(-5, 210))


@given(TEXTS, st.lists(SPANS, max_size=6), st.none() | SPANS)
def test_every_character_stands_there_once_and_exactly_the_wanted_ones_are_marked(
    text: str, spans: list[tuple[int, int]], sought: tuple[int, int] | None
) -> None:
    marks = [Mark(start, end, f"[{i}]") for i, (start, end) in enumerate(spans)]
    reading = rendered(text, *marks, target=Span(*sought) if sought else None)
    assert reading.text == text
    wanted = [*spans, *([sought] if sought else [])]
    inside = [any(start <= i < end for start, end in wanted) for i in range(len(text))]
    assert reading.marked == "".join(c for c, is_in in zip(text, inside, strict=True) if is_in)
    if sought:
        assert reading.target == text[max(0, sought[0]) : max(0, sought[1])]


@given(TEXTS, st.lists(SPANS, max_size=6), st.none() | SPANS)
def test_every_mark_has_one_id_where_it_begins(
    text: str, spans: list[tuple[int, int]], sought: tuple[int, int] | None
) -> None:
    reading = rendered(text, *(Mark(*span) for span in spans), target=Span(*sought or (0, 0)))
    assert len(set(reading.ids)) == len(reading.ids)
    wanted = {f"mark-{n}": span for n, span in enumerate(spans, 1)} | {"target": sought or (0, 0)}
    for name, (first, last) in wanted.items():
        start, end = max(0, first), min(last, len(text))
        assert (name in reading.places) == (start < end)
        if start < end and (words := text[start:end]).strip():
            # At the first character that can be seen.
            assert reading.places[name] == end - len(words.lstrip())


def test_the_labels_of_overlapping_marks_stand_at_their_ends() -> None:
    reading = rendered("One two.\nThree four.\n", Mark(0, 9, "[1]"), Mark(4, 14, "[2]"))
    assert reading.labels == ["[1]", "[2]"]
    assert rendered("One.", Mark(0, 4, "[1]"), Mark(0, 4, "[3]")).labels == ["[1][3]"]


@pytest.mark.parametrize("prefix", ["", "read-"])
def test_ids_carry_the_prefix(prefix: str) -> None:
    page = render_document(
        source_of("One."), [Mark(0, 3)], language="en", target=Span(0, 3), prefix=prefix
    )
    assert set(Reading(page).ids) == {f"{prefix}text", f"{prefix}target", f"{prefix}mark-1"}


def test_a_carriage_return_is_written_so_that_a_browser_keeps_it() -> None:
    page = render_document(source_of("One.\rTwo.\r\n"), (), language="en", target=None)
    assert "\r" not in page
    assert page.count("&#13;") == 2


def test_headings_follow_the_level_of_the_title() -> None:
    text = "# Report\n\n## Part\n\nText.\n"
    page = render_document(source_of(text), (), language="en", target=None, level=1)
    assert re.findall(r"<(h\d)", page) == ["h1", "h2", "h3"]


def test_lines_are_numbered_as_in_the_file_and_numbers_are_not_read_aloud() -> None:
    page = render_document(source_of("# A\n\nOne.\nTwo.\n"), (), language="en", target=None)
    assert re.findall(r'aria-hidden="true" data-line="(\d)"></span>', page) == ["1", "3", "4"]


def test_a_translation_stands_beside_its_line_with_its_language_and_who_made_it() -> None:
    page = render_document(
        source_of("# A\n\nOne.\n", "# 甲\n\n一。\n"), (), language="zh", target=None
    )
    pairs = re.findall(
        r'lang="en">(?:<span class="hashes"[^>]*># </span>)?(\w+\.?)<span class="end">\s'
        r'</span></span><span class="theirs" lang="zh">(.+?)</span>',
        page,
    )
    assert pairs == [("A", "甲"), ("One.", "一。")]
    assert "A. Translator" in page
    assert "译文（中文）" in page


def test_every_shipped_document_is_shown_with_all_its_characters(assistant: Assistant) -> None:
    for source in assistant.sources:
        marks = [Mark(start, start + 90) for start in range(0, len(source.text), 60)]
        page = render_document(source, marks, language="zh", target=Span(10, 200))
        assert Reading(page).text == source.text


def test_a_digest_says_that_it_is_one(assistant: Assistant) -> None:
    digests = [source for source in assistant.sources if source.kind == "digest"]
    assert digests
    for source in digests:
        english = render_document(source, (), language="en", target=None)
        assert "not the official text" in english
        assert "并非官方原文" in render_document(source, (), language="zh", target=None)
    other = replace(digests[0], kind="original", note_en="")
    assert "not the official text" not in render_document(other, (), language="en", target=None)


@pytest.mark.parametrize(
    ("url", "is_linked"),
    [
        ("https://example.org/a?b=1&c=2", True),
        ("HTTP://example.org", True),
        ("javascript:window.pwned=1", False),
        ("data:text/html,<script>1</script>", False),
        (" https://example.org", False),
        ("//example.org", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_are_linked(url: str, is_linked: bool) -> None:
    page = render_document(source_of("One.", url=url), (), language="en", target=None)
    links = re.findall(r"<a [^>]*>", page)
    assert len(links) == is_linked
    assert all('rel="noopener noreferrer"' in link for link in links)


def test_an_address_cannot_leave_its_attribute() -> None:
    url = 'https://e.org/" onclick="window.pwned=1'
    page = render_document(source_of("One.", url=url), (), language="en", target=None)
    assert 'onclick="' not in page
