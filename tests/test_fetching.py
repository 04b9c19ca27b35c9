"""Fetching from a real server on this machine that redirects, lies, stalls and never ends."""

from __future__ import annotations

import gzip
import itertools
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from assistant.types import LANGUAGES
from ingest import DocumentError
from ingest.fetch.fetching import Fetched, FetchLimits, fetch

from .fetch_server import (
    PUBLIC_IP,
    Exchange,
    FakeInternet,
    FetchServer,
    Page,
    self_signed,
)

TEXT = "# 报告\n\n2015年共有636家企业。\n".encode()
GZIPPED = gzip.compress(TEXT * 50)
SMALL = FetchLimits(bytes=100_000, seconds=5.0, connect_seconds=2.0)
SHORT = replace(SMALL, seconds=0.6)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def server() -> Iterator[FetchServer]:
    with FetchServer() as server:
        server.body("/t.txt", TEXT)
        yield server


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FetchServer]:
    """A server whose certificate is trusted."""
    path = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with FetchServer(certificate=path) as server:
        yield server


def local(address: str, known: Fetched | None = None, limits: FetchLimits = SMALL) -> Fetched:
    return fetch(address, limits, allow_private=True, known=known)


def refusal(address: str, **more: Any) -> DocumentError:
    """Why an address is not fetched, from this machine too unless told otherwise."""
    with pytest.raises(DocumentError) as caught:
        fetch(address, **dict[str, Any](limits=SMALL, allow_private=True) | more)
    for language in LANGUAGES:
        assert address in caught.value.said(language)
    return caught.value


def from_outside(address: str, internet: FakeInternet) -> str:
    return refusal(address, allow_private=False, network=internet.network).reason


# What is asked and kept


def test_a_document_is_fetched_with_all_that_is_kept_of_it(server: FetchServer) -> None:
    modified = "Thu, 05 Mar 2015 09:00:00 GMT"
    headers = {"Content_Type": "Text/Markdown; charset=GBK", "ETag": '"1"'}
    address = server.body("/a/报告 1.md".replace("报告 1", quote("报告 1")), TEXT, **headers,
                          Last_Modified=modified)  # fmt: skip
    got = local(address + "#top")
    assert (got.body, got.name) == (TEXT, "报告 1.md")
    assert (got.address, got.final) == (address + "#top", address)
    assert (got.charset, got.etag, got.last_modified) == ("gbk", '"1"', modified)
    assert not got.not_modified
    assert got.fetched.endswith("+00:00")
    assert local(server.root + "/a/报告 1.md").body == TEXT


def test_the_request_is_plain_and_names_the_project(
    server: FetchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.page("/start", lambda x: x.answer(b"", "302 Found", Location="/t.txt", Set_Cookie="a=1"))
    local(server.root + "/start")
    headers = server.asked[-1].headers
    assert set(headers) == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert headers["user-agent"].startswith("report-assistant/")
    assert headers["host"] == server.root.removeprefix("http://")


def unchanged(exchange: Exchange) -> None:
    asked = exchange.asked.headers
    if '"1"' in asked.get("if-none-match", "") or "if-modified-since" in asked:
        exchange.answer(b"", "304 Not Modified", -1, ETag='"2"')
    else:
        exchange.answer(TEXT, ETag='"1"')


@pytest.mark.parametrize(("etag", "date"), [('"1"', ""), ("", "Thu, 05 Mar 2015 09:00:00 GMT")])
def test_what_has_not_changed_is_not_sent_again(server: FetchServer, etag: str, date: str) -> None:
    address = server.page("/t.txt", unchanged)
    known = replace(local(address), body=b"", etag=etag, last_modified=date)
    again = local(address, known)
    assert again.not_modified
    assert (again.sha256, again.etag, again.name) == (known.sha256, '"2"', "t.txt")
    assert local(address, replace(known, etag="", last_modified="")).body == TEXT
    # A validator that would add a header is not sent; nor is one to whom it does not belong.
    local(address, replace(known, etag='"1"\r\nX-Evil: 1', last_modified=""))
    server.page("/start", lambda exchange: exchange.redirect("/t.txt"))
    assert local(server.root + "/start", known).not_modified
    assert [set(a.headers) & {"x-evil", "if-none-match", "if-modified-since"} != set()
            for a in server.asked[-3:]] == [False, False, True]  # fmt: skip


# Redirections


@pytest.mark.parametrize("location", ["/b/t.txt?x=1", "b/t.txt?x=1", "//{host}/b/t.txt?x=1"])
def test_redirections_are_followed(server: FetchServer, location: str) -> None:
    location = location.format(host=server.root.removeprefix("http://"))
    server.page("/start", lambda exchange: exchange.redirect(location, "308 Keep"))
    server.body("/b/t.txt", TEXT)
    got = local(server.root + "/start")
    assert (got.body, got.final) == (TEXT, f"{server.root}/b/t.txt?x=1")


def test_five_redirections_are_followed_and_no_sixth_nor_a_loop(server: FetchServer) -> None:
    def onward(exchange: Exchange) -> None:
        exchange.redirect(f"/{int(exchange.asked.path[1:]) + 1}")

    for n in range(6):
        server.page(f"/{n}", onward)
    server.body("/6", TEXT)
    assert local(server.root + "/1").body == TEXT
    assert refusal(server.root + "/0").reason == "redirects"
    server.page("/a", lambda exchange: exchange.redirect("/b"))
    server.page("/b", lambda exchange: exchange.redirect("/a#again"))
    server.asked.clear()
    assert refusal(server.root + "/a").reason == "redirects"
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "http://a:b@example.org/", "javascript:1", "", "http://2130706433/",
     "http://[::1%25lo]/", "//[", "http://exa\\mple.org/", "HTTP://"],
)  # fmt: skip
def test_a_redirection_to_what_is_no_web_address_is_refused(
    server: FetchServer, location: str
) -> None:
    server.page("/a", lambda exchange: exchange.redirect(location))
    assert refusal(server.root + "/a").reason == "redirect"
    assert len(server.asked) == 1


