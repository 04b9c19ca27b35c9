"""An answer in a chat model's words: written, checked claim by claim, laid out with its marks."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from ..errors import ChatModelError
from ..messages import say
from ..prompts import VERSION
from ..quoting.composing import Composed, Worded, compose, reason_of
from ..quoting.searching import Found
from ..retrieval.index import Index
from ..settings import Settings
from ..tracing import Steps
from ..types import Language
from .checking import Checked, check_draft, cited_text, judged, layout, statements_and_citations
from .claim_judge import judge_claims
from .drafting import write
from .drafts import Draft
from .model_run import ModelRun


class Author:
    """Writes one answer with a chat model, in one language after the other."""

    def __init__(
        self, settings: Settings, index: Index, run: ModelRun, steps: Steps, found: Found
    ) -> None:
        """Keep what is needed; nothing is asked yet."""
        self._settings = settings
        self._index = index
        self._run = run
        self._steps = steps
        self._found = found
        self._verify_s = 0.0

    def write(self, languages: Sequence[Language]) -> Generator[str, None, Worded]:
        """The pieces of the text as they come; returns the checked answer.

        With unsupported = "drop" pieces come only once they are checked. Raises ChatModelError
        when the model fails or nothing that it wrote stands.
        """
        found = self._found
        whys = {
            language: "" if found.status == "answered" else self._intro(language)
            for language in languages
        }
        drafts: list[Draft] = []
        checked: list[list[Checked]] = []
        for language in languages:
            draft = yield from self._draft(language, whys[language], bool(drafts))
            if draft.no_answer:
                return self._no_answer(languages)
            drafts.append(draft)
            checked.append(self._check(draft, language))
        parts = self._lay_out(languages, checked, whys)
        if self._holds_back:
            yield parts["text"]
        return Worded(
            parts,
            composer=self._run.name,
            prompt=VERSION,
            notice=say("cut_off", languages[0]) if any(d.cut_off for d in drafts) else "",
            unknown=tuple(sorted({number for draft in drafts for number in draft.unknown})),
            verify_s=self._verify_s,
        )

    @property
    def _holds_back(self) -> bool:
        return self._settings.unsupported == "drop"

    def _intro(self, language: Language) -> str:
        reason = reason_of(self._found, language, "partial")
        return say("stop", language).join([reason, say("written", language)])

    def _draft(self, language: Language, why: str, later: bool) -> Generator[str, None, Draft]:
        found = self._found
        passages = [hit.passage for hit in found.hits]
        sources = [self._index.sources[passage.source_id] for passage in passages]
        before = ("\n\n" if later else "") + (f"{why}\n\n" if why else "")
        draft = Draft("")
        with self._steps.step("compose", {"language": language}) as step:
            for part in write(self._run, found.question.text, language, passages, sources):
                if isinstance(part, Draft):
                    draft = part
                elif not self._holds_back:
                    yield before + part
                    before = ""
            step.ends_with({"cut_off": draft.cut_off, "no_answer": draft.no_answer})
        return draft

    def _check(self, draft: Draft, language: Language) -> list[Checked]:
        began = time.perf_counter()
        index = self._index
        passages = [hit.passage for hit in self._found.hits]
        with self._steps.step("verify", {"language": language}) as step:
            question = self._found.question
            checked = check_draft(
                draft, question, language, passages, index.sources, index.glossary
            )
            if self._settings.chat_judge:
                checked = self._judge(checked, language)
            grades = [claim.check.support for claim in checked]
            step.ends_with({grade: grades.count(grade) for grade in sorted(set(grades))})
        self._verify_s += time.perf_counter() - began
        if all(grade == "unsupported" for grade in grades):
            raise ChatModelError(
                "Nothing that the chat model wrote stood the check against the sources.",
                trouble="unsupported",
            )
        if self._holds_back:
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

    def _no_answer(self, languages: Sequence[Language]) -> Worded:
        parts = compose(self._index, self._found, languages, status="partial", reason="no_answer")
        return Worded(parts, verify_s=self._verify_s)

    def _lay_out(
        self,
        languages: Sequence[Language],
        checked: Sequence[Sequence[Checked]],
        whys: dict[Language, str],
    ) -> Composed:
        every = [claim for part in checked for claim in part]
        statements, citations = statements_and_citations(every, self._index.sources)
        texts, at = [], 0
        for language, part in zip(languages, checked, strict=True):
            mine = statements[at : at + len(part)]
            at += len(part)
            texts += [*filter(None, [whys[language]]), layout(part, mine, language)]
        reasons = [
            reason_of(self._found, language, "partial") for language in languages if whys[language]
        ]
        return Composed(
            status=self._found.status,
            text="\n\n".join(texts),
            reason="\n".join(reasons),
            lead=None,
            statements=statements,
            citations=citations,
        )
