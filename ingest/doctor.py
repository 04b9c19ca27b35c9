"""Whether install, model, corpus, library, index and disk are well, and what helps where not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from typing import Literal

from filelock import FileLock, Timeout

from assistant.errors import AssistantError, CorpusError, IndexDamagedError
from assistant.quoting.decision import DEFAULT, decision_for
from assistant.retrieval.bundled_model import verify as verify_model
from assistant.retrieval.embeddings import bundled_embeddings, model_fingerprint
from assistant.retrieval.index import open_index
from assistant.retrieval.second_encoder import second_encoder
from assistant.retrieval.store import Store, originals_directory, store_path
from assistant.settings import Settings

from .build import build_index, pending_changes
from .entries import Entry, checked_text, read_sources
from .sources import read_corpus
from .storing import lock_path

_BUILD = "Run `python -m ingest`."
# Less free space than this lets the next build fail; less than the other may soon.
_FAIL_MB, _WARN_MB = 200, 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, in a sentence, and what helps ("" where nothing needs to)."""

    check: str
    status: Literal["ok", "warn", "fail"]
    said: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """All checks in order; one that fails stops no other.

    None changes anything, but that vectors which are lost or damaged are made anew.
    """
    checks: dict[str, Callable[[Settings], Iterator[Finding]]] = {
        "install": _install,
        "model": _model,
        "corpus": _corpus,
        "library": _library,
        "index": _index,
        "second": _second,
        "disk": _disk,
        "extras": _extras,
    }
    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            findings += check(settings)
        except AssistantError as error:
            findings.append(Finding(name, "fail", str(error)))
        except Exception as error:  # the doctor must speak whatever is broken
            said = f"The check itself failed ({type(error).__name__}: {error})."
            findings.append(Finding(name, "fail", said, "Report this as a fault of the program."))
    return findings


def _install(settings: Settings) -> Iterator[Finding]:
    from packaging.requirements import Requirement

    found = ".".join(map(str, sys.version_info[:3]))
    wrong = []
    try:
        rows = [Requirement(row) for row in requires("report-assistant") or []]
    except PackageNotFoundError:
        yield Finding("install", "warn", "The package is not installed.", "Run `make run` once.")
        return
    for row in rows:
        if row.marker is not None and not row.marker.evaluate({"extra": ""}):
            continue
        try:
            if not row.specifier.contains(version(row.name), prereleases=True):
                wrong.append(f"{row.name} {version(row.name)} (wanted {row.specifier})")
        except PackageNotFoundError:
            wrong.append(f"{row.name} (missing)")
    if wrong:
        remedy = "Run `make run`, or `pip install -c constraints.txt -e .`."
        yield Finding("install", "fail", f"Packages do not fit: {', '.join(wrong)}.", remedy)
    else:
        yield Finding("install", "ok", f"Python {found} and all packages fit.")


def _model(settings: Settings) -> Iterator[Finding]:
    name = model_fingerprint(settings)
    if settings.embedding_model == "bundled":
        bundled_embeddings(settings).embed_query("Is it there?")
        verify_model(settings.cache)
        yield Finding("model", "ok", f"The embedding model {name} is there and embeds.")
    else:
        yield Finding("model", "ok", f"The settings ask for the embedding model {name}.")
    if decision_for(name).model == DEFAULT:
        said = (
            f"When to answer was never fitted for {name}: a cautious default decides, which "
            "refuses nothing for being far off and shows more as partly answered."
        )
        remedy = "In a clone, run `python -m research.fit_decision` to fit it."
        yield Finding("model", "warn", said, remedy)


def _corpus(settings: Settings) -> Iterator[Finding]:
    count = len(read_corpus(settings.corpus).sources)
    yield Finding("corpus", "ok", f"{count} texts in {settings.corpus} hold together.")


