"""Whether a question came out right, and what went wrong when it did not."""

from __future__ import annotations

from collections.abc import Mapping

from .results import Result

# In the order in which a reader should look at them.
FAILURES: Mapping[str, str] = {
    "error": "Error",
    "wrong": "Wrong answer",
    "near-miss": "Answered a near miss",
    "far": "Answered a far question",
    "refused": "Refused wrongly",
    "not-cited": "Evidence not cited",
    "quote": "Quote invalid",
    "language": "Wrong language",
}


def is_right(result: Result) -> bool | None:
    """Whether the question came out right; None when it has no gold answer to tell.

    An answerable question is right when a gold answer stands in its answer, any other one when
    it was not answered. A question that could not be asked is wrong.
    """
    if result.status == "error":
        return False
    answered = result.status == "answered"
    if not result.answerable:
        return not answered
    if not answered:
        return False
    contains = result.scores["contains"]
    return None if contains is None else contains >= 1


def failures_of(result: Result) -> tuple[str, ...]:
    """The keys of FAILURES that the question shows, in their order.

    Evidence counts as cited only when all that is needed is quoted; what was not answered has
    already failed as such and is not counted there once more.
    """
    scores, status = result.scores, result.status
    answered, answerable = status == "answered", result.answerable
    shows = {
        "error": status == "error",
        "wrong": answered and answerable and is_right(result) is False,
        "near-miss": answered and not answerable and result.near_miss,
        "far": answered and not answerable and not result.near_miss,
        "refused": answerable and status in ("partial", "refused"),
        "not-cited": answered and answerable and _below(scores["citation_recall"], 1),
        "quote": _below(scores["quotes_valid"], scores["quotes"] or 0),
        "language": _below(scores["language_ok"], 1),
    }
    return tuple(key for key in FAILURES if shows[key])


def _below(score: float | None, wanted: float) -> bool:
    return score is not None and score < wanted
