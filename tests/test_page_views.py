"""Around the chat: languages, themes, conversations, settings, keyboard, whole documents."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assistant import Assistant
from assistant.web.permalinks import permalink

from .browser import CHINESE, ENGLISH, UNANSWERABLE, Visit, Visitors, needs_browser
from .conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_browser


def picture(page: Page, name: str) -> None:
    """One of the pictures in docs/ anew, where that was asked for."""
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        page.screenshot(path=ROOT / "docs" / f"{name}.png")


def test_the_page_speaks_the_browser_s_language_and_both_can_be_switched(
    visitors: Visitors,
) -> None:
    visit = visitors.open(locale="zh-CN", dark=True)
    page, is_dark = visit.page, "document.body.classList.contains('dark')"
    assert page.locator("#intro h1").inner_text() == "报告助手"
    assert page.get_by_role("tab").all_inner_texts() == ["问答", "资料", "设置"]
    assert page.evaluate(is_dark)
    visit.ask(CHINESE)
    page.locator("#theme").click()
    page.get_by_role("button", name="English").click()
    page.get_by_role("tab", name="Documents").wait_for()
    assert page.locator("#intro h1").inner_text() == "Report Assistant"
    assert page.locator("#box textarea").get_attribute("placeholder") == "Your question"
    assert "636" in visit.said
    visit.reload()
    page.get_by_role("tab", name="Documents").wait_for()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert not page.evaluate(is_dark)


def keep(visit: Visit) -> Any:
    """The list of conversations, in view."""
    visit.page.locator("#kept").get_by_role("button").first.evaluate("e => e.click()")
    place = visit.page.locator(".conversations")
    place.wait_for()
    return place


def test_conversations_are_kept_named_found_renamed_opened_and_deleted(visitors: Visitors) -> None:
    visit = visitors.open()
    page = visit.page
    visit.ask(ENGLISH)
    said = visit.said
    visit.reload()
    visit.wait(1)
    assert visit.said == said
    page.locator("#chat a.marker").first.click()
    assert page.locator(".source.chosen mark").first.is_visible()
    visit.ask("And when?")
    assert "Understood as" in visit.reply
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


def test_a_conversation_is_exported_with_its_references(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    keep(visit)
    for button, ending, holds in (
        ("Markdown", ".md", "# Who did Vanke"),
        ("JSON", ".json", "Provenience"),
    ):
        with visit.page.expect_download() as download:
            visit.page.get_by_role("button", name=button).click()
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert download.value.suggested_filename.endswith(ending)
        assert holds in text
        assert "BOP Consulting" in text
    assert json.loads(text)


def test_a_document_is_read_whole_and_its_words_have_an_address(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.ask("Which fields does Vanke's California incubator focus on?")
    page = visit.page
    page.locator("#chat a.marker").last.click()
    card = page.locator(".source.chosen")
    quote = card.locator("mark").first.inner_text()
    link = card.get_by_role("link", name="Link to these words").get_attribute("href")
    card.get_by_role("button", name="Read in full").click()
    reader = page.locator("#reader")
    reader.locator("mark").first.wait_for()
    assert "Chinese incubators are actively looking" in reader.inner_text()
    assert reader.locator("mark").count() >= 2
    assert page.locator("#sources").is_hidden()
    page.wait_for_function(
        """() => { const { top, bottom } = document.querySelector("#read-target")
        .getBoundingClientRect(); return top > 0 && bottom < innerHeight; }"""
    )
    reader.get_by_role("button", name="Back to the sources").click()
    assert page.locator("#sources").is_visible()
    assert link
    target = visitors.come(visitors.contexts[0], link).page.locator("#target").first
    assert target.inner_text().strip() in quote
    assert 0 <= (target.bounding_box() or {"y": -1})["y"] < 900


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
    # What the browser keeps is put back once the page is drawn.
    page.locator("#policy label:has(input:checked)").get_by_text("Chinese", exact=True).wait_for()
    assert page.locator("#policy").get_by_label("Chinese", exact=True).is_checked()
    assert [box.is_checked() for box in sources.all()] == [True, *[False] * (sources.count() - 1)]


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
    read = visitors.come(visitors.contexts[0], "/read/bop-report").page
    read.keyboard.press("Tab")
    assert read.evaluate("document.activeElement.innerText") == "Skip to the text"
    read.keyboard.press("Enter")
    assert read.evaluate("document.activeElement.id") == "text"


def axe(page: Page) -> None:
    """No rule of accessibility is broken seriously."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    told = [f"{v['id']}: {n['html'][:150]}" for v in serious for n in v["nodes"]]
    assert not told, told


@pytest.mark.parametrize(("locale", "dark"), [("en-GB", False), ("zh-CN", True)])
def test_axe_finds_nothing_serious(visitors: Visitors, locale: str, dark: bool) -> None:
    visit, language = visitors.open(locale=locale, dark=dark), locale[:2]
    page = visit.page

    def looks_well(state: str) -> None:
        page.wait_for_timeout(300)
        picture(page, f"{state}-{language}")
        axe(page)

    looks_well("empty")
    for number, state in enumerate(("documents", "settings"), 1):
        page.get_by_role("tab").nth(number).click()
        looks_well(state)
    page.get_by_role("tab").first.click()
    visit.ask(UNANSWERABLE)
    looks_well("refused")
    page.locator("#new").evaluate("button => button.click()")
    page.wait_for_function("!document.querySelector('#chat .reply')")
    visit.ask(CHINESE if language == "zh" else ENGLISH)
    page.locator("#chat a.marker").last.click()
    looks_well("answered")
    page.locator(".source.chosen [data-act=read]").click()
    page.locator("#reader mark").first.wait_for()
    looks_well("reader")
    for path in ("/read", "/read/work-report-2015?words=2015&at=0#target"):
        axe(visitors.come(visitors.contexts[0], path).page)


def test_a_phone_has_room_for_an_answer_every_tab_and_whole_documents(
    visitors: Visitors, assistant: Assistant
) -> None:
    visit = visitors.open(width=390, height=844)
    visit.ask(ENGLISH)
    visit.page.locator("#chat a.marker").last.click()
    picture(visit.page, "phone-en")
    for button in ("Ask", "Stop"):
        found = visit.page.get_by_role("button", name=button, exact=True)
        box = found.bounding_box()
        assert box
        assert box["x"] + box["width"] <= 390
        assert found.evaluate("e => e.scrollWidth <= e.clientWidth")
    for tab in visit.page.get_by_role("tab").all():
        tab.click()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    source = assistant.index.sources["bop-report"]
    start = source.text.index("Major Chinese property developer Vanke")
    end = source.text.index("supporting talent exchange")
    for path in ("/read", permalink(source, start, end), "/read/work-report-2015?ui=zh"):
        read = visitors.come(visitors.contexts[0], path).page
        assert read.evaluate("document.documentElement.scrollWidth") <= 390
        if path == permalink(source, start, end):
            marked = read.locator("mark.target").all_text_contents()
            assert "".join(marked) == source.text[start:end]
            assert read.evaluate("scrollY") > 0
