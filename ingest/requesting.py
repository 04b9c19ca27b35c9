"""One request to one address, and its answer within the allowance of a fetch.

Nothing of the environment is used: no proxy, no netrc. No cookies are sent. Certificates are
verified with the system's authorities and certifi's.
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version

import httpcore

from .addresses import Address
from .connecting import Allowance, BoundedStream, CheckedBackend
from .refusing import DocumentError

# Statuses whose body is the whole document (RFC 9110).
FULL = (200, 203)
# What browsers ask for; some servers refuse programs that ask for everything.
_ACCEPT = "text/html,application/xhtml+xml,application/pdf,text/plain,*/*;q=0.8"
# Some servers pack although they are asked not to.
_UNPACKED = ("", "identity", "gzip", "x-gzip", "deflate")
_ZLIB_OR_GZIP = zlib.MAX_WBITS | 32  # zlib's flag for finding out which


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
