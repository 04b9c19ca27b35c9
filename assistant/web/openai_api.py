"""The assistant as a chat model: what OpenAI's clients need of `/v1/chat/completions`.

Two models: "report-assistant" answers as the server is set up; "report-assistant-quotes" only
quotes the sources and never asks a chat model. What the rules of answering are is not up to
callers: system messages, temperature, tools and the like are taken and have no effect.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from .. import Answer, Assistant
from ..planning.questions import check_question
from .admission import Room
from .for_programs import cited, message_text, served
from .hosting import AssistantHost
from .openai_requests import (
    MODELS,
    QUOTES_MODEL,
    Asked,
    RequestError,
    error_of,
    known_model,
    read_body,
    read_request,
)

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send


def openai_router(host: AssistantHost, *, room: Room | None = None) -> APIRouter:
    """Routes for `/v1/chat/completions` and `/v1/models`, to be included before a page at "/".

    `room` bounds how many are answered at once, shared with whoever else has it.
    """
    from fastapi import APIRouter
    from starlette.routing import Route

    api, base = _Api(host, room or Room()), "/v1"
    # Plain routes: FastAPI would word wrong input in its own shape, not in OpenAI's.
    return APIRouter(
        routes=[
            Route(f"{base}/chat/completions", _worded(api.complete), methods=["POST"]),
            Route(f"{base}/models", _worded(api.models), methods=["GET"]),
            Route(f"{base}/models/{{id}}", _worded(api.model), methods=["GET"]),
            Route(f"{base}/{{rest:path}}", _worded(_nothing), methods=["GET", "POST"]),
        ]
    )


class _Api:
    """Answers requests with the host's assistant."""

    def __init__(self, host: AssistantHost, room: Room) -> None:
        self._host, self._room = host, room
        self._since = int(time.time())

    async def models(self, request: Request) -> ASGIApp:
        from starlette.responses import JSONResponse

        return JSONResponse({"object": "list", "data": [self._model(name) for name in MODELS]})

    async def model(self, request: Request) -> ASGIApp:
        from starlette.responses import JSONResponse

        return JSONResponse(self._model(known_model(request.path_params["id"])))

    def _model(self, name: str) -> Mapping[str, Any]:
        return {
            "id": name,
            "object": "model",
            "created": self._since,
            "owned_by": "report-assistant",
        }

    async def complete(self, request: Request) -> ASGIApp:
        from starlette.responses import JSONResponse, Response

        asked = read_request(await read_body(request))
        if not asked.stream:
            answer = await _unless_gone(request, self._answer(asked))
            return JSONResponse(_Reply(asked).whole(answer)) if answer else Response()
        events = self._events(asked)
        # Up to the first event, what goes wrong is an HTTP error of its own.
        return _streaming(await anext(events), events)

    @asynccontextmanager
    async def _assistant(self, asked: Asked) -> AsyncIterator[Assistant]:
        async with served(self._host, self._room) as assistant:
            if asked.model == QUOTES_MODEL:
                assistant = assistant.adjusted(composer="quotes")
            check_question(asked.question, limit=assistant.settings.question_chars)
            yield assistant

    async def _answer(self, asked: Asked) -> Answer:
        async with self._assistant(asked) as assistant:
            return await assistant.aask(asked.question, history=asked.history)

    async def _events(self, asked: Asked) -> AsyncGenerator[str, None]:
        """The lines of the stream.

        What a chat model drafts is not checked yet and may not stand: it goes out as
        `reasoning_content`, where other services put what comes before an answer. The checked
        answer is the `content`. Quotes need no check and are content as they come.
        """
        reply = _Reply(asked)
        async with self._assistant(asked) as assistant:
            yield reply.delta(role="assistant", content="")
            answer, sent = None, ""
            field = "reasoning_content" if assistant.chat_model else "content"
            try:
                pieces = assistant.astream(asked.question, history=asked.history)
                async with aclosing(pieces) as chunks:
                    async for chunk in chunks:
                        answer = chunk.answer or answer
                        if chunk.text:
                            sent += chunk.text if field == "content" else ""
                            yield reply.delta(**{field: chunk.text})
            except Exception as error:
                yield _event(error_of(error)[1])
        if answer is not None:
            yield reply.delta(content=message_text(answer).removeprefix(sent))
            yield reply.delta("stop", **_extras(answer))
            if asked.include_usage:
                yield reply.event([], usage=_usage(answer))
        yield "data: [DONE]\n\n"


class _Reply:
    """OpenAI's objects for one request."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())

    def whole(self, answer: Answer) -> Mapping[str, Any]:
        content = message_text(answer)
        message = {"role": "assistant", "content": content, "refusal": None, **_extras(answer)}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return self._object("chat.completion", [choice], usage=_usage(answer))

    def delta(self, finish: str | None = None, **delta: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        # Clients that asked for usage expect its place in every chunk.
        return self.event([choice], **({"usage": None} if self._asked.include_usage else {}))

    def event(self, choices: list[Mapping[str, Any]], **more: Any) -> str:
        return _event(self._object("chat.completion.chunk", choices, **more))

    def _object(
        self, kind: str, choices: list[Mapping[str, Any]], **more: Any
    ) -> Mapping[str, Any]:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._asked.model,
            "choices": choices,
            **more,
        }


async def _nothing(request: Request) -> ASGIApp:
    raise RequestError(
        f"There is no {request.method} {request.url.path} here. "
        "Use POST /v1/chat/completions or GET /v1/models.",
        code="unknown_url",
        status=404,
    )


def _extras(answer: Answer) -> Mapping[str, Any]:
    citations = [citation.model_dump() for citation in cited(answer)]
    return {"citations": citations, "status": answer.status}


def _usage(answer: Answer) -> Mapping[str, int]:
    sent, received = answer.usage.tokens_in, answer.usage.tokens_out
    return {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received}


def _event(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _streaming(first: str, events: AsyncGenerator[str, None]) -> ASGIApp:
    """Sends the events; they are closed, and a chat model stopped, when the client hangs up."""
    from starlette.responses import StreamingResponse

    async def chained() -> AsyncIterator[str]:
        yield first
        async for event in events:
            yield event

    async def send_all(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        response = StreamingResponse(chained(), media_type="text/event-stream", headers=headers)
        async with aclosing(events):
            await response(scope, receive, send)

    return send_all


def _worded(
    respond: Callable[[Request], Awaitable[ASGIApp]],
) -> Callable[[Request], Awaitable[ASGIApp]]:
    """The same endpoint, its errors in OpenAI's shape."""

    async def endpoint(request: Request) -> ASGIApp:
        from starlette.requests import ClientDisconnect
        from starlette.responses import JSONResponse, Response

        try:
            return await respond(request)
        except ClientDisconnect:
            return Response()
        except Exception as error:
            status, body = error_of(error)
            return JSONResponse(body, status)

    return endpoint


async def _unless_gone(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer | None:
    """What comes of the work; None, the work stopped, when the client hangs up meanwhile."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    answering, leaving = asyncio.create_task(work), asyncio.create_task(gone())
    try:
        await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        return answering.result() if answering.done() else None
    finally:
        answering.cancel()
        leaving.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)
