"""What somebody without access gets to see: the login page, or one sentence saying why."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..types import Language
from .labels import Labels, reader_language
from .origins import text_header

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope

SENTENCES: Mapping[Language, Labels] = {
    "en": {
        "title": "Report Assistant",
        "password": "Password",
        "enter": "Log in",
        "wrong": "That is not the password. Please try again.",
        "wait": "Too many wrong passwords. Please try again in {wait}.",
        "seconds": "{n} seconds",
        "minutes": "{n} minutes",
        "missing": "This server asks for a password: send it as `Authorization: Bearer PASSWORD`.",
        "long": "That is longer than any password here. Please try again.",
        "body": "The request has more than {name}. Send less at once.",
        "method": "This address takes GET and POST only.",
        "foreign": "A page of another site asked for this. Open the address yourself; behind a "
        "proxy, let it pass the Host header on.",
        "host": "This server answers on this machine only, as localhost or 127.0.0.1, not under "
        "the name {name}.",
    },
    "zh": {
        "title": "报告助手",
        "password": "密码",
        "enter": "登录",
        "wrong": "密码不正确，请重试。",
        "wait": "密码错误次数过多，请{wait}后再试。",
        "seconds": "{n}秒",
        "minutes": "{n}分钟",
        "missing": "本服务器需要密码，请以 `Authorization: Bearer 密码` 发送。",
        "long": "输入过长，不可能是密码，请重试。",
        "body": "请求超过{name}，请减少一次发送的内容。",
        "method": "此地址只接受 GET 和 POST。",
        "foreign": "此请求来自其他网站的页面，请自行打开本站；若经代理，须原样转发 Host。",
        "host": "本服务器只在本机以 localhost 或 127.0.0.1 提供服务，不接受名称 {name}。",
    },
}
# OpenAI's names for them; for all others it is "invalid_request_error".
_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_STYLE = """
:root { color-scheme: light dark; --line: #6b7280; --accent: #1d4ed8; --alarm: #b91c1c; }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  font: 1rem/1.5 "Segoe UI", "Helvetica Neue", Arial, "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", sans-serif; background: Canvas; color: CanvasText; }
main { width: 100%; max-width: 22rem; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; font-weight: 600; margin: 0 0 1rem; }
label { display: block; margin-bottom: 0.25rem; }
input, button { width: 100%; font: inherit; padding: 0.6rem 0.75rem; border-radius: 8px;
  border: 1px solid var(--line); }
input { background: Field; color: FieldText; }
button { margin-top: 0.75rem; background: #1d4ed8; border-color: #1d4ed8; color: #fff; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[role=alert] { color: var(--alarm); }
@media (prefers-color-scheme: dark) { :root { --accent: #93c5fd; --alarm: #fca5a5; } }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# `same-origin` and not `no-referrer`, with which browsers send the form as if from nowhere.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept, Accept-Language",
}


def wants_page(scope: Scope) -> bool:
    """Whether a person's browser asks, rather than a program."""
    return "text/html" in text_header(scope, "accept").lower()


def login_page(
    scope: Scope, wanted: str, *, problem: str = "", status: int = 200, wait_s: int = 0
) -> Response:
    """The form that asks for the password and then leads to the path `wanted`.

    problem: the key of a sentence to show above it.
    """
    from starlette.responses import HTMLResponse

    language = _language(scope)
    words = SENTENCES[language]
    alert = f'<p role="alert" id="problem">{_sentence(language, problem, wait_s)}</p>'
    body = (
        f"{alert if problem else ''}"
        '<form method="post" action="/login">'
        f'<input type="hidden" name="next" value="{html.escape(wanted)}">'
        f'<label for="password">{words["password"]}</label>'
        '<input id="password" name="password" type="password" required autofocus '
        f'autocomplete="current-password"{" aria-describedby=problem" if problem else ""}>'
        f'<button type="submit">{words["enter"]}</button></form>'
    )
    return HTMLResponse(_page(language, body), status, HEADERS | _challenge(status, wait_s))


def refusal(scope: Scope, status: int, reason: str, *, wait_s: int = 0, name: str = "") -> Response:
    """One sentence: a small page for browsers, OpenAI's error object for programs.

    reason: the sentence's key. Of a handshake of a WebSocket it is the answer, too.
    """
    from starlette.responses import HTMLResponse, JSONResponse

    headers = HEADERS | _challenge(status, wait_s)
    if wants_page(scope):
        language = _language(scope)
        sentence = html.escape(_sentence(language, reason, wait_s, name))
        return HTMLResponse(_page(language, f'<p role="alert">{sentence}</p>'), status, headers)
    message = _sentence("en", reason, wait_s, name)
    kind = _KINDS.get(status, "invalid_request_error")
    error = {"message": message, "type": kind, "param": None, "code": reason}
    return JSONResponse({"error": error}, status, headers)


def _challenge(status: int, wait_s: int) -> dict[str, str]:
    if status == 401:
        # Not Basic, though it is taken: browsers would put their own window over the page.
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": str(wait_s)} if wait_s else {}


def _language(scope: Scope) -> Language:
    return reader_language("", text_header(scope, "accept-language"))


def _sentence(language: Language, key: str, wait_s: int, name: str = "") -> str:
    if not key:
        return ""
    words = SENTENCES[language]
    # Rounded up: who comes back on time must not be told to wait again.
    unit, n = ("minutes", -(-wait_s // 60)) if wait_s > 90 else ("seconds", wait_s)
    return words[key].format(wait=words[unit].format(n=n), name=name)


def _page(language: Language, body: str) -> str:
    title = SENTENCES[language]["title"]
    return (
        f'<!doctype html><html lang="{"zh-Hans" if language == "zh" else "en"}"><head>'
        f'<meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )
