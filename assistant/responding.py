"""What the steps of the chain do with the opened parts of an assistant."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .answer import Answer
from .chain import Wording, Work
from .errors import ChatModelError, QuestionError, Trouble
from .messages import MessageKey, say
from .planning.history import read_history
from .planning.planner import Planner
from .quoting.composing import Worded, compose
from .quoting.decision import Decision
from .quoting.gathering import Gatherer
from .quoting.operated import FROM_WHERE, operated
from .quoting.searching import Searcher
from .quoting.weighing import Gathered, Weighed, weigh
from .retrieval.index import Index
from .settings import Settings
from .types import NO_USAGE, Language, Timings

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from .writing.chat_model import ChatModel

# Pieces of a text that is there as a whole, in characters: about four words or Chinese words,
# what a chat model sends at a time.
_PIECE: dict[Language, int] = {"en": 24, "zh": 6}


class Responder:
    """The five steps for one request, over one state of the index."""

    def __init__(
        self,
        settings: Settings,
        index: Index,
        decision: Decision,
        planner: Planner,
        searcher: Searcher,
        chat_model: ChatModel | None,
    ) -> None:
        """Keep what is needed."""
        self._settings = settings
        self._index = index
        self._decision = decision
        self._planner = planner
        self._searcher = searcher
        self._gatherer = Gatherer(settings, index, searcher)
        self._chat_model = chat_model

    def take(self, work: Work) -> Work:
        """The request, checked; raises QuestionError when it cannot be taken."""
        began = time.perf_counter()
        asked = self._searcher.check(work["question"], work.get("sources"))
        run = work.get("run")
        if run is None and self._chat_model is not None:
            from .writing.model_run import ModelRun

            run = ModelRun(self._chat_model)
        return {**work, "question": asked, "run": run, "began": began, "responder": self}

    def plan(self, work: Work, config: RunnableConfig) -> Work:
        """The request as it is understood; raises QuestionError for a history of another kind."""
        turns, run = read_history(work.get("history")), work.get("run")
        ask = None if run is None else partial(run.ask, callbacks=config.get("callbacks") or ())
        plan = self._planner.plan(work["question"], turns, work.get("sources"), ask=ask)
        return {**work, "plan": plan}

    def gather(self, work: Work) -> Gathered:
        """What the sources have for the plan."""
        return self._gatherer.gather(work["plan"], work.get("sources"))

    def weigh(self, work: Work) -> Weighed:
        """Whether, and with what, the request is answered."""
        return operated(self._index, weigh(self._index, self._decision, work["gathered"]))

    def wants_model(self, work: Work) -> bool:
        """Whether there is something to write about, and somebody to write it."""
        weighed, plan = work["weighed"], work["plan"]
        kind = plan.kind
        # Where nothing is near, or a name is nowhere, there is nothing to write about.
        unknown = weighed.main is not None and weighed.main.evidence.unknown
        idle = weighed.status == "refused" or unknown or kind in ("talk", "catalogue")
        idle = bool(idle or not weighed.shown or plan.operation in FROM_WHERE)
        return work.get("run") is not None and not idle

    def quote(self, work: Work, config: RunnableConfig) -> Iterator[Wording]:
        """The sources' own words."""
        parts = compose(self._index, work["weighed"])
        text, step = parts["text"], _PIECE[work["plan"].replies[0]]
        for start in range(0, len(text), step):
            yield Wording(text[start : start + step])
        yield Wording(work=work, parts=parts)

    def write(self, work: Work, config: RunnableConfig) -> Iterator[Wording]:
        """The chat model's words; a model that fails before the first of them raises."""
        from .writing.authoring import Author

        run = work["run"]
        assert run is not None
        author = Author(self._settings, self._index, run, work["weighed"])
        begun = False
        try:
            for piece in author.drafts(config.get("callbacks") or ()):
                if isinstance(piece, str):
                    begun = True
                    yield Wording(piece)
                else:
                    yield Wording(work=work, drafts=piece)
        except ChatModelError as error:
            if not begun:
                raise
            yield Wording(work={**work, "failure": error})

    def check(self, words: Wording, first: float) -> Answer:
        """The answer: what a model wrote is checked, and gives way to quotes where it fails."""
        assert words.work is not None
        work, composed = words.work, time.perf_counter()
        worded = self._worded(work, words)
        answer = self._answer(work, worded, first, composed)
        if (run := work.get("run")) is not None:
            run.close()
        if work.get("index") is None:  # a snapshot of its own
            self._index.close()
        return answer

    def _worded(self, work: Work, words: Wording) -> Worded:
        weighed, failure = work["weighed"], work.get("failure")
        if words.drafts and (run := work.get("run")) is not None:
            from .writing.authoring import Author

            try:
                return Author(self._settings, self._index, run, weighed).checked(words.drafts)
            except ChatModelError as error:
                failure = error
        notice = say(_key(failure.trouble), weighed.plan.replies[0]) if failure else ""
        return Worded(words.parts or compose(self._index, weighed), notice=notice)

    def _answer(self, work: Work, worded: Worded, first: float, composed: float) -> Answer:
        plan, weighed, run = work["plan"], work["weighed"], work.get("run")
        began, now = work["began"], time.perf_counter()
        return Answer(
            question=plan.asked,
            stand_alone=plan.text,
            follow_up=plan.follow_up,
            kind=plan.kind,
            operation=plan.operation,
            language=plan.replies[0],
            languages=plan.replies,
            confidence=weighed.confidence,
            decision=weighed.decision,
            hits=weighed.hits,
            composer=worded.composer,
            prompt=worded.prompt,
            notice=worded.notice,
            unknown_markers=worded.unknown,
            usage=run.usage if run else NO_USAGE,
            build=self._index.info.id,
            settings=self._settings.id,
            timings=Timings(
                embed_s=weighed.embed_s,
                retrieve_s=weighed.search_s,
                compose_s=composed - began - weighed.embed_s - weighed.search_s,
                verify_s=now - composed,
                first_word_s=(first or now) - began,
                total_s=now - began,
            ),
            **worded.parts,
        )


def read_request(request: Any) -> Work:
    """A question, a LangChain message, or a mapping with `question`, `history` and `sources`.

    Raises QuestionError, saying what is taken, for anything else.
    """
    given = request if isinstance(request, Mapping) else {"question": request}
    question = given.get("question")
    if not isinstance(question, str):
        question = getattr(question, "text", None)
    if not isinstance(question, str):
        raise QuestionError(
            "No question was found. Give a string, or a mapping with `question` and, if wanted, "
            "`history` and `sources`."
        )
    sources = given.get("sources")
    if not (sources is None or (isinstance(sources, Collection) and not isinstance(sources, str))):
        raise QuestionError("`sources` is to be a list of the ids of the sources to search.")
    work: Work = {"question": question, "history": given.get("history")}
    return {**work, "sources": sources, "run": given.get("run"), "index": given.get("index")}


def _key(trouble: Trouble) -> MessageKey:
    # "refused" is what the assistant says of a question.
    return "declined" if trouble == "refused" else trouble
