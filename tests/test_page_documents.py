"""The Documents tab in a browser: files added, asked about, shown at their pages and removed."""

from __future__ import annotations

import os
from pathlib import Path

from .browser import ENGLISH, Visit, Visitors, needs_browser
from .conftest import ROOT
from .pdf_files import Leaf, Words, write_pdf

pytestmark = needs_browser
LIDO = "# Lido harbour\n\nThe lido in Grimsholm opened in June 1931 with 240 changing huts.\n"
PIER_LINES = """
The harbour board asked for a landing that would serve the mail boat in any weather,
and let the herring fleet unload without waiting for the tide. Three plans were sent in.
Two of them were of stone and were put aside for their cost.

Solveig Arnholt designed the pier of Grimsholm in 1887. She had it built of oak from the
forests inland, floated down the river in spring and sunk in pairs four metres apart.
The work took two summers. A storm in the winter between them carried off eleven piles,
which were found on the beach of Hvalso and brought back by sledge.

The pier is 212 metres long and carries a narrow rail for carts. Its lamp was lit by oil
until 1926. Visitors paid ten ore to walk to the end; the money kept the planks sound.
""".strip().split("\n")
PIER = [
    Leaf([Words(72, 90, "The pier of Grimsholm", 18, bold=True), Words(72, 130, "It is of oak.")]),
    Leaf([Words(72, 90 + 18 * n, line, 11) for n, line in enumerate(PIER_LINES)]),
]
VAULT = "The vault of Grimsholm was dug by Torvald Ness in 1702."


def test_documents_are_added_asked_and_removed_while_others_go_on(
    visitors: Visitors, tmp_path: Path
) -> None:
    (tmp_path / "lido.md").write_text(LIDO, encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    one, other = visitors.open(), visitors.open()
    question = "How many changing huts did the lido in Grimsholm have?"
    other.ask(ENGLISH)
    page = one.page
    page.get_by_role("tab", name="Documents").click()
    table = page.locator("table.documents")
    table.wait_for()
    assert table.locator("tbody tr").count() == 5
    choose(one, tmp_path / "lido.md", tmp_path / "empty.txt")
    assert "lido" in page.locator("#files .file-preview").inner_text()
    page.locator("#add").click()
    page.locator("#done progress").wait_for()
    other.ask("And when?")
    page.locator("#done li").first.wait_for(timeout=120_000)
    assert page.locator("#done li.done").count() == 1
    assert "empty" in page.locator("#done li.failed").inner_text()
    assert table.locator("tbody tr").count() == 6
    page.get_by_role("tab", name="Chat").click()
    one.ask(question)
    assert "240" in one.said
    remove(one, "Lido harbour")
    page.wait_for_function("document.querySelectorAll('table.documents tbody tr').length == 5")
    other.ask("And which company was it?")
    assert other.page.locator("#chat .reply.error").count() == 0


def choose(visit: Visit, *paths: Path) -> None:
    """Choose files in the tab, and wait until they are uploaded."""
    visit.page.locator("#files input[type=file]").set_input_files(paths)
    visit.page.locator("#files .file-preview a").first.wait_for()


def add(visit: Visit, said: str, *paths: Path, password: str = "") -> None:
    """Add files in the tab, or those that are chosen still, until it says this."""
    page = visit.page
    page.get_by_role("tab", name="Documents").click()
    page.locator("table.documents").wait_for()
    if paths:
        choose(visit, *paths)
    page.locator("#file-password input").fill(password)
    page.locator("#add").click()
    page.locator("#done li", has_text=said).wait_for(timeout=120_000)


def remove(visit: Visit, name: str) -> None:
    """Remove a document in the tab."""
    visit.page.get_by_role("tab", name="Documents").click()
    visit.page.get_by_role("checkbox", name=name).check()
    visit.page.locator("#remove").click()
    visit.page.get_by_text("was removed").wait_for(timeout=120_000)


def test_a_citation_of_a_pdf_shows_its_page_with_the_line_marked(
    visitors: Visitors, tmp_path: Path
) -> None:
    (tmp_path / "pier.pdf").write_bytes(write_pdf(PIER))
    visit = visitors.open()
    page = visit.page
    add(visit, "pier.pdf was added", tmp_path / "pier.pdf")
    page.get_by_role("tab", name="Chat").click()
    visit.ask("Who designed the pier of Grimsholm?")
    assert "Solveig Arnholt" in visit.said
    # Nothing is drawn before somebody looks.
    page.locator("#chat a.marker").last.click()
    shown = page.locator(".source.chosen .page-picture img")
    shown.scroll_into_view_if_needed()
    page.wait_for_function(
        "document.querySelector('.source.chosen .page-picture img').naturalWidth == 1200"
    )
    assert "p. 2" in (shown.get_attribute("alt") or "")
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        page.screenshot(path=ROOT / "docs" / "page-en.png")
    link = page.locator(".source.chosen .page-picture a").get_attribute("href") or ""
    assert link.endswith("/original#page=2")
    remove(visit, "The pier of Grimsholm")
    visit.reload()
    visit.wait(1)
    page.locator("#chat a.marker").last.click()
    page.wait_for_function("document.querySelector('.source.chosen .page-picture').hidden")
    assert page.locator(".source.chosen mark").first.is_visible()
    # Browsers log what is not there (any more).
    assert "404" in visit.troubles.pop()


def test_a_protected_file_is_opened_with_its_password(visitors: Visitors, tmp_path: Path) -> None:
    path = tmp_path / "vault.pdf"
    path.write_bytes(write_pdf([Leaf([Words(72, 100, VAULT)])], password="sesame"))
    visit = visitors.open()
    page = visit.page
    add(visit, "Give the password", path)
    # The file stays chosen; a wrong password changes nothing.
    add(visit, "does not open it", password="seesaw")
    add(visit, "vault.pdf was added", password="sesame")
    page.wait_for_function("document.querySelector('#file-password input').value == ''")
    assert page.locator("#files").get_by_text("vault").count() == 0
    page.get_by_role("tab", name="Chat").click()
    visit.ask("Who dug the vault of Grimsholm?")
    assert "Torvald Ness" in visit.said
    remove(visit, "vault")
