"""How the store behaves as it grows: opening, answering, adding and removing, at several sizes.

The shipped corpus is indexed as it is. What is beyond it is made: documents of fifty passages whose
sentences are put together from clauses of the corpus, and vectors drawn with the mean and the
covariance that real ones have. So words are as frequent and vectors as near to one another as they
would be, and nothing has to be embedded.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TypeVar, cast

import numpy as np

from ingest import build_index
from ingest.formats.document import Document
from ingest.library import open_library
from ingest.passages import split_source
from ingest.preparing import content_of, entry_of, text_hash
from ingest.rows import SurfaceRow, surface_texts
from ingest.storing import Change, open_change

from ..answering import open_assistant
from ..errors import AssistantError
from ..retrieval.language import passage_language
from ..retrieval.store import Store, Vector, store_path
from ..settings import Settings
from ..types import LANGUAGES, Language
from .checks import print_rows
from .sets import read_set

T = TypeVar("T")
# Of each made document, and of the part of them that is made final together.
_PASSAGES, _SENTENCES, _TOGETHER = 50, 3, 40
# How often a document is added and removed; the median counts.
_ADDED = 5
_CLAUSE = re.compile(r"[^,;:.!?()，；：。！？（）\n]{3,}")
_MB = 1_000_000


def print_scale(
    settings: Settings, path: Path, *, sizes: Sequence[int], home: Path | None = None
) -> None:
    """Print times and memory for stores of some numbers of passages.

    path: a question set. home: a folder in which the store is kept, so that the same command goes
    on from there; a store that is larger than a size already is not measured at that size.
    """
    if home is None:
        with TemporaryDirectory() as folder:
            print_scale(settings, path, sizes=sizes, home=Path(folder))
        return
    mine = _settings_of(settings, home)
    build_index(mine)
    rows: dict[str, Sequence[str]] = {}
    for size in sorted(sizes):
        began = time.monotonic()
        made = _grow(mine, size)
        if made is None:
            continue
        rate = f"{made / (time.monotonic() - began):.0f}" if made else ""
        found = _measured_apart(home, path)
        rows[f"{size:,}"] = [rate, *(f"{value:{_COLUMNS[name]}}" for name, value in found.items())]
        print_rows(_HEADING, ("made/s", *_COLUMNS), rows)


_HEADING = (
    "passages: those made a second; seconds to open and to the first answer; retrieval and answer "
    "in ms;\nseconds to add and remove a document of one passage; MB in memory, at most; MB on disk"
)
# The columns, each with the format of its figures.
_COLUMNS = {
    "open": ".2f", "first": ".2f", "find p50": ".0f", "find p95": ".0f", "ask p50": ".0f",
    "ask p95": ".0f", "add": ".2f", "remove": ".2f", "memory": ".0f", "disk": ".0f",
}  # fmt: skip


def _settings_of(settings: Settings, home: Path) -> Settings:
    return replace(settings, home=home, chroma_url="", composer="quotes")


def _grow(settings: Settings, size: int) -> int | None:
    """Make documents until there are so many passages; how many were made.

    None where there are more already.
    """
    with open_change(settings) as change:
        store = Store(store_path(settings.home))
        made = _Made(store)
        there, first = store.info().passages, store.info().sources
        store.close()
        if there > size:
            return None
        for number in range((size - there) // _PASSAGES):
            _put(change, made, first + number)
            if number % _TOGETHER == _TOGETHER - 1:
                change.finish_index()
                change.keep()
        change.finish_index()
    return size - there


def _put(change: Change, made: _Made, number: int) -> None:
    language = LANGUAGES[number % 2]
    data = made.text(number, language).encode()
    document = Document(data.decode(), "txt")
    content = content_of(data, f"made-{number}.txt", 1)
    entry, boxes = entry_of(content, document, f"Paper {number}")
    source = entry.source(document.text)
    change.put_document(
        entry.id, entry.write(), entry.hash, text=document.text, sha256=text_hash(document.text),
        boxes=boxes, original=entry.original, data=None, replaces="",
    )  # fmt: skip
    held = []
    for passage in split_source(source, count_tokens=len, passage_tokens=10_000):
        rows = []
        for text in surface_texts(source, passage):
            vectors = made.vectors(text.language, 1 + len(text.sentences))
            rows.append(SurfaceRow(text, vectors[0], vectors[1:]))
        held.append((passage, rows))
    change.put_source(source, entry.hash, None, held, change.meta("collection"))


class _Made:
    """Texts and vectors like those of a store's own."""

    def __init__(self, store: Store) -> None:
        self._random = np.random.default_rng(store.info().passages)
        vectors: dict[Language, list[Vector]] = {language: [] for language in LANGUAGES}
        for batch in store.all_vectors():
            for _, _, language, vector in batch:
                vectors[cast(Language, language)].append(vector)
        self._drawn = {
            language: (np.mean(real, axis=0), np.linalg.cholesky(_covariance(real)))
            for language, real in vectors.items()
        }
        self._clauses: dict[Language, list[str]] = {language: [] for language in LANGUAGES}
        for number, _ in store.records():
            for text in store.texts(number):
                for clause in _CLAUSE.findall(text):
                    self._clauses[passage_language(clause)].append(clause.strip())

    def vectors(self, language: Language, count: int) -> Vector:
        mean, root = self._drawn[language]
        drawn = mean + self._random.standard_normal((count, len(mean))) @ root.T
        unit: Vector = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
        return unit

    def text(self, number: int, language: Language) -> str:
        clauses = self._clauses[language]
        comma, stop = ("，", "。") if language == "zh" else (", ", ". ")
        passages = []
        for passage in range(_PASSAGES):
            picked = self._random.integers(len(clauses), size=(_SENTENCES, 3))
            said = (comma.join(clauses[n] for n in sentence) + stop for sentence in picked)
            passages.append("".join(said) + f"N{number}-{passage}{stop}")
        return "\n\n".join(passages)


