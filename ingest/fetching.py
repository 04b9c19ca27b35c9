"""Documents fetched from web addresses, with bounds on all that a server decides.

Each hop's address is parsed by `addresses.py`, connected to by `connecting.py` and asked by
`requesting.py`; an `Allowance` counts time and bytes over all of them. Redirections from https to
http are refused, and nothing is carried from one hop to the next.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus

from .addresses import Address, follow, parse_address, shown_address
from .connecting import Allowance, CheckedBackend, FetchLimits, Network
from .fetched_names import file_name, parameter
from .refusing import DocumentError
from .requesting import FULL, Reply, ask

__all__ = ["FetchLimits", "Fetched", "fetch"]

# Those that name another place for the same document (RFC 9110, 15.4).
_REDIRECTIONS = (301, 302, 303, 307, 308)
# A longer or stranger one could not be sent back as a header.
_VALIDATOR = re.compile(r"[\x20-\x7e]{1,500}")


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
