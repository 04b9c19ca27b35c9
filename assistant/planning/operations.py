"""What is asked of the last answer rather than of the sources: shorter, in Chinese, the third."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..answer import Answer
from ..retrieval.figures import numbers_in
from ..retrieval.language import question_language, simplified, terms
from ..types import Language, Turn
from .plan import Operation

# Words that ask, or point at the answer, and say nothing of what is wanted of it.
_FILLERS = re.compile(
    r"\b(?:ok|okay|please|pls|plz|thanks|thank you|can|could|would|will|you|i|we|want|need|like|"
    r"me|us|it|that|this|those|these|they|the|same|answer|reply|response|now|just|again|and|so|"
    r"then|sorry|an?|bit|little|lot|much|tell|give|write|put|make|do|how|but|is|are|was|be|what|"
    r"does|did|repeat|translate|switch|change|keep|to|have|get|for|also|your|exactly|precisely|actually|really)(?!\w)|"
    r"'\w+|[^\w;. ]"
)
_FILLERS_ZH = re.compile(
    "麻烦|谢谢|能不能|可不可以|能否|可以|请问?|[你您我能帮给把]|[这那]个?|它|刚才|上面|的|回答|答案|"
    r"一下|一?[点些]|[得地吗呢吧啊呀嘛哦好嗯再说讲是]|(?<!摘)要|一[遍次]|遍|\W"
)
_AGAIN = re.compile(r"\b(?:again|repeat)\b|再.*[遍次]|重复")
_WHAT = re.compile(r"(?:(?:sorry|what|pardon|huh|eh|come again|什么|啥|没听[清懂见]楚?)\W*)+")
_WHICH = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|"
    r"\d+(?:st|nd|rd|th)|(?:number|point|item) \d+)"
)
_WHICH_ZH = r"(?:第[一二三四五六七八九十\d]+|最后一?)[个条项点种类款步]?"
_NUMBER = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|\d+)"
_MORE = (
    r"(?:(?:in )?more details?|more info(?:rmation)?|(?:say )?more|details?|detail|in detail|"
    r"elaborate|expand|explain|go deeper)(?: on| about| of)?"
)
_MORE_ZH = "(?:详细|具体|展开|深入|仔细|多)"
_KIND_ZH = "(?:原文|原话|原版|翻译|译文|直译|摘要|逐字)"
# By operation what may be left of a request without the fillers, in English and in Chinese.
_OPERATIONS: tuple[tuple[Operation, str, str], ...] = (
    (
        "language",
        r"(?:say )?(?:in |into )?(?:simplified )?(?:english|chinese|mandarin)"
        r"(?: version| translation)?",
        "(?:用|换成?|改成?|改用|翻译?成?|译成|切换[到成]?)?(?:简体|繁体)?(?:中文|汉语|英文|英语)"
        "(?:写|版本?|翻译|怎么)?",
    ),
    (
        "shorter",
        r"(?:more )?(?:shorter|shorten|brief(?:er|ly)?|short|concise(?:ly)?|simpler)(?: version)?|"
        r"tl ?;? ?dr|in (?:short|brief)|summary|summari[sz]e|sum up|too long(?: cut down)?|"
        r"cut down|cut it down|"
        rf"(?:in )?(?:{_NUMBER} )?(?:short )?(?:sentences?|bullets?|points?|bullet points?|lines?)",
        "(?:太长了?|更|太|用|[，,])*(?:简[短洁要单]|短|精[简炼]|概括|总结|缩短|长话短|长了?)+"
        "(?:[成到为至]?[一二两三四五六\\d]+[句条])?话?|"
        "用?[一二两三四五六\\d]+[句条](?:话|以内|之内|概括|总结)*",
    ),
    (
        "others",
        r"(?:any |there |all )*(?:others?(?: ones?)?|(?:what |who |any\w+ )?else|rest)|"
        r"(?:any |there )+(?:more)?|all|everything",
        "(?:还|有|没|没有)*(?:其[他它]|别|另外)(?:几[个条项点种])?|就|只有?|没有?了|"
        "还有(?:什么|哪些|谁|没有|别|其[他它])*",
    ),
    (
        "item",
        rf"(?:{_MORE} |about |on )?{_WHICH}(?: (?:one|point|item|thing|part|bullet))?"
        rf"(?: (?:say|mean|about|{_MORE}))*",
        rf"(?:{_MORE_ZH}|关于|解释|介绍)*{_WHICH_ZH}(?:{_MORE_ZH}|什么|内容|意思|怎么|解释|介绍)*",
    ),
    (
        "longer",
        rf"{_MORE}|longer|go on|continue|further|mean",
        f"更?{_MORE_ZH}|更多(?:细节|内容|信息)?|继续|接着|细|往下|长|解释|什么意思",
    ),
    (
        "origin",
        r"(?:original|translat(?:ion|ed)|quot(?:e|ation)|verbatim|exact words?|digest|or|summary|"
        r"text|wording|version| )+",
        f"不?{_KIND_ZH}(?:过|还|{_KIND_ZH})*",
    ),
    (
        "speaker",
        r"who (?:says?|said)|says who",
        "谁(?:这么|这样)?说的",
    ),
    (
        "address",
        r"(?:got |send |share |there |any |find |where )*(?:original |source )?"
        r"(?:links?|urls?|web ?(?:site|page|address))",
        "(?:有|没有|原文|文件|发)*(?:链接|网址|网页)(?:发|有|没有|多少|什么)*",
    ),
    (
        "place",
        r"where (?:from|say|said|written|stated|mentioned|found|come from|comes from)|"
        r"(?:on |in |from )?which (?:page|document|source|file|text|report)"
        r"(?: (?:from|in|on|says?|comes?))*|pages?|(?:source|citation|reference)s?",
        "话?出自哪[里儿]?|话?是?哪一?[个份篇](?:文件|文档|报告|材料|资料)(?:里|中)?(?:说|写|提|讲)(?:到|过)?|(?:出处|来源|依据|原文)(?:在?哪[里儿]?|什么)|出处|来源|在?(?:哪一?|第几)页|"
        "从?在?哪[里儿]?(?:写|提到|看到|找到)|根据什么|"
        "(?:出自|来自|在)?哪一?[个份篇](?:文件|文档|报告|材料)[里中]?(?:提到|写|有)?",
    ),
)
# "More detail on the rent", "详细说说房租", "关于房租能详细一点吗".
_ABOUT = re.compile(
    r"(?:\w+ ){0,3}?(?:more(?: details?| info(?:rmation)?)?|elaborate|expand|details|go deeper) "
    r"(?:about|on|of|into) (?P<topic>.+)"
)
_ABOUT_ZH = re.compile(
    f"(?:{_MORE_ZH}[地的]?(?:一?[点些下])?(?:[说讲谈聊]{{1,2}}|介绍|解释)(?:一?[点些下])?|"
    f"关于(?=.*{_MORE_ZH}))(?P<topic>[^，,]+?)(?:[，,]?(?:能|可以|请|再|[说讲]|得)*{_MORE_ZH}一?[点些下]?)?"
    "[吗吧呢]?"
)
_OTHER = re.compile(r"(?:any |there |which )*other (?P<noun>.+)")
_OTHER_ZH = re.compile("(?:还?有)?(?:什么|哪些|其[他它]|别)+(?P<noun>.{1,8})")
_MARKER = re.compile(r"\s*\[\d{1,4}\]")
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)、])\s*(?P<item>\S.*)")
_ORDINAL = re.compile(rf"\b{_WHICH}\b|{_WHICH_ZH}", re.IGNORECASE)
# "First … Second …", "一是……二是……", "第一，……第二，……".
_ORDINAL_PARTS = re.compile(
    r"(?:^|[,;] (?:and )?)(?:first|second|third|fourth|fifth)(?:ly)?,? |"
    "[一二三四五六七八九]是|第[一二三四五六七八九][，、]",
    re.IGNORECASE,
)
# What stands before the first part of a list, and behind its last.
_BEFORE = re.compile(
    r"\b(?:are|is|was|were|be|includ(?:e|es|ing)|namely|such as|like|of|on|in|with|by|from|"
    r"offers?|has|have)\s+|[，,]|包括|分别是|[是为有即]"
)
_BEHIND = re.compile(r"[，；,;]|等(?=$|[^级待])|[都均]|\s(?:are|is|was|were|has|have|had|will)\b")
_AND = re.compile(r"\s*\b(?:and|or)\s+|[和与及]|以及|\s*& ")
# The longest part that a list within a sentence is taken to have.
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """What is wanted of the last answer.

    language: that of the reply, where one is asked for. count: how many sentences or points are
    wanted, 0 for as many as usual. ordinal: which item of the list that the last answer gave, -1
    for the last one, 0 for none. topic: the item, or what more is asked about; question: the
    stand-alone question to ask instead of the last one, "" where that is asked anew.
    """

    operation: Operation
    language: Language | None = None
    count: int = 0
    ordinal: int = 0
    topic: str = ""
    question: str = ""


def operation_in(asked: str, turns: Sequence[Answer | Turn]) -> OperationRequest | None:
    """What a request wants of the last answer, None for a request with a subject of its own.

    An ordinal that the last answer gives no list for is no operation: "And the second?" after
    "What is the first principle?" is a follow-up.
    """
    if not turns:
        return None
    language = question_language(asked)
    text = simplified(asked).lower().replace("’", "'").strip(" .?!。？！")
    # Each removed word leaves a space in English, nothing in Chinese.
    core = (_FILLERS_ZH.sub("", text) if language == "zh" else _FILLERS.sub(" ", text)).strip()
    core = " ".join(core.split())
    if _WHAT.fullmatch(text) or (core in ("", "say") and _AGAIN.search(text)):
        return OperationRequest("repeat")
    for operation, *patterns in _OPERATIONS:
        pattern = patterns[language == "zh"]
        if core and (re.fullmatch(pattern, core) or re.fullmatch(pattern, text)):
            return _request(operation, core, language, turns[-1])
    about = (_ABOUT_ZH if language == "zh" else _ABOUT).fullmatch(text)
    if about and terms(about["topic"], language):
        return OperationRequest(
            "longer", topic=about["topic"], question=_on(about["topic"], language)
        )
    return _others_named(core, language, turns[-1])


def _request(
    operation: Operation, core: str, language: Language, last: Answer | Turn
) -> OperationRequest | None:
    numbers = [int(number.value) for number in numbers_in(core)]
    if operation == "language":
        is_english = re.search("english|英文|英语", core)
        return OperationRequest(operation, language="en" if is_english else "zh")
    if operation == "shorter" and re.search(r"sentence|point|bullet|line|[句条]", core):
        is_one = re.search(r"sentence$|line$", core)
        return OperationRequest(operation, count=numbers[0] if numbers else int(bool(is_one)))
    if operation == "item":
        topic = _item_named(core, last)
        ordinal = -1 if re.search("last|最后", core) else numbers[0]
        question = _on(topic, language)
        found = OperationRequest(operation, ordinal=ordinal, topic=topic, question=question)
        return found if topic else None
    return OperationRequest(operation)


def _others_named(core: str, language: Language, last: Answer | Turn) -> OperationRequest | None:
    """What is wanted of "any other goals?" after goals were asked about."""
    named = (_OTHER_ZH if language == "zh" else _OTHER).fullmatch(core)
    wanted = set(terms(named["noun"], language)) if named else set()
    if not wanted or wanted - set(terms(last.stand_alone, language)):
        return None
    return OperationRequest("others")


def _item_named(text: str, last: Answer | Turn) -> str:
    """The item that an ordinal names of the list that the last answer gave; "" for none.

    None also where the last question had an ordinal: its exchange is meant.
    """
    found = _ORDINAL.search(text)
    if not found or _ORDINAL.search(simplified(last.stand_alone)):
        return ""
    if isinstance(last, Answer):
        # What a refusal lists are the documents that were searched.
        items = items_of(last.text) if last.status == "answered" else ()
    else:
        items = items_of(last.answer)
    if re.match("last|最后", found.group(), re.IGNORECASE):
        return items[-1] if items else ""
    ordinal = int(numbers_in(found.group())[0].value)
    return items[ordinal - 1] if 0 < ordinal <= len(items) else ""


def _on(topic: str, language: Language) -> str:
    """A question that asks what there is to say of something."""
    return f"关于{topic}，具体说了什么？" if language == "zh" else f"What is said about {topic}?"


def items_of(answer: str) -> tuple[str, ...]:
    """The items of the list that an answer gives, its text being all there is of it; () for none.

    A list stands in lines of its own or in one sentence ("A, B and C", "一是……二是……"). Of
    several the one that the answer counts ("three goals") is meant, or else the longest.
    """
    text = _MARKER.sub("", answer)
    bullets = [bullet for bullet in map(_BULLET.match, text.splitlines()) if bullet]
    lists = [[bullet["item"] for bullet in bullets]]
    for sentence in re.split(r"(?<=[.!?])\s+|[。！？\n]", text):
        numbered = _ORDINAL_PARTS.split(sentence)[1:]
        lists += [numbered] if len(numbered) > 1 else _enumerated(sentence)
    lists = [[item.strip(" ,;:.，；：。、") for item in items if item.strip()] for items in lists]
    counts = {int(number.value) for number in numbers_in(text) if number.kind == "count"}
    best = max(lists, key=lambda items: (len(items) > 1 and len(items) in counts, len(items)))
    return tuple(best) if len(best) > 1 else ()


def _enumerated(sentence: str) -> list[list[str]]:
    """What a sentence lists: "A, B and C", or anything parted behind a colon."""
    listed = re.split(r"[:：]\s*", sentence, maxsplit=1)[1:]
    found = [_parts(mark, text) for text in listed for mark in ("[;；]", "[,，、]")]
    bare = _parts("、|, ", sentence)
    if len(bare) > 2:
        found.append([_BEFORE.split(bare[0])[-1], *bare[1:-1], _BEHIND.split(bare[-1])[0]])
    return [parts for parts in found if all(len(part) <= _LONGEST for part in parts)]


def _parts(mark: str, text: str) -> list[str]:
    *parts, last = re.split(mark, text)
    if re.match(r"\s*(?:and|or)\b|和|以及", last):
        return [*parts, _AND.sub("", last, count=1)]
    return [*parts, *_AND.split(last, maxsplit=1)]
