"""Who is told of the steps of an answer: nobody unasked, LangSmith and any handler when asked."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from assistant import Assistant, Settings

from .chat_server import fails, says, writing
from .conftest import ROOT

QUESTION = "Who did Vanke sign an agreement with?"
WRITTEN = "Vanke signed an agreement with Provenience [1]."

# Every way in, over a chat model; then what LangSmith's client still holds is sent.
PROGRAM = f"""
import asyncio
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.tracers.langchain import LangChainTracer, wait_for_all_tracers
from assistant import open_assistant

question = {QUESTION!r}
with open_assistant(chat_model=FakeListChatModel(responses=[{WRITTEN!r}])) as assistant:
    answer = assistant.ask(question)
    assert answer.composer == "FakeListChatModel", answer.notice
    list(assistant.stream(question))
    asyncio.run(assistant.aask("And when?", history=[answer]))

    async def read():
        async for _ in assistant.astream(question):
            pass
        async for _ in assistant.chain.astream_events(question, version="v2"):
            pass

    asyncio.run(read())
    assistant.chain.invoke(question)
    assistant.chain.with_config(callbacks=[], tags=["mine"]).batch([question])
    assistant.retriever.invoke(question)
    asyncio.run(assistant.retriever.bind(k=1).ainvoke(question))
    if not assistant.settings.trace:
        assistant.ask(question, callbacks=[LangChainTracer()])
    wait_for_all_tracers()
"""


@contextlib.contextmanager
def langsmith() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a service like LangSmith's on this machine, and all that it was sent."""
    sent: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.rfile.read(int(self.headers["Content-Length"] or 0)))
            self.do_GET()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_PATCH = do_POST

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()
        serving.join()


def run(settings: Settings, *command: str, **variables: str) -> tuple[str, bytes]:
    """What a program prints and sends where the environment has LangSmith switched on."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LANG", "ASSIST"))}
    with langsmith() as (address, sent):
        environ = {
            **kept,
            "ASSISTANT_HOME": str(settings.home),
            "ASSISTANT_PASSWORD": "not-for-anybody",
            "NO_PROXY": "*",
            "LANGSMITH_TRACING": "true",
            "LANGCHAIN_TRACING_V2": "true",
            "LANGSMITH_API_KEY": "none",
            "LANGSMITH_ENDPOINT": address,
            "LANGSMITH_COMPRESSION_DISABLED": "true",
            **variables,
        }
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout, b"".join(sent)


def test_langsmith_s_variables_alone_send_nothing(built_settings: Settings) -> None:
    printed, sent = run(built_settings, "-m", "assistant", QUESTION)
    assert "Provenience" in printed
    assert sent == b""


def test_a_tracer_that_is_handed_in_hears_of_its_own_answer_alone(
    built_settings: Settings,
) -> None:
    _, sent = run(built_settings, "-c", PROGRAM)
    assert len(set(re.findall(rb'"trace_id":"([0-9a-f-]+)"', sent))) == 1
    assert b'"run_type":"llm"' in sent


def test_with_consent_every_step_reaches_langsmith(built_settings: Settings) -> None:
    _, sent = run(built_settings, "-c", PROGRAM, ASSISTANT_TRACE="on")
    for name in ("report_assistant", "plan", "gather", "weigh", "compose", "write", "check"):
        assert f'"name":"{name}"'.encode() in sent
    assert b"FakeListChatModel" in sent
    assert b"not-for-anybody" not in sent
    _, sent = run(built_settings, "-m", "assistant", QUESTION, ASSISTANT_TRACE="on")
    assert b'"name":"report_assistant"' in sent


class Told(BaseCallbackHandler):
    """What any handler, an OpenTelemetry instrumentation too, hears: each run and its parent."""

    def __init__(self) -> None:
        self.names: dict[UUID, str] = {}
        self.tree: list[tuple[str, str]] = []
        self.ended: list[str] = []

    def _start(self, run_id: UUID, parent_run_id: UUID | None, name: str) -> None:
        self.names[run_id] = name
        self.tree.append((name, self.names[parent_run_id] if parent_run_id else ""))

    def on_chain_start(self, *_: Any, run_id: UUID, **more: Any) -> None:
        self._start(run_id, more["parent_run_id"], more["name"])

    def on_chat_model_start(self, *_: Any, run_id: UUID, **more: Any) -> None:
        self._start(run_id, more["parent_run_id"], "the chat model")

    def on_chain_end(self, *_: Any, run_id: UUID, **more: Any) -> None:
        self.ended.append(self.names[run_id])


QUOTED = [
    ("report_assistant", ""),
    ("plan", "report_assistant"),
    ("gather", "report_assistant"),
    ("weigh", "report_assistant"),
    ("compose", "report_assistant"),
    ("quote", "compose"),
    ("check", "report_assistant"),
]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_handler_hears_of_every_step_and_whose_part_it_is(
    streamed: bool, assistant: Assistant
) -> None:
    told = Told()
    if streamed:
        list(assistant.stream(QUESTION, callbacks=[told]))
    else:
        assistant.chain.invoke(QUESTION, {"callbacks": [told]})
    assert sorted(told.tree) == sorted(QUOTED)
    assert sorted(told.ended) == sorted(name for name, _ in QUOTED)


def test_a_handler_hears_of_the_chat_model_and_of_what_takes_its_place(
    assistant: Assistant,
) -> None:
    for step, quotes in ((says(WRITTEN), False), (fails(500), True)):
        told = Told()
        with writing(assistant, step) as (writer, _):
            writer.ask(QUESTION, callbacks=[told])
        tree = dict(told.tree)
        assert tree["the chat model"] == "write"
        assert ("quote" in tree) is quotes
