"""The corpus without its translations: how well the recipe finds across languages on its own."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

from ingest import build_index

from ..settings import Settings

_TRANSLATION_LINE = re.compile(r"^translation\w* = .*\n", re.MULTILINE)


def without_translations(settings: Settings) -> Settings:
    """Settings of a second index, built beside the first, in which no text has a translation."""
    home = settings.home / "evaluation" / "untranslated"
    corpus = home / "corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    shutil.copytree(settings.corpus, corpus)
    manifest = corpus / "sources.toml"
    stripped = _TRANSLATION_LINE.sub("", manifest.read_text(encoding="utf-8"))
    manifest.write_text(stripped, encoding="utf-8")
    mine = replace(settings, home=home, corpus=corpus)
    build_index(mine)
    return mine
