"""Claims of a set, some of them corrupted on purpose, graded as the claims of an answer are."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..chat_model import ChatModel
from ..checking import Checked, cited_text, judged
from ..claim_judge import judge_claims
from ..errors import ChatModelError
from ..index import Index
from ..model_run import ModelRun
from ..types import LANGUAGES, NO_USAGE, Language, Passage, Source, Usage
from ..verification import Check, check_claim
from .row_fields import Values, flag_of, language_of, text_of
from .row_sets import needed

# As many as an answer has claims: in an answer, too, they are read again together.
_BATCH = 5
_SEED = 20_150_311


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim of a set and the words that begin what it cites.

    corruption: what was changed to make it untrue ("" in a supported one). why: a note on it.
    """

    id: str
    claim: str
    language: Language
    source: str
    passage_text: str
    supported: bool
    corruption: str
    why: str
    place: str


@dataclass(frozen=True, slots=True)
class GradedClaim:
    """A claim, the passage it was checked against, and the grades: `read` after a second reading.

    read is None without a second reading, or where the chat model said nothing usable.
    """

    row: ClaimRow
    passage: Passage
    check: Check
    check_ms: float
    read: Check | None = None

    @property
    def pair(self) -> str:
        """The claim's language and the passage's."""
        return f"{self.row.language} on {self.passage.language}"

    @property
    def final(self) -> Check:
        """The check after a second reading, where there was one."""
        return self.read or self.check

    def to_dict(self) -> dict[str, Any]:
        """The claim with its grades as plain values, ready for JSON."""
        row = asdict(self.row)
        del row["place"]
        grades = {"grade": self.check.support, "issues": _issues(self.check)}
        if self.read:
            grades |= {"read_grade": self.read.support, "read_issues": _issues(self.read)}
        cited = {"passage": self.passage.id, "passage_language": self.passage.language}
        return {**row, **cited, **grades, "check_ms": round(self.check_ms, 3)}


def claim_row(values: Values, place: str) -> ClaimRow:
    """A claim from a row of a set; raises ValueError for one that is none."""
    claim = needed(values, "claim")
    corruption = text_of(values, "corruption")
    supported = flag_of(values, "supported", default=not corruption)
    if supported == bool(corruption):
        raise ValueError("a claim has a corruption when it is not supported, and only then")
    return ClaimRow(
        id=needed(values, "id"),
        claim=claim,
        language=language_of(values, claim),
        source=needed(values, "source"),
        passage_text=needed(values, "passage_text"),
        supported=supported,
        corruption=corruption,
        why=text_of(values, "why"),
        place=place,
    )


def grade_claims(
    index: Index, rows: Sequence[ClaimRow], *, untranslated: bool = False
) -> tuple[list[GradedClaim], list[str]]:
    """The claims with their grades, and a line for each whose passage is not in the index."""
    passages: dict[str, list[Passage]] = {}
    for passage in index.passages(index.passage_ids):
        cited = replace(passage, translation=None) if untranslated else passage
        passages.setdefault(passage.source_id, []).append(cited)
    sources: Mapping[str, Source] = index.sources
    if untranslated:
        sources = {id_: replace(source, translation=None) for id_, source in sources.items()}
    graded: list[GradedClaim] = []
    problems = []
    for row in rows:
        try:
            passage = _cited(row, index.sources, passages)
        except ValueError as error:
            problems.append(f"{row.place}: {error}; the claim is left out")
            continue
        if not graded:
            # Dictionaries load with the first claim, which is none of its time.
            check_claim(row.claim, [passage], sources, index.glossary)
        began = time.perf_counter()
        check = check_claim(row.claim, [passage], sources, index.glossary)
        graded.append(GradedClaim(row, passage, check, 1000 * (time.perf_counter() - began)))
    return graded, problems


def read_again(graded: Sequence[GradedClaim], model: ChatModel) -> tuple[list[GradedClaim], Usage]:
    """The claims after a second reading by the chat model, in the same order, and what it cost.

    A claim and its corrupted form are not shown together. A call that fails changes nothing;
    raises ChatModelError when the first one does.
    """
    read = {claim.row.id: claim for claim in graded}
    usage = NO_USAGE
    for language in LANGUAGES:
        mine = [claim for claim in graded if claim.row.language == language]
        random.Random(_SEED).shuffle(mine)
        for at in range(0, len(mine), _BATCH):
            part = mine[at : at + _BATCH]
            checked = [_as_checked(claim) for claim in part]
            run = ModelRun(model, lambda: ())
            pairs = [(claim.claim, cited_text(claim)) for claim in checked]
            try:
                verdicts = judge_claims(run, pairs, language)
            except ChatModelError:
                if not usage.calls:
                    raise
                continue
            finally:
                usage += run.usage
            after = judged(checked, verdicts)
            for claim, verdict, new in zip(part, verdicts, after, strict=True):
                if verdict is not None:
                    read[claim.row.id] = replace(claim, read=new.check)
    return [read[claim.row.id] for claim in graded], usage


def _as_checked(claim: GradedClaim) -> Checked:
    return Checked(claim.row.claim, claim.row.language, (claim.passage,), claim.check, 0, False)


def _cited(
    row: ClaimRow, sources: Mapping[str, Source], passages: Mapping[str, Sequence[Passage]]
) -> Passage:
    if row.source not in sources:
        raise ValueError(f"the index has no source {row.source!r}")
    at = sources[row.source].text.find(row.passage_text)
    if at < 0:
        raise ValueError(f"{row.passage_text[:40]!r} does not stand in {row.source!r}")
    for passage in passages.get(row.source, ()):
        if passage.start <= at < passage.end:
            return passage
    raise ValueError(f"{row.passage_text[:40]!r} begins in no passage of {row.source!r}")


def _issues(check: Check) -> list[dict[str, str]]:
    return [asdict(issue) for issue in check.issues]
