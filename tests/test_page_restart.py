"""A server that is restarted, protected or slow, under a page that stays open."""

from __future__ import annotations

import base64
import json
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import Settings

from .browser import ENGLISH, Visitors, needs_browser, served_page
from .chat_server import ChatServer, says, waits

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_browser


PASSWORD = "春天 spring"
TRUE = "Vanke signed an agreement with Provenience in December 2015 [1]. "


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def test_a_password_is_asked_for_once_and_a_conversation_outlives_a_restart(
    browser: Browser, built_settings: Settings, tmp_path: Path
) -> None:
    settings, port = replace(built_settings, home=tmp_path / "home"), free_port()
    shutil.copytree(built_settings.home, settings.home)
    given = {"ASSISTANT_PASSWORD": PASSWORD}
    context = browser.new_context(locale="zh-CN", viewport={"width": 320, "height": 640})
    with served_page(settings, tmp_path / "one.txt", port=port, given=given) as address:
        visit = Visitors(browser, address).come(context, "/read/bop-report")
        page = visit.page
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.evaluate("document.activeElement.autocomplete") == "current-password"
        page.get_by_label("密码").fill("错")
        page.get_by_role("button", name="登录").click()
        assert page.get_by_role("alert").inner_text() == "密码不正确，请重试。"
        visit.troubles.clear()  # The browser logs the status 401.
        page.get_by_label("密码").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/read/bop-report")
        assert "Innospace" in page.locator("main").inner_text()
        config = page.request.get(f"{address}/config").text()
        assert "Ask" in config
        assert not [word for word in ("春天", r"\u6625\u5929") if word in config]
        page.goto(address)
        page.locator("#suggestions button").first.wait_for()
        visit.ask(ENGLISH)
        pair = base64.b64encode(f"any:{PASSWORD}".encode()).decode()
        assert "Provenience" in asked_by_a_program(address, {"Authorization": f"Basic {pair}"})
        assert asked_by_a_program(address, {}).startswith("AuthenticationError")
    with served_page(settings, tmp_path / "two.txt", port=port, given=given):
        visit.ask("And when?")
        assert "理解为" in visit.reply or "Understood as" in visit.reply
        assert page.locator("#chat .reply").count() == 2
        page.get_by_role("tab").nth(2).click()
        page.locator("a[href='/logout']").click()
        page.get_by_label("密码").wait_for()
        context.close()


def asked_by_a_program(address: str, headers: dict[str, str]) -> str:
    """What a program with Gradio's client prints; in a process that ends with all its threads."""
    program = (
        "import sys, json\nfrom gradio_client import Client\n"
        "try:\n"
        "    client = Client(sys.argv[1], headers=json.loads(sys.argv[2]), verbose=False)\n"
        "    print(client.predict(question=sys.argv[3], api_name='/ask')['answer'])\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    command = [sys.executable, "-c", program, address, json.dumps(headers), ENGLISH]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_written_answer_is_graded_stopped_at_will_and_no_key_reaches_the_page(
    browser: Browser, built_settings: Settings, tmp_path: Path
) -> None:
    steps = says(TRUE, "It paid 900 million euros in 1987 [1]."), waits("Vanke signed with")
    with ChatServer(*steps) as chat:
        given = {
            "ASSISTANT_CHAT_MODEL": "openai:any",
            "ASSISTANT_CHAT_BASE_URL": chat.address,
            "ASSISTANT_CHAT_PLAN": "no",
            "OPENAI_API_KEY": "sk-secret-of-the-test",
        }
        with served_page(built_settings, tmp_path / "log.txt", given=given) as address:
            visitors = Visitors(browser, address)
            visit = visitors.open()
            page = visit.page
            visit.ask(ENGLISH)
            grades = page.locator("#chat .grade").all_inner_texts()
            assert [g.split(" ", 1)[1] for g in grades] == ["supported", "not supported"]
            assert "Written by openai:any" in visit.reply
            # The second reply falls silent.
            box = page.locator("#box textarea")
            box.fill("Which company did Vanke sign an agreement with?")
            box.press("Enter")
            page.locator("#chat .reply", has_text="Vanke signed with").wait_for()
            page.locator("#stop").click()
            visit.wait(2)
            assert chat.sees_hang_up(within_s=5)
            assert "Stopped before it was finished." in visit.reply
            assert page.get_by_role("button", name="Ask again").last.is_visible()
            page.get_by_role("tab", name="Settings").click()
            assert page.get_by_role("radio", name=re.compile("openai:any")).is_checked()
            assert "sk-secret" not in page.content()
            assert "sk-secret" not in page.evaluate("JSON.stringify(localStorage)")
            visitors.leave()
