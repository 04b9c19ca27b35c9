"""What is asked for again, what lies on private networks, and whom a connection is made to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from ingest.addresses import is_public
from ingest.fetching import Fetched, FetchLimits, fetch
from ingest.refusing import DocumentError

from .fetch_server import PUBLIC_IP, Exchange, FakeInternet, FetchServer, ipv6_server, self_signed

TEXT = "# 报告\n\n2015年共有636家企业。\n".encode()
SMALL = FetchLimits(bytes=100_000, seconds=5.0, connect_seconds=2.0)


@pytest.fixture
def server() -> Iterator[FetchServer]:
    with FetchServer() as server:
        server.body("/t.txt", TEXT)
        yield server


def local(address: str, known: Fetched | None = None) -> Fetched:
    return fetch(address, SMALL, allow_private=True, known=known)


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
    again = local(address, known=known)
    assert again.not_modified
    assert (again.sha256, again.etag, again.name) == (known.sha256, '"2"', "t.txt")
    assert local(address, known=replace(known, etag="", last_modified="")).body == TEXT


def test_only_where_the_content_came_from_is_told_what_is_known(server: FetchServer) -> None:
    server.page("/start", lambda exchange: exchange.redirect("/t.txt"))
    server.page("/t.txt", unchanged)
    known = local(server.root + "/start")
    server.asked.clear()
    assert local(server.root + "/start", known=known).not_modified
    assert ["if-none-match" in asked.headers for asked in server.asked] == [False, True]


def test_an_answer_to_a_question_that_was_not_asked_is_refused(server: FetchServer) -> None:
    known = replace(local(server.root + "/t.txt"), etag="", last_modified="")
    server.page("/t.txt", lambda exchange: exchange.answer(b"", "304 Not Modified", -1))
    with pytest.raises(DocumentError) as caught:
        local(server.root + "/t.txt", known=known)
    assert caught.value.reason == "http_status"


def test_a_validator_that_would_add_a_header_is_not_sent(server: FetchServer) -> None:
    address = server.page("/t.txt", unchanged)
    known = replace(local(address), etag='"1"\r\nX-Evil: 1')
    assert local(address, known=known).body == TEXT
    assert "x-evil" not in server.asked[-1].headers


def reason(address: str, internet: FakeInternet | None = None, *, private: bool = False) -> str:
    network = internet.network if internet else None
    with pytest.raises(DocumentError) as caught:
        fetch(address, SMALL, allow_private=private, network=network)
    return caught.value.reason


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_nothing_on_this_machine_is_fetched_unless_it_may(server: FetchServer, host: str) -> None:
    address = f"http://{host}:{server.port}/t.txt"
    with pytest.raises(DocumentError) as caught:
        fetch(address, SMALL)
    assert caught.value.reason == "private_address"
    assert "--allow-private" in caught.value.said("zh")
    assert not server.asked


def test_a_public_address_is_fetched_from_what_its_name_stands_for(server: FetchServer) -> None:
    assert is_public(ip_address(PUBLIC_IP))
    internet = FakeInternet(server, {"example.org": [[PUBLIC_IP]]})
    got = fetch("http://Example.org.:8080/t.txt", SMALL, network=internet.network)
    assert got.body == TEXT
    assert internet.connected == [PUBLIC_IP]
    assert server.asked[-1].headers["host"] == "example.org:8080"


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(
    server: FetchServer,
) -> None:
    internet = FakeInternet(server, {"example.org": [[PUBLIC_IP], ["127.0.0.1"]]})
    assert fetch("http://example.org/t.txt", SMALL, network=internet.network).body == TEXT
    assert internet.connected == [PUBLIC_IP]


def test_each_hop_is_resolved_and_checked_anew(server: FetchServer) -> None:
    server.page("/a", lambda exchange: exchange.redirect("/t.txt"))
    internet = FakeInternet(server, {"example.org": [[PUBLIC_IP], ["127.0.0.1"]]})
    assert reason("http://example.org/a", internet) == "private_address"
    assert internet.connected == [PUBLIC_IP]
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "inside",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.100.100.200", "::1", "fe80::1%lo",
     "fd00:ec2::254", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "0.0.0.0", "::"],
)  # fmt: skip
@pytest.mark.parametrize("beside", [[], [PUBLIC_IP]])
def test_a_name_that_also_leads_inside_is_refused_whole(
    server: FetchServer, inside: str, beside: list[str]
) -> None:
    internet = FakeInternet(server, {"example.org": [[*beside, inside]]})
    assert reason("http://example.org/t.txt", internet) == "private_address"
    assert not internet.connected


@pytest.mark.parametrize("target", ["http://10.0.0.1/", "http://[fe80::1]/", "//localhost/x"])
def test_a_redirection_inside_is_refused(server: FetchServer, target: str) -> None:
    server.page("/a", lambda exchange: exchange.redirect(target))
    internet = FakeInternet(
        server, {"example.org": [[PUBLIC_IP]], "localhost": [["::1", "127.0.0.1"]]}
    )
    assert reason("http://example.org/a", internet) == "private_address"
    assert internet.connected == [PUBLIC_IP]


def test_a_server_is_tried_at_each_of_its_addresses(server: FetchServer) -> None:
    other = "93.184.216.35"
    internet = FakeInternet(server, {"example.org": [[other, PUBLIC_IP]]}, silent=[other])
    assert fetch("http://example.org/t.txt", SMALL, network=internet.network).body == TEXT
    assert internet.connected == [other, PUBLIC_IP]


def test_who_cannot_be_reached_is_told_apart_from_who_is_not_known(server: FetchServer) -> None:
    internet = FakeInternet(
        server, {"example.org": [[PUBLIC_IP]], "a.org": [[]]}, silent=[PUBLIC_IP]
    )
    assert reason("http://example.org/", internet) == "unreachable"
    assert reason("http://nowhere.org/", internet) == "unknown_host"
    assert reason("http://a.org/", internet) == "unknown_host"


def test_a_resolver_that_never_answers_is_left_behind(server: FetchServer) -> None:
    internet = FakeInternet(server, {"example.org": [[PUBLIC_IP]]}, slow_s=20.0)
    limits = replace(SMALL, connect_seconds=0.2)
    with pytest.raises(DocumentError) as caught:
        fetch("http://example.org/", limits, network=internet.network)
    assert caught.value.reason == "unreachable"


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with FetchServer() as server:
        address = server.root
    assert reason(address, private=True) == "unreachable"


def test_ipv6_is_spoken() -> None:
    with ipv6_server() as server:
        if server is None:
            pytest.skip("this machine has no IPv6")
        assert local(server.body("/t.txt", TEXT)).body == TEXT
        assert server.asked[-1].headers["host"] == f"[::1]:{server.port}"
        assert reason(server.root + "/t.txt") == "private_address"


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with FetchServer(certificate=self_signed(tmp_path)) as server:
        assert reason(server.body("/t.txt", TEXT), private=True) == "insecure"


def test_a_server_without_encryption_is_told_as_insecure(server: FetchServer) -> None:
    address = server.root.replace("http:", "https:")
    assert reason(address, private=True) == "insecure"


@pytest.mark.parametrize("ip", ["127.0.0.1", "127.0.0.2"])
def test_a_certificate_is_trusted_for_its_own_address_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ip: str
) -> None:
    path = self_signed(tmp_path, ip)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with FetchServer(certificate=path) as server:
        address = server.body("/t.txt", TEXT)
        if ip == "127.0.0.1":
            assert local(address).body == TEXT
        else:
            assert reason(address, private=True) == "insecure"


def test_limits_hold_behind_encryption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with FetchServer(certificate=path) as server:
        address = server.page("/t.txt", lambda exchange: exchange.stall())
        with pytest.raises(DocumentError) as caught:
            fetch(address, replace(SMALL, seconds=0.5), allow_private=True)
    assert caught.value.reason == "fetch_time"


def test_nobody_is_led_from_protection_to_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FetchServer
) -> None:
    path = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with FetchServer(certificate=path) as secure:
        plain = server.root + "/t.txt"
        address = secure.page("/a", lambda exchange: exchange.redirect(plain))
        assert reason(address, private=True) == "downgrade"
        assert not server.asked
        up = server.page("/up", lambda exchange: exchange.redirect(secure.body("/t.txt", TEXT)))
        assert local(up).final == secure.root + "/t.txt"
