"""Documents of the web taken into the library, and asked for again only if they changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.settings import Settings

from .fetch.connecting import FetchLimits
from .fetch.fetching import Fetched, fetch
from .formats.names import one_line
from .library import LibraryChange
from .origins import Origin, library_origins
from .outcomes import Outcome, of_added
from .refusing import DocumentError


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How targets are added: for all of them the same.

    password: opens protected files. title: of the document, "" for its own. allow_private:
    whether addresses of this machine and of private networks are fetched.
    """

    password: str = ""
    title: str = ""
    allow_private: bool = False


def add_address(
    settings: Settings, library: LibraryChange, address: str, options: AddOptions
) -> Outcome:
    """Fetch a document and add it; one that has not changed since is not sent again.

    Raises DocumentError for what cannot be fetched or read.
    """
    began = time.monotonic()
    got = fetch_address(settings, address, allow_private=options.allow_private)
    outcome = add_fetched(settings, library, got, options)
    return replace(outcome, seconds=time.monotonic() - began)


def fetch_address(settings: Settings, address: str, *, allow_private: bool = False) -> Fetched:
    """What an address gives now; the library need not be open. Raises DocumentError."""
    known = known_origin(library_origins(settings), address)
    limits, before = FetchLimits.of(settings), known_fetch(known[1]) if known else None
    return fetch(address, limits, allow_private=allow_private, known=before)


def add_fetched(
    settings: Settings, library: LibraryChange, got: Fetched, options: AddOptions
) -> Outcome:
    """Add what `fetch_address` gave; raises DocumentError for what cannot be read."""
    address = got.address
    if got.not_modified:
        known = library.at(address)
        # Somebody may have removed it in the meantime.
        return _unchanged(library, known[0] if known else address, address)
    added = library.add(
        got.body,
        got.name,
        title=options.title,
        password=options.password,
        charset=got.charset,
        origin=origin_of_address(got),
    )
    return of_added(added, address, address)


def known_origin(
    origins_of: Mapping[str, Sequence[Origin]], address: str
) -> tuple[str, Origin] | None:
    """The document that came from this address before, and what was kept of that."""
    for id_, origins in origins_of.items():
        for origin in origins:
            if (origin.kind, origin.place) == ("address", address):
                return id_, origin
    return None


def origin_of_address(got: Fetched) -> Origin:
    """What is kept of where a document came from."""
    return Origin(
        kind="address",
        name=got.name,
        place=got.address,
        sha256=got.sha256,
        seen=got.fetched,
        size=len(got.body),
        final=got.final,
        etag=got.etag,
        last_modified=got.last_modified,
    )


def known_fetch(origin: Origin) -> Fetched:
    """What was fetched before, as `fetch` wants it to ask whether it has changed."""
    return Fetched(
        address=origin.place,
        final=origin.final or origin.place,
        sha256=origin.sha256,
        name=origin.name,
        fetched=origin.seen,
        etag=origin.etag,
        last_modified=origin.last_modified,
    )


def _unchanged(library: LibraryChange, id_: str, address: str) -> Outcome:
    entry = library.entry(id_)
    if entry is None:
        raise DocumentError("unknown", one_line(id_, 61))
    return Outcome(
        name=address,
        result="same",
        id=id_,
        place=address,
        there=entry.title_en,
        language=entry.language,
        characters=entry.characters,
        notes=entry.notes,
    )
