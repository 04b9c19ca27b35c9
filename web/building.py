"""The page put together: its components, what happens to them, and the endpoints for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .api import add_endpoints
from .documents_tab import DocumentsTab
from .events import Events
from .hosting import AssistantHost
from .page import gradio, lay_out
from .room import Room
from .talk import Talk

if TYPE_CHECKING:
    import gradio as gr


def build_page(host: AssistantHost, room: Room) -> gr.Blocks:
    """The page over a host; each visitor has conversations of their own, in the browser."""
    settings = host.settings
    page: gr.Blocks = gradio().Blocks(
        title="Report Assistant", analytics_enabled=False, fill_width=True
    )
    with page:
        # First: handlers of the page would take the endpoints' names.
        add_endpoints(host, room)
        parts = lay_out(
            passages=min(settings.passages, 20),
            upload_mb=settings.upload_mb,
            log_out=bool(settings.password),
        )
        Events(host, Talk(host, room)).wire(page, parts)
        DocumentsTab(host).wire(parts)
    # How many are answered at once is the room's business.
    page.queue(default_concurrency_limit=None)
    return page
