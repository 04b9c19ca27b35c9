"""From a request and the conversation before it to the plan of its answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from ..answer import Answer
from ..retrieval.embeddings import TextEmbeddings
from ..retrieval.index import Index
from ..retrieval.language import HAN, answer_languages, passage_language, question_language
from ..retrieval.words import latin_words
from ..settings import Settings
from ..types import Language, Message, RequestKind, Source, Turn
from .conversation import understand_follow_up
from .courtesies import Request, read_request
from .details import asks_what_is_said, fields_in, topic_of
from .documents import Mentions, documents_in
from .forms import other_forms
from .homophones import Homophones
from .operations import OperationRequest, operation_in
from .parts import leading_topic, parts_of, sides_of
from .phrases import phrase
from .plan import Plan, Spelling, Talk
from .questions import names_in, speaks_of_publication
from .requests import (
    kind_of,
    names_of_one,
    speaks_of_all,
    speaks_of_something,
    usual_spelling,
)
from .small_talk import small_talk
from .spelling import Vocabulary, respelled

# How many sentences a short overview has; any other short reply has one.
_SHORT_OVERVIEW = 3
# Sentences of a lookup that is to be shorter, and points of an overview.
_SHORTER = (1, 2)
# So many turns back a document is still spoken of.
_RECENT = 3


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that stands alone, and what it names.

    told: what says which kind of request it is, the documents named there, the kind and the
    nearest example.
    """

    text: str
    language: Language
    mentions: Mentions
    told: str
    named: Mentions
    kind: RequestKind
    example: str


