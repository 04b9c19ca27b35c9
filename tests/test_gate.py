"""The gate before the web server: password, cookie, guessing, foreign pages and names."""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

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
from assistant.evaluation.provenance import public_settings
from web.credentials import LIFETIME_S, Credentials, sent_password
from web.gate import Gate
from web.login_page import SENTENCES

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


# ---- the setting ----


def test_the_password_is_a_setting_that_nothing_prints_or_records() -> None:
    settings = Settings.load({"ASSISTANT_PASSWORD": "hush-hush"})
    assert settings.password == "hush-hush"
    assert "hush-hush" not in repr(settings)
    assert "hush-hush" not in json.dumps(public_settings(settings))
    assert settings.id == replace(settings, password="").id


@pytest.mark.parametrize(
    "password", [" hush-hush", "hush-hush\n", "hush-\0hush", "hush-\udcffhush"]
)
def test_a_password_that_no_header_can_carry_is_refused_without_being_shown(password: str) -> None:
    with pytest.raises(SettingsError, match="ASSISTANT_PASSWORD") as refused:
        Settings(password=password)
    assert "hush" not in str(refused.value)


# ---- browsers ----


def test_a_browser_logs_in_and_arrives_where_it_wanted_to_go(client: httpx.Client) -> None:
    asked = client.get("/read/a%20b?at=3&q=%E6%9D%A5", headers=PAGE)
    assert asked.status_code == 303
    form = client.get(asked.headers["Location"], headers=PAGE)
    found = re.search(r'name="next" value="([^"]*)"', form.text)
    assert found is not None
    assert found[1] == "/read/a%20b?at=3&amp;q=%E6%9D%A5"
    entered = log_in(client, next=html.unescape(found[1]))
    assert (entered.status_code, entered.headers["Location"]) == (
        303,
        "/read/a%20b?at=3&q=%E6%9D%A5",
    )
    assert client.get(entered.headers["Location"]).text == "inside /read/a b"


def test_the_cookie_is_out_of_scripts_reach_and_ends_after_thirty_days(
    client: httpx.Client,
) -> None:
    parts = {part.strip().lower() for part in log_in(client).headers["Set-Cookie"].split(";")[1:]}
    assert parts == {"httponly", "path=/", "samesite=lax", f"max-age={30 * 24 * 3600}"}


def test_a_cookie_is_good_for_thirty_days(known: Credentials) -> None:
    value = known.cookie(now=1000)
    assert known.is_cookie(value, now=1000 + LIFETIME_S - 1)
    assert not known.is_cookie(value, now=1000 + LIFETIME_S)


@given(data=st.data())
def test_no_changed_cookie_is_taken(data: st.DataObject, known: Credentials) -> None:
    genuine = known.cookie(now=1000)
    kept = data.draw(st.integers(0, len(genuine)))
    skipped = data.draw(st.integers(0, 4))
    middle = data.draw(st.text(alphabet="0123456789abcdefABF.-+ ٣\xff", max_size=5))
    forged = genuine[:kept] + middle + genuine[kept + skipped :]
    assert known.is_cookie(forged, now=1001) == (forged == genuine)


def test_the_login_page_needs_no_script_and_takes_none(client: httpx.Client) -> None:
    page = client.get('/login?next=/"><script>alert(1)</script>', headers=PAGE)
    assert "<script" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha")


def test_a_form_that_is_far_too_long_is_not_read(client: httpx.Client) -> None:
    assert log_in(client, "x" * 100_000).status_code == 413


# ---- programs ----


def test_programs_send_the_password_as_a_bearer_token(client: httpx.Client) -> None:
    assert client.post("/ask", headers=bearer(PASSWORD)).text == "inside /ask"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/event-stream"])
def test_programs_without_the_password_get_one_sentence_as_json(
    client: httpx.Client, accept: str
) -> None:
    refused = client.get("/v1/models", headers={"Accept": accept})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    error = refused.json()["error"]
    assert error["type"] == "authentication_error"
    assert error["message"] == SENTENCES["en"]["missing"]


@pytest.mark.parametrize(
    "path",
    [
        "/login/",
        "/login/../ask",
        "//login",
        "/LOGIN",
        "/login;a",
        "/logout/x",
        "/%2e/login",
        "/ask",
    ],
)
def test_nothing_else_is_reached_without_the_password(client: httpx.Client, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS", "PUT"):
        assert client.request(method, path).status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [b"Bearer", b"Basic", b"Basic !", b"Basic cHc=", b"Bearer \xff\xfe", b"basic"],
)
def test_a_broken_authorization_is_a_wrong_password(
    client: httpx.Client, authorization: bytes
) -> None:
    refused = client.get("/ask", headers=[(b"Authorization", authorization)])
    assert refused.json()["error"]["message"] == SENTENCES["en"]["wrong"]


