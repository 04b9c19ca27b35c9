"""Pages of added PDFs as pictures, on which quoted words are marked where they stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from assistant.retrieval.store import Store, originals_directory, store_path
from assistant.settings import Settings
from assistant.types import Source, Span

from .entries import Entry, library_entry
from .formats.document import Box
from .reading_apart import FileReader
from .refusing import DocumentError

# Someone waits in front of a page; a file is drawn quickly or not at all.
_SECONDS = 15.0


def marked_page(settings: Settings, source: Source, page: int, spans: Sequence[Span]) -> bytes:
    """A page, from 1, of the PDF that a source was read from: a PNG with the lines of spans marked.

    spans: of `source.text`; nothing is marked where the document was replaced since. Drawn in a
    process of its own. Raises DocumentError: "no_page" where there is no such picture, and what
    `FileReader.read` raises.
    """
    entry = library_entry(settings, source.id)
    if entry is None or entry.format != "pdf":
        raise DocumentError("no_page", source.id, page=page)
    quick = replace(settings, read_seconds=min(settings.read_seconds, _SECONDS))
    try:
        data = (originals_directory(settings.home) / entry.original).read_bytes()
        marks = _boxes(settings, entry, page, spans) if entry.sha256 == source.sha256 else []
    except (OSError, ValueError, KeyError, TypeError) as error:
        # It was taken out or replaced at this moment.
        raise DocumentError("no_page", source.id, page=page) from error
    with FileReader(quick) as reader:
        return reader.picture(data, entry.original, page, marks)


def _boxes(settings: Settings, entry: Entry, page: int, spans: Sequence[Span]) -> list[Box]:
    """Where the lines of a page stand that hold any of these characters."""
    with closing(Store(store_path(settings.home))) as store:
        lines = json.loads(store.boxes(entry.id) or "[]")
    return [
        tuple(line["box"])
        for line in lines
        if line["page"] == page
        and any(line["start"] < span.end and span.start < line["end"] for span in spans)
    ]
