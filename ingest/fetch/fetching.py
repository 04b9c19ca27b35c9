"""Documents fetched from web addresses, with bounds on all that a server decides.

Each hop's address is parsed by `addresses.py` and connected to by `connecting.py`; an `Allowance`
counts time and bytes over all of them. Redirections from https to http are refused, and nothing is
carried from one hop to the next. Nothing of the environment is used: no proxy, no netrc. No
cookies are sent. Certificates are verified with the system's authorities and certifi's.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import ssl
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version

import httpcore

from ..refusing import DocumentError
from .addresses import Address, follow, parse_address, shown_address
from .connecting import Allowance, BoundedStream, CheckedBackend, FetchLimits, Network
from .file_names import file_name, parameter

__all__ = ["FetchLimits", "Fetched", "fetch"]

# Those that name another place for the same document (RFC 9110, 15.4).
_REDIRECTIONS = (301, 302, 303, 307, 308)
# A longer or stranger one could not be sent back as a header.
_VALIDATOR = re.compile(r"[\x20-\x7e]{1,500}")
# Statuses whose body is the whole document (RFC 9110).
FULL = (200, 203)
# What browsers ask for; some servers refuse programs that ask for everything.
_ACCEPT = "text/html,application/xhtml+xml,application/pdf,text/plain,*/*;q=0.8"
# Some servers pack although they are asked not to.
_UNPACKED = ("", "identity", "gzip", "x-gzip", "deflate")
_ZLIB_OR_GZIP = zlib.MAX_WBITS | 32  # zlib's flag for finding out which


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave.

    address: as it was asked for; final: where the redirections led. sha256: of the body. charset:
    as the server says it, "" when it says none or one that Python does not know. name: a file
    name with the ending of its kind. fetched: when, ISO 8601 in UTC. not_modified: the server
    says that it is what it was; body and hash are then those that were known.
    """

    address: str
    final: str
    sha256: str
    name: str
    fetched: str
    body: bytes = field(default=b"", repr=False)
    media_type: str = ""
    charset: str = ""
    etag: str = ""
    last_modified: str = ""
    not_modified: bool = False


def fetch(
    address: str,
    limits: FetchLimits | None = None,
    *,
    allow_private: bool = False,
    known: Fetched | None = None,
    network: Network | None = None,
) -> Fetched:
    """What an http or https address gives, after its redirections.

    allow_private: also from this machine and private networks. known: what it gave before, to be
    asked for only where it has changed. Raises DocumentError, with a sentence for users, for all
    that cannot or must not be fetched.
    """
    limits = limits or FetchLimits()
    allowance = Allowance(shown_address(address), limits)
    backend = CheckedBackend(allowance, network or Network(), allow_private=allow_private)
    hop = parse_address(address)
    seen: list[Address] = []
    while True:
        seen.append(hop)
        conditions = _conditions(known, hop)
        reply = ask(hop, conditions, allowance, backend)
        if reply.status not in _REDIRECTIONS:
            break
        hop = _next(hop, reply.headers.get("location", ""), allowance.name)
        if hop in seen or len(seen) > limits.redirects:
            raise DocumentError("redirects", allowance.name)
    if reply.status == 304 and conditions and known:
        etag, last_modified = _validators(reply.headers)
        return replace(
            known,
            address=address,
            fetched=_now(),
            etag=etag or known.etag,
            last_modified=last_modified or known.last_modified,
            not_modified=True,
        )
    if reply.status not in FULL:
        raise DocumentError("http_status", allowance.name, status=_status(reply.status))
    return _fetched(address, hop, reply)


def _conditions(known: Fetched | None, hop: Address) -> dict[str, str]:
    """What makes a request conditional; only where the known content itself came from."""
    if known is None or known.final != str(hop):
        return {}
    rows = (("If-None-Match", known.etag), ("If-Modified-Since", known.last_modified))
    return {name: value for name, value in rows if _VALIDATOR.fullmatch(value)}


def _next(hop: Address, location: str, name: str) -> Address:
    try:
        following = follow(hop, location)
    except DocumentError as error:
        raise DocumentError("redirect", name, to=shown_address(location)) from error
    if hop.scheme == "https" and following.scheme == "http":
        # What was asked for under protection must not come from whoever is in between.
        raise DocumentError("downgrade", name, to=shown_address(str(following)))
    return following


def _fetched(address: str, hop: Address, reply: Reply) -> Fetched:
    media_type = reply.headers.get("content-type", "")
    kind = media_type.partition(";")[0].strip().lower()
    etag, last_modified = _validators(reply.headers)
    return Fetched(
        address=address,
        final=str(hop),
        sha256=hashlib.sha256(reply.body).hexdigest(),
        name=file_name(
            reply.body,
            disposition=reply.headers.get("content-disposition", ""),
            media_type=kind,
            target=hop.target,
            host=hop.host,
        ),
        fetched=_now(),
        body=reply.body,
        media_type=shown_address(kind),
        charset=_charset(parameter(media_type, "charset")),
        etag=etag,
        last_modified=last_modified,
    )


