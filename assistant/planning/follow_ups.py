"""A question that leans on the one before it: told by its words, and made to stand alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..answer import Answer
from ..retrieval.glossary import Glossary
from ..retrieval.language import HAN, question_language, simplified, tagged, terms
from ..types import Language, RequestKind, Turn
from .questions import names_in

YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
ORDINAL = re.compile(
    r"\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)\b|"
    "第[一二三四五六七八九十]|最后一",
    re.IGNORECASE,
)
# "And …", "No, …", "Sorry, …": what opens a question that goes on from another, or corrects it.
_LEAD = re.compile(
    r"^(?:(?:and|but|so|ok|okay|then|or)\b,?\s*|"
    r"(?:no|nope|sorry(?: typo)?|my mistake|typo|wait|oops|actually|not that)[,.;:!–—-]+\s*)+",
    re.IGNORECASE,
)
_LEAD_ZH = re.compile(
    "^(?:(?:那么|那(?![个些家是种份次年边里])|而且?|然后|还有|又)[，,]?|"
    "(?:不对|不是的?|不|我?[说搞弄]?错了|抱歉|对不起|等等|等一下)[，,。！!；;、 ]+)+"
)
# "What about X?", "And X?", "X呢？": X takes the place of what was asked about before.
_ABOUT = re.compile(r"^(?:what|how) about (?P<x>.+)$", re.IGNORECASE)
_ABOUT_ZH = re.compile("^(?P<x>[^，,]{1,20}?)的?呢$")
# "X呢，多少": the question is about X and goes on.
_OPENS_ZH = re.compile("[^，,？?]{1,20}呢[，,？?]")
_ASKS = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how|(?:what|who)'?s|is|are|was|were|do|does|did|has|have|had|"
    r"can|could|will|would|should|may|must)\b|"
    "什么|啥|谁|哪|几|多少|多[大高长远快久]|怎|为何|如何|是否|有没有|是不是|吗",
    re.IGNORECASE,
)
# What points back wherever it stands, and what does so unless the question names something first.
_POINTS = re.compile(
    r"\b(?:it|them|this|that|these|those|there|else)(?=\W*$)|\b(?:else|the same(?! as))\b|"
    r"\b(?:this|these|those)\b(?! (?:year|month|week|weekend)s?\b)|"
    r"^\W*(?:(?!\b(?:and|when|if|that)\b)[^,;])*\b(?:is|are|was|were|do|does|did|has|have|can) "
    r"(?:it|they|he|she)\b(?! (?:true|possible|hard|easy|easier|harder|difficult|necessary|takes?|"
    r"costs?)\b)|"
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
# "This report", "these documents": what answers come from, not what was spoken of. So is what
# is named behind a "that".
_SOURCES = re.compile(
    r"\b(?:this|your|the) report\b|"
    r"\b(?:these|those|your|the) (?:documents|files|texts|sources|papers)\b|"
    "这[份篇个]?报告|这(?:些|几[份个篇])(?:文件|文档|资料|材料|报告|摘要|文章)|"
    r"\b(?:this|that|these|those) (?:\w+ )?\0|[这那][个份家项些]?\0",
    re.IGNORECASE,
)
# What leans where nothing is named: a word of going on, an ordinal, a verb without a subject.
_GOES_ON_ZH = re.compile(
    "还(?!是)|也|别的|其他|另外|后来|随后|除了|此[外后]|第[一二三四五六七八九十]|最后一|"
    "^是?(?:什么时候|何时|哪一?[年天月]|在?哪[里儿]?|[由跟和]?谁|怎么)[\u4e00-\u9fff]{1,3}的"
)
# What is asked for with its noun, as in 哪个部门: not what is spoken of.
_ASKED_FOR_ZH = re.compile(f"(?:什么|哪|几|多少)[一些个家条位份种项年]*([{HAN}]{{0,2}})")
_AUX = r"is|are|was|were|'s|do|does|did|has|have|had|can|could|will|would|should|may|must"
_BE = re.compile("is|are|was|were|'s")
# The question word of an English question, the noun that it asks for, and what is asked of it.
WH = re.compile(
    r"(?P<wh>(?:(?:in|on|for|by|from|to|with|of|at) )?(?:(?P<who>who)m?|whose|what|which|when|"
    r"where|why|how(?: (?:many|much|long|far|big|old|high|heavy|often))?))\b"
    rf"(?: (?P<noun>(?:(?!(?:{_AUX})\b)[\w'-]+ ?){{1,4}}?)(?= (?:{_AUX})\b))?"
    rf"(?: ?(?P<aux>{_AUX})\b)?"
    r" (?P<rest>.*[^\s?.])",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?P<word>(?:(?:at|in|on|by|since|for|with|to|from) )?(?:when|where|why|whom?|"
    rf"(?:what|which|how)(?: (?!(?:{_AUX}|ones?|else|about)\b)\w+){{0,2}}))"
    r"(?: (?:is|was) (?:that|it|this))?",
    re.IGNORECASE,
)
_WH_ZH = re.compile(
    "[和跟与由被]?(?:什么时候|何时|什么|啥|谁|哪里|哪儿|哪一?(?:[年天月日家个些位种座份项篇次]|[几两三四五]家?)|"
    f"多少[家个条项份人]?|几[家个条项份种位]?(?=[{HAN}])|怎么|如何|为什么|多[大高长远快久])(?P<noun>(?:(?![是签做投开写])[{HAN}]){{0,3}}(?=\\W*$))?"
)
_BARE_ZH = re.compile(
    "(?:那?是|在)?(?P<word>什么时候|何时|哪一?[年天月]|[由跟和]?谁|在?哪[里儿]|为什么|为何|怎么|多少|多久)(?:的事|呢|(?P<verb>[^的]{1,2})的)?"
)
_SAID_OF_ZH = re.compile(
    "(?P<subject>.{2,}?)(?:一共|总共|都|分别)?(?:是|在|叫|为|由|有多|怎么|如何)"
    "(?=谁|什么|啥|哪|几|多|[大高长远快久]|算|办|写|死)"
)
_PRONOUN = re.compile(
    r"\b(?:(?P<of>its|his|her|their)|it|they|(?<!of )them|he|him|she|the (?:two|both)(?: of them)?|"
    rf"(?:that|this|these|those)(?: (?!(?:{_AUX})\b)\w+)?|(?:over )?there)\b",
    re.IGNORECASE,
)
_PRONOUN_ZH = re.compile(
    "(?:[它他她]们?|(?<![尤极与])其(?![实他余]))(?P<of>的)?|(?P<that>[这那](?=[个份家项些种座篇次是里])|[双两][方家者])"
)
_ORDINAL_ASKED = re.compile(
    rf"(?:what(?:'s| is| was| about)? )?(?:the )?(?:{ORDINAL.pattern})(?: one)?\W*$|"
    r"(?:第[一二三四五六七八九十]|最后一)[个条项点种]?(?:是|叫|讲的?|说的?)?(?:什么)?\W*$",
    re.IGNORECASE,
)
_MEANT = re.compile(
    r"^(?:i|we) (?:mean|meant|was asking about|am asking about) |^我?[想要]?[说问指]的?是",
    re.IGNORECASE,
)
# "X, not Y": what was meant in the place of what was said.
_INSTEAD_OF = re.compile(r"(?P<new>.+?)[,，]? ?(?:\bnot|而?不是) ?(?P<old>.+?)\W*")
_PREPOSITION = re.compile(r"^(?:into|in|with|for|on|to) ")
_PARTICIPLE = re.compile(
    r"(?<!\ba)(?<!\ban)(?<!\bthe) (?:\w+ed|held|made(?: public)?|built|born|set up)$"
)
_GENERAL = frozenset(
    "one altogeth say mean work happen come go get give take make name number total exact "
    "many much people thing part time year date place reason".split()
)
_GENERAL_ZH = frozenset("时候 时间 事 人 钱 地方 年 原因 结果 意思 名字 数字 情况".split())


@dataclass(frozen=True, slots=True)
class Context:
    """A question with what it leaves to the conversation.

    text: its stand-alone form; plain: as asked, to be searched beside it. before: the stand-alone
    questions that were asked before it, the latest first, for finding what "it" may be. kind:
    what a chat model takes it for, None where none was asked.
    """

    text: str
    plain: str
    follow_up: bool = False
    before: tuple[str, ...] = ()
    kind: RequestKind | None = None


def in_context(asked: str, turns: Sequence[Answer | Turn], glossary: Glossary) -> Context:
    """The question with what it leaves to the conversation put into it.

    "What about Acme?" puts Acme in the place of the one thing of its kind that was asked about,
    "And when?" asks the last question for a date, "it" becomes what that was about; behind that
    goes whatever else leans. A question that does not lean comes back unchanged.
    """
    before = tuple(turn.stand_alone for turn in reversed(turns))
    if not before or not is_follow_up(asked, before[0], glossary):
        return Context(asked, asked, before=before)
    phrase = put_instead(simplified(asked))
    text = (
        (_MEANT.match(phrase) and _corrected(asked, phrase, before[0], glossary))
        or _exchanged(phrase or asked, before[0], glossary)
        or (phrase and f"{_without_tail(before[0])} {asked}")
        or _asked_anew(asked, before[0])
        or _filled_in(asked, before[0], glossary)
    )
    return Context(text, asked, text != asked, before)


def _exchanged(phrase: str, before: str, glossary: Glossary) -> str:
    """The question before with one name for another of its kind; "" where that is not clear."""
    if _ASKS.search(phrase) and not _ORDINAL_ASKED.match(_without_lead(phrase)):
        return ""
    for pattern in (YEAR, ORDINAL):
        old, new = (set(pattern.findall(text)) for text in (before, phrase))
        if len(old) == len(new) == 1:
            (given,) = new
            # "The target for 2015" asks for more than the same of another year.
            is_more = pattern is YEAR and _content(phrase.replace(given, " "), glossary)
            return before.replace(old.pop(), given, 1) + f" {phrase}" * bool(is_more)
    said = _kinds(before, glossary)
    for name, kind in _kinds(phrase, glossary).items():
        same = [other for other, its in said.items() if its == kind]
        if len(same) == 1 and not _content(phrase.replace(name, " "), glossary):
            return before.replace(same[0], name, 1)
    return ""


def _corrected(asked: str, phrase: str, before: str, glossary: Glossary) -> str:
    """The question before, asked of what is meant instead ("No, I mean X", "What about X?").

    "" where it is not said to be a correction and what was asked about has parts to exchange.
    """
    meant = _MEANT.match(phrase)
    instead_of = _INSTEAD_OF.fullmatch(phrase[meant.end() :] if meant else phrase)
    if instead_of and instead_of["old"] in before:
        return before.replace(instead_of["old"], instead_of["new"], 1)
    language = question_language(before)
    found = (_SAID_OF_ZH.match if language == "zh" else WH.match)(before)
    if not found or language != question_language(asked):
        return ""
    instead = phrase[meant.end() :] if meant else phrase
    if language == "zh":
        is_whole = meant or "的" not in found["subject"]
        return f"{instead}{before[found.end('subject') :]}" if is_whole else ""
    if not _BE.match(found["aux"] or ""):
        loose = f"{before[: found.end('wh')]} was {instead}?" if meant else ""
        return _exchanged(instead, before, glossary) or loose
    if not meant and re.search(r" (?:of|for|in|on|at|to|by|from|with|per)\b|'s ", found["rest"]):
        return ""
    rest = _PARTICIPLE.search(found["rest"])
    return f"{before[: found.start('rest')]}{instead}{rest.group() if rest else ''}?"


def _kinds(text: str, glossary: Glossary) -> dict[str, str]:
    """The names in a text, and what kind of thing each of them is."""
    kinds = {}
    for name in _names(text, glossary):
        entries = glossary.found_in(name)
        kind = entries[0][1][0].kind if entries else "name"
        kinds[name] = "name" if kind == "body" else kind
    return kinds or {name: entries[0].kind for name, entries in glossary.found_in(text)}


def _asked_anew(asked: str, before: str) -> str:
    """The question before with the new question word, where no more than that is asked."""
    language = question_language(asked)
    word = (_BARE_ZH if language == "zh" else _BARE).fullmatch(
        _without_lead(asked).strip(" ?？。.")
    )
    old = (_WH_ZH.search if language == "zh" else WH.match)(_without_lead(before))
    if not word or not old or language != question_language(before):
        return ""
    new = word["word"]
    if language == "zh":
        if word["verb"] and word["verb"] not in before:
            return ""
        head, tail = old.string[: old.start()], old.string[old.end() :]
        return f"{head}{new}{tail}"
    new, aux, rest, noun = new.capitalize(), old["aux"], old["rest"], old["noun"] or ""
    if aux:
        parts = (aux, noun, rest) if _BE.match(aux) else (aux, rest, noun)
        return f"{new} {' '.join(filter(None, parts))}?".replace(" 's ", " is ")
    verb, _, thing = rest.partition(" ")
    return f"{new} was {thing or 'it'} {verb}?"


def _filled_in(asked: str, before: str, glossary: Glossary) -> str:
    """The question with what was asked about in the place of its pronoun, or else before it."""
    language = question_language(asked)
    is_chinese = language == "zh"
    text = _MEANT.sub("", _without_lead(asked))
    found = (_PRONOUN_ZH if is_chinese else _PRONOUN).search(text)
    subject = _subject(before, found.group(), language, glossary) if found else ""
    if found and subject:
        # 指引这份文件: what was asked about stands before what points to it.
        kept = (found["that"] or found["of"] or "") if is_chinese else "'s" * bool(found["of"])
        return f"{text[: found.start()]}{subject}{kept}{text[found.end() :]}"
    topic = _topic(before, glossary)
    if is_chinese:
        return f"{topic}：{text}"
    opens_with_name = any(text.startswith(name) for name in _names(text, glossary))
    return f"{topic}: {text if opens_with_name else text[:1].lower() + text[1:]}"


def _topic(before: str, glossary: Glossary) -> str:
    """All that a question says, without what it asks for; of a chain no more than two links."""
    text = _without_lead(before).rstrip(" ?？。.")
    head, colon, tail = text.partition("：") if "：" in text else text.partition(": ")
    if colon:
        names = _named(tail, question_language(tail), glossary)
        return f"{_named(head, question_language(head), glossary) or head} {names}".strip()
    if question_language(text) == "zh":
        return _WH_ZH.sub(r"\g<noun>", text).rstrip("的吗呢是在")
    found = WH.match(text)
    return " ".join(filter(None, (found["noun"], found["rest"]))) if found else text


def _subject(before: str, pronoun: str, language: Language, glossary: Glossary) -> str:
    """What a question says something of, or the one thing that it names; "" for several."""
    text = _without_lead(before).rstrip(" ?？。.")
    names = _names(text, glossary)
    if "：" in text or ": " in text:
        return ""
    if language != question_language(text):
        return _translated(names[0], language, glossary) if len(names) == 1 else ""
    if language == "zh":
        said_of = _SAID_OF_ZH.match(text)
        subject = said_of["subject"] if said_of else names[0] if len(names) == 1 else ""
        # "Its term" is that of the contract, not of the contract's price.
        return subject.rpartition("的")[0] or subject if pronoun.endswith("的") else subject
    found = WH.match(text)
    if found and found["aux"] and _BE.match(found["aux"]):
        return _PARTICIPLE.sub("", " ".join(filter(None, (found["noun"], found["rest"]))))
    if found and found["who"] and not found["aux"]:
        return _PREPOSITION.split(found["rest"].partition(" ")[2])[-1]
    if found and found["noun"] and re.search("s$", found["noun"]) and re.match("the", pronoun):
        return f"the {found['noun']} {found['rest']}"
    return names[0] if len(names) == 1 else ""


def _named(text: str, language: Language, glossary: Glossary) -> str:
    """All that a question names, in the other language as the glossary has it."""
    names = _names(text, glossary)
    known = [name for name, _ in glossary.found_in(text) if not any(name in n for n in names)]
    if language != question_language(text):
        names = [_translated(name, language, glossary) for name in names + known]
    return ("、" if language == "zh" else ", ").join(names or known)


def _translated(name: str, language: Language, glossary: Glossary) -> str:
    """A name in the other language, of the entry that has it for its usual name if there is one."""
    found = [entry for known, its in glossary.found_in(name) if known == name for entry in its]
    found.sort(key=lambda entry: name not in (entry.en[0], entry.zh[0]))
    known = found[0].names(language) if found else (name,)
    return name if name.isascii() and known[0].isascii() else known[0]


def _without_tail(before: str) -> str:
    """Of a chain of questions the first: two that ask the same of two things must not pile up."""
    return re.split("(?<=[?？]) ", before)[0]


def is_follow_up(asked: str, before: str, glossary: Glossary) -> bool:
    """Whether a question leans on the one that was asked before it."""
    text = simplified(asked)
    rest = _without_lead(text)
    if put_instead(text) or _OPENS_ZH.match(rest) or _points_back(rest, glossary):
        return True
    if _names(rest, glossary):
        # "And how many in Shanghai?" says nothing of what there is in Shanghai.
        return rest != text and not _content(rest, glossary)
    if rest == text and question_language(asked) != question_language(before):
        return len(text.split() if text.isascii() else text) <= 5
    return rest != text or _is_cut_short(rest, glossary)


def _without_lead(text: str) -> str:
    """The question without the "And", "No," or "那" at its head."""
    return (_LEAD_ZH if question_language(text) == "zh" else _LEAD).sub("", text)


def put_instead(text: str) -> str:
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
    named = [*_names(text, glossary), *(name for name, _ in glossary.found_in(text))]
    for name in named:
        text = text.replace(name, "\0")
    text = _SOURCES.sub("\0", text)
    if _POINTS.search(text):
        return True
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
    """The names in a text, numbers and ordinals left out, "Model 4" with its number."""
    known = [name for name, _ in glossary.found_in(text)]
    left_out = re.compile(r"\d[\d.,]*|第.|[a-z]+")
    names = [n for n in names_in(text, glossary) if n in known or not left_out.fullmatch(n)]
    names = [next((k for k in known if name in k), name) for name in names]
    found = (
        re.search(re.escape(name) + r"(?:(?<=[a-z]) ?\d[a-z\d.-]*)?", text, re.IGNORECASE)
        for name in names
    )
    return [match.group() for match in found if match]


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
            or (han <= 12 and not spoken_of and not re.search(r"\d", YEAR.sub("", text)))
        )
    words = len(text.split())
    # Nothing asks in "High office costs?".
    return words <= 3 or not spoken_of or (words <= 4 and not _ASKS.search(text))
