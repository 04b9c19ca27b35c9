"""The steps of an answer, as LangChain's handlers and an OpenTelemetry collector see them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from assistant import open_assistant, spans
from assistant.errors import ChatModelError, SettingsError
from assistant.settings import Settings
from assistant.tracing import Steps, span_handler
from assistant.types import Hit, Passage, Signals, Span
from ingest import build_index

from .conftest import ROOT
from .tiny import write_corpus

# One word for each place that words come from; none of them may leave with trace "spans".
ASKED, READ, WRITTEN, FAILED = "zebrafish", "quagga鹮", "okapi獾", "narwhal"
CANARIES = (ASKED, READ, WRITTEN, FAILED)
TEXT = f"The {READ} was seen."
PASSAGE = Passage("zoo.0a1b2c3d", "zoo", "en", READ, 0, len(TEXT), TEXT, (Span(0, len(TEXT)),))
HIT = Hit(PASSAGE, 0.5, 1, Signals(0.5, 0.5, 0.5, 1.0))
CHAT = "openai:small-model"


class Writer(BaseChatModel):
    """A chat model that streams three pieces and tells its tokens with the last."""

    fails: bool = False

    @property
    def _llm_type(self) -> str:
        return "writer"

    def _generate(self, messages: list[BaseMessage], *arguments: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    def _stream(
        self, messages: list[BaseMessage], *arguments: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content=WRITTEN))
        if self.fails:
            raise ChatModelError(f"no {FAILED} here", trouble="rate_limited")
        yield ChatGenerationChunk(message=AIMessageChunk(content=" [1]"))
        usage = UsageMetadata(input_tokens=21, output_tokens=4, total_tokens=25)
        yield ChatGenerationChunk(message=AIMessageChunk(content=".", usage_metadata=usage))


def write(steps: Steps, model: BaseChatModel) -> Iterator[str]:
    """The chat model's part, as it is called from within a step."""
    prompt = [("system", f"Answer from: {READ}"), ("user", f"Where is the {ASKED}?")]
    for chunk in model.stream(prompt, within(steps)):
        yield str(chunk.content)


def within(steps: Steps) -> RunnableConfig:
    """What LangChain takes to run something within the present step."""
    return {"callbacks": cast("CallbackManager", steps.callbacks)}


def stream(steps: Steps, model: BaseChatModel) -> Iterator[str]:
    """An answer as the assistant gives it: four steps, pieces handed out on the way."""
    question = f"Where is the {ASKED}?"
    with steps.step("answer", {"question": question}) as answer:
        with steps.step("retrieve", {"question": question}) as retrieve:
            retrieve.ends_with({"hits": [HIT]})
        with steps.step("compose", {"language": "en", "passages": [PASSAGE.id]}) as compose:
            text = ""
            for piece in write(steps, model):
                text += piece
                yield piece
            compose.ends_with({"text": text, "composer": CHAT})
        with steps.step("verify", {"claims": [text]}) as verify:
            verify.ends_with({"supported": 1, "partly": 0, "unsupported": 0})
        answer.ends_with(
            {"text": text, "status": "answered", "confidence": 0.75, "language": ASKED}
        )


def ask(steps: Steps, *, fails: bool = False) -> str:
    return "".join(stream(steps, Writer(fails=fails)))


def settings(trace: str) -> Settings:
    return Settings(trace=trace, chat_model=CHAT)  # type: ignore[arg-type]  # one of the three


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


TREE = {
    "answer": None,
    "retrieve": "answer",
    "compose": "answer",
    "chat small-model": "compose",
    "verify": "answer",
}


# Spans


def test_every_step_is_a_span_below_the_one_around_it(finished: InMemorySpanExporter) -> None:
    assert ask(Steps((), span_handler(settings("spans")))) == f"{WRITTEN} [1]."
    spans = finished.get_finished_spans()
    assert parents(spans) == TREE
    assert len({span.context.trace_id for span in spans if span.context}) == 1
    assert {span.name for span in spans} >= {"report_assistant.answer", "chat small-model"}


