"""Where the documents of the library came from: files, addresses, uploads.

A document is stored once, whatever the names it came under: `origins.json` in its folder lists
them. It shapes no index; a file that moved changes only this list.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from assistant.retrieval.builds import library_directory, library_records
from assistant.settings import Settings

FILE = "origins.json"


@dataclass(frozen=True, slots=True)
class Origin:
    """One name that a document came under.

    name: the file's, as shown. place: an absolute path, or the address as it was asked for; ""
    for an upload. sha256: of the bytes that came from there. seen: when they did, ISO 8601.
    size (bytes) and mtime_ns tell a file that was not touched since. folder: the one that `sync`
    keeps in step, "" outside. final, etag, last_modified: what the server of an address said.
    """

    kind: Literal["file", "address", "upload"]
    name: str
    place: str
    sha256: str
    seen: str
    size: int = 0
    mtime_ns: int = 0
    folder: str = ""
    final: str = ""
    etag: str = ""
    last_modified: str = ""


def read_origins(folder: Path) -> tuple[Origin, ...]:
    """The origins of the document in that folder; () where the list is lost or damaged."""
    try:
        rows: list[dict[str, Any]] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        names = {field.name for field in fields(Origin)}
        return tuple(Origin(**{k: v for k, v in row.items() if k in names}) for row in rows)
    except (OSError, ValueError, TypeError, AttributeError):
        return ()


def origins_json(origins: Sequence[Origin]) -> str:
    """The content of `origins.json`."""
    return json.dumps([asdict(origin) for origin in origins], ensure_ascii=False, indent=1)


def library_origins(settings: Settings) -> dict[str, tuple[Origin, ...]]:
    """The origins of every document, by its id."""
    folder = library_directory(settings.home)
    return {id_: read_origins(folder / id_) for id_ in library_records(settings.home)}


def same_place(one: Origin, other: Origin) -> bool:
    """Whether both stand for the same file or address, or for uploads of the same name."""
    if one.kind == other.kind == "upload":
        return one.name == other.name
    return (one.kind, one.place) == (other.kind, other.place)


def with_origin(origins: Sequence[Origin], new: Origin) -> tuple[Origin, ...]:
    """The origins with one more; one of the same place is replaced."""
    return (*(origin for origin in origins if not same_place(origin, new)), new)
