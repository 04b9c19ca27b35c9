"""A question that leans on the one before it: told by its words, and made to stand alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..retrieval.glossary import Glossary
from ..retrieval.language import HAN, question_language, simplified, tagged, terms
from .questions import names_in

_QUESTION = re.compile(r"[^?？]+[?？]?")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ORDINAL = re.compile(
    r"\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)\b|"
    "第[一二三四五六七八九十]|最后一",
    re.IGNORECASE,
)
# "And …", "No, …", "Sorry, …": what opens a question that goes on from another, or corrects it.
_LEAD = re.compile(
    r"^(?:(?:and|but|so|ok|okay|then|or)\b,?\s*|"
    r"(?:no|nope|sorry|wait|oops|actually|not that)[,.;:!–—-]+\s*)+",
    re.IGNORECASE,
)
_LEAD_ZH = re.compile(
    "^(?:(?:那么|那(?![个些家是种份次年边里])|而且?|然后|还有|又)[，,]?|"
    "(?:不对|不是的?|不|我?[说搞弄]?错了|抱歉|对不起|等等|等一下)[，,。！!；;、 ]+)+"
)
# "What about X?", "And X?", "X呢？": X takes the place of what was asked about before.
_ABOUT = re.compile(r"^(?:what|how) about (?P<x>.+)$", re.IGNORECASE)
_ABOUT_ZH = re.compile("^(?P<x>[^，,]{1,20}?)的?呢$")
_ASKS = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|has|have|had|"
    r"can|could|will|would|should|may|must)\b|"
    "什么|啥|谁|哪|几|多少|多[大高长远快久]|怎|为何|如何|是否|有没有|是不是|吗",
    re.IGNORECASE,
)
# What points back wherever it stands, and what does so unless the question names something first.
_POINTS = re.compile(
    r"\b(?:it|them|this|that|these|those|there|else)(?=\W*$)|\b(?:else|the same)\b|"
    r"\b(?:this|these|those)\b(?! (?:year|month|week|weekend)s?\b)|"
    r"(?:^|\b(?:is|was|did|does|do|in|on|of|by|for|to|from|at|with|about|after|before|and) )that\b|"
    "在(?:里面|其中|内)|也.*吗",
    re.IGNORECASE,
)
_POINTS_FIRST = re.compile(
    r"\bit\b(?! (?:true|possible|hard|easy|easier|harder|difficult|necessary|takes?|costs?)\b)|"
    r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere\b(?! (?:is|are|was|were|an?)\b)|"
    r"\b(?:they|them|he|him|she|her|his|its|their|both|others?|each of|another one|the rest|"
    r"the (?:former|latter)|(?:the|that|this|which|any) (?:\w+ )?ones?)\b|"
    "[它他她]们?|这(?!么)|那(?!么)|(?<!应)该(?!怎|如何|不该)|(?<![尤极与])其(?![实他])|上述|[前后]者|"
    "[两双]方|两[者家个]",
    re.IGNORECASE,
)
# What leans where nothing is named: a word of going on, an ordinal, a verb without a subject.
_GOES_ON_ZH = re.compile(
    "还(?!是)|也|别的|其他|另外|后来|随后|除了|此[外后]|第[一二三四五六七八九十]|最后一|"
    "^是?(?:什么时候|何时|哪一?[年天月]|在?哪[里儿]?|[由跟和]?谁|怎么)[\u4e00-\u9fff]{1,3}的"
)
# What is asked for with its noun, as in 哪个部门: not what is spoken of.
_ASKED_FOR_ZH = re.compile(f"(?:什么|哪|几|多少)[一些个家条位份种项年]*([{HAN}]{{0,2}})")
_GENERAL = frozenset(
    "one altogeth say mean work happen come go get give take make name number total exact "
    "many much people thing part time year date place reason".split()
)
_GENERAL_ZH = frozenset("时候 时间 事 人 钱 地方 年 原因 结果 意思 名字 数字 情况".split())


def stand_alone(asked: str, earlier: Sequence[str], glossary: Glossary) -> str:
    """The question with what it leaves to the conversation put into it, or before it.

    `earlier` holds the conversation's stand-alone questions, oldest first. "What about Acme?"
    takes the place of the one name of its kind that was asked about; any other question that leans
    on what was said ("And when?") is put behind the one that it follows. A question that does not
    lean comes back unchanged.
    """
    if not earlier or not is_follow_up(asked, glossary):
        return asked
    phrase = _put_instead(simplified(asked))
    before = _kept(earlier[-1], glossary, parallel=bool(phrase))
    return _exchanged(phrase, before, glossary) or f"{before} {asked}"


def _kept(earlier: str, glossary: Glossary, *, parallel: bool) -> str:
    """Of a chain of questions its head, and the last one behind it that says what it is about.

    A chain must not grow; of two that ask the same of two things the first is left out.
    """
    head, *rest = (found.group().strip() for found in _QUESTION.finditer(earlier))
    last = next((part for part in reversed(rest) if _speaks(part, glossary)), "")
    if not last or (parallel and _put_instead(last)):
        return head
    return f"{head} {last}"


def _speaks(text: str, glossary: Glossary) -> bool:
    return bool(_names(text, glossary) or glossary.found_in(text))


def _exchanged(phrase: str, before: str, glossary: Glossary) -> str:
    """The question before with one name for another of its kind; "" where that is not clear."""
    for pattern in (_YEAR, _ORDINAL):
        old, new = (set(pattern.findall(text)) for text in (before, phrase))
        if len(old) == len(new) == 1:
            return before.replace(old.pop(), new.pop(), 1)
    said = _kinds(before, glossary)
    for name, kind in _kinds(phrase, glossary).items():
        same = [other for other, its in said.items() if its == kind]
        if len(same) == 1 and not _content(phrase.replace(name, " "), glossary):
            return before.replace(same[0], name, 1)
    return ""


def _kinds(text: str, glossary: Glossary) -> dict[str, str]:
    """The names in a text, and what kind of thing each of them is."""
    kinds = {}
    for name in _names(text, glossary):
        entries = glossary.found_in(name)
        kind = entries[0][1][0].kind if entries else "name"
        kinds[name] = "name" if kind == "body" else kind
    return kinds


def is_follow_up(asked: str, glossary: Glossary) -> bool:
    """Whether a question leans on the one that was asked before it."""
    text = simplified(asked)
    rest = _without_lead(text)
    if _put_instead(text) or _points_back(rest, glossary):
        return True
    if _names(rest, glossary):
        # "And how many in Shanghai?" says nothing of what there is in Shanghai.
        return rest != text and not _content(rest, glossary)
    return rest != text or _is_cut_short(rest, glossary)


def _without_lead(text: str) -> str:
    """The question without the "And", "No," or "那" at its head."""
    return (_LEAD_ZH if question_language(text) == "zh" else _LEAD).sub("", text)


def _put_instead(text: str) -> str:
    """What is put in the place of something said before ("What about X?", "No, X"); "" if nothing.

    A question of its own is put in no place.
    """
    bare = text.rstrip(" .?!。？！")
    rest = _without_lead(bare)
    about = (_ABOUT_ZH if question_language(text) == "zh" else _ABOUT).match(rest)
    phrase = about["x"] if about else rest if rest != bare else ""
    return "" if _ASKS.search(phrase) else phrase


def _points_back(text: str, glossary: Glossary) -> bool:
    """Whether a pronoun or the like stands for something that the text does not name."""
    if _POINTS.search(text):
        return True
    named = [*_names(text, glossary), *(name for name, _ in glossary.found_in(text))]
    for name in named:
        text = text.replace(name, "\0")
    found = _POINTS_FIRST.search(text)
    return found is not None and "\0" not in text[: found.start()]


def _content(text: str, glossary: Glossary) -> list[str]:
    """What a question speaks of beside the names in it: glossary terms and nouns, or stems."""
    for name in names_in(text, glossary):
        text = text.replace(name, " ")
    if question_language(text) == "en" and not re.search(f"[{HAN}]", text):
        return [stem for stem in terms(text, "en") if stem not in _GENERAL and len(stem) > 1]
    found = [name for name, _ in glossary.found_in(text)]
    text = _ASKED_FOR_ZH.sub(" ", text)
    return found + [w for w, tag in tagged(text) if tag == "n" and w not in _GENERAL_ZH]


def _names(text: str, glossary: Glossary) -> list[str]:
    """The names in a text, numbers and ordinals left out."""
    return [n for n in names_in(text, glossary) if not re.fullmatch(r"\d[\d.,]*|第.|[a-z]+", n)]


def _is_cut_short(text: str, glossary: Glossary) -> bool:
    """Whether a question that names nothing leaves out what it is about."""
    spoken_of = _content(text, glossary)
    if question_language(text) == "zh":
        han = len(re.findall(f"[{HAN}]", text))
        verb = tagged(text)[:1]
        return bool(
            han <= 5
            or _GOES_ON_ZH.search(text)
            or (verb and verb[0][1] == "v")
            or (han <= 12 and not spoken_of and not re.search(r"\d", text))
        )
    words = len(text.split())
    # Nothing asks in "High office costs?".
    return words <= 3 or not spoken_of or (words <= 8 and not _ASKS.search(text))