class Planner:
    """Plans requests over one index; opened parts are kept, nothing is loaded here."""

    def __init__(self, settings: Settings, index: Index, embeddings: TextEmbeddings) -> None:
        """Keep the opened parts."""
        self._settings = settings
        self._index = index
        self._embeddings = embeddings

    def plan(
        self,
        asked: str,
        history: Sequence[Answer | Turn] = (),
        sources: Collection[str] | None = None,
        *,
        ask: Callable[[Sequence[Message]], str] | None = None,
    ) -> Plan:
        """The plan for a checked question; `sources` limits what it may be about.

        `ask` gives a chat model's reply, where there is a model.
        """
        earlier = [turn.stand_alone for turn in history]
        if history and (operation := operation_in(asked, history)):
            return self._operated(asked, operation, history[-1], sources)
        # Before courtesies are looked for: they are misspelt, too.
        spelt, spellings = self._respelled(usual_spelling(asked))
        request = read_request(spelt, question_language(asked))
        language = question_language(request.text)
        text = self._index.glossary.in_language(request.text, language)
        request = replace(request, text=text)
        everything = self._index.all_records
        candidates = (
            everything if sources is None else tuple(s for s in everything if s.id in sources)
        )
        spoken_of = self._spoken_of(history, candidates)
        alone = self._stands_alone(request.text, language, candidates, spoken_of)
        # After an answer on something, "what was it about?" asks about that thing.
        if alone and history and getattr(history[-1], "kind", "") == "lookup":
            named = self._mentions(request.text, candidates, ()).ids
            alone = bool(named) or not phrase("pronoun", request.text).search(request.text)
        context = understand_follow_up(
            request.text,
            () if alone else history,
            self._index.glossary,
            ask=ask,
            tokens=self._settings.history_tokens,
            always=self._settings.chat_plan and not request.talk,
        )
        text = context.text
        policy = request.reply or self._settings.language
        plan = Plan(
            asked=asked,
            text=text,
            kind="lookup",
            language=language,
            replies=answer_languages(policy, language),
            parts=(text,),
            plain=request.text if text != request.text else "",
            recent=_cited(history[-1]) if history else (),
            forms=other_forms(request.text, history, self._index.glossary)
            if text != request.text
            else (),
            before=earlier[-1] if earlier else "",
            count=request.count or int(request.short),
            more=request.more,
            # Misspelt courtesies need no word.
            spellings=tuple(s for s in spellings if s.taken.lower() in text.lower()),
            follow_up=text != request.text,
        )
        if request.talk:
            return _talk(plan, request.talk, earlier)
        return self._detailed(plan, request, candidates, earlier, spoken_of, context.kind)

    def _spoken_of(
        self, history: Sequence[Answer | Turn], sources: Sequence[Source]
    ) -> tuple[str, ...]:
        """The documents that were named lately, and the one that the last answer cited."""
        texts = [turn.stand_alone for turn in history[-_RECENT:]]
        named = [id_ for text in texts for id_ in self._mentions(text, sources, ()).ids]
        cited = _cited(history[-1]) if history else ()
        return (*named, *(cited if len(cited) == 1 else ()))

    def _stands_alone(
        self, text: str, language: Language, sources: Sequence[Source], spoken_of: Sequence[str]
    ) -> bool:
        """Whether a request is about documents as such, so that no earlier one belongs to it."""
        if phrase("leans", text).search(text):
            return False
        mentions = self._mentions(text, sources, spoken_of)
        kind, _ = kind_of(text, language, mentions)
        fields = fields_in(text, language, names_of_one(mentions))
        if kind == "across":
            return bool(fields or topic_of(text, language, mentions.names))
        if kind == "catalogue":
            # "And when?" asks for the date of what was spoken of.
            return bool(fields and (mentions.ids or speaks_of_publication(text, language)))
        return kind in ("overview", "compare")

    def _operated(
        self,
        asked: str,
        request: OperationRequest,
        last: Answer | Turn,
        sources: Collection[str] | None,
    ) -> Plan:
        """The last answer's plan anew, with what is wanted of it changed."""
        plan = self.plan(request.question or last.stand_alone, (), sources)
        mine = question_language(asked)
        said = last.text if isinstance(last, Answer) else last.answer
        # Who asks on in the language of the question before wants the answer's to stay.
        stays = said and mine == question_language(last.question)
        spoken = passage_language(said) if stays else mine
        short = request.count or _SHORTER[plan.kind == "overview"]
        return replace(
            plan,
            asked=asked,
            replies=answer_languages(request.language or spoken, spoken),
            count=short if request.operation == "shorter" else plan.count,
            more=plan.more or request.operation == "longer",
            operation=request.operation,
            spellings=(),
            follow_up=True,
        )

    def _respelled(self, text: str) -> tuple[str, tuple[Spelling, ...]]:
        """The text with misspelt words as the sources write them, and which these were."""
        text, spellings = respelled(text, self._vocabulary)
        if re.search(f"[{HAN}]", text):
            text, others = self._homophones.respelled(text)
            spellings += others
        return text, spellings

    @property
    def _homophones(self) -> Homophones:
        return Homophones(self._index.store, self._index.glossary.names())

    @property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self._index.store, self._index.once("names", self._names))

    def _names(self) -> Counter[str]:
        return latin_words("\n".join(self._index.glossary.names()))

    def _detailed(
        self,
        plan: Plan,
        request: Request,
        sources: Sequence[Source],
        earlier: Sequence[str],
        spoken_of: Sequence[str],
        kind: RequestKind | None,
    ) -> Plan:
        """The plan with its kind, told by rule unless it is given, and what that needs to know."""
        asked = self._read(plan, request, sources, spoken_of)
        asked = replace(asked, kind=kind or asked.kind)
        if phrase("sure-order", asked.told).search(asked.told):
            return replace(plan, kind="across", documents=asked.mentions.ids, fields=("date",))
        if asked.kind == "talk":
            return _talk(plan, small_talk(asked.example) or "help", earlier)
        if asked.kind == "overview":
            return _overview(plan, asked, request, sources, spoken_of)
        if asked.kind == "catalogue":
            return _catalogue(plan, asked, sources, spoken_of)
        if asked.kind == "across":
            return _across(plan, asked, sources)
        sides = tuple(dict.fromkeys(id_ for m in asked.mentions.found for id_ in m.ids))
        led = leading_topic(asked.text)
        beside = led or asked.kind == "compare" or phrase("sides", asked.text).search(asked.text)
        # "Do the two documents say the same": all of them; but not where only a model says so.
        if (len(sides) > 1 and beside) or (asked.kind == "compare" and not kind):
            names = [mention.name for mention in asked.mentions.found]
            topic = led or topic_of(asked.text, asked.language, names)
            sides = sides or (plan.recent if len(plan.recent) > 1 else ())
            return replace(plan, kind="compare", documents=sides, topic=topic)
        return self._lookup(plan, asked)

    def _read(
        self, plan: Plan, request: Request, sources: Sequence[Source], spoken_of: Sequence[str]
    ) -> _Asked:
        text = plan.parts[0]
        mentions = self._mentions(text, sources, spoken_of)
        told, named = text, mentions
        if plan.follow_up:
            own = self._mentions(request.text, sources, spoken_of)
            # "And when?" is of the kind of what it follows, "And what does it say on rent?" is not.
            if speaks_of_something(request.text, plan.language, own):
                told, named = request.text, own
        kind, example = kind_of(told, plan.language, named)
        if kind == "catalogue" and asks_what_is_said(told):
            kind = "lookup"
        return _Asked(text, plan.language, mentions, told, named, kind, example)

    def _mentions(self, text: str, sources: Sequence[Source], before: Sequence[str]) -> Mentions:
        return documents_in(text, sources, self._index.glossary, before)

    def _lookup(self, plan: Plan, asked: _Asked) -> Plan:
        before = ""
        if plan.plain and asked.text.endswith(plan.plain):
            before = asked.text.removesuffix(plan.plain)
        parts = parts_of(asked.text.removeprefix(before), plan.language, self._index.glossary)
        if len(parts) == 1:
            parts = sides_of(parts[0], names_in(parts[0], self._index.glossary))
        parts = tuple(before + part for part in parts)
        # One part may be of what a document says, another of what its issuer does.
        apart = len(parts) > 1 and asked.mentions.favoured
        # Two things that are compared seldom stand in one sentence.
        more = plan.more or bool(phrase("comparing", asked.text).search(asked.text))
        documents = () if apart else asked.mentions.ids
        return replace(plan, parts=parts, documents=documents, more=more)


