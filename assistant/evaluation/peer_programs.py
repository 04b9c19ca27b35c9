"""The programs that `peers` measures, each set up as its documentation begins.

LangChain's `Chroma` over `HuggingFaceEmbeddings`, and txtai with its content stored, once as
it is by default and once with its `hybrid` search. txtai finds the model's prompts by itself,
`HuggingFaceEmbeddings` uses none. Ours parts the few paragraphs that are longer than its limit;
a part counts as the paragraph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..answering import open_assistant
from ..retrieval.bundled_model import materialise
from ..settings import Settings
from ..types import LANGUAGES, Language
from .indexes import SetText, texts_settings
from .xquad import PASSAGE_TOKENS, RETRIEVED

PACKAGES = ("langchain_chroma", "langchain_huggingface", "txtai")
# How many passages are searched for.
FIRST = 5
# The ids of the nearest passages, best first, of one language or of both.
Search = Callable[[str, Language | None], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Peer:
    """How one program builds an index in a folder, and how it opens that for searching."""

    build: Callable[[Settings, Path, Mapping[str, str]], None]
    open: Callable[[Settings, Path], Search]


def model_folder(settings: Settings) -> str:
    """The model that all of them embed with, as a folder or a hub name."""
    name = settings.embedding_model
    return str(materialise(settings.cache)) if name == "bundled" else name


def _language(id_: str) -> Language:
    return "zh" if id_.startswith("zh-") else "en"


def _build_ours(settings: Settings, folder: Path, texts: Mapping[str, str]) -> None:
    sources = {id_: SetText(_language(id_), text) for id_, text in texts.items()}
    texts_settings(settings, settings.home, sources, passage_tokens=PASSAGE_TOKENS)


def _open_ours(settings: Settings, folder: Path) -> Search:
    corpus = settings.home / "corpus"
    assistant = open_assistant(replace(settings, corpus=corpus, passage_tokens=PASSAGE_TOKENS))
    of = {lang: [s.id for s in assistant.sources if s.language == lang] for lang in LANGUAGES}

    def search(question: str, language: Language | None) -> Sequence[str]:
        sources = of[language] if language else None
        hits = assistant.retrieve(question, count=RETRIEVED, sources=sources)
        return [hit.passage.source_id for hit in hits]

    return search


def _chroma(settings: Settings, folder: Path) -> Any:
    from langchain_chroma import Chroma
    from langchain_huggingface import HuggingFaceEmbeddings

    embeddings = HuggingFaceEmbeddings(model_name=model_folder(settings))
    return Chroma("texts", embeddings, persist_directory=str(folder / "chroma"))


def _build_langchain(settings: Settings, folder: Path, texts: Mapping[str, str]) -> None:
    about = [{"language": _language(id_)} for id_ in texts]
    _chroma(settings, folder).add_texts(list(texts.values()), about, ids=list(texts))


def _open_langchain(settings: Settings, folder: Path) -> Search:
    store = _chroma(settings, folder)

    def search(question: str, language: Language | None) -> Sequence[str]:
        only = {"language": language} if language else None
        return [str(hit.id) for hit in store.similarity_search(question, k=FIRST, filter=only)]

    return search


def _build_txtai(
    settings: Settings, folder: Path, texts: Mapping[str, str], **options: bool
) -> None:
    from txtai import Embeddings

    index = Embeddings(path=model_folder(settings), content=True, **options)
    index.index((id_, {"text": text, "language": _language(id_)}) for id_, text in texts.items())
    index.save(str(folder / "txtai"))


def _open_txtai(settings: Settings, folder: Path) -> Search:
    from txtai import Embeddings

    index = Embeddings()
    index.load(str(folder / "txtai"))
    # It filters what it found first: all there is, so that nothing is lost to the filter.
    limited = f"select id from txtai where similar(:asked, {index.count()}) and language = :only"

    def search(question: str, language: Language | None) -> Sequence[str]:
        if language is None:
            found = index.search(question, FIRST)
        else:
            found = index.search(limited, FIRST, parameters={"asked": question, "only": language})
        return [str(row["id"]) for row in found]

    return search


PEERS = {
    "this one": Peer(_build_ours, _open_ours),
    "LangChain + Chroma": Peer(_build_langchain, _open_langchain),
    "txtai": Peer(_build_txtai, _open_txtai),
    "txtai, hybrid": Peer(partial(_build_txtai, hybrid=True), _open_txtai),
}
