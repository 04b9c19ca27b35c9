"""The server: the page, the reader and the interfaces for programs, on one listening socket."""

from __future__ import annotations

import argparse
import errno
import logging
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

from .. import AssistantError
from .admission import Room
from .allowed_routes import AllowedRoutes
from .body_limit import BodyLimit
from .gate import Gate, warn_if_open
from .headers import SecurityHeaders
from .hosting import AssistantHost
from .page import gradio, style_and_script

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def port_number(text: str) -> int:
    """A port from the command line, 0 to 65535."""
    # The system would take a larger number modulo 65,536 without a word.
    if not (text.isdecimal() and int(text) < 65_536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number from 0 to 65535")
    return int(text)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises AssistantError when there can be none."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family)
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise AssistantError(
                f"Port {port} on {host} is already in use. Stop the program that uses it, or "
                f"choose another port: `python ui.py --port {port + 1}`."
            ) from error
        raise AssistantError(
            f"Nothing can be served on {host}, port {port} ({error}). "
            "Choose others with `--host` and `--port`."
        ) from error


def build_app(host: AssistantHost, *, name: str) -> ASGIApp:
    """Everything that is served, behind the gate; `name` is the address that it is served on.

    Gradio's own `launch` would also open tunnels when the environment says so, and ask itself
    for a page through the user's proxy; a server of our own does neither.
    """
    gr = gradio()
    from fastapi import FastAPI
    from starlette.routing import Mount

    from .building import build_page
    from .mcp_server import build_mcp
    from .openai_api import openai_router
    from .originals import originals_router
    from .reader_pages import reader_router
    from .uploads import Uploads

    room, uploads = Room(), Uploads(host.settings.upload_mb)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with closing(uploads):
            yield

    app = FastAPI(openapi_url=None, lifespan=lifespan)
    routers = (
        uploads.router(),
        openai_router(host, room=room),
        build_mcp(host, room=room),
        originals_router(host),
        reader_router(host),
    )
    for router in routers:
        app.include_router(router)
    css, script = style_and_script()
    # Names of installed fonts only: Gradio would fetch others, and quote generic names.
    latin = ("Segoe UI", "Helvetica Neue", "Arial")
    chinese = ("PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC")
    theme = gr.themes.Default(primary_hue="blue", font=(*latin, *chinese, "sans-serif")).set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
    )
    gr.mount_gradio_app(
        app,
        build_page(host, room, uploads),
        path="/",
        theme=theme,
        css=css,
        head=script,
        footer_links=[],
        run_history=False,
        max_file_size=f"{host.settings.upload_mb}mb",
        show_error=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    mounted = app.routes[-1]
    assert isinstance(mounted, Mount)
    mounted.app = AllowedRoutes(mounted.app)
    return SecurityHeaders(Gate(BodyLimit(app), host.settings.password, host=name))


def serve(host: AssistantHost, listener: socket.socket, *, name: str) -> None:
    """Serve on a listening socket until a signal stops it; `name` is what was asked to listen on.

    The assistant is opened meanwhile. Raises AssistantError when the index cannot be built.
    """
    import uvicorn

    app = build_app(host, name=name)
    address, port = listener.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    if warning := warn_if_open(name, host.settings.password):
        say(f"ui: {warning}")
    say(f"The chat is ready at http://{shown}:{port} (Ctrl-C stops it).")
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=1, server_header=False
    )
    server = uvicorn.Server(config)
    # An open page keeps a stream open; that it is cut at the end is no error worth a traceback.
    logging.getLogger("uvicorn.error").addFilter(lambda record: not server.should_exit)
    server.run(sockets=[listener])


def say(text: str) -> None:
    """A line on stderr, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
