"""Indexes of the evaluation's own, over texts of a set."""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ingest import build_index

from ..settings import Settings
from ..types import Language


@dataclass(frozen=True, slots=True)
class SetText:
    """A text to be indexed as one source."""

    language: Language
    text: str
    title: str = ""


def texts_settings(
    settings: Settings,
    home: Path,
    texts: Mapping[str, SetText],
    *,
    passage_tokens: int | None = None,
) -> Settings:
    """Settings of an index below `home` with each text as the source of its id.

    Brings that index up to date. It stays in files: no server keeps what is tried out here.
    """
    corpus = home / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, text in texts.items():
        data = text.text.encode()
        (corpus / f"{name}.txt").write_bytes(data)
        values = {"id": name, "language": text.language, "kind": "original", "text": f"{name}.txt"}
        values |= {"sha256": hashlib.sha256(data).hexdigest()}
        values |= {"title_en": text.title, "title_zh": text.title}
        values |= dict.fromkeys("author publisher date url licence".split(), "")
        # JSON's strings are TOML's, but for the one control character that JSON leaves bare.
        lines = [
            f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()
        ]
        entries.append("\n".join(["[[source]]", *lines, ""]).replace("\x7f", "\\u007f"))
    (corpus / "sources.toml").write_text("\n".join(entries), encoding="utf-8")
    return _built(settings, home, passage_tokens=passage_tokens or settings.passage_tokens)


def untranslated_settings(settings: Settings) -> Settings:
    """Settings of an index of the corpus without its translations, which is brought up to date.

    Guides are left out: they rest on translations, too.
    """
    import tomlkit

    home = settings.home / "evaluation" / "untranslated"
    corpus = home / "corpus"
    left_out = shutil.ignore_patterns("guides", "questions")
    shutil.copytree(settings.corpus, corpus, ignore=left_out, dirs_exist_ok=True)
    manifest = tomllib.loads((corpus / "sources.toml").read_text(encoding="utf-8-sig"))
    rows = [
        {key: value for key, value in row.items() if not key.startswith("translation")}
        for row in manifest["source"]
    ]
    (corpus / "sources.toml").write_text(tomlkit.dumps({"source": rows}), encoding="utf-8")
    return _built(settings, home, passage_tokens=settings.passage_tokens)


def _built(settings: Settings, home: Path, *, passage_tokens: int) -> Settings:
    mine = replace(
        settings, home=home, corpus=home / "corpus", passage_tokens=passage_tokens, chroma_url=""
    )
    build_index(mine)
    return mine
