"""The routes of Gradio that the page and its clients need; all others answer 404.

Gradio brings some sixty, among them a proxy, a fetcher of web addresses and a code editor. What a
new version adds is closed until it is listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

# Each with who asks for it. Uploads and files are `uploads.py`'s business.
ALLOWED: Mapping[str, str] = {
    "/": "the page",
    "/assets/{path:path}": "its scripts and styles",
    "/static/{path:path}": "its fonts and icons",
    "/theme.css": "its colours",
    "/manifest.json": "every browser, as the page names it",
    "/favicon.ico": "every browser, unasked",
    "/config": "gradio_client: the components and events",
    "/gradio_api/info": "gradio_client: what the endpoints take",
    "/gradio_api/app_id": "the page: whether the server was restarted under it",
    "/gradio_api/heartbeat/{session_hash}": "both: they are still there",
    "/gradio_api/queue/join": "both: an event is called",
    "/gradio_api/queue/data": "both: what comes of it",
    "/gradio_api/cancel": "both: an event is stopped",
    "/gradio_api/reset": "both: after an event is stopped",
    "/gradio_api/upload_progress": "the page: how much of a file has arrived",
}


class AllowedRoutes:
    """ASGI application that answers 404 in front of Gradio for whatever is not listed."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        from starlette.routing import compile_path

        self._app = app
        self._patterns = [compile_path(path)[0] for path in ALLOWED]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        from starlette.routing import Router

        allowed = any(pattern.fullmatch(scope["path"]) for pattern in self._patterns)
        answer = self._app if allowed else Router().not_found
        await answer(scope, receive, send)