# What a server answers


def endless_headers(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    for n in itertools.count():
        exchange.send(b"X-%d: %s\r\n" % (n, b"a" * 1_000))


def endless_body(exchange: Exchange) -> None:
    exchange.answer(b"", "200 OK", -1)
    while True:
        exchange.send(b"a" * 65_536)


def endless_chunks(exchange: Exchange) -> None:
    """Mostly what is no part of a body, which counts too."""
    exchange.send(CHUNKED)
    while True:
        exchange.send(b"1;" + b"x" * 50_000 + b"\r\na\r\n")


def announced(exchange: Exchange) -> None:
    exchange.answer(b"", "200 OK", 100_001)
    exchange.stall()


def says(data: bytes) -> Page:
    return lambda exchange: exchange.send(data)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (endless_headers, "bad_answer"),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_answer"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc"), "bad_answer"),
        (lambda x: x.answer(TEXT, Content_Encoding="br"), "bad_answer"),
        (lambda x: x.answer(b"\x1f\x8bnonsense", Content_Encoding="gzip"), "bad_answer"),
        (lambda x: x.answer(TEXT, "200 OK", len(TEXT) + 10), "cut_off"),
        (lambda x: x.answer(TEXT, "200 OK", len(TEXT) - 10), "cut_off"),
        (lambda x: x.answer(GZIPPED[:-12], Content_Encoding="gzip"), "cut_off"),
        (says(CHUNKED + b"5\r\nabcde\r\n"), "cut_off"),
        (lambda x: x.answer(b"", "404 Not Found"), "http_status"),
        (lambda x: x.answer(b"", "799 Strange"), "http_status"),
        (lambda x: x.answer(b"", "304 Not Modified"), "http_status"),
        (endless_body, "too_large"),
        (endless_chunks, "too_large"),
        (announced, "too_large"),
        (lambda x: x.answer(gzip.compress(bytes(9_000_000)), Content_Encoding="gzip"), "too_large"),
    ],
)
def test_a_false_or_endless_answer_is_refused_with_its_cause(
    server: FetchServer, page: Page, reason: str
) -> None:
    error = refusal(server.page("/a.txt", page))
    assert error.reason == reason
    assert reason != "too_large" or "0.1 MB" in error.said("en")


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", GZIPPED), ("x-gzip", GZIPPED), ("deflate", zlib.compress(TEXT * 50)),
     ("", TEXT * 50), ("identity", TEXT * 50)],
    ids=["gzip", "x-gzip", "deflate", "none", "identity"],
)  # fmt: skip
def test_what_comes_packed_is_unpacked(server: FetchServer, coding: str, body: bytes) -> None:
    assert local(server.body("/a.txt", body, Content_Encoding=coding)).body == TEXT * 50


def late_redirects(exchange: Exchange) -> None:
    exchange.closing.wait(0.25)
    exchange.redirect(f"/slow.txt?{len(exchange.asked.path)}{exchange.asked.path[-3:]}")


def endless_early_answers(exchange: Exchange) -> None:
    while not exchange.closing.wait(0.02):
        exchange.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")


