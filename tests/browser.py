"""A real browser at a real server, started as a user would."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium")
CHROMIUM_OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
ENGLISH = "Who did Vanke sign an agreement with?"
CHINESE = "长三角调研收回多少份有效问卷？"
UNANSWERABLE = "Who won the 2014 World Cup?"

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@contextmanager
def served_page(
    settings: Settings, log: Path, *, port: int = 0, given: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Where `python ui.py` serves; afterwards, its log may hold no traceback."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "GRADIO_"))}
    environ |= {"ASSISTANT_HOME": str(settings.home), "ASSISTANT_CORPUS": str(settings.corpus)}
    environ |= given or {}
    command = [sys.executable, "ui.py", "--port", str(port)]
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, cwd=ROOT, env=environ, stderr=stderr) as server,
    ):
        try:
            yield _ready(server, log)
        finally:
            server.terminate()
    _, traceback, told = log.read_text(encoding="utf-8").partition("Traceback")
    assert not traceback, told[-3_000:]


def _ready(server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        text = log.read_text(encoding="utf-8")
        if match := re.search(r"ready at (http://\S+)", text):
            return match[1]
        assert server.poll() is None, text
        select.select([], [], [], 0.1)
    raise AssertionError(f"No server after two minutes: {text}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A visitor's page, with all that went wrong on it."""

    page: Page
    troubles: list[str] = field(default_factory=list)

    def ask(self, question: str) -> None:
        """Ask, and wait for the finished answer."""
        count = self.page.locator("#chat .reply").count() + 1
        box = self.page.locator("#box textarea")
        box.fill(question)
        box.press("Enter")
        self.wait(count)

    def wait(self, count: int) -> None:
        """Wait for so many finished answers, kept in the browser."""
        finished = ".reply:is(.answered, .partial, .refused, .error)"
        self.page.wait_for_function(
            f"document.querySelectorAll('#chat {finished}').length == {count}"
        )
        self.page.wait_for_function(
            f"""JSON.parse(localStorage.getItem("report-assistant:c:" +
            localStorage.getItem("report-assistant:open")) || '{{"exchanges": []}}')
            .exchanges.length == {count}"""
        )

    def reload(self) -> None:
        """Load the page anew; Gradio logs that its open stream was cut, which is none of ours."""
        before = len(self.troubles)
        self.page.reload()
        self.page.locator("#sources :is(.hint, section)").first.wait_for(state="attached")
        cut = ("AbortError", "Connection errored out")
        self.troubles[before:] = [t for t in self.troubles[before:] if not any(c in t for c in cut)]

    @property
    def said(self) -> str:
        """What the last answer says."""
        return self.page.locator("#chat .reply").last.locator(".said").inner_text()

    @property
    def reply(self) -> str:
        """All of the last answer."""
        return self.page.locator("#chat .reply").last.inner_text()


class Visitors:
    """Opens pages in separate browser contexts, as different people would."""

    def __init__(self, browser: Browser, address: str) -> None:
        """Nobody has come yet."""
        self.browser, self.address = browser, address
        self.contexts: list[BrowserContext] = []
        self.visits: list[Visit] = []

    def open(
        self,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        locale: str = "en-GB",
        suggestions: bool = True,
    ) -> Visit:
        """A page that is ready for a question; `suggestions`: whether there are any."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale=locale,
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.contexts.append(context)
        visit = self.come(context)
        visit.page.locator("#sources .hint").wait_for()
        if suggestions:
            visit.page.locator("#suggestions button").first.wait_for()
        return visit

    def come(self, context: BrowserContext, path: str = "") -> Visit:
        """Another page of somebody who is here already."""
        page, troubles = context.new_page(), list[str]()
        page.set_default_timeout(30_000)
        allowed = (self.address, "data:", "blob:")
        page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(dialog.message))
        page.on(
            "request",
            lambda r: None if r.url.startswith(allowed) else troubles.append(r.url),
        )
        page.goto(self.address + path)
        self.visits.append(Visit(page, troubles))
        return self.visits[-1]

    def leave(self) -> None:
        """Everybody goes; raises AssertionError when a page had an error or asked elsewhere."""
        troubles = [trouble for visit in self.visits for trouble in visit.troubles]
        for context in self.contexts:
            context.close()
        assert not troubles, troubles
