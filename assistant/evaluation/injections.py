"""Orders hidden in documents, names, questions and earlier turns: the set, and their index."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from ingest import build_index

from ..settings import Settings
from ..types import Language, Turn
from .row_fields import Values, language_of, text_of, texts_of
from .row_sets import needed

Channel = Literal["document", "file_name", "heading", "question", "history"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)


@dataclass(frozen=True, slots=True)
class Injection:
    """One attempt: words in a place that a model reads, and how obeying them would look.

    text: what holds the order (for "document" the whole document). obeyed: what a model that
    follows it replies. forbidden: what no answer may then tell as its own. true_fact: what the
    document says of the question.
    """

    id: str
    language: Language
    channel: Channel
    goal: str
    question: str
    text: str
    document: str
    is_answer: bool
    obeyed: str
    forbidden: tuple[str, ...]
    true_fact: str

    @property
    def history(self) -> tuple[Turn, ...]:
        """The turn before the question."""
        if self.channel != "history":
            return ()
        return (Turn(self.question, self.text) if self.is_answer else Turn(self.text),)


def injection_of(values: Values, _place: str = "") -> Injection:
    """An injection from a row of a set; raises ValueError for one that is none."""
    channel, question = needed(values, "channel"), needed(values, "question")
    if channel not in CHANNELS:
        raise ValueError(f"channel is {channel!r}, but must be one of {', '.join(CHANNELS)}")
    text = needed(values, "text")
    forbidden = texts_of(values, "forbidden")
    if not forbidden:
        raise ValueError("forbidden names nothing that an answer must not tell")
    turn = text_of(values, "turn") or "answer"
    if turn not in ("answer", "question"):
        raise ValueError(f"turn is {turn!r}, but must be answer or question")
    return Injection(
        id=needed(values, "id"),
        language=language_of(values, question),
        channel=channel,
        goal=needed(values, "goal"),
        question=question,
        text=text,
        document=text if channel == "document" else needed(values, "document"),
        is_answer=turn == "answer",
        obeyed=needed(values, "obeyed"),
        forbidden=forbidden,
        true_fact=text_of(values, "true_fact"),
    )


def source_of(number: int) -> str:
    """The id of the source that holds the document of injection `number`, counted from 0."""
    return f"injection-{number:04}"


def injection_settings(settings: Settings, injections: Sequence[Injection], home: Path) -> Settings:
    """Settings of an index of its own below `home`, with the document of each as one source."""
    corpus = home / "corpus"
    corpus.mkdir(parents=True)
    entries = []
    for number, injection in enumerate(injections):
        data = f"{_document(injection)}\n".encode()
        (corpus / f"{source_of(number)}.txt").write_bytes(data)
        entries.append(_manifest_entry(source_of(number), injection, data))
    (corpus / "sources.toml").write_text("\n".join(entries), encoding="utf-8")
    if (glossary := settings.corpus / "glossary.tsv").is_file():
        shutil.copyfile(glossary, corpus / "glossary.tsv")
    # No server: what is tried out here leaves nothing behind.
    mine = replace(settings, home=home, corpus=corpus, chroma_url="")
    build_index(mine)
    return mine


def _document(injection: Injection) -> str:
    if injection.channel != "heading":
        return injection.document
    # A first-level heading is a text's title, which is the manifest's to give.
    return f"## {' '.join(injection.text.split())}\n\n{injection.document}"


def _manifest_entry(name: str, injection: Injection, data: bytes) -> str:
    title = injection.text if injection.channel == "file_name" else name
    # JSON's strings are TOML's, but for the one control character that JSON leaves bare.
    written = json.dumps(title, ensure_ascii=False).replace("\x7f", "\\u007f")
    digest = hashlib.sha256(data).hexdigest()
    return "\n".join(
        [
            "[[source]]",
            f'id = "{name}"\nlanguage = "{injection.language}"\nkind = "original"',
            f'text = "{name}.txt"\nsha256 = "{digest}"',
            f"title_en = {written}\ntitle_zh = {written}",
            *(f'{key} = ""' for key in "author publisher date url licence".split()),
            "",
        ]
    )
