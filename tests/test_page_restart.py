"""A server that is restarted, protected or slow, under a page that stays open."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant import Settings

from .browser import ENGLISH, Visitors, needs_browser, served_page
from .chat_server import ChatServer, says, waits

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_browser


def test_a_conversation_goes_on_after_the_server_was_restarted(
    browser: Browser, built_settings: Settings, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with served_page(built_settings, tmp_path / "one.txt", port=port) as address:
        visitors = Visitors(browser, address)
        visit = visitors.open()
        visit.ask(ENGLISH)
    with served_page(built_settings, tmp_path / "two.txt", port=port):
        visit.ask("And when?")
        assert "Understood as" in visit.reply
        assert visit.page.locator("#chat .reply").count() == 2
        visit.page.locator("#chat .verdict-helpful").last.click()
        visit.page.get_by_text("Thank you.").wait_for()
        visit.page.context.close()


def test_a_password_is_asked_for_once_and_a_restart_asks_for_none(
    browser: Browser, built_settings: Settings, tmp_path: Path
) -> None:
    given = {"ASSISTANT_PASSWORD": "春天 spring"}
    with served_page(built_settings, tmp_path / "log.txt", given=given) as address:
        page = browser.new_context(locale="en-GB").new_page()
        page.goto(address)
        page.get_by_label("Password").fill("春天 spring")
        page.keyboard.press("Enter")
        page.locator("#suggestions button").first.wait_for()
        page.goto(f"{address}/read/bop-report")
        assert "Innospace" in page.locator("main").inner_text()
        config = page.request.get(f"{address}/config").text()
        assert "Ask" in config
        assert "春天" not in config
        assert r"\u6625\u5929" not in config
        page.goto(address)
        page.get_by_role("tab", name="Settings").click()
        page.get_by_role("link", name="Log out").click()
        page.get_by_label("Password").wait_for()
        page.context.close()


@pytest.fixture
def visitors(
    browser: Browser, built_settings: Settings, tmp_path: Path, chat: ChatServer
) -> Iterator[Visitors]:
    """Visits to a page whose answers a chat service on this machine writes."""
    given = {
        "ASSISTANT_CHAT_MODEL": "openai:any",
        "ASSISTANT_CHAT_BASE_URL": chat.address,
        "OPENAI_API_KEY": "sk-secret-of-the-test",
    }
    with served_page(built_settings, tmp_path / "log.txt", given=given) as address:
        visitors = Visitors(browser, address)
        yield visitors
        visitors.leave()


class TestSlow:
    """A model that says a few words and falls silent."""

    @pytest.fixture
    def chat(self) -> Iterator[ChatServer]:
        with ChatServer(waits("Vanke signed an agreement with")) as server:
            yield server

    def test_stop_ends_the_request_and_keeps_the_question(
        self, visitors: Visitors, chat: ChatServer
    ) -> None:
        visit = visitors.open()
        box = visit.page.locator("#box textarea")
        box.fill(ENGLISH)
        box.press("Enter")
        visit.page.locator("#chat .reply", has_text="Vanke signed").wait_for()
        visit.page.locator("#stop").click()
        visit.wait(1)
        assert chat.sees_hang_up(within_s=5)
        assert "Stopped before it was finished." in visit.reply
        assert visit.page.locator("#chat .asked .words").inner_text() == ENGLISH
        assert visit.page.get_by_role("button", name="Ask again").is_visible()


class TestWriting:
    """A model that writes one true and one false sentence."""

    @pytest.fixture
    def chat(self) -> Iterator[ChatServer]:
        true = "Vanke signed an agreement with Provenience in December 2015 [1]. "
        with ChatServer(says(true, "It paid 900 million euros in 1987 [1].")) as server:
            yield server

    def test_grades_stand_behind_claims_and_no_key_reaches_the_page(
        self, visitors: Visitors
    ) -> None:
        visit = visitors.open()
        visit.ask(ENGLISH)
        grades = visit.page.locator("#chat .grade").all_inner_texts()
        assert [grade.split(" ", 1)[1] for grade in grades] == ["supported", "not supported"]
        assert "Written by openai:any" in visit.reply
        visit.page.get_by_role("tab", name="Settings").click()
        assert visit.page.get_by_role("radio", name=re.compile("openai:any")).is_checked()
        assert "sk-secret" not in visit.page.content()
        kept = visit.page.evaluate("JSON.stringify(localStorage)")
        assert "sk-secret" not in kept
