"""The reader's pages in a real browser: where they open, how they fit, that nothing acts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from assistant import Assistant, Settings, open_assistant
from ingest import build_index
from web.hosting import AssistantHost
from web.permalinks import permalink
from web.reader_pages import reader_router

from .asgi_server import serving
from .browser import Visit, Visitors, needs_browser
from .tiny import FakeEmbeddings, tiny_settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_browser
HOSTILE = """# Fares <img src=x onerror=window.pwned=1>

<script>window.pwned=1</script> costs one crown.
<a href="javascript:window.pwned=1" onclick="window.pwned=1">press</a> costs two crowns.
<a href='data:text/html,<script>parent.pwned=1</script>'>press</a> costs three crowns.
</span></p></main></style></title><svg onload=window.pwned=1> costs four crowns.
Safe \u202etxt.exe\u202c and \u2066isolated\u2069 and zero\u200bwidth cost five crowns.
A bell\u0007 costs five crowns, too.
<meta http-equiv=refresh content='0;url=https://evil.example/'><base href=//evil.example>
<style>* { display: none !important }</style><link rel=stylesheet href=//evil.example/x.css>
&lt;b&gt; &amp; {{7*7}} ${7*7} [press](javascript:alert(1)) cost six crowns.
"""


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with serving(reader_router(AssistantHost(assistant.settings, assistant))) as address:
        yield address


def come(
    browser: Browser, address: str, path: str, *, width: int = 1280, dark: bool = False
) -> Visit:
    visitors = Visitors(browser, address)
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        locale="en-GB",
    )
    return visitors.come(context, path)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_permalink_opens_at_its_words(
    browser: Browser, address: str, assistant: Assistant, width: int
) -> None:
    source = assistant.index.sources["bop-report"]
    start = source.text.index("Innospace has worked with partners")
    end = start + 60
    visit = come(browser, address, permalink(source, start, end), width=width)
    target = visit.page.locator("#target")
    assert target.inner_text() == source.text[start:end]
    box = target.bounding_box()
    assert box
    assert 0 < box["y"] < 800 - box["height"]
    assert visit.page.evaluate("scrollY") > 0
    shown = "e => getComputedStyle(e).backgroundColor"
    assert target.evaluate(shown) != visit.page.locator("body").evaluate(shown)
    assert not visit.troubles


def test_words_across_lines_are_marked_to_the_letter(
    browser: Browser, address: str, assistant: Assistant
) -> None:
    source = assistant.index.sources["bop-report"]
    start = source.text.index("Major Chinese property developer Vanke")
    end = source.text.index("supporting talent exchange")
    visit = come(browser, address, permalink(source, start, end))
    marked = visit.page.locator("mark.target").all_text_contents()
    assert len(marked) > 1
    assert "".join(marked) == source.text[start:end]


@pytest.mark.parametrize("path", ["/read", "/read/bop-report", "/read/work-report-2015?ui=zh"])
def test_nothing_scrolls_sideways_on_a_phone(browser: Browser, address: str, path: str) -> None:
    page = come(browser, address, path, width=390).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_translation_stands_beside_on_a_screen_and_below_on_a_phone(
    browser: Browser, address: str
) -> None:
    places = {}
    for width in (1280, 390):
        line = come(browser, address, "/read/bop-report", width=width).page.locator(".line").nth(3)
        ours = line.locator(".words").bounding_box()
        theirs = line.locator(".theirs").bounding_box()
        assert ours
        assert theirs
        places[width] = (theirs["x"] - ours["x"], theirs["y"] - ours["y"])
    assert places[1280][0] > 300
    assert places[1280][1] == 0
    assert places[390][0] == 0
    assert places[390][1] > 10


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", ["/read", "/read/work-report-2015", "/read/nothing"])
def test_axe_finds_nothing_serious(browser: Browser, address: str, path: str, dark: bool) -> None:
    from axe_playwright_python.sync_playwright import Axe

    words = "?words=2015&at=0#target" if path.endswith("2015") else ""
    page = come(browser, address, path + words, dark=dark, width=900).page
    found = Axe().run(page).response["violations"]
    told = [f"{v['id']}: {n['html'][:150]}" for v in found for n in v["nodes"]]
    assert not told, told


def test_the_keyboard_skips_to_the_text(browser: Browser, address: str) -> None:
    page = come(browser, address, "/read/bop-report").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the text"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The pages of a corpus whose text and manifest try everything."""
    folder = tmp_path_factory.mktemp("hostile")
    settings: Settings = tiny_settings(folder)
    settings.corpus.mkdir()
    (settings.corpus / "fares.txt").write_text(HOSTILE, encoding="utf-8", newline="\n")
    attack = json.dumps('</title><img src=x onerror=window.pwned=1> "q" \u202eevil')
    rows = ["[[source]]", 'id = "fares"', 'language = "en"', 'kind = "original"']
    keys = "title_en title_zh author publisher date licence note_en note_zh".split()
    rows += [f"{key} = {attack}" for key in keys]
    rows += ['url = "javascript:window.pwned=1"', 'text = "fares.txt"']
    rows += [f'sha256 = "{hashlib.sha256(HOSTILE.encode()).hexdigest()}"']
    (settings.corpus / "sources.toml").write_text("\n".join(rows), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.build.passage_embeddings", FakeEmbeddings)
        build_index(settings)
    with (
        open_assistant(settings) as opened,
        serving(reader_router(AssistantHost(settings, opened))) as address,
    ):
        yield address


@pytest.mark.parametrize("path", ["/read", "/read/fares", "/read/<svg onload=window.pwned=1>"])
def test_a_hostile_document_shows_and_does_nothing(
    browser: Browser, hostile: str, path: str
) -> None:
    visit = come(browser, hostile, path)
    page = visit.page
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None
    acting = "script, img, svg, iframe, object, base, link, meta[http-equiv], main style, [onclick]"
    assert page.locator(acting).count() == 0
    hrefs = [link.get_attribute("href") or "" for link in page.locator("a").all()]
    assert all(href.startswith(("/", "#")) for href in hrefs)
    assert page.url.startswith(hostile)
    assert [t for t in visit.troubles if "404" not in t] == []


def test_a_hostile_text_is_there_to_the_letter(browser: Browser, hostile: str) -> None:
    page = come(browser, hostile, "/read/fares").page
    assert "".join(page.locator(".words, .gap").all_text_contents()) == HOSTILE


def test_what_reorders_text_is_named_and_reorders_nothing(browser: Browser, hostile: str) -> None:
    page = come(browser, hostile, "/read/fares").page
    control = page.locator('.words .control[data-code="U+202E"]')
    assert control.evaluate("e => getComputedStyle(e, '::before').content").count("⟨") == 1
    assert control.get_attribute("title") == "U+202E RIGHT-TO-LEFT OVERRIDE"
    # The first letter behind it stands left of the last one.
    left = """e => { const text = e.nextSibling, at = i => { const r = document.createRange();
        r.setStart(text, i); r.setEnd(text, i + 1); return r.getBoundingClientRect().left; };
        return [at(0), at(6)]; }"""
    first, last = control.evaluate(left)
    assert first < last
