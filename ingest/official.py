"""The official texts of the further reading: where they may be had, and whether a text is one.

`corpus/official.toml` holds the addresses, and what must stand in a text for it to be the named
document. A text that lacks any of it is refused, and the project's own digest stays.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import CorpusError
from assistant.language import simplified
from assistant.settings import Settings

from .adding import Told
from .connecting import Network
from .fetching import Fetched, FetchLimits, fetch
from .formats.document import Document
from .from_address import known_fetch, origin_of_address
from .library import LibraryChange
from .origins import library_origins
from .outcomes import Outcome, of_added, of_error
from .preparing import Content
from .reading_apart import FileReader
from .refusing import DocumentError
from .sources import read_corpus

_FILE = "official.toml"
_SHOWN = 3
_SAME = str.maketrans("[{〔【〖]}〕】〗“”„‟「」『』", "(((((" + ")))))" + '"' * 8)


@dataclass(frozen=True, slots=True)
class Official:
    """What is known of an official text: addresses to try in order, and what shows that it is it.

    characters: at least so many, white space left out. phrases: all of them must stand in it.
    """

    id: str
    addresses: tuple[str, ...]
    characters: int
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """An official text that passed the check; `document` is None where it has not changed."""

    fetched: Fetched
    document: Document | None


def read_officials(corpus: Path) -> dict[str, Official]:
    """The official texts that are known, by the ids of their sources; {} without a list.

    Raises CorpusError for a list that cannot be read.
    """
    path = corpus / _FILE
    if not path.is_file():
        return {}
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["official"]
        officials = [
            Official(
                row["id"], tuple(row["addresses"]), int(row["characters"]), tuple(row["phrases"])
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} cannot be read ({error!r}). Restore it or mend it.") from error
    return {official.id: official for official in officials}


def check_official(official: Official, text: str) -> list[str]:
    """What a text lacks to be that document, in both languages; [] when it is the document."""
    plain = _plain(text)
    found = len("".join(plain.split()))
    lacking = [f"“{phrase}”" for phrase in official.phrases if not _stands(_plain(phrase), plain)]
    if found < official.characters:
        lacking.insert(0, f"{official.characters - found:,} 字/characters")
    return lacking


def fetch_official(
    settings: Settings,
    ids: Sequence[str] = (),
    *,
    addresses: Mapping[str, str] | None = None,
    allow_private: bool = False,
    known: Mapping[str, Fetched] | None = None,
    network: Network | None = None,
) -> dict[str, Accepted | list[DocumentError]]:
    """The official texts of these sources, by id; of all that are known where none is named.

    An id has what passed the check, or the reasons, one for each address that was tried. Nothing
    is stored. addresses: tried instead of the known ones, by id. known: what was accepted before,
    by id. Raises CorpusError when the list of official texts cannot be read.
    """
    officials = read_officials(settings.corpus)
    results: dict[str, Accepted | list[DocumentError]] = {}
    with FileReader(settings) as reader:

        def accepted(official: Official, address: str) -> Accepted:
            got = fetch(
                address,
                FetchLimits.of(settings),
                allow_private=allow_private,
                known=(known or {}).get(official.id),
                network=network,
            )
            return _accepted(official, got, reader)

        for id_ in dict.fromkeys(ids or officials):
            if id_ in officials:
                results[id_] = _first(officials[id_], (addresses or {}).get(id_, ""), accepted)
            else:
                results[id_] = [DocumentError("no_official", id_, ids=", ".join(officials))]
    return results


def _first(
    official: Official, given: str, accepted: Callable[[Official, str], Accepted]
) -> Accepted | list[DocumentError]:
    """What the first address with the document gave, or why none of them did."""
    reasons = []
    for address in (given,) if given else official.addresses:
        try:
            return accepted(official, address)
        except DocumentError as error:
            reasons.append(error)
    return reasons


def _accepted(official: Official, got: Fetched, reader: FileReader) -> Accepted:
    """What was fetched, read and checked; raises DocumentError when it is something else."""
    if got.not_modified:
        return Accepted(got, None)
    document = reader.read(got.body, got.name, charset=got.charset)
    if lacking := check_official(official, document.text):
        shown = ", ".join(lacking[:_SHOWN]) + (" …" if len(lacking) > _SHOWN else "")
        raise DocumentError("not_official", got.address, id=official.id, missing=shown)
    return Accepted(got, document)


def _plain(text: str) -> str:
    """A text in the form in which phrases are compared; white space stays."""
    return simplified(unicodedata.normalize("NFKC", text)).translate(_SAME).casefold()


def _stands(phrase: str, plain: str) -> bool:
    """Whether a phrase stands in a text, whatever the white space, and not inside a number."""
    before = r"(?<!\d)(?<!\d\.)" if phrase[0].isdigit() else ""
    after = r"(?!\.?\d)" if phrase[-1].isdigit() else ""
    spaced = r"\s*".join(map(re.escape, "".join(phrase.split())))
    return re.search(before + spaced + after, plain) is not None


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
