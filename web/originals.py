"""The files that users added, as they came: GET /read/{id}/original."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from assistant import AssistantError
from assistant.builds import library_directory
from assistant.settings import Settings
from ingest import library_entries
from ingest.formats.names import shown_name

from .hosting import AssistantHost

if TYPE_CHECKING:
    from fastapi import APIRouter, Request, Response

_PDF = "application/pdf"


def original_address(settings: Settings, source_id: str) -> str:
    """Where the original of a document can be had; "" for what came with the assistant."""
    try:
        there = any(entry.id == source_id for entry in library_entries(settings))
    except AssistantError:
        return ""
    return f"/read/{quote(source_id, safe='')}/original" if there else ""


def originals_router(host: AssistantHost) -> APIRouter:
    """Serve originals of the library only, by id: no path is taken from a request.

    PDF opens in the browser's viewer, everything else is a download: a page that someone added
    must not run as one of ours.
    """
    from fastapi import APIRouter
    from fastapi.responses import PlainTextResponse
    from fastapi.responses import Response as Sent

    router = APIRouter()

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
    return router


def _original(settings: Settings, source_id: str) -> tuple[str, bytes] | None:
    try:
        entry = next(e for e in library_entries(settings) if e.id == source_id)
        path = library_directory(settings.home) / entry.id / entry.original
        if path.is_symlink():  # nothing of ours is one
            return None
        data = path.read_bytes()
    except (StopIteration, AssistantError, OSError):
        return None
    return shown_name(f"{entry.title_en}{path.suffix}"), data