def _cited(turn: Answer | Turn) -> tuple[str, ...]:
    """The sources that an earlier answer cited."""
    if isinstance(turn, Turn):
        return turn.sources
    return tuple(dict.fromkeys(citation.source.id for citation in turn.citations))


def _talk(plan: Plan, talk: Talk, earlier: Sequence[str]) -> Plan:
    """What is said beside the subject leaves the subject as it is for the next question."""
    return replace(
        plan,
        kind="talk",
        talk=talk,
        text=earlier[-1] if earlier else plan.text,
        plain="",
        follow_up=False,
    )


def _meant(asked: _Asked, sources: Sequence[Source], spoken_of: Sequence[str]) -> tuple[str, ...]:
    """The documents that are named; else the one last spoken of, or the main one; () for all."""
    of_all = speaks_of_all(asked.told, asked.language, asked.named)
    if asked.mentions.ids or of_all or phrase("which-ones", asked.told).search(asked.told):
        return asked.mentions.ids
    return tuple(spoken_of[-1:]) or tuple(source.id for source in sources[:1])


def _overview(
    plan: Plan, asked: _Asked, request: Request, sources: Sequence[Source], spoken_of: Sequence[str]
) -> Plan:
    topic = topic_of(asked.text, asked.language, asked.mentions.names)
    documents = asked.mentions.ids if topic else _meant(asked, sources, spoken_of)
    whole = documents and not topic
    count = request.count or (_SHORT_OVERVIEW if request.short and whole else 0)
    return replace(plan, kind="overview", documents=documents, topic=topic, count=count)


def _catalogue(
    plan: Plan, asked: _Asked, sources: Sequence[Source], spoken_of: Sequence[str]
) -> Plan:
    # "And when?" asks for the date only.
    fields = fields_in(plan.plain, asked.language, ()) if plan.plain else ()
    fields = fields or fields_in(asked.told, asked.language, names_of_one(asked.named))
    if not fields:
        return replace(plan, documents=asked.mentions.ids)
    documents = _meant(asked, sources, spoken_of)
    return replace(plan, kind="catalogue", documents=documents, fields=fields)


def _across(plan: Plan, asked: _Asked, sources: Sequence[Source]) -> Plan:
    named = asked.mentions.ids
    topic = topic_of(asked.text, asked.language, asked.mentions.names)
    fields = fields_in(asked.told, asked.language, names_of_one(asked.named))
    if "date" in fields and not topic:
        return replace(plan, kind="across", documents=asked.mentions.ids, fields=("date",))
    mentioned = phrase("mentions", asked.told).search(asked.told)
    if not topic and mentioned and len(asked.mentions.names) == 1:
        # "Which documents mention the survey".
        return replace(plan, kind="across", topic=asked.mentions.names[0])
    if not topic:
        return replace(plan, kind="overview", documents=asked.mentions.ids)
    # "Outside the survey": one document that is named is not the only one that is asked about.
    if len(named) > 1 and not mentioned:
        return replace(plan, kind="compare", documents=named, topic=topic)
    documents = named if len(named) > 1 else ()
    return replace(plan, kind="across", documents=documents, topic=topic)
