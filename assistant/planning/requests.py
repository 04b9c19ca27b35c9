"""The kind of a request, told by the labelled examples whose wording is nearest.

What decides is how a request is worded, not what it is about. So documents that are named become
one placeholder, words that no two examples share another, and what is left is compared with the
examples of `assistant/data/requests.tsv` by the tf-idf of its words, pairs and triples. No vector
of a model is needed. Closed-class conditions then hold each kind to what it can be asked of: only
documents have authors, only two of them can be compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import log, sqrt
from typing import get_args

import numpy as np
import numpy.typing as npt

from ..retrieval.language import HAN, is_stop_word, simplified
from ..types import Language, RequestKind
from .documents import Mentions
from .phrases import phrase
from .plan import Field

KINDS: tuple[RequestKind, ...] = get_args(RequestKind)
# A document that is named, a noun for documents in general, and what no two examples share.
DOCUMENT, DOCUMENTS, _CONTENT = "<document>", "<documents>", "<content>"
# A kind's score is the mean of its nearest examples, and another kind must lie so far above
# "lookup": with margin 0 sixteen of 218 questions about facts were taken for something else, with
# 0.05 four; three examples instead of five change one request in 200 (docs/answering.md).
_NEAREST = 5
_MARGIN = 0.05
# What a phrase of the kind adds to its score.
_CUED = 0.1
# Longer requests say more than what kind they are of.
_LONGEST_TALK = 12
_BRACES = re.compile(r"\{[^}]*\}")
_TOKEN = {
    "en": re.compile(r"<\w+>|[a-z]+|\d+"),
    "zh": re.compile(f"<\\w+>|[a-z]+|\\d+|[{HAN}]"),
}
# Short and slack spellings, and the word that they stand for.
_SPELLINGS = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"\b(who|what|where|when|how)['’]?s\b", r"\1 is"),
        (r"\b(do|does|did|is|are|was|were|has|have|can)n['’]?t\b", r"\1 not"),
        (r"\bu\b", "you"),
        (r"\br\b", "are"),
        (r"\bwat\b", "what"),
        (r"\bgimme\b", "give me"),
        (r"\bppl\b", "people"),
        (r"\buni\b", "university"),
        (r"\bgov(?:t|mt)\b", "government"),
        (r"\babt\b", "about"),
        (r"\b(?:sry|srry|soz)\b", "sorry"),
        (r"\bwanna\b", "want to"),
        (r"\b(?:guy|dude|bloke|fella)\b", "person"),
        (r"\breal(?:l)?y (?=an? |the |[a-z]+ing\b)|\blitt?eral?ly ", ""),
        ("金主", "投资人"),
        ("头儿", "负责人"),
        ("[神什]么鬼|神马", "什么"),
        ("咋(?!舌)|肿么", "怎么"),
        ("木有", "没有"),
        (
            r"(?<=[\u4e00-\u9fff])(?<![吗呢吧啊了少谁哪里儿么何几啥好问请谢]) +(?=[\u4e00-\u9fff])",
            "",
        ),
        (r"\ba[ck]+ord+ing to\b", "according to"),
        (r"(?<=[\u4e00-\u9fff])滴(?=[?？]?$)", "的"),
        (r"(?<=[\u4e00-\u9fff])[这那](?:一?块儿?|边儿)(?=[是有得的怎多])", ""),
    )
)
# ":)", "^_^" and pictures.
_FACES = re.compile(
    r"(?<!\S)(?:[:;=][\'-]?[)(DPpOo3/|]+|\^_*\^|<3)(?!\S)|[\U0001f300-\U0001faff☀-➿]+"
)
_FORM = re.compile("的?(?:原文|原件|全文|摘要|译文)$")
# Words of closed classes are never what is spoken of.
_CLOSED_ZH = frozenset(
    "的了吗呢谁哪几么何怎为是在有与和跟多少些没不被去儿只能会要就还也都很又再从到把给让向对于及或着过啊呀吧哦嘛请您你我"
    "他她它们这那各每个上下里中以其可之所到底究竟实些事"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """How a request is worded: the text with its placeholders, and its words."""

    text: str
    words: tuple[str, ...]

    def count(self, word: str) -> int:
        """How often a word or placeholder occurs."""
        return self.words.count(word)


def wording(text: str, language: Language, names: Collection[str] = ()) -> Wording:
    """The wording of a request, `names` being the stretches that name documents."""
    text = simplified(text).lower()
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(simplified(name).lower(), f" {DOCUMENT} ")
    if language == "en":
        for pattern, word in _SPELLINGS:
            text = pattern.sub(word, text)
    text = " ".join(phrase("noun", text).sub(f" {DOCUMENTS} ", text).split())
    found = _TOKEN[language].findall(text)
    # Six letters are as good as a stem: "summar" for summary, summarise, summarize.
    return Wording(text, tuple(word if word.startswith("<") else word[:6] for word in found))


def usual_spelling(text: str) -> str:
    """The text with short and slack spellings written out ("wat", "gimme")."""
    text = _FACES.sub(" ", text).strip() or text
    for pattern, word in _SPELLINGS[2:]:
        text = pattern.sub(word, text)
    return text


def kind_of(text: str, language: Language, mentions: Mentions) -> tuple[RequestKind, str]:
    """The kind of a request without its courtesies, and the example that is nearest."""
    examples = _examples(language)
    asked = wording(text, language, names_of_one(mentions))
    if not mentions.found and not examples.spoken_of(asked):
        # "What is it about": where nothing else is spoken of, a document is.
        asked = wording(phrase("pronoun", text).sub(DOCUMENT, text), language)
    return examples.kind(asked, mentions)


def names_of_one(mentions: Mentions) -> tuple[str, ...]:
    """The stretches of a text that name one document each."""
    names = (m.name for m in mentions.found if m.firm and len(m.ids) == 1)
    # Whether the original is asked for must still be seen.
    return tuple(_FORM.sub("", name) for name in names)


def speaks_of_something(text: str, language: Language, mentions: Mentions) -> bool:
    """Whether a request has words beside cues and the names of documents."""
    return _examples(language).spoken_of(wording(text, language, names_of_one(mentions))) > 0


def speaks_of_all(text: str, language: Language, mentions: Mentions) -> bool:
    """Whether a request speaks of documents in general ("which documents", 这些文件)."""
    return mentions.every or DOCUMENTS in wording(text, language, names_of_one(mentions)).words


def asks_for_record(asked: Wording) -> bool:
    """Whether words for any section of a source's record stand in a request."""
    return any(phrase(f"field-{f}", asked.text).search(asked.text) for f in get_args(Field))


