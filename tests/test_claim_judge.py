"""A second reading of claims: what of a model's lines is a verdict."""

from __future__ import annotations

import pytest

from assistant.types import Issue, Support
from assistant.writing.checking import Checked, judged
from assistant.writing.claim_judge import Verdict, parse_verdicts
from assistant.writing.verification import Check


@pytest.mark.parametrize(
    ("reply", "count", "expected"),
    [
        ("1: yes\n2: partly\n3: no", 3, ["supported", "partly", "unsupported"]),
        ("1：是\n2：部分\n3：否", 3, ["supported", "partly", "unsupported"]),
        ("- 2) No, it says 12.\n* 1. Yes", 2, ["supported", "unsupported"]),
        ("1: yes\n1: no", 1, [None]),
        ("7: yes", 1, [None]),
    ],
)
def test_lines_are_read_by_their_numbers(
    reply: str, count: int, expected: list[Verdict | None]
) -> None:
    assert parse_verdicts(reply, count) == expected


def claim(support: Support, *issues: Issue) -> Checked:
    return Checked("It grew.", "en", (), Check(support, issues, ()), 0, False)


@pytest.mark.parametrize(
    ("before", "verdict", "after"),
    [
        (claim("supported"), "unsupported", "unsupported"),
        (claim("supported"), None, "supported"),
        (claim("partly", Issue("words", "fast")), "supported", "supported"),
        (claim("partly", Issue("figure", "12")), "supported", "partly"),
        (claim("unsupported", Issue("words", "all")), "supported", "unsupported"),
    ],
)
def test_a_verdict_lowers_any_grade_and_raises_only_missed_words(
    before: Checked, verdict: Verdict | None, after: Support
) -> None:
    (made,) = judged([before], [verdict])
    assert made.check.support == after
    lowered = ["supported", "partly", "unsupported"].index(after) > [
        "supported",
        "partly",
        "unsupported",
    ].index(before.check.support)
    assert (Issue("judge") in made.check.issues) == lowered
