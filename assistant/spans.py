"""The steps of an answer and the chat model's runs as OpenTelemetry spans, on their way out."""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context

from .errors import Trouble
from .types import Status

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_PREFIX = "report_assistant."
_ROLES = {"human": "user", "ai": "assistant"}
# The only words, by key, that leave with trace "spans"; numbers leave under any key.
_WORDS = {
    "language": re.compile("en|zh|both"),
    "languages": re.compile("en|zh"),
    "status": re.compile("|".join(get_args(Status))),
    "trouble": re.compile("|".join(get_args(Trouble))),
    "composer": re.compile(r"[\w.:/@+-]{1,120}", re.ASCII),
    "passages": re.compile(r"[a-z0-9.-]{1,80}"),
}


class SpanHandler(BaseCallbackHandler):
    """LangChain's events as spans; parents are found by run, whatever thread the run is in.

    Runs that are neither ours nor a chat model's (a chain around the model, say) make no span.
    """

    # An asynchronous model would otherwise call a thread pool for every token.
    run_inline = True

    def __init__(self, tracer: Tracer, chat_model: str, *, text: bool) -> None:
        self._tracer = tracer
        self._chat_model = chat_model
        self._text = text
        self._open: dict[UUID, Span] = {}
        self._passed_over: dict[UUID, UUID | None] = {}

    def on_chain_start(self, serialized: Any, inputs: Any, **run: Any) -> None:
        """Begin the span of a step."""
        if str(run.get("name")).startswith(_PREFIX):
            self._begin(run["name"], run, self._step_attributes(inputs))
        else:
            self._passed_over[run["run_id"]] = run.get("parent_run_id")

    def on_retriever_start(self, serialized: Any, query: str, **run: Any) -> None:
        """Begin the span of a search."""
        self.on_chain_start(serialized, {"question": query}, **run)

    def on_chat_model_start(
        self, serialized: Any, messages: list[list[BaseMessage]], **run: Any
    ) -> None:
        """Begin the span of a model's call."""
        known = run.get("metadata") or {}
        provider, _, model = self._chat_model.partition(":")
        model = known.get("ls_model_name") or model
        # The names are those of OpenTelemetry's semantic conventions for generative AI.
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": known.get("ls_provider") or provider,
            "gen_ai.request.model": model,
        }
        if self._text:
            said = [(_ROLES.get(m.type, m.type), str(m.text)) for batch in messages for m in batch]
            attributes["gen_ai.input.messages"] = _messages(said)
        named = {key: value for key, value in attributes.items() if value}
        self._begin(f"chat {model}".strip(), run, named)

    def on_chain_end(self, outputs: Any, **run: Any) -> None:
        """End a step's span with what it came to."""
        self._finish(run, self._step_attributes(outputs))

    def on_retriever_end(self, documents: Sequence[Document], **run: Any) -> None:
        """End a search's span with the ids of its passages."""
        ids = [document.id or "" for document in documents]
        self._finish(run, self._step_attributes({"found": len(ids), "passages": ids}))

    def on_llm_end(self, response: LLMResult, **run: Any) -> None:
        """End a model's span with its tokens."""
        self._finish(run, self._reply_attributes(response))

    def on_llm_error(self, error: BaseException, **run: Any) -> None:
        """End a span with the error's class."""
        response = run.get("response")
        self._finish(run, self._reply_attributes(response) if response else {}, error)

    on_chain_error = on_retriever_error = on_llm_error

    def _begin(self, name: str, run: Mapping[str, Any], attributes: Mapping[str, Any]) -> None:
        parent: UUID | None = run.get("parent_run_id")
        while parent in self._passed_over:
            parent = self._passed_over[parent]
        around = self._open.get(parent) if parent else None
        self._open[run["run_id"]] = self._tracer.start_span(
            name,
            # None: within the span that the host program is in, if it is in one.
            context=None if around is None else set_span_in_context(around),
            kind=SpanKind.INTERNAL if name.startswith(_PREFIX) else SpanKind.CLIENT,
            attributes=attributes,
        )

    def _finish(
        self,
        run: Mapping[str, Any],
        attributes: Mapping[str, Any],
        error: BaseException | None = None,
    ) -> None:
        self._passed_over.pop(run["run_id"], None)
        span = self._open.pop(run["run_id"], None)
        if span is None:
            return
        span.set_attributes(attributes)
        if isinstance(error, GeneratorExit | asyncio.CancelledError):
            span.set_attribute(f"{_PREFIX}stopped", True)
        elif error is not None:
            # The class alone: a message may repeat anybody's words.
            kind = type(error).__name__
            span.set_attribute("error.type", kind)
            span.set_status(StatusCode.ERROR, kind)
        span.end()

    def _step_attributes(self, values: Any) -> dict[str, Any]:
        attributes: dict[str, Any] = {}
        for key, value in values.items() if isinstance(values, Mapping) else ():
            if isinstance(value, bool | int | float):
                attributes[_PREFIX + key] = value
            elif isinstance(value, str):
                if self._may_leave(key, value):
                    attributes[_PREFIX + key] = value
            elif isinstance(value, Sequence):
                attributes[_PREFIX + key] = [
                    word for word in value if isinstance(word, str) and self._may_leave(key, word)
                ]
        return {key: value for key, value in attributes.items() if value != []}

    def _may_leave(self, key: str, word: str) -> bool:
        return self._text or (key in _WORDS and _WORDS[key].fullmatch(word) is not None)

    def _reply_attributes(self, response: LLMResult) -> dict[str, Any]:
        attributes: dict[str, Any] = {}
        for generation in (first for batch in response.generations for first in batch[:1]):
            usage = getattr(getattr(generation, "message", None), "usage_metadata", None) or {}
            for side in ("input_tokens", "output_tokens"):
                if side in usage:
                    attributes[f"gen_ai.usage.{side}"] = usage[side]
            if self._text and generation.text:
                attributes["gen_ai.output.messages"] = _messages([("assistant", generation.text)])
        return attributes


