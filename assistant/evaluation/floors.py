"""`--fail-under`: metrics that a run must reach, such as `en:near_miss_recall=0.9`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import AssistantError
from ..types import LANGUAGES
from .labels import interval, label_of, shown
from .questions import SetQuestion
from .run import EvaluationReport
from .summary import METRICS

# So that 27 of 30 reach 0.9 whatever the last bit of the quotient.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that a metric must be; the most, where lower is better (`label_of(…).rises`)."""

    text: str
    metric: str
    language: str
    kind: str
    value: float


def parse_floors(
    texts: Sequence[str], questions: Sequence[SetQuestion], *, judged: bool
) -> list[Floor]:
    """The floors that these texts name, each `[LANGUAGE[/KIND]:]METRIC=VALUE`.

    Raises AssistantError for one that this run of these questions cannot have.
    """
    floors = [_parsed(text) for text in texts]
    kinds = {question.kind for question in questions if question.kind}
    languages = {question.language for question in questions}
    for floor in floors:
        if floor.metric == "judge" and not judged:
            raise _unusable(floor.text, "there is no judge; name one with --judge MODEL")
        if floor.language not in {"all", *languages}:
            raise _unusable(floor.text, f"no question is in the language {floor.language!r}")
        if floor.kind not in {"all", *kinds}:
            known = ", ".join(sorted(kinds)) or "none"
            raise _unusable(floor.text, f"there is no kind {floor.kind!r}. The kinds are: {known}")
    return floors


def missed(report: EvaluationReport, floors: Sequence[Floor]) -> list[str]:
    """One sentence for each floor that the run does not reach.

    Raises AssistantError when a metric is undefined in this run.
    """
    sentences = []
    for floor in floors:
        estimate = report.metric(floor.metric, floor.language, floor.kind)
        rises = label_of(floor.metric).rises
        difference = estimate.value - floor.value
        if (difference < -_ROUNDING) if rises else (difference > _ROUNDING):
            range_ = interval({"low": estimate.low, "high": estimate.high}, floor.metric)
            value, wanted = shown(estimate.value, floor.metric), shown(floor.value, floor.metric)
            where = floor.text.rpartition("=")[0]
            limit = "at least" if rises else "at most"
            sentences.append(f"{where} is {value} ({range_}), but must be {limit} {wanted}")
    return sentences


def _parsed(text: str) -> Floor:
    name, _, number = text.rpartition("=")
    scope, _, metric = name.strip().rpartition(":")
    language, _, kind = scope.partition("/")
    if metric not in METRICS:
        near = difflib.get_close_matches(metric, METRICS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise _unusable(
            text, f"there is no metric {metric!r}.{hint} They are: {', '.join(METRICS)}"
        )
    if language not in ("", "all", *LANGUAGES):
        raise _unusable(
            text, f"{language!r} is no language; write en:{metric}, or en/number:{metric} of a kind"
        )
    try:
        value = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError as error:
        raise _unusable(text, f"{number!r} is no number") from error
    if not 0 <= value < float("inf") or (label_of(metric).unit == "share" and value > 1):
        raise _unusable(text, "a share lies between 0 and 1 (or 0% and 100%)")
    return Floor(text, metric, language or "all", kind or "all", value)


def _unusable(text: str, why: str) -> AssistantError:
    return AssistantError(f"--fail-under {text}: {why}.")
