"""What the page renders, and how the server starts; a real browser is in test_page_*."""

from __future__ import annotations

import asyncio
import html
import re
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ui
from assistant import Answer, Assistant, AssistantError, Chunk, Settings
from assistant.types import Turn
from web.hosting import AssistantHost
from web.records import CitationRecord, Conversation, Exchange, QuoteRecord, StatementRecord
from web.render import (
    escape,
    link_markers,
    messages,
    render_exchange,
    render_text,
)
from web.room import FullError, Room
from web.source_list import highlight, panel, render_sources
from web.talk import Asked, Talk, read_asked, written

ENGLISH = "Who did Vanke sign an agreement with?"
CHINESE = "长三角调研收回多少份有效问卷？"
ATTACK = "<img src=x onerror=alert(1)>"


def cited(text: str, *spans: tuple[int, int], start: int = 0, url: str = "") -> CitationRecord:
    """A citation whose passage is `text`, standing at `start` in its source."""
    return CitationRecord(
        number=1,
        source_id="s",
        title_en="<b>Title</b>",
        title_zh="标题",
        author="A",
        publisher="P & Co",
        date="2016",
        kind="digest",
        url=url,
        note_en="",
        note_zh="",
        passage_id="s.1",
        heading="",
        language="en",
        start=start,
        end=start + len(text),
        text=text,
        quotes=tuple(QuoteRecord(start + a, start + b, text[a:b]) for a, b in spans),
        support="supported",
    )


