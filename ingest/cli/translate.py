"""`python -m ingest --translate`: translations by the chat model for sources that have none."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.errors import ChatModelError, CorpusError, SettingsError
from assistant.settings import Settings
from assistant.types import Source, other_language
from ingest.sources import read_corpus
from ingest.translation.line import LANGUAGE_NAMES
from ingest.translation.sources import count_lines, file_of, layout_note, open_translator

if TYPE_CHECKING:
    from assistant.writing.chat_model import ChatModel


def translate(settings: Settings, *, check: bool) -> int:
    """Translate, or say what would be; returns the exit code."""
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
    from assistant.writing.chat_opening import open_chat_model

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
            if odd := result.unusual:
                numbers = ", ".join(map(str, odd[:10])) + (", …" if odd[10:] else "")
                said = f"read these lines over, they do not use the glossary's names: {numbers}."
                tqdm.write(f"ingest: {source.id}: {said}", file=sys.stderr)
    usage = translator.usage
    about = "about " if usage.estimated else ""
    print(
        f"Added {_count(added, 'translation')} by {model.name} ({_count(usage.calls, 'call')}, "
        f"{about}{usage.tokens_in} tokens in, {usage.tokens_out} out)."
        + (" Run `python -m ingest` to take them into the index." if added else "")
    )
    return 1 if faults else 0


def _into(source: Source) -> str:
    return LANGUAGE_NAMES[other_language(source.language)]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
