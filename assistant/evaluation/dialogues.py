"""Conversations: is each follow-up understood, each new topic left alone, each turn answered?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ..answer import Answer
from ..answering import Assistant
from ..types import Language, Source
from .gold import locate
from .metrics import Place, citation_recall, contains
from .questions import GoldEvidence
from .row_fields import Values, language_of, listed, shown, text_of, texts_of
from .row_sets import needed
from .scoring import unmarked

TurnKind = Literal["first", "follow_up", "new_topic", "not_answered"]
KINDS: tuple[TurnKind, ...] = get_args(TurnKind)


@dataclass(frozen=True, slots=True)
class DialogueTurn:
    """One question of a dialogue and what is expected of it.

    needs: of each group, the stand-alone form holds one; forbids: it holds none of these.
    form: how it leans on what went before, such as "pronoun" ("" for not at all).
    """

    question: str
    language: Language
    kind: TurnKind
    form: str
    stand_alone: str
    needs: tuple[tuple[str, ...], ...]
    forbids: tuple[str, ...]
    answers: tuple[str, ...]
    evidence: tuple[GoldEvidence, ...]
    evidence_any: bool = False


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Questions that are asked one after the other."""

    id: str
    turns: tuple[DialogueTurn, ...]


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """A turn, its answer, and marks of 0.0 or 1.0; None where the turn does not define one.

    cited: the share of the evidence that is quoted, 0.0 to 1.0.
    """

    dialogue: str
    number: int
    turn: DialogueTurn
    answer: Answer
    form: float | None
    left_alone: float | None
    answered: float | None
    held: float | None
    cited: float | None

    @property
    def is_right(self) -> bool:
        """Whether nothing is to be complained of but how much of the evidence is quoted."""
        return 0.0 not in (self.form, self.left_alone, self.answered, self.held)


def dialogue_of(values: Values) -> Dialogue:
    """A dialogue from a row of a set; raises ValueError for one that is none."""
    turns = tuple(_turn(value) for value in listed(values.get("turns")))
    if not turns:
        raise ValueError("there are no turns")
    return Dialogue(needed(values, "id"), turns)


def _turn(value: Values) -> DialogueTurn:
    if not isinstance(value, dict):
        raise ValueError(f"a turn is {shown(value)}, but must be an object with a question")
    question = needed(value, "question")
    kind = needed(value, "kind")
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}, but must be one of {', '.join(KINDS)}")
    answers = texts_of(value, "answers")
    if bool(answers) != (kind != "not_answered"):
        raise ValueError(
            f"the turn {question[:40]!r} has the kind {kind!r}, and {len(answers)} answers"
        )
    return DialogueTurn(
        question=question,
        language=language_of(value, question),
        kind=kind,
        form=text_of(value, "form"),
        stand_alone=text_of(value, "stand_alone"),
        needs=tuple(texts_of({"needs": group}, "needs") for group in listed(value.get("needs"))),
        forbids=texts_of(value, "forbids"),
        answers=answers,
        evidence=tuple(_evidence(line) for line in listed(value.get("evidence"))),
        evidence_any=value.get("evidence_any") is True,
    )


def _evidence(line: Values) -> GoldEvidence:
    if not isinstance(line, dict):
        raise ValueError(f"evidence is {shown(line)}, but must be an object of source and text")
    return GoldEvidence(needed(line, "source"), needed(line, "text"))


def evidence_problems(
    dialogues: Sequence[Dialogue], sources: Mapping[str, Source]
) -> Iterator[str]:
    """A line for each piece of evidence that does not stand in the source it names."""
    for dialogue in dialogues:
        for number, turn in enumerate(dialogue.turns, start=1):
            for gold in turn.evidence:
                if not locate([gold], sources):
                    where = f"{dialogue.id}.{number}: the evidence {gold.text[:40]!r}"
                    yield f"{where} does not stand in {gold.source!r}; marks leave it out"


def ask_dialogue(assistant: Assistant, dialogue: Dialogue) -> list[AskedTurn]:
    """The turns, each asked with the answers before it as its history."""
    history: list[Answer] = []
    asked = []
    for number, turn in enumerate(dialogue.turns, start=1):
        answer = assistant.ask(turn.question, history=history)
        history.append(answer)
        asked.append(_marked(dialogue.id, number, turn, answer, assistant.index.sources))
    return asked


def _marked(
    dialogue: str, number: int, turn: DialogueTurn, answer: Answer, sources: Mapping[str, Source]
) -> AskedTurn:
    leans = turn.kind in ("follow_up", "not_answered")
    is_answered = answer.status == "answered"
    told = is_answered and contains(unmarked(answer), answers=turn.answers)
    places = [
        Place(row["source"], row["start"], row["end"]) for row in locate(turn.evidence, sources)
    ]
    quotes = [
        Place(quote.source_id, quote.start, quote.end)
        for citation in answer.citations
        for quote in citation.quotes
    ]
    alone = answer.stand_alone == " ".join(turn.question.split())
    return AskedTurn(
        dialogue=dialogue,
        number=number,
        turn=turn,
        answer=answer,
        form=float(is_form_right(turn, answer.stand_alone)) if leans else None,
        left_alone=None if leans else float(alone),
        answered=float(told) if turn.answers else None,
        held=None if turn.answers else float(not is_answered),
        cited=citation_recall(places, quotes, any_is_enough=turn.evidence_any) if places else None,
    )


def is_form_right(turn: DialogueTurn, form: str) -> bool:
    """Whether a stand-alone form holds what it needs and nothing that it must not hold."""
    needed_ones = all(contains(form, answers=group) for group in turn.needs)
    return needed_ones and not contains(form, answers=turn.forbids)
