"""Files that users added: the page of a citation, and the file itself, opened there."""

from __future__ import annotations

import html
import io
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from assistant import Answer, Settings, open_assistant
from assistant.web.citation_records import CitationRecord
from assistant.web.documents import add_addresses, add_documents, fetch_addresses
from assistant.web.for_programs import cited, references
from assistant.web.hosting import AssistantHost
from assistant.web.originals import originals_router
from assistant.web.reader_pages import reader_router
from assistant.web.records import Exchange
from assistant.web.source_list import render_sources
from ingest import library_entry

from .asgi_server import serving
from .fetch_server import FetchServer
from .pdf_files import Leaf, Words, write_pdf

LEAVES = [
    ["The lighthouse of Cape Verity stands on the northern shore of the bay.", "It is white."],
    ["Amelia Thornquist built the lighthouse of Cape Verity in 1911.", "It cost little."],
]
PDF = write_pdf([Leaf([Words(72, 100 + 60 * n, t) for n, t in enumerate(x)]) for x in LEAVES])
PAGE = "<!doctype html><title>Fares</title><p>The ferry fare is six crowns.</p><script>1</script>"
QUESTION = "Who built the lighthouse of Cape Verity?"


@pytest.fixture(scope="module")
def host(
    built_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AssistantHost]:
    """A host to which a PDF and a web page were uploaded."""
    folder = tmp_path_factory.mktemp("originals")
    settings = replace(built_settings, home=folder / "home")
    shutil.copytree(built_settings.home, settings.home)
    files = [("报告 1.pdf", PDF), ("fares.html", PAGE.encode())]
    given: list[tuple[str, str | Path]] = []
    for name, data in files:
        (folder / name).write_bytes(data)
        given.append((name, folder / name))
    with closing(AssistantHost(settings, open_assistant(settings))) as host:
        outcomes = add_documents(host, given)
        assert [outcome.ok for outcome in outcomes] == [True, True], outcomes
        yield host


@pytest.fixture(scope="module")
def address(host: AssistantHost) -> Iterator[str]:
    with serving(originals_router(host), reader_router(host)) as address:
        yield address


def asked(host: AssistantHost) -> Answer:
    with host.use() as assistant:
        return assistant.ask(QUESTION)


def id_of(host: AssistantHost, ending: str) -> str:
    with host.use() as assistant:
        found = [s.id for s in assistant.sources if s.id.startswith(ending)]
    assert len(found) == 1
    return found[0]


def test_a_citation_names_its_page(host: AssistantHost) -> None:
    answer = asked(host)
    assert answer.citations[0].page == 2
    assert "Amelia Thornquist" in answer.text
    assert " · p. 2 (original)" in str(answer)
    assert ". p. 2." in answer.to_markdown()
    assert answer.to_dict()["citations"][0]["passage"]["page"] == 2
    assert CitationRecord.of(answer.citations[0]).page == 2
    assert cited(answer)[0].page == 2
    assert " · p. 2 · " in references(answer)


def test_the_reader_shows_where_pages_begin(host: AssistantHost, address: str) -> None:
    source = asked(host).citations[0].source.id
    shown = httpx.get(f"{address}/read/{source}?ui=en").text
    assert re.findall(r'id="(page-\d)" data-page="(Page \d)"', shown) == [
        ("page-1", "Page 1"),
        ("page-2", "Page 2"),
    ]
    assert shown.index('id="page-2"') < shown.index("Amelia Thornquist")
    assert f'href="/read/{source}/original"' in shown
    assert "/original" not in httpx.get(f"{address}/read/bop-report?ui=en").text


def test_the_panel_shows_the_page_with_the_quoted_line_marked(
    host: AssistantHost, address: str
) -> None:
    panel = render_sources(Exchange.of(asked(host)), 0, shown=True)
    shown = re.search(r'<img loading="lazy" src="([^"]+)" alt="([^"]+)"', panel)
    assert shown is not None
    assert "p. 2" in shown[2]
    reply = httpx.get(address + html.unescape(shown[1]))
    assert reply.headers["content-type"] == "image/png"
    marked = yellow(reply.content)
    # The line that is quoted stands 100 of 800 points below the top, 72 of 600 from the left.
    assert marked is not None
    left, top, _, bottom = marked
    assert 0.10 < left < 0.13
    assert 0.10 < top < bottom < 0.14


def yellow(picture: bytes) -> tuple[float, ...] | None:
    """Where a picture is marked: left, top, right and bottom as shares of its sides."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    width, height = image.size
    colours = np.asarray(image, dtype=int)
    rows, columns = np.nonzero(colours[..., 0] - colours[..., 2] > 80)
    if not len(rows):
        return None
    box = columns.min() / width, rows.min() / height, columns.max() / width, rows.max() / height
    return tuple(float(side) for side in box)


def test_a_pdf_opens_in_the_browser_and_is_what_was_added(
    host: AssistantHost, address: str
) -> None:
    reply = httpx.get(f"{address}/read/{asked(host).citations[0].source.id}/original")
    assert reply.content == PDF
    assert reply.headers["content-type"] == "application/pdf"
    assert reply.headers["content-disposition"].startswith("inline; filename*=UTF-8''")
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_a_web_page_that_was_added_never_runs_here(host: AssistantHost, address: str) -> None:
    reply = httpx.get(f"{address}/read/{id_of(host, 'fares')}/original")
    assert reply.content == PAGE.encode()
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"].startswith("attachment;")
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "id_", ["bop-report", "nothing", "..", "%2e%2e%2flibrary", "..%2f..%2fetc%2fpasswd", "%00", "."]
)
def test_nothing_but_originals_of_the_library_is_served(address: str, id_: str) -> None:
    assert httpx.get(f"{address}/read/{id_}/original").status_code == 404


def test_a_link_in_the_library_leads_nowhere(host: AssistantHost, address: str) -> None:
    source = id_of(host, "fares")
    entry = library_entry(host.settings, source)
    assert entry is not None
    original = host.settings.home / "originals" / entry.original
    data = original.read_bytes()
    original.unlink()
    original.symlink_to("/etc/passwd")
    try:
        assert httpx.get(f"{address}/read/{source}/original").status_code == 404
    finally:
        original.unlink()
        original.write_bytes(data)


def test_the_page_never_fetches_from_private_networks(host: AssistantHost) -> None:
    with FetchServer() as server:
        asked = [server.body("/fares.html", PAGE.encode()), "ftp://x/y"]
        outcomes = add_addresses(host, fetch_addresses(host, asked))
        assert server.asked == []
    assert [outcome.ok for outcome in outcomes] == [False, False]
    assert "private network" in outcomes[0].sentence
    assert "Traceback" not in outcomes[1].sentence
