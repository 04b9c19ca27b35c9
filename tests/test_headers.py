"""Security headers: on every response, and in the way of nothing that Gradio's page does."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
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
from .conftest import ROOT
from .gated_page import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
STRICT = "default-src 'none'"
OWN_ORIGIN_PAGE = (
    "<!doctype html><img src='http://evil.example/a.png'>"
    "<script src='http://evil.example/a.js'></script>"
    "<script>fetch('http://evil.example/').catch(() => 0)</script>"
)

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


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


@pytest.mark.parametrize(
    ("headers", "isolated"),
    [
        ({}, True),
        ({"Host": "report.example"}, False),
        ({"Host": "report.example", "X-Forwarded-Proto": "https"}, True),
    ],
)
def test_the_opener_policy_goes_only_where_browsers_take_it(
    plain: str, headers: dict[str, str], isolated: bool
) -> None:
    found = httpx.get(plain, headers=headers, trust_env=False).headers
    assert ("Cross-Origin-Opener-Policy" in found) is isolated


def test_the_policy_names_no_other_host() -> None:
    sources = {word for directive in POLICY.split("; ") for word in directive.split()[1:]}
    kinds = {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert sources <= kinds


# ---- Gradio's page behind headers and gate ----


@pytest.fixture(scope="module")
def chat() -> Iterator[str]:
    """Gradio's page behind headers and gate."""
    command = [sys.executable, "-m", "tests.gated_page"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


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
def test_nothing_that_the_page_does_is_blocked(chat: str, page: Page) -> None:
    troubles = troubles_of(page)
    page.goto(chat)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("question").fill("why")
    page.keyboard.press("Enter")
    page.get_by_text("whole: why").first.wait_for()
    assert page.evaluate("document.documentElement.dataset.head + document.body.dataset.ran") == (
        "ranyes"
    )
    page.get_by_role("tab", name="two").click()
    page.locator("input[type=file]").set_input_files(__file__)
    page.wait_for_function(
        "[...document.querySelectorAll('textarea,input')].some(e => e.value == 'test_headers.py')"
    )
    with page.expect_download() as download:
        page.get_by_text("download", exact=True).click()
    assert download.value.suggested_filename == "gated_page.py"
    assert [text for text in troubles if "Content Security Policy" in text] == []
    assert troubles == []


@needs_browser
def test_what_would_go_to_another_site_is_blocked(plain: str, page: Page) -> None:
    asked, troubles = list[str](), troubles_of(page)
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(plain, wait_until="networkidle")
    blocked = [text for text in troubles if "evil.example" in text and "Security Policy" in text]
    assert len({text.split("'")[0] for text in blocked}) >= 3
    assert [url for url in asked if "evil.example" in url] == []


@needs_browser
def test_only_the_servers_own_pages_show_it_in_a_frame(plain: str, chat: str, page: Page) -> None:
    frame = f"<!doctype html><iframe src='{plain}/'></iframe>"
    page.route("**/frame", lambda route: route.fulfill(body=frame, content_type="text/html"))
    shown = []
    # Another port is another origin.
    for outer in (plain, chat):
        page.goto(f"{outer}/frame", wait_until="networkidle")
        shown.append(page.frames[1].url)
    assert shown == [f"{plain}/", "chrome-error://chromewebdata/"]


def asked_with_gradios_client(address: str, headers: dict[str, str]) -> str:
    """What a program of somebody's own prints; in a process that ends with all its threads."""
    program = (
        "import sys, json\nfrom gradio_client import Client\n"
        "try:\n"
        "    client = Client(sys.argv[1], headers=json.loads(sys.argv[2]), verbose=False)\n"
        "    print(client.predict('why', api_name='/ask')[1])\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    command = [sys.executable, "-c", program, address, json.dumps(headers)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_gradios_client_comes_in_with_the_password(chat: str) -> None:
    pair = base64.b64encode(f"any:{PASSWORD}".encode()).decode()
    told = asked_with_gradios_client(chat, {"Authorization": f"Basic {pair}"})
    assert told == "<p id='said'>whole: why</p>\n"


def test_gradios_client_is_told_that_a_password_is_missing(chat: str) -> None:
    told = asked_with_gradios_client(chat, {})
    assert told.startswith("AuthenticationError")
    assert "credentials were not provided" in told
