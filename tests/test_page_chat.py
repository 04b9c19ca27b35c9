"""The chat as people see it: real Chromium at a real server."""

from __future__ import annotations

import json

from assistant import Assistant, Settings

from .browser import CHINESE, ENGLISH, UNANSWERABLE, Visitors, needs_browser

pytestmark = needs_browser
FIELDS = "Which fields does Vanke's California incubator focus on?"


def test_a_marker_opens_its_source_at_the_quoted_words(
    visitors: Visitors, assistant: Assistant
) -> None:
    visit, chinese, answer = visitors.open(), assistant.ask(CHINESE), assistant.ask(FIELDS)
    page, panel, source = visit.page, visit.page.locator("#sources"), visit.page.locator
    visit.ask(CHINESE)
    assert visit.said == chinese.text
    page.locator("#chat a.marker").first.click()
    assert panel.locator("h2").inner_text() == "来源"
    assert panel.locator("mark").first.inner_text() == chinese.citations[0].quotes[0].text
    visit.ask(FIELDS)
    older, newer = source("#source-0-1"), source("#source-1-1")
    assert visit.said == answer.text
    assert "Quoted from the sources" in visit.reply
    assert newer.locator("blockquote").is_hidden()
    page.locator("#chat a.marker", has_text="[1]").last.click()
    assert newer.locator("blockquote").is_visible()
    assert "chosen" in str(newer.get_attribute("class"))
    citation = answer.citations[0]
    assert newer.locator("mark").all_inner_texts() == [quote.text for quote in citation.quotes]
    assert newer.locator("mark").first.evaluate(
        "e => { const b = e.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight }"
    )
    assert newer.locator("blockquote").inner_text() == citation.passage.text
    assert citation.source.title_en in newer.locator("summary").inner_text()
    original = newer.get_by_role("link", name="Open the original")
    assert original.get_attribute("href") == citation.source.url
    assert all(words in newer.inner_text() for words in citation.translations)
    assert (older.is_visible(), newer.is_visible()) == (False, True)
    page.locator("#chat a.marker").first.click()
    assert (older.is_visible(), newer.is_visible()) == (True, False)


def test_a_marker_shows_its_quote_and_an_answer_is_copied_with_it(
    visitors: Visitors, assistant: Assistant
) -> None:
    visit, answer = visitors.open(), assistant.ask(ENGLISH)
    visit.ask(ENGLISH)
    page = visit.page
    marker, tip = page.locator("#chat a.marker").last, page.locator("#quote-tip")
    quote = answer.citations[0].quotes[0].text
    marker.hover()
    assert quote in tip.inner_text()
    page.mouse.move(0, 0)
    assert tip.count() == 0
    marker.focus()
    assert tip.is_visible()
    page.keyboard.press("Escape")
    assert tip.count() == 0
    page.keyboard.press("Enter")
    assert page.locator(".source.chosen mark").first.is_visible()
    page.locator("#chat").get_by_role("button", name="Copy").click()
    page.get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(answer.text)
    assert f"“{quote}”" in copied
    assert "Quoted from" not in copied


def test_a_refusal_grows_before_the_reader_s_eyes_and_looks_different(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.page.evaluate(
        """() => { window.seen = new Set(); new MutationObserver(() => {
          const reply = [...document.querySelectorAll("#chat .reply")].pop();
          if (reply) window.seen.add(reply.textContent);
        }).observe(document.body, {childList: true, subtree: true, characterData: true}); }"""
    )
    visit.ask(UNANSWERABLE)
    assert visit.page.evaluate("window.seen.size") > 1
    reply = visit.page.locator("#chat .reply.refused")
    assert reply.inner_text().startswith("Not answered by the sources")
    assert "Searched: China's international incubators" in reply.inner_text()
    assert reply.evaluate("e => getComputedStyle(e).borderLeftWidth") == "4px"
    assert reply.locator("a.marker").count() == 0
    panel = visit.page.locator("#sources")
    assert panel.locator("h2").inner_text() == "Closest passages, which do not answer"
    panel.locator("summary").first.click()
    assert panel.locator("blockquote").first.is_visible()


def test_a_follow_up_is_understood_in_its_own_conversation_alone(
    visitors: Visitors, assistant: Assistant
) -> None:
    one, other = visitors.open(), visitors.open()
    one.ask(ENGLISH)
    other.ask("And when?")
    assert "Understood as" not in other.reply
    assert "Vanke" not in other.page.locator("#chat").inner_text()
    assert other.page.locator("#chat .reply").count() == 1
    one.ask("And when?")
    expected = assistant.ask("And when?", history=[assistant.ask(ENGLISH)])
    assert one.reply.startswith(f"Understood as: {expected.stand_alone}")
    assert expected.text in one.reply
    one.page.locator("#new").evaluate("button => button.click()")
    one.page.wait_for_function("!document.querySelector('#chat .reply')")
    one.ask("And when?")
    assert "Understood as" not in one.reply


def test_a_suggestion_is_asked_with_a_click_and_is_answered(visitors: Visitors) -> None:
    visit = visitors.open()
    for count in (1, 2):
        chip = visit.page.locator("#suggestions button").first
        question = chip.inner_text()
        chip.click()
        visit.wait(count)
        asked = visit.page.locator("#chat .asked .words").last.inner_text()
        assert asked == question
        assert visit.page.locator("#chat .reply").last.get_attribute("class") == "reply answered"
        visit.page.wait_for_function(
            "q => [...document.querySelectorAll('#suggestions button')].every("
            "b => b.innerText != q) && document.querySelector('#suggestions button')",
            arg=question,
        )


def test_a_question_is_asked_again_edited_and_its_answer_judged(
    visitors: Visitors, page_settings: Settings
) -> None:
    visit = visitors.open()
    page, asked = visit.page, visit.page.locator("#chat .asked .words")
    visit.ask(ENGLISH)
    visit.ask(CHINESE)
    page.get_by_role("button", name="Ask again").first.click()
    visit.wait(1)
    assert asked.all_inner_texts() == [ENGLISH]
    button = page.get_by_role("button", name="Wrong source")
    button.click()
    page.get_by_text("Thank you.").wait_for()
    assert button.get_attribute("aria-pressed") == "true"
    lines = (page_settings.home / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["question"] == ENGLISH
    page.locator("#chat").get_by_role("button", name="Edit").click()
    box = page.locator("#box textarea")
    assert box.input_value() == ENGLISH
    box.fill(CHINESE)
    box.press("Enter")
    page.get_by_text("636").first.wait_for()
    visit.wait(1)
    assert asked.all_inner_texts() == [CHINESE]