def test_a_span_lasts_as_long_as_its_step(finished: InMemorySpanExporter) -> None:
    steps = Steps((), span_handler(settings("spans")))
    with steps.step("answer", {}), steps.step("verify", {}):
        time.sleep(0.05)
    spans = by_name(finished.get_finished_spans())
    verify, answer = ((s.start_time or 0, s.end_time or 0) for s in spans.values())
    assert verify[1] - verify[0] >= 50_000_000
    assert 0 < answer[0] <= verify[0] <= verify[1] <= answer[1]


def test_a_step_s_span_has_its_numbers_statuses_and_ids(finished: InMemorySpanExporter) -> None:
    ask(Steps((), span_handler(settings("spans"))))
    told = {
        name: dict(s.attributes or {}) for name, s in by_name(finished.get_finished_spans()).items()
    }
    # "language" was given a word that is no language: it does not leave.
    assert told["answer"] == {
        "report_assistant.status": "answered",
        "report_assistant.confidence": 0.75,
    }
    assert told["retrieve"] == {
        "report_assistant.found": 1,
        "report_assistant.passages": (PASSAGE.id,),
    }
    assert told["compose"] == {
        "report_assistant.language": "en",
        "report_assistant.passages": (PASSAGE.id,),
        "report_assistant.composer": CHAT,
    }
    assert told["verify"] == {
        "report_assistant.supported": 1,
        "report_assistant.partly": 0,
        "report_assistant.unsupported": 0,
    }


def test_a_chat_model_s_span_follows_the_conventions(finished: InMemorySpanExporter) -> None:
    ask(Steps((), span_handler(settings("spans"))))
    span = by_name(finished.get_finished_spans())["chat small-model"]
    assert span.kind is SpanKind.CLIENT
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "writer",
        "gen_ai.request.model": "small-model",
        "gen_ai.usage.input_tokens": 21,
        "gen_ai.usage.output_tokens": 4,
    }


def test_with_text_the_words_are_told_as_well(finished: InMemorySpanExporter) -> None:
    ask(Steps((), span_handler(settings("text"))))
    told = {name: s.attributes or {} for name, s in by_name(finished.get_finished_spans()).items()}
    assert told["answer"]["report_assistant.question"] == f"Where is the {ASKED}?"
    assert told["answer"]["report_assistant.text"] == f"{WRITTEN} [1]."
    assert told["verify"]["report_assistant.claims"] == (f"{WRITTEN} [1].",)
    chat = told["chat small-model"]
    assert [m["role"] for m in json.loads(str(chat["gen_ai.input.messages"]))] == ["system", "user"]
    assert json.loads(str(chat["gen_ai.output.messages"])) == [
        {"role": "assistant", "parts": [{"type": "text", "content": f"{WRITTEN} [1]."}]}
    ]


@pytest.mark.parametrize("trace", ["spans", "text"])
def test_an_error_is_told_by_its_class_alone(finished: InMemorySpanExporter, trace: str) -> None:
    with pytest.raises(ChatModelError, match=FAILED):
        ask(Steps((), span_handler(settings(trace))), fails=True)
    spans = by_name(finished.get_finished_spans())
    for name in ("answer", "compose", "chat small-model"):
        assert spans[name].status.status_code is StatusCode.ERROR
        assert spans[name].status.description == "ChatModelError"
        assert (spans[name].attributes or {})["error.type"] == "ChatModelError"
    assert spans["retrieve"].status.status_code is StatusCode.UNSET
    assert not any(FAILED in span.to_json() for span in spans.values())


def test_an_answer_that_nobody_reads_on_ends_without_an_error(
    finished: InMemorySpanExporter,
) -> None:
    collector = RunCollectorCallbackHandler()
    reading = stream(Steps([collector], span_handler(settings("spans"))), Writer())
    assert next(reading) == WRITTEN
    reading.close()  # type: ignore[attr-defined]  # a generator
    assert collector.traced_runs[0].error is None
    assert collector.traced_runs[0].child_runs[1].error is None
    spans = by_name(finished.get_finished_spans())
    assert spans.keys() == TREE.keys() - {"verify"}
    assert all(span.status.status_code is StatusCode.UNSET for span in spans.values())
    for name in ("answer", "compose", "chat small-model"):
        assert (spans[name].attributes or {})["report_assistant.stopped"] is True


