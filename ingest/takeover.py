"""What the last release left on disk, taken into the store once; a backup of it stays.

Until then, each added document lay in a folder of its own below `library/`, and each build in one
below `index/`. Documents are taken over with their names and bytes, vectors with their words, so
that nothing that is unchanged is embedded again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import AssistantError
from assistant.retrieval.chroma import opened_files
from assistant.retrieval.embeddings import model_fingerprint
from assistant.retrieval.language import simplified
from assistant.retrieval.store import Vector
from assistant.settings import Settings
from assistant.types import Language

from .entries import Entry
from .origins import Origin
from .storing import Change

_OLD = ("library", "index")


def take_over(settings: Settings, change: Change) -> dict[tuple[Language, str], Vector]:
    """Take documents of the old layout into the store; returns the vectors of its index.

    They become final with the change. Then, and not before, `put_aside` renames the old folders:
    killed at any moment, one or the other has everything.
    """
    if change.meta("taken-over") or not _old_folders(settings):
        return {}
    for record in sorted((settings.home / "library").glob("*/source.json")):
        if not record.parent.name.startswith("."):
            _take_document(change, record.parent)
    known = {}
    # An index that cannot be read costs the time to embed everything anew, and nothing else.
    with suppress(AssistantError, OSError, ValueError, KeyError, TypeError):
        known = dict(_vectors(settings))
    change.set_meta(taken_over="1")
    return known


def put_aside(settings: Settings) -> None:
    """Rename the folders of the old layout, which the store has taken over, to `….before-store`."""
    for folder in _old_folders(settings):
        folder.rename(_backup(folder))


def _old_folders(settings: Settings) -> list[Path]:
    return [folder for name in _OLD if (folder := settings.home / name).is_dir()]


def _backup(folder: Path) -> Path:
    place, number = folder.with_name(f"{folder.name}.before-store"), 1
    while place.exists():
        number += 1
        place = folder.with_name(f"{folder.name}.before-store-{number}")
    return place


def _take_document(change: Change, folder: Path) -> None:
    data: dict[str, Any] = json.loads((folder / "source.json").read_text(encoding="utf-8"))
    text, original, boxes = data.pop("text"), data.pop("original"), data.pop("boxes")
    data["original"] = f"{data['original_sha256']}{Path(original).suffix}"
    entry = Entry.read(json.dumps(data))
    change.put_document(
        entry.id,
        entry.write(),
        entry.hash,
        text=(folder / text).read_text(encoding="utf-8"),
        sha256=entry.sha256,
        boxes=(folder / boxes).read_text(encoding="utf-8") if boxes else "",
        original=entry.original,
        data=(folder / original).read_bytes(),
        replaces=entry.replaces,
    )
    with suppress(OSError, ValueError, TypeError):
        rows = json.loads((folder / "origins.json").read_text(encoding="utf-8"))
        origins = [Origin.read(json.dumps(row)) for row in rows]
        change.put_origins(entry.id, origins)


def _vectors(settings: Settings) -> Iterator[tuple[tuple[Language, str], Vector]]:
    """The centred vectors of the old index by language and words, where this model made them."""
    root = settings.home / "index"
    folder = root / (root / "CURRENT").read_text(encoding="utf-8").strip()
    build: Mapping[str, Any] = json.loads((folder / "build.json").read_text(encoding="utf-8"))
    if build["model"] != model_fingerprint(settings) or build["store"] != "files":
        return
    sources = {
        row["id"]: row for row in json.loads((folder / "sources.json").read_text(encoding="utf-8"))
    }
    with closing(opened_files(folder / "chroma")) as client:
        held = {
            view: client.get_collection(f"{build['id']}-{view}", embedding_function=None)
            for view in ("passages", "sentences")
        }
        found = held["passages"].get(include=["embeddings", "metadatas"])
        passages = {}
        for data, vector in zip(found["metadatas"], found["embeddings"], strict=True):
            passage = passages[data["passage_id"]] = json.loads(data["passage"])
            words = _words(passage, data["surface"])
            title = sources[passage["source_id"]][f"title_{data['surface']}"]
            if passage["heading"] and data["surface"] == passage["language"]:
                title = f"{title} · {passage['heading']}" if title else passage["heading"]
            whole = f"{title}\n{words['text']}" if title else words["text"]
            yield (data["surface"], simplified(whole)), np.asarray(vector, dtype=np.float32)
        found = held["sentences"].get(include=["embeddings", "metadatas"])
        for data, vector in zip(found["metadatas"], found["embeddings"], strict=True):
            words = _words(passages[data["passage_id"]], data["surface"])
            span = words["sentences"][data["number"]]
            text = words["text"][span["start"] - words["start"] : span["end"] - words["start"]]
            yield (data["surface"], simplified(text)), np.asarray(vector, dtype=np.float32)


def _words(passage: Mapping[str, Any], surface: str) -> Mapping[str, Any]:
    result: Mapping[str, Any] = (
        passage if surface == passage["language"] else passage["translation"]
    )
    return result
