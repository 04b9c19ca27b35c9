"""Where requests come from, under which name, and where a login leads."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.gate import warn_if_open
from web.origins import client_of, local_path


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("/run/socket", "", True),
    ],
)
def test_clients_are_told_apart_by_what_one_person_can_have(
    one: str, other: str, same: bool
) -> None:
    first, second = ({"client": (address, 1)} for address in (one, other))
    assert (client_of(first) == client_of(second)) == same


def as_a_browser_reads(path: str) -> str:
    """The host that a browser would go to from http://here (WHATWG's URL standard, in short)."""
    stripped = path.strip("".join(map(chr, range(33))))
    flat = re.sub(r"[\t\n\r]", "", stripped).replace("\\", "/")
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", flat):
        return "elsewhere"
    return urlsplit(f"http:{flat}").netloc if flat.startswith("//") else "here"


ODD = st.text(alphabet="/\\.:@?#%aA \t\r\n\0\x85\u2028。／evilhttps", max_size=12)


@given(path=st.one_of(st.text(), ODD, ODD.map(lambda rest: f"/{rest}")))
def test_a_login_never_leads_to_another_site(path: str) -> None:
    found = local_path(path)
    assert as_a_browser_reads(found) == "here"
    assert found.startswith("/")
    assert found.isascii()
    assert found.isprintable()


@pytest.mark.parametrize("path", ["/", "/read/a%20b?x=1&y=%2F#p-3", "/?q=$1", "/login-help"])
def test_a_path_of_this_server_stays_as_it_is(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "8.8.8.8", "no.such.invalid", ""])
def test_a_server_that_others_reach_warns_until_a_password_is_set(host: str) -> None:
    assert "ASSISTANT_PASSWORD" in warn_if_open(host, "")
    assert warn_if_open(host, "secret") == ""
