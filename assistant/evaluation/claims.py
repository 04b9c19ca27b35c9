"""How well the check of written claims tells corrupted claims from sound ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from pydantic import model_validator

from ..answering import open_assistant
from ..retrieval.index import Index
from ..settings import Settings
from ..types import LANGUAGES, NO_USAGE, Language, Passage, Support, Usage
from ..writing.chat_model import ChatModel
from ..writing.chat_opening import open_chat_model
from ..writing.checking import Checked, cited_text, judged
from ..writing.claim_judge import judge_claims
from ..writing.model_run import ModelRun
from ..writing.verification import Check, check_claim
from . import checks
from .checks import Mark, Outcome, SetRow, Text
from .printing import tokens_of
from .sets import shipped

# As many as an answer has claims: in an answer, too, they are read again together.
_BATCH = 5
_GRADES: tuple[Support, ...] = get_args(Support)
# What counts as flagged: all that is not "supported", or only what is "unsupported".
_FLAGS = ("", ' by "unsupported"')


class Claim(SetRow):
    """One claim of a set and the words that begin what it cites.

    corruption: what was changed to make it untrue ("" in a supported one). why: a note on it.
    """

    claim: Text
    language: Language
    source: Text
    passage_text: Text
    supported: bool
    corruption: str = ""
    why: str = ""

    @model_validator(mode="after")
    def _is_labelled(self) -> Claim:
        if self.supported == bool(self.corruption):
            raise ValueError("a claim has a corruption when it is not supported, and only then")
        return self


@dataclass(frozen=True, slots=True)
class Graded:
    """A claim, the passage that it was checked against, and the check.

    is_read: whether a second reading said something of it, which the check then holds.
    """

    row: Claim
    passage: Passage
    check: Check
    is_read: bool = False


def print_claims(
    settings: Settings,
    path: Path | None = None,
    *,
    untranslated: bool = False,
    judge: bool = False,
    listed: bool = False,
) -> None:
    """Print how claims are graded, and precision and recall of flagging the corrupted ones.

    untranslated: passages are checked without their translations. judge: the settings' chat
    model reads them a second time. listed: print those that are graded wrongly.
    """
    path = path or shipped("claims.jsonl")
    rows = checks.read_set_rows(path, Claim)
    model = open_chat_model(settings) if judge else None
    if judge and model is None:
        raise checks.no_chat_model("--judge")
    with open_assistant(replace(settings, composer="quotes", chat_model="")) as assistant:
        graded = grade_claims(assistant.index, rows, untranslated=untranslated)
    title = path.name + (", passages without their translations" if untranslated else "")
    outcomes = _print_grades(title, graded)
    if model is not None:
        try:
            graded, usage = read_again(graded, model)
        finally:
            model.close()
        read = sum(claim.is_read for claim in graded)
        told = f"{read} of them read again by {model.name}, {tokens_of(usage)}"
        outcomes = _print_grades(f"{title}, {told}", graded)
    if listed:
        wrong = [outcome for outcome in outcomes if not outcome.is_right]
        checks.print_list(f"of {len(outcomes)} claims are graded wrongly", wrong)


def grade_claims(
    index: Index, rows: Sequence[Claim], *, untranslated: bool = False
) -> list[Graded]:
    """The claims with their grades; one whose passage is not in the index is told and left out."""
    sources = dict(index.sources)
    passages = [passage for id_ in sources for passage in index.passages_of(id_)]
    if untranslated:
        passages = [replace(passage, translation=None) for passage in passages]
        sources = {id_: replace(source, translation=None) for id_, source in sources.items()}
    graded = []
    for row in rows:
        at = sources[row.source].text.find(row.passage_text) if row.source in sources else -1
        cited = [p for p in passages if p.source_id == row.source and p.start <= at < p.end]
        if cited:
            check = check_claim(row.claim, cited, sources, index.glossary)
            graded.append(Graded(row, cited[0], check))
        else:
            where = f"begins in no passage of {row.source!r}; the claim is left out"
            checks.tell([f"{row.place}: {row.passage_text[:40]!r} {where}"])
    return graded


def read_again(graded: Sequence[Graded], model: ChatModel) -> tuple[list[Graded], Usage]:
    """The claims after a second reading by the chat model, and what it cost.

    Raises ChatModelError when a call fails.
    """
    read, usage = [], NO_USAGE
    for language in LANGUAGES:
        mine = [claim for claim in graded if claim.row.language == language]
        batches = -(-len(mine) // _BATCH)
        for first in range(batches):
            # Taken from afar: a claim and its corrupted form are not shown together.
            part = mine[first::batches]
            before = [Checked(c.row.claim, language, (c.passage,), c.check, 0, False) for c in part]
            run = ModelRun(model)
            verdicts = judge_claims(run, [(c.claim, cited_text(c)) for c in before], language)
            usage += run.usage
            after = judged(before, verdicts)
            read += [
                replace(claim, check=checked.check, is_read=verdict is not None)
                for claim, checked, verdict in zip(part, after, verdicts, strict=True)
            ]
    return read, usage


def _print_grades(title: str, graded: Sequence[Graded]) -> list[Outcome]:
    outcomes = [_outcome(claim) for claim in graded]
    sound = sum(claim.row.supported for claim in graded)
    counts = f"{len(graded)} claims, {sound} supported, {len(graded) - sound} corrupted"
    print(f"\n{title}: {counts}")
    grades = [f"{what}: {grade}" for what in ("sound", "corrupted") for grade in _GRADES]
    checks.print_table("Grades", outcomes, grades, counts=True)
    # Among corrupted claims alone no flag can be wrong, and precision tells nothing.
    pairs = [replace(outcome, groups=outcome.groups[:1]) for outcome in outcomes]
    kinds = [replace(outcome, groups=outcome.groups[1:]) for outcome in outcomes]
    for flag in _FLAGS:
        columns = [f"{what}{flag}" for what in ("precision", "recall", "false alarms")]
        checks.print_table("% [95 % interval]", pairs, columns)
    checks.print_table("% [95 % interval]", kinds, [f"recall{flag}" for flag in _FLAGS])
    return outcomes


def _outcome(claim: Graded) -> Outcome:
    """What a claim adds to the tables; flagged is what is not "supported", or "unsupported"."""
    row, grade = claim.row, claim.check.support
    what = "sound" if row.supported else "corrupted"
    marks: dict[str, Mark] = {f"{what}: {grade}": 1.0}
    for flag, flagged in zip(_FLAGS, (grade != "supported", grade == "unsupported"), strict=True):
        marks[f"false alarms{flag}" if row.supported else f"recall{flag}"] = flagged
        marks[f"precision{flag}"] = (not row.supported and flagged, flagged)
    pair = f"{row.language} on {claim.passage.language}"
    issues = ", ".join(f"{issue.kind} {issue.text}".strip() for issue in claim.check.issues)
    return Outcome(
        groups=(pair, row.corruption),
        marks=marks,
        is_right=row.supported == (grade == "supported"),
        lines=[
            f"{row.id}, {pair}: {what} ({row.corruption or 'as it is'}), but graded {grade}",
            f"  claim    {row.claim}",
            f"  passage  {row.source}: {checks.brief(claim.passage.text)}",
            f"  issues   {issues}",
            f"  note     {row.why}",
        ],
    )
