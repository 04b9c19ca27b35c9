"""From a question to an answer: the straight path, and the door for callers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from .answer import Answer, Chunk
from .chain import Work, make_chain
from .errors import SettingsError
from .files import corpus_hash
from .planning.history import History, read_history
from .planning.planner import Planner
from .quoting.decision import decision_for
from .quoting.reader import Reader, open_reader
from .quoting.searching import Found, Searcher, judge
from .responding import Responder, read_request
from .retrieval.embeddings import Progress, TextEmbeddings, model_fingerprint, question_embeddings
from .retrieval.index import Index, open_index
from .settings import LanguagePolicy, Settings
from .types import Hit, Source

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable, RunnableConfig

    from .planning.plan import Plan
    from .retrieval.retriever import PassageRetriever
    from .writing.chat_model import ChatModel
    from .writing.chat_reply import Callbacks


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
    # The models load without Python's lock while Chroma is imported.
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(_open_models, settings, progress)
        index = open_index(settings, fingerprint=model_fingerprint(settings))
        models = loading.result()
    try:
        return Assistant(settings, index, *models, _open_writer(settings, chat_model))
    except SettingsError:
        index.close()
        raise


def _open_models(settings: Settings, progress: Progress | None) -> tuple[TextEmbeddings, Reader]:
    engine = question_embeddings(settings, progress=progress)
    return engine, open_reader(settings, engine)


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
        self._decision = decision_for(index.info.model)

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
        """Let go of index and chat model.

        `with` does so by itself.
        """
        self.index.close()
        if self.chat_model is not None:
            self.chat_model.close()

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
            changed = corpus_hash(self.settings.corpus) != self.index.info.corpus
            return changed or self.index.store.has_unindexed()
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

        `history` holds the conversation so far, oldest first: answers, turns, LangChain messages,
        role/content mappings, or earlier questions as strings. `sources` limits the search to
        those source ids; `callbacks` are LangChain's. Raises QuestionError for a question that
        cannot be taken. A chat model that fails never raises: the sources are quoted instead, and
        `Answer.notice` says why.
        """
        request: dict[str, Any] = {"question": question, "history": history, "sources": sources}
        with self._snapshot(request):
            answer: Answer = self.chain.invoke(request, _config(callbacks))
        return answer

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
        self._searcher(self.index).check(question, sources)
        read_history(history)
        request = self._request(question, history, sources)

        def chunks() -> Generator[Chunk, None, None]:
            with self._snapshot(request):
                yield from self.chain.stream(request, _config(callbacks))

        return chunks()

    async def aask(
        self,
        question: str,
        *,
        history: History = (),
        sources: Collection[str] | None = None,
        callbacks: Callbacks = (),
    ) -> Answer:
        """`ask` for asynchronous callers; cancelling stops the chat model."""
        request = self._request(question, history, sources)
        with self._snapshot(request):
            answer: Answer = await self.chain.ainvoke(request, _config(callbacks))
        return answer

    async def astream(
        self,
        question: str,
        *,
        history: History = (),
        sources: Collection[str] | None = None,
        callbacks: Callbacks = (),
    ) -> AsyncGenerator[Chunk, None]:
        """`stream` for asynchronous callers; cancelling or closing stops the chat model at once."""
        request = self._request(question, history, sources)
        with self._snapshot(request):
            async for chunk in self.chain.astream(request, _config(callbacks)):
                yield chunk

    @cached_property
    def chain(self) -> Runnable[Any, Any]:
        """The way from a question to its answer, as one LangChain runnable.

        Takes a question, or a mapping with `question` and, if wanted, `history` and `sources`;
        `invoke` gives an `Answer`, `stream` gives `Chunk`s.
        """
        from .quiet import QuietChain

        chain = make_chain(self._take)
        return chain if self.settings.trace else QuietChain(bound=chain)

    def plan(self, question: str, *, history: History = ()) -> Plan:
        """How a request is understood, by rule: its kind, and what is searched for."""
        with self.index.snapshot() as index:
            asked = self._searcher(index).check(question)
            planner = Planner(self.settings, index, self._embeddings)
            return planner.plan(asked, read_history(history))

    def find(self, question: str, *, sources: Collection[str] | None = None) -> Found:
        """What the sources have for a question that stands alone: passages, sentences, evidence."""
        with self.index.snapshot() as index:
            searcher = self._searcher(index)
            asked = searcher.check(question, sources)
            return judge(index, self._decision, searcher.search(asked, asked, sources))

    def retrieve(
        self, question: str, *, count: int | None = None, sources: Collection[str] | None = None
    ) -> list[Hit]:
        """The best passages for a question that stands alone, best first."""
        with self.index.snapshot() as index:
            searcher = self._searcher(index)
            return searcher.hits(searcher.check(question, sources), count=count, sources=sources)

    @property
    def retriever(self) -> PassageRetriever:
        """Retrieval alone, as a LangChain retriever."""
        from .retrieval.retriever import PassageRetriever

        return PassageRetriever(assistant=self, k=self.settings.passages)

    def _searcher(self, index: Index) -> Searcher:
        return Searcher(self.settings, index, self._embeddings, self._reader)

    def _take(self, request: Any) -> Work:
        """A request on its way, with what answers it over one state of the index."""
        work = read_request(request)
        index = work.get("index") or self.index.snapshot()
        planner = Planner(self.settings, index, self._embeddings)
        responder = Responder(
            self.settings, index, self._decision, planner, self._searcher(index), self.chat_model
        )
        return responder.take(work)

    @contextmanager
    def _snapshot(self, request: dict[str, Any]) -> Iterator[None]:
        """One state of the index for a whole answer; at its end the chat model is stopped."""
        with self.index.snapshot() as index:
            request["index"] = index
            try:
                yield
            finally:
                if (run := request.get("run")) is not None:
                    run.close()

    def _request(
        self, question: str, history: History, sources: Collection[str] | None
    ) -> dict[str, Any]:
        """What the chain takes, with a run of the chat model that can be stopped from outside."""
        run = None
        if self.chat_model is not None:
            from .writing.model_run import ModelRun

            run = ModelRun(self.chat_model)
        return {"question": question, "history": history, "sources": sources, "run": run}


def _config(callbacks: Callbacks) -> RunnableConfig:
    # A run's manager goes on as it is; LangChain breaks on a tuple of handlers.
    given: Any = callbacks if hasattr(callbacks, "handlers") else list(callbacks)
    return {"callbacks": given} if given else {}


def as_message(answer: Answer | Chunk) -> AIMessage:
    """An answer as the message that LangChain's chat histories keep.

    `assistant.chain | as_message` streams it in one piece at the end, once its words are checked.
    """
    from langchain_core.messages import AIMessage

    whole = answer.answer if isinstance(answer, Chunk) else answer
    assert whole is not None
    about = {"status": whole.status, "stand_alone": whole.stand_alone}
    return AIMessage(whole.text, response_metadata=about)