@given(user=st.text().filter(lambda text: ":" not in text), password=st.text())
def test_both_ways_carry_every_password(user: str, password: str) -> None:
    pair = base64.b64encode(f"{user}:{password}".encode())
    assert sent_password(b"Basic " + pair) == password
    word = quote(password)
    assert sent_password(b"bearer " + word.encode()) == word


def test_a_web_socket_is_refused_without_the_password(guarded: str) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    url = f"{guarded.replace('http', 'ws')}/socket"
    with pytest.raises(InvalidStatus) as refused, connect(url, proxy=None):
        pass
    assert refused.value.response.status_code == 401
    pair = base64.b64encode(f"a:{PASSWORD}".encode()).decode()
    with connect(url, proxy=None, additional_headers={"Authorization": f"Basic {pair}"}) as opened:
        assert opened.recv() == "inside"


def test_secrets_are_only_compared_in_constant_time(
    known: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[object, object]] = []

    def never(one: object, other: object) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr("web.credentials.hmac.compare_digest", never)
    # With a comparison that always says no, nothing may find the right ones right.
    assert not known.is_password(PASSWORD)
    assert not known.is_cookie(known.cookie(now=1000), now=1001)
    assert [(type(a), type(b), a == b) for a, b in compared] == [(bytes, bytes, True)] * 2


# ---- guessing ----


def test_after_five_wrong_passwords_even_the_right_one_waits(client: httpx.Client) -> None:
    for _ in range(5):
        assert log_in(client, "wrong").status_code == 401
    refused = log_in(client)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "Too many wrong passwords. Please try again in" in refused.text
    told = client.get("/ask", headers=bearer(PASSWORD))
    assert (told.status_code, told.json()["error"]["type"]) == (429, "rate_limit_error")
    assert 0 < int(told.headers["Retry-After"]) <= 60


def test_who_is_logged_in_already_is_not_blocked(client: httpx.Client) -> None:
    log_in(client)
    for _ in range(6):
        log_in(client, "wrong")
    assert client.get("/").status_code == 200


def test_asking_without_a_password_is_no_guess(client: httpx.Client) -> None:
    for _ in range(8):
        assert client.get("/ask").status_code == 401
    assert log_in(client).status_code == 303


# ---- where a login leads ----


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "e"]
)
def test_a_foreign_address_leads_to_the_page(client: httpx.Client, path: str) -> None:
    assert log_in(client, next=path).headers["Location"] == "/"


# ---- pages of other sites ----


def same_site(client: httpx.Client) -> str:
    return str(client.base_url).rstrip("/")


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
@pytest.mark.parametrize("path", ["/login", "/ask"])
def test_a_foreign_page_makes_nobodys_browser_send_anything(
    client: httpx.Client, headers: dict[str, str], path: str
) -> None:
    log_in(client)
    assert client.post(path, headers=headers).status_code == 403
    if path == "/ask":
        assert client.get(path, headers=headers).status_code == 403


def test_a_foreign_page_opens_no_web_socket(local: str) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect
    from websockets.typing import Origin

    url, foreign = f"{local.replace('http', 'ws')}/socket", Origin("http://evil.example")
    with pytest.raises(InvalidStatus) as refused, connect(url, proxy=None, origin=foreign):
        pass
    assert refused.value.response.status_code == 403
    with connect(url, proxy=None, origin=Origin(local)) as opened:
        assert opened.recv() == "inside"


def test_the_servers_own_pages_send_what_they_like(client: httpx.Client) -> None:
    log_in(client)
    for headers in ({"Origin": same_site(client)}, {"Sec-Fetch-Site": "same-origin"}):
        assert client.post("/ask", headers=headers).status_code == 200


# ---- names ----


@pytest.mark.parametrize(
    "name", ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "[::1]", "report.example"]
)
@pytest.mark.parametrize("port", ["", ":80", ":7860"])
def test_a_local_server_answers_to_local_names(local: str, name: str, port: str) -> None:
    assert httpx.get(local, headers={"Host": name + port}, trust_env=False).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example/localhost",
        "localhost@evil.example",
        "evil.example#@localhost",
        "0.0.0.0:7860",
        "192.168.0.7",
        "[::1",
        "",
    ],
)
def test_a_local_server_answers_to_no_foreign_name(local: str, name: str) -> None:
    refused = httpx.get(local, headers={"Host": name}, trust_env=False)
    assert refused.status_code == 421
    assert "localhost or 127.0.0.1" in refused.json()["error"]["message"]


def test_without_a_password_everything_passes(local: str) -> None:
    for path in ("/", "/login", "/logout"):
        assert httpx.get(local + path, headers=PAGE, trust_env=False).text == f"inside {path}"
    assert httpx.post(f"{local}/ask", headers=bearer("any"), trust_env=False).status_code == 200
