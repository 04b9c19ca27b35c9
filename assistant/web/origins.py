"""Where a request comes from, under which name, and where a browser may be sent on to."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from starlette.types import Scope

_SAFE_METHODS = frozenset({"GET", "HEAD"})
# What browsers and proxies take of an address for certain.
_LONGEST_PATH = 2_000


def header(scope: Scope, name: str) -> bytes:
    """A header's bytes; b"" when it is absent or sent more than once with different values."""
    found = {value for key, value in scope["headers"] if key.lower() == name.encode()}
    return found.pop() if len(found) == 1 else b""


def text_header(scope: Scope, name: str) -> str:
    """A header as text, every byte a character."""
    return header(scope, name).decode("latin-1")


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets, in lower case; "" for nonsense."""
    try:
        # Whatever would end the name early (`/`, `?`, `@`) leaves something else than the whole.
        parts = urlsplit(f"//{host}")
        return (parts.hostname or "").removesuffix(".") if parts.netloc == host else ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether a host's name or address can only mean the machine that uses it.

    Names are not looked up: who owns a name decides what it points to.
    """
    if name.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def listens_on_loopback(host: str) -> bool:
    """Whether a server told to listen on `host` is out of other machines' reach."""
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(is_loopback(str(address[0])) for *_, address in found)


def is_foreign(scope: Scope) -> bool:
    """Whether a page of another site makes its visitor's browser send this.

    Links from elsewhere are not foreign. Programs other than browsers say nothing of where a
    request comes from, and need no such protection: nobody else makes them send anything.
    """
    site = text_header(scope, "sec-fetch-site")
    # A WebSocket's handshake has no method in the scope; it does as much as a POST.
    safe = scope.get("method") in _SAFE_METHODS
    if site in ("same-origin", "none"):
        return False
    if safe and text_header(scope, "sec-fetch-mode") == "navigate":
        return False
    if site:
        return True
    # Browsers tell `Sec-Fetch-Site` to https and to this machine only, `Origin` to everybody.
    named = [value for key, value in scope["headers"] if key == b"origin"]
    host = text_header(scope, "host").lower()
    return any(_origin_host(value.decode("latin-1")) != host for value in named)


def _origin_host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def cookie_name(scope: Scope, what: str) -> str:
    """The name of a cookie that is this server's alone.

    Browsers send a cookie to all ports of a host: two servers must not overwrite each other's.
    """
    server = scope.get("server")
    return f"assistant_{what}_{server[1] if server else 0}"


def client_of(scope: Scope) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 network of 64 bits.

    A subscriber has a whole such network; counted one by one, its addresses would not run out.
    """
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False))


def local_path(wanted: str) -> str:
    r"""A place on this server, as it may stand in a Location header; "/" for anything else.

    Browsers read `//name`, `/\name` and the same with tabs between as addresses of other
    machines.
    """
    if not wanted.startswith("/") or wanted.startswith("//") or len(wanted) > _LONGEST_PATH:
        return "/"
    if "\\" in wanted or not wanted.isprintable():
        return "/"
    return quote(wanted, safe="/%?#[]@!$&'()*+,;=:~-._")


def wanted_path(scope: Scope) -> str:
    """The path and query that a request asks for."""
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path
