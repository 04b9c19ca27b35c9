"""The web chat: what it renders, and what a real browser sees of a real server."""

from __future__ import annotations

import asyncio
import html
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ui
from assistant import (
    Answer,
    Assistant,
    AssistantError,
    Chunk,
    Citation,
    Passage,
    Quote,
    Settings,
    Source,
    Statement,
)

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
ATTACK = "<img src=x onerror=alert(1)>"

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def cited(text: str, *spans: tuple[int, int], start: int = 0, url: str = "") -> Citation:
    """A citation whose passage is `text`, standing at `start` in its source."""
    source = Source(
        id="s",
        title_en="<b>Title</b>",
        title_zh="标题",
        author="A",
        publisher="P & Co",
        date="2016",
        language="en",
        url=url,
        licence="",
        kind="digest",
        sha256="",
    )
    end = start + len(text)
    passage = Passage("s.1", "s", "en", "", start, end, text, sentences=())
    quotes = tuple(Quote("s", start + a, start + b, text[a:b], "") for a, b in spans)
    return Citation(1, source, passage, quotes, "supported")


def plain(markup: str) -> str:
    """The characters a reader sees of rendered text."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup.replace("<br>", "\n")))


def marked(markup: str) -> list[str]:
    return [plain(words) for words in re.findall(r"<mark>(.*?)</mark>", markup)]


@given(
    pieces=st.lists(st.text(alphabet="ab<&\"'>\n中。", min_size=1), min_size=1, max_size=6),
    chosen=st.sets(st.integers(0, 5)),
    start=st.integers(0, 1000),
)
def test_exactly_the_quoted_characters_are_highlighted(
    pieces: list[str], chosen: set[int], start: int
) -> None:
    edges = [sum(map(len, pieces[:i])) for i in range(len(pieces) + 1)]
    spans = [(edges[i], edges[i + 1]) for i in chosen if i < len(pieces)]
    markup = ui.highlight(cited("".join(pieces), *spans, start=start))
    assert plain(markup) == "".join(pieces)
    assert marked(markup) == [pieces[i] for i in sorted(chosen) if i < len(pieces)]


def test_quotes_that_overlap_are_highlighted_once() -> None:
    markup = ui.highlight(cited("abcdef", (3, 5), (1, 4), (1, 4)))
    assert markup == "a<mark>bcd</mark><mark>e</mark>f"


def test_escaped_text_stays_on_one_line_of_markup() -> None:
    assert ui.escape(f"{ATTACK}\r\n\r\n# a") == ("&lt;img src=x onerror=alert(1)&gt;<br><br># a")


def test_known_markers_become_links_and_others_stay_text() -> None:
    linked = ui.link_markers("One [1][2]. Guobanfa [2015] No. 9, [3], [01]x", {1, 2}, 4)
    assert re.findall(r'href="#(source-4-\d)">(\[\d\])</a>', linked) == [
        ("source-4-1", "[1]"),
        ("source-4-2", "[2]"),
        ("source-4-1", "[1]"),
    ]
    assert "[2015] No. 9, [3]" in linked


def test_paragraphs_and_lists_become_blocks_without_blank_lines() -> None:
    assert ui.render_text("Near:\n\n- a < b [1]\n- c", {1}, 0) == (
        "<p>Near:</p><ul><li>a &lt; b "
        '<a class="marker" href="#source-0-1">[1]</a></li><li>c</li></ul>'
    )


@pytest.mark.parametrize(
    ("translated", "says"),
    [((True, True), "以上为译文"), ((True, False), "部分为译文"), ((False, False), None)],
)
def test_the_answer_says_how_much_of_it_is_translated(
    assistant: Assistant, translated: tuple[bool, bool], says: str | None
) -> None:
    statements = tuple(Statement("万科", "zh", (1,), flag) for flag in translated)
    answer = replace(assistant.ask(CHINESE), statements=statements)
    markup = ui.render_answer(answer, 0)
    assert "译文" not in markup if says is None else says in markup


def test_only_web_addresses_are_linked(assistant: Assistant) -> None:
    answer = assistant.ask(ENGLISH)
    for url, links in (("javascript:alert(1)", 0), ('https://a.example/"x', 1)):
        shown = ui.render_sources(
            replace(answer, citations=(cited("abc", (0, 1), url=url),)), 0, shown=True
        )
        assert shown.count("<a ") == links
        assert '"x' not in shown
        assert "&lt;b&gt;Title&lt;/b&gt;" in shown
        assert "digest by the project, not the official text" in shown


@pytest.mark.parametrize(
    ("question", "status", "label"),
    [
        (ENGLISH, "partial", "Partly"),
        (ENGLISH, "refused", "Not answered by the sources"),
        (CHINESE, "partial", "接近但未直接回答"),
        (CHINESE, "refused", "资料未回答"),
    ],
)
def test_what_is_not_simply_answered_says_so_first(
    assistant: Assistant, question: str, status: Any, label: str
) -> None:
    answer = assistant.ask(question)
    assert '"label"' not in ui.render_answer(replace(answer, status="answered"), 0)
    assert ui.render_answer(replace(answer, status=status), 0).startswith(
        f'<p class="label">{label}'
    )


@dataclass
class Stub:
    """An assistant that streams two pieces, then an answer or an error."""

    end: Answer | Exception

    async def astream(self, question: str, *, history: list[Answer]) -> AsyncIterator[Chunk]:
        yield Chunk("Half ")
        yield Chunk("[1] done")
        if isinstance(self.end, Exception):
            raise self.end
        yield Chunk("", self.end)


def replies(end: Answer | Exception) -> tuple[list[str], tuple[ui.Exchange, ...]]:
    async def collected() -> list[Any]:
        return [step async for step in ui._respond(cast(Assistant, Stub(end)), "Q?", ())]

    steps = asyncio.run(collected())
    return [messages[-1]["content"] for messages, _, _ in steps], steps[-1][2]


def test_an_answer_grows_and_ends_as_the_finished_one(assistant: Assistant) -> None:
    answer = assistant.ask(ENGLISH)
    shown, session = replies(answer)
    assert [plain(text) for text in shown[:3]] == ["Q?", "Half", "Half [1] done"]
    assert "<a" not in shown[2]
    # The lead is a paragraph of its own.
    composed = f"{answer.text} Quoted from the sources"
    assert "".join(plain(shown[3]).split()) == "".join(composed.split())
    assert session == (ui.Exchange("Q?", answer),)


def test_an_expected_error_is_shown_as_its_sentence() -> None:
    shown, session = replies(AssistantError("The index is gone: run <this>."))
    assert plain(shown[-1]) == "The index is gone: run <this>."
    assert [exchange.answer for exchange in session] == [None]


def test_an_unexpected_error_is_told_kindly_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    shown, _ = replies(ValueError("secret detail"))
    assert "secret" not in shown[-1]
    assert "the terminal shows the details" in shown[-1]
    assert "secret detail" in caplog.text


def test_after_an_error_the_sources_of_the_last_answer_stay(assistant: Assistant) -> None:
    session = (ui.Exchange(ENGLISH, assistant.ask(ENGLISH)), ui.Exchange("Q?", error="No."))
    panel = ui._panel(session)
    assert "source-0-1" in panel
    assert " hidden" not in panel


def test_a_taken_port_is_told_with_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ui.main(["--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"ui: Port {port} on 127.0.0.1 is already in use.")
    assert f"--port {port + 1}" in said


def test_a_port_out_of_range_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as stopped:
        ui.main(["--port", "99999"])
    assert stopped.value.code == 2


# ---- a real browser at a real server ----


@pytest.fixture(scope="module")
def address(built_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where `python ui.py` serves, started as a user would."""
    chosen = {"ASSISTANT_HOME": built_settings.home, "ASSISTANT_CORPUS": built_settings.corpus}
    foreign = ("ASSISTANT_", "GRADIO_")
    environ = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    environ |= {name: str(path) for name, path in chosen.items()}
    log = tmp_path_factory.mktemp("ui") / "stderr.txt"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "ui.py", "--port", "0"], cwd=ROOT, env=environ, stderr=stderr
        ) as server,
    ):
        try:
            yield _ready(server, log)
        finally:
            server.terminate()
    assert "Traceback" not in log.read_text(encoding="utf-8")


