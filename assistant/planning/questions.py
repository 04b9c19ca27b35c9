"""What is asked: a checked question, its language, its kind, and the names it turns on."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import QuestionError
from ..retrieval.glossary import Glossary
from ..retrieval.language import HAN, is_foreign, question_language, simplified, tagged
from ..types import Language
from .spelling import ordinary_words

Kind = Literal["who", "when", "where", "number", "list", "why", "how", "what", "yes-no"]

_WHICH_THING = r"(?:what|which)(?: \w+)?? "
_KINDS_EN: tuple[tuple[Kind, str], ...] = (
    ("list", r"^(?:can|could|would) you (?:please )?(?:list|name)\b|^(?:list|name)\b"),
    ("yes-no", r"^(?:is|are|was|were|do|does|did|has|have|had|will|would|should)\b"),
    ("why", r"\bwhy\b|\bhow come\b|\b(?:reasons?|purpose|aims?) (?:of|for|behind)\b|\bwhat for\b"),
    ("number", r"\bhow (?:many|much|big|large|high|low|long|far|fast|old|often)\b"),
    ("number", _WHICH_THING + r"(?:number|share|percentage|proportion|score|rate|amount|sum)\b"),
    ("when", r"\bwhen\b|" + _WHICH_THING + r"(?:year|month|date|day|time)\b|\b(?:date|year)\W*$"),
    ("list", r"\b(?:which|what) (?:\w+ ){0,3}?(?!(?:is|was|has|does)\b)\w{3,}s\b(?<!ss)"),
    ("list", r"\b(?:list|name) (?:all|the|some|every)\b|\bwhat are\b|\bwho are\b|\bwho all\b"),
    ("where", r"\bwhere\b|" + _WHICH_THING + r"(?:city|country|place|region|district|state)\b"),
    ("who", r"\bwho(?:m|se)?\b|" + _WHICH_THING + r"(?:company|firm|person|body|university)\b"),
    ("how", r"\bhow\b"),
)
_KINDS_ZH: tuple[tuple[Kind, str], ...] = (
    ("list", r"哪些|有哪几|分别是|包括什么|都有(?:谁|什么)|列出"),
    ("why", r"为什么|为何|为啥|原因|目的|何以|图的是什么|怎么会"),
    ("when", r"何时|什么时候|啥时候|哪一?年|哪个?月|哪一?天|几月|几号|什么时间|年份|日期"),
    ("number", r"多少|几(?![乎十百千万])[\u4e00-\u9fff]|多[大高长远快]|百分之几|占比|是几"),
    ("where", r"哪里|哪儿|何处|何地|什么地方|在哪|哪个?(?:城市|国家|省|地区|区)"),
    ("who", r"谁|哪位|何人|哪一?家|(?:什么|哪个)(?:人|机构|公司|单位|部门|企业|大学)"),
    ("yes-no", r"吗[？?]?$|是否|有没有|是不是"),
    ("how", r"怎么|如何|怎样"),
)
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_WORD = r"[A-Za-z](?:[\w.&-]|['’](?!s\b))*\w"
_CAPITALISED = re.compile(
    rf"\b(?=[A-Z]){_WORD}(?:(?: of | of the | and | for |[ -])(?=[A-Z]){_WORD})*", re.ASCII
)
_LATIN_NAME = re.compile(rf"{_WORD}(?: {_WORD})*", re.ASCII)
_MONTH = re.compile(
    r"^(?:january|february|march|april|may|june|july|august|september|october|november|december)$",
    re.IGNORECASE,
)
# Words that open a question with a capital and are no names.
_OPENERS = re.compile(
    r"^(?:(?:who|whom|whose|what|which|when|where|whereabouts|why|how|is|are|was|were|do|does|did|"
    r"has|have|had|can|could|will|would|should|in|on|at|of|for|by|to|from|the|a|an|and|but|so|"
    r"if|according|please|pls|tell|name|list|give|i|i'm|roughly|about|thanks|thank you|thx|hi|"
    r"hello|hey|dear|sorry|ok|okay|yes|no|well|also|quick|let|summari[sz]e|explain|describe|compare|show|"
    r"find|answer|cheers|bye)\b\s*)+",
    re.IGNORECASE,
)
# Words that rjieba takes for proper nouns and that name nothing: all such among those that it
# found at least eight times in the 14,974 questions of CMRC 2018 and DRCD's development set.
_COMMON = frozenset(
    "城市 加盟 大街 王国 东西 王朝 共和国 家族 中文 上市 海马 长度 太阳 英文名 天文 小姐 国家队 "
    "长尾 海战 十字 大洋 英文 全运会 大战 城镇 二世 恒星 籍贯 卫星 荣誉 大奖 公开赛 恐龙 梅花 "
    "都城 论文 氯化 北站 陆军 普通 换乘 文明 江湖 理工学院 中世纪 湖泊 交易所 磷酸".split()
)
# What people say to each other, which it takes for names of people too.
_COURTESIES = frozenset(
    "谢谢 多谢 感谢 谢啦 您好 你好 大家好 请问 劳驾 拜托 抱歉 拜拜 再见 老师 先生 女士 "
    "同学 朋友".split()
)
# "美国公司" is any company of that country: only the country is a name.
_KIND_OF_BODY = re.compile("(?<=[\u4e00-\u9fff]{2})(?:公司|企业|机构|学校|部门|媒体|专家|学者)$")
# 国际化 and the like say what something becomes; 石化 and 文化 may end the name of a body.
_PROCESS = re.compile(".{2}(?<![石文])化$")
# rjieba's tags of people, places, bodies and other proper nouns.
_NAME_TAGS = ("nr", "ns", "nt", "nz")
# "The third principle" is a claim that there is one: what holds no "third" does not answer.
_ORDINAL = re.compile(
    r"\b(?:second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\b|第[一二三四五六七八九十](?![年天月周])",
    re.IGNORECASE,
)
# Asked of a document itself rather than of what it says.
_PUBLICATION = re.compile(
    r"\b(?:publish|publication|released?|issued?|dated?|authors?|written|wrote|came? out|titled?)",
    re.IGNORECASE,
)
_PUBLICATION_ZH = re.compile("发布|发表|出版|刊登|刊发|印发|公布|日期|作者|谁写|撰写|标题|问世")
# What a word or a name stands for, asked by itself.
_MEANING = re.compile(
    r"^(?:what(?:'s|’s| is| are| was| were)|define|explain) (?:meant by )?(?:an? |the )?"
    r"(?:[\"“‘'].+[\"”’']|[\w-]+(?: [\w-]+)?)\W*$|\bwhat (?:does|do) .+ (?:mean|stand for)\b|"
    r"\bmeaning of\b",
    re.IGNORECASE,
)
_MEANING_ZH = re.compile(
    "^(?:什么是|何谓|啥是|什么叫|解释)|(?:是什么|是啥|指什么|何意|什么意思)\\W*$"
)
# "X is a …", "把X看作…": what says what something is rather than only naming it.
_EXPLAINS = {
    "en": r".{0,30}\b(?:is an?|are|means?|refers? to|as an?|stands? for|(?:one|a) kind of)\b",
    "zh": ".{0,14}?(?:是一|是指|指的是|看作|视为|即|意思|称为|字面|，也就是)",
}
_ASKED_BY = {
    "en": re.compile(
        r"^(?:what(?:'s|’s| is| are| was| were| does| do)|define|explain)\b|"
        r"\b(?:meant by|meaning of|mean|stand for|an?|the)\b|[^\w' -]",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        "什么是|何谓|啥是|什么叫|解释|是什么意思|是什么|是啥|指什么|何意|什么意思|[^\\w]"
    ),
}
_ASKS_WHAT = re.compile(r"\b(?:what|which)\b|什么|啥|哪", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """A question that can be searched for.

    asked: as typed; text: standing alone, Traditional characters simplified for analysis only;
    focus: the text without what only says in which document to look. names: what must stand in
    any evidence: names, numbers, bodies, as they are written.
    """

    asked: str
    text: str
    focus: str
    language: Language
    kind: Kind
    names: tuple[str, ...]

    @property
    def asks_about_document(self) -> bool:
        """Whether the date or author of a document is asked for, not something it says."""
        return self.kind in ("when", "who") and speaks_of_publication(self.text, self.language)

    @property
    def asks_meaning(self) -> bool:
        """Whether it asks what something is, so that naming it does not answer."""
        pattern = _MEANING_ZH if self.language == "zh" else _MEANING
        return bool(pattern.search(simplified(self.text)))

    def is_explained_by(self, text: str, language: Language) -> bool:
        """Whether a text says what the thing is that is asked about."""
        if not self.asks_meaning or language != self.language:
            return False
        term = " ".join(_ASKED_BY[language].sub(" ", simplified(self.text)).split()).lower()
        pattern = rf"{re.escape(term)}\w*{_EXPLAINS[language]}"
        if language == "zh":
            pattern = f"{re.escape(term)}{_EXPLAINS[language]}"
        return bool(term) and re.search(pattern, simplified(text).lower()) is not None


def speaks_of_publication(text: str, language: Language) -> bool:
    """Whether a text has a word of publishing or writing."""
    pattern = _PUBLICATION_ZH if language == "zh" else _PUBLICATION
    return bool(pattern.search(simplified(text)))


def check_question(text: str, *, limit: int) -> str:
    """The question without surrounding white space.

    Raises QuestionError with a sentence in the user's terms when there is nothing to search for.
    """
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise QuestionError(
            "The question is empty. Type a question in English or Chinese. "
            "问题为空，请用中文或英文输入。"
        )
    if len(text) > limit:
        raise QuestionError(
            f"The question has {len(text):,} characters, the most is {limit:,}. "
            f"Ask for one thing at a time. 问题过长（{len(text)}字），最多{limit}字，请分开提问。"
        )
    odd = sum(
        unicodedata.category(c) in ("Cc", "Co", "Cn", "Cs") and c not in "\n\t\r" for c in text
    )
    if odd or "\ufffd" in text:
        raise QuestionError(
            "The question holds binary data rather than text. Type it again as plain text. "
            "问题中含有非文本数据，请重新输入文字。"
        )
    if not any(c.isalpha() for c in text):
        raise QuestionError(
            "The question holds no words. Ask in English or Chinese. "
            "问题中没有文字，请用中文或英文提问。"
        )
    if is_foreign(text):
        raise QuestionError(
            "The question seems to be in a language other than English and Chinese, the two that "
            "this assistant answers in. Ask in one of them. 本助手只回答中文和英文的问题。"
        )
    return " ".join(text.split())


def understand(
    asked: str, text: str, glossary: Glossary, *, documents: Sequence[str] = ()
) -> Question:
    """Language, kind and names of a checked question; `text` is its stand-alone form.

    `documents` are the stretches of it that only say in which document to look.
    """
    language = question_language(asked)
    kind = _kind(simplified(asked), language)
    # "And Acme?" asks what the question asks that it follows.
    if kind == "what" and text != asked and not _ASKS_WHAT.search(asked):
        kind = _kind(simplified(text), language)
    focus = without_names(text, documents) or text
    return Question(asked, text, focus, language, kind, names_in(simplified(focus), glossary))


def without_names(text: str, names: Iterable[str]) -> str:
    """The text without the stretches that say which document is meant."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(
            r"(?:\b(?:according to|in|of|by|from|per|on) |按照?|根据|在)?"
            + re.escape(name)
            + "(?:['’]s?(?![a-z])|里面?|中(?![\u4e00-\u9fff]间))?",
            " ",
            text,
            count=1,
            flags=re.IGNORECASE,
        )
    return " ".join(text.split())