def _validators(headers: Mapping[str, str]) -> tuple[str, str]:
    """The entity tag and the date of the last change; "" for what could not be sent back."""
    values = (headers.get(name, "") for name in ("etag", "last-modified"))
    etag, last_modified = (value if _VALIDATOR.fullmatch(value) else "" for value in values)
    return etag, last_modified


def _charset(name: str) -> str:
    try:
        b" ".decode(name, "replace")  # Python also knows codecs that give no text
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered. headers: by their names in small letters; body: of `FULL` only."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


def ask(
    hop: Address, conditions: Mapping[str, str], allowance: Allowance, backend: CheckedBackend
) -> Reply:
    """The answer of a server to a GET request with those headers beside the usual ones.

    Raises DocumentError for what cannot be reached, breaks off, or takes too much.
    """
    headers = [
        ("Host", hop.authority),
        ("User-Agent", f"report-assistant/{version('report-assistant')}"),
        ("Accept", _ACCEPT),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        *conditions.items(),
    ]
    url = httpcore.URL(scheme=hop.scheme, host=hop.host, port=hop.port, target=hop.target)
    context = _tls() if hop.scheme == "https" else None
    connection = httpcore.HTTPConnection(url.origin, context, network_backend=backend)
    with (
        _told(allowance, hop),
        connection,
        connection.stream("GET", url, headers=headers) as response,
    ):
        received = _headers(response.headers)
        body = b""
        if response.status in FULL:
            body = _body(response, received, allowance)
        return Reply(response.status, received, body)


@contextmanager
def _told(allowance: Allowance, hop: Address) -> Iterator[None]:
    """Tell what httpcore raises before the body as a DocumentError."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise allowance.late() from error
    except httpcore.NetworkError as error:
        raise DocumentError("unreachable", allowance.name, host=hop.host) from error
    except httpcore.ProtocolError as error:
        raise DocumentError("bad_answer", allowance.name) from error


def _body(response: httpcore.Response, headers: Mapping[str, str], allowance: Allowance) -> bytes:
    """The body as it was meant: whole, and unpacked."""
    most = allowance.limits.bytes
    length = headers.get("content-length", "")
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in _UNPACKED:
        raise DocumentError("bad_answer", allowance.name)
    if length.isdecimal() and int(length) > most:
        raise allowance.too_large()
    try:
        body = b"".join(response.iter_stream())  # the allowance ends what does not end
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise DocumentError("cut_off", allowance.name) from error
    if length and _goes_on(response.extensions["network_stream"], body):
        raise DocumentError("cut_off", allowance.name)
    try:
        unpacked = _unpacked(body, coding, most + 1)
    except EOFError as error:
        raise DocumentError("cut_off", allowance.name) from error
    except zlib.error as error:
        raise DocumentError("bad_answer", allowance.name) from error
    if len(unpacked) > most:
        raise allowance.too_large()
    return unpacked


def _goes_on(stream: httpcore.NetworkStream, body: bytes) -> bool:
    """Whether the server sent more than it announced, so that the body was cut.

    Servers that count characters where they should count bytes do so with Chinese text. Line ends
    beyond the body are an old habit and mean nothing.
    """
    last = stream.last if isinstance(stream, BoundedStream) else b""
    end = body[-len(last) :].rstrip(b"\r\n")
    last = last.rstrip(b"\r\n")
    common = min(len(last), len(end))
    return last[len(last) - common :] != end[len(end) - common :]


def _headers(rows: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in small letters; of several with one name the first."""
    headers: dict[str, str] = {}
    for name, value in rows:
        headers.setdefault(name.decode("ascii", "replace").lower(), _words(value))
    return headers


def _words(value: bytes) -> str:
    # Names of files and addresses come in whatever the server's machine is set to.
    for encoding in ("utf-8", "gb18030"):
        try:
            return value.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1").strip()


def _tls() -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _unpacked(body: bytes, coding: str, most: int) -> bytes:
    """A body without its coding, one of `_UNPACKED`; never more than `most` bytes of it.

    Raises EOFError for one that was cut off, zlib.error for one that is damaged.
    """
    if coding in ("", "identity"):
        return body[:most]
    inflater = zlib.decompressobj(_ZLIB_OR_GZIP)
    unpacked = inflater.decompress(body, most)
    if len(unpacked) < most and not inflater.eof:
        raise EOFError("the packed body is not whole")
    return unpacked
