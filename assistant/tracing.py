"""The steps of an answer, told to LangChain callbacks and, if that is set, as OpenTelemetry spans.

Nothing is imported, told or sent unless callbacks were handed in or `trace` is set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from .errors import SettingsError
from .settings import Settings
from .types import Hit

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager, CallbackManager
    from langchain_core.documents import Document

    # What callers hand in: LangChain handlers, or the manager of a run around the answer.
    Callbacks = Sequence[Any] | BaseCallbackManager

StepName = Literal["answer", "retrieve", "compose", "verify"]


class StepRun:
    """One step under way."""

    def __init__(self) -> None:
        self.outputs: dict[str, Any] = {}

    def ends_with(self, outputs: Mapping[str, Any]) -> None:
        """Note what the step came to; a second call adds to the first.

        "retrieve" ends with `hits`, which callbacks get as LangChain documents.
        """
        self.outputs.update(outputs)


class Steps:
    """The steps of one question, taken one at a time by whatever threads; most often untold."""

    def __init__(self, callbacks: Callbacks = (), spans: BaseCallbackHandler | None = None) -> None:
        """Inside the run whose manager is handed in, the answer becomes that run's child.

        spans: the handler that `span_handler` made.
        """
        self._given = callbacks
        self._spans = spans
        self._told = bool(getattr(callbacks, "handlers", callbacks)) or spans is not None
        self._around: list[CallbackManager] = []

    @property
    def callbacks(self) -> Sequence[Any] | CallbackManager:
        """What makes a chat model's run a child of the present step."""
        return self._present() if self._told else ()

    @contextmanager
    def step(self, name: StepName, inputs: Mapping[str, Any]) -> Iterator[StepRun]:
        """A step for as long as the block lasts, within the step around it.

        "retrieve" needs the `question`. What the block raises is told as the step's error. A
        stream that nobody reads on (GeneratorExit) is an end and no error, as in LangChain.
        """
        step = StepRun()
        if not self._told:
            yield step
            return
        manager = self._present()
        told_name = f"report_assistant.{name}"
        if name == "retrieve":
            run: Any = manager.on_retriever_start(None, inputs["question"], name=told_name)
        else:
            run = manager.on_chain_start(None, dict(inputs), name=told_name)
        within = run.get_child()
        self._around.append(within)
        try:
            yield step
        except GeneratorExit:
            _end(run, name, {**step.outputs, "stopped": True})
            raise
        except BaseException as error:
            (run.on_retriever_error if name == "retrieve" else run.on_chain_error)(error)
            raise
        else:
            _end(run, name, step.outputs)
        finally:
            self._around.remove(within)

    def _present(self) -> CallbackManager:
        if self._around:
            return self._around[-1]
        from langchain_core.callbacks import BaseCallbackManager, CallbackManager

        # Not CallbackManager.configure: wherever LANGSMITH_TRACING is set, it adds LangSmith's
        # own handler, and every question would leave that only numbers were to leave of.
        given = self._given
        if isinstance(given, BaseCallbackManager):
            manager = CallbackManager(
                handlers=[*given.handlers],
                inheritable_handlers=[*given.inheritable_handlers],
                parent_run_id=given.parent_run_id,
                tags=[*given.tags],
                inheritable_tags=[*given.inheritable_tags],
                metadata={**given.metadata},
                inheritable_metadata={**given.inheritable_metadata},
            )
        else:
            manager = CallbackManager(handlers=[*given], inheritable_handlers=[*given])
        if self._spans is not None:
            manager.add_handler(self._spans)
        return manager


def _end(run: Any, name: StepName, outputs: Mapping[str, Any]) -> None:
    if name == "retrieve":
        run.on_retriever_end([_document(hit) for hit in outputs.get("hits", ())])
    else:
        run.on_chain_end(dict(outputs))


def _document(hit: Hit) -> Document:
    from langchain_core.documents import Document

    passage = hit.passage
    return Document(
        id=passage.id,
        page_content=passage.text,
        metadata={
            "passage_id": passage.id,
            "source_id": passage.source_id,
            "start": passage.start,
            "end": passage.end,
            "language": passage.language,
            "score": hit.score,
            "rank": hit.rank,
        },
    )


def span_handler(settings: Settings) -> BaseCallbackHandler | None:
    """What turns steps and the chat model's runs into spans, or None with trace "off".

    Spans go to the TracerProvider of the host program where it has set one, and otherwise to the
    collector that the OTEL_EXPORTER_OTLP_* variables name. Raises SettingsError when the packages
    are missing or those variables cannot be used.
    """
    if settings.trace == "off":
        return None
    try:
        from .spans import SpanHandler, open_tracer

        tracer = open_tracer()
    except ImportError as error:
        raise SettingsError(
            f"trace is {settings.trace!r}, but the packages that send spans are not installed. "
            "Run `pip install 'report-assistant[tracing]'`, or set ASSISTANT_TRACE=off."
        ) from error
    except (ValueError, RuntimeError) as error:
        raise SettingsError(
            f"trace is {settings.trace!r}, but OpenTelemetry's own variables (OTEL_…) cannot be "
            f"used: {str(error).rstrip('.')}. Mend them, or set ASSISTANT_TRACE=off."
        ) from error
    return SpanHandler(tracer, settings.chat_model, text=settings.trace == "text")
