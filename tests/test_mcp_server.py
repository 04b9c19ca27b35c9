"""The MCP server: a real server, asked by the SDK's own client in both eras of the protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest

from assistant import Assistant
from assistant.web.admission import Room
from assistant.web.hosting import AssistantHost
from assistant.web.mcp_server import build_mcp

from .asgi_server import serving
from .chat_server import drips, writing

mcp = pytest.importorskip("mcp", reason="mcp is absent: `make test` installs it")

VANKE = "Who did Vanke sign an agreement with?"
# The handshake that most clients speak, and what came after it.
MODES = ("legacy", "auto")
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    host = AssistantHost(assistant.settings, assistant)
    with serving(build_mcp(host, hosts=["chat.example.org"])) as found:
        yield f"{found}/mcp"


@asynccontextmanager
async def connected(address: str, mode: str = "auto") -> AsyncIterator[Any]:
    async with mcp.Client(address, mode=mode) as client:
        yield client


def with_client(address: str, use: Callable[[Any], Awaitable[Any]], mode: str = "auto") -> Any:
    async def run() -> Any:
        async with connected(address, mode) as client:
            return await use(client)

    return asyncio.run(run())


def call(address: str, tool: str, mode: str = "auto", **arguments: Any) -> Mapping[str, Any]:
    """What a tool gives; its text says the same."""
    result = with_client(address, lambda client: client.call_tool(tool, arguments), mode)
    assert not result.is_error, result.content
    (text,) = result.content
    assert json.loads(text.text) == result.structured_content
    structured: Mapping[str, Any] = result.structured_content
    return structured


def failure(address: str, tool: str, **arguments: Any) -> str:
    """The sentence that a tool fails with."""
    result = with_client(address, lambda client: client.call_tool(tool, arguments))
    assert result.is_error
    (text,) = result.content
    assert "\n" not in text.text
    return str(text.text)


# ---- the tools


@pytest.mark.parametrize("mode", MODES)
def test_three_tools_are_offered_and_described(address: str, mode: str) -> None:
    listed = with_client(address, lambda client: client.list_tools(), mode)
    tools = {tool.name: tool for tool in listed.tools}
    assert list(tools) == ["search", "ask", "read"]
    for tool in tools.values():
        assert tool.description
        assert tool.annotations.read_only_hint
    assert tools["ask"].input_schema["required"] == ["question"]


@pytest.mark.parametrize("mode", MODES)
def test_ask_answers_with_exact_quotes(address: str, assistant: Assistant, mode: str) -> None:
    answer = call(address, "ask", mode, question=VANKE)
    assert "Provenience [1]" in answer["answer"]
    assert (answer["status"], answer["reason"], answer["language"]) == ("answered", "", "en")
    (citation,) = answer["citations"]
    (quote,) = citation["quotes"]
    text = assistant.index.sources[citation["source_id"]].text
    assert text[quote["start"] : quote["end"]] == quote["text"]
    assert "Provenience" in quote["text"]
    history = [{"question": VANKE, "answer": "With Provenience."}]
    second = call(address, "ask", mode, question="And when?", history=history, language="zh")
    assert "Vanke" in second["stand_alone"]
    assert "2015年12月" in second["answer"]


def test_search_gives_exact_passages_the_best_first(address: str, assistant: Assistant) -> None:
    found = call(address, "search", question=VANKE, count=4)["passages"]
    assert len(found) == 4
    assert "Provenience" in found[0]["text"]
    assert "Provenience" in found[0]["translation"]
    for passage in found:
        source = assistant.index.sources[passage["source_id"]]
        assert source.text[passage["start"] : passage["end"]] == passage["text"]


def test_a_source_can_be_read_to_its_end_piece_by_piece(address: str, assistant: Assistant) -> None:
    source = assistant.index.sources["work-report-2015"]
    pieces, start = [], 0
    while start is not None:
        piece = call(address, "read", source_id=source.id, start=start, length=1000)
        pieces.append(piece["text"])
        start = piece["next_start"]
    assert "".join(pieces) == source.text
    assert piece["total"] == len(source.text)
    assert (piece["title"], piece["kind"], piece["language"]) == (source.title_zh, "digest", "zh")
    assert piece["note"] == source.note_zh
    assert source.note_zh


# ---- what cannot be done


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("ask", {"question": "x" * 2001}, "2,001"),
        ("ask", {}, "'question' cannot be taken: Field required"),
        ("search", {"question": VANKE, "sources": ["x"]}, "no source 'x'. The sources are: bop-"),
        ("search", {"question": VANKE, "limit": 3}, "arguments are: question, count, sources"),
        ("read", {"source_id": "../../etc/passwd"}, "no source"),
        ("read", {"source_id": "bop-report", "start": 10**6}, "Read from 0 to"),
    ],
)
def test_a_wrong_call_fails_with_one_sentence(
    address: str, tool: str, arguments: Mapping[str, Any], words: str
) -> None:
    said = failure(address, tool, **arguments)
    assert words in said
    assert "pydantic" not in said


@pytest.mark.parametrize("version", [{}, {"MCP-Protocol-Version": "2026-07-28"}])
def test_only_loopback_names_and_those_that_were_allowed_are_taken(
    address: str, version: Mapping[str, str]
) -> None:
    def status(**headers: str) -> int:
        return httpx.post(address, json=PING, headers={**ACCEPT, **version, **headers}).status_code

    assert status(Host="evil.example") == status(Host="localhost.evil.example:80") == 421
    assert status(Origin="http://evil.example") == status(Origin="null") == 403
    if not version:
        assert status(Host="localhost:1", Origin="http://localhost:7860") == 200
        assert status(Host="[::1]:7860") == 200
        assert status(Host="chat.example.org", Origin="https://chat.example.org") == 200


# ---- waiting and stopping


@asynccontextmanager
async def asking(address: str, mode: str) -> AsyncIterator[asyncio.Task[Any]]:
    """A question that waits for its answer; the connection is cut at the end."""

    async def run() -> None:
        async with connected(address, mode) as client:
            await client.call_tool("ask", {"question": VANKE})

    task = asyncio.create_task(run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("mode", MODES)
def test_a_client_that_leaves_stops_the_chat_model(assistant: Assistant, mode: str) -> None:
    with writing(assistant, drips("Vanke ")) as (writer, service):

        async def leave(address: str) -> str:
            async with asking(address, mode):
                await asyncio.to_thread(service.waits_until_asked)
                async with connected(address) as other:
                    full = await other.call_tool("ask", {"question": VANKE})
                assert not service.hung_up
            return str(full.content[0].text)

        host, room = AssistantHost(writer.settings, writer), Room(seats=1, waiting=0)
        with serving(build_mcp(host, room=room)) as found:
            said = asyncio.run(leave(f"{found}/mcp"))
            assert service.sees_hang_up(3)
    assert "ask again" in said
