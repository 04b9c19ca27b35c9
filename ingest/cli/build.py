"""`python -m ingest`: bring the index up to date, say what that would do, describe the index."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from assistant.retrieval.store import Store, StoreInfo, store_path
from assistant.settings import Settings
from ingest.build import build_index, pending_changes
from ingest.entries import read_sources

# Where each stage begins, as a share of a first build.
_STAGES = {"model": 0.0, "load": 0.15, "means": 0.3, "embed": 0.5, "store": 0.9, "check": 0.97}


def build(settings: Settings, *, force: bool = False, quiet: bool = False) -> StoreInfo | None:
    """Build with a progress bar; None where there was nothing to do but to sweep."""
    if not force and not pending_changes(settings):
        build_index(settings)
        return None
    from tqdm import tqdm

    form = "{desc:>6} {bar} {n:3.0f}% {elapsed}"
    with tqdm(total=100, bar_format=form, leave=False, disable=quiet) as bar:

        def progress(stage: str, share: float) -> None:
            low = _STAGES.get(stage, bar.n / 100)
            high = min((s for s in _STAGES.values() if s > low), default=1.0)
            bar.set_description_str(stage if stage in _STAGES else "model", refresh=False)
            bar.n = max(bar.n, 100 * (low + share * (high - low)))
            bar.refresh()

        return build_index(settings, force=force, progress=progress)


def build_and_tell(settings: Settings, *, force: bool) -> int:
    """Build, and say in a line what became of it."""
    if (info := build(settings, force=force)) is None:
        with closing(Store(store_path(settings.home))) as store:
            info = store.info()
        print(f"Nothing to do: the index {info.id} is up to date ({summary(info)}).")
    else:
        print(built(info))
    return 0


def built(info: StoreInfo) -> str:
    """A finished build in a sentence."""
    return f"Built the index {info.id} in {info.seconds:.0f} s: {summary(info)}."


def check(settings: Settings) -> int:
    """Say what a build would do; 3 when that is something."""
    changes = pending_changes(settings)
    if not changes:
        print("Nothing would change: the index is up to date.")
        return 0
    for word, ids in (
        ("add", changes.added),
        ("change", changes.changed),
        ("remove", changes.removed),
    ):
        for id_ in ids:
            print(f"would {word} {id_}")
    for reason in changes.reasons:
        print(f"would rebuild: {reason}")
    return 3


def status(settings: Settings, *, as_json: bool) -> int:
    """Describe the index in use."""
    path = store_path(settings.home)
    with closing(Store(path)) as store:
        info, counts, hashes = store.info(), store.passage_counts(), store.hashes()
    stale = pending_changes(settings)
    age = datetime.now(UTC) - datetime.fromisoformat(info.created)
    if as_json:
        data: dict[str, Any] = asdict(info) | {
            "store": str(path),
            "sources": hashes,
            "age_s": round(age.total_seconds()),
            "up_to_date": not stale,
        }
        print(json.dumps(data, ensure_ascii=False, indent=1))
        return 0
    languages = ", ".join(f"{count} {language}" for language, count in info.languages.items())
    print(f"index      {path}")
    print(f"changed    {info.created} ({_ago(age.total_seconds())} ago, in {info.seconds:.0f} s)")
    print(f"model      {info.model}")
    print(f"passages   {info.passages} ({languages}), {info.sentences} sentences")
    print(f"up to date {'yes' if not stale else 'no: run `python -m ingest`'}")
    print(f"sources    {info.sources}")
    for source in read_sources(settings).sources:
        count = counts.get(source.id, 0)
        translated = "translated" if source.translation else "not translated"
        print(
            f"  {source.id:28} {source.language}  {source.kind:8} {count:3} passages, {translated}"
        )
    return 0


def summary(info: StoreInfo) -> str:
    """How much an index holds."""
    return f"{info.sources} sources, {info.passages} passages, {info.sentences} sentences"


def _ago(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
