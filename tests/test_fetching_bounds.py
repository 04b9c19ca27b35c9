"""What takes too long or is too large is cut off, whatever the server does."""

from __future__ import annotations

import gzip
import itertools
import time
from collections.abc import Iterator

import pytest

from ingest.fetching import FetchLimits, fetch
from ingest.refusing import DocumentError

from .fetch_server import Exchange, FetchServer, Page

SMALL = FetchLimits(bytes=100_000, seconds=5.0)
SHORT = FetchLimits(bytes=100_000, seconds=0.6)


@pytest.fixture
def server() -> Iterator[FetchServer]:
    with FetchServer() as server:
        yield server


def refusal(address: str, limits: FetchLimits = SMALL) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        fetch(address, limits, allow_private=True)
    return caught.value


def late_headers(exchange: Exchange) -> None:
    exchange.stall()


def late_body(exchange: Exchange) -> None:
    exchange.answer(b"begun", "200 OK", 50)
    exchange.stall()


def dripping_headers(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1_000)


def dripping_body(exchange: Exchange) -> None:
    exchange.answer(b"", "200 OK", 1_000)
    exchange.drip(b"a" * 1_000)


def endless_redirect_drip(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 302 Found\r\nLocation: /x" + b"x" * 1_000)


def endless_early_answers(exchange: Exchange) -> None:
    while not exchange.closing.wait(0.02):
        exchange.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")


@pytest.mark.parametrize(
    "page",
    [late_headers, late_body, dripping_headers, dripping_body, endless_redirect_drip,
     endless_early_answers],
)  # fmt: skip
def test_what_takes_too_long_is_cut_off(server: FetchServer, page: Page) -> None:
    address = server.page("/slow.txt", page)
    began = time.monotonic()
    assert refusal(address, SHORT).reason == "fetch_time"
    assert 0.5 < time.monotonic() - began < 2.0


def test_slow_redirections_share_one_time(server: FetchServer) -> None:
    def late(exchange: Exchange) -> None:
        exchange.closing.wait(0.25)
        exchange.redirect(f"/{int(exchange.asked.path[1:]) + 1}")

    for n in range(4):
        server.page(f"/{n}", late)
    assert refusal(server.root + "/0", SHORT).reason == "fetch_time"


def endless_body(exchange: Exchange) -> None:
    exchange.answer(b"", "200 OK", -1)
    for _ in itertools.count():
        exchange.send(b"a" * 65_536)


def endless_chunks(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in itertools.count():
        exchange.send(b"10;" + b"x" * 5_000 + b"\r\n" + b"a" * 16 + b"\r\n")


def test_what_is_no_body_counts_too(server: FetchServer) -> None:
    sent = 0

    def padded_chunks(exchange: Exchange) -> None:
        nonlocal sent
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            exchange.send(b"1;" + b"x" * 50_000 + b"\r\na\r\n")
            sent += 50_000

    assert refusal(server.page("/a.txt", padded_chunks)).reason == "too_large"
    assert sent < 20_000_000  # the rest of it lies in the buffers of both machines


def announced(exchange: Exchange) -> None:
    exchange.answer(b"", "200 OK", 100_001)
    exchange.stall()


def bomb(exchange: Exchange) -> None:
    exchange.answer(gzip.compress(bytes(30_000_000)), Content_Encoding="gzip")


@pytest.mark.parametrize("page", [endless_body, endless_chunks, announced, bomb])
def test_what_is_too_large_is_cut_off(server: FetchServer, page: Page) -> None:
    error = refusal(server.page("/large.txt", page))
    assert error.reason == "too_large"
    assert "0.1 MB" in error.said("en")


def test_a_body_of_just_the_limit_is_taken(server: FetchServer) -> None:
    exact = server.body("/a.txt", b"a" * 100_000)
    assert len(fetch(exact, SMALL, allow_private=True).body) == 100_000
    assert refusal(server.body("/b.txt", b"a" * 100_001)).reason == "too_large"
