"""Whether a question leans on the one before it, and by what."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .glossary import Glossary
from .language import HAN, question_language, simplified, tagged, terms
from .questions import names_in

_OTHER_TOPIC = re.compile(
    r"\b(?:another|different|new|change of|changing the|change the) (?:question|topic|subject)\b|"
    "换个?(?:话题|问题)|另一个(?:话题|问题)",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^(?:(?:and|but|so|ok|okay|then|or)\b,?\s*)+", re.IGNORECASE)
_LEAD_ZH = re.compile("^(?:那么|那(?![个些家是种份次年边里])|而且?|然后|还有|又)[，,]?")
# "No, I mean …", "Sorry, …", "Not X, Y", "X, not Y".
_REJECTS = re.compile(
    r"^(?:(?:no|nope|sorry|wait|oops|actually|not that)[,.;:!–—-]+\s*)+", re.IGNORECASE
)
_MEANS = re.compile(
    r"^(?:but )?"
    r"(?:i (?:really )?(?:mean|meant|said|asked about|was asking about)|make that)\b,?\s*",
    re.IGNORECASE,
)
_NOT_THIS = re.compile(
    r"^not (?P<wrong>[^,;–—]+)[,;–—]+\s*(?:but )?(?P<right>.+)|"
    r"^(?P<other>[^,;–—]+)[,;–—]+\s*(?:and )?not (?P<others>.+)$",
    re.IGNORECASE,
)
_REJECTS_ZH = re.compile(
    "^(?:(?:不对|不是的?|不|我?[说搞弄]?错了|抱歉|对不起|等等|等一下)[，,。！!；;、 ]+)+"
)
_MEANS_ZH = re.compile("^我(?:刚才|其实)?(?:[说问指]的是|[是要想][说问指](?:的是)?)|^(?:应该|而)是")
_NOT_THIS_ZH = re.compile(
    "^不是(?P<wrong>[^，,；;]+)[，,；;] *(?P<right>.+)|"
    "^(?P<other>[^，,；;]+)[，,；;]不是(?P<others>.+)$"
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
_BEFORE_VERB_ZH = re.compile("^(?:有没有|没有?|有|都|主要|一共|总共|具体|分别|到底|究竟)+")
_ORDINAL = re.compile(
    r"\bthe (?:first|second|third|fourth|fifth|sixth|seventh|eighth|last|next)\b", re.IGNORECASE
)
_THE = re.compile(r"\bthe (\w+)", re.IGNORECASE)
_DEFINES = re.compile(
    r"^(?:what is|what's|what are|define|who is)\b|什么是|什么叫|是什么|是谁", re.I
)
# What is asked for with its noun, as in 哪个部门: not what is spoken of.
_ASKED_FOR_ZH = re.compile(f"(?:什么|哪|几|多少)[一些个家条位份种项年]*([{HAN}]{{0,2}})")
_GENERAL = frozenset(
    "one altogeth say mean work happen come go get give take make name number total exact "
    "many much people thing part time year date place reason".split()
)
_GENERAL_ZH = frozenset("时候 时间 事 人 钱 地方 年 原因 结果 意思 名字 数字 情况".split())


@dataclass(frozen=True, slots=True)
class Exchange:
    """Something that is to take the place of what was asked about before.

    corrects: whether the question before was understood or asked wrongly; wrong: what of it
    ("" where that is left open).
    """

    phrase: str
    corrects: bool = False
    wrong: str = ""

    def denies(self, name: str) -> bool:
        """Whether the name is what was said to be wrong."""
        last = self.wrong.split(" ")[-1].lower()
        return bool(last) and (last in name.lower() or name.lower() in self.wrong.lower())


def is_follow_up(asked: str, before: str, glossary: Glossary) -> bool:
    """Whether a question leans on `before`, the one that was asked before it."""
    text = simplified(asked)
    if _OTHER_TOPIC.search(text):
        return False
    rest = without_lead(text)
    if exchange_in(text) or points_back(rest, glossary):
        return True
    if _names(rest, glossary):
        # "And how many in Shanghai?" says nothing of what there is in Shanghai.
        return rest != text and not content(rest, glossary)
    return rest != text or _is_cut_short(rest, before, glossary)


def without_lead(text: str) -> str:
    """The question without the "And" or "那" at its head."""
    return (_LEAD_ZH if question_language(text) == "zh" else _LEAD).sub("", text)


def exchange_in(text: str) -> Exchange | None:
    """What a correction or a "what about" puts in the place of something said before."""
    chinese = question_language(text) == "zh"
    bare = text.rstrip(" .?!。？！")
    rejects, means = (_REJECTS_ZH, _MEANS_ZH) if chinese else (_REJECTS, _MEANS)
    rest = means.sub("", rejects.sub("", bare))
    pair = (_NOT_THIS_ZH if chinese else _NOT_THIS).match(rest)
    if rest != bare or (pair and (pair["wrong"] or not asks(bare))):
        if pair is None:
            return Exchange(rest, True)
        right, wrong = pair["right"] or pair["other"], pair["wrong"] or pair["others"]
        return Exchange(means.sub("", right), True, wrong)
    rest = without_lead(bare)
    about = (_ABOUT_ZH if chinese else _ABOUT).match(rest)
    phrase = about["x"] if about else rest if rest != bare else ""
    return Exchange(phrase) if phrase and not asks(phrase) else None


def asks(text: str) -> bool:
    """Whether a text holds a word of asking, as a question of its own does."""
    return bool(_ASKS.search(text))


def points_back(text: str, glossary: Glossary) -> bool:
    """Whether a pronoun or the like stands for something that the text does not name."""
    if _POINTS.search(text):
        return True
    named = [*_names(text, glossary), *(name for name, _ in glossary.found_in(text))]
    for name in named:
        text = text.replace(name, "\0")
    found = _POINTS_FIRST.search(text)
    return found is not None and "\0" not in text[: found.start()]


def content(text: str, glossary: Glossary) -> list[str]:
    """What a question speaks of beside the names in it: glossary terms and nouns, or stems."""
    for name in names_in(text, glossary):
        text = text.replace(name, " ")
    if question_language(text) == "en" and not re.search(f"[{HAN}]", text):
        return [stem for stem in terms(text, "en") if stem not in _GENERAL and len(stem) > 1]
    found = [name for name, _ in glossary.found_in(text)]
    text = _ASKED_FOR_ZH.sub(" ", text)
    return found + [w for w, tag in tagged(text) if tag == "n" and w not in _GENERAL_ZH]


def _names(text: str, glossary: Glossary) -> list[str]:
    found = names_in(text, glossary)
    return [n for n in found if not re.fullmatch(r"\d[\d.,]*|第.|[a-z]+", n)]


def _is_cut_short(text: str, before: str, glossary: Glossary) -> bool:
    """Whether a question that names nothing leaves out what it is about."""
    spoken_of = content(text, glossary)
    if _DEFINES.search(text) and spoken_of and not _ORDINAL.search(text):
        return False
    if question_language(text) == "zh":
        han = len(re.findall(f"[{HAN}]", text))
        verb = tagged(_BEFORE_VERB_ZH.sub("", text))[:1]
        return bool(
            han <= 5
            or _GOES_ON_ZH.search(text)
            or (verb and verb[0][1] == "v")
            or (han <= 12 and not spoken_of and not re.search(r"\d", text))
        )
    words = text.split()
    if len(words) <= 3 or not spoken_of or _ORDINAL.search(text):
        return True
    if text.endswith("?") and len(words) <= 8 and not _ASKS.search(text):
        return True
    said = set(terms(before, "en"))
    return any(set(terms(noun, "en")) & said for noun in _THE.findall(text))
