"""Hostile documents and questions in a real browser: all of it is text, none of it acts."""

from __future__ import annotations

import hashlib
import json

import pytest

from assistant import Settings
from ingest import build_index

from .browser import Visitors, needs_browser

pytestmark = needs_browser
PWN = "window.pwned=1"
PAYLOADS = (
    f"<script>{PWN}</script>",
    f"<img src=x onerror={PWN}>",
    f"<svg/onload={PWN}>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    f"<a href=javascript:{PWN}>press</a>",
    f"<a href='data:text/html,<script>{PWN}</script>'>press</a>",
    f"<details open ontoggle={PWN}>",
    f"<object data=javascript:{PWN}></object>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<base href=https://evil.example/>",
    "<form action=https://evil.example/><button>press</button></form>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>*{display:none!important}</style>",
    f'"><img src=x onerror={PWN}>',
    f"'-alert(1)-' onmouseover='{PWN}'",
    f"[press](javascript:{PWN})",
    "![x](https://evil.example/x.png)",
    f"```html\n<img src=x onerror={PWN}>\n```".replace("\n", " "),
    "$$\\href{javascript:alert(1)}{x}$$",
    "{{constructor.constructor('window.pwned=1')()}} ${window.pwned=1}",
    f"&lt;img src=x onerror={PWN}&gt;",
    f"</textarea></title></style><img src=x onerror={PWN}>",
    f"<a class=marker href=#source-0-1 id=box onclick={PWN}>[1]</a>",
    "<button data-act=suggest data-turn=0>ask me</button>",
    "\u202eevil\u202c \u2066isolate\u2069 \u200bzero",
)
LINES = ["# Fares <img src=x onerror=window.pwned=1>", ""]
for number, payload in enumerate(PAYLOADS):
    LINES += [f"The ferry called Payload{number:02} costs {100 + number} crowns {payload}."]
    LINES += [""] * (number % 5 == 4)
TEXT = "\n".join(LINES)


@pytest.fixture(scope="module")
def page_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An index over a text in which every sentence, the heading and the manifest are hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "ferries.txt").write_text(TEXT, encoding="utf-8", newline="\n")
    attack = json.dumps('<img src=x onerror=window.pwned=1> & "quoted" [1](javascript:alert(1))')
    rows = ["[[source]]", 'id = "ferries"', 'language = "en"', 'kind = "digest"']
    rows += [f"{key} = {attack}" for key in "title_en title_zh author publisher date".split()]
    rows += [f"{key} = {attack}" for key in "licence note_en note_zh".split()]
    rows += ['url = "javascript:window.pwned=1"', 'text = "ferries.txt"']
    rows += [f'sha256 = "{hashlib.sha256(TEXT.encode()).hexdigest()}"']
    (folder / "sources.toml").write_text("\n".join(rows), encoding="utf-8")
    settings = Settings(home=folder / "home", corpus=folder)
    build_index(settings)
    return settings


def harmless(visitors: Visitors) -> None:
    """Nothing has acted, and nothing is there that could."""
    for visit in visitors.visits:
        page = visit.page
        assert page.evaluate("window.pwned") is None
        assert page.url.startswith(visitors.address)
        assert not visit.troubles
        acting = (
            "script, img, svg, iframe, object, embed, form, base, style, link, video, [onclick]"
        )
        reading = "/read/" in page.url
        ours = ("main",) if reading else ("#chat .said", "#chat .words", "#sources", "#reader")
        for place in (*ours, "table.documents"):
            found = page.locator(place).locator(acting)
            assert found.count() == 0, (place, found.first.evaluate("e => e.outerHTML"))
        for link in page.locator(", ".join(f"{place} a" for place in ours)).all():
            target = link.get_attribute("href") or ""
            assert target.startswith(("#source-", "/read/", "/", "http://127.0.0.1")), target


def test_no_payload_of_a_document_acts_wherever_it_is_shown(visitors: Visitors) -> None:
    visit = visitors.open(suggestions=False)
    page = visit.page
    shown = ""
    # A paragraph holds five: its whole text stands beside the answer.
    for number in range(0, len(PAYLOADS), 5):
        visit.ask(f"How many crowns does the ferry called Payload{number:02} cost?")
        shown += page.locator("#sources").text_content() or ""
    for marker in page.locator("#chat a.marker").all():
        marker.hover()
    page.locator("#chat a.marker").last.click()
    page.locator(".source.chosen [data-act=read]").click()
    page.locator("#reader mark").first.wait_for()
    whole = page.locator("#reader").text_content() or ""
    page.get_by_role("tab").nth(1).click()
    page.locator("table.documents").wait_for()
    assert "<img src=x" in (page.locator("table.documents").text_content() or "")
    harmless(visitors)
    assert all(payload in whole for payload in PAYLOADS)
    assert sum(payload in shown for payload in PAYLOADS) >= 20


def test_no_payload_of_a_question_acts(visitors: Visitors) -> None:
    visit = visitors.open(suggestions=False)
    for first in range(0, len(PAYLOADS), 7):
        question = f"What is {' or '.join(PAYLOADS[first : first + 7])}?"
        visit.ask(question)
        words = visit.page.locator("#chat .asked .words").last.text_content() or ""
        assert " ".join(question.split()) in " ".join(words.split())
    harmless(visitors)


def test_no_payload_acts_on_the_reader_s_own_page(visitors: Visitors) -> None:
    visitors.open(suggestions=False)
    read = visitors.come(visitors.contexts[-1], "/read/ferries")
    assert "".join(read.page.locator(".words, .gap").all_text_contents()) == TEXT
    # What reorders text is named and reorders nothing.
    control = read.page.locator('.words .control[data-code="U+202E"]')
    assert control.get_attribute("title") == "U+202E RIGHT-TO-LEFT OVERRIDE"
    left = """e => { const text = e.nextSibling, at = i => { const r = document.createRange();
        r.setStart(text, i); r.setEnd(text, i + 1); return r.getBoundingClientRect().left; };
        return at(0) < at(3); }"""
    assert control.evaluate(left)
    visitors.come(visitors.contexts[-1], "/read/<svg onload=window.pwned=1>")
    assert "404" in visitors.visits[-1].troubles.pop()
    harmless(visitors)


def test_a_conversation_that_was_tampered_with_does_not_act(visitors: Visitors) -> None:
    visit = visitors.open(suggestions=False)
    visit.ask("How many crowns does the ferry called Payload03 cost?")
    visit.page.evaluate(
        """() => { const key = "report-assistant:c:" + localStorage["report-assistant:open"];
        const kept = JSON.parse(localStorage[key]), evil = "<img src=x onerror=window.pwned=1>";
        kept.name = evil; kept.exchanges[0].question = evil; kept.exchanges[0].text += evil;
        kept.exchanges[0].composer = evil; kept.exchanges[0].notice = evil;
        localStorage[key] = JSON.stringify(kept);
        localStorage["report-assistant:index"] = JSON.stringify([{id: kept.id, name: evil}]); }"""
    )
    visit.reload()
    visit.page.locator("#chat .words", has_text="<img src=x").wait_for()
    harmless(visitors)
    for kept in ("{", '{"version": 1, "id": 7}'):
        visit.page.evaluate(
            """text => { localStorage["report-assistant:open"] = "x";
            localStorage["report-assistant:c:x"] = text; }""",
            kept,
        )
        visit.reload()
        visit.page.get_by_text("could not be read").first.wait_for()
    visit.ask("How many crowns does the ferry called Payload03 cost?")
