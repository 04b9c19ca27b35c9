"""A web server on this machine that answers each path as a function says, down to the bytes.

A page is a function that writes to the connection as it likes: whole answers through `answer`,
or headers, pieces and silence. The server keeps what it was asked.
"""

from __future__ import annotations

import datetime
import io
import ipaddress
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpcore

from ingest.fetch.connecting import Network, system_connection

# Longer than any test waits: a page that stalls is let go when its server closes.
STALL_S = 30.0
PUBLIC_IP = "93.184.216.34"


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it; headers by their names in small letters."""

    path: str
    headers: Mapping[str, str]


class Exchange:
    """The server's side of one request: what a page uses to reply."""

    def __init__(self, connection: socket.socket, asked: Asked, closing: threading.Event) -> None:
        self.asked = asked
        self.closing = closing
        self._connection = connection

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def answer(
        self,
        body: bytes = b"",
        status: str = "200 OK",
        length: int | None = None,
        /,
        **headers: str,
    ) -> None:
        """A whole answer; `length` is what is announced, -1 for nothing."""
        rows = {name.replace("_", "-"): value for name, value in headers.items()}
        if length != -1:
            rows["Content-Length"] = str(len(body) if length is None else length)
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in rows.items())]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def redirect(self, location: str, status: str = "302 Found") -> None:
        """Send the client on."""
        self.answer(b"elsewhere", status, Location=location)

    def stall(self) -> None:
        self.closing.wait(STALL_S)


Page = Callable[[Exchange], None]


class FetchServer:
    """A running server; a context manager. pages: by path, without the query."""

    def __init__(self, host: str = "127.0.0.1", certificate: Path | None = None) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []
        self._closing = threading.Event()
        outer = self
        context: ssl.SSLContext | None = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)

        class Handler(socketserver.StreamRequestHandler):
            def setup(self) -> None:
                if context is not None:
                    self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def handle(self) -> None:
                outer._handle(self)

            def finish(self) -> None:
                super().finish()
                self.request.close()

        class Server(socketserver.ThreadingTCPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Clients that hang up are what the tests are about."""

        self._server = Server((host, 0), Handler)
        self.port: int = self._server.server_address[1]
        shown = f"[{host}]" if ":" in host else host
        self.root = f"{'http' if certificate is None else 'https'}://{shown}:{self.port}"

    def __enter__(self) -> FetchServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def page(self, path: str, page: Page) -> str:
        """Serve a page; its address."""
        self.pages[path] = page
        return self.root + path

    def body(self, path: str, body: bytes, /, **headers: str) -> str:
        """Serve these bytes with these headers; their address."""
        return self.page(path, lambda exchange: exchange.answer(body, **headers))

    def _handle(self, handler: socketserver.StreamRequestHandler) -> None:
        if cast("io.BufferedReader", handler.rfile).peek(1)[:1] != b"G":
            handler.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        path = handler.rfile.readline().decode("latin-1").split(" ")[1]
        headers = {}
        while line := handler.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        asked = Asked(path, headers)
        self.asked.append(asked)
        exchange = Exchange(handler.request, asked, self._closing)
        page = self.pages.get(path.partition("?")[0])
        if page is None:
            exchange.answer(b"<!doctype html><title>Not here</title>", "404 Not Found")
        else:
            page(exchange)


class FakeInternet:
    """A network whose public addresses all lead to one server on this machine.

    names: what each host resolves to, the next answer each time it is asked. silent: who takes no
    connection. slow_s: how long resolving takes. connected: who was connected to, in order.
    """

    def __init__(
        self,
        server: FetchServer,
        names: Mapping[str, list[list[str]]],
        *,
        silent: Sequence[str] = (),
        slow_s: float = 0.0,
    ) -> None:
        self.connected: list[str] = []
        self.network = Network(self._resolve, self._connect)
        self._server = server
        self._names = {name: iter(answers) for name, answers in names.items()}
        self._silent = silent
        self._slow_s = slow_s

    def _resolve(self, host: str, port: int) -> list[str]:
        time.sleep(self._slow_s)
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return next(self._names[host])

    def _connect(self, ip: str, port: int, timeout_s: float) -> httpcore.NetworkStream:
        self.connected.append(ip)
        if ip in self._silent:
            raise httpcore.ConnectTimeout
        return system_connection("127.0.0.1", self._server.port, timeout_s)


def self_signed(folder: Path, ip: str = "127.0.0.1") -> Path:
    """A certificate for an IP address with its key, in one file; made anew each time."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ip))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
