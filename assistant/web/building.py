"""The page put together: its components, what happens to them, and the endpoints for programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .admission import Room
from .api import add_endpoints
from .documents_tab import DocumentsTab
from .events import Events
from .hosting import AssistantHost
from .labels import PAGE, reader_language
from .page import MOST_PASSAGES, gradio, lay_out
from .talk import Talk
from .uploads import Uploads

if TYPE_CHECKING:
    import gradio as gr


def build_page(host: AssistantHost, room: Room, uploads: Uploads) -> gr.Blocks:
    """The page over a host; each visitor has conversations of their own, in the browser."""
    settings = host.settings
    # Where Gradio believes that uploads lie: from anywhere else it would copy them.
    os.environ["GRADIO_TEMP_DIR"] = str(uploads.folder)
    page = _guarded(uploads)(title="Report Assistant", analytics_enabled=False, fill_width=True)
    with page:
        # First: handlers of the page would take the endpoints' names.
        add_endpoints(host, room)
        parts = lay_out(
            passages=min(settings.passages, MOST_PASSAGES),
            upload_mb=settings.upload_mb,
            log_out=bool(settings.password),
        )
        Events(host, Talk(host, room)).wire(page, parts)
        DocumentsTab(host, uploads).wire(parts)
    # How many are answered at once is the room's business.
    page.queue(default_concurrency_limit=None)
    return page


def _guarded(uploads: Uploads) -> type[gr.Blocks]:
    """A kind of page that hands no event a file but those that its sender uploaded."""
    gr = gradio()

    # mypy knows no class that is imported when it is needed.
    class Page(gr.Blocks):  # type: ignore[misc, name-defined]
        async def process_api(self, *given: Any, **named: Any) -> dict[str, Any]:
            """Check, then go on; all ways to call an event lead through here."""
            # An event that is under way was checked as it began, and may have used the files up.
            under_way = named.get("iterator") is not None
            request = named["request"].request
            if not (under_way or uploads.are_own(request, named["inputs"])):
                ui = reader_language("", request.headers.get("accept-language", ""))
                raise gr.Error(PAGE[ui]["not_uploaded"], print_exception=False)
            done: dict[str, Any] = await super().process_api(*given, **named)
            return done

    return Page
