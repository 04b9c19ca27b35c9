"""The Documents tab: what is indexed, and what happens when users add or remove documents.

One change at a time: library and index change together, and the next question sees it. An answer
that is being given ends on what it began with.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import ingest
from ingest import DocumentError, build_index, library_entries, open_library, pending_changes
from ingest.fetch.fetching import Fetched
from ingest.formats.names import shown_name
from ingest.from_address import AddOptions, add_fetched, fetch_address
from ingest.outcomes import of_added, of_error
from ingest.preparing import content_of

from .. import Assistant, AssistantError
from ..settings import Settings
from ..types import Kind, Language
from .hosting import AssistantHost

if TYPE_CHECKING:
    from ingest.library import LibraryChange

# How long a change waits for its turn, in seconds; a file takes up to three minutes to be read.
WAIT_S = 300.0
# Called with what is going on and how much of that is done, 0.0 to 1.0. Stages: "wait" (for
# another change), "fetch", "read" and those of `build_index`.
Progress = Callable[[str, float], None]

_SAID: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "not_built": "{name}: nothing was changed, because the index could not be rebuilt. {why}",
        "failed": "{name}: nothing was changed. {why}",
        "program": "There is an error in the program; the server's log shows the details.",
    },
    "zh": {
        "not_built": "{name}：未作任何更改，因为无法重建索引。{why}",
        "failed": "{name}：未作任何更改。{why}",
        "program": "程序出错；详情见服务器日志。",
    },
}


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document of the index; `added` (ISO 8601) is "" for what came with the assistant."""

    id: str
    title_en: str
    title_zh: str
    language: Language
    kind: Kind
    publisher: str
    date: str
    passages: int
    characters: int
    removable: bool
    added: str


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """What the index in service is; `built` is ISO 8601, `languages` counts passages."""

    built: str
    model: str
    sources: int
    passages: int
    sentences: int
    languages: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file or document, as a sentence; it is not escaped.

    `id` is the document's, "" where there is none. Not `changed` where it was there already;
    `locked` where a password, or another one, would open it.
    """

    name: str
    ok: bool
    sentence: str
    id: str = ""
    changed: bool = False
    locked: bool = False


def document_rows(assistant: Assistant) -> list[DocumentRow]:
    """What is indexed, in the index's order; raises CorpusError for a library that is damaged."""
    added = {entry.id: entry for entry in library_entries(assistant.settings)}
    counts = assistant.index.store.passage_counts()
    return [
        DocumentRow(
            id=source.id,
            title_en=source.title_en,
            title_zh=source.title_zh,
            language=source.language,
            kind=source.kind,
            publisher=source.publisher,
            date=source.date,
            passages=counts.get(source.id, 0),
            characters=(
                added[source.id].characters
                if source.id in added
                else len(assistant.index.sources[source.id].text)
            ),
            removable=source.id in added,
            added=added[source.id].added if source.id in added else "",
        )
        for source in assistant.index.all_records
    ]


def build_facts(assistant: Assistant) -> BuildFacts:
    """When and with what the index was built, and what it holds."""
    info = assistant.index.info
    return BuildFacts(
        built=info.created,
        model=info.model,
        sources=info.sources,
        passages=info.passages,
        sentences=info.sentences,
        languages=info.languages,
    )


def add_documents(
    host: AssistantHost,
    files: Sequence[tuple[str, str | Path]],
    progress: Progress | None = None,
    *,
    language: Language = "en",
    password: str = "",
) -> list[Outcome]:
    """Add files, each a name and a path, and answer with them from then on.

    Each file succeeds or fails alone; when the index cannot be rebuilt, none is added. Takes as
    long as that takes: for a worker thread. Outcomes are in the given order and language.
    password: tried on every file that is protected; it is not kept.
    """
    report = progress or _nobody

    def add(library: LibraryChange) -> list[Outcome]:
        outcomes = []
        for number, (name, path) in enumerate(files, start=1):
            outcomes.append(_upload(host.settings, library, name, Path(path), password))
            report("read", number / len(files))
        return _of(outcomes, language)

    names = [shown_name(name) for name, _ in files]
    return _change(host, names, add, report, language)


