"""What stands before the web server: password, cookie, guessing, foreign pages, names, headers."""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from assistant import Settings
from assistant.errors import SettingsError
from assistant.evaluation.kept import public_settings
from assistant.web.attempts import EVERYBODY, ONE_CLIENT, Attempts
from assistant.web.credentials import LIFETIME_S, Credentials
from assistant.web.gate import Gate, warn_if_open
from assistant.web.headers import POLICY
from assistant.web.login_page import SENTENCES
from assistant.web.origins import client_of, local_path

from .asgi_server import serving_app

PASSWORD = "pässwört 密码 & 100%+"
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
_addresses = itertools.count(1)


async def _inside(request: Request) -> Response:
    return PlainTextResponse(f"inside {request.url.path}")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("inside")
    await socket.close()


def inner() -> Starlette:
    """What the gate stands before."""
    methods = ["GET", "POST", "OPTIONS"]
    return Starlette(
        routes=[
            WebSocketRoute("/socket", _socket),
            Route("/{path:path}", _inside, methods=methods),
        ]
    )


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """A server that asks for the password."""
    with serving_app(Gate(inner(), PASSWORD, host="127.0.0.1")) as address:
        yield address


@pytest.fixture(scope="module")
def local() -> Iterator[str]:
    """A server without a password, on loopback."""
    app = Gate(inner(), "", host="127.0.0.1", allowed_hosts=["Report.example"])
    with serving_app(app) as address:
        yield address


@pytest.fixture(scope="module")
def known() -> Credentials:
    return Credentials(PASSWORD)


def client_at(address: str, **headers: str) -> httpx.Client:
    """A client with an address of its own: uvicorn believes what a proxy on this machine says."""
    number = next(_addresses)
    forwarded = {"X-Forwarded-For": f"10.0.{number // 250}.{number % 250}"}
    return httpx.Client(base_url=address, headers=forwarded | headers, trust_env=False)


@pytest.fixture
def client(guarded: str) -> Iterator[httpx.Client]:
    with client_at(guarded) as opened:
        yield opened


def bearer(password: str, host: str = "") -> httpx.Headers:
    authorization = (b"Authorization", b"Bearer " + password.encode())
    return httpx.Headers([authorization, *([(b"Host", host.encode())] if host else [])])


def log_in(client: httpx.Client, password: str = PASSWORD, **more: str) -> httpx.Response:
    return client.post("/login", data={"password": password, **more}, headers=PAGE)


def test_the_password_is_a_setting_that_nothing_prints_or_records() -> None:
    settings = Settings.load({"ASSISTANT_PASSWORD": "hush-hush"})
    assert settings.password == "hush-hush"
    assert "hush-hush" not in repr(settings)
    assert "hush-hush" not in json.dumps(public_settings(settings))
    assert settings.id == replace(settings, password="").id
    for password in (" hush-hush", "hush-hush\n", "hush-\0hush", "hush-\udcffhush"):
        with pytest.raises(SettingsError, match="ASSISTANT_PASSWORD") as refused:
            Settings(password=password)
        assert "hush" not in str(refused.value)


# ---- browsers and programs


def test_a_browser_logs_in_arrives_where_it_wanted_to_go_and_logs_out(
    client: httpx.Client,
) -> None:
    asked = client.get("/read/a%20b?at=3&q=%E6%9D%A5", headers=PAGE)
    assert asked.status_code == 303
    form = client.get(asked.headers["Location"], headers=PAGE)
    found = re.search(r'name="next" value="([^"]*)"', form.text)
    assert found is not None
    assert found[1] == "/read/a%20b?at=3&amp;q=%E6%9D%A5"
    entered = log_in(client, next=html.unescape(found[1]))
    assert entered.headers["Location"] == "/read/a%20b?at=3&q=%E6%9D%A5"
    parts = {part.strip().lower() for part in entered.headers["Set-Cookie"].split(";")[1:]}
    assert parts == {"httponly", "path=/", "samesite=lax", f"max-age={30 * 24 * 3600}"}
    assert client.get(entered.headers["Location"]).text == "inside /read/a b"
    assert client.get("/logout").headers["Location"] == "/login"
    assert client.get("/").status_code == 401


def test_a_cookie_is_good_for_thirty_days_across_restarts(known: Credentials) -> None:
    genuine = known.cookie(now=1000)
    assert Credentials(PASSWORD).is_cookie(genuine, now=1000 + LIFETIME_S - 1)
    assert not known.is_cookie(genuine, now=1000 + LIFETIME_S)
    assert not Credentials("another").is_cookie(genuine, now=1001)


@given(data=st.data())
def test_no_changed_cookie_is_taken(data: st.DataObject, known: Credentials) -> None:
    genuine = known.cookie(now=1000)
    kept = data.draw(st.integers(0, len(genuine)))
    skipped = data.draw(st.integers(0, 4))
    middle = data.draw(st.text(alphabet="0123456789abcdefABF.-+ ٣\xff", max_size=5))
    forged = genuine[:kept] + middle + genuine[kept + skipped :]
    assert known.is_cookie(forged, now=1001) == (forged == genuine)


def test_the_login_page_needs_no_script_takes_none_and_no_long_form(client: httpx.Client) -> None:
    page = client.get('/login?next=/"><script>alert(1)</script>', headers=PAGE)
    assert "<script" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha")
    assert log_in(client, "x" * 100_000).status_code == 413


