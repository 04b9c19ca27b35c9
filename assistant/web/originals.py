"""The files that users added, as they came, and pages of them: GET /read/{id}/original, …/page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from ingest import library_entry, marked_page
from ingest.formats.names import shown_name

from .. import AssistantError
from ..retrieval.store import originals_directory
from ..settings import Settings
from .hosting import AssistantHost
from .permalinks import find_words, linked_places

if TYPE_CHECKING:
    from fastapi import APIRouter, Request, Response

_PDF = "application/pdf"
# Drawing a page takes a process and memory: as many at once as a small machine has cores.
_AT_ONCE = 2
# More quotes of one passage than any answer has; each is looked for in the whole text.
_QUOTES = 20


def original_address(settings: Settings, source_id: str) -> str:
    """Where the original of a document can be had; "" for what came with the assistant."""
    try:
        entry = library_entry(settings, source_id)
    except AssistantError:
        return ""
    return f"/read/{quote(source_id, safe='')}/original" if entry else ""


def originals_router(host: AssistantHost) -> APIRouter:
    """Serve originals of the library only, by id: no path is taken from a request.

    PDF opens in the browser's viewer, everything else is a download: a page that someone added
    must not run as one of ours. `…/page` is a PNG of the page on which the words stand that the
    query names, as a permalink does; they are marked.
    """
    from fastapi import APIRouter
    from fastapi.responses import PlainTextResponse
    from fastapi.responses import Response as Sent

    router = APIRouter()
    turn = asyncio.Semaphore(_AT_ONCE)

    async def page(request: Request) -> Response:
        asked = str(request.path_params["source_id"]), request.query_params.multi_items()
        async with turn:
            picture = await asyncio.to_thread(_page, host, *asked)
        if picture is None:
            return PlainTextResponse("There is no picture of that page.", 404)
        return Sent(picture, headers={"Cache-Control": "private, no-cache"}, media_type="image/png")

    async def original(request: Request) -> Response:
        found = await asyncio.to_thread(_original, host.settings, request.path_params["source_id"])
        if found is None:
            return PlainTextResponse("There is no original of that id.", 404)
        name, data = found
        is_pdf = data[:1_024].find(b"%PDF-") >= 0
        how, shown = "inline" if is_pdf else "attachment", quote(name, safe="")
        # The viewer of some browsers is a page of its own, which a sandbox would keep shut.
        policy = "frame-ancestors 'none'" if is_pdf else "default-src 'none'; sandbox"
        headers = {
            "Content-Disposition": f"{how}; filename*=UTF-8''{shown}",
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-cache",
        }
        media_type = _PDF if is_pdf else "application/octet-stream"
        return Sent(data, headers=headers, media_type=media_type)

    router.add_route("/read/{source_id}/original", original, methods=["GET"])
    router.add_route("/read/{source_id}/page", page, methods=["GET"])
    return router


def _page(host: AssistantHost, source_id: str, query: Sequence[tuple[str, str]]) -> bytes | None:
    """The page on which the first of the words stand that are still there."""
    try:
        with host.use() as assistant:
            source = assistant.index.sources[source_id]
        places = linked_places(query)[:_QUOTES]
        found = [find_words(source.text, words, to, at) for words, to, at in places]
        spans = [span for span in found if span is not None]
        return marked_page(host.settings, source, source.page(spans[0].start), spans)
    except (KeyError, IndexError, AssistantError):
        return None


def _original(settings: Settings, source_id: str) -> tuple[str, bytes] | None:
    try:
        entry = library_entry(settings, source_id)
        if entry is None:
            return None
        path = originals_directory(settings.home) / entry.original
        if path.is_symlink():  # nothing of ours is one
            return None
        data = path.read_bytes()
    except (AssistantError, OSError):
        return None
    return shown_name(f"{entry.title_en}{path.suffix}"), data
