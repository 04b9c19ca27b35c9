"""The chat as people see it: real Chromium at a real server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest

from assistant import Assistant, Settings

from .browser import (
    CHINESE,
    ENGLISH,
    UNANSWERABLE,
    Visitors,
    needs_browser,
)

if TYPE_CHECKING:
    pass

pytestmark = needs_browser
FIELDS = "Which fields does Vanke's California incubator focus on?"
ATTACK = "<img src=x onerror=alert(1)>"


def test_a_marker_opens_its_source_at_the_quoted_words(
    visitors: Visitors, assistant: Assistant
) -> None:
    visit, answer = visitors.open(), assistant.ask(FIELDS)
    page, source = visit.page, visit.page.locator("#source-1-1")
    visit.ask(CHINESE)
    visit.ask(answer.question)
    assert visit.said == answer.text
    assert "Quoted from the sources" in visit.reply
    assert source.locator("blockquote").is_hidden()
    page.locator("#chat a.marker", has_text="[1]").last.click()
    assert source.locator("blockquote").is_visible()
    assert "chosen" in str(source.get_attribute("class"))
    citation = answer.citations[0]
    assert source.locator("mark").all_inner_texts() == [quote.text for quote in citation.quotes]
    assert source.locator("mark").first.evaluate(
        "e => { const b = e.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight }"
    )
    assert source.locator("blockquote").inner_text() == citation.passage.text
    assert citation.source.title_en in source.locator("summary").inner_text()
    original = source.get_by_role("link", name="Open the original")
    assert original.get_attribute("href") == citation.source.url
    for words in citation.translations:
        assert words in source.inner_text()


def test_a_marker_shows_its_quote_when_pointed_at_or_focused(
    visitors: Visitors, assistant: Assistant
) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    marker, tip = visit.page.locator("#chat a.marker").last, visit.page.locator("#quote-tip")
    marker.hover()
    assert assistant.ask(ENGLISH).citations[0].quotes[0].text in tip.inner_text()
    visit.page.mouse.move(0, 0)
    assert tip.count() == 0
    marker.focus()
    assert tip.is_visible()
    visit.page.keyboard.press("Escape")
    assert tip.count() == 0
    visit.page.keyboard.press("Enter")
    assert visit.page.locator(".source.chosen mark").first.is_visible()


def test_an_answer_is_seen_to_grow(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.page.evaluate(
        """() => { window.seen = new Set(); new MutationObserver(() => {
          const reply = [...document.querySelectorAll("#chat .reply")].pop();
          if (reply) window.seen.add(reply.textContent);
        }).observe(document.body, {childList: true, subtree: true, characterData: true}); }"""
    )
    # What is asked of them matters little here, its length does: a refusal lists the documents.
    visit.ask(UNANSWERABLE)
    assert visit.page.evaluate("window.seen.size") > 1


def test_a_chinese_question_gets_a_chinese_answer(visitors: Visitors, assistant: Assistant) -> None:
    visit, answer = visitors.open(), assistant.ask(CHINESE)
    visit.ask(CHINESE)
    assert visit.said == answer.text
    visit.page.locator("#chat a.marker").first.click()
    panel = visit.page.locator("#sources")
    assert panel.locator("h2").inner_text() == "来源"
    assert panel.locator("mark").first.inner_text() == answer.citations[0].quotes[0].text


def test_a_follow_up_is_understood_from_the_conversation(
    visitors: Visitors, assistant: Assistant
) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.ask("And when?")
    expected = assistant.ask("And when?", history=[assistant.ask(ENGLISH)])
    assert visit.reply.startswith(f"Understood as: {expected.stand_alone}")
    assert expected.text in visit.reply


def test_a_question_the_sources_do_not_answer_looks_different(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(UNANSWERABLE)
    reply = visit.page.locator("#chat .reply.refused")
    assert reply.inner_text().startswith("Not answered by the sources")
    assert "Searched: China's international incubators" in reply.inner_text()
    assert reply.evaluate("e => getComputedStyle(e).borderLeftWidth") == "4px"
    assert reply.locator("a.marker").count() == 0
    panel = visit.page.locator("#sources")
    assert panel.locator("h2").inner_text() == "Closest passages, which do not answer"
    panel.locator("summary").first.click()
    assert panel.locator("blockquote").first.is_visible()


def test_two_visitors_never_share_a_conversation(visitors: Visitors) -> None:
    one, other = visitors.open(), visitors.open()
    one.ask(ENGLISH)
    other.ask("And when?")
    assert "Understood as" not in other.reply
    assert "Vanke" not in other.page.locator("#chat").inner_text()
    assert other.page.locator("#chat .reply").count() == 1
    one.ask("And when?")
    assert "Understood as" in one.reply


def test_a_marker_of_an_older_answer_brings_its_sources_back(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.ask(CHINESE)
    older, newer = visit.page.locator("#source-0-1"), visit.page.locator("#source-1-1")
    assert (older.is_visible(), newer.is_visible()) == (False, True)
    visit.page.locator("#chat a.marker").first.click()
    assert (older.is_visible(), newer.is_visible()) == (True, False)


def test_a_question_is_shown_literally(visitors: Visitors) -> None:
    visit = visitors.open()
    question = f"{ATTACK} **bold** $$x^2$$ ${{1+1}} {{{{value}}}} what is that?"
    visit.ask(question)
    assert visit.page.locator("#chat .asked .words").inner_text() == question
    assert question in visit.page.locator("#sources").inner_text()
    assert visit.page.locator("#chat img, #sources img").count() == 0


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


def test_a_question_that_is_too_long_is_refused_kindly(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask("why " * 2000)
    assert visit.page.locator("#chat .reply.error").count() == 1
    assert "2,000" in visit.reply


def test_an_empty_message_is_ignored(visitors: Visitors) -> None:
    visit = visitors.open()
    box = visit.page.locator("#box textarea")
    box.fill("  ")
    box.press("Enter")
    visit.page.wait_for_timeout(1000)
    assert visit.page.locator("#chat .message").count() == 0


def test_a_new_conversation_forgets_the_old_one(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.page.locator("#new").evaluate("button => button.click()")
    visit.page.wait_for_function("!document.querySelector('#chat .reply')")
    visit.ask("And when?")
    assert "Understood as" not in visit.reply


def test_an_answer_is_copied_with_its_quotes(visitors: Visitors, assistant: Assistant) -> None:
    visit, answer = visitors.open(), assistant.ask(ENGLISH)
    visit.ask(ENGLISH)
    visit.page.locator("#chat").get_by_role("button", name="Copy").click()
    visit.page.get_by_text("Copied").wait_for()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(answer.text)
    assert f"“{answer.citations[0].quotes[0].text}”" in copied
    assert "Quoted from" not in copied


def test_asking_again_takes_the_place_of_an_answer_and_what_followed(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.ask(CHINESE)
    visit.page.get_by_role("button", name="Ask again").first.click()
    visit.wait(1)
    assert visit.page.locator("#chat .asked .words").all_inner_texts() == [ENGLISH]


def test_an_edited_question_takes_the_place_of_the_old_one(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.page.locator("#chat").get_by_role("button", name="Edit").click()
    box = visit.page.locator("#box textarea")
    assert box.input_value() == ENGLISH
    box.fill(CHINESE)
    box.press("Enter")
    visit.page.get_by_text("636").first.wait_for()
    visit.wait(1)
    assert visit.page.locator("#chat .asked .words").all_inner_texts() == [CHINESE]


def test_feedback_is_kept_for_the_evaluation(visitors: Visitors, built_settings: Settings) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    button = visit.page.get_by_role("button", name="Wrong source")
    button.click()
    visit.page.get_by_text("Thank you.").wait_for()
    assert button.get_attribute("aria-pressed") == "true"
    lines = (built_settings.home / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["question"] == ENGLISH


@pytest.mark.parametrize("question", [ENGLISH, f"What is {'incubator' * 40}?"])
def test_a_phone_shows_everything_without_scrolling_sideways(
    visitors: Visitors, question: str
) -> None:
    visit = visitors.open(width=390, height=844, dark=True)
    visit.ask(question)
    for marker in visit.page.locator("#chat a.marker").all()[:1]:
        marker.click()
        summary = visit.page.locator(".source.chosen summary")
        summary.wait_for()
        top = cast(dict[str, float], summary.bounding_box())["y"]
        assert 0 <= top < 844
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
