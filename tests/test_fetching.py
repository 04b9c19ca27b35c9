"""Fetching from a real server on this machine that redirects, lies, stalls and never ends."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from assistant.types import LANGUAGES
from ingest.fetching import Fetched, FetchLimits, fetch
from ingest.refusing import DocumentError, Reason

from .fetch_server import Exchange, FetchServer, Page

TEXT = "# 报告\n\n2015年共有636家企业。\n".encode()
SMALL = FetchLimits(bytes=100_000, seconds=5.0, connect_seconds=2.0)


@pytest.fixture
def server() -> Iterator[FetchServer]:
    with FetchServer() as server:
        yield server


def local(address: str) -> Fetched:
    return fetch(address, SMALL, allow_private=True)


def refusal(address: str) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        local(address)
    for language in LANGUAGES:
        assert address in caught.value.said(language)
    return caught.value


def test_a_document_is_fetched_with_all_that_is_kept_of_it(server: FetchServer) -> None:
    modified = "Thu, 05 Mar 2015 09:00:00 GMT"
    address = server.body(
        "/a/report.md", TEXT, Content_Type="Text/Markdown; charset=GBK", ETag='"1"',
        Last_Modified=modified,
    )  # fmt: skip
    got = local(address + "#top")
    assert (got.body, got.name, got.media_type) == (TEXT, "report.md", "text/markdown")
    assert (got.address, got.final) == (address + "#top", address)
    assert (got.charset, got.etag, got.last_modified) == ("gbk", '"1"', modified)
    assert not got.not_modified
    assert got.fetched.endswith("+00:00")


def test_the_request_is_plain_and_names_the_project(
    server: FetchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.page("/start", lambda x: x.answer(b"", "302 Found", Location="/t.txt", Set_Cookie="a=1"))
    server.body("/t.txt", TEXT)
    local(server.root + "/start")
    headers = server.asked[-1].headers
    assert set(headers) == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert headers["user-agent"].startswith("report-assistant/")
    assert headers["host"] == server.root.removeprefix("http://")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Keep", "308 Keep"])
@pytest.mark.parametrize("location", ["/b/t.txt?x=1", "b/t.txt?x=1", "//{host}/b/t.txt?x=1"])
def test_redirections_are_followed(server: FetchServer, status: str, location: str) -> None:
    location = location.format(host=server.root.removeprefix("http://"))
    server.page("/start", lambda exchange: exchange.redirect(location, status))
    server.body("/b/t.txt", TEXT)
    got = local(server.root + "/start")
    assert got.body == TEXT
    assert got.final == f"{server.root}/b/t.txt?x=1"
    assert got.address == f"{server.root}/start"


def chain(server: FetchServer, hops: int) -> str:
    def onward(exchange: Exchange) -> None:
        exchange.redirect(f"/{int(exchange.asked.path[1:]) + 1}")

    for n in range(hops):
        server.page(f"/{n}", onward)
    server.body(f"/{hops}", TEXT)
    return server.root + "/0"


def test_five_redirections_are_followed_and_no_sixth(server: FetchServer) -> None:
    assert local(chain(server, 5)).body == TEXT
    server.asked.clear()
    assert refusal(chain(server, 6)).reason == "redirects"
    assert len(server.asked) == 6


def test_a_loop_ends_at_its_first_return(server: FetchServer) -> None:
    server.page("/a", lambda exchange: exchange.redirect("/b"))
    server.page("/b", lambda exchange: exchange.redirect("/a#again"))
    assert refusal(server.root + "/a").reason == "redirects"
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://example.org/a", "http://a:b@example.org/", "javascript:1", "",
     "http://2130706433/", "http://[::1%25lo]/", "//[", "http://exa\\mple.org/", "data:text/html,x",
     "gopher://127.0.0.1:70/", "HTTP://"],
)  # fmt: skip
def test_a_redirection_to_what_is_no_web_address_is_refused(
    server: FetchServer, location: str
) -> None:
    server.page("/a", lambda exchange: exchange.redirect(location))
    assert refusal(server.root + "/a").reason == "redirect"
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [TEXT, TEXT.strip(), b"\n"])
def test_line_ends_after_a_body_mean_nothing(server: FetchServer, body: bytes) -> None:
    page = server.page("/a.txt", lambda x: x.answer(body + b"\r\n", "200 OK", len(body)))
    assert local(page).body == body


def endless_headers(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    for n in itertools.count():
        exchange.send(b"X-%d: %s\r\n" % (n, b"a" * 1_000))


def bad(data: bytes) -> Page:
    return lambda exchange: exchange.send(data)


GZIPPED = gzip.compress(TEXT * 50)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (endless_headers, "bad_answer"),
        (bad(b""), "bad_answer"),
        (bad(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_answer"),
        (bad(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc"), "bad_answer"),
        (lambda x: x.answer(TEXT, Content_Encoding="br"), "bad_answer"),
        (lambda x: x.answer(b"\x1f\x8bnonsense", Content_Encoding="gzip"), "bad_answer"),
        (lambda x: x.answer(TEXT, "200 OK", len(TEXT) + 10), "cut_off"),
        (lambda x: x.answer(TEXT, "200 OK", len(TEXT) - 10), "cut_off"),
        (lambda x: x.answer(GZIPPED[:-12], Content_Encoding="gzip"), "cut_off"),
        (bad(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"), "cut_off"),
        (lambda x: x.answer(b"", "404 Not Found"), "http_status"),
        (lambda x: x.answer(b"", "429 Too Many Requests"), "http_status"),
        (lambda x: x.answer(b"", "500 Internal Server Error"), "http_status"),
        (lambda x: x.answer(b"", "799 Strange"), "http_status"),
        (lambda x: x.answer(b"", "204 No Content", -1), "http_status"),
        (lambda x: x.answer(b"", "304 Not Modified"), "http_status"),
        (lambda x: x.answer(TEXT, "206 Partial Content"), "http_status"),
    ],
)
def test_a_false_answer_is_refused_with_its_cause(
    server: FetchServer, page: Page, reason: Reason
) -> None:
    assert refusal(server.page("/a.txt", page)).reason == reason


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", GZIPPED),
        ("x-gzip", GZIPPED),
        ("gzip", gzip.compress(TEXT) + gzip.compress(TEXT * 49)),
        ("deflate", zlib.compress(TEXT * 50)),
        ("deflate", zlib.compress(TEXT * 50)[2:-4]),
    ],
)
def test_what_comes_packed_is_unpacked(server: FetchServer, coding: str, body: bytes) -> None:
    assert local(server.body("/a.txt", body, Content_Encoding=coding)).body == TEXT * 50


@pytest.mark.parametrize("path", ["/报告 1.txt", "/" + quote("报告 1.txt")])
def test_addresses_of_any_letters_are_asked_for(server: FetchServer, path: str) -> None:
    server.body("/" + quote("报告 1.txt"), TEXT)
    assert local(server.root + path).name == "报告 1.txt"
