"""How long an answer and a build take on this machine, and how much memory; what writing adds."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from ..answering import Assistant, open_assistant
from ..chat_model import ChatModel
from ..errors import AssistantError
from ..language import answer_languages
from ..prompts import write_messages
from ..settings import Settings
from ..types import Message
from .questions import SetQuestion
from .row_sets import no_chat_model
from .xquad_set import print_rows

RUNS = 5
# How many written answers `--chat` times.
CHAT_QUESTIONS = 20


def print_speed(settings: Settings, questions: Sequence[SetQuestion]) -> None:
    """Print medians of cold and warm answers, and a build from nothing, model and means included.

    Cold: a new process each time, from its start to its end; the index is built.
    """
    for question in (questions[0], next(q for q in questions if q.language == "zh")):
        runs = [_measured(["assistant", question.question], {}) for _ in range(RUNS)]
        seconds = statistics.median(run[0] for run in runs)
        memory = max(run[1] for run in runs)
        print(f"cold answer, {question.language}: {seconds:.2f} s, {memory:.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        fresh = replace(settings, home=Path(folder) / "home", cache=Path(folder) / "cache")
        places = {"ASSISTANT_HOME": str(fresh.home), "ASSISTANT_CACHE": str(fresh.cache)}
        for name in ("build from nothing", "nothing to do"):
            seconds, memory = _measured(["ingest"], places)
            print(f"{name}: {seconds:.1f} s, {memory:.0f} MB")
    # Last: a child's peak memory starts from what its parent held when it was started.
    with open_assistant(settings) as assistant:
        assistant.ask(questions[0].question)
        warm = [assistant.ask(question.question).timings.total_s for question in questions]
    ordered = sorted(1000 * seconds for seconds in warm)
    print(
        f"warm answer: median {statistics.median(ordered):.0f} ms, "
        f"95th percentile {ordered[int(0.95 * len(ordered))]:.0f} ms, {len(ordered)} questions"
    )


def _measured(arguments: Sequence[str], places: Mapping[str, str]) -> tuple[float, float]:
    """Seconds and peak megabytes of `python -m …`."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env={**os.environ, **places},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0  # already waited for
    return time.perf_counter() - began, usage.ru_maxrss / 1024


@dataclass(frozen=True, slots=True)
class Written:
    """Seconds of one written answer, and of the bare model for the very same messages.

    search_s: until the passages are found; first_s: until the first word; end_s: until the
    checked answer is there; bare_s: from the messages to the bare model's first token.
    new_first_s or new_bare_s: the first word or token when the messages were new to the model;
    the other is None. is_quoted: quotes took the place of what was written.
    """

    search_s: float
    first_s: float
    end_s: float
    bare_s: float
    new_first_s: float | None
    new_bare_s: float | None
    is_quoted: bool


def print_chat_speed(
    settings: Settings, questions: Sequence[SetQuestion], *, limit: int = CHAT_QUESTIONS
) -> None:
    """Print medians of written answers, beside those of the bare model in the same run.

    Of the first `limit` questions that the sources answer. Raises AssistantError without a chat
    model, or when it writes nothing.
    """
    with open_assistant(settings) as assistant:
        name = assistant.composer
        times = written_times(assistant, questions, limit=limit)
    if not times:
        raise AssistantError(
            f"{name} wrote an answer to none of the questions. Ask it one with `python -m "
            "assistant`, which says why, or give a set of questions that the sources answer."
        )
    quoted = sum(written.is_quoted for written in times)
    print(f"{name}: {len(times)} written answers, {quoted} of them quotes in the end")
    pairs = {
        "first word, messages read before": (
            [w.first_s for w in times],
            [w.bare_s for w in times],
        ),
        "first word, new messages (half each)": (
            [w.new_first_s for w in times if w.new_first_s is not None],
            [w.new_bare_s for w in times if w.new_bare_s is not None],
        ),
        "of which search": ([w.search_s for w in times], []),
        "whole answer, checked": ([w.end_s for w in times], []),
    }
    rows = {name: _beside(answer, bare) for name, (answer, bare) in pairs.items()}
    print_rows("Medians", ["answer", "bare model", "ratio"], rows)


def written_times(
    assistant: Assistant, questions: Sequence[SetQuestion], *, limit: int = CHAT_QUESTIONS
) -> list[Written]:
    """The times of the first `limit` questions that the sources answer, and the model writes on.

    A server may keep what it has read, and then answers the same messages sooner. So each
    question is asked once by one of the two, in turns, before both are timed side by side.
    """
    model = assistant.chat_model
    if model is None:
        raise no_chat_model("speed --chat")
    answered = (q.question for q in questions if assistant.find(q.question).status == "answered")
    times: list[Written] = []
    for number, question in enumerate(islice(answered, limit)):
        messages = _messages(assistant, question)
        if number == 0:
            # A model that loads at its first request is none of this.
            _bare_s(model, [("user", "Hello")])
        new_bare = _bare_s(model, messages) if number % 2 else None
        new = None if number % 2 else _written(assistant, question)
        bare_s = _bare_s(model, messages) if number % 2 else None
        written = _written(assistant, question)
        if written is not None:
            times.append(
                replace(
                    written,
                    bare_s=_bare_s(model, messages) if bare_s is None else bare_s,
                    new_first_s=new.first_s if new else None,
                    new_bare_s=new_bare,
                )
            )
    return times


def _messages(assistant: Assistant, question: str) -> list[Message]:
    """What the assistant sends its model for a question that opens a conversation."""
    found = assistant.find(question)
    passages = [hit.passage for hit in found.hits]
    sources = [assistant.index.sources[passage.source_id] for passage in passages]
    (language, *_) = answer_languages(assistant.settings.language, found.question.language)
    return write_messages(found.question.text, language, passages, sources)


def _written(assistant: Assistant, question: str) -> Written | None:
    """The times of an answer; None when no word of the model's was shown."""
    chunks = list(assistant.stream(question))
    answer = chunks[-1].answer
    if answer is None or not answer.usage.calls or not any(chunk.text for chunk in chunks):
        return None
    spent = answer.timings
    return Written(
        search_s=spent.embed_s + spent.retrieve_s,
        first_s=spent.first_word_s,
        end_s=spent.total_s,
        bare_s=0.0,
        new_first_s=None,
        new_bare_s=None,
        is_quoted=answer.composer == "quotes",
    )


def _bare_s(model: ChatModel, messages: Sequence[Message]) -> float:
    began = time.perf_counter()
    with model.stream(messages) as reply:
        next(filter(None, reply), "")
        return time.perf_counter() - began


def _beside(answer: Sequence[float], bare: Sequence[float]) -> list[str]:
    """Both medians and their ratio, as cells."""
    medians = [statistics.median(seconds) if seconds else None for seconds in (answer, bare)]
    cells = ["–" if median is None else f"{1000 * median:.0f} ms" for median in medians]
    above, below = medians
    return [*cells, f"{above / below:.2f}" if above and below else "–"]
