"""Aligned translations for sources that have none, made by a chat model line by line."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from assistant.bodies import by_machine
from assistant.errors import AssistantError, ChatModelError, CorpusError
from assistant.files import replace_text
from assistant.retrieval.glossary import Glossary
from assistant.retrieval.sentences import split_lines
from assistant.settings import Settings
from assistant.types import NO_USAGE, Language, Message, Source, Translation, other_language

from ..passages import split_source
from ..sources import add_translation, check_translation
from .line import (
    PROMPT_VERSION,
    Line,
    LineError,
    fault_of,
    glossary_misses,
    lines_of,
    translate_line,
)

if TYPE_CHECKING:
    from assistant.writing.chat_model import ChatModel

_AGAIN = "then run `python -m ingest --translate` again."


@dataclass(frozen=True, slots=True)
class Added:
    """A translation that was written: its file below the corpus and how many lines it has.

    unusual: the numbers of the lines that do not use the glossary's names.
    """

    file: str
    lines: int
    unusual: tuple[int, ...]


def file_of(source: Source) -> str:
    """Where a source's translation is written, below the corpus."""
    return f"texts/{source.id}.{other_language(source.language)}.txt"


def count_lines(source: Source) -> int:
    """How many lines of a source are to be translated."""
    return sum(bool(line.words) for line in lines_of(source.text))


def layout_note(source: Source) -> str:
    """What to do first about a text whose lines are no sentences; "" for one whose lines are."""
    passages = split_source(source, count_tokens=len, passage_tokens=len(source.text))
    sentences = {span for passage in passages for span in passage.sentences}
    spans = split_lines(source.text, 0, len(source.text))
    lines = [span for span in spans if not source.text.startswith("#", span.start)]
    odd = sum(span not in sentences for span in lines)
    if odd * 4 <= len(lines):
        return ""
    return (
        f"{source.id}: {odd} of {len(lines)} lines hold several sentences or a part of one. "
        "A translated source is quoted line by line: put one sentence on each line first."
    )


@contextmanager
def open_translator(settings: Settings, model: ChatModel) -> Iterator[Translator]:
    """A translator that works alone on this home.

    Raises AssistantError while another one does, or where the home cannot be written.
    """
    folder = settings.home / "translating"
    lock = FileLock(folder / "lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise AssistantError(
            f"Another `python -m ingest --translate` is at work. Wait until it has ended, {_AGAIN}"
        ) from error
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        yield Translator(settings.corpus, folder, model)
    finally:
        lock.release()


class Translator:
    """Asks one chat model; counts what that costs in `usage`."""

    def __init__(self, corpus: Path, folder: Path, model: ChatModel) -> None:
        """`folder` keeps the finished lines of sources that are not finished."""
        self.usage = NO_USAGE
        self._corpus = corpus
        self._folder = folder
        self._model = model
        self._glossary = Glossary.read(corpus / "glossary.tsv")

    def add(self, source: Source, progress: Callable[[], None]) -> Added:
        """Translate a source, write the text and name it in the manifest.

        `progress` is called after each line. Lines that an earlier call finished are not asked
        for again. Raises CorpusError, and leaves the manifest as it was, when a line never comes
        right or another file is in the way; ChatModelError when the model cannot be asked.
        """
        file, language = file_of(source), other_language(source.language)
        path = self._corpus / file
        lines = lines_of(source.text)
        kept = _FinishedLines(self._folder / f"{source.id}.jsonl", self._model.name, language)
        # A run that was killed between text and manifest has left exactly this text.
        if path.exists() and _content(path) != kept.text_of(lines):
            raise _in_the_way(source, path)
        words = []
        for line in lines:
            words.append(self._words(source, line, kept) if line.words else "")
            if line.words:
                progress()
        text = _joined(lines, words)
        made_by = by_machine(self._model.name)
        check_translation(source, Translation(language, text, made_by))
        if not path.exists():
            _write_new(source, path, text)
        add_translation(self._corpus, source, file, made_by)
        kept.forget()
        unusual = tuple(
            line.number
            for line, said in zip(lines, words, strict=True)
            if glossary_misses(line, said, language, self._glossary)
        )
        return Added(file, sum(map(bool, words)), unusual)

    def _words(self, source: Source, line: Line, kept: _FinishedLines) -> str:
        if (words := kept.words_of(line)) is not None:
            return words
        language = other_language(source.language)
        try:
            words = translate_line(line, language, self._glossary, self._ask)
        except LineError as error:
            raise CorpusError(
                f"{source.id}, line {line.number}, has no usable translation: {error}. Nothing of "
                f"{source.id} was added; the lines before are kept. Reword the line, name another "
                f"model in ASSISTANT_CHAT_MODEL or translate the text by hand, {_AGAIN}"
            ) from error
        except ChatModelError as error:
            raise ChatModelError(
                f"{error} Finished lines are kept: run `python -m ingest --translate` again to "
                "go on from there.",
                trouble=error.trouble,
            ) from error
        kept.add(line, words)
        return words

    def _ask(self, messages: Sequence[Message]) -> str:
        reply = self._model.ask(messages)
        self.usage += reply.usage
        if reply.cut_off:
            raise ChatModelError("The reply was cut off.", trouble="cut_off")
        return reply.text


