"""The reader's pages, served as they are: languages, links, hostile addresses, waiting."""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator

import httpx
import pytest

from assistant import Assistant, Settings
from assistant.web.hosting import AssistantHost
from assistant.web.reader_pages import reader_router

from .asgi_server import serving


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with serving(reader_router(AssistantHost(assistant.settings, assistant))) as address:
        yield address


def get(address: str, language: str = "en-GB") -> httpx.Response:
    return httpx.get(address, headers={"Accept-Language": language}, timeout=30)


def test_the_list_names_every_document_in_both_languages(
    address: str, assistant: Assistant
) -> None:
    reply = get(f"{address}/read")
    assert reply.status_code == 200
    shown = html.unescape(reply.text)
    for source in assistant.sources:
        assert source.title_en in shown
        assert source.title_zh in shown
        assert f'href="/read/{source.id}"' in reply.text


@pytest.mark.parametrize(
    ("query", "language", "expected"),
    [
        ("", "zh-CN,zh;q=0.9", "返回问答"),
        ("?ui=zh", "en-GB", "返回问答"),
        ("?ui=xx", "en-GB", "Back to the chat"),
    ],
)
def test_the_language_is_the_one_asked_for_or_else_the_browser_s(
    address: str, query: str, language: str, expected: str
) -> None:
    assert expected in get(f"{address}/read/bop-report{query}", language).text


@pytest.mark.parametrize(
    "name", ["nothing", "%3Cscript%3E", "%ED%A0%80", "a" * 4000, "%00", ".%2E"]
)
def test_an_unknown_document_is_told_with_a_list_of_what_there_is(address: str, name: str) -> None:
    reply = get(f"{address}/read/{name}")
    assert reply.status_code == 404
    assert "<script" not in reply.text
    assert "bop-report" in reply.text or "Not Found" in reply.text


@pytest.mark.parametrize(
    "query",
    [
        "words=%ED%A0%80&at=%ED%A0%80",
        "words=%00%01%1B%7F%E2%80%AE",
        "words=" + "a" * 50_000,
        "words=the&to=" + "%20" * 15_000,
        "words=the&at=" + "9" * 40_000,
        "words=the&at=-5&at=abc&to&ui=%FF",
        "words=the&words=%ff%fe&&&==&%",
        "at=5",
        "words=<script>alert(1)</script>&ui=<script>",
    ],
    ids=range(9),
)
def test_a_hostile_query_gets_a_page_all_the_same(address: str, query: str) -> None:
    reply = get(f"{address}/read/bop-report?{query}")
    assert reply.status_code == 200
    assert "Chinese incubators are actively looking" in reply.text
    assert "<script" not in reply.text
    assert len(reply.text) < 400_000


def test_readers_who_come_early_get_their_page_when_the_assistant_is_there(
    built_settings: Settings,
) -> None:
    host = AssistantHost(built_settings)
    replies: list[httpx.Response] = []
    with serving(reader_router(host)) as at:
        visit = threading.Thread(target=lambda: replies.append(get(f"{at}/read/bop-report")))
        visit.start()
        visit.join(0.5)
        # Others are served meanwhile: the wait does not hold the server up.
        assert visit.is_alive()
        assert httpx.get(f"{at}/nowhere", timeout=5).status_code == 404
        host.start()
        visit.join(60)
    host.close()
    assert replies[0].status_code == 200