def test_a_chain_around_the_model_leaves_it_below_its_step(
    finished: InMemorySpanExporter,
) -> None:
    steps = Steps((), span_handler(settings("spans")))
    prompt: Runnable[str, str] = RunnableLambda(str.strip)
    chain = prompt | Writer()
    with steps.step("compose", {}):
        list(chain.stream("a", within(steps)))
    assert parents(finished.get_finished_spans()) == {
        "compose": None,
        "chat small-model": "compose",
    }


def test_the_answer_is_part_of_what_the_host_program_is_doing(
    finished: InMemorySpanExporter,
) -> None:
    from opentelemetry import trace

    steps = Steps((), span_handler(settings("spans")))
    with trace.get_tracer_provider().get_tracer("host").start_as_current_span("request"):
        ask(steps)
    assert parents(finished.get_finished_spans()) == {**TREE, "answer": "request", "request": None}


# Threads


def test_questions_asked_at_once_keep_their_parents_apart(
    finished: InMemorySpanExporter,
) -> None:
    handler, together = span_handler(settings("spans")), threading.Barrier(4)

    def one() -> None:
        for _ in stream(Steps((), handler), Writer()):
            together.wait()  # after every piece, all four are within "compose"

    with ThreadPoolExecutor(4) as pool:
        for job in [pool.submit(one) for _ in range(4)]:
            job.result()
    spans = finished.get_finished_spans()
    traces = {span.context.trace_id for span in spans if span.context}
    assert len(traces) == 4
    for trace in traces:
        assert parents([s for s in spans if s.context and s.context.trace_id == trace]) == TREE


def test_a_stream_may_be_read_by_another_thread_for_every_piece(
    finished: InMemorySpanExporter,
) -> None:
    reading = stream(Steps((), span_handler(settings("spans"))), Writer())
    pieces: list[str | None] = []
    while not pieces or pieces[-1] is not None:
        reader = threading.Thread(target=lambda: pieces.append(next(reading, None)))
        reader.start()
        reader.join()
    assert len(pieces) == 5
    assert parents(finished.get_finished_spans()) == TREE


def test_a_chat_model_that_runs_in_a_thread_of_its_own_stays_below_its_step(
    finished: InMemorySpanExporter,
) -> None:
    steps = Steps((), span_handler(settings("spans")))
    with steps.step("answer", {}), steps.step("compose", {}):
        config = within(steps)
        talking = threading.Thread(target=lambda: list(Writer().stream("a", config)))
        talking.start()
        talking.join()
    assert parents(finished.get_finished_spans()) == {
        "answer": None,
        "compose": "answer",
        "chat small-model": "compose",
    }


def test_a_chat_model_in_an_event_loop_stays_below_its_step(
    finished: InMemorySpanExporter,
) -> None:
    steps = Steps((), span_handler(settings("spans")))

    async def talk() -> None:
        async for _ in Writer().astream("a", within(steps)):
            pass

    with steps.step("compose", {}), ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(talk())).result()
    spans = finished.get_finished_spans()
    assert parents(spans) == {"compose": None, "chat small-model": "compose"}
    chat = by_name(spans)["chat small-model"].attributes or {}
    assert chat["gen_ai.usage.output_tokens"] == 4


def test_a_chat_model_that_is_cancelled_ends_its_span_without_an_error(
    finished: InMemorySpanExporter,
) -> None:
    class Pausing(Writer):
        async def _astream(self, *arguments: Any, **kwargs: Any) -> AsyncIterator[Any]:
            yield ChatGenerationChunk(message=AIMessageChunk(content=WRITTEN))
            await asyncio.sleep(60)

    steps = Steps((), span_handler(settings("spans")))

    async def talk() -> None:
        async with asyncio.timeout(0.1):
            async for _ in Pausing().astream("a", within(steps)):
                pass

    with steps.step("compose", {}), contextlib.suppress(TimeoutError):
        asyncio.run(talk())
    span = by_name(finished.get_finished_spans())["chat small-model"]
    assert span.status.status_code is StatusCode.UNSET
    assert (span.attributes or {})["report_assistant.stopped"] is True