class _Examples:
    """The labelled examples of one language."""

    def __init__(self, language: Language, examples: Sequence[tuple[RequestKind, str]]) -> None:
        self._texts = [text for _, text in examples]
        self._kinds = np.array([KINDS.index(kind) for kind, _ in examples])
        words = [wording(_BRACES.sub(DOCUMENT, t), language).words for t in self._texts]
        seen = Counter(word for each in words for word in set(each))
        self._cues = frozenset(word for word, count in seen.items() if count > 1)
        self._language = language
        rows = [set(self._features(each)) for each in words]
        self._holders: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            for feature in row:
                self._holders.setdefault(feature, []).append(place)
        # The squared weights, as they enter a product of two vectors.
        self._weights = {
            feature: log((len(rows) + 1) / len(places)) ** 2
            for feature, places in self._holders.items()
        }
        self._lengths = np.sqrt([sum(self._weights[f] for f in row) for row in rows])

    def _cosines(self, asked: Wording) -> npt.NDArray[np.float64]:
        """How near each example is."""
        products = np.zeros(len(self._texts))
        known = [f for f in set(self._features(asked.words)) if f in self._weights]
        for feature in known:
            products[self._holders[feature]] += self._weights[feature]
        length = sqrt(sum(self._weights[feature] for feature in known)) or 1.0
        return products / (self._lengths * length)

    def kind(self, asked: Wording, mentions: Mentions) -> tuple[RequestKind, str]:
        """The kind of the nearest examples that the request can be of."""
        cosines = self._cosines(asked)
        scores = {
            kind: float(np.sort(cosines[self._kinds == number])[-_NEAREST:].mean())
            for number, kind in enumerate(KINDS)
        }
        for kind in KINDS:
            if self._is_cued(kind, asked, mentions):
                scores[kind] += _CUED
        if phrase("sure-across", asked.text).search(asked.text):
            scores["across"] += 1.0
        possible = [kind for kind in KINDS if self._can_be(kind, asked, mentions)]
        best = max(possible, key=lambda kind: scores[kind] - _MARGIN * (kind != "lookup"))
        mine = np.where(self._kinds == KINDS.index(best), cosines, -1.0)
        return best, self._texts[int(mine.argmax())]

    def _can_be(self, kind: RequestKind, asked: Wording, mentions: Mentions) -> bool:
        """Whether a request speaks of what this kind can be asked of."""
        text, spoken_of = asked.text, self.spoken_of(asked)
        documents = len(mentions.ids)
        generally = mentions.every or DOCUMENTS in asked.words
        several = generally or bool(phrase("several", text).search(text))
        if kind == "talk":
            return not spoken_of and not documents and len(asked.words) <= _LONGEST_TALK
        if kind == "overview":
            points = (documents or generally) and phrase("points", text).search(text)
            return not spoken_of or bool(points or phrase("sums-up", text).search(text))
        if kind == "compare":
            sides = {id_ for mention in mentions.found for id_ in mention.ids}
            leans = phrase("several", text).search(text) and not spoken_of
            return len(sides) > 1 or bool(leans) or (several and bool(documents or generally))
        if kind == "across":
            return documents > 1 or several or bool(phrase("sure-across", text).search(text))
        if kind == "catalogue":
            of_documents = bool(documents or several or not spoken_of)
            return spoken_of < 2 and of_documents and asks_for_record(asked)
        return True

    def _is_cued(self, kind: RequestKind, asked: Wording, mentions: Mentions) -> bool:
        """Whether a phrase of the kind stands in a request that speaks of documents."""
        named, text = len(mentions.ids), asked.text
        generally = mentions.every or DOCUMENTS in asked.words
        if kind == "compare":
            return named > 1 and bool(phrase("beside", text).search(text))
        if kind == "across":
            return generally and bool(phrase("mentions", text).search(text))
        if kind == "overview":
            return bool(named or generally) and bool(phrase("sums-up", text).search(text))
        return kind == "catalogue" and bool(named or generally) and not self.spoken_of(asked)

    def spoken_of(self, asked: Wording) -> int:
        """How many stretches of other words than cues there are."""
        return sum(feature == _CONTENT for feature in self._marked(asked.words))

    def _marked(self, words: Sequence[str]) -> list[str]:
        marked = ["^"]
        for word in words:
            cue = word if word.startswith("<") or self._is_cue(word) else _CONTENT
            if cue != _CONTENT or marked[-1] != _CONTENT:
                marked.append(cue)
        return [*marked, "$"]

    def _is_cue(self, word: str) -> bool:
        if word in self._cues:
            return True
        return word in _CLOSED_ZH if self._language == "zh" else is_stop_word(word)

    def _features(self, words: Sequence[str]) -> Iterator[str]:
        marked = self._marked(words)
        for length in (1, 2, 3):
            for start in range(len(marked) - length + 1):
                yield " ".join(marked[start : start + length])


@lru_cache(maxsize=2)
def _examples(language: Language) -> _Examples:
    table = files("assistant").joinpath("data", "requests.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines()[1:])
    by_name = {str(kind): kind for kind in KINDS}
    return _Examples(language, [(by_name[kind], text) for kind, of, text in rows if of == language])