def _ready(server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        text = log.read_text(encoding="utf-8")
        if match := re.search(r"ready at (http://\S+)", text):
            return match[1]
        assert server.poll() is None, text
        select.select([], [], [], 0.1)
    raise AssertionError(f"No server after two minutes: {text}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A visitor's page, with all that went wrong on it."""

    page: Page
    troubles: list[str]

    def ask(self, question: str) -> None:
        """Ask, and wait for the finished answer."""
        count = self.page.locator("#chat .reply").count() + 1
        box = self.page.get_by_role("textbox")
        box.fill(question)
        box.press("Enter")
        self.wait(count)

    def wait(self, count: int) -> None:
        finished = ".reply:is(.answered, .partial, .refused, .error)"
        self.page.wait_for_function(
            f"document.querySelectorAll('#chat {finished}').length == {count}"
        )

    @property
    def reply(self) -> str:
        return self.page.locator("#chat .reply").last.inner_text()


class Visitors:
    """Opens pages in separate browser contexts, as different people would."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address = browser, address
        self.contexts: list[BrowserContext] = []
        self.visits: list[Visit] = []

    def open(self, *, width: int = 1280, height: int = 900, dark: bool = False) -> Visit:
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        self.contexts.append(context)
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
        page.goto(self.address)
        page.get_by_role("textbox").wait_for()
        self.visits.append(Visit(page, troubles))
        return self.visits[-1]


@pytest.fixture
def visitors(browser: Browser, address: str) -> Iterator[Visitors]:
    """Visits; afterwards, none may have logged an error or asked another machine for anything."""
    visitors = Visitors(browser, address)
    yield visitors
    troubles = [visit.troubles for visit in visitors.visits]
    for context in visitors.contexts:
        context.close()
    assert troubles == [[] for _ in troubles]


@needs_browser
def test_a_marker_opens_its_source_at_the_quoted_words(
    visitors: Visitors, assistant: Assistant
) -> None:
    visit, answer = visitors.open(), assistant.ask(ui.EXAMPLES[1])
    page, source = visit.page, visit.page.locator("#source-1-1")
    visit.ask(CHINESE)
    visit.ask(answer.question)
    assert visit.reply == f"{answer.text}\n\nQuoted from the sources"
    assert source.locator("blockquote").is_hidden()
    page.locator("#chat a.marker", has_text="[1]").last.click()
    assert source.locator("blockquote").is_visible()
    assert "chosen" in str(source.get_attribute("class"))
    citation = answer.citations[0]
    assert source.locator("mark").all_inner_texts() == [quote.text for quote in citation.quotes]
    assert source.locator("blockquote").inner_text() == citation.passage.text
    assert citation.source.title_en in source.locator("summary").inner_text()
    assert source.get_by_role("link").get_attribute("href") == citation.source.url
    for words in citation.translations:
        assert words in source.inner_text()
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        page.screenshot(path=ROOT / "docs" / "screenshot.png")


@needs_browser
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


@needs_browser
def test_a_chinese_question_gets_a_chinese_answer(visitors: Visitors, assistant: Assistant) -> None:
    visit, answer = visitors.open(), assistant.ask(CHINESE)
    visit.ask(CHINESE)
    assert visit.reply.startswith(answer.text)
    visit.page.locator("#chat a.marker").first.click()
    panel = visit.page.locator("#sources")
    assert panel.locator("h2").inner_text() == "来源"
    assert panel.locator("mark").first.inner_text() == answer.citations[0].quotes[0].text


@needs_browser
def test_a_follow_up_is_understood_from_the_conversation(
    visitors: Visitors, assistant: Assistant
) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.ask("And when?")
    expected = assistant.ask("And when?", history=[assistant.ask(ENGLISH)])
    assert visit.reply.startswith(f"Understood as: {expected.stand_alone}")
    assert expected.text in visit.reply


@needs_browser
def test_a_question_the_sources_do_not_answer_looks_different(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(UNANSWERABLE)
    reply = visit.page.locator("#chat .reply.refused")
    assert reply.inner_text().startswith("Not answered by the sources")
    assert reply.evaluate("e => getComputedStyle(e).borderLeftWidth") == "4px"
    assert reply.locator("a.marker").count() == 0


@needs_browser
def test_two_visitors_never_share_a_conversation(visitors: Visitors) -> None:
    one, other = visitors.open(), visitors.open()
    one.ask(ENGLISH)
    other.ask("And when?")
    assert "Understood as" not in other.reply
    assert ENGLISH not in other.page.locator("body").inner_text().replace(ui.EXAMPLES[0], "", 1)
    assert other.page.locator("#chat .reply").count() == 1
    one.ask("And when?")
    assert "Understood as" in one.reply


@needs_browser
def test_a_marker_of_an_older_answer_brings_its_sources_back(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.ask(CHINESE)
    older, newer = visit.page.locator("#source-0-1"), visit.page.locator("#source-1-1")
    assert (older.is_visible(), newer.is_visible()) == (False, True)
    visit.page.locator("#chat a.marker").first.click()
    assert (older.is_visible(), newer.is_visible()) == (True, False)


@needs_browser
def test_a_question_is_shown_literally(visitors: Visitors) -> None:
    visit = visitors.open()
    question = f"{ATTACK} **bold** $$x^2$$ ${{1+1}} {{{{value}}}} what is that?"
    visit.ask(question)
    assert visit.page.locator("#chat .message.user").inner_text() == question
    assert question in visit.page.locator("#sources").inner_text()
    assert visit.page.locator("#chat img, #sources img").count() == 0


@needs_browser
def test_an_example_is_asked_with_a_click(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.page.get_by_role("button", name=CHINESE).click()
    visit.wait(1)
    assert "636" in visit.reply


@needs_browser
def test_a_question_that_is_too_long_is_refused_kindly(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask("why " * 2000)
    assert visit.page.locator("#chat .reply.error").count() == 1
    assert "2,000" in visit.reply


@needs_browser
def test_an_empty_message_is_ignored(visitors: Visitors) -> None:
    visit = visitors.open()
    box = visit.page.get_by_role("textbox")
    box.fill("  ")
    box.press("Enter")
    visit.page.wait_for_timeout(1000)
    assert visit.page.locator("#chat .message").count() == 0


@needs_browser
def test_clearing_the_chat_forgets_the_conversation(visitors: Visitors) -> None:
    visit = visitors.open()
    visit.ask(ENGLISH)
    visit.page.get_by_role("button", name="Clear").click()
    visit.page.locator("#sources .hint").wait_for()
    visit.ask("And when?")
    assert "Understood as" not in visit.reply


@needs_browser
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
