"""Connections to checked addresses only, within the limits of one fetch."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import httpcore

from assistant.settings import Settings

from ..refusing import DocumentError
from .addresses import is_public

# Headers, and what chunked transfer adds to a body. httpcore ends headers at 100 KiB by itself.
_OVERHEAD = 1_000_000


def system_addresses(host: str, port: int) -> Sequence[str]:
    """The IP addresses of a host as this machine finds them; raises OSError."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))


def system_connection(ip: str, port: int, timeout_s: float) -> httpcore.NetworkStream:
    """A connection to an IP address; raises httpcore's ConnectError and ConnectTimeout."""
    return httpcore.SyncBackend().connect_tcp(ip, port, timeout=timeout_s)


@dataclass(frozen=True, slots=True)
class Network:
    """The way to the outside: how names are resolved, and how IP addresses are connected to."""

    resolve: Callable[[str, int], Sequence[str]] = system_addresses
    connect: Callable[[str, int, float], httpcore.NetworkStream] = system_connection


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves a host once and connects to an address that was checked, never to a name.

    A name that resolves to something else the next time wins nothing by it. One address that is
    not public spoils all: a host that has both is there to deceive.
    """

    def __init__(self, allowance: Allowance, network: Network, *, allow_private: bool) -> None:
        """Keep the limits and the way out."""
        self._allowance = allowance
        self._network = network
        self._allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection; raises DocumentError. httpcore's own options are not used."""
        allowance = self._allowance
        for ip in self._checked(host, port):
            wait = min(allowance.limits.connect_seconds, allowance.seconds_left())
            try:
                return BoundedStream(self._network.connect(ip, port, wait), allowance)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        allowance.seconds_left()
        raise DocumentError("unreachable", allowance.name, host=host)

    def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            ips = [ip_address(host)]
        except ValueError:
            ips = [ip_address(text) for text in self._resolved(host, port)]
        if not ips:
            raise DocumentError("unknown_host", self._allowance.name, host=host)
        if not self._allow_private and not all(map(is_public, ips)):
            raise DocumentError("private_address", self._allowance.name, host=host)
        return [str(ip) for ip in ips]

    def _resolved(self, host: str, port: int) -> Sequence[str]:
        """What the resolver says in time; it cannot be stopped, so it is left behind if late."""
        answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def resolve() -> None:
            try:
                answers.put(self._network.resolve(host, port))
            except Exception as error:
                answers.put(error)

        threading.Thread(target=resolve, daemon=True).start()
        left = self._allowance.seconds_left()
        try:
            answer = answers.get(timeout=min(self._allowance.limits.connect_seconds, left))
        except queue.Empty:
            self._allowance.seconds_left()
            raise DocumentError("unreachable", self._allowance.name, host=host) from None
        if isinstance(answer, (OSError, UnicodeError)):
            raise DocumentError("unknown_host", self._allowance.name, host=host) from answer
        if isinstance(answer, Exception):
            raise answer
        return answer


class BoundedStream(httpcore.NetworkStream):
    """A connection whose every step keeps to what is left of time and bytes.

    last: the bytes that came last.
    """

    def __init__(self, stream: httpcore.NetworkStream, allowance: Allowance) -> None:
        """Watch over that connection."""
        self._stream = stream
        self._allowance = allowance
        self.last = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, b"" at the end; raises DocumentError when they come too late."""
        try:
            data = self._stream.read(max_bytes, self._allowance.seconds_left())
        except httpcore.ReadTimeout as error:
            raise self._allowance.late() from error
        self._allowance.receive(len(data))
        self.last = data or self.last
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes; raises DocumentError when they are taken too late."""
        try:
            self._stream.write(buffer, self._allowance.seconds_left())
        except httpcore.WriteTimeout as error:
            raise self._allowance.late() from error

    def close(self) -> None:
        """End the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same connection encrypted; raises DocumentError where it cannot be trusted."""
        left = self._allowance.seconds_left()
        try:
            secure = self._stream.start_tls(ssl_context, server_hostname, left)
        except httpcore.ConnectTimeout as error:
            raise self._allowance.late() from error
        except httpcore.ConnectError as error:
            host = server_hostname or ""
            raise DocumentError("insecure", self._allowance.name, host=host) from error
        return BoundedStream(secure, self._allowance)

    def get_extra_info(self, info: str) -> Any:
        """What the connection says of itself."""
        return self._stream.get_extra_info(info)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """bytes: the largest document, as sent and as unpacked; seconds: for all of it.

    connect_seconds: for finding a server and for each of its addresses. redirects: how often an
    address may lead to another.
    """

    bytes: int = 20_000_000
    seconds: float = 60.0
    connect_seconds: float = 15.0
    redirects: int = 5

    @classmethod
    def of(cls, settings: Settings) -> FetchLimits:
        """What the settings allow."""
        return cls(bytes=settings.upload_mb * 1_000_000, seconds=settings.fetch_seconds)


class Allowance:
    """The limits of one fetch as they are used up, over all its redirections."""

    def __init__(self, name: str, limits: FetchLimits) -> None:
        """Start the clock; `name` is what errors call the document."""
        self.name = name
        self.limits = limits
        self._ends = time.monotonic() + limits.seconds
        self._bytes = 2 * limits.bytes + _OVERHEAD

    def seconds_left(self) -> float:
        """More than 0; raises DocumentError when the time is over."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self.late()
        return left

    def receive(self, count: int) -> None:
        """Take so many bytes from what may come; raises DocumentError when it is used up."""
        self._bytes -= count
        if self._bytes < 0:
            raise self.too_large()

    def late(self) -> DocumentError:
        """The refusal of what takes too long."""
        return DocumentError("fetch_time", self.name, seconds=self.limits.seconds)

    def too_large(self) -> DocumentError:
        """The refusal of what is too large."""
        return DocumentError("too_large", self.name, mb=f"{self.limits.bytes / 1_000_000:g}")
