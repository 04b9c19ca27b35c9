"""What the page renders, and how the server starts; a real browser is in test_page_*."""

from __future__ import annotations

import asyncio
import html
import re
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ui
from assistant import Answer, Assistant, Chunk, Settings
from assistant.types import Turn
from web.hosting import AssistantHost
from web.records import CitationRecord, Conversation, Exchange, QuoteRecord, StatementRecord
from web.render import (
    render_exchange,
)
from web.room import FullError, Room
from web.source_list import highlight, render_sources
from web.talk import Asked, Talk, read_asked

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


def test_an_unexpected_error_is_told_kindly_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    shown, _ = replies(ValueError("secret detail"))
    assert "secret" not in shown[-1]
    assert "the server&#x27;s log shows the details" in shown[-1]
    assert "secret detail" in caplog.text


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
