"""Ask every question of some sets, score the answers, and keep what was asked."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..answer import Answer
from ..answering import Assistant
from ..errors import AssistantError, QuestionError
from .kept import RunDirectory, describe, identity_of, open_run
from .score import Result, evidence_problems, score, unmarked
from .sets import Key, SetFile, SetQuestion
from .summary import EvaluationReport, summarise

if TYPE_CHECKING:
    from .judging import Judge


def evaluate(
    assistant: Assistant,
    questions: Sequence[SetQuestion],
    *,
    out: Path | None = None,
    workers: int = 2,
    progress: bool = False,
    judge: Judge | None = None,
    again: bool = False,
    sets: Sequence[SetFile] = (),
    problems: Sequence[str] = (),
) -> EvaluationReport:
    """Ask every question and score the answers; the same whatever the number of workers.

    `out` is the run's directory: a run that was stopped goes on there, one that is finished is
    read, nothing asked; `again` moves it aside and asks anew. progress: a bar on stderr. sets
    and problems, from `read_sets`, are kept with the run. Raises AssistantError when `out` holds
    another run, or when index, model or judge fail; what was answered by then is kept.
    """
    from .report import REPORT_FILE, write_report

    _check(questions)
    judge_name = judge.name if judge else ""
    with ExitStack() as opened:
        run: RunDirectory | None = None
        if out is not None:
            identity = identity_of(assistant, questions, sets, judge_name)
            run = opened.enter_context(open_run(out, identity, again=again))
        done = run.done if run else {}
        reused = len(done)
        if run and reused == len(questions) and (finished := run.finished()):
            if not (run.path / REPORT_FILE).is_file():
                write_report(run.path)
            return replace(finished, reused=reused)
        if progress and reused:
            print(f"{reused} of {len(questions)} questions were asked before.", file=sys.stderr)
        started, began = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
        asking = _ask(assistant, questions, dict(done), judge, workers, progress=progress)
        # Closed at once when a result cannot be kept: nothing more is asked then.
        for result in opened.enter_context(closing(asking)):
            done[result.key] = result
            if run:
                run.keep(result)
        results = tuple(done[question.key] for question in questions)
        about = describe(assistant, questions, sets, judge_name) | {
            "started": run.started if run else started,
            "seconds": round(time.perf_counter() - began, 1),
            "workers": workers,
            "reused": reused,
            "problems": [*problems, *evidence_problems(questions, assistant.index.sources)],
        }
        report = EvaluationReport(results, summarise(results), out, about, reused)
        if run:
            run.finish(results, report.to_dict())
            write_report(run.path)
        return report


def _check(questions: Sequence[SetQuestion]) -> None:
    if not questions:
        raise AssistantError("There are no questions to ask. Give a set that has some.")
    keys = Counter(question.key for question in questions)
    for (name, id_), count in keys.items():
        if count > 1:
            raise AssistantError(
                f"Two questions of the set {name!r} have the id {id_!r}. Give each its own."
            )


def _ask(
    assistant: Assistant,
    questions: Sequence[SetQuestion],
    done: Mapping[Key, Result],
    judge: Judge | None,
    workers: int,
    *,
    progress: bool,
) -> Generator[Result, None, None]:
    """The results of the questions that are not done, each as soon as it is there."""
    from tqdm import tqdm

    missing = [question for question in questions if question.key not in done]
    bar = tqdm(
        total=len(questions),
        initial=len(questions) - len(missing),
        unit="question",
        file=sys.stderr,
        leave=False,
        disable=not (progress and missing),
        # In a log file each state of the bar is a line of its own.
        mininterval=0.1 if sys.stderr.isatty() else 10,
    )
    with bar, ThreadPoolExecutor(workers) as pool:
        try:
            futures = [pool.submit(_result, assistant, question, judge) for question in missing]
            for future in as_completed(futures):
                yield future.result()
                bar.update()
        finally:
            # After an error or Ctrl-C nothing more is begun; after the last answer nothing is left.
            pool.shutdown(wait=False, cancel_futures=True)


def _result(assistant: Assistant, question: SetQuestion, judge: Judge | None) -> Result:
    history: list[Answer] = []
    try:
        for earlier in question.history:
            history.append(assistant.ask(earlier, history=history))
        answer = assistant.ask(question.question, history=history)
    except QuestionError as error:
        return score(assistant, question, str(error))
    except AssistantError:
        raise
    except Exception as error:  # one question that makes the program fail must not stop a run
        return score(assistant, question, f"{type(error).__name__}: {error}")
    result = score(assistant, question, answer)
    expected = question.answers or question.answers_all
    if judge is None or not (question.answerable and expected):
        return result
    # An answerable question without an answer gets 0.0.
    grade: float | None = 0.0
    reason = "not answered"
    if answer.status == "answered":
        quotes = [quote.text for citation in answer.citations for quote in citation.quotes]
        grading = judge.grade(answer.stand_alone, unmarked(answer), expected, quotes)
        grade, reason = grading.score, grading.reason
    return replace(result, scores={**result.scores, "judge": grade}, judge_reason=reason)
