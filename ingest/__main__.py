"""`python -m ingest`: build the index, or say what a build would do.

Exit codes: 0 done or nothing to do, 1 something is wrong (one sentence on stderr says what),
2 wrong usage, 3 `--check` found that a build would change something, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from assistant.builds import BuildInfo, read_current
from assistant.errors import AssistantError
from assistant.settings import Settings

from .build import build_index, pending_changes
from .sources import read_corpus, rehash

# Where each stage begins, as a share of a first build.
_STAGES = {"model": 0.0, "load": 0.15, "means": 0.3, "embed": 0.5, "store": 0.9, "check": 0.97}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        settings = Settings.load()
        if options.rehash:
            changed = rehash(settings.corpus)
            print(f"Updated hashes of {len(changed)} files: {', '.join(changed) or 'none'}.")
            return 0
        if options.check:
            return _check(settings)
        if options.status:
            return _status(settings, as_json=options.json)
        return _build(settings, force=options.force)
    except AssistantError as error:
        print(f"ingest: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ingest: interrupted; the index in use is untouched.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="say what a build would change")
    what.add_argument("--status", action="store_true", help="describe the index in use")
    what.add_argument("--force", action="store_true", help="build even if nothing changed")
    what.add_argument("--rehash", action="store_true", help="accept edited texts: new hashes")
    parser.add_argument("--json", action="store_true", help="with --status: machine-readable")
    return parser


def _build(settings: Settings, *, force: bool) -> int:
    if not force and not pending_changes(settings):
        info = BuildInfo.read(read_current(settings.home))
        print(f"Nothing to do: the index {info.id} is up to date ({_summary(info)}).")
        return 0
    from tqdm import tqdm

    with tqdm(total=100, bar_format="{desc:>6} {bar} {n:3.0f}% {elapsed}", leave=False) as bar:

        def progress(stage: str, share: float) -> None:
            low = _STAGES.get(stage, bar.n / 100)
            high = min((s for s in _STAGES.values() if s > low), default=1.0)
            bar.set_description_str(stage if stage in _STAGES else "model", refresh=False)
            bar.n = max(bar.n, 100 * (low + share * (high - low)))
            bar.refresh()

        info = build_index(settings, force=force, progress=progress)
    print(f"Built the index {info.id} in {info.seconds:.0f} s: {_summary(info)}.")
    return 0


def _check(settings: Settings) -> int:
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


def _status(settings: Settings, *, as_json: bool) -> int:
    directory = read_current(settings.home)
    info = BuildInfo.read(directory)
    stale = pending_changes(settings)
    age = datetime.now(UTC) - datetime.fromisoformat(info.created)
    if as_json:
        data: dict[str, Any] = asdict(info) | {
            "directory": str(directory),
            "age_s": round(age.total_seconds()),
            "up_to_date": not stale,
        }
        print(json.dumps(data, ensure_ascii=False, indent=1))
        return 0
    languages = ", ".join(f"{count} {language}" for language, count in info.languages.items())
    print(f"index      {directory}")
    print(f"built      {info.created} ({_ago(age.total_seconds())} ago, in {info.seconds:.0f} s)")
    print(f"model      {info.model}")
    print(f"passages   {len(info.passages)} ({languages}), {info.sentences} sentences")
    print(f"up to date {'yes' if not stale else 'no: run `python -m ingest`'}")
    print(f"sources    {len(info.sources)}")
    for source in read_corpus(settings.corpus).sources:
        count = sum(id_.startswith(f"{source.id}.") for id_ in info.passages)
        translated = "translated" if source.translation else "not translated"
        print(
            f"  {source.id:28} {source.language}  {source.kind:8} {count:3} passages, {translated}"
        )
    return 0


def _summary(info: BuildInfo) -> str:
    return f"{len(info.sources)} sources, {len(info.passages)} passages, {info.sentences} sentences"


def _ago(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


if __name__ == "__main__":
    sys.exit(main())
