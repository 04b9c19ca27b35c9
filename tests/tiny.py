"""A tiny corpus, a fake model and the index over them; other processes that use it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from assistant.retrieval.embeddings import model_fingerprint
from assistant.retrieval.index import Index, centre, open_index
from assistant.retrieval.store import Store, Vector, store_path
from assistant.settings import Settings

ENGLISH = (
    "# Firms\n\nIn May 2016 there were 12,000 firms.\nThey had 1.6 billion yuan.\n\nAll grew.\n"
)
CHINESE = "# 企业\n\n2016年5月共有1.2万家企业。\n它们有16亿元。\n\n全部增长。\n"
KEYS = "author publisher date url licence".split()


def write_corpus(folder: Path, texts: Mapping[str, tuple[str, str | None]]) -> Path:
    """Write a corpus of English texts by id, each with a Chinese translation or None."""
    (folder / "texts").mkdir(parents=True, exist_ok=True)
    blocks = []
    for id_, (text, translation) in texts.items():
        lines = ["[[source]]", f'id = "{id_}"', f'title_en = "{id_}"', f'title_zh = "{id_}"']
        lines += [*(f'{key} = "x"' for key in KEYS), 'language = "en"', 'kind = "original"']
        lines += _file(folder, "text", "sha256", f"{id_}.en.txt", text)
        if translation is not None:
            name = f"{id_}.zh.txt"
            lines += _file(folder, "translation", "translation_sha256", name, translation)
        blocks.append("\n".join(lines) + "\n")
    (folder / "sources.toml").write_text("\n".join(blocks), encoding="utf-8")
    return folder


def _file(folder: Path, key: str, hash_key: str, name: str, text: str) -> list[str]:
    data = text.encode()
    (folder / "texts" / name).write_bytes(data)
    return [f'{key} = "texts/{name}"', f'{hash_key} = "{hashlib.sha256(data).hexdigest()}"']


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


class FakeEmbeddings:
    """Unit vectors that hang on the words alone, where the model is beside the point."""

    def __init__(self, settings: Settings, progress: object = None) -> None:
        self.fingerprint = model_fingerprint(settings)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        bits = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint8)
        vector = bits.astype(np.float32) - 127.5
        result: list[float] = (vector / np.linalg.norm(vector)).tolist()
        return result

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        return self.embed_documents(texts)

    def count_tokens(self, text: str) -> int:
        return len(text)


class FakeUse:
    """The same in the place of the second encoder's weights, which take a second to read."""

    def encode(self, texts: list[str]) -> Vector:
        digests = [hashlib.shake_256(text.encode()).digest(512) for text in texts]
        bits = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 512)
        vectors = bits.astype(np.float32) - 127.5
        unit: Vector = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def tiny_settings(folder: Path) -> Settings:
    """Settings for a home, a corpus and a cache inside the folder; nothing is written."""
    return Settings(home=folder / "home", corpus=folder / "corpus", cache=folder / "cache")


def opened(settings: Settings) -> Index:
    return open_index(settings, fingerprint=model_fingerprint(settings))


def found(index: Index, words: str = "All grew.") -> str:
    """The sentence nearest to these words: themselves, if the index works."""
    vector = centre(FakeEmbeddings(Settings()).embed_query(words), index.means["passage-en"])
    near = index.store.surfaces(index.candidates(vector, 20))
    id_, _, number = max(
        (id_, cosine, number)
        for id_, surface in near
        for number, cosine in enumerate((surface.sentences @ vector).tolist())
        if cosine == max((other.sentences @ vector).max() for _, other in near)
    )
    return index.passages([id_])[0].sentence_in(number, "en") or ""


def answers(settings: Settings) -> bool:
    with closing(opened(settings)) as index:
        index.check()
        return found(index) == "All grew."


def indexed(settings: Settings) -> dict[str, str]:
    """The hash of each source that is indexed, by its id."""
    with closing(Store(store_path(settings.home))) as store:
        return store.hashes()


CHILD = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
import ingest.build as build
from assistant.retrieval.second_encoder import SecondEncoder
from tests.tiny import FakeEmbeddings, FakeUse, answers, found, opened, tiny_settings
build.passage_embeddings = FakeEmbeddings
SecondEncoder._encoder = lambda self: FakeUse()
settings = tiny_settings(Path(sys.argv[1]))
"""


def child(body: str, folder: Path, *, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Another process that runs CHILD and the body, in which print goes to its stdout."""
    return subprocess.Popen(
        [*before, sys.executable, "-c", CHILD + body, str(folder)],
        cwd=Path(__file__).resolve().parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def line_from(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        pytest.fail(f"the other process said nothing: {process.communicate()[1]}")
    return line


def ended(process: subprocess.Popen[str], said: str | None = None) -> str:
    out, err = process.communicate(said, timeout=60)
    assert process.returncode == 0, err
    return out
