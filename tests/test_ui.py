"""What the page renders, and how the server starts; a real browser is in test_page_*."""

from __future__ import annotations

import asyncio
import html
import re
import socket
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ui
from assistant import Assistant
from assistant.web.admission import FullError, Room
from assistant.web.hosting import AssistantHost
from assistant.web.records import Conversation, Exchange, QuoteRecord, StatementRecord
from assistant.web.render import render_exchange
from assistant.web.source_list import highlight
from assistant.web.talk import Asked, Talk

from .web_records import citation

ATTACK = "<img src=x onerror=alert(1)>"


def plain(markup: str) -> str:
    """The characters a reader sees of rendered text."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup.replace("<br>", "\n")))


@given(
    pieces=st.lists(st.text(alphabet="ab<&\"'>\n中。", min_size=1), min_size=1, max_size=6),
    chosen=st.sets(st.integers(0, 5)),
)
def test_exactly_the_quoted_characters_are_highlighted(pieces: list[str], chosen: set[int]) -> None:
    text, edges = "".join(pieces), [sum(map(len, pieces[:i])) for i in range(len(pieces) + 1)]
    cited = citation(text=text)
    quotes = [
        QuoteRecord(cited.start + edges[i], cited.start + edges[i + 1], pieces[i])
        for i in chosen
        if i < len(pieces)
    ]
    markup = highlight(replace(cited, quotes=tuple(quotes)))
    assert plain(markup) == text
    marked = [plain(words) for words in re.findall(r"<mark>(.*?)</mark>", markup)]
    assert marked == [pieces[i] for i in sorted(chosen) if i < len(pieces)]


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
    exchange = Exchange.of(assistant.ask("长三角调研收回多少份有效问卷？"))
    markup = render_exchange(replace(exchange, statements=statements), 0, "en")
    assert "译文" not in markup if says is None else says in markup


def test_an_unexpected_error_is_told_kindly_and_logged(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret detail")

    async def shown() -> str:
        talk = Talk(AssistantHost(assistant.settings, assistant), Room())
        asked = Asked("Q?", None, Conversation.new(), "en")
        return str([step async for step in talk.respond(asked)][-1].messages[-1]["content"])

    monkeypatch.setattr("assistant.planning.planner.Planner.plan", fails)
    told = asyncio.run(shown())
    assert "secret" not in told
    assert "the server&#x27;s log shows the details" in told
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


def test_a_port_that_cannot_be_used_is_told_with_the_next_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ui.main(["--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"ui: Port {port} on 127.0.0.1 is already in use.")
    assert f"--port {port + 1}" in said
    with pytest.raises(SystemExit, match="2"):
        ui.main(["--port", "99999"])
