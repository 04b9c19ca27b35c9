"""A whole document as HTML: every character once, the wanted ones marked, nothing acts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Span
from assistant.web.reader import Mark, render_document

from .web_records import source_of

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


@pytest.mark.parametrize(
    ("url", "is_linked"),
    [
        ("https://example.org/a?b=1&c=2", True),
        ("javascript:window.pwned=1", False),
        ("data:text/html,<script>1</script>", False),
        ("//example.org", False),
    ],
)
def test_only_addresses_of_the_web_are_linked(url: str, is_linked: bool) -> None:
    page = render_document(source_of("One.", url=url), (), language="en", target=None)
    links = re.findall(r"<a [^>]*>", page)
    assert len(links) == is_linked
    assert all('rel="noopener noreferrer"' in link for link in links)
