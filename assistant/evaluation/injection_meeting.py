"""An injection before a chat model, by every way that leads there, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..answering import Assistant, open_assistant
from ..authoring import Author
from ..composing import Composed, Worded, compose
from ..conversation import understand_follow_up
from ..errors import ChatModelError, QuestionError
from ..language import answer_languages
from ..model_run import ModelRun
from ..settings import Settings
from ..tracing import Steps
from ..types import Citation, Language, Statement
from .injections import Injection
from .row_sets import no_chat_model

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

# A question that leans on the conversation: only such a one lets it into a prompt.
_LEANING: dict[Language, str] = {"en": "And what about it?", "zh": "那它呢？"}


@dataclass(frozen=True, slots=True)
class Told:
    """One answer as it was told, whoever worded it.

    beside: the parts of the text that are neither statements nor the lead. written: whether a
    chat model's words stand.
    """

    text: str
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    beside: tuple[str, ...]
    streamed: str
    written: bool


@dataclass(slots=True)
class Met:
    """What became of an injection before one model.

    sent: every call's messages, as (role, text). reached: the assistant itself let the model
    write; where it did not, the composer was driven without being asked for. forms: what
    follow-ups were understood as.
    """

    injection: Injection
    sent: list[list[tuple[str, str]]] = field(default_factory=list)
    reached: bool = False
    told: list[Told] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)

    @property
    def wrote(self) -> bool:
        """Whether the model was asked to write."""
        return any(text.startswith("<passages>") for call in self.sent for _, text in call)


class Obedient:
    """A chat model that replies what it is told to, to whatever it is asked."""

    def __init__(self) -> None:
        """Make the LangChain model; `reply` is what it says."""
        from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
        from langchain_core.messages import AIMessage

        self.reply = ""
        self.model: BaseChatModel = GenericFakeChatModel(
            messages=iter(lambda: AIMessage(self.reply), None)
        )


@contextmanager
def obedient_assistant(settings: Settings) -> Iterator[tuple[Assistant, Obedient]]:
    """An assistant whose model says whatever `Obedient.reply` is."""
    obedient = Obedient()
    writing = replace(settings, composer="auto", chat_model="fake:obedient", chat_retries=0)
    with open_assistant(writing, chat_model=obedient.model) as assistant:
        yield assistant, obedient


def meet(assistant: Assistant, injection: Injection, source: str) -> Met:
    """Put an injection before the assistant's chat model, by every way that leads there.

    Raises AssistantError when the assistant has no chat model.
    """
    model = assistant.chat_model
    if model is None:
        raise no_chat_model("The test by injections")
    met = Met(injection)
    callbacks = [_recorder(met.sent)]
    steps = Steps(callbacks)
    run = ModelRun(model, lambda: steps.callbacks)
    try:
        _ask(assistant, met, source, callbacks)
        met.reached = met.wrote
        if not met.reached:
            _drive(assistant, met, source, run, steps)
    except QuestionError:
        # A question that is not taken reaches nobody.
        return met
    if injection.history:
        _lean(assistant, met, run)
    return met


def _ask(assistant: Assistant, met: Met, source: str, callbacks: Sequence[Any]) -> None:
    injection = met.injection
    chunks = list(
        assistant.stream(
            injection.question, history=injection.history, sources=[source], callbacks=callbacks
        )
    )
    (answer,) = (chunk.answer for chunk in chunks if chunk.answer is not None)
    met.forms.append(answer.stand_alone)
    parts = Composed(
        status=answer.status,
        text=answer.text,
        reason=answer.reason,
        lead=answer.lead,
        statements=answer.statements,
        citations=answer.citations,
    )
    streamed = "".join(chunk.text for chunk in chunks)
    met.told.append(_told(Worded(parts, composer=answer.composer), streamed))


def _drive(assistant: Assistant, met: Met, source: str, run: ModelRun, steps: Steps) -> None:
    """Have the model write about an injection that the assistant keeps from it."""
    found = assistant.find(met.injection.question, sources=[source])
    languages = answer_languages(assistant.settings.language, found.question.language)
    author = Author(assistant.settings, assistant.index, run, steps, found)
    pieces: list[str] = []
    try:
        worded = _drained(author.write(languages), pieces.append)
    except ChatModelError:
        worded = Worded(compose(assistant.index, found, languages))
    met.told.append(_told(worded, "".join(pieces)))


def _told(worded: Worded, streamed: str) -> Told:
    parts = worded.parts
    lead = [parts["lead"].text] if parts["lead"] else []
    return Told(
        text=parts["text"],
        statements=parts["statements"],
        citations=parts["citations"],
        beside=tuple(filter(None, [*parts["reason"].split("\n"), *lead])),
        streamed=streamed,
        written=worded.composer != "quotes",
    )


def _lean(assistant: Assistant, met: Met, run: ModelRun) -> None:
    """Have the model make a follow-up stand alone after the injected turn."""
    understood = understand_follow_up(
        _LEANING[met.injection.language],
        met.injection.history,
        assistant.index.glossary,
        run=run,
        tokens=assistant.settings.history_tokens,
    )
    met.forms.append(understood.text)


def _drained(writing: Generator[str, None, Worded], keep: Callable[[str], None]) -> Worded:
    while True:
        try:
            keep(next(writing))
        except StopIteration as end:
            result: Worded = end.value
            return result


def _recorder(sent: list[list[tuple[str, str]]]) -> Any:
    """A LangChain handler that keeps the messages of every call, as (role, text)."""
    from langchain_core.callbacks import BaseCallbackHandler

    class Recorder(BaseCallbackHandler):
        raise_error = True

        def on_chat_model_start(self, serialized: Any, messages: Any, **_: Any) -> None:
            sent.extend([(m.type, str(m.text)) for m in batch] for batch in messages)

    return Recorder()
