"""The page around the chat: languages, themes, documents, settings, conversations, the keyboard."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from .browser import (
    CHINESE,
    ENGLISH,
    UNANSWERABLE,
    Visit,
    Visitors,
    needs_browser,
)
from .conftest import ROOT

pytestmark = needs_browser


def test_the_page_speaks_the_browser_s_language_and_can_be_switched(visitors: Visitors) -> None:
    visit = visitors.open(locale="zh-CN")
    page = visit.page
    assert page.locator("#intro h1").inner_text() == "报告助手"
    assert page.get_by_role("tab").all_inner_texts() == ["问答", "资料", "设置"]
    visit.ask(CHINESE)
    page.get_by_role("button", name="English").click()
    page.get_by_role("tab", name="Documents").wait_for()
    assert page.locator("#intro h1").inner_text() == "Report Assistant"
    assert page.locator("#box textarea").get_attribute("placeholder") == "Your question"
    assert "636" in visit.said
    visit.reload()
    page.get_by_role("tab", name="Documents").wait_for()
    assert page.evaluate("document.documentElement.lang") == "en"


def test_dark_and_light_follow_the_system_until_one_is_chosen(visitors: Visitors) -> None:
    visit = visitors.open(dark=True)
    page, is_dark = visit.page, "document.body.classList.contains('dark')"
    assert page.evaluate(is_dark)
    page.locator("#theme").click()
    assert not page.evaluate(is_dark)
    visit.reload()
    page.locator("#suggestions button").first.wait_for()
    assert not page.evaluate(is_dark)


def test_a_conversation_is_there_after_a_reload_and_goes_on(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    said = visit.said
    visit.reload()
    visit.wait(1)
    assert visit.said == said
    visit.page.locator("#chat a.marker").first.click()
    assert visit.page.locator(".source.chosen mark").first.is_visible()
    visit.ask("And when?")
    assert "Understood as" in visit.reply


def keep(visit: Visit) -> Any:
    """The list of conversations, in view."""
    visit.page.locator("#kept").get_by_role("button").first.evaluate("e => e.click()")
    place = visit.page.locator(".conversations")
    place.wait_for()
    return place


def test_conversations_are_named_found_renamed_opened_and_deleted(visitors: Visitors) -> None:
    visit = visitors.open()
    page = visit.page
    visit.ask(ENGLISH)
    page.locator("#new").evaluate("button => button.click()")
    page.wait_for_function("!document.querySelector('#chat .reply')")
    visit.ask(CHINESE)
    place = keep(visit)
    assert place.locator("button.name").all_inner_texts() == [CHINESE, ENGLISH]
    search = place.locator("#conversation-search")
    search.fill("provenience")
    assert place.locator("button.name").all_inner_texts() == [ENGLISH]
    search.fill("")
    place.locator("button.rename").last.click()
    place.locator("li input").fill("Who signed")
    place.locator("li input").press("Enter")
    place.get_by_role("button", name="Who signed", exact=True).click()
    page.locator("#chat .asked .words", has_text=ENGLISH).wait_for()
    for _ in range(2):
        place.locator("li.open button.delete").click()
    page.locator("#sources .hint").wait_for()
    assert place.locator("button.name").all_inner_texts() == [CHINESE]


@pytest.mark.parametrize(
    ("button", "ending", "holds"),
    [("Markdown", ".md", "# Who did Vanke"), ("JSON", ".json", "Provenience")],
)
def test_a_conversation_is_exported_with_its_references(
    visitors: Visitors, button: str, ending: str, holds: str
) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    keep(visit)
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name=button).click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert download.value.suggested_filename.endswith(ending)
    assert holds in text
    assert "BOP Consulting" in text
    if ending == ".json":
        assert json.loads(text)


def test_a_document_is_read_whole_with_all_that_is_cited_marked(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.ask("Which fields does Vanke's California incubator focus on?")
    page = visit.page
    page.locator("#chat a.marker").last.click()
    page.locator(".source.chosen").get_by_role("button", name="Read in full").click()
    reader = page.locator("#reader")
    reader.locator("mark").first.wait_for()
    shown = reader.inner_text()
    assert "Chinese incubators are actively looking" in shown
    assert reader.locator("mark").count() >= 2
    assert page.locator("#sources").is_hidden()
    page.wait_for_function(
        """() => { const { top, bottom } = document.querySelector("#read-target")
        .getBoundingClientRect(); return top > 0 && bottom < innerHeight; }"""
    )
    reader.get_by_role("button", name="Back to the sources").click()
    assert page.locator("#sources").is_visible()


def test_a_permalink_opens_the_document_at_the_quoted_words(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.page.locator("#chat a.marker").last.click()
    card = visit.page.locator(".source.chosen")
    quote = card.locator("mark").first.inner_text()
    link = card.get_by_role("link", name="Link to these words").get_attribute("href")
    assert link
    read = visitors.come(visitors.contexts[0], link)
    target = read.page.locator("#target")
    assert target.first.inner_text().strip() in quote
    box = target.first.bounding_box()
    assert box
    assert 0 <= box["y"] < 900


def test_settings_shape_answers_and_are_kept(visitors: Visitors) -> None:
    visit = visitors.open()
    page = visit.page
    page.get_by_role("tab", name="Settings").click()
    page.locator("#policy").get_by_label("Chinese", exact=True).check()
    sources = page.locator("#search-in input")
    for box in sources.all()[1:]:
        box.uncheck()
    page.get_by_role("tab", name="Chat").click()
    visit.ask(ENGLISH)
    assert "Provenience" in visit.said
    assert "签署" in visit.said
    visit.ask("How many valid questionnaires did the Yangtze delta survey get?")
    assert "636" not in visit.said
    visit.reload()
    visit.wait(2)
    page.get_by_role("tab", name="Settings").click()
    assert page.locator("#policy").get_by_label("Chinese", exact=True).is_checked()
    assert [box.is_checked() for box in sources.all()] == [True, *[False] * 4]


def test_everything_can_be_done_with_the_keyboard(visitors: Visitors) -> None:
    visit = visitors.open()
    page = visit.page
    page.locator("#box textarea").focus()
    page.keyboard.type(ENGLISH)
    page.keyboard.press("Enter")
    visit.wait(1)
    page.locator("#chat a.marker").last.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('.source.chosen summary')")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.innerText || ''").strip())
    assert {"Ask", "Copy", "Read in full", "中文", "Documents", "Settings"} <= reached


STATES = ["empty", "answered", "refused", "documents", "settings", "reader"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("locale", "dark"), [("en-GB", False), ("zh-CN", True)])
def test_axe_finds_nothing_serious(visitors: Visitors, state: str, locale: str, dark: bool) -> None:
    from axe_playwright_python.sync_playwright import Axe

    visit = visitors.open(locale=locale, dark=dark)
    page = visit.page
    if state in ("answered", "reader"):
        visit.ask(CHINESE if locale == "zh-CN" else ENGLISH)
        page.locator("#chat a.marker").last.click()
    if state == "refused":
        visit.ask(UNANSWERABLE)
    if state == "reader":
        page.locator(".source.chosen [data-act=read]").click()
        page.locator("#reader mark").first.wait_for()
        page.wait_for_timeout(300)
    if state in ("documents", "settings"):
        page.get_by_role("tab").nth(1 if state == "documents" else 2).click()
        page.wait_for_timeout(500)
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        page.screenshot(path=ROOT / "docs" / f"{state}-{locale[:2]}.png")
    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    told = [f"{v['id']}: {n['html'][:150]}" for v in serious for n in v["nodes"]]
    assert not told, told


def test_no_file_but_the_page_s_own_is_served(page_address: str) -> None:
    import httpx

    secrets = ("/etc/passwd", str(ROOT / "pyproject.toml"), str(ROOT / "corpus" / "sources.toml"))
    for secret in secrets:
        for route in ("/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/../../"):
            reply = httpx.get(f"{page_address}{route}{secret}")
            assert reply.status_code in (400, 401, 403, 404), (route, secret)


def test_what_the_page_sends_holds_no_path_of_this_machine(page_address: str) -> None:
    import httpx

    config = httpx.get(f"{page_address}/config").text
    assert "Ask" in config
    assert str(ROOT) not in config


def test_a_phone_has_room_for_an_answer_and_for_every_tab(visitors: Visitors) -> None:
    visit = visitors.open(width=390, height=844)
    visit.ask(ENGLISH)
    visit.page.locator("#chat a.marker").last.click()
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        visit.page.screenshot(path=ROOT / "docs" / "phone-en.png")
    for button in ("Ask", "Stop"):
        found = visit.page.get_by_role("button", name=button, exact=True)
        box = found.bounding_box()
        assert box
        assert box["x"] + box["width"] <= 390
        assert found.evaluate("e => e.scrollWidth <= e.clientWidth")
    for tab in visit.page.get_by_role("tab").all():
        tab.click()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
