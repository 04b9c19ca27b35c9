"""The assistant as an MCP server: tools for programs whose models search, ask and read.

Served as streamable HTTP without sessions, so that clients go on after a restart of the server.
The SDK's low-level server is used: its `MCPServer` sets up the whole program's logging, and words
wrong arguments as a validation library does.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from .. import Assistant, AssistantError
from .admission import FullError, Room
from .for_programs import served
from .hosting import AssistantHost
from .labels import PAGE
from .mcp_tools import (
    AskArguments,
    AskResult,
    ReadArguments,
    ReadResult,
    SearchArguments,
    SearchResult,
    ask,
    read,
    search,
)

if TYPE_CHECKING:
    from fastapi import APIRouter
    from mcp.server import Server
    from mcp.server.context import ServerRequestContext
    from mcp.server.transport_security import TransportSecuritySettings
    from mcp_types import (
        CallToolRequestParams,
        CallToolResult,
        ListToolsResult,
        PaginatedRequestParams,
        Tool,
    )

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_INSTRUCTIONS = (
    "Answers questions in English or Chinese from a small corpus of documents, with exact quotes. "
    "`ask` gives a checked answer with citations, or says that the sources do not answer. "
    "`search` gives the passages themselves, `read` the text around them."
)


@dataclass(frozen=True, slots=True)
class _Offer:
    """A tool with its schemas."""

    title: str
    description: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    call: Callable[[Assistant, Any], Awaitable[BaseModel]]

    def tool(self, name: str) -> Tool:
        from mcp_types import Tool, ToolAnnotations

        return Tool(
            name=name,
            title=self.title,
            description=self.description,
            input_schema=self.takes.model_json_schema(),
            output_schema=self.gives.model_json_schema(mode="serialization"),
            annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
        )


_OFFERS = {
    "search": _Offer(
        "Search the sources",
        "Find the passages of the sources that are nearest to a question, as exact text with "
        "offsets and, where there is one, the translation. Passages alone are no answer: the best "
        "of them may still not hold what was asked. Use `ask` to learn whether the sources answer.",
        SearchArguments,
        SearchResult,
        search,
    ),
    "ask": _Offer(
        "Ask the sources",
        "Answer a question from the sources alone. Every citation comes with exact quotes. The "
        'status says whether the sources answer; when it is "refused", say so instead of '
        "answering from elsewhere as if the sources had said it.",
        AskArguments,
        AskResult,
        ask,
    ),
    "read": _Offer(
        "Read a source",
        "Read a source's text from a character on, for what stands around a passage or a quote. "
        "Go on at `next_start` until it is null.",
        ReadArguments,
        ReadResult,
        read,
    ),
}


def build_mcp(
    host: AssistantHost,
    *,
    path: str = "/mcp",
    hosts: Collection[str] = (),
    room: Room | None = None,
) -> APIRouter:
    """A router with the MCP endpoint, and with the lifespan that it needs.

    `app.include_router(build_mcp(host))` before anything is mounted at "/" is all; one router
    serves one run of one app. Only requests to a loopback name, or to one of `hosts` (names
    without a port), are taken, and from pages of those only: a foreign page that had its own
    name point here could read the answers otherwise. `room` bounds how many are answered at
    once, shared with whoever else has it.
    """
    from fastapi import APIRouter, FastAPI
    from mcp.server.streamable_http_manager import (
        StreamableHTTPASGIApp,
        StreamableHTTPSessionManager,
    )
    from starlette.routing import Route

    manager = StreamableHTTPSessionManager(
        build_server(host, room or Room()), stateless=True, security_settings=_security(hosts)
    )

    def lifespan(app: FastAPI) -> AbstractAsyncContextManager[None]:
        return manager.run()

    # An endpoint that is no function is an ASGI application, and takes every method.
    endpoint = StreamableHTTPASGIApp(manager)
    return APIRouter(routes=[Route(path, endpoint), Route(f"{path}/", endpoint)], lifespan=lifespan)


def build_server(host: AssistantHost, room: Room) -> Server[Any]:
    """The server behind the endpoint, for any transport."""
    from mcp.server import Server
    from mcp.shared.exceptions import MCPError
    from mcp_types import INVALID_PARAMS, ListToolsResult

    async def list_tools(
        context: ServerRequestContext[Any, Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[offer.tool(name) for name, offer in _OFFERS.items()])

    async def call_tool(
        context: ServerRequestContext[Any, Any], params: CallToolRequestParams
    ) -> CallToolResult:
        if params.name not in _OFFERS:
            known = ", ".join(_OFFERS)
            raise MCPError(
                INVALID_PARAMS, f"There is no tool {params.name!r}. The tools are: {known}."
            )
        offer = _OFFERS[params.name]
        try:
            arguments = offer.takes.model_validate(params.arguments or {})
            async with served(host, room) as assistant:
                return _result(await offer.call(assistant, arguments))
        except Exception as error:
            return _failure(error, offer)

    return Server(
        "report-assistant",
        title="Report Assistant",
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _result(result: BaseModel) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    values = result.model_dump(mode="json")
    # Clients that know no structured results read the same as text.
    text = TextContent(text=json.dumps(values, ensure_ascii=False))
    return CallToolResult(content=[text], structured_content=values)


def _failure(error: Exception, offer: _Offer) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    if isinstance(error, ValidationError):
        wrong = error.errors(include_url=False)[0]
        where = ".".join(map(str, wrong["loc"]))
        known = ", ".join(offer.takes.model_fields)
        said = (
            f"The argument {where!r} cannot be taken: {wrong['msg']}. The arguments are: {known}."
        )
    elif isinstance(error, AssistantError):
        said = str(error)
    elif isinstance(error, FullError):
        said = PAGE["en"]["busy"]
    else:
        logging.getLogger("web").error("An MCP tool failed.", exc_info=error)
        said = PAGE["en"]["failed"]
    return CallToolResult(content=[TextContent(text=said)], is_error=True)


def _security(hosts: Collection[str]) -> TransportSecuritySettings:
    from mcp.server.transport_security import TransportSecuritySettings

    # The SDK takes NAME:* for any port, but not for none.
    names = [name + port for name in (*_LOOPBACK, *hosts) for port in ("", ":*")]
    return TransportSecuritySettings(
        allowed_hosts=names,
        allowed_origins=[f"{scheme}://{name}" for scheme in ("http", "https") for name in names],
    )
