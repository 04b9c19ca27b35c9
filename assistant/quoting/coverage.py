"""Which of a question's own words stand in the evidence, in either language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ..planning.naming import plain, stands_in
from ..planning.questions import Question
from ..retrieval.glossary import Glossary
from ..retrieval.language import HAN, simplified, tagged, terms

_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*[A-Za-z]")
# What a question says of itself, not of its subject.
_ASKING = frozenset(
    "name list tell say many much kind type happen give explain describe call mean use get make "
    "year number date time place person people thing way part amount know wonder team guy folk "
    "please pls plz thanks thank thx hi hello hey sorry bother ok okay quick quickly roughly "
    "briefly according want answer summarise summarize summary overview compare "
    "什么 多少 哪里 哪些 哪个 哪位 怎么 如何 为何 为什么 怎样 何时 时候 是否 可以 能够 请问 "
    "进行 属于 成为 具有 包括 用来 以及 之一 主要 名字 时间 地方 地点 年份 数量 原因 "
    "谢谢 多谢 感谢 您好 你好 麻烦 劳驾 拜托 抱歉 老师 先生 女士 知道 想知道 告诉 请教 看看 有没有 "
    "能不能 回答 介绍 简单 总结 概括".split()
)
# "What's", "whats", "you've": no words of the subject; neither are "cant" and "didnt".
_CONTRACTED = re.compile(
    r"(?:what|who|where|when|how|that|it|there|here|let)['’]?s|[a-z]+['’](?:ve|re|ll|d|m|t)|"
    r"(?:do|does|did|is|are|was|were|have|has|had|can|could|would|should|wo)n?t|i['’]?m",
    re.IGNORECASE,
)


def content_words(question: Question) -> tuple[str, ...]:
    """The words that the question turns on, as written: no names, no words of asking.

    English words without stop words; Chinese nouns, verbs and adjectives of two characters or
    more.
    """
    text = question.focus
    for name in question.names:
        text = re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
    words = [w for w in _WORD.findall(text) if terms(w, "en") and not _CONTRACTED.fullmatch(w)]
    if re.search(f"[{HAN}]", text):
        words += [w for w, tag in tagged(simplified(text)) if tag[:1] in "nva" and len(w) > 1]
    kept = [
        w for w in words if w.lower() not in _ASKING and terms(w, "en")[:1] not in _asking_stems()
    ]
    return tuple(dict.fromkeys(kept))


def uncovered(words: Sequence[str], texts: Sequence[str], glossary: Glossary) -> tuple[str, ...]:
    """Those of the words that none of the texts (made by `plain`) holds in any form.

    An English word is there when its stem is; a Chinese one as it stands, or with one of its
    two halves; either when the glossary's word for it in the other language is.
    """
    return tuple(word for word in words if not _is_there(word, texts, glossary))


def _is_there(word: str, texts: Sequence[str], glossary: Glossary) -> bool:
    if word[0].isascii():
        found = any(set(terms(word, "en")) <= _stems(text) for text in texts)
    else:
        found = any(plain(word) in text for text in texts)
    return found or stands_in(glossary, word, texts)


@lru_cache(maxsize=1_024)
def _stems(text: str) -> frozenset[str]:
    return frozenset(terms(text, "en"))


@lru_cache(maxsize=1)
def _asking_stems() -> tuple[Sequence[str], ...]:
    return tuple(terms(w, "en")[:1] for w in sorted(_ASKING) if w.isascii() and terms(w, "en"))