# Callbacks of the caller's own


def test_any_langchain_handler_sees_the_steps_as_runs_of_its_kinds() -> None:
    collector = RunCollectorCallbackHandler()
    ask(Steps([collector]))
    (answer,) = collector.traced_runs
    retrieve, compose, verify = answer.child_runs
    (chat,) = compose.child_runs
    assert [(run.name, run.run_type) for run in (answer, retrieve, compose, verify)] == [
        ("report_assistant.answer", "chain"),
        ("report_assistant.retrieve", "retriever"),
        ("report_assistant.compose", "chain"),
        ("report_assistant.verify", "chain"),
    ]
    assert chat.run_type == "llm"
    assert answer.inputs == {"question": f"Where is the {ASKED}?"}
    assert answer.outputs is not None
    assert answer.outputs["text"] == f"{WRITTEN} [1]."
    assert retrieve.inputs == {"query": f"Where is the {ASKED}?"}
    assert retrieve.outputs is not None
    (document,) = retrieve.outputs["documents"]
    assert (document.id, document.page_content) == (PASSAGE.id, TEXT)
    assert (verify.outputs or {})["supported"] == 1


def test_a_step_s_error_reaches_the_handlers_and_the_caller() -> None:
    collector = RunCollectorCallbackHandler()
    steps = Steps([collector])
    with (
        pytest.raises(KeyError),
        steps.step("answer", {}),
        steps.step("retrieve", {"question": "a"}),
    ):
        raise KeyError("gone")
    (answer,) = collector.traced_runs
    assert "KeyError('gone')" in str(answer.error)
    assert "KeyError('gone')" in str(answer.child_runs[0].error)
    with steps.step("answer", {}):
        pass
    assert collector.traced_runs[1].error is None


def test_inside_a_langchain_run_the_answer_is_a_child_of_that_run() -> None:
    def call(_: str, config: RunnableConfig) -> str:
        return ask(Steps(config["callbacks"]))  # type: ignore[arg-type]  # LangChain puts a manager here

    async def acall(_: str, config: RunnableConfig) -> str:
        return call(_, config)

    outer = RunnableLambda(call, acall, name="outer")
    collector = RunCollectorCallbackHandler()
    outer.invoke("a", {"callbacks": [collector]})
    asyncio.run(outer.ainvoke("a", {"callbacks": [collector]}))
    for run in collector.traced_runs:
        assert run.name == "outer"
        assert [child.name for child in run.child_runs] == ["report_assistant.answer"]
        assert len(run.child_runs[0].child_runs) == 3
    assert len(collector.traced_runs) == 2


def test_spans_and_callbacks_are_told_side_by_side(finished: InMemorySpanExporter) -> None:
    collector = RunCollectorCallbackHandler()
    ask(Steps([collector], span_handler(settings("spans"))))
    assert len(collector.traced_runs[0].child_runs) == 3
    assert parents(finished.get_finished_spans()) == TREE


def test_a_handler_that_fails_does_not_disturb_the_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(BaseCallbackHandler):
        def on_chain_start(self, *arguments: Any, **kwargs: Any) -> None:
            raise RuntimeError("broken")

    assert ask(Steps([Broken()])) == f"{WRITTEN} [1]."
    assert "Broken.on_chain_start" in caplog.text


