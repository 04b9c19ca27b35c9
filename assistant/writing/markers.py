"""Citation markers in a chat model's reply, read and renumbered while the reply streams.

What is a marker: square or lenticular brackets, in any pairing and nested or not, that hold
nothing but numbers of up to four digits ("[2.3]" names a sentence), ranges, signs of a list, and
a word such as "passage" or "来源". (1), （1） and 〔1〕 are text.

A number that was never shown leaves no trace: the text is read on as if it had not been there,
so that no marker comes about from what stood around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .brackets import CLOSING, OPENING, Bracket, Known, Spacing, Target


@dataclass(frozen=True, slots=True)
class Use:
    """One marker as it stands in the text that was given out.

    at: offset of its "[" in all of that text. number: what the reader sees, from 1 in order of
    first use. passage: the number that the passage had in the prompt. sentence: "[2.3]" names
    sentence 3 of passage 2, whether or not there is one; None where several or none are named.
    """

    at: int
    number: int
    passage: int
    sentence: int | None


class MarkerStream:
    """Passes a reply on piece by piece with its markers rewritten as [1], [2] … by first use.

    The result does not depend on how the reply is cut. What is given out holds no "[1]" but the
    `uses`, and no "(" right behind one, which Markdown would take for a link. Of what is taken
    out, the white space before it goes too, but line breaks stay.
    """

    def __init__(self, shown: int) -> None:
        """`shown`: the passages that the model was shown were numbered 1 to `shown`."""
        self._shown = shown
        self._open: list[Bracket] = []
        self._target: Target | None = None
        self._behind_marker = False
        self._spacing = Spacing()
        self._out: list[str] = []
        self._length = 0
        self._uses: list[Use] = []
        self._numbers: dict[int, int] = {}
        self._unknown: dict[int, None] = {}

    @property
    def uses(self) -> tuple[Use, ...]:
        """The markers in the text given out so far, in its order."""
        return tuple(self._uses)

    @property
    def unknown(self) -> tuple[int, ...]:
        """Numbers that were never shown, each once, in the order met."""
        return tuple(self._unknown)

    @property
    def order(self) -> tuple[int, ...]:
        """order[k - 1] is the number that [k] had in the prompt."""
        return tuple(self._numbers)

    def feed(self, piece: str) -> str:
        """The text that is safe to show by now."""
        for char in piece:
            self._read(char)
        return self._take()

    def finish(self) -> str:
        """What was still held back."""
        if self._target:
            self._end_target(self._target)
        self._give_up()
        self._show(self._spacing.end())
        return self._take()

    def _take(self) -> str:
        taken = "".join(self._out)
        self._out.clear()
        return taken

    def _read(self, char: str) -> None:
        if target := self._target:
            state = target.take(char)
            if state == "closed":
                self._target, self._behind_marker = None, True
            if state != "over":
                return
            self._end_target(target)
        behind, self._behind_marker = self._behind_marker, False
        if behind and char == "(":
            self._target = Target()
        elif char in OPENING:
            self._open.append(Bracket(char))
        elif self._open and char in CLOSING:
            self._close(char)
        elif not (self._open and self._open[-1].take(char)):
            self._give_up()
            self._write(char)

    def _close(self, char: str) -> None:
        """Ends the innermost bracket: a marker, or else none of those around it is one."""
        cited = self._open[-1].cited()
        if cited is None:
            self._give_up()
            self._write(char)
            return
        known = self._known(cited)
        self._open.pop()
        self._behind_marker = True
        if not self._open:
            self._cite(known)
        elif not self._open[-1].take_marker(known):
            self._give_up()

    def _known(self, cited: Iterable[tuple[int, int | None]]) -> Known:
        """The passages that were shown, each once; the other numbers are put on record."""
        sentences: dict[int, set[int]] = {}
        for number, sentence in cited:
            if not 1 <= number <= self._shown:
                self._unknown.setdefault(number)
                continue
            named = sentences.setdefault(number, set())
            if sentence:
                named.add(sentence)
        return tuple(
            (number, named.pop() if len(named) == 1 else None)
            for number, named in sentences.items()
        )

    def _end_target(self, target: Target) -> None:
        """Gives out as words what was no link's target."""
        self._target = None
        self._give_up()
        self._write(" ")
        for char in target.text:
            self._write(char)

    def _give_up(self) -> None:
        """Gives out the open brackets as text, with the markers in them."""
        for bracket in self._open:
            self._write(bracket.opening)
            for item in bracket.items:
                if isinstance(item, str):
                    self._write(item)
                else:
                    self._cite(item)
        self._open.clear()

    def _cite(self, known: Known) -> None:
        if not known:
            self._spacing.drop()
        for passage, sentence in known:
            number = self._numbers.setdefault(passage, len(self._numbers) + 1)
            marker = f"[{number}]"
            self._write(marker)
            self._uses.append(Use(self._length - len(marker), number, passage, sentence))

    def _write(self, text: str) -> None:
        self._show(self._spacing.put(text))

    def _show(self, text: str) -> None:
        self._out.append(text)
        self._length += len(text)
