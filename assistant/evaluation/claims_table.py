"""How well the check of written claims tells corrupted claims from sound ones."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from ..answering import open_assistant
from ..chat_opening import open_chat_model
from ..settings import Settings
from ..types import NO_USAGE, Support, Usage
from .claims import GradedClaim, claim_row, grade_claims, read_again
from .intervals import percent, ratio
from .row_sets import no_chat_model, read_items, shipped, tokens_of, write_lines
from .xquad_set import print_rows

# What counts as flagged, by the heading of its table.
FLAGS: Mapping[str, Callable[[Support], bool]] = {
    'flagged is what is not graded "supported"': lambda grade: grade != "supported",
    'flagged is what is graded "unsupported"': lambda grade: grade == "unsupported",
}
_GRADES: tuple[Support, ...] = get_args(Support)
_SHOWN_CHARS = 200


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
    all of them as JSON Lines.
    """
    path = path or shipped("claims.jsonl")
    rows, problems = read_items(path, claim_row)
    model = open_chat_model(settings) if judge else None
    if judge and model is None:
        raise no_chat_model("--judge")
    with open_assistant(replace(settings, composer="quotes", chat_model="")) as assistant:
        graded, missing = grade_claims(assistant.index, rows, untranslated=untranslated)
    for problem in (*problems, *missing):
        print(f"evaluation: {problem}", file=sys.stderr)
    what = ", passages without their translations" if untranslated else ""
    print_grades(f"{path.name}{what}", graded)
    if model is not None:
        try:
            graded, usage = read_again(graded, model)
        finally:
            model.close()
        print_grades(f"{path.name}{what}, read again by {model.name}", graded, usage)
    if listed:
        print_wrong(graded)
    if out is not None:
        write_lines(out, (claim.to_dict() for claim in graded))
        print(f"\nEvery claim with its grade: {out}")


def groups_of(graded: Sequence[GradedClaim]) -> dict[str, list[GradedClaim]]:
    """The claims by row of the tables: all, each pair of languages, each kind of corruption."""
    pairs = sorted({claim.pair for claim in graded}, key=lambda pair: (pair[:2] != pair[-2:], pair))
    kinds = sorted({claim.row.corruption for claim in graded} - {""})
    groups = {"all": list(graded)}
    groups |= {pair: [claim for claim in graded if claim.pair == pair] for pair in pairs}
    groups |= {kind: [claim for claim in graded if claim.row.corruption == kind] for kind in kinds}
    return groups


def print_grades(title: str, graded: Sequence[GradedClaim], usage: Usage = NO_USAGE) -> None:
    """Print the tables of claims after all readings; `usage`: what the second one cost."""
    sound = sum(claim.row.supported for claim in graded)
    middle = statistics.median(claim.check_ms for claim in graded)
    print(
        f"\n{title}: {len(graded)} claims, {sound} supported, {len(graded) - sound} corrupted; "
        f"{middle:.1f} ms a claim (median)"
    )
    if usage.calls:
        read = sum(claim.read is not None for claim in graded)
        print(f"{read} of them read again, {tokens_of(usage)}")
    groups = groups_of(graded)
    print_rows(
        f"Graded {' / '.join(_GRADES)}",
        ["supported claims", "corrupted claims"],
        {name: [_graded(group, True), _graded(group, False)] for name, group in groups.items()},
    )
    for heading, flagged in FLAGS.items():
        print_rows(
            f"% [95 % interval]: {heading}",
            ["precision", "recall", "false alarms", "claims"],
            {name: _flagging(group, flagged) for name, group in groups.items()},
        )


def _graded(group: Sequence[GradedClaim], supported: bool) -> str:
    grades = [claim.final.support for claim in group if claim.row.supported == supported]
    return " / ".join(str(grades.count(grade)) for grade in _GRADES) if grades else "–"


def _flagging(group: Sequence[GradedClaim], flagged: Callable[[Support], bool]) -> list[str]:
    """Precision and recall of flagging corrupted claims, and the share of sound ones flagged."""
    marks = [float(flagged(claim.final.support)) for claim in group]
    corrupted = [float(not claim.row.supported) for claim in group]
    right = [mark * bad for mark, bad in zip(marks, corrupted, strict=True)]
    wrong = [mark - hit for mark, hit in zip(marks, right, strict=True)]
    # Among corrupted claims alone no flag can be wrong.
    precision = ratio(right, marks) if not all(corrupted) else None
    cells = [precision, ratio(right, corrupted), ratio(wrong, [1 - bad for bad in corrupted])]
    return [*map(percent, cells), str(len(group))]


def print_wrong(graded: Sequence[GradedClaim]) -> None:
    """Print the supported claims that are flagged and the corrupted ones that are not."""
    wrong = [c for c in graded if c.row.supported != (c.final.support == "supported")]
    print(f"\n{len(wrong)} of {len(graded)} claims are graded wrongly")
    for claim in wrong:
        row = claim.row
        what = "supported" if row.supported else f"corrupted ({row.corruption})"
        print(f"\n{row.id}, {claim.pair}: {what}, but graded {claim.final.support}")
        print(f"  claim    {row.claim}")
        print(f"  passage  {row.source}: {claim.passage.text[:_SHOWN_CHARS]!r}")
        issues = [f"{i.kind} {i.text!r}" if i.text else i.kind for i in claim.final.issues]
        if issues:
            print(f"  issues   {', '.join(issues)}")
        if row.why:
            print(f"  note     {row.why}")