def fetch_addresses(
    host: AssistantHost, addresses: Sequence[str], progress: Progress | None = None
) -> dict[str, Fetched | DocumentError]:
    """What these addresses give, never those of private networks; the library stays free."""
    fetched: dict[str, Fetched | DocumentError] = {}
    for number, address in enumerate(addresses, start=1):
        try:
            fetched[address] = fetch_address(host.settings, address)
        except DocumentError as error:
            fetched[address] = error
        (progress or _nobody)("fetch", number / len(addresses))
    return fetched


def add_addresses(
    host: AssistantHost,
    fetched: Mapping[str, Fetched | DocumentError],
    progress: Progress | None = None,
    *,
    language: Language = "en",
) -> list[Outcome]:
    """Add what `fetch_addresses` gave; as `add_documents` otherwise."""
    report = progress or _nobody

    def put(library: LibraryChange, address: str, got: Fetched | DocumentError) -> ingest.Outcome:
        if isinstance(got, DocumentError):
            return of_error(got, address)
        try:
            return add_fetched(host.settings, library, got, AddOptions())
        except DocumentError as error:
            return of_error(error, address)

    def add(library: LibraryChange) -> list[Outcome]:
        outcomes = []
        for number, (address, got) in enumerate(fetched.items(), start=1):
            outcomes.append(put(library, address, got))
            report("read", number / len(fetched))
        return _of(outcomes, language)

    return _change(host, list(fetched), add, report, language)


def remove_documents(
    host: AssistantHost,
    ids: Sequence[str],
    progress: Progress | None = None,
    *,
    language: Language = "en",
) -> list[Outcome]:
    """Remove documents that were added; as `add_documents` otherwise."""

    def remove(library: LibraryChange) -> list[Outcome]:
        return _of(ingest.remove_documents(host.settings, library, ids), language)

    return _change(host, ids, remove, progress or _nobody, language)


def _of(outcomes: Sequence[ingest.Outcome], language: Language) -> list[Outcome]:
    return [
        Outcome(
            o.name,
            o.ok,
            o.said(language),
            o.id,
            changed=o.changes_index,
            locked=o.error is not None and o.error.reason in ("encrypted", "wrong_password"),
        )
        for o in outcomes
    ]


def _upload(
    settings: Settings, library: LibraryChange, name: str, path: Path, password: str
) -> ingest.Outcome:
    """Add a file under the name that its user gave it; where it lay for a while is no origin."""
    shown = shown_name(name)
    try:
        content = content_of(path, shown, settings.upload_mb)
        return of_added(library.add(content.data, name, password=password), shown)
    except DocumentError as error:
        return of_error(error, shown)


def _change(
    host: AssistantHost,
    names: Sequence[str],
    change: Callable[[LibraryChange], list[Outcome]],
    report: Progress,
    language: Language,
) -> list[Outcome]:
    """Change the library and the index together, or leave both as they were and say why."""
    # Before anything is told of a file, one sentence stands for each.
    outcomes = [Outcome(name, True, "", changed=True) for name in names]
    trouble = "failed"
    try:
        host.wait()
        report("wait", 0.0)
        with open_library(host.settings, wait_s=WAIT_S) as library:
            outcomes = change(library)
            trouble = "not_built"
            if any(outcome.changed for outcome in outcomes) or pending_changes(host.settings):
                build_index(host.settings, progress=report, change=library.change)
    except Exception as error:
        # Whatever stopped it: the user is told what became of each file.
        why = _why(error, language)
        return [
            replace(
                outcome,
                ok=False,
                sentence=_SAID[language][trouble].format(name=outcome.name, why=why),
                changed=False,
            )
            if outcome.ok
            else outcome
            for outcome in outcomes
        ]
    return outcomes


def _why(error: Exception, language: Language) -> str:
    if isinstance(error, DocumentError):
        return error.said(language)
    if isinstance(error, AssistantError):
        return str(error)
    logging.getLogger("ui").error("The documents could not be changed.", exc_info=error)
    return _SAID[language]["program"]


def _nobody(stage: str, share: float) -> None:
    """For callers who do not want to be told."""
