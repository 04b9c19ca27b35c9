"""Official texts put in the place of the project's digests, and asked for again later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.settings import Settings

from .adding import Told
from .from_address import known_fetch, origin_of_address
from .library import LibraryChange
from .official import Accepted, fetch_official
from .origins import library_origins
from .outcomes import Outcome, of_added, of_error
from .preparing import Content
from .sources import read_corpus


def replace_digests(
    settings: Settings,
    library: LibraryChange,
    ids: Sequence[str] = (),
    *,
    addresses: Mapping[str, str] | None = None,
    allow_private: bool = False,
    told: Told | None = None,
) -> list[Outcome]:
    """Fetch the official texts of these sources, of all where none is named, and add them.

    Each takes the place of its digest in the index once it has passed the check that it is the
    named document; otherwise the digest stays. Removing the added document brings the digest back.
    """
    shipped = {source.id: source for source in read_corpus(settings.corpus).sources}
    known = {
        id_.removesuffix("-official"): known_fetch(origin)
        for id_, origins in library_origins(settings).items()
        for origin in origins
        if id_.endswith("-official") and origin.kind == "address"
    }
    results = fetch_official(
        settings, ids, addresses=addresses, allow_private=allow_private, known=known
    )
    outcomes: list[Outcome] = []
    for id_, result in results.items():
        if not isinstance(result, Accepted):
            found = [of_error(error, id_) for error in result]
        elif result.document is None:
            found = [Outcome(id_, "same", id=f"{id_}-official", there=shipped[id_].title_en)]
        else:
            got = result.fetched
            content = Content(got.name, got.body, got.sha256)
            added = library.add_document(
                content, result.document, origin_of_address(got), shipped[id_]
            )
            found = [of_added(added, shipped[id_].title_en, got.address)]
        outcomes += found
        if told is not None:
            for outcome in found:
                told(outcome)
    return outcomes
