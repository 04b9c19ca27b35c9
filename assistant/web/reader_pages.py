"""The reader's own pages, plain HTML without scripts: where permalinks lead."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from .. import AssistantError
from ..settings import Settings
from ..types import Language, Source, other_language
from .hosting import AssistantHost
from .labels import PAGE, Labels, reader_language
from .marking import show
from .originals import original_address
from .permalinks import find_words, linked_words
from .reader import reader_css, render_document

if TYPE_CHECKING:
    from fastapi import APIRouter, Request, Response

PAGES: Mapping[Language, Labels] = {
    "en": {
        "skip": "Skip to the text",
        "bar": "Pages",
        "chat": "Back to the chat",
        "all": "All documents",
        "words": "To the linked words",
        "none": "No document is indexed.",
        "unknown": "There is no document with the id “{id}”. These are there:",
        "gone": "The words of this link, “{words}”, do not stand in this document (any more). "
        "It is shown from its beginning.",
        "failed": "The documents cannot be shown: {why}",
        "unavailable": "Documents unavailable",
        "missing": "Document not found",
        "other": "中文",
    },
    "zh": {
        "skip": "跳到正文",
        "bar": "页面",
        "chat": "返回问答",
        "all": "全部资料",
        "words": "到所链接的词句",
        "none": "尚未索引任何资料。",
        "unknown": "没有编号为“{id}”的资料。现有资料如下：",
        "gone": "此资料中（已）没有链接所指的“{words}”，以下从头显示。",
        "failed": "无法显示资料：{why}",
        "unavailable": "资料暂不可用",
        "missing": "未找到资料",
        "other": "English",
    },
}
# As much of what an address asks for is repeated: two lines of a page.
_SHOWN = 120


def reader_router(host: AssistantHost) -> APIRouter:
    """GET /read, the list of documents, and GET /read/{id}, one of them whole.

    Query: words, to and at as in a permalink; ui=en or zh, else what the browser prefers. The
    first visitors wait until the assistant is open.
    """
    from fastapi import APIRouter
    from fastapi.responses import HTMLResponse

    router = APIRouter()

    async def answer(request: Request, source_id: str | None) -> Response:
        pages = _Pages(request, host.settings)

        def read() -> tuple[int, str]:
            with host.use() as assistant:
                sources = assistant.sources
            return pages.listed(sources) if source_id is None else pages.read(sources, source_id)

        try:
            await host.ready()
            # The text of a whole book takes long.
            status, page = await asyncio.to_thread(read)
        except AssistantError as error:
            status, page = pages.failed(str(error))
        headers = {
            "Content-Security-Policy": pages.policy,
            "Content-Language": pages.ui,
            "Cache-Control": "private, no-cache",
            "Vary": "Accept-Language, Cookie",
        }
        # What cannot be sent as UTF-8 (half a pair) must not fail the page.
        return HTMLResponse(page.encode("utf-8", "replace"), status, headers)

    async def read_all(request: Request) -> Response:
        return await answer(request, None)

    async def read_one(request: Request) -> Response:
        return await answer(request, str(request.path_params["source_id"]))

    # FastAPI could not resolve annotations of names that are imported here: routes as Starlette's.
    router.add_route("/read", read_all, methods=["GET"])
    router.add_route("/read/", read_all, methods=["GET"])
    router.add_route("/read/{source_id}", read_one, methods=["GET"])
    return router


class _Pages:
    """The pages that one request could get: status and HTML."""

    def __init__(self, request: Request, settings: Settings) -> None:
        self._settings = settings
        self._query = dict(request.query_params)
        self._path = request.url.path
        accepted = request.headers.get("accept-language", "")
        self.ui = reader_language(self._query.get("ui", ""), accepted)
        self._words = PAGES[self.ui]
        self._style = _page_css() + reader_css()
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self.policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'none'; "
            "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
        )

    def read(self, sources: Sequence[Source], source_id: str) -> tuple[int, str]:
        """A document, at the words that are asked for."""
        source = next((source for source in sources if source.id == source_id), None)
        if source is None:
            told = self._words["unknown"].format(id=_short(source_id))
            body = f'<p class="told">{show(told)}</p>{self._list(sources)}'
            return 404, self._page(self._words["missing"], body, heading=True)
        words, to, at = linked_words(self._query)
        target = find_words(source.text, words, to, at)
        body = render_document(
            source,
            (),
            language=self.ui,
            target=target,
            level=1,
            original=original_address(self._settings, source.id),
        )
        if words and target is None:
            sought = f"{words} … {to}" if to else words
            told = self._words["gone"].format(words=_short(sought))
            body = f'<p class="told" role="alert">{show(told)}</p>{body}'
        return 200, self._page(source.title(self.ui), body, anchor="text", sought=bool(target))

    def listed(self, sources: Sequence[Source]) -> tuple[int, str]:
        """All documents."""
        return 200, self._page(self._words["all"], self._list(sources), heading=True)

    def failed(self, why: str) -> tuple[int, str]:
        """What keeps every document from being shown."""
        told = show(self._words["failed"].format(why=why))
        body = f'<p class="told" role="alert">{told}</p>'
        return 503, self._page(self._words["unavailable"], body, heading=True)

    def _list(self, sources: Sequence[Source]) -> str:
        items = "".join(self._item(source) for source in sources)
        return f'<ul class="all">{items}</ul>' if items else f"<p>{self._words['none']}</p>"

    def _item(self, source: Source) -> str:
        other = other_language(self.ui)
        address = f"/read/{quote(source.id, safe='')}" + self._chosen()
        second = source.title(other)
        small = f'<small lang="{other}">{show(second)}</small>'
        return (
            f'<li><a href="{html.escape(address)}">{show(source.title(self.ui) or source.id)}</a>'
            f"{small if second not in ('', source.title(self.ui)) else ''}</li>"
        )

    def _chosen(self) -> str:
        # A language that was chosen here stays chosen.
        return f"?ui={self.ui}" if self._query.get("ui") == self.ui else ""

    def _page(
        self,
        title: str,
        body: str,
        *,
        anchor: str = "main",
        sought: bool = False,
        heading: bool = False,
    ) -> str:
        """A whole page; `anchor` is where its text begins, `sought` whether words are marked."""
        words, ui = self._words, self.ui
        other = other_language(ui)
        query = {key: self._query[key] for key in ("words", "to", "at") if key in self._query}
        switch = f"{quote(self._path)}?{urlencode(query | {'ui': other}, errors='replace')}"
        jump = f'<a href="#target">{words["words"]}</a>' if sought else ""
        head = f"<h1>{show(title)}</h1>" if heading else ""
        return (
            f'<!doctype html><html lang="{ui}"><head><meta charset="utf-8">'
            f"<title>{html.escape(title)} · {PAGE[ui]['title']}</title>"
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="robots" content="noindex">'
            f"<style>{self._style}</style></head><body>"
            f'<a class="skip" href="#{anchor}">{words["skip"]}</a>'
            f'<nav class="bar" aria-label="{words["bar"]}"><a href="/">← {words["chat"]}</a>'
            f'<a href="{html.escape("/read" + self._chosen())}">{words["all"]}</a>{jump}'
            f'<a class="right" lang="{other}" hreflang="{other}" '
            f'href="{html.escape(switch)}{"#target" if sought else ""}">{words["other"]}</a></nav>'
            f'<main id="main" tabindex="-1">{head}{body}</main></body></html>'
        )


def _page_css() -> str:
    return (Path(__file__).parent / "reader_page.css").read_text(encoding="utf-8")


def _short(text: str) -> str:
    """The beginning of what somebody put into an address, on one line."""
    line = " ".join(text[: 4 * _SHOWN].split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
