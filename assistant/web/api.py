"""Named endpoints for `gradio_client`: /ask, /search and /read, the tools that MCP clients get."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from .. import Assistant, AssistantError
from . import mcp_tools as tools
from .admission import FullError, Room
from .for_programs import served
from .hosting import AssistantHost
from .labels import PAGE
from .page import gradio

Given = TypeVar("Given", bound=BaseModel)


def add_endpoints(host: AssistantHost, room: Room) -> None:
    """Add the endpoints to the page whose block is open."""
    gr = gradio()

    async def call(
        tool: Callable[[Assistant, Given], Awaitable[BaseModel]], kind: type[Given], values: Any
    ) -> dict[str, Any]:
        try:
            given = kind.model_validate({k: v for k, v in values.items() if v is not None})
            async with served(host, room) as assistant:
                return (await tool(assistant, given)).model_dump(mode="json")
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise gr.Error(f"{where}: {first['msg']}.", print_exception=False) from error
        except FullError as error:
            raise gr.Error(PAGE["en"]["busy"], print_exception=False) from error
        except AssistantError as error:
            raise gr.Error(str(error), print_exception=False) from error
        except Exception as error:
            logging.getLogger("ui").exception("An endpoint failed.")
            raise gr.Error(PAGE["en"]["failed"], print_exception=False) from error

    async def ask(
        question: str,
        history: list[dict[str, str]] | None = None,
        language: str | None = None,
    ) -> dict[str, Any]:
        """Answer a question, with citations; history is a list of {"question", "answer"}."""
        values = {"question": question, "history": history, "language": language}
        return await call(tools.ask, tools.AskArguments, values)

    async def search(
        question: str, count: int | None = None, sources: list[str] | None = None
    ) -> dict[str, Any]:
        """Find passages for a question that stands alone."""
        values = {"question": question, "count": count, "sources": sources}
        return await call(tools.search, tools.SearchArguments, values)

    async def read(
        source_id: str, start: int | None = None, length: int | None = None
    ) -> dict[str, Any]:
        """Read a source's text from a character on."""
        values = {"source_id": source_id, "start": start, "length": length}
        return await call(tools.read, tools.ReadArguments, values)

    for function in (ask, search, read):
        gr.api(function, api_name=function.__name__)
