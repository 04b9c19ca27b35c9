"""The product's own indexes over paragraphs of XQuAD and the like, built once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingest import build_index

from ..settings import Settings
from ..types import Language
from .xquad_set import XquadFile

# XQuAD's longest paragraphs have some 600 tokens; a limit of 500 parts three of the 240.
_PASSAGE_TOKENS = 500


def xquad_settings(settings: Settings, files: Sequence[XquadFile]) -> Settings:
    """Settings of an index that holds each paragraph of the files as one source."""
    name = "-".join(["xquad", *(file.language for file in files)])
    texts = {file.language: file.paragraphs for file in files}
    return paragraph_settings(settings, name, texts, passage_tokens=_PASSAGE_TOKENS)


def paragraph_settings(
    settings: Settings,
    name: str,
    texts: Mapping[Language, Sequence[str]],
    *,
    passage_tokens: int | None = None,
) -> Settings:
    """Settings of an index under `name` that holds each text as one source (`source_id`).

    Brings that index up to date.
    """
    home = settings.home / "evaluation" / name
    corpus = home / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    rows = []
    for language, paragraphs in texts.items():
        for number, text in enumerate(paragraphs):
            source = source_id(language, number)
            (corpus / f"{source}.txt").write_text(text, encoding="utf-8")
            rows.append(_manifest_entry(source, language, text))
    (corpus / "sources.toml").write_text("\n".join(rows), encoding="utf-8")
    tokens = passage_tokens or settings.passage_tokens
    mine = replace(settings, home=home, corpus=corpus, passage_tokens=tokens)
    build_index(mine)
    return mine


def source_id(language: Language, paragraph: int) -> str:
    """The id of the source that holds a paragraph."""
    return f"{language}-{paragraph:04}"


def _manifest_entry(name: str, language: Language, text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    empty = "title_en title_zh author publisher date url licence".split()
    return "\n".join(
        [
            "[[source]]",
            f'id = "{name}"\nlanguage = "{language}"\nkind = "original"',
            f'text = "{name}.txt"\nsha256 = "{digest}"',
            *(f'{key} = ""' for key in empty),
            "",
        ]
    )
