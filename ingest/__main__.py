"""`python -m ingest`: build the index, say what a build would do, or translate sources for one.

Exit codes: 0 done or nothing to do, 1 something is wrong (one sentence on stderr says what),
2 wrong usage, 3 `--check` found that something would change, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assistant.builds import BuildInfo, read_current
from assistant.errors import AssistantError, ChatModelError, CorpusError, SettingsError
from assistant.settings import Settings
from assistant.types import Source, other_language

from .build import build_index, pending_changes
from .entries import read_sources
from .sources import read_corpus, rehash
from .translated_line import LANGUAGE_NAMES
from .translating import Added, count_lines, file_of, layout_note, open_translator

if TYPE_CHECKING:
    from assistant.chat_model import ChatModel

# Where each stage begins, as a share of a first build.
_STAGES = {"model": 0.0, "load": 0.15, "means": 0.3, "embed": 0.5, "store": 0.9, "check": 0.97}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _options(argv)
    try:
        settings = Settings.load()
        if options.translate:
            return _translate(settings, check=options.check)
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
        left = "finished lines are kept" if options.translate else "the index in use is untouched"
        print(f"ingest: interrupted; {left}.", file=sys.stderr)
        return 130


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ingest", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="say what a build, or --translate, would change"
    )
    what.add_argument("--status", action="store_true", help="describe the index in use")
    what.add_argument("--force", action="store_true", help="build even if nothing changed")
    what.add_argument("--rehash", action="store_true", help="accept edited texts: new hashes")
    parser.add_argument(
        "--translate",
        action="store_true",
        help="add translations by the chat model to the sources that have none",
    )
    parser.add_argument("--json", action="store_true", help="with --status: machine-readable")
    options = parser.parse_args(argv)
    if options.translate and (options.status or options.force or options.rehash):
        parser.error("--translate goes alone or with --check")
    return options


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
    for source in read_sources(settings).sources:
        count = sum(id_.startswith(f"{source.id}.") for id_ in info.passages)
        translated = "translated" if source.translation else "not translated"
        print(
            f"  {source.id:28} {source.language}  {source.kind:8} {count:3} passages, {translated}"
        )
    return 0


def _translate(settings: Settings, *, check: bool) -> int:
    sources = [s for s in read_corpus(settings.corpus).sources if s.translation is None]
    if not sources:
        print("Nothing to translate: every source has a translation.")
        return 0
    for note in filter(None, map(layout_note, sources)):
        print(f"ingest: {note}", file=sys.stderr)
    if not check:
        with _chat_model(settings) as model:
            return _translate_with(model, settings, sources)
    for source in sources:
        lines = _count(count_lines(source), "line")
        print(f"would translate {source.id} into {_into(source)}: {lines}, {file_of(source)}")
    return 3


@contextmanager
def _chat_model(settings: Settings) -> Iterator[ChatModel]:
    from assistant.chat_opening import open_chat_model

    # Who wants answers to be quotes can still have texts translated.
    model = open_chat_model(replace(settings, composer="auto"))
    if model is None:
        raise SettingsError(
            "No chat model is set that could translate. Name one in ASSISTANT_CHAT_MODEL (such as "
            "openai:gpt-4o-mini, ollama:qwen3 or local:/path/to/model.gguf), then run "
            "`python -m ingest --translate` again."
        )
    with closing(model):
        yield model


def _translate_with(model: ChatModel, settings: Settings, sources: Sequence[Source]) -> int:
    from tqdm import tqdm

    added = faults = 0
    total = sum(map(count_lines, sources))
    with (
        open_translator(settings, model) as translator,
        tqdm(total=total, unit="line", leave=False, disable=None) as bar,
    ):
        for source in sources:
            bar.set_description_str(source.id)
            try:
                result = translator.add(source, bar.update)
            except (CorpusError, ChatModelError) as error:
                faults += 1
                tqdm.write(f"ingest: {error}", file=sys.stderr)
                if isinstance(error, ChatModelError):  # the next source would fare no better
                    break
                continue
            added += 1
            lines = _count(result.lines, "line")
            tqdm.write(f"Translated {source.id} into {_into(source)}: {lines}, {result.file}.")
            if result.unusual:
                tqdm.write(f"ingest: {source.id}: {_unusual(result)}", file=sys.stderr)
    usage = translator.usage
    about = "about " if usage.estimated else ""
    print(
        f"Added {_count(added, 'translation')} by {model.name} ({_count(usage.calls, 'call')}, "
        f"{about}{usage.tokens_in} tokens in, {usage.tokens_out} out)."
        + (" Run `python -m ingest` to take them into the index." if added else "")
    )
    return 1 if faults else 0


def _unusual(added: Added) -> str:
    numbers = ", ".join(map(str, added.unusual[:10])) + (", …" if added.unusual[10:] else "")
    return f"read these lines over, they do not use the glossary's names: {numbers}."


def _into(source: Source) -> str:
    return LANGUAGE_NAMES[other_language(source.language)]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _summary(info: BuildInfo) -> str:
    return f"{len(info.sources)} sources, {len(info.passages)} passages, {info.sentences} sentences"


def _ago(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


if __name__ == "__main__":
    sys.exit(main())
