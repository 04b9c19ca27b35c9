"""Near misses made from answerable questions: one name, figure or word becomes another.

After Rajpurkar, Jia & Liang (2018), "Know what you don't know": most unanswerable questions that
people write swap an entity, a number or an antonym of an answerable one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache

from assistant.planning.questions import names_in
from assistant.retrieval.glossary import Glossary
from assistant.retrieval.language import HAN

_YEAR = re.compile(r"(?<!\d)(?:1\d{3}|20\d\d)(?!\d)")
_FIGURE = re.compile(r"\d[\d,.]*\d|\d")
_EMPTY = Glossary()

# Each side becomes the other; whole words in English.
_OPPOSITES = tuple(
    pair.split("|")
    for pair in (
        "first|last;before|after;most|least;more|less;more|fewer;largest|smallest;highest|lowest;"
        "north|south;east|west;northern|southern;eastern|western;won|lost;increase|decrease;"
        "increased|decreased;rise|fall;rose|fell;above|below;start|end;started|ended;began|ended;"
        "early|late;earliest|latest;oldest|youngest;old|new;male|female;men|women;support|oppose;"
        "supported|opposed;accept|reject;accepted|rejected;allowed|forbidden;buy|sell;major|minor;"
        "maximum|minimum;longest|shortest;best|worst;inside|outside;public|private;domestic|foreign;"
        "import|export;positive|negative;join|leave;joined|left;internal|external;rich|poor;"
        "father|mother;son|daughter;brother|sister;king|queen;winter|summer;spring|autumn;"
        "最大|最小;最多|最少;最高|最低;最早|最晚;最长|最短;第一|第二;第一|最后;首|末;之前|之后;"
        "以前|以后;增加|减少;上升|下降;提高|降低;开始|结束;成立|解散;加入|退出;支持|反对;胜|败;赢|输;"
        "北部|南部;东部|西部;东|西;南|北;男|女;父亲|母亲;哥哥|弟弟;姐姐|妹妹;儿子|女儿;优点|缺点;"
        "国内|国外;进口|出口;生产|销售;出生|去世;上任|卸任;新|旧;大于|小于;超过|低于;公开|秘密;"
        "可以|不可以;属于|不属于;是由|不是由;包括|不包括;被|未被;内|外;上游|下游;起点|终点"
    ).split(";")
)


def swap(
    question: str, passage: str, others: Sequence[str], answer: str, rng: random.Random
) -> str | None:
    """The question with one of its names, figures or words exchanged; None if none can be.

    A stranger comes from the passage itself where it holds one (so that it reads as if the
    passage spoke of it), otherwise from `others`, texts on the same subject. What the question
    or its answer already says is no stranger.
    """
    ways = [_swap_name, _swap_figure, _swap_opposite]
    rng.shuffle(ways)
    for way in ways:
        changed = way(question, passage, others, answer, rng)
        if changed is not None and changed != question:
            return changed
    return None


def _swap_name(
    question: str, passage: str, others: Sequence[str], answer: str, rng: random.Random
) -> str | None:
    mine = [n for n in _names(question) if n in question and not any(c.isdigit() for c in n)]
    if not mine:
        return None
    name = rng.choice(mine)
    texts = [passage, *others] if rng.random() < 0.6 else [*others, passage]
    for text in texts:
        strangers = [
            s
            for s in _names(text)
            if not any(c.isdigit() for c in s)
            and s.lower() not in question.lower()
            and s.lower() not in answer.lower()
            and answer.lower() not in s.lower()
            and bool(re.search(f"[{HAN}]", s)) == bool(re.search(f"[{HAN}]", name))
            and abs(len(s) - len(name)) <= max(4, len(name))
        ]
        if strangers:
            return question.replace(name, rng.choice(strangers), 1)
    return None


def _swap_figure(
    question: str, passage: str, others: Sequence[str], answer: str, rng: random.Random
) -> str | None:
    del others
    found = _FIGURE.findall(question)
    if not found:
        return None
    figure = rng.choice(found)
    year = bool(_YEAR.fullmatch(figure))
    pool = [
        f
        for f in _FIGURE.findall(passage)
        if bool(_YEAR.fullmatch(f)) == year and f not in question and f not in answer
    ]
    if pool and rng.random() < 0.6:
        return question.replace(figure, rng.choice(pool), 1)
    digits = re.sub(r"\D", "", figure)[:9]
    value = int(digits)
    moved = value + rng.choice([-1, 1]) * rng.randint(1, 30 if year else max(2, value))
    return question.replace(figure, str(abs(moved) or value + 1), 1)


def _swap_opposite(
    question: str, passage: str, others: Sequence[str], answer: str, rng: random.Random
) -> str | None:
    del passage, others, answer
    fitting = [
        (a, b)
        for pair in _OPPOSITES
        for a, b in (pair, reversed(pair))
        if re.search(_whole(a), question)
    ]
    if not fitting:
        return None
    a, b = rng.choice(fitting)
    return re.sub(_whole(a), b, question, count=1)


def _whole(word: str) -> str:
    return rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word)


@lru_cache(maxsize=50_000)
def _names(text: str) -> tuple[str, ...]:
    return names_in(text, _EMPTY)
