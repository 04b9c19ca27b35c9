"""Gradio's page behind headers and gate, in a process of its own: `python -m tests.gated_page`.

Gradio leaves event loops open in the process that makes a page.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import uvicorn

from web.gate import Gate
from web.headers import SecurityHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp

PASSWORD = "密码 pässwört"


def gradio_app() -> ASGIApp:
    """A page with the components that the chat uses."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr
    from fastapi import FastAPI

    def ask(question: str) -> Iterator[tuple[list[dict[str, str]], str]]:
        """Answer in two steps."""
        for text in ("half", f"whole: {question}"):
            reply = [{"role": "assistant", "content": f"{text} **bold** `code`"}]
            yield reply, f"<p id='said'>{text}</p>"

    ran = "() => { document.body.dataset.ran = 'yes'; }"
    with gr.Blocks(analytics_enabled=False) as page:
        with gr.Sidebar(open=False):
            gr.Button("side")
        with gr.Tab("one"):
            chat, shown = gr.Chatbot(), gr.HTML()
            box = gr.Textbox(label="question")
        with gr.Tab("two"):
            files, told = gr.File(label="files"), gr.Textbox(label="told")
            gr.Slider(1, 20, label="passages")
            gr.CheckboxGroup(["a", "b"], label="sources")
            gr.DownloadButton("download", __file__)
        box.submit(ask, box, [chat, shown], api_name="ask")
        files.upload(lambda file: os.path.basename(file), files, told)
        page.load(None, None, None, js=ran)
    head = "<script>document.documentElement.dataset.head = 'ran';</script>"
    # Installed fonts only, as ui.py does: Gradio would fetch others.
    theme = gr.themes.Default(font=["Arial", "sans-serif"], font_mono=["monospace"])
    settings: dict[str, Any] = {"head": head, "theme": theme, "ssr_mode": False, "pwa": False}
    app: ASGIApp = gr.mount_gradio_app(FastAPI(openapi_url=None), page, path="/", **settings)
    return app


def main() -> None:
    """Serve until a signal comes; the address is the only line that is printed."""
    app = SecurityHeaders(Gate(gradio_app(), PASSWORD, host="127.0.0.1"))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
