"""What a real browser shows of the report of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.evaluation.report import write_report

from .browser import needs_browser
from .fabricated_run import CHINESE_PASSAGE, QUOTES, row, rows, write_run
from .test_evaluation_report import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


class Reader:
    """Opens reports; keeps all that went wrong on them."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    def open(self, report: Path, fragment: str = "", *, width: int = 1200) -> Page:
        context = self.browser.new_context(viewport={"width": width, "height": 844})
        self.contexts.append(context)
        page, address = context.new_page(), report.as_uri()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", lambda dialog: self.troubles.append(dialog.message))
        page.on(
            "request",
            lambda r: None if r.url.startswith(address) else self.troubles.append(r.url),
        )
        page.goto(address + fragment)
        page.locator("#list > li").first.wait_for()
        return page


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    """A reader of reports; none may say anything on the console or ask for another file."""
    reader = Reader(browser)
    yield reader
    for context in reader.contexts:
        context.close()
    assert reader.troubles == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report over 60 questions."""
    return write_report(write_run(tmp_path_factory.mktemp("report"), rows(60)))


def count(page: Page) -> str:
    return page.locator("#count").inner_text()


@needs_browser
def test_an_opened_question_shows_answer_quotes_expectation_and_hits(
    reader: Reader, tmp_path: Path
) -> None:
    made = row(1, language="zh", history=["调研由谁进行？"])
    page = reader.open(write_report(write_run(tmp_path, [made])))
    summary = page.locator("summary", has_text="调研收回多少份有效问卷？")
    summary.focus()
    page.keyboard.press("Enter")
    body = page.locator(".question .body")
    assert body.locator(".lead").inner_text() == "873"
    assert body.locator(".citation .passage").inner_text() == CHINESE_PASSAGE
    assert body.locator(".citation mark").all_inner_texts() == [QUOTES["zh"]]
    assert body.locator(".citation .gold-words").inner_text() == QUOTES["zh"]
    assert body.locator(".citation .passage").get_attribute("lang") == "zh"
    assert "调研由谁进行？" in body.locator(".history").inner_text()
    assert body.locator(".expected").inner_text() == "873"
    assert body.locator(".hit").count() == 6
    assert body.locator(".hit", has_text="gold evidence").count() == 1
    body.get_by_role("button", name="Citation 1").click()
    assert body.locator(".citation.pointed").count() == 1


@needs_browser
def test_the_conditions_of_a_reply_are_shown_with_those_not_met(
    reader: Reader, tmp_path: Path
) -> None:
    made = row(1, language="zh", unmet=["said", "length"])
    made["expected"] |= {"answers": [], "all_of": [["873", "八百"], ["有效"]], "any_k": 1}
    made["expected"] |= {"forbid": [], "cite_any": ["survey-zh"], "cite_all": []}
    made["expected"] |= {"max_sentences": 2, "language_of_reply": ""}
    page = reader.open(write_report(write_run(tmp_path, [made])))
    page.locator("summary", has_text="调研收回多少份有效问卷？").click()
    body = page.locator(".question .body")
    titles = body.locator("h3").all_inner_texts()
    for title in ("Said, 1 of", "Cited, any of", "Sentences at most", "Not met"):
        assert title in titles
    assert "Not said" not in titles
    assert body.locator(".expected").first.inner_text().split("\n") == ["873 / 八百", "有效"]
    assert body.locator("p.error").inner_text() == "said, length"


@needs_browser
def test_filters_narrow_the_list_and_stand_in_the_address(reader: Reader, report: Path) -> None:
    page = reader.open(report)
    assert count(page) == "60 questions"
    assert page.locator("#list > li").count() == 60
    page.locator("select[name=lang]").select_option("zh")
    page.get_by_role("button", name="Refused wrongly").click()
    shown = count(page)
    assert re.fullmatch(r"\d+ of 60 questions", shown)
    assert page.locator(".asked[lang=zh]").count() == int(shown.split()[0]) > 0
    assert page.locator(".badge.failure", has_text="Refused wrongly").count() == int(shown[0])
    assert page.url.endswith("#lang=zh&fail=refused")
    again = reader.open(report, "#lang=zh&fail=refused")
    assert count(again) == shown
    assert again.locator("select[name=lang]").input_value() == "zh"
    pressed = again.get_by_role("button", name="Refused wrongly").get_attribute("aria-pressed")
    assert pressed == "true"
    again.get_by_role("button", name="Clear filters").click()
    assert count(again) == "60 questions"
    assert "#" not in again.url


@needs_browser
def test_search_finds_words_of_questions_and_answers(reader: Reader, report: Path) -> None:
    page = reader.open(report)
    page.get_by_label("Search").fill("问卷 Q-01")
    assert {text[:4] for text in page.locator(".byline .id").all_inner_texts()} == {"q-01"}
    page.get_by_label("Search").fill("nothing like this")
    assert page.locator("#list").inner_text() == "No question matches these filters."
    assert count(page) == "0 of 60 questions"


@needs_browser
def test_a_link_to_a_question_opens_it_whatever_the_filters(reader: Reader, report: Path) -> None:
    page = reader.open(report, "#lang=en&question=made-up%2Fq-030")
    assert page.locator(".question[open] .id").all_inner_texts() == ["q-030"]
    link = page.get_by_role("link", name="Link to this question").get_attribute("href")
    assert link == "#question=made-up%2Fq-030"
    page.get_by_role("link", name="The same in").first.click()
    page.locator('.question[open][data-key="made-up/q-029"]').wait_for()
    page.go_back()
    page.locator('.question[open][data-key="made-up/q-030"]').wait_for()


@needs_browser
def test_hostile_words_are_shown_as_they_are(reader: Reader, tmp_path: Path) -> None:
    made = row(1, question=HOSTILE, kind=HOSTILE, id=HOSTILE, set="javascript:alert(1)")
    made["answer"] |= {"text": HOSTILE, "reason": HOSTILE}
    made["answer"]["hits"][0]["text"] = HOSTILE
    made["expected"]["answers"] = [HOSTILE]
    page = reader.open(write_report(write_run(tmp_path, [made, row(2)], problems=[HOSTILE])))
    summary = page.locator(".question > summary").first
    assert HOSTILE in summary.inner_text()
    summary.click()
    assert page.locator(".answer").inner_text() == HOSTILE
    page.locator(".hit summary").first.click()
    assert page.locator("img, #list script").count() == 0


@needs_browser
def test_offsets_count_characters_beyond_the_basic_plane_as_one(
    reader: Reader, tmp_path: Path
) -> None:
    made, quote = row(), {"start": 503, "end": 506, "text": "𠮷野家"}
    made["answer"]["hits"][0]["text"] = "😀😀，𠮷野家开业了。"
    made["answer"]["citations"][0]["quotes"] = [quote]
    page = reader.open(write_report(write_run(tmp_path, [made])))
    page.locator(".question > summary").click()
    assert page.locator(".citation mark").inner_text() == "𠮷野家"


@needs_browser
def test_a_question_that_could_not_be_asked_says_why(reader: Reader, tmp_path: Path) -> None:
    made = row(error="The question is too long.", answer=None, right=0.0)
    made["scores"] |= {"latency_ms": None, "quotes": 0, "language_ok": None}
    page = reader.open(write_report(write_run(tmp_path, [made])), "#fail=error")
    page.locator(".question > summary").click()
    assert page.locator(".body .error").inner_text() == "The question is too long."


@needs_browser
def test_a_narrow_screen_never_scrolls_sideways(reader: Reader, tmp_path: Path) -> None:
    made = [*rows(12), row(13, question="w" * 300, kind="k" * 80, id="i" * 120)]
    page = reader.open(write_report(write_run(tmp_path, made, name="n" * 200)), width=320)
    for summary in page.locator(":is(.question, .sheet) > summary").all():
        summary.click()
    inside, outside = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert inside <= outside == 320


@needs_browser
def test_a_thousand_questions_are_rendered_a_piece_at_a_time(
    reader: Reader, tmp_path: Path
) -> None:
    page = reader.open(write_report(write_run(tmp_path, rows(1000))))
    assert count(page) == "1000 questions"
    assert page.locator("#list > li").count() == 100
    page.get_by_role("button", name="Show 100 more of 900").click()
    assert page.locator("#list > li").count() == 200
    assert page.evaluate("document.activeElement.parentElement.dataset.key") == "made-up/q-101"
    page.get_by_label("Search").fill("q-999")
    assert page.locator("#list > li").count() == 1


@needs_browser
def test_the_policy_lets_no_markup_in_through_scripts(reader: Reader, report: Path) -> None:
    page = reader.open(report)
    refused = page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; } catch (e) { return e.name; } }"
    )
    assert refused == "TypeError"
    assert any("TrustedHTML" in trouble for trouble in reader.troubles)
    reader.troubles.clear()