def _kind(text: str, language: Language) -> Kind:
    table = _KINDS_ZH if language == "zh" else _KINDS_EN
    for kind, pattern in table:
        if re.search(pattern, text.lower() if language == "en" else text):
            return kind
    return "what"


def names_in(text: str, glossary: Glossary) -> tuple[str, ...]:
    """The names, numbers and ordinals in a text, none inside another, as they are written."""
    names = [name for name, entries in glossary.found_in(text) if entries[0].kind != "term"]
    names += _NUMBER.findall(text) + _ORDINAL.findall(text)
    if re.search(f"[{HAN}]", text):
        names += [
            word
            for word, tag in tagged(text)
            if tag[:2] in _NAME_TAGS
            and len(word) > 1
            and word not in _COMMON | _COURTESIES
            and not _PROCESS.search(word)
        ]
        names = [_KIND_OF_BODY.sub("", name) or name for name in names]
    if question_language(text) == "zh":
        names += [name for name in _LATIN_NAME.findall(text) if not _is_common(name)]
    else:
        names += _capitalised(text)
    names = [name for name in names if not _is_term(name, glossary)]
    names = [name for name in names if not _MONTH.match(name)]
    distinct: list[str] = []
    for name in names:
        if not any(name.lower() in other.lower() for other in distinct):
            distinct = [d for d in distinct if d.lower() not in name.lower()] + [name]
    return tuple(distinct)


def _capitalised(text: str) -> list[str]:
    names = []
    for match in _CAPITALISED.finditer(text):
        name = _OPENERS.sub("", match.group())
        # A lone capital at the start says nothing about the word.
        opens = not match.start() or text[: match.start()].rstrip()[-1:] in ("?", "？")
        if name[:1].isalpha() and not (opens and " " not in name and name.istitle()):
            names.append(name)
    return names


def _is_common(latin: str) -> bool:
    """Whether words in a Chinese text are English words rather than a name: 这个report."""
    return latin.islower() and all(word in ordinary_words() for word in latin.split())


def _is_term(name: str, glossary: Glossary) -> bool:
    found = glossary.found_in(name)
    return bool(found) and found[0][0].lower() == name.lower() and found[0][1][0].kind == "term"
