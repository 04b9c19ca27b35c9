"""Conversations as files: numbered through, exact, and literal whatever the words are."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant import Assistant
from assistant.web.exporting import to_json, to_markdown
from assistant.web.markdown import escape_text
from assistant.web.records import Conversation, Exchange

from .web_records import citation, exchange

ASKED = (
    "Who did Vanke sign an agreement with?",
    "长三角调研收回多少份有效问卷？",
    "Where did Vanke open its first incubator overseas?",
)
GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
NASTY = (
    "# Heading",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](http://e.vil/p.png)",
    "1. one",
    "- a\n- b",
    "a | b\n--|--\n1 | 2",
    "*bold* _it_ `code` ~~gone~~",
    "    indented",
    "> quote",
    "Title\n===",
    "***",
    "&lt;b&gt; &copy;",
    "[1]: http://e.vil",
    "\\*",
    "<https://e.vil>",
    "```\nfence",
    "end \\",
)


def conversation(*exchanges: Exchange) -> Conversation:
    made = Conversation.new()
    for one in exchanges:
        made = made.with_exchange(one)
    return made


def seen(markdown: str) -> str:
    """What a reader of the Markdown sees, white space evened out."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", GITHUB.render(markdown))).split())


@pytest.fixture(scope="module")
def talked(assistant: Assistant) -> Conversation:
    return conversation(*(Exchange.of(assistant.ask(question)) for question in ASKED))


PRINTABLE = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], include_characters="\n")
)


@given(PRINTABLE)
@example("\n".join(NASTY))
@example("www.e.vil http://e.vil")
def test_escaped_text_renders_as_it_is(text: str) -> None:
    rendered = GITHUB.render(escape_text(text))
    assert set(re.findall(r"</?(\w+)", rendered)) <= {"p", "br"}
    assert "".join(seen(escape_text(text)).split()) == "".join(text.split())


@pytest.mark.parametrize("text", NASTY)
def test_hostile_questions_and_documents_are_shown_literally(text: str) -> None:
    cited = citation(text=f"Vanke {text}")
    hostile = replace(
        cited, title_en=text, title_zh=text, heading=text, translations=(text,), author=text
    )
    made = to_markdown(conversation(exchange(text, f"Vanke {text}", hostile)), "apa", "en")
    rendered = GITHUB.render(made)
    allowed = {"h1", "h2", "p", "br", "blockquote", "em"}
    assert set(re.findall(r"</?(\w+)", rendered)) <= allowed
    words = " ".join(text.split())
    # Name, question, answer, quote, translation, its title and heading, author.
    assert seen(made).count(words) >= 8


def test_sources_are_listed_once_and_markers_follow(talked: Conversation) -> None:
    made = to_markdown(talked, "apa", "en")
    answers, listed = made.split("## References\n\n")
    assert len(re.findall(r"^\\\[\d+\\\]", listed, re.MULTILINE)) == 2
    assert listed.startswith("\\[1\\] BOP Consulting. (2016, May 26). *China's international")
    assert "\\[2\\] Tongji University." in listed
    first, second, third = re.split(r"^## \d\. ", answers, flags=re.MULTILINE)[1:]
    assert "\\[1\\]" in first
    assert "\\[1\\]" in third
    assert "\\[2\\]" in second
    assert "\\[1\\]" not in second


def test_json_holds_the_record_and_the_references(talked: Conversation) -> None:
    data = json.loads(to_json(talked))
    assert Conversation.from_dict(data) == talked
    first, second = data["references"]
    assert first["cited"] == [{"exchange": 0, "citation": 1}, {"exchange": 2, "citation": 1}]
    assert (second["number"], second["source_id"]) == (2, "yangtze-delta-survey-2015")
    assert first["apa"].startswith("BOP Consulting. (2016, May 26).")
    assert second["gb"].startswith("同济大学. ")