def _library(settings: Settings) -> Iterator[Finding]:
    if _is_locked(settings):
        yield Finding("library", "ok", "Another process is changing the documents right now.")
        return
    folder = originals_directory(settings.home)
    count = 0
    with closing(_store(settings)) as store:
        for id_, record in store.documents().items():
            count += 1
            again = f"Run `python -m ingest remove {id_}`, then add the document again."
            try:
                entry = Entry.read(record)
                checked_text(entry, store.text(entry.sha256))
            except CorpusError:
                yield Finding("library", "fail", f"The record or text of {id_} is damaged.", again)
                continue
            if not (folder / entry.original).is_file():
                said = f"{id_} lacks its file {entry.original} in {folder}."
                yield Finding("library", "fail", said, again)
    read_sources(settings)
    yield Finding("library", "ok", f"{count} added documents in {settings.home} hold together.")


def _index(settings: Settings) -> Iterator[Finding]:
    if _is_locked(settings):
        yield Finding("index", "ok", "Another process is changing the index right now.")
        return
    with closing(_store(settings)) as store:
        info, left = store.info(), store.meta("unfinished")
        sound = store.rows("PRAGMA quick_check(1)")
    if sound != [("ok",)]:
        raise IndexDamagedError(
            f"The store {store_path(settings.home)} is damaged ({sound[0][0]}). Move it away, then "
            "run `python -m ingest`."
        )
    fingerprint = model_fingerprint(settings)
    mended = ""
    with closing(open_index(settings, fingerprint=fingerprint)) as index:
        try:
            index.check()
        except IndexDamagedError as error:
            build_index(settings)
            mended = str(error).split(". ")[0]
            index.check()
    if mended:
        yield Finding("index", "warn", f"{mended}.", "They were made anew from the store just now.")
    yield Finding("index", "ok", f"{info.passages} passages in {settings.home} are all there.")
    if changes := pending_changes(settings):
        parts = [
            f"{len(ids)} to {word}"
            for word, ids in (
                ("add", changes.added),
                ("change", changes.changed),
                ("remove", changes.removed),
            )
            if ids
        ]
        said = "; ".join([*parts, *changes.reasons])
        yield Finding("index", "warn", f"The index is not up to date ({said}).", _BUILD)
    if left:
        said = "A change of the documents was killed; it left nothing but waste."
        yield Finding("index", "warn", said, f"It goes with the next change. {_BUILD}")


def _second(settings: Settings) -> Iterator[Finding]:
    with closing(_store(settings)) as store:
        made_by = store.info().second
    if made_by:
        second_encoder().embed(["Is it there?"], language="en", kind="query")
        yield Finding("second", "ok", f"The second encoder {made_by} is there and embeds.")


def _store(settings: Settings) -> Store:
    return Store(store_path(settings.home))


def _disk(settings: Settings) -> Iterator[Finding]:
    for name, folder in (("home", settings.home), ("cache", settings.cache)):
        there = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(there).free // 1_000_000
        said = f"{free:,} MB are free where {name} is ({folder})."
        if not there.is_dir() or not os.access(there, os.W_OK):
            remedy = f"Mend its permissions, or set ASSISTANT_{name.upper()} to another folder."
            yield Finding("disk", "fail", f"{folder} cannot be written.", remedy)
        elif free < _WARN_MB:
            status: Literal["warn", "fail"] = "fail" if free < _FAIL_MB else "warn"
            yield Finding("disk", status, said, f"Make room for {folder}.")
        else:
            yield Finding("disk", "ok", said)


def _extras(settings: Settings) -> Iterator[Finding]:
    if find_spec("rapidocr") is None:
        said = "Scanned pages are not read: the extra `ocr` is not installed."
        yield Finding("extras", "ok", said, "pip install -e '.[ocr]' adds it.")
    else:
        yield Finding("extras", "ok", "Scanned pages are read.")
    model = settings.chat_model or "no model; answers are quotes"
    yield Finding("extras", "ok", f"Chat model: {model}.")


def _is_locked(settings: Settings) -> bool:
    """Whether another process is changing the store; no lock is made where there is none."""
    path = lock_path(settings)
    if not path.is_file():
        return False
    try:
        with FileLock(path).acquire(timeout=0):
            return False
    except Timeout:
        return True
