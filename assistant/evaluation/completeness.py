"""Does what a chat model is shown for a question hold all that a right reply needs?

The model is a fake that keeps what it is shown and answers nothing: how well a real one words
what it sees is another matter. Where records answer in its place, their words count instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from langchain_core.language_models.chat_models import SimpleChatModel
from langchain_core.messages import BaseMessage
from pydantic import Field

from ingest.passages import split_source

from ..answer import Answer
from ..answering import Assistant, open_assistant
from ..prompts import NO_ANSWER, as_data
from ..settings import Settings
from ..types import LANGUAGES, Source
from . import checks
from .checks import Outcome
from .score import contains, evidence_problems
from .sets import SetQuestion, read_sets

# What no model words: records answer it, or a fixed reply.
NOT_WORDED = ("talk", "catalogue")
# A request to write shows passages; what a request means is asked without them.
_SHOWS = "<passages>"
_COLUMNS = ("complete", "said", "sources", "asked")
_LEGEND = (
    "complete: what the model is shown, or the records' reply where they answer, holds all that a\n"
    "right reply needs; said: the gold strings stand in it, in either language; sources: all that\n"
    "must be cited are among it; asked: the model is shown passages at all."
)


class Recorder(SimpleChatModel):
    """A chat model that keeps every request to write and finds no answer."""

    requests: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "recorder"

    def _call(self, messages: list[BaseMessage], *_: object, **__: Any) -> str:
        request = "\n".join(str(message.content) for message in messages)
        self.requests += [request] if _SHOWS in request else []
        return NO_ANSWER["en"]


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a source: its forms as requests hold them, and its words in both languages."""

    source: str
    forms: frozenset[str]
    words: str


def print_completeness(settings: Settings, sets: Sequence[Path], *, listed: bool = False) -> None:
    """Print by kind how often a chat model is shown what a right reply needs.

    listed: print the questions where something is missing, and what.
    """
    read = read_sets(sets)
    able = [question for question in read.questions if question.answerable]
    worded = [question for question in able if question.kind not in NOT_WORDED]
    model = Recorder()
    recording = replace(settings, composer="auto", chat_model="fake:recorder", chat_retries=0)
    with open_assistant(recording, chat_model=model) as assistant:
        checks.tell([*read.problems, *evidence_problems(worded, assistant.index.sources)])
        lines = list(_lines(assistant.index.sources))
        outcomes = [_outcome(assistant, model, q, lines) for q in checks.bar(worded)]
    print(f"{len(worded)} questions; {len(able) - len(worded)} that no model words left out")
    print(_LEGEND)
    checks.print_table("% [95 % interval]", outcomes, _COLUMNS)
    if listed:
        missed = [outcome for outcome in outcomes if not outcome.is_right]
        checks.print_list("questions where something is missing", missed)


def _lines(sources: Mapping[str, Source]) -> Iterator[Line]:
    for source in sources.values():
        for passage in split_source(source, count_tokens=len, passage_tokens=10_000):
            for i in range(len(passage.sentences)):
                words = [passage.sentence_in(i, language) or "" for language in LANGUAGES]
                forms = frozenset(as_data(form) for form in words if form)
                yield Line(source.id, forms, "\n".join(words))


def _outcome(
    assistant: Assistant, model: Recorder, question: SetQuestion, lines: Sequence[Line]
) -> Outcome:
    """What the model is shown for a question, or what records answer in its place.

    What was asked before it is answered by quotes.
    """
    history: list[Answer] = []
    for earlier in question.history:
        quoting = assistant.adjusted(composer="quotes")
        history.append(quoting.ask(earlier, history=history))
    model.requests.clear()
    answer = assistant.ask(question.question, history=history)
    requests = "\n".join(model.requests)
    shown = [line for line in lines if any(form in requests for form in line.forms)]
    ids, words = {line.source for line in shown}, [line.words for line in shown]
    seen = f"{len(shown)} sentences"
    if not model.requests and answer.status == "answered":
        ids, words = {citation.source.id for citation in answer.citations}, [answer.text]
        seen = "nothing; answered by records"
    titles = [assistant.index.sources[id_].title(lang) for id_ in ids for lang in LANGUAGES]
    missing = _missing(question, "\n".join([*titles, *words]))
    cited = ids.issuperset(question.cite_all) and not (
        question.cite_any and ids.isdisjoint(question.cite_any)
    )
    marks = {
        "complete": float(cited and not missing),
        "said": float(not missing),
        "sources": float(cited),
        "asked": float(bool(shown)),
    }
    told = [
        f"{question.id} {question.kind}: {question.question}",
        *(f"  not said   {' | '.join(group)}" for group in missing),
        *([] if cited else [f"  not shown  {', '.join((*question.cite_any, *question.cite_all))}"]),
        f"  shown      {seen} of {', '.join(sorted(ids)) or 'nothing'}",
    ]
    groups = (question.language, question.kind, f"{question.kind}, {question.language}")
    return Outcome(groups, marks, marks["complete"] == 1, told)


def _missing(question: SetQuestion, words: str) -> list[tuple[str, ...]]:
    """The groups of gold strings that stand nowhere in the words, unless enough of them do."""
    needed = [*question.all_of, *((gold,) for gold in question.answers_all)]
    enough = question.any_k or len(needed)
    if question.answers:
        needed, enough = [*needed, question.answers], enough + 1
    missing = [group for group in needed if not contains(words, answers=group)]
    return missing if len(needed) - len(missing) < enough else []