def plain(markup: str) -> str:
    """The characters a reader sees of rendered text."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup.replace("<br>", "\n")))


def marked(markup: str) -> list[str]:
    return [plain(words) for words in re.findall(r"<mark>(.*?)</mark>", markup)]


@given(
    pieces=st.lists(st.text(alphabet="ab<&\"'>\n中。", min_size=1), min_size=1, max_size=6),
    chosen=st.sets(st.integers(0, 5)),
    start=st.integers(0, 1000),
)
def test_exactly_the_quoted_characters_are_highlighted(
    pieces: list[str], chosen: set[int], start: int
) -> None:
    edges = [sum(map(len, pieces[:i])) for i in range(len(pieces) + 1)]
    spans = [(edges[i], edges[i + 1]) for i in chosen if i < len(pieces)]
    markup = highlight(cited("".join(pieces), *spans, start=start))
    assert plain(markup) == "".join(pieces)
    assert marked(markup) == [pieces[i] for i in sorted(chosen) if i < len(pieces)]


def test_quotes_that_overlap_are_highlighted_once() -> None:
    markup = highlight(cited("abcdef", (3, 5), (1, 4), (1, 4)))
    assert markup == "a<mark>bcd</mark><mark>e</mark>f"


def test_escaped_text_stays_on_one_line_of_markup() -> None:
    assert escape(f"{ATTACK}\r\n\r\n# a") == ("&lt;img src=x onerror=alert(1)&gt;<br><br># a")


def test_known_markers_become_links_and_others_stay_text() -> None:
    linked = link_markers("One [1][2]. Guobanfa [2015] No. 9, [3], [01]x", {1, 2}, 4)
    assert re.findall(r'href="#(source-4-\d)">(\[\d\])</a>', linked) == [
        ("source-4-1", "[1]"),
        ("source-4-2", "[2]"),
        ("source-4-1", "[1]"),
    ]
    assert "[2015] No. 9, [3]" in linked


def test_paragraphs_and_lists_become_blocks_without_blank_lines() -> None:
    assert render_text("Near:\n\n- a < b [1]\n- c", {1}, 0) == (
        "<p>Near:</p><ul><li>a &lt; b "
        '<a class="marker" href="#source-0-1">[1]</a></li><li>c</li></ul>'
    )


@pytest.mark.parametrize(
    ("translated", "says"),
    [((True, True), "以上为译文"), ((True, False), "部分为译文"), ((False, False), None)],
)
def test_the_answer_says_how_much_of_it_is_translated(
    assistant: Assistant, translated: tuple[bool, bool], says: str | None
) -> None:
    statements = tuple(
        StatementRecord("万科", "zh", (1,), flag, "supported") for flag in translated
    )
    exchange = replace(Exchange.of(assistant.ask(CHINESE)), statements=statements)
    markup = render_exchange(exchange, 0, "en")
    assert "译文" not in markup if says is None else says in markup


def test_only_web_addresses_are_linked(assistant: Assistant) -> None:
    exchange = Exchange.of(assistant.ask(ENGLISH))
    assert "javascript" not in str(exchange)
    for url, links in (("", 1), ('https://a.example/"x', 2)):
        shown = render_sources(
            replace(exchange, citations=(cited("abc", (0, 1), url=url),)), 0, shown=True
        )
        assert shown.count("<a ") == links
        assert '"x' not in shown
        assert "&lt;b&gt;Title&lt;/b&gt;" in shown
        assert "digest by the project, not the official text" in shown


@pytest.mark.parametrize(
    ("question", "status", "label"),
    [
        (ENGLISH, "partial", "Partly"),
        (ENGLISH, "refused", "Not answered by the sources"),
        (CHINESE, "partial", "接近但未直接回答"),
        (CHINESE, "refused", "资料未回答"),
    ],
)
def test_what_is_not_simply_answered_says_so_first(
    assistant: Assistant, question: str, status: Any, label: str
) -> None:
    exchange = Exchange.of(assistant.ask(question))
    assert '"label"' not in render_exchange(replace(exchange, status="answered"), 0, "en")
    assert render_exchange(replace(exchange, status=status), 0, "en").startswith(
        f'<p class="label">{label}'
    )


Grade = Literal["supported", "partly", "unsupported"]


def test_each_written_sentence_carries_its_grade_behind_its_markers(assistant: Assistant) -> None:
    grades: tuple[Grade, ...] = ("supported", "partly", "unsupported")
    said = [StatementRecord(f"Claim {n}.", "en", (1,), False, g) for n, g in enumerate(grades)]
    text = "Claim 0. [1][1] Claim 1. [1]\n\nClaim 2. [1] \ue002"
    exchange = replace(
        Exchange.of(assistant.ask(ENGLISH)), text=text, statements=tuple(said), composer="a:b"
    )
    shown = render_exchange(exchange, 0, "en")
    order = re.findall(r'Claim (\d)|class="grade (\w+)"', shown)
    assert ["".join(pair) for pair in order] == [
        "0", "supported", "1", "partly", "2", "unsupported",
    ]  # fmt: skip
    assert "1 supported, 1 partly, 1 not" in shown
    assert not re.search("[\ue000-\ue002]", shown)
    assert "grade" not in render_exchange(replace(exchange, composer="quotes"), 0, "en")


@dataclass
class Stub:
    """An assistant that streams two pieces, then an answer or an error."""

    end: Answer | Exception
    index: Any = field(default_factory=lambda: SimpleNamespace(sources={}))

    async def astream(
        self, question: str, *, history: Sequence[Turn], sources: None
    ) -> AsyncIterator[Chunk]:
        yield Chunk("Half ")
        yield Chunk("[1] done")
        if isinstance(self.end, Exception):
            raise self.end
        yield Chunk("", self.end)


def replies(end: Answer | Exception, room: Room | None = None) -> tuple[list[str], Exchange]:
    """What the chat shows of the reply, step by step, and what is kept of it."""
    host = AssistantHost(Settings(), cast(Assistant, Stub(end)))

    async def collected() -> list[Any]:
        asked = Asked("Q?", None, Conversation.new(), "en")
        return [step async for step in Talk(host, room or Room()).respond(asked)]

    steps = asyncio.run(collected())
    return [step.messages[-1]["content"] for step in steps], steps[-1].conversation.exchanges[-1]


def test_an_answer_grows_and_ends_as_the_finished_one(assistant: Assistant) -> None:
    answer = assistant.ask(ENGLISH)
    shown, exchange = replies(answer)
    assert [plain(text) for text in shown[:3]] == ["Q?Edit", "Half", "Half [1] done"]
    assert "<a" not in shown[2]
    assert exchange == replace(Exchange.of(answer), time=exchange.time)
    assert "".join(answer.text.split()) in "".join(plain(shown[3]).split())


def test_an_expected_error_is_shown_as_its_sentence() -> None:
    shown, exchange = replies(AssistantError("The index is gone: run <this>."))
    assert plain(shown[-1]).startswith("The index is gone: run <this>.")
    assert exchange.error


def test_an_unexpected_error_is_told_kindly_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    shown, _ = replies(ValueError("secret detail"))
    assert "secret" not in shown[-1]
    assert "the server&#x27;s log shows the details" in shown[-1]
    assert "secret detail" in caplog.text


def test_when_too_many_wait_the_question_is_kept_and_that_is_said(assistant: Assistant) -> None:
    shown, exchange = replies(assistant.ask(ENGLISH), Room(seats=0, waiting=0))
    assert "Too many questions" in shown[-1]
    assert exchange.question == "Q?"


def test_a_room_seats_some_lets_others_wait_and_turns_the_rest_away() -> None:
    room, order = Room(seats=1, waiting=1), list[str]()

    async def visit(name: str) -> None:
        try:
            async with room.seat():
                order.append(f"{name} sits")
                await asyncio.sleep(0.01)
        except FullError:
            order.append(f"{name} leaves")

    async def visits() -> None:
        await asyncio.gather(*(visit(name) for name in "abc"))
        await visit("d")

    asyncio.run(visits())
    assert order == ["a sits", "c leaves", "b sits", "d sits"]


def test_a_refusal_shows_the_closest_passages_as_such(assistant: Assistant) -> None:
    refused = assistant.ask("Who won the 2014 World Cup?")
    exchange = Exchange.of(refused, assistant.index.sources)
    assert [near.passage_id for near in exchange.closest] == [
        hit.passage.id for hit in refused.hits[:3]
    ]
    shown = render_sources(exchange, 0, shown=True)
    assert "Closest passages, which do not answer" in shown
    assert shown.count("<details") == 3
    assert 'class="marker"' not in shown
    assert "<mark>" not in shown
    assert not Exchange.of(assistant.ask(ENGLISH), assistant.index.sources).closest


def test_after_an_error_the_sources_of_the_last_answer_stay(assistant: Assistant) -> None:
    conversation = Conversation.new().with_exchange(Exchange.of(assistant.ask(ENGLISH)))
    shown = panel(conversation.with_exchange(Exchange.failed("Q?", "No.")), "en")
    assert "source-0-1" in shown
    assert " hidden" not in shown


def test_what_failed_can_be_asked_again() -> None:
    conversation = Conversation.new().with_exchange(Exchange.failed("Q?", "No."))
    assert 'class="act-again turn-0"' in messages(conversation, "en")[-1]["content"]


def test_a_taken_port_is_told_with_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ui.main(["--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"ui: Port {port} on 127.0.0.1 is already in use.")
    assert f"--port {port + 1}" in said


def test_a_port_out_of_range_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as stopped:
        ui.main(["--port", "99999"])
    assert stopped.value.code == 2


def test_what_a_browser_should_not_send_counts_as_left_out() -> None:
    asked = read_asked(["x"], "99999", 7, "fr", "model", 500, "all", None)
    assert (asked.question, asked.turn, asked.conversation.exchanges) == ("", None, ())
    assert (asked.policy, asked.composer, asked.passages, asked.sources) == ("", "", None, None)
    assert asked.ui == "en"


def test_an_exchange_is_asked_again_by_its_number() -> None:
    conversation = Conversation.new().with_exchange(Exchange.failed("Q?", "No."))
    asked = read_asked("", "0", written(conversation), "zh", "quotes", 3, ["a"], "zh")
    assert (asked.question, asked.turn, asked.policy, asked.passages) == ("Q?", 0, "zh", 3)
    assert (asked.composer, asked.sources, asked.ui) == ("quotes", ["a"], "zh")


@pytest.mark.parametrize(("policy", "sources"), [(None, None), ("auto", [])])
def test_nothing_chosen_is_told_from_nothing_loaded_yet(
    policy: str | None, sources: list[str] | None
) -> None:
    assert read_asked("Q?", "", "", policy, "", 6, [], "en").sources == sources
