"""How well the check of written claims tells corrupted claims from sound ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

from pydantic import model_validator

from ..answering import open_assistant
from ..chat_model import ChatModel
from ..chat_opening import open_chat_model
from ..checking import Checked, cited_text, judged
from ..claim_judge import judge_claims
from ..index import Index
from ..model_run import ModelRun
from ..settings import Settings
from ..types import LANGUAGES, NO_USAGE, Language, Passage, Support, Usage
from ..verification import Check, check_claim
from . import checks
from .checks import Column, SetRow, Text, share
from .row_sets import shipped, tokens_of, write_lines

# As many as an answer has claims: in an answer, too, they are read again together.
_BATCH = 5
_GRADES: tuple[Support, ...] = get_args(Support)


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

    @property
    def pair(self) -> str:
        """The claim's language and the passage's."""
        return f"{self.row.language} on {self.passage.language}"


def print_claims(
    settings: Settings,
    path: Path | None = None,
    *,
    untranslated: bool = False,
    judge: bool = False,
    listed: bool = False,
    out: Path | None = None,
) -> None:
    """Print how claims are graded, and precision and recall of flagging the corrupted ones.

    untranslated: passages are checked without their translations. judge: the settings' chat
    model reads them a second time. listed: print those that are graded wrongly. out: a file for
    all of them, after the last reading, as JSON Lines.
    """
    path = path or shipped("claims.jsonl")
    rows = checks.read_set_rows(path, Claim)
    model = open_chat_model(settings) if judge else None
    if judge and model is None:
        raise checks.no_chat_model("--judge")
    with open_assistant(replace(settings, composer="quotes", chat_model="")) as assistant:
        graded = grade_claims(assistant.index, rows, untranslated=untranslated)
    title = path.name + (", passages without their translations" if untranslated else "")
    _print_grades(title, graded)
    if model is not None:
        try:
            graded, usage = read_again(graded, model)
        finally:
            model.close()
        read = sum(claim.is_read for claim in graded)
        told = f"{read} of them read again by {model.name}, {tokens_of(usage)}"
        _print_grades(f"{title}, {told}", graded)
    if listed:
        wrong = [c for c in graded if c.row.supported != (c.check.support == "supported")]
        checks.print_list(f"of {len(graded)} claims are graded wrongly", wrong, _lines)
    if out is not None:
        write_lines(out, map(_row, graded))
        print(f"\nEvery claim with its grade: {out}")


def grade_claims(
    index: Index, rows: Sequence[Claim], *, untranslated: bool = False
) -> list[Graded]:
    """The claims with their grades; one whose passage is not in the index is told and left out."""
    passages = index.passages(index.passage_ids)
    sources = dict(index.sources)
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
            run = ModelRun(model, lambda: ())
            verdicts = judge_claims(run, [(c.claim, cited_text(c)) for c in before], language)
            usage += run.usage
            after = judged(before, verdicts)
            read += [
                replace(claim, check=checked.check, is_read=verdict is not None)
                for claim, checked, verdict in zip(part, after, verdicts, strict=True)
            ]
    return read, usage


def _print_grades(title: str, graded: Sequence[Graded]) -> None:
    sound = sum(claim.row.supported for claim in graded)
    counts = f"{len(graded)} claims, {sound} supported, {len(graded) - sound} corrupted"
    print(f"\n{title}: {counts}")
    groups = checks.groups_by(graded, lambda c: c.pair, lambda c: c.row.corruption)
    grades = {"supported claims": _grades(True), "corrupted claims": _grades(False)}
    checks.print_groups(f"Graded {' / '.join(_GRADES)}", groups, grades)
    for flagged, what in (
        (lambda claim: claim.check.support != "supported", 'not graded "supported"'),
        (lambda claim: claim.check.support == "unsupported", 'graded "unsupported"'),
    ):
        heading = f"% [95 % interval]: flagged is what is {what}"
        checks.print_groups(heading, groups, _flagging(flagged))


def _grades(supported: bool) -> Column[Graded]:
    def cell(group: Sequence[Graded]) -> str:
        grades = [claim.check.support for claim in group if claim.row.supported == supported]
        return " / ".join(str(grades.count(grade)) for grade in _GRADES) if grades else "–"

    return cell


def _flagging(flagged: Callable[[Graded], bool]) -> dict[str, Column[Graded]]:
    """Precision and recall of flagging corrupted claims, and the share of sound ones flagged."""
    rightly: Column[Graded] = share(lambda c: not c.row.supported if flagged(c) else None)
    return {
        # Among corrupted claims alone no flag can be wrong.
        "precision": lambda group: rightly(group) if any(c.row.supported for c in group) else "–",
        "recall": share(lambda c: None if c.row.supported else flagged(c)),
        "false alarms": share(lambda c: flagged(c) if c.row.supported else None),
        "claims": checks.size,
    }


def _lines(claim: Graded) -> list[str]:
    row = claim.row
    what = "supported" if row.supported else f"corrupted ({row.corruption})"
    issues = [f"{i.kind} {i.text!r}" if i.text else i.kind for i in claim.check.issues]
    return [
        f"{row.id}, {claim.pair}: {what}, but graded {claim.check.support}",
        f"  claim    {row.claim}",
        f"  passage  {row.source}: {checks.brief(claim.passage.text)}",
        f"  issues   {', '.join(issues)}",
        f"  note     {row.why}",
    ]


def _row(claim: Graded) -> dict[str, Any]:
    """A claim with its grade as a line of the file."""
    issues = [asdict(issue) for issue in claim.check.issues]
    grade = {"passage": claim.passage.id, "grade": claim.check.support, "issues": issues}
    return {**claim.row.model_dump(exclude={"place"}), **grade}