@pytest.mark.parametrize(
    "page",
    [late_redirects, endless_early_answers, lambda exchange: exchange.stall()],
)
def test_what_takes_too_long_is_cut_off(server: FetchServer, page: Page) -> None:
    address = server.page("/slow.txt", page)
    began = time.monotonic()
    assert refusal(address, limits=SHORT).reason == "fetch_time"
    assert 0.5 < time.monotonic() - began < 4.0


# Whom a connection is made to


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_nothing_on_this_machine_is_fetched_unless_it_may(server: FetchServer, host: str) -> None:
    error = refusal(f"http://{host}:{server.port}/t.txt", allow_private=False)
    assert error.reason == "private_address"
    assert "--allow-private" in error.said("zh")
    assert not server.asked


def test_a_name_is_connected_to_where_it_was_checked(server: FetchServer) -> None:
    internet = FakeInternet(server, {"example.org": [[PUBLIC_IP], ["127.0.0.1"]]})
    got = fetch("http://Example.org.:8080/t.txt", SMALL, network=internet.network)
    assert got.body == TEXT
    assert internet.connected == [PUBLIC_IP]
    assert server.asked[-1].headers["host"] == "example.org:8080"


@pytest.mark.parametrize(
    "inside",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.100.100.200", "::1", "fe80::1%lo",
     "fd00:ec2::254", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "0.0.0.0", "::"],
)  # fmt: skip
def test_a_name_that_also_leads_inside_is_refused_whole(server: FetchServer, inside: str) -> None:
    for answers in ([inside], [PUBLIC_IP, inside]):
        internet = FakeInternet(server, {"example.org": [answers]})
        assert from_outside("http://example.org/t.txt", internet) == "private_address"
        assert not internet.connected


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "http://[fe80::1]/", "//localhost/x", "/t.txt"]
)
def test_each_hop_is_resolved_and_checked_anew(server: FetchServer, target: str) -> None:
    server.page("/a", lambda exchange: exchange.redirect(target))
    names = {"example.org": [[PUBLIC_IP], ["127.0.0.1"]], "localhost": [["::1", "127.0.0.1"]]}
    internet = FakeInternet(server, names)
    assert from_outside("http://example.org/a", internet) == "private_address"
    assert internet.connected == [PUBLIC_IP]
    assert len(server.asked) == 1


def test_who_cannot_be_reached_is_told_apart_from_who_is_not_known(server: FetchServer) -> None:
    other = "93.184.216.35"
    names: dict[str, list[list[str]]] = {"a.org": [[other]], "b.org": [[]]}
    names["example.org"] = [[other, PUBLIC_IP]]
    internet = FakeInternet(server, names, silent=[other])
    # A server is tried at each of its addresses.
    assert fetch("http://example.org/t.txt", SMALL, network=internet.network).body == TEXT
    assert internet.connected == [other, PUBLIC_IP]
    assert from_outside("http://a.org/", internet) == "unreachable"
    assert from_outside("http://b.org/", internet) == "unknown_host"
    assert from_outside("http://nowhere.org/", internet) == "unknown_host"
    slow = FakeInternet(server, {"example.org": [[PUBLIC_IP]]}, slow_s=20.0)
    limits = replace(SMALL, connect_seconds=0.2)
    error = refusal("http://example.org/", limits=limits, network=slow.network)
    assert error.reason == "unreachable"


# Encryption


def test_a_connection_that_cannot_be_trusted_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FetchServer
) -> None:
    path = self_signed(tmp_path, "127.0.0.2")
    with FetchServer(certificate=path) as other:
        address = other.body("/t.txt", TEXT)
        assert refusal(address).reason == "insecure"  # nobody vouches for it
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        assert refusal(address).reason == "insecure"  # it is another's
    assert refusal(server.root.replace("http:", "https:")).reason == "insecure"


def test_limits_hold_behind_encryption_and_nobody_is_led_out_of_it(
    secure: FetchServer, server: FetchServer
) -> None:
    assert local(secure.body("/t.txt", TEXT)).body == TEXT
    slow = secure.page("/slow", lambda exchange: exchange.stall())
    assert refusal(slow, limits=SHORT).reason == "fetch_time"
    down = secure.page("/a", lambda exchange: exchange.redirect(server.root + "/t.txt"))
    assert refusal(down).reason == "downgrade"
    assert not server.asked
    up = server.page("/up", lambda exchange: exchange.redirect(secure.root + "/t.txt"))
    assert local(up).final == secure.root + "/t.txt"
