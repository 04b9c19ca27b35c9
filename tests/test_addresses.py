"""Which addresses are taken, in what form, and which of the Internet's are public."""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch.addresses import is_public, parse_address
from ingest.refusing import DocumentError

IPV4 = st.integers(0, 2**32 - 1).map(IPv4Address)
IPV6 = st.integers(0, 2**128 - 1).map(IPv6Address)
NOT_PUBLIC = IPV4.filter(lambda ip: not is_public(ip)) | st.sampled_from(
    [IPv4Address(text) for text in "127.0.0.1 10.0.0.1 169.254.169.254 100.100.100.200".split()]
)
ODD = st.text(alphabet="/\\.:@?#%aA09x[]- \t\r\n\0\x85。．１é中\u202e\u200b", max_size=24)
REFUSED = """file:///etc/passwd
ftp://example.org/ javascript:alert(1) data:text/html,x gopher://a/ //a/b
example.org http: http:// https:///a http:a.org http:/a.org http://?a http://:80/ http://@/
http://user@example.org/ http://user:pass@example.org/ http://example.org@127.0.0.1/
http://example.org:pass@127.0.0.1/ http://example.org\\@127.0.0.1/ http://a\\b/
http://example.org:0/ http://example.org:22/ http://example.org:25/ http://example.org:65536/
http://example.org:8a/ http://example.org:８０/ http://example.org:80:80/ http://a:-1/
http://2130706433/ http://0x7f000001/ http://0177.0.0.1/ http://0x7f.0.0.1/ http://127.1/
http://127.0.1/ http://0/ http://127.0.0.1.1/ http://256.0.0.1/ http://1.2.3.08/ http://0x/
http://１２７.1/ http://%31%32%37.0.0.1/ http://example%2eorg/ http://a..b/ http://.a/ http://../
http://[::1 http://::1/ http://[::1%25lo]/ http://[fe80::1%eth0]/ http://[v1.a]/ http://[]/
http://[127.0.0.1]/ http://[::1]a/ http://a[::1]/ http://[[::1]]/ http://-a.org/ http://a-/
http://a,b/ http://a;b/ http://a'b/ http://xn--.com/é@ http://é­:a/ http://a*b/"""


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("https://example.org", "https://example.org/"),
        ("  HTTPS://Example.ORG.:443/A%20b?q=1#top\n", "https://example.org/A%20b?q=1"),
        ("http://example.org:80?x", "http://example.org/?x"),
        ("http://example.org:8080/a b", "http://example.org:8080/a%20b"),
        ("http://example.org:/", "http://example.org/"),
        ("http://www.同济大学.cn/报告.pdf?名=值", "http://www.xn--dqrs2jk2b315a.cn/"
         "%E6%8A%A5%E5%91%8A.pdf?%E5%90%8D=%E5%80%BC"),
        ("http://bücher.example。com/100%", "http://xn--bcher-kva.example.com/100%25"),
        ("http://[2606:4700::00:1111]:8080/", "http://[2606:4700::1111]:8080/"),
        ("http://8.8.8.8./", "http://8.8.8.8/"),
        ("http://８.８.８.８/", "http://8.8.8.8/"),
        ("http://my_host/", "http://my_host/"),
        ("http://example.org/?to=http://a:b@c/", "http://example.org/?to=http://a:b@c/"),
    ],
)  # fmt: skip
def test_an_address_has_one_plain_form(given: str, plain: str) -> None:
    assert str(parse_address(given)) == plain


@pytest.mark.parametrize(
    "address",
    [
        *REFUSED.split(),
        *("http://a.org/\r\nX: 1", "http://a.org/\0", "http://a\t.org/", "http://a b.org/"),
        *("http://" + "a" * 64 + ".org/", "http://" + "a." * 127 + "org/"),
        "http://a.org/" + "b" * 2_000,
    ],
)
def test_what_is_no_plain_web_address_is_refused(address: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_address(address)
    assert caught.value.reason == "address"
    assert "https://" in caught.value.said("zh")


@given(text=st.one_of(ODD, ODD.map(lambda rest: f"http://{rest}"), st.text(max_size=30)))
def test_whatever_is_taken_means_one_thing_to_everybody(text: str) -> None:
    try:
        found = parse_address(text)
    except DocumentError:
        return
    plain = str(found)
    assert parse_address(plain) == found
    assert re.fullmatch(r"[!-~]+", plain)
    assert found.scheme in ("http", "https")
    parts = urlsplit(plain)
    assert (parts.hostname, parts.username) == (found.host, None)
    assert (parts.port or {"http": 80, "https": 443}[found.scheme]) == found.port
    assert not set(found.host) & set("/?#@%\\[]")


@given(ip=IPV4 | IPV6 | IPV6.map(lambda ip: IPv6Address(int(ip) >> 3 | 1 << 125)))
def test_nothing_is_public_that_python_knows_as_special(ip: IPv4Address | IPv6Address) -> None:
    special = (
        not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local
        or ip.is_unspecified or ip.is_private
    )  # fmt: skip
    mapped = isinstance(ip, IPv6Address) and ip.ipv4_mapped
    assert not (is_public(ip) and special and not mapped)


@pytest.mark.parametrize(
    "ip",
    """0.0.0.0 0.1.2.3 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254
    168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.168.0.1 198.18.0.1
    224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 fe80::1 fe80::1%eth0 fc00::1
    fd00:ec2::254 fec0::1 ff02::1 2001:db8::1 2001::1 3fff::1 5f00::1 100::1 ::ffff:127.0.0.1
    ::127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::
    2606:4700::1111%eth0""".split(),
)
def test_special_networks_are_not_public(ip: str) -> None:
    assert not is_public(ipaddress.ip_address(ip))


@pytest.mark.parametrize(
    "ip",
    """1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.167.1.1 192.169.1.1
    223.255.255.255 2606:4700::1111 2400:3200::1 2a00:1450::1 64:ff9b::808:808 ::ffff:8.8.8.8
    2002:808:808::1""".split(),
)
def test_their_neighbours_are(ip: str) -> None:
    assert is_public(ipaddress.ip_address(ip))


def test_a_password_is_not_shown() -> None:
    with pytest.raises(DocumentError) as caught:
        parse_address("https://me:secret@example.org/a")
    assert "https://…@example.org/a" in caught.value.said("en")
    assert "secret" not in caught.value.said("en")
