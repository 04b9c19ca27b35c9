"""The gate: who may come in, under which name the server answers, and whose pages may ask."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from .attempts import Attempts
from .credentials import LIFETIME_S, Credentials, sent_password
from .login_page import login_page, refusal, wants_page
from .origins import (
    client_of,
    cookie_name,
    header,
    host_name,
    is_foreign,
    is_loopback,
    listens_on_loopback,
    local_path,
    text_header,
    wanted_path,
)

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

# A password and an address of 2,000 characters, each at most thrice as long when encoded.
_LONGEST_FORM = 8_192


def warn_if_open(host: str, password: str) -> str:
    """What to print when other machines reach a server on `host` without a password; else ""."""
    if password or listens_on_loopback(host):
        return ""
    return (
        f"Whoever reaches {host or 'this machine'} over the network can read the documents and "
        "use this server: set a password in ASSISTANT_PASSWORD, or serve on 127.0.0.1."
    )


class Gate:
    """ASGI middleware that lets only those in who know the password; without one, everybody.

    Browsers are led to `/login` and get a cookie for 30 days, which outlives a restart and ends
    when the password changes; `/logout` takes it away. Programs send the password as
    `Authorization: Bearer PASSWORD`, or as Basic with any user name. Wrong passwords are counted
    by client address: behind a proxy on another machine, tell uvicorn to believe it
    (`forwarded_allow_ips`), or all its clients count as one.

    With or without a password, what pages of other sites make a visitor's browser send is
    refused; links from them are not. A server without a password that listens on loopback
    answers only to names that mean this machine, so that a foreign page cannot reach it by
    making its own name point here (DNS rebinding).
    """

    def __init__(
        self, app: ASGIApp, password: str, *, host: str, allowed_hosts: Collection[str] = ()
    ) -> None:
        """Put a gate before `app`.

        host: the address or name that the server listens on. allowed_hosts: further names under
        which a proxy on this machine serves it.
        """
        self._app = app
        self._credentials = Credentials(password) if password else None
        self._attempts = Attempts()
        self._names: frozenset[str] | None = None
        if not password and listens_on_loopback(host):
            self._names = frozenset(name.lower() for name in (host, *allowed_hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        response = self._misnamed(scope)
        if response is None and self._credentials and scope["type"] == "http":
            match scope["path"]:
                case "/login":
                    response = await self._login(scope, receive)
                case "/logout":
                    response = self._logout(scope)
        response = response or self._checked(scope)
        await (response or self._app)(scope, receive, send)

    def _misnamed(self, scope: Scope) -> Response | None:
        if self._names is None:
            return None
        name = host_name(text_header(scope, "host"))
        if name and (is_loopback(name) or name in self._names):
            return None
        return refusal(scope, 421, "host", name=name or "?")

    def _checked(self, scope: Scope) -> Response | None:
        """The refusal of a request, or None for one that may pass."""
        if self._credentials:
            given = sent_password(header(scope, "authorization"))
            if given is not None:
                # A page cannot send what it does not know: such a request is nobody's but its own.
                wait_s = self._try(self._credentials, scope, given)
                return None if wait_s is None else _turned_away(scope, wait_s)
        if is_foreign(scope):
            return refusal(scope, 403, "foreign")
        if self._credentials is None or self._has_cookie(scope):
            return None
        if scope.get("method") in ("GET", "HEAD") and wants_page(scope):
            wanted = local_path(wanted_path(scope))
            return _see(f"/login?next={quote(wanted, safe='')}" if wanted != "/" else "/login")
        return refusal(scope, 401, "missing")

    def _try(self, credentials: Credentials, scope: Scope, given: str) -> int | None:
        """None for the right password; else the seconds to wait, 0 for a wrong one."""
        client, now = client_of(scope), time.monotonic()
        # Nothing is compared before the wait is over: otherwise, the wait would tell something.
        if wait_s := self._attempts.wait_s(client, now):
            return wait_s
        if credentials.is_password(given):
            self._attempts.succeeded(client)
            return None
        self._attempts.failed(client, now)
        return 0

    def _has_cookie(self, scope: Scope) -> bool:
        wanted = cookie_name(scope, "session")
        pairs = (
            pair.strip().partition("=")
            for key, value in scope["headers"]
            if key == b"cookie"
            for pair in value.decode("latin-1").split(";")
        )
        return self._credentials is not None and any(
            name == wanted and self._credentials.is_cookie(value, time.time())
            for name, _, value in pairs
        )

    async def _login(self, scope: Scope, receive: Receive) -> Response:
        assert self._credentials is not None
        if scope["method"] in ("GET", "HEAD"):
            query = _fields(scope.get("query_string", b""))
            wanted = _after_login(query.get("next", ""))
            return _see(wanted) if self._has_cookie(scope) else login_page(scope, wanted)
        if scope["method"] != "POST":
            return refusal(scope, 405, "method")
        if is_foreign(scope):
            return refusal(scope, 403, "foreign")
        body = await _body(receive)
        if body is None:
            return login_page(scope, "/", problem="long", status=413)
        form = _fields(body)
        wanted = _after_login(form.get("next", ""))
        wait_s = self._try(self._credentials, scope, form.get("password", ""))
        if wait_s is None:
            response = _see(wanted)
            _set_cookie(response, scope, self._credentials.cookie(time.time()), LIFETIME_S)
            return response
        problem, status = ("wait", 429) if wait_s else ("wrong", 401)
        return login_page(scope, wanted, problem=problem, status=status, wait_s=wait_s)

    def _logout(self, scope: Scope) -> Response:
        response = _see("/login")
        _set_cookie(response, scope, "", 0)
        return response


def _turned_away(scope: Scope, wait_s: int) -> Response:
    if wait_s:
        return refusal(scope, 429, "wait", wait_s=wait_s)
    return refusal(scope, 401, "wrong")


def _see(path: str) -> Response:
    from starlette.responses import Response

    # Not `RedirectResponse`, which quotes anew what `local_path` has quoted.
    return Response(status_code=303, headers={"Location": path, "Cache-Control": "no-store"})


def _set_cookie(response: Response, scope: Scope, value: str, age_s: int) -> None:
    # Lax and not Strict, with which a link from a mail would lead to the login page.
    response.set_cookie(
        cookie_name(scope, "session"),
        value,
        max_age=age_s,
        path="/",
        secure=scope["scheme"] == "https",
        httponly=True,
        samesite="lax",
    )


def _after_login(wanted: str) -> str:
    path = local_path(wanted)
    return "/" if path.partition("?")[0] in ("/login", "/logout") else path


def _fields(data: bytes) -> dict[str, str]:
    """The last value of each field of a form or query."""
    try:
        found = parse_qs(data.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in found.items()}


async def _body(receive: Receive) -> bytes | None:
    """What a request brings; None when it is too much for a password. Cut off, it is empty."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        body += bytes(message.get("body", b""))
        if len(body) > _LONGEST_FORM:
            return None
        if not message.get("more_body", False):
            return body
