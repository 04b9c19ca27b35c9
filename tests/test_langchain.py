"""The chain and the retriever as LangChain users meet them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    ToolMessage,
)
from langchain_core.runnables.history import RunnableWithMessageHistory

from assistant import Answer, Assistant, Chunk, Turn, as_message
from assistant.errors import QuestionError

from .chat_server import ChatServer, drips, waits, writing

VANKE = "Who did Vanke sign an agreement with?"
SAID = "Provenience [1]"


def test_a_question_a_message_or_a_mapping_is_answered(assistant: Assistant) -> None:
    for request in (VANKE, HumanMessage(VANKE), {"question": VANKE, "sources": ["bop-report"]}):
        answer = assistant.chain.invoke(request)
        assert "Provenience" in answer.text
    assert asyncio.run(assistant.chain.ainvoke(VANKE)).text == answer.text


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (3, "mapping with `question`"),
        ({"ask": VANKE}, "mapping with `question`"),
        ("  ", "empty"),
        ({"question": VANKE, "sources": "bop-report"}, "list of the ids"),
        ({"question": VANKE, "history": 3}, "oldest first"),
    ],
)
def test_any_other_request_gets_a_sentence(request_: Any, says: str, assistant: Assistant) -> None:
    with pytest.raises(QuestionError, match=says):
        assistant.chain.invoke(request_)


def test_a_batch_keeps_its_order_and_the_errors_of_its_own(assistant: Assistant) -> None:
    requests = [VANKE, "", {"question": "And when?", "history": [VANKE]}]
    first, second, third = assistant.chain.batch(requests, return_exceptions=True)
    assert "Provenience" in first.text
    assert isinstance(second, QuestionError)
    assert third.follow_up
    answers = asyncio.run(assistant.chain.abatch(requests[::2]))
    assert [answer.text for answer in answers] == [first.text, third.text]


def test_a_stream_adds_up_to_the_answer(assistant: Assistant) -> None:
    async def read() -> list[Chunk]:
        return [chunk async for chunk in assistant.chain.astream(VANKE)]

    for chunks in (list(assistant.chain.stream(VANKE)), asyncio.run(read())):
        whole = chunks[0]
        for chunk in chunks[1:]:
            whole += chunk
        assert len(chunks) > 3
        assert whole.answer is not None
        assert whole.text == whole.answer.text


def test_events_tell_every_step_under_its_name_and_tag(assistant: Assistant) -> None:
    async def read() -> list[Any]:
        chain = assistant.chain.with_config(tags=["mine"])
        return [event async for event in chain.astream_events(VANKE, version="v2")]

    events = asyncio.run(read())
    for kind in ("start", "end"):
        told = [event for event in events if event["event"] == f"on_chain_{kind}"]
        steps = ["plan", "gather", "weigh", "compose", "quote", "check", "report_assistant"]
        assert sorted(event["name"] for event in told) == sorted(steps)
        assert all("mine" in event["tags"] for event in told)
    last = events[-1]
    assert last["name"] == "report_assistant"
    words = [e for e in events if (e["event"], e["name"]) == ("on_chain_stream", "check")]
    assert "".join(event["data"]["chunk"].text for event in words).startswith(SAID)


def test_the_chain_can_be_drawn_renamed_and_retried(assistant: Assistant) -> None:
    drawn = assistant.chain.get_graph().draw_mermaid()
    assert all(f"({step})" in drawn for step in ("plan", "gather", "weigh", "check", "quote"))
    chain = assistant.chain.with_config(run_name="mine").with_retry()
    assert chain.invoke(VANKE).status == "answered"


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
def test_langchain_keeps_the_conversation(assistant: Assistant) -> None:
    kept = InMemoryChatMessageHistory()
    chain = RunnableWithMessageHistory(
        assistant.chain | as_message,
        lambda session_id: kept,
        input_messages_key="question",
        history_messages_key="history",
    )
    session: Any = {"configurable": {"session_id": "1"}}
    assert SAID in chain.invoke({"question": VANKE}, session).content
    when = asyncio.run(chain.ainvoke({"question": "And when?"}, session))
    assert "2015" in when.content
    assert "Vanke" in when.response_metadata["stand_alone"]
    (streamed,) = chain.stream({"question": "And when?"}, session)
    # It is understood from what the message keeps, not from "And when?" alone.
    assert "Vanke" in streamed.response_metadata["stand_alone"]
    assert [message.type for message in kept.messages] == ["human", "ai"] * 3


HISTORIES: dict[str, Callable[[Answer], list[Any]]] = {
    "answers": lambda a: [a],
    "turns": lambda a: [Turn(VANKE, a.text)],
    "questions": lambda a: [VANKE],
    "messages": lambda a: [HumanMessage(VANKE), AIMessage(a.text)],
    "chunks": lambda a: [HumanMessageChunk(content=VANKE), AIMessageChunk(content=a.text)],
    "blocks": lambda a: [HumanMessage([{"type": "text", "text": VANKE}]), AIMessage([a.text])],
    "mappings": lambda a: [
        {"role": "user", "content": [{"type": "text", "text": VANKE}]},
        {"role": "assistant", "content": a.text},
    ],
    "what machines said": lambda a: [
        SystemMessage("Be brief."),
        HumanMessage(VANKE),
        AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "1"}]),
        ToolMessage("nothing", tool_call_id="1"),
        {"role": "assistant", "content": None},
    ],
}


@pytest.mark.parametrize("form", HISTORIES)
def test_a_conversation_is_taken_in_any_usual_form(form: str, assistant: Assistant) -> None:
    first = assistant.ask(VANKE)
    answer = assistant.ask("And when?", history=HISTORIES[form](first))
    assert answer.follow_up
    assert "2015" in answer.text


@pytest.mark.parametrize(
    "history",
    [
        "Who?",
        {"role": "user", "content": VANKE},
        3,
        [3],
        [None],
        [object()],
        [{"role": "judge", "content": VANKE}],
        [{"role": "user", "content": 3}],
        [{"role": "user", "content": [{"type": "image", "url": "x"}]}],
        [{"role": "user"}],
        ["  "],
    ],
)
def test_any_other_history_gets_a_sentence_that_says_what_is_taken(
    history: Any, assistant: Assistant
) -> None:
    for call in (assistant.ask, assistant.stream):
        with pytest.raises(QuestionError, match="oldest first, of answers"):
            call("And when?", history=history)


def test_the_retriever_gives_documents_that_are_slices(assistant: Assistant) -> None:
    documents = assistant.retriever.invoke("Vanke agreement Provenience")
    assert len(documents) == assistant.settings.passages
    best = documents[0]
    source = assistant.index.sources[best.metadata["source_id"]]
    assert source.text[best.metadata["start"] : best.metadata["end"]] == best.page_content


def test_the_retriever_is_configured_by_call_and_by_binding(assistant: Assistant) -> None:
    retriever = assistant.retriever
    assert len(retriever.invoke(VANKE, k=2)) == 2
    assert len(retriever.bind(k=3).invoke(VANKE)) == 3
    assert len(asyncio.run(retriever.ainvoke(VANKE, k=1))) == 1
    assert [len(found) for found in retriever.batch([VANKE, "Shanghai"], k=2)] == [2, 2]
    only = retriever.bind(source_ids=["work-report-2015"]).invoke(VANKE)
    assert {document.metadata["source_id"] for document in only} == {"work-report-2015"}
    for wrong in ({"k": 0}, {"source_ids": ["no-such-source"]}):
        with pytest.raises(QuestionError):
            retriever.invoke(VANKE, **wrong)
    with pytest.raises(TypeError, match="limit"):
        retriever.invoke(VANKE, limit=2)


async def cancelled(service: ChatServer, work: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.create_task(work)
    await asyncio.to_thread(service.waits_until_asked)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def read(chain: Any, question: Any) -> None:
    async for _ in chain.astream_events(question, version="v2"):
        pass


def test_whoever_stops_reading_the_chain_stops_the_chat_model(assistant: Assistant) -> None:
    for whole in (True, False):
        with writing(assistant, drips("Vanke ")) as (writer, service):
            for chunk in (writer if whole else writer.chain).stream(VANKE):
                assert "Vanke" in chunk.text
                break
            assert service.sees_hang_up(within_s=2)
    follow_up = {"question": "And when?", "history": [VANKE]}
    for request in (VANKE, follow_up):
        for way in (lambda c, q: c.ainvoke(q), lambda c, q: (c | as_message).ainvoke(q), read):
            with writing(assistant, waits()) as (writer, service):
                asyncio.run(cancelled(service, way(writer.chain, request)))
                assert service.sees_hang_up(within_s=2)