def _messages(said: Sequence[tuple[str, str]]) -> str:
    parts = [{"role": r, "parts": [{"type": "text", "content": text}]} for r, text in said]
    return json.dumps(parts, ensure_ascii=False)


def flush_spans(*, limit_s: float = 2.0) -> None:
    """Send the spans gathered so far; returns after `limit_s` at the latest, sent or not.

    A host program's own TracerProvider is left to the host program.
    """
    if _outlet is not None:
        _outlet.flush(limit_s)


class _Outlet:
    """The one way of spans out of this process; threads of its own take it."""

    def __init__(self) -> None:
        self.provider = _open_provider(self.complain)
        self._complained = False
        self._wanted, self._done = threading.Event(), threading.Event()
        self._done.set()
        # Kept ready: from Python 3.12 on, no thread can be started while a process ends.
        threading.Thread(target=self._serve, name="flush-spans", daemon=True).start()
        atexit.register(flush_spans)

    def flush(self, limit_s: float) -> None:
        if not self._done.is_set():
            return  # a collector that kept an earlier call waiting is not waited for again
        self._done.clear()
        self._wanted.set()
        if not self._done.wait(limit_s):
            self.complain()

    def complain(self) -> None:
        """Say, once, that spans do not arrive."""
        if not self._complained:
            self._complained = True
            logging.getLogger(__name__).warning(
                "Spans could not be delivered (OTLP over HTTP); answers are not affected. Start a "
                "collector at OTEL_EXPORTER_OTLP_ENDPOINT, http://localhost:4318 if that is not "
                "set, or set ASSISTANT_TRACE=off."
            )

    def _serve(self) -> None:
        while self._wanted.wait():
            self._wanted.clear()
            self.provider.force_flush()
            self._done.set()


_outlet: _Outlet | None = None
_opening = threading.Lock()


def open_tracer() -> Tracer:
    """The host program's where it has set a TracerProvider, else ours, opened once a process.

    Raises ImportError, ValueError or RuntimeError where ours cannot be opened.
    """
    global _outlet
    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider):
        with _opening:
            _outlet = _outlet or _Outlet()
        provider = _outlet.provider
    return provider.get_tracer("report_assistant")


def _open_provider(complain: Callable[[], None]) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

    class Exporter(OTLPSpanExporter):
        """OTLP over HTTP that says in our words when spans do not arrive."""

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            result = super().export(spans)
            if result is not SpanExportResult.SUCCESS:
                complain()
            return result

    # Else Python prints each failed attempt to stderr where the host program logs nothing.
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
    resource = Resource.create()
    if str(resource.attributes.get(SERVICE_NAME)).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "report-assistant"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Exporter()))
    return provider
