"""From a question to an answer: the straight path, and the door for callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from .answer import Answer, Chunk
from .errors import SettingsError
from .planning.conversation import History
from .quoting.reader import Reader, open_reader
from .quoting.searching import Found, Searcher
from .responding import Response
from .retrieval.builds import corpus_hash, library_records
from .retrieval.embeddings import Progress, TextEmbeddings, model_fingerprint, question_embeddings
from .retrieval.index import Index, open_index
from .settings import LanguagePolicy, Settings
from .tracing import span_handler
from .types import Hit, Source

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

    from .retrieval.retriever import PassageRetriever
    from .tracing import Callbacks
    from .writing.chat_model import ChatModel


def open_assistant(
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
    chat_model: BaseChatModel | None = None,
) -> Assistant:
    """An assistant over the index in service; safe to share between threads.

    `chat_model`, any LangChain chat model, writes the answers in place of the one that the
    settings name. Raises SettingsError, ModelError, IndexMissingError, IndexDamagedError or
    IndexMismatchError; each message names the next step.
    """
    settings = settings or Settings.load()
    # The model loads without Python's lock while Chroma is imported.
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(question_embeddings, settings, progress=progress)
        index = open_index(settings, fingerprint=model_fingerprint(settings))
        engine = loading.result()
    try:
        writer = _open_writer(settings, chat_model)
        return Assistant(settings, index, engine, open_reader(settings, engine), writer)
    except SettingsError:
        index.close()
        raise


def _open_writer(settings: Settings, chat_model: BaseChatModel | None) -> ChatModel | None:
    if settings.composer == "quotes" or not (chat_model or settings.chat_model):
        return None
    from .writing.chat_model import ChatModel
    from .writing.chat_opening import open_chat_model

    if chat_model is None:
        return open_chat_model(settings)
    return ChatModel(chat_model.get_name(), chat_model, settings)


class Assistant:
    """Answers questions from one index; made by `open_assistant`."""

    def __init__(
        self,
        settings: Settings,
        index: Index,
        embeddings: TextEmbeddings,
        reader: Reader,
        chat_model: ChatModel | None = None,
    ) -> None:
        """Keep the opened parts; nothing is loaded here."""
        self.settings = settings
        self.index = index
        self.chat_model = chat_model
        self._embeddings, self._reader = embeddings, reader
        self._searcher = Searcher(settings, index, embeddings, reader)
        self._spans = span_handler(settings)

    def adjusted(
        self,
        *,
        language: LanguagePolicy | None = None,
        composer: Literal["auto", "quotes"] | None = None,
        passages: int | None = None,
    ) -> Assistant:
        """The same assistant with other ways of answering; what is left out stays as it is.

        It shares everything that was opened: only the first one is closed. Raises SettingsError
        for a value outside its range.
        """
        given = {"language": language, "composer": composer, "passages": passages}
        changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        settings = replace(self.settings, **changes)
        writer = None if settings.composer == "quotes" else self.chat_model
        return Assistant(settings, self.index, self._embeddings, self._reader, writer)

    def close(self) -> None:
        """Let go of index and chat model, so that a later build may delete the index.

        Spans that are still here are sent. `with` does so by itself.
        """
        self.index.close()
        if self.chat_model is not None:
            self.chat_model.close()
        if self._spans is not None:
            from .spans import flush_spans

            flush_spans()

    def __enter__(self) -> Assistant:
        """The assistant itself, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the index."""
        self.close()

    @property
    def is_stale(self) -> bool:
        """Whether corpus or library changed since the index was built; False where none is."""
        try:
            records = library_records(self.settings.home)
            return corpus_hash(self.settings.corpus, records) != self.index.info.corpus
        except OSError:
            return False

    @property
    def composer(self) -> str:
        """Who words the answers: "quotes", or the name of the chat model."""
        return self.chat_model.name if self.chat_model else "quotes"

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources that answers come from, with their whole texts."""
        return tuple(self.index.sources.values())

    def ask(
        self,
        question: str,
        *,
        history: History = (),
        sources: Collection[str] | None = None,
        callbacks: Callbacks = (),
    ) -> Answer:
        """The answer to a question in English or Chinese.

        `history` holds the conversation so far, oldest first: answers, or turns of plain text.
        `sources` limits the search to those source ids; `callbacks` are LangChain's. Raises
        QuestionError for a question that cannot be taken. A chat model that fails never raises:
        the sources are quoted instead, and `Answer.notice` says why.
        """
        return self._response(question, history, sources, callbacks).whole()

    def stream(
        self,
        question: str,
        *,
        history: History = (),
        sources: Collection[str] | None = None,
        callbacks: Callbacks = (),
    ) -> Generator[Chunk, None, None]:
        """The answer in pieces, as it is read; the last chunk holds the whole `Answer`.

        That answer is what counts: its text is checked, numbered anew and may say less than the
        pieces did. Closing the generator stops the chat model at once. Raises as `ask` does,
        before the first chunk.
        """
        return self._response(question, history, sources, callbacks).chunks()

    async def aask(
        self,
        question: str,
        *,
        history: History = (),
        sources: Collection[str] | None = None,
        callbacks: Callbacks = (),
    ) -> Answer:
        """`ask` for asynchronous callers, in a worker thread; cancelling stops the chat model."""
        response = self._response(question, history, sources, callbacks)
        try:
            return await asyncio.to_thread(response.whole)
        except asyncio.CancelledError:
            response.close()
            raise

    async def astream(
        self,
        question: str,
        *,
        history: History = (),
        sources: Collection[str] | None = None,
        callbacks: Callbacks = (),
    ) -> AsyncGenerator[Chunk, None]:
        """`stream` for asynchronous callers; cancelling or closing stops the chat model at once."""
        response = self._response(question, history, sources, callbacks)
        chunks = response.chunks()
        try:
            while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
                yield chunk
        finally:
            response.close()

    def find(self, question: str, *, sources: Collection[str] | None = None) -> Found:
        """What the sources have for a question that stands alone: passages, sentences, evidence."""
        asked = self._searcher.check(question, sources)
        return self._searcher.find(asked, asked, sources)

    def retrieve(
        self, question: str, *, count: int | None = None, sources: Collection[str] | None = None
    ) -> list[Hit]:
        """The best passages for a question that stands alone, best first."""
        return self._searcher.hits(self._searcher.check(question), count=count, sources=sources)

    @property
    def retriever(self) -> PassageRetriever:
        """Retrieval alone, as a LangChain retriever."""
        from .retrieval.retriever import PassageRetriever

        return PassageRetriever(assistant=self, k=self.settings.passages)

    def as_runnable(self) -> Runnable[str | Mapping[str, Any], Answer]:
        """The assistant as a LangChain runnable.

        Takes a question, or a mapping with `question` and, if wanted, `history` and `sources`.
        """
        from langchain_core.runnables import RunnableConfig, RunnableLambda

        def arguments(request: str | Mapping[str, Any], config: RunnableConfig) -> dict[str, Any]:
            given = {"question": request} if isinstance(request, str) else dict(request)
            return {"callbacks": config.get("callbacks") or (), **given}

        def call(request: str | Mapping[str, Any], config: RunnableConfig) -> Answer:
            return self.ask(**arguments(request, config))

        async def acall(request: str | Mapping[str, Any], config: RunnableConfig) -> Answer:
            return await self.aask(**arguments(request, config))

        return RunnableLambda(call, acall, name="report_assistant")

    def _response(
        self,
        question: str,
        history: History,
        sources: Collection[str] | None,
        callbacks: Callbacks,
    ) -> Response:
        asked = self._searcher.check(question, sources)
        return Response(
            self.settings,
            self.index,
            self._searcher,
            self.chat_model,
            asked,
            history=history,
            sources=sources,
            callbacks=callbacks,
            spans=self._spans,
        )