def test_the_assistant_tells_its_steps_to_spans_and_to_the_caller_s_callbacks(
    finished: InMemorySpanExporter, tmp_path: Path
) -> None:
    text = "Vanke signed an agreement with Provenience, a US investment company.\n"
    corpus = write_corpus(tmp_path / "corpus", {"news": (text, None)})
    given = Settings(home=tmp_path / "home", corpus=corpus, trace="spans")
    build_index(given)
    collector = RunCollectorCallbackHandler()
    with open_assistant(given) as assistant:
        answer = assistant.ask("Who did Vanke sign with?", callbacks=[collector])
    spans = finished.get_finished_spans()
    assert parents(spans)["retrieve"] == "answer"
    told = by_name(spans)["answer"].attributes or {}
    assert told["report_assistant.status"] == answer.status == "answered"
    said = "".join(span.to_json() for span in spans)
    assert [word for word in ("Vanke", "Provenience", "agreement") if word in said] == []
    (run,) = collector.traced_runs
    assert run.inputs == {"question": "Who did Vanke sign with?"}
    assert run.child_runs[0].outputs is not None
    assert run.child_runs[0].outputs["documents"][0].page_content == text.strip()


# What leaves the process


@dataclass
class Collector:
    """An OTLP collector on this machine, and everything that it was sent."""

    url: str
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)

    @property
    def spans(self) -> list[Any]:
        resources = [r for _, _, body in self.requests for r in decoded(body).resource_spans]
        return [span for r in resources for scope in r.scope_spans for span in scope.spans]

    @property
    def resource(self) -> dict[str, str]:
        (first, *_) = decoded(self.requests[0][2]).resource_spans
        return {a.key: a.value.string_value for a in first.resource.attributes}


def decoded(body: bytes) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    return request


