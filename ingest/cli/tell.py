"""`python -m ingest list`, `show` and `doctor`: what the library holds, and whether all is well."""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any

from assistant.bodies import author_in, body_in
from assistant.errors import IndexError_
from assistant.retrieval.embeddings import model_fingerprint
from assistant.retrieval.index import open_index
from assistant.retrieval.store import Store, store_path
from assistant.settings import Settings
from assistant.types import Passage, Source
from ingest.doctor import examine
from ingest.entries import Entry, library_entries, library_entry, read_sources
from ingest.formats.names import one_line
from ingest.origins import Origin, library_origins
from ingest.outcomes import told
from ingest.refusing import DocumentError

# Columns of a passage shown beside its id and page: the line fits 100 columns.
_WORDS = 60
_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def list_documents(settings: Settings, *, as_json: bool) -> int:
    """A line for each document, the names it came under below it; returns the exit code."""
    sources = read_sources(settings).sources
    entries = {entry.id: entry for entry in library_entries(settings)}
    origins = library_origins(settings)
    counts = _passage_counts(settings)
    if as_json:
        rows = [_data(s, entries.get(s.id), origins.get(s.id, ()), counts) for s in sources]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for source in sources:
        entry = entries.get(source.id)
        kind = entry.format if entry else "shipped"
        pages = f"{len(source.pages)} pages" if source.pages else ""
        passages = f"{counts[source.id]} passages" if source.id in counts else "not indexed"
        title = one_line(source.title(source.language), 80)
        print(
            f"{source.id:40} {source.language}  {kind:7} {pages:>10} {passages:>13} "
            f"{len(source.text):>9,} characters  {title}"
        )
        for origin in origins.get(source.id, ()):
            if origin.place:
                print(f"{'':40} {one_line(origin.place, 200)}")
    own = len(entries)
    print(
        f"{own} added, {len(sources) - own} shipped."
        if own
        else f"{len(sources)} shipped; none added yet: `python -m ingest add FILE` adds one."
    )
    return 0


def show_document(settings: Settings, id_: str, *, as_json: bool) -> int:
    """All that is known of one document; raises DocumentError for one that is not there."""
    sources = {source.id: source for source in read_sources(settings).sources}
    if id_ not in sources:
        near = difflib.get_close_matches(id_, sources, n=3, cutoff=0.4)
        hint = ", ".join(near) or "`python -m ingest list` names all"
        raise DocumentError("no_document", one_line(id_, 61), hint=hint)
    source = sources[id_]
    entry = library_entry(settings, id_)
    origins = library_origins(settings).get(id_, ())
    passages = _passages(settings, id_)
    if as_json:
        data = _data(source, entry, origins, {id_: len(passages)} if passages else {})
        data["text"] = source.text
        data["parts"] = [asdict(passage) for passage in passages]
        print(json.dumps(data, ensure_ascii=False, indent=1))
        return 0
    for name, value in _facts(source, entry):
        if value:
            print(f"{name:11} {one_line(value, 300)}")
    for origin in origins:
        print(f"{'from':11} {one_line(origin.place or origin.name, 300)} ({origin.seen[:10]})")
    for sentence in told(entry.notes, "en") if entry else ():
        print(f"{'note':11} {one_line(sentence, 300)}")
    print(f"{'passages':11} {len(passages) or 'not indexed yet: run `python -m ingest`'}")
    heading = ""
    for passage in passages:
        if passage.heading != heading:
            heading = passage.heading
            print(f"  {one_line(heading, 90)}")
        place = f"p. {passage.page}" if passage.page else f"{passage.start}"
        words = _cut(one_line(passage.text, 200))
        print(f"    {passage.id.rpartition('.')[2]:10} {passage.language} {place:>8}  {words}")
    return 0


def _facts(source: Source, entry: Entry | None) -> list[tuple[str, str]]:
    return [
        ("id", source.id),
        ("title", source.title(source.language)),
        ("author", author_in(source.author, "en")),
        ("publisher", body_in(source.publisher, "en")),
        ("date", source.date),
        ("address", source.url),
        ("language", source.language),
        ("format", entry.format if entry else "shipped"),
        ("pages", str(len(source.pages)) if source.pages else ""),
        ("characters", f"{len(source.text):,}"),
        ("added", entry.added if entry else ""),
        ("replaces", entry.replaces if entry else ""),
        ("sha256", source.sha256),
    ]


def _data(
    source: Source, entry: Entry | None, origins: Sequence[Origin], counts: dict[str, int]
) -> dict[str, Any]:
    left_out = ("text", "translation", "guide")
    data = {name: value for name, value in asdict(source).items() if name not in left_out}
    return data | {
        "characters": len(source.text),
        "passages": counts.get(source.id),
        "shipped": entry is None,
        "format": entry.format if entry else "",
        "added": entry.added if entry else "",
        "notes": told(entry.notes, "en") if entry else [],
        "origins": [asdict(origin) for origin in origins],
    }


def _passage_counts(settings: Settings) -> dict[str, int]:
    """How many passages of each source the index in service holds; {} without an index."""
    try:
        with closing(Store(store_path(settings.home))) as store:
            return store.passage_counts()
    except IndexError_:
        return {}


def _passages(settings: Settings, id_: str) -> list[Passage]:
    """The passages of a source as they are indexed; [] where it is not."""
    try:
        with closing(open_index(settings, fingerprint=model_fingerprint(settings))) as index:
            return index.passages_of(id_)
    except IndexError_:
        return []


def _cut(words: str) -> str:
    """The beginning of the words, in so many columns; a Chinese character takes two."""
    width = 0
    for at, character in enumerate(words):
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width > _WORDS:
            return words[:at] + "…"
    return words


def doctor(settings: Settings, *, as_json: bool) -> int:
    """Print every finding; 1 when something fails."""
    findings = examine(settings)
    failed = [finding for finding in findings if finding.status == "fail"]
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
        return 1 if failed else 0
    for finding in findings:
        print(f"{_MARKS[finding.status]}  {finding.check:8} {finding.said}")
        if finding.remedy:
            print(f"{'':15}{finding.remedy}")
    warned = sum(finding.status == "warn" for finding in findings)
    print(f"{len(failed)} failed, {warned} to look at." if failed or warned else "All is well.")
    return 1 if failed else 0