class _FinishedLines:
    """The lines of one source that one model has translated, in a file that survives a kill."""

    def __init__(self, path: Path, model: str, language: Language) -> None:
        self._path = path
        self._language = language
        self._common = {"model": model, "prompt": PROMPT_VERSION, "language": language}
        self._words: dict[str, str] = {}
        try:
            data = path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise _cannot_write(path, error) from error
        for record in data.split(b"\n"):
            self._take(record)

    def words_of(self, line: Line) -> str | None:
        """What translates a line ("" where there is nothing to translate), or None yet."""
        if not line.words:
            return ""
        words = self._words.get(_hash(line.text), "")
        return None if fault_of(line, words, self._language) else words

    def text_of(self, lines: Sequence[Line]) -> str | None:
        """The whole translation, or None as long as a line is missing."""
        words = [said for line in lines if (said := self.words_of(line)) is not None]
        return _joined(lines, words) if len(words) == len(lines) else None

    def add(self, line: Line, words: str) -> None:
        """Keep a line; it outlives this process from now on."""
        self._words[_hash(line.text)] = words
        record = {"line": _hash(line.text), **self._common, "words": words}
        # The break comes first: a record that was cut off must not spoil the next one.
        data = "\n" + json.dumps(record, ensure_ascii=False)
        try:
            with self._path.open("ab") as file:
                file.write(data.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _cannot_write(self._path, error) from error

    def forget(self) -> None:
        """Remove the file: its source is finished."""
        self._path.unlink(missing_ok=True)

    def _take(self, record: bytes) -> None:
        try:
            data = json.loads(record)
            if self._common.items() <= data.items():
                self._words[str(data["line"])] = str(data["words"])
        except (ValueError, AttributeError, KeyError):
            return  # cut off by a kill, or written by another hand: asked for again


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def _joined(lines: Sequence[Line], words: Sequence[str]) -> str:
    return "\n".join(f"{line.mark}{said}" for line, said in zip(lines, words, strict=True))


def _content(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _write_new(source: Source, path: Path, text: str) -> None:
    """Write a file that is not there, whole or not at all; another's is never replaced."""
    part = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(exist_ok=True)
        replace_text(part, text)
        try:
            os.link(part, path)  # unlike a rename, this fails where a file has come in between
        except FileExistsError as error:
            raise _in_the_way(source, path) from error
        except OSError:  # a file system without links
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _in_the_way(source: Source, path: Path) -> CorpusError:
    return CorpusError(
        f"{source.id}: the file {path} is there already, and it is not overwritten. Name it as "
        f"this source's translation in sources.toml, or move it away, {_AGAIN}"
    )


def _cannot_write(path: Path, error: OSError) -> AssistantError:
    return AssistantError(
        f"{path} cannot be read or written ({error.strerror}). Mend that, {_AGAIN}"
    )
