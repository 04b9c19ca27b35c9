"""The steps of an answer, as LangChain's handlers and an OpenTelemetry collector see them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import pytest
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from assistant import Assistant, Settings

from .chat_server import says, waits, writing
from .conftest import ROOT

QUESTION = "Who did Vanke sign an agreement with?"
WRITTEN = "Vanke signed an agreement with Provenience [1]."
# A word of the question, of the sources and of the reply: with "spans", none may leave.
CANARIES = ("Vanke", "investment", "Provenience")
TREE = {
    "answer": None,
    "retrieve": "answer",
    "compose": "answer",
    "chat m": "compose",
    "verify": "answer",
}


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans that have ended, with a TracerProvider as a host program sets it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    return exporter


def by_name(spans: Sequence[ReadableSpan]) -> dict[str, ReadableSpan]:
    named = {span.name.removeprefix("report_assistant."): span for span in spans}
    assert len(named) == len(spans)
    return named


def parents(spans: Sequence[ReadableSpan]) -> dict[str, str | None]:
    """Each span's name with its parent's."""
    names = {span.context.span_id: name for name, span in by_name(spans).items() if span.context}
    return {
        name: names[span.parent.span_id] if span.parent else None
        for name, span in by_name(spans).items()
    }


def test_every_step_is_a_span_with_its_numbers_and_without_words(
    assistant: Assistant, finished: InMemorySpanExporter
) -> None:
    step = says(WRITTEN, usage=(21, 4))
    with writing(assistant, step, trace="spans") as (writer, _):
        answer = writer.ask(QUESTION)
    found = finished.get_finished_spans()
    assert parents(found) == TREE
    told = {
        name: {k.removeprefix("report_assistant."): v for k, v in (s.attributes or {}).items()}
        for name, s in by_name(found).items()
    }
    assert (told["answer"]["status"], answer.status) == ("answered", "answered")
    assert told["retrieve"]["passages"] == tuple(hit.passage.id for hit in answer.hits)
    assert told["verify"]["supported"] == 1
    # OpenTelemetry's conventions for chat models.
    assert by_name(found)["chat m"].kind is SpanKind.CLIENT
    assert told["chat m"] == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": 21,
        "gen_ai.usage.output_tokens": 4,
    }
    said = "".join(span.to_json() for span in found)
    assert [word for word in CANARIES if word in said] == []


def test_an_answer_that_nobody_reads_on_ends_without_an_error(
    assistant: Assistant, finished: InMemorySpanExporter
) -> None:
    with writing(assistant, waits("Vanke signed an "), trace="spans") as (writer, _):
        reading = writer.stream(QUESTION)
        assert "Vanke" in next(reading).text
        reading.close()
        # The chat model stops in a thread of its own.
        until = time.monotonic() + 10
        while len(finished.get_finished_spans()) < 4 and time.monotonic() < until:
            time.sleep(0.05)
    found = by_name(finished.get_finished_spans())
    assert found.keys() == TREE.keys() - {"verify"}
    assert all(span.status.status_code is StatusCode.UNSET for span in found.values())
    assert (found["answer"].attributes or {})["report_assistant.stopped"] is True


def test_any_langchain_handler_sees_the_steps_as_runs_of_its_kinds(assistant: Assistant) -> None:
    collector = RunCollectorCallbackHandler()
    with writing(assistant, says(WRITTEN)) as (writer, _):
        answer = writer.ask(QUESTION, callbacks=[collector])
    (run,) = collector.traced_runs
    retrieve, compose, verify = run.child_runs
    (chat,) = compose.child_runs
    assert [(one.name, one.run_type) for one in (run, retrieve, compose, verify)] == [
        ("report_assistant.answer", "chain"),
        ("report_assistant.retrieve", "retriever"),
        ("report_assistant.compose", "chain"),
        ("report_assistant.verify", "chain"),
    ]
    assert chat.run_type == "llm"
    assert run.inputs == {"question": QUESTION}
    assert run.outputs is not None
    assert run.outputs["text"] == answer.text
    assert retrieve.outputs is not None
    assert [d.id for d in retrieve.outputs["documents"]] == [h.passage.id for h in answer.hits]


@dataclass
class Collector:
    """An OTLP collector on this machine, and everything that it was sent."""

    url: str
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)

    def names(self) -> list[str]:
        found = []
        for _, _, body in self.requests:
            request = ExportTraceServiceRequest()
            request.ParseFromString(body)
            scopes = [scope for r in request.resource_spans for scope in r.scope_spans]
            found += [span.name for scope in scopes for span in scope.spans]
        return sorted(name.removeprefix("report_assistant.") for name in found)


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            collector.requests.append((self.path, str(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield collector
        server.shutdown()
        serving.join()


def asked(settings: Settings, **variables: str) -> subprocess.CompletedProcess[str]:
    """A question on the command line, with these variables and none of OpenTelemetry's."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "LANG", "ASSIST"))}
    home = {"ASSISTANT_HOME": str(settings.home), "NO_PROXY": "*", "OPENAI_API_KEY": "none"}
    command = [sys.executable, "-m", "assistant", QUESTION]
    environ = {**kept, **home, **variables}
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("trace", ["spans", "text"])
def test_the_spans_arrive_and_only_with_text_any_word_does(
    assistant: Assistant, trace: Literal["spans", "text"]
) -> None:
    with collecting() as collector, writing(assistant, says(WRITTEN)) as (_, service):
        done = asked(
            assistant.settings,
            ASSISTANT_TRACE=trace,
            ASSISTANT_CHAT_MODEL="openai:m",
            ASSISTANT_CHAT_BASE_URL=service.address,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_EXPORTER_OTLP_HEADERS="x-team=zoo",
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert collector.names() == sorted(TREE)
    assert {path for path, _, _ in collector.requests} == {"/v1/traces"}
    assert "x-team: zoo" in collector.requests[0][1]
    sent = b"".join(body for _, _, body in collector.requests)
    left = [word for word in CANARIES if word.encode() in sent]
    assert left == ([] if trace == "spans" else list(CANARIES))


def test_a_collector_that_never_answers_costs_a_sentence_and_two_seconds(
    built_settings: Settings,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = asked(built_settings, ASSISTANT_TRACE="spans", OTEL_EXPORTER_OTLP_ENDPOINT=url)
        took = time.monotonic() - began
    assert "Provenience" in done.stdout
    (sentence,) = done.stderr.splitlines()
    assert "answers are not affected" in sentence
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in sentence
    assert took < 9  # a cold answer and two seconds; alone, the exporter would try for ten


def test_langsmith_s_variables_alone_send_nothing(built_settings: Settings) -> None:
    with collecting() as langsmith:
        done = asked(
            built_settings,
            LANGSMITH_TRACING="true",
            LANGCHAIN_TRACING_V2="true",
            LANGSMITH_API_KEY="none",
            LANGSMITH_ENDPOINT=langsmith.url,
        )
    assert "Provenience" in done.stdout
    assert langsmith.requests == []
