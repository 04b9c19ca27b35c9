"""Security headers on every response; every test of the page shows that they hinder nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from web.headers import HEADERS, POLICY, SecurityHeaders

from .asgi_server import serving_app
from .browser import needs_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STRICT = "default-src 'none'"
OWN_ORIGIN_PAGE = (
    "<!doctype html><img src='http://evil.example/a.png'>"
    "<script src='http://evil.example/a.js'></script>"
    "<script>fetch('http://evil.example/').catch(() => 0)</script>"
)


async def _page(request: Request) -> Response:
    return HTMLResponse(OWN_ORIGIN_PAGE)


async def _strict(request: Request) -> Response:
    return HTMLResponse("read", headers={"Content-Security-Policy": STRICT})


async def _stream(request: Request) -> Response:
    async def events() -> AsyncIterator[str]:
        yield "data: 1\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


async def _fails(request: Request) -> Response:
    raise RuntimeError("no")


@pytest.fixture(scope="module")
def plain() -> Iterator[str]:
    """A server of a few responses."""
    routes = [
        Route(f"/{name}", endpoint)
        for name, endpoint in (
            ("", _page),
            ("strict", _strict),
            ("stream", _stream),
            ("fails", _fails),
        )
    ]
    with serving_app(SecurityHeaders(Starlette(routes=routes))) as address:
        yield address


@pytest.mark.parametrize("path", ["/", "/stream", "/fails", "/absent"])
def test_every_response_has_the_headers(plain: str, path: str) -> None:
    found = httpx.get(plain + path, trust_env=False).headers
    assert {name: found[name] for name in HEADERS} == HEADERS


def test_a_response_keeps_its_own_stricter_policy(plain: str) -> None:
    found = httpx.get(f"{plain}/strict", trust_env=False).headers
    assert found.get_list("Content-Security-Policy") == [STRICT]
    assert found["X-Content-Type-Options"] == "nosniff"


def test_the_policy_names_no_other_host() -> None:
    sources = {word for directive in POLICY.split("; ") for word in directive.split()[1:]}
    kinds = {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert sources <= kinds


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


def troubles_of(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda m: found.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@needs_browser
def test_what_would_go_to_another_site_is_blocked(plain: str, page: Page) -> None:
    asked, troubles = list[str](), troubles_of(page)
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(plain, wait_until="networkidle")
    blocked = [text for text in troubles if "evil.example" in text and "Security Policy" in text]
    assert len({text.split("'")[0] for text in blocked}) >= 3
    assert [url for url in asked if "evil.example" in url] == []


@needs_browser
def test_only_the_servers_own_pages_show_it_in_a_frame(plain: str, page: Page) -> None:
    frame = f"<!doctype html><iframe src='{plain}/'></iframe>"
    page.route("**/frame", lambda route: route.fulfill(body=frame, content_type="text/html"))
    shown = []
    # Another port is another origin.
    for outer in (plain, "http://127.0.0.1:9999"):
        page.goto(f"{outer}/frame", wait_until="networkidle")
        shown.append(page.frames[1].url)
    assert shown == [f"{plain}/", "chrome-error://chromewebdata/"]
