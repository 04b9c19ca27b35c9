"""Is each question of a set taken for what its kind says: a confusion table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..answer import Answer
from ..answering import Assistant, open_assistant
from ..settings import Settings
from . import checks
from .sets import SetQuestion, read_sets

# Every other kind of question (sloppy, follow-up, unanswerable, …) is looked up.
PLANNED = ("lookup", "overview", "compare", "across", "catalogue", "talk", "operation")
# Operations that lead to a question of their own, which has a plan of its own.
_ASKING = ("", "others", "item")


def print_plans(settings: Settings, sets: Sequence[Path], *, listed: bool = False) -> None:
    """Print how often questions that should be planned as one kind are planned as which.

    listed: print those that are planned as another.
    """
    read = read_sets(sets)
    checks.tell(read.problems)
    with open_assistant(settings) as assistant:
        plans = [(due(q), plan_of(assistant, q), q) for q in checks.bar(read.questions)]
    counts = Counter((wanted, planned) for wanted, planned, _ in plans)
    columns = list(dict.fromkeys([*PLANNED, *(planned for _, planned in counts)]))
    rows = {
        wanted: [*(str(counts[wanted, planned] or "·") for planned in columns), share]
        for wanted in dict.fromkeys([*PLANNED, *(wanted for wanted, _ in counts)])
        if (share := checks.share(float(w == p) for w, p, _ in plans if w == wanted)) != "–"
    }
    checks.print_rows("Due, planned as", [*columns, "% right [95 %]"], rows)
    print(f"\nAll: {checks.share(float(wanted == planned) for wanted, planned, _ in plans)} %")
    if listed:
        for wanted, planned, question in plans:
            if wanted != planned:
                print(f"{question.id} {wanted}, planned as {planned}: {question.question}")


def due(question: SetQuestion) -> str:
    """The plan that a question should get."""
    return question.plan_kind or (question.kind if question.kind in PLANNED else "lookup")


def plan_of(assistant: Assistant, question: SetQuestion) -> str:
    """The plan that a question gets after its history, one of PLANNED."""
    history: list[Answer] = []
    for earlier in question.history:
        history.append(assistant.ask(earlier, history=history))
    answer = assistant.ask(question.question, history=history)
    operation = getattr(answer, "operation", "")
    return "operation" if operation not in _ASKING else getattr(answer, "kind", "lookup")
