"""The official texts of the further reading: where they may be had, and whether a text is one.

`corpus/official.toml` holds the addresses, and what must stand in a text for it to be the named
document. A text that lacks any of it is refused, and the project's own digest stays.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import CorpusError
from assistant.retrieval.language import simplified
from assistant.settings import Settings
from assistant.types import Source

from .adding import Told
from .fetch.fetching import Fetched, FetchLimits, fetch
from .from_address import known_fetch, origin_of_address
from .library import LibraryChange
from .outcomes import Outcome, of_added, of_error
from .preparing import Content
from .reading_apart import FileReader
from .refusing import DocumentError
from .sources import read_corpus

_FILE = "official.toml"
# So many of the phrases that are missing are named to the user.
_SHOWN = 3
# Brackets and quotation marks that publishers put for one another.
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

    addresses: tried instead of the known ones, by id. Each text takes the place of its digest in
    the index once it has passed the check that it is the named document; otherwise the digest
    stays, with a reason for each address. Removing the added document brings the digest back.
    """
    officials = read_officials(settings.corpus)
    shipped = {source.id: source for source in read_corpus(settings.corpus).sources}
    outcomes: list[Outcome] = []
    with FileReader(settings) as reader:
        for id_ in dict.fromkeys(ids or officials):
            official = officials.get(id_) or Official(id_, (), 0, ())
            known = next(
                (
                    known_fetch(origin)
                    for origin in library.origins(f"{id_}-official")
                    if origin.kind == "address"
                ),
                None,
            )
            given = (addresses or {}).get(id_, "")
            found: list[Outcome] = []
            if id_ not in officials:
                error = DocumentError("no_official", id_, ids=", ".join(officials))
                found.append(of_error(error, id_))
            for address in (given,) if given else official.addresses:
                try:
                    got = fetch(
                        address,
                        FetchLimits.of(settings),
                        allow_private=allow_private,
                        known=known,
                    )
                    found = [_replaced(official, got, reader, library, shipped[id_])]
                    break
                except DocumentError as error:
                    found.append(of_error(error, id_))
            outcomes += found
            if told is not None:
                for outcome in found:
                    told(outcome)
    return outcomes


def _replaced(
    official: Official, got: Fetched, reader: FileReader, library: LibraryChange, shipped: Source
) -> Outcome:
    """What becomes of what was fetched; raises DocumentError when it is something else."""
    if got.not_modified:
        return Outcome(official.id, "same", id=f"{official.id}-official", there=shipped.title_en)
    document = reader.read(got.body, got.name, charset=got.charset)
    if lacking := check_official(official, document.text):
        shown = ", ".join(lacking[:_SHOWN]) + (" …" if len(lacking) > _SHOWN else "")
        raise DocumentError("not_official", got.address, id=official.id, missing=shown)
    content = Content(got.name, got.body, got.sha256)
    added = library.add_document(content, document, origin_of_address(got), shipped)
    return of_added(added, shipped.title_en, got.address)
