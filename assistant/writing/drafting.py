"""The composer that lets a chat model write: what is asked of it, and its reply as a draft."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..errors import ChatModelError
from ..prompts import NO_ANSWER, instructions, write_messages
from ..types import Language, Message, Passage, RequestKind, Source
from .chat_reply import Callbacks
from .drafts import Draft
from .markers import MarkerStream, Use
from .model_run import ModelRun
from .reply_guard import LeakError, ReplyGuard, WrongLanguageError

_FILLER = re.compile(r"[\W_]+")
# A small model may say the same sentence until it is stopped: three times are enough.
_ENDS = re.compile(r"[.!?。！？\n]")
_LOOP = re.compile(r"([^\s].{10,300}?)\s*\1\s*\1\s*\Z", re.DOTALL)


def write(
    run: ModelRun,
    question: str,
    language: Language,
    passages: Sequence[Passage],
    sources: Sequence[Source],
    *,
    request: RequestKind = "lookup",
    callbacks: Callbacks = (),
) -> Iterator[str | Draft]:
    """The reply's pieces as they may be shown, then the whole of it as a draft.

    A reply in another language is asked for once more. Raises ChatModelError when the model
    cannot be asked or gives nothing to check; a reply that breaks off after its first words
    becomes a draft that is cut off.
    """
    for again in (False, True):
        messages = write_messages(
            question, language, passages, sources, request=request, again=again
        )
        try:
            yield from _attempt(run, messages, language, len(passages), callbacks)
            return
        except WrongLanguageError:
            continue
        except LeakError as error:
            raise ChatModelError(
                "The chat model repeated its instructions instead of answering.",
                trouble="malformed",
            ) from error
    raise ChatModelError(
        f"The chat model {run.name} answers in another language than asked for. Try another model.",
        trouble="wrong_language",
    )


def _attempt(
    run: ModelRun,
    messages: Sequence[Message],
    language: Language,
    shown: int,
    callbacks: Callbacks,
) -> Iterator[str | Draft]:
    markers, guard = MarkerStream(shown), ReplyGuard(language, instructions())
    reader = _Reader(markers, guard)
    broken = False
    with run.reply(messages, callbacks) as reply:
        try:
            for piece in reply:
                if out := reader.feed(piece):
                    yield out
                if reader.no_answer or reader.loops:
                    break
        except ChatModelError:
            if not reader.text.strip():
                raise
            broken = True
        cut_off = broken or reply.cut_off or reader.loops
    if not reader.no_answer and (out := reader.finish()):
        yield out
    yield reader.draft(cut_off=cut_off)


class _Reader:
    """A reply on its way through markers and guard; `text` is what was given out."""

    def __init__(self, markers: MarkerStream, guard: ReplyGuard) -> None:
        self._markers = markers
        self._guard = guard
        self._start = ""
        self._opened = False
        self.text = ""
        self.no_answer = False
        self.loops = False

    def feed(self, piece: str) -> str:
        if not self._opened:
            self._start += piece
            if self._may_be_no_answer(self._start):
                return ""
            self._opened = True
            piece = "" if self.no_answer else self._start
        return self._out(self._guard.feed(self._markers.feed(piece)))

    def finish(self) -> str:
        rest = "" if self._opened else self._markers.feed(self._start)
        passed = self._guard.feed(rest + self._markers.finish()) + self._guard.finish()
        return self._out(passed)

    def draft(self, *, cut_off: bool) -> Draft:
        uses: tuple[Use, ...] = self._markers.uses
        return Draft(self.text, uses, self._markers.unknown, cut_off, self.no_answer)

    def _out(self, passed: str) -> str:
        self.text += passed
        if _ENDS.search(passed):
            self.loops = _LOOP.search(self.text[-1_000:]) is not None
        return passed

    def _may_be_no_answer(self, start: str) -> bool:
        """Whether the words so far could still become the reply for no answer, or are it."""
        plain = _FILLER.sub("", start).upper()
        for words in NO_ANSWER.values():
            wanted = _FILLER.sub("", words).upper()
            if plain.startswith(wanted):
                self.no_answer = True
                return False
            if wanted.startswith(plain):
                return True
        return False
