"""Which web addresses may be fetched, and which of the Internet's addresses are public.

Both are lists of what is allowed. A host is one of three forms only: a name (international names
in their ASCII form), four decimal numbers, an IPv6 address in brackets. Numbers in other bases,
numbers with parts left out, zones, percent signs and user names are refused: programs disagree
about what they mean. Ports are 80, 443 and from 1024; below live mail, shells and name servers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import quote, urljoin

import idna

from ..formats.names import one_line
from ..refusing import DocumentError

IP = IPv4Address | IPv6Address

# A limit: browsers long took 2,083 characters, so documents are published at shorter ones.
_ADDRESS_CHARS = 2_000
# A limit: as much of an address as a line of a terminal or of the page shows.
_SHOWN_CHARS = 200
_ADDRESS = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.I | re.S)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_CREDENTIALS = re.compile(r"//[^/?#]*@")
_PORTS = {"http": 80, "https": 443}
# Below are the ports that systems keep for their own services (RFC 6335).
_LOWEST_FREE_PORT = 1_024
_IN_TARGET = "/:@!$&'()*+,;=~-._?%[]"

# IANA's registry of special addresses, multicast, the reserved rest, and 168.63.129.16, where
# Azure answers its own machines. The metadata services of other clouds lie in these networks.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 "
        "172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 "
        "192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 "
        "224.0.0.0/4 240.0.0.0/4"
    ).split()
)
_GLOBAL_6 = IPv6Network("2000::/3")
# IETF protocols (Teredo among them), documentation, AS112.
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in "2001::/23 2001:db8::/32 2620:4f:8000::/48 3fff::/20".split()
)
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")


@dataclass(frozen=True, slots=True)
class Address:
    """An http or https address in its one plain form; the fragment is left out.

    host: small ASCII letters, without brackets. target: path and query, percent-encoded.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as a Host header gives them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_address(address: str) -> Address:
    """The parts of an address; raises DocumentError for all that is not to be fetched."""
    text = address.strip(" \t\r\n")
    found = _ADDRESS.fullmatch(text)
    # Programs disagree about control characters and backslashes: some drop or turn them.
    if len(text) > _ADDRESS_CHARS or not found or re.search(r"[\x00-\x1f\x7f\\]", text):
        raise _refused(address)
    scheme = found[1].lower()
    parts = _AUTHORITY.fullmatch(found[2])
    host = _host(parts[1]) if parts else ""
    port = int((parts and parts[2]) or _PORTS[scheme])
    if not host or not (port in _PORTS.values() or _LOWEST_FREE_PORT <= port <= 65_535):
        raise _refused(address)
    path, query = found[3] or "/", found[4] or ""
    # What is percent-encoded already stays so.
    target = quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", path + query), safe=_IN_TARGET)
    return Address(scheme, host, port, target)


def follow(start: Address, location: str) -> Address:
    """Where a redirection leads to; relative ones start from `start`; raises DocumentError."""
    text = location.strip(" \t\r\n")
    if not text or _SCHEME.match(text):
        return parse_address(text)
    try:
        return parse_address(urljoin(str(start), text))
    except ValueError as error:  # urljoin's own complaint about brackets
        raise _refused(location) from error


def shown_address(address: str) -> str:
    """An address on one line, without a password, nor characters that hide or turn anything."""
    return one_line(_CREDENTIALS.sub("//…@", address), _SHOWN_CHARS)


def is_public(ip: IP) -> bool:
    """Whether an address belongs to the public Internet, and to no special use.

    IPv6 addresses that stand for an IPv4 address (mapped, NAT64, 6to4) are as public as that one.
    """
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_4)
    if ip.scope_id is not None:
        return False
    if ip.ipv4_mapped is not None:
        return is_public(ip.ipv4_mapped)
    if ip in _NAT64:
        return is_public(IPv4Address(int(ip) & 0xFFFF_FFFF))
    if ip in _SIX_TO_FOUR:
        return is_public(IPv4Address(int(ip) >> 80 & 0xFFFF_FFFF))
    return ip in _GLOBAL_6 and not any(ip in network for network in _NOT_PUBLIC_6)


def _refused(address: str) -> DocumentError:
    return DocumentError("address", shown_address(address))


def _host(text: str) -> str:
    """The plain form of a host; "" for one that is none."""
    try:
        if text.startswith("["):
            return "" if "%" in text else str(IPv6Address(text[1:-1]))
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode().lower()
        name = name.removesuffix(".")
        labels = name.split(".")
        if _NUMBER.fullmatch(labels[-1]):
            return str(IPv4Address(name))
    except ValueError:  # idna's errors are among these
        return ""
    return name if len(name) <= 253 and all(map(_LABEL.fullmatch, labels)) else ""