def _covariance(vectors: Sequence[Vector]) -> Vector:
    """Of fewer vectors than they have dimensions, too: drawn a little towards a round one."""
    found = np.cov(np.array(vectors, dtype=np.float64), rowvar=False)
    spread = np.trace(found) / len(found)
    result: Vector = 0.9 * found + 0.1 * spread * np.eye(len(found))
    return result


# What is measured happens in a process of its own, so that the memory is that of one store.


def _measured_apart(home: Path, path: Path) -> Mapping[str, float]:
    command = [sys.executable, "-m", __name__, str(home), str(path.absolute())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssistantError(f"The store could not be measured: {done.stderr.strip()[-300:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measure(settings: Settings, path: Path) -> dict[str, float]:
    asked = [question.question for question in read_set(path)]
    opened, assistant = _timed(lambda: open_assistant(settings))
    with assistant:
        first, _ = _timed(partial(assistant.ask, asked[0]))
        find = [_timed(partial(assistant.retrieve, q))[0] for q in asked]
        ask = [_timed(partial(assistant.ask, q))[0] for q in asked[:40]]
        added, removed = zip(*_changed(settings), strict=True)
    disk = sum(file.stat().st_size for file in settings.home.rglob("*") if file.is_file())
    return {
        "open": opened,
        "first": first,
        "find p50": 1000 * median(find),
        "find p95": 1000 * quantiles(find, n=20)[-1],
        "ask p50": 1000 * median(ask),
        "ask p95": 1000 * quantiles(ask, n=20)[-1],
        "add": median(added),
        "remove": median(removed),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MB,
        "disk": disk / _MB,
    }


def _changed(settings: Settings) -> Iterator[tuple[float, float]]:
    """Seconds to add a document and to remove it, into the index and out of it."""
    for number in range(_ADDED):
        text = f"The lamp of tower {number} is lit at dusk. Its keeper rows home at dawn.\n"
        began = time.perf_counter()
        with open_library(settings) as library:
            added = library.add(text.encode(), "lamp.txt")
            build_index(settings, change=library.change)
        half = time.perf_counter()
        with open_library(settings) as library:
            library.remove(added.id)
            build_index(settings, change=library.change)
        yield half - began, time.perf_counter() - half


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    _settings = _settings_of(Settings.load(), Path(sys.argv[1]))
    print(json.dumps(_measure(_settings, Path(sys.argv[2]))))
