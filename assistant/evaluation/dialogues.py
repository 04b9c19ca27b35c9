"""Conversations: is each follow-up understood, each new topic left alone, each turn answered?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from ..answer import Answer
from ..answering import Assistant, open_assistant
from ..settings import Settings
from ..types import NO_USAGE, Language
from . import checks
from .checks import Mark, Outcome, SetRow, Text
from .printing import tokens_of
from .score import Place, citation_recall, contains, locate, unmarked
from .sets import GoldEvidence, shipped

TurnKind = Literal["first", "follow_up", "new_topic", "not_answered"]
_LEGEND = (
    "form: the stand-alone form holds what the question leans on, and nothing of another topic.\n"
    "left alone: a question that needs no history stays as it is. answered: a gold answer is in\n"
    "the answer. held back: what the sources do not answer is not answered. all cited: all gold\n"
    "evidence is quoted."
)


class Turn(BaseModel):
    """One question of a dialogue and what is expected of it.

    needs: of each group, the stand-alone form holds one; forbids: it holds none of these.
    form: how it leans on what went before, such as "pronoun" ("" for not at all).
    """

    question: Text
    language: Language
    kind: TurnKind
    form: str = ""
    stand_alone: str = ""
    needs: tuple[tuple[str, ...], ...] = ()
    forbids: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    evidence: tuple[GoldEvidence, ...] = ()
    evidence_any: bool = False

    @model_validator(mode="after")
    def _is_labelled(self) -> Turn:
        if bool(self.answers) != (self.kind != "not_answered"):
            raise ValueError(
                f"the kind is {self.kind!r}, but there are {len(self.answers)} answers"
            )
        return self


class Dialogue(SetRow):
    """Questions that are asked one after the other."""

    turns: tuple[Turn, ...] = Field(min_length=1)


_COLUMNS = ("form", "left alone", "answered", "held back", "all cited")


def print_dialogues(settings: Settings, path: Path | None = None, *, listed: bool = False) -> None:
    """Print how dialogues are understood and answered, by language and kind of turn.

    With the chat model of the settings where there is one. listed: print every turn.
    """
    path = path or shipped("dialogues.jsonl")
    dialogues = checks.read_set_rows(path, Dialogue)
    with open_assistant(settings) as assistant:
        composer = assistant.composer
        asked = [turn for one in checks.bar(dialogues) for turn in ask_dialogue(assistant, one)]
    who = "quotes, follow-ups by rule" if composer == "quotes" else composer
    print(f"{path.name}: {len(dialogues)} dialogues, {len(asked)} turns; answers by {who}")
    print(_LEGEND)
    checks.print_table("% [95 % interval]", [outcome for _, outcome in asked], _COLUMNS)
    if composer != "quotes":
        answers = [answer for answer, _ in asked]
        written = sum(answer.composer != "quotes" for answer in answers)
        print(f"\n{written} of {len(asked)} turns written by {composer}, the others quoted")
        print(tokens_of(sum((answer.usage for answer in answers), NO_USAGE)))
        for notice, count in Counter(answer.notice for answer in answers).most_common():
            if notice:
                print(f"{count} × {notice}")
    if listed:
        wrong = sum(not outcome.is_right for _, outcome in asked)
        checks.print_list(f"turns, {wrong} of them wrong", [outcome for _, outcome in asked])


def ask_dialogue(assistant: Assistant, dialogue: Dialogue) -> list[tuple[Answer, Outcome]]:
    """The turns, each asked with the answers before it as its history.

    Evidence that does not stand in the source it names is told, and marks leave it out.
    """
    history: list[Answer] = []
    asked = []
    for number, turn in enumerate(dialogue.turns, start=1):
        place = f"{dialogue.id}.{number}"
        answer = assistant.ask(turn.question, history=history)
        history.append(answer)
        gold = []
        for evidence in turn.evidence:
            rows = locate([evidence], assistant.index.sources)
            gold += [Place(row["source"], row["start"], row["end"]) for row in rows]
            if not rows:
                where = f"does not stand in {evidence.source!r}; marks leave it out"
                checks.tell([f"{place}: the evidence {evidence.text[:40]!r} {where}"])
        asked.append((answer, _outcome(place, turn, answer, _marks(turn, answer, gold))))
    return asked


def _marks(turn: Turn, answer: Answer, gold: Sequence[Place]) -> dict[str, Mark]:
    is_answered = answer.status == "answered"
    marks: dict[str, Mark] = {}
    if turn.kind in ("follow_up", "not_answered"):
        marks["form"] = float(is_form_right(turn, answer.stand_alone))
    else:
        marks["left alone"] = float(answer.stand_alone == " ".join(turn.question.split()))
    if turn.answers:
        told = contains(unmarked(answer), answers=turn.answers)
        marks["answered"] = float(is_answered and told)
    else:
        marks["held back"] = float(not is_answered)
    if gold:
        quotes = [
            Place(quote.source_id, quote.start, quote.end)
            for citation in answer.citations
            for quote in citation.quotes
        ]
        recall = citation_recall(gold, quotes, any_is_enough=turn.evidence_any)
        marks["all cited"] = float(recall == 1)
    return marks


def is_form_right(turn: Turn, form: str) -> bool:
    """Whether a stand-alone form holds what it needs and nothing that it must not hold."""
    holds_all = all(contains(form, answers=group) for group in turn.needs)
    return holds_all and not contains(form, answers=turn.forbids)


def _outcome(place: str, turn: Turn, answer: Answer, marks: Mapping[str, Mark]) -> Outcome:
    # How much of the evidence is quoted makes no answer wrong.
    is_right = all(mark != 0 for name, mark in marks.items() if name != "all cited")
    lines = [
        f"{place} {turn.kind}: {'right' if is_right else 'WRONG'}",
        f"  asked     {turn.question}",
        f"  form      {answer.stand_alone}",
        *([f"  expected  {turn.stand_alone}"] if marks.get("form") == 0 else []),
        f"  {answer.status:8}  {checks.brief(answer.text)}",
        *([f"  expected  {' | '.join(turn.answers)}"] if marks.get("answered") == 0 else []),
    ]
    leaning = f"leaning by {turn.form}" if turn.form else ""
    groups = (turn.language, f"{turn.language} {turn.kind}", leaning)
    return Outcome(groups, marks, is_right, lines)
