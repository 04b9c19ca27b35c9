"""Headers that keep browsers from doing more with the pages than they are meant for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .origins import host_name, is_loopback, text_header

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio's page runs scripts in the page, compiles some, and makes workers and fonts of data.
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_OPENER = ("Cross-Origin-Opener-Policy", "same-origin")


class SecurityHeaders:
    """ASGI middleware that adds these headers to every response that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`; outermost, so that what other middleware answers has them, too."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its response back with the headers."""
        added = HEADERS | dict([_OPENER] if _is_trustworthy(scope) else [])
        encoded = [(name.lower().encode(), value.encode()) for name, value in added.items()]

        async def send_with_headers(message: Message) -> None:
            if message["type"].endswith("http.response.start"):
                own = list(message.get("headers", []))
                names = {name.lower() for name, _ in own}
                message["headers"] = own + [pair for pair in encoded if pair[0] not in names]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _is_trustworthy(scope: Scope) -> bool:
    # Elsewhere, browsers ignore the opener policy and log an error for every page.
    if scope["type"] != "http":
        return False
    return scope["scheme"] == "https" or is_loopback(host_name(text_header(scope, "host")))
