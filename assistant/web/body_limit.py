"""How much a request may bring: Gradio, MCP and FastAPI read the whole of it into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .login_page import refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The page sends the conversations along that a browser keeps for it. Browsers keep 5 MB in UTF-16
# for a site: up to 7.5 MB in UTF-8, and quotation marks and line ends are two signs in JSON.
MOST_BODY_BYTES = 20_000_000
# It writes what arrives to the disk, and has limits of its own (`uploads.py`).
_ELSEWHERE = "/gradio_api/upload"


class BodyLimit:
    """ASGI middleware that answers 413 to a request with more than `MOST_BODY_BYTES`.

    Starlette's own (1.10) knows no sentence to say, and needs a later Starlette than Gradio does.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on once all of it is there, or answer it."""
        asks = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD")
        if not asks or scope["path"] == _ELSEWHERE:
            await self._app(scope, receive, send)
            return
        body, arrived, more = bytearray(), 0, True
        # Clients read no answer before they have sent everything: the rest arrives and is dropped.
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            part, more = message.get("body", b""), message.get("more_body", False)
            arrived += len(part)
            if arrived <= MOST_BODY_BYTES:
                body += part
        if arrived > MOST_BODY_BYTES:
            answer = refusal(scope, 413, "body", name=f"{MOST_BODY_BYTES // 1_000_000} MB")
            await answer(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)
