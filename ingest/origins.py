"""Where the documents that users added came from: files, addresses, uploads.

A document is stored once, whatever the names it came under. They shape no index; a file that
moved changes only its name here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal

from assistant.errors import IndexMissingError
from assistant.retrieval.store import Store, store_path
from assistant.settings import Settings


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

    @classmethod
    def read(cls, data: str) -> Origin:
        """What the store kept."""
        names = {field.name for field in fields(cls)}
        return cls(**{k: v for k, v in json.loads(data).items() if k in names})

    def write(self) -> str:
        """What the store keeps."""
        return json.dumps(asdict(self), ensure_ascii=False)


def library_origins(settings: Settings) -> dict[str, tuple[Origin, ...]]:
    """The origins of every document, by its id."""
    try:
        store = Store(store_path(settings.home))
    except IndexMissingError:
        return {}
    try:
        return by_document(store.origins())
    finally:
        store.close()


def by_document(rows: Sequence[tuple[str, str]]) -> dict[str, tuple[Origin, ...]]:
    """Origins as the store gives them, by the ids of their documents."""
    found: dict[str, tuple[Origin, ...]] = {}
    for id_, data in rows:
        found[id_] = (*found.get(id_, ()), Origin.read(data))
    return found


def same_place(one: Origin, other: Origin) -> bool:
    """Whether both stand for the same file or address, or for uploads of the same name."""
    if one.kind == other.kind == "upload":
        return one.name == other.name
    return (one.kind, one.place) == (other.kind, other.place)


def with_origin(origins: Sequence[Origin], new: Origin) -> tuple[Origin, ...]:
    """The origins with one more; one of the same place is replaced."""
    return (*(origin for origin in origins if not same_place(origin, new)), new)