@contextlib.contextmanager
def collecting(status: int = 200) -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            collector.requests.append((self.path, str(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield collector
        server.shutdown()
        serving.join()


ASK = """
import sys, time
from assistant.spans import flush_spans
from assistant.tracing import Steps, span_handler
from tests.test_tracing import ask, settings
steps = Steps((), span_handler(settings(sys.argv[1])))
began = time.monotonic()
ask(steps)
try:
    ask(steps, fails=True)
except Exception:
    pass
print(time.monotonic() - began, flush=True)
"""


def run(code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The code in a process of its own, with these variables and none of OpenTelemetry's."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "LANG", "ASSIST"))}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**kept, "NO_PROXY": "*", **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("trace", ["spans", "text"])
def test_the_spans_arrive_and_only_with_text_any_word_does(trace: str) -> None:
    with collecting() as collector:
        done = run(
            ASK,
            trace,
            ASKED,  # as the question stands in the command line
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_EXPERIMENTAL_RESOURCE_DETECTORS="otel,process",
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert {path for path, _, _ in collector.requests} == {"/v1/traces"}
    names = [span.name.removeprefix("report_assistant.") for span in collector.spans]
    assert sorted(names) == sorted([*TREE, *(TREE.keys() - {"verify"})])
    assert collector.resource["service.name"] == "report-assistant"
    assert "process.pid" in collector.resource
    sent = "".join(path + headers for path, headers, _ in collector.requests).encode()
    sent += b"".join(body for _, _, body in collector.requests)
    left = [
        word for word in CANARIES if word.encode() in sent or ascii(word)[1:-1].encode() in sent
    ]
    assert left == ([] if trace == "spans" else [ASKED, READ, WRITTEN])


def test_the_standard_variables_are_heeded() -> None:
    with collecting() as collector:
        done = run(
            ASK,
            "spans",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/mine",
            OTEL_EXPORTER_OTLP_HEADERS="x-team=zoo",
            OTEL_SERVICE_NAME="our-reports",
        )
    assert (done.returncode, done.stderr) == (0, "")
    (path, headers, _), *_ = collector.requests
    assert path == "/mine"
    assert "x-team: zoo" in headers
    assert collector.resource["service.name"] == "our-reports"


def test_spans_are_flushed_when_asked_for() -> None:
    code = ASK + "flush_spans()\nimport os\nos._exit(0)  # nothing is sent after this\n"
    with collecting() as collector:
        assert run(code, "spans", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url).returncode == 0
    assert len(collector.spans) == 9


def test_a_provider_that_the_host_program_has_set_is_used_in_place_of_ours() -> None:
    code = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
"""
    with collecting() as collector:
        done = run(
            f"{code}{ASK}print(len(exporter.get_finished_spans()))",
            "spans",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        )
    assert done.stdout.split()[1] == "9", done.stderr
    assert collector.requests == []


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """An address where every connection is refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """A collector that takes no spans."""
    with collecting(status=403) as collector:
        yield collector.url


@pytest.mark.parametrize("collector", [nobody, silent, refusing])
def test_a_collector_that_takes_nothing_costs_a_sentence_and_two_seconds_at_the_end(
    collector: Any,
) -> None:
    code = f"{ASK}before = time.monotonic()\nflush_spans()\nask(steps)\nflush_spans()\n"
    code += "print(time.monotonic() - before, flush=True)\n"
    code += "import atexit; atexit._run_exitfuncs(); print(time.monotonic() - before)"
    with collector() as url:
        done = run(code, "spans", OTEL_EXPORTER_OTLP_ENDPOINT=url)
    assert done.returncode == 0
    answered, flushed, exited = (float(word) for word in done.stdout.split())
    assert answered < 3
    assert flushed < 3.5
    assert exited < 3.8
    (sentence,) = done.stderr.splitlines()
    assert "answers are not affected" in sentence
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in sentence


def test_langsmith_s_variables_alone_send_nothing() -> None:
    steps = """
import sys
from assistant.tracing import Steps, span_handler
from tests.test_tracing import HIT, settings
from langchain_core.callbacks import BaseCallbackHandler
for steps in (Steps((), span_handler(settings("spans"))), Steps([BaseCallbackHandler()]), Steps()):
    with steps.step("answer", {"question": "who?"}), steps.step("retrieve", {"question": "?"}) as r:
        r.ends_with({"hits": [HIT]})
"""
    with collecting() as collector, collecting() as langsmith:
        done = run(
            steps,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            LANGSMITH_TRACING="true",
            LANGCHAIN_TRACING_V2="true",
            LANGSMITH_API_KEY="none",
            LANGSMITH_ENDPOINT=langsmith.url,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(collector.spans) == 2
    assert langsmith.requests == []


def test_when_it_is_off_nothing_is_imported() -> None:
    # The package without its __init__, which loads the rest of the assistant.
    code = """
import sys, types
sys.modules["assistant"] = types.ModuleType("assistant")
sys.modules["assistant"].__path__ = ["assistant"]
from assistant.settings import Settings
from assistant.tracing import Steps, span_handler
before = set(sys.modules)
assert span_handler(Settings()) is None
steps = Steps()
with steps.step("answer", {"question": "who?"}) as answer:
    with steps.step("retrieve", {"question": "who?"}) as retrieve:
        retrieve.ends_with({"hits": []})
    assert steps.callbacks == ()
    answer.ends_with({"status": "refused"})
print(sorted(set(sys.modules) - before))
print(sorted({"langchain_core", "langsmith", "opentelemetry", "requests"} & set(sys.modules)))
"""
    done = run(code, LANGSMITH_TRACING="true", LANGCHAIN_TRACING_V2="true")
    assert done.stdout.splitlines() == ["[]", "[]"], done.stderr


# Settings that do not work


@pytest.mark.parametrize("trace", ["spans", "text"])
def test_a_missing_package_is_one_sentence_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, trace: str
) -> None:
    name = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(spans, "_outlet", None)
    with pytest.raises(SettingsError, match=r"pip install 'report-assistant\[tracing\]'"):
        span_handler(settings(trace))


def test_a_variable_of_opentelemetry_s_that_cannot_be_used_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    monkeypatch.setattr(spans, "_outlet", None)
    with pytest.raises(SettingsError, match="positive") as caught:
        span_handler(settings("spans"))
    assert "(OTEL_…)" in str(caught.value)
    assert "ASSISTANT_TRACE=off" in str(caught.value)


def test_the_collector_is_opened_once_a_process() -> None:
    code = """
import threading
from concurrent.futures import ThreadPoolExecutor
from assistant.tracing import span_handler
from tests.test_tracing import settings
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda _: span_handler(settings("spans")), range(8)))
print([thread.name for thread in threading.enumerate()].count("flush-spans"))
"""
    assert run(code).stdout.split() == ["1"]
