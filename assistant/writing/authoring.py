"""An answer in a chat model's words: written, checked claim by claim, laid out with its marks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ..errors import ChatModelError
from ..messages import say
from ..planning.questions import understand
from ..prompts import VERSION
from ..quoting.composing import Composed, Worded, compose, reason_of
from ..quoting.weighing import Weighed
from ..retrieval.index import Index
from ..settings import Settings
from ..types import Language
from .chat_reply import Callbacks
from .checking import Checked, check_draft, cited_text, judged, layout, statements_and_citations
from .claim_judge import judge_claims
from .drafting import write
from .drafts import Draft
from .model_run import ModelRun


class Author:
    """Writes one answer with a chat model, in one language after the other, and checks it."""

    def __init__(self, settings: Settings, index: Index, run: ModelRun, weighed: Weighed) -> None:
        """Keep what is needed; nothing is asked yet."""
        self._settings = settings
        self._index = index
        self._run = run
        self._weighed = weighed
        self._question = weighed.plan.text

    def drafts(self, callbacks: Callbacks = ()) -> Iterator[str | tuple[Draft, ...]]:
        """The pieces of the text as they come, then the drafts, one a language.

        With unsupported = "drop" no piece comes: they are to be checked first. Raises
        ChatModelError when the model fails.
        """
        drafts: list[Draft] = []
        passages = self._weighed.shown
        sources = [self._index.sources[passage.source_id] for passage in passages]
        for language in self._weighed.plan.replies:
            why = self._why(language)
            before = ("\n\n" if drafts else "") + (f"{why}\n\n" if why else "")
            for part in write(
                self._run,
                self._question,
                language,
                passages,
                sources,
                request=self._weighed.plan.kind,
                callbacks=callbacks,
            ):
                if isinstance(part, Draft):
                    drafts.append(part)
                elif self._settings.unsupported != "drop":
                    yield before + part
                    before = ""
            if drafts[-1].no_answer:
                break
        yield tuple(drafts)

    def checked(self, drafts: Sequence[Draft]) -> Worded:
        """The answer that the drafts make; raises ChatModelError where nothing of them stands."""
        if any(draft.no_answer for draft in drafts):
            return Worded(compose(self._index, self._weighed, status="partial", reason="no_answer"))
        languages = self._weighed.plan.replies
        began = time.perf_counter()
        checked = [self._check(*pair) for pair in zip(drafts, languages, strict=True)]
        verify_s = time.perf_counter() - began
        return Worded(
            self._lay_out(languages, checked),
            composer=self._run.name,
            prompt=VERSION,
            notice=say("cut_off", languages[0]) if any(d.cut_off for d in drafts) else "",
            unknown=tuple(sorted({number for draft in drafts for number in draft.unknown})),
            verify_s=verify_s,
        )

    def _why(self, language: Language) -> str:
        """What a doubtful answer begins with; "" for one that is not."""
        if self._weighed.status == "answered":
            return ""
        reason = reason_of(self._weighed, language, "partial")
        return say("stop", language).join([reason, say("written", language)])

    def _check(self, draft: Draft, language: Language) -> list[Checked]:
        index, question = self._index, self._weighed.main
        checked = check_draft(
            draft,
            question.question
            if question
            else understand(self._question, self._question, index.glossary),
            language,
            self._weighed.shown,
            index.sources,
            index.glossary,
        )
        if self._settings.chat_judge:
            checked = self._judge(checked, language)
        if all(claim.check.support == "unsupported" for claim in checked):
            raise ChatModelError(
                "Nothing that the chat model wrote stood the check against the sources.",
                trouble="unsupported",
            )
        if self._settings.unsupported == "drop":
            return [claim for claim in checked if claim.check.support != "unsupported"]
        return checked

    def _judge(self, checked: Sequence[Checked], language: Language) -> list[Checked]:
        """The claims read a second time; a judge that fails changes nothing."""
        cited = [claim for claim in checked if claim.passages]
        pairs = [(claim.claim, cited_text(claim)) for claim in cited]
        try:
            verdicts = judge_claims(self._run, pairs, language)
        except ChatModelError:
            return list(checked)
        read = iter(judged(cited, verdicts))
        return [next(read) if claim.passages else claim for claim in checked]

    def _lay_out(
        self, languages: Sequence[Language], checked: Sequence[Sequence[Checked]]
    ) -> Composed:
        every = [claim for part in checked for claim in part]
        statements, citations = statements_and_citations(every, self._index.sources)
        texts, at = [], 0
        whys = [self._why(language) for language in languages]
        for language, part, why in zip(languages, checked, whys, strict=True):
            mine = statements[at : at + len(part)]
            at += len(part)
            texts += [*filter(None, [why]), layout(part, mine, language)]
        reasons = [
            reason_of(self._weighed, language, "partial")
            for language, why in zip(languages, whys, strict=True)
            if why
        ]
        return Composed(
            status=self._weighed.status,
            text="\n\n".join(texts),
            reason="\n".join(reasons),
            lead=None,
            statements=statements,
            citations=citations,
        )