def test_programs_send_the_password_or_are_told_in_one_sentence(client: httpx.Client) -> None:
    assert client.post("/ask", headers=bearer(PASSWORD)).text == "inside /ask"
    assert client.get("/ask", auth=("anybody", PASSWORD)).text == "inside /ask"
    for accept in ("*/*", "application/json", "text/event-stream"):
        refused = client.get("/v1/models", headers={"Accept": accept})
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        error = refused.json()["error"]
        assert error["type"] == "authentication_error"
        assert error["message"] == SENTENCES["en"]["missing"]
    for broken in (b"Bearer", b"Basic !", b"Basic cHc=", b"Bearer \xff\xfe"):
        refused = client.get("/ask", headers=[(b"Authorization", broken)])
        assert refused.json()["error"]["message"] == SENTENCES["en"]["wrong"]


@pytest.mark.parametrize(
    "path",
    ["/login/", "/login/../ask", "//login", "/LOGIN", "/login;a", "/logout/x", "/%2e/login", "/a"],
)
def test_nothing_else_is_reached_without_the_password(client: httpx.Client, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS", "PUT"):
        assert client.request(method, path).status_code == 401


# ---- guessing


def test_after_five_wrong_passwords_even_the_right_one_waits(client: httpx.Client) -> None:
    for _ in range(8):
        assert client.get("/ask").status_code == 401  # no guess
    for _ in range(5):
        assert log_in(client, "wrong").status_code == 401
    refused = log_in(client)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "Too many wrong passwords. Please try again in" in refused.text
    told = client.get("/ask", headers=bearer(PASSWORD))
    assert (told.status_code, told.json()["error"]["type"]) == (429, "rate_limit_error")


def test_who_is_logged_in_already_is_not_blocked(client: httpx.Client) -> None:
    log_in(client)
    for _ in range(6):
        log_in(client, "wrong")
    assert client.get("/").status_code == 200


def guess(tried: Attempts, client: str, seconds: range) -> int:
    """How many of the guesses, one a second, were heard."""
    heard = 0
    for now in seconds:
        if not tried.wait_s(client, now):
            tried.failed(client, now)
            heard += 1
    return heard


def test_one_address_and_all_together_have_so_many_guesses() -> None:
    assert guess(Attempts(), "a", range(60)) == 5
    assert guess(Attempts(), "a", range(3600)) == 30
    tried = Attempts()
    tried.succeeded("known")
    assert sum(guess(tried, f"a{i}", range(1)) for i in range(500)) == EVERYBODY[0]
    assert tried.wait_s("new", 30) == 30
    # Who once knew the password is held to the own bound alone.
    assert guess(tried, "known", range(30)) == ONE_CLIENT[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_clients_are_told_apart_by_what_one_person_can_have(
    one: str, other: str, same: bool
) -> None:
    first, second = ({"client": (address, 1)} for address in (one, other))
    assert (client_of(first) == client_of(second)) == same


# ---- where a login leads


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


# ---- pages of other sites, and other names


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_a_foreign_page_makes_nobodys_browser_send_anything(
    client: httpx.Client, headers: dict[str, str]
) -> None:
    log_in(client)
    for method, path in (("POST", "/login"), ("POST", "/ask"), ("GET", "/ask")):
        assert client.request(method, path, headers=headers).status_code == 403
    own = {"Origin": str(client.base_url).rstrip("/")}
    for allowed in (own, {"Sec-Fetch-Site": "same-origin"}):
        assert client.post("/ask", headers=allowed).status_code == 200


def test_a_web_socket_is_opened_neither_to_strangers_nor_to_foreign_pages(
    guarded: str, local: str
) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect
    from websockets.typing import Origin

    url = f"{guarded.replace('http', 'ws')}/socket"
    with pytest.raises(InvalidStatus) as refused, connect(url, proxy=None):
        pass
    assert refused.value.response.status_code == 401
    pair = base64.b64encode(f"a:{PASSWORD}".encode()).decode()
    with connect(url, proxy=None, additional_headers={"Authorization": f"Basic {pair}"}) as opened:
        assert opened.recv() == "inside"
    url, foreign = f"{local.replace('http', 'ws')}/socket", Origin("http://evil.example")
    with pytest.raises(InvalidStatus) as refused, connect(url, proxy=None, origin=foreign):
        pass
    assert refused.value.response.status_code == 403


def test_a_local_server_answers_to_local_names_and_no_others(local: str) -> None:
    ours = "localhost LOCALHOST. 127.0.0.1 127.9.9.9:80 [::1]:7860 report.example".split()
    for name in ours:
        assert httpx.get(local, headers={"Host": name}, trust_env=False).status_code == 200
    foreign = "evil.example localhost.evil.example 127.0.0.1.evil.example evil.example/localhost"
    foreign += " localhost@evil.example evil.example#@localhost 0.0.0.0:7860 192.168.0.7 [::1"
    for name in ["", *foreign.split()]:
        refused = httpx.get(local, headers={"Host": name}, trust_env=False)
        assert refused.status_code == 421
        assert "localhost or 127.0.0.1" in refused.json()["error"]["message"]


def test_without_a_password_everything_passes_and_others_in_reach_are_warned_of(local: str) -> None:
    for path in ("/", "/login", "/logout"):
        assert httpx.get(local + path, headers=PAGE, trust_env=False).text == f"inside {path}"
    for host in ("0.0.0.0", "::", "192.168.1.4", "no.such.invalid"):
        assert "ASSISTANT_PASSWORD" in warn_if_open(host, "")
        assert warn_if_open(host, "secret") == ""
    assert warn_if_open("localhost", "") == ""


# ---- headers, which hinder nothing: every test of the page shows that


def test_the_policy_names_no_other_host() -> None:
    sources = {word for directive in POLICY.split("; ") for word in directive.split()[1:]}
    kinds = {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert sources <= kinds
