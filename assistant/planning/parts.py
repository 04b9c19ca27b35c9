"""Questions that ask several things at once, parted into questions that stand alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ..retrieval.glossary import Glossary
from ..retrieval.language import simplified
from ..types import Language, Turn
from .follow_ups import in_context
from .phrases import phrase

_I = re.IGNORECASE
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)年?")
_WH = (
    r"(?:(?:(?:on|in|at|by|for|from|to|before|with|under|of) )?(?:what|which)(?: \w+){0,2}|"
    r"who(?:m|se)?|by whom|when|where|why|how(?: (?:many|much|big|large|long|old|far|often|high))?)"
)
_BARE_WH = (
    r"(?:who|when|where|why|how|by whom|(?:in|on|at) (?:what|which) \w+|"
    r"how (?:much|many|long|often))"
)
_AND = r"(?:,? and |, | & )"
_VERB = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|must|'s|’s)"
# "When and where was X founded": two words that ask, one question.
_TWO_HEADS = re.compile(rf"^(?P<a>{_WH}){_AND}(?P<b>{_WH}) (?P<rest>{_VERB}\b.+)$", _I)
# "Who signed it and when".
_TAIL = re.compile(rf"^(?P<first>.*\S){_AND}(?P<b>{_BARE_WH})(?: (?:was that|exactly))?$", _I)
# "How big is the deficit and what is the ratio".
_CLAUSES = re.compile(
    r"(?:,? and |; (?:and )?|\? (?:and )?)"
    rf"(?=(?:{_WH})(?:['’]s| (?:\w+ ){{0,3}}?(?:{_VERB})\b| \w+ed\b))",
    _I,
)
# "Parking: what does the city ask and what do the shops want".
_TOPIC_FIRST = re.compile(rf"^[^:?]{{2,40}}:\s+(?=(?:{_WH})(?:['’]s)?\b)", _I)
_PARTICIPLES = {
    "wrote": "written", "made": "made", "built": "built", "gave": "given", "took": "taken",
    "drew": "drawn", "held": "held", "led": "led", "sent": "sent", "paid": "paid", "won": "won",
    "founded": "founded", "bought": "bought", "sold": "sold", "chose": "chosen", "ran": "run",
}  # fmt: skip
_WH_ZH = (
    "(?:在?(?:什么时候|啥时候|何时|哪一?年|哪一?天|哪里|哪儿|何地|什么地方|"
    "哪个?(?:城市|国家|省|地方))|为什么|为何|怎么|如何|[由和]?谁|多少[人钱家个]?)"
)
_TWO_HEADS_ZH = re.compile(
    f"^(?P<before>.*?)(?P<a>{_WH_ZH})(?:[、，,]|以?及|和|与|又)?(?P<b>{_WH_ZH})(?P<after>.*)$"
)
_CLAUSES_ZH = re.compile("[，,；;。？?、](?:以及|并且|而且|还有|又|那|另外)?")
_ASKS_ZH = re.compile(
    "什么|啥|谁|哪|几(?=[个家年月天次人份种项条名位所号点])|多少|多[大高长远快久]|怎|为何|如何|"
    "是否|有没有|吗"
)
# Up to the word that asks, a clause says what it is about.
_SUBJECT_ZH = re.compile(
    "^(?P<subject>.{2,24}?)的?(?:都|又|分别|大概|一共|总共)?[是在由有从于被]?"
    "(?:什么|啥|谁|哪|几|多少|多[大高长远快久]|怎|为何|如何|何时)"
)
# "谁签的合同": what it is about stands behind.
_OBJECT_ZH = re.compile("^(?:是)?谁.{1,3}的(?P<object>.{2,24})$")
# Between two names that are compared, and two things of which "which" is asked.
_JOINS = re.compile(
    r"[\s,]*(?:[\w'’]+ ){0,3}(?:and|or|vs\.?|versus|against|than|to|with|from)(?: \w+){0,2}\s*|"
    "[^，,。；;]{0,6}(?:和|与|跟|同|及|比|、|[，,]?还是)[^，,。；;]{0,4}"
)
_THING = r"[\w'’% -]{3,40}?"
_ASKS_WHICH = r"(?:which|who|what|where)\b"
_WHICH = re.compile(
    rf"^(?P<a>{_THING}) (?:vs\.?|versus|against|compared (?:to|with)|or) (?P<b>{_THING})"
    rf"\s*[–—:,;?-]+\s*(?P<rest>{_ASKS_WHICH}.*)$",
    _I,
)
_WHICH_LAST = re.compile(
    rf"^(?P<rest>{_ASKS_WHICH}[^–—:,;?]*?)\s*[–—:,;?-]+\s*"
    rf"(?P<a>{_THING}) (?:vs\.?|versus|or) (?P<b>{_THING})[?.!]*$",
    _I,
)
_WHICH_ZH = re.compile(
    "^(?P<a>[^，,；;。？?]{2,16}?)(?:和|与|跟|、|还是)(?P<b>[^，,；;。？?]{2,16}?)(?:相?比)?(?:起来)?"
    "[，,：:\\s]+(?P<rest>[^，,]*哪.*)$"
)
# What asks how two things differ is not asked of one of them.
_DIFFER = re.compile(
    "有?(?:什么|啥|何|哪些)?(?:区别|差[别异]|不同|不一样|异同)(?:之处|在哪里?)?|"
    r",? *\b(?:how (?:do|does|did|are|is)|what(?:['’]?s| is| are) the differences? (?:between|in)|"
    r"compare) (?:their )?|\s+differ(?:s|ent)?(?: from)?\b",
    _I,
)
_WHICH_OF = re.compile("(?:是|的)?哪一?[个份项边](?:(?=打|给|占)|的?[是更比较还都]*.{0,3}[？?]?$)")
_PRONOUN_ZH = re.compile("^(?:他|她|它|其|他们|她们|它们)(?:的)?")


def parts_of(text: str, language: Language, glossary: Glossary) -> tuple[str, ...]:
    """The questions that a question asks, each standing alone, in their order.

    One that asks one thing comes back as it is.
    """
    if language == "zh":
        return _parts_zh(text) or (text,)
    if found := _TOPIC_FIRST.match(text):
        asked = parts_of(text[found.end() :], language, glossary)
        return tuple(found.group() + part for part in asked)
    mark = "?" if text.endswith(("?", "？")) else ""
    bare = text.rstrip(" ?？.!")
    if found := _TWO_HEADS.match(bare):
        heads = (found["a"], found["b"])
        return tuple(f"{head} {found['rest']}{mark}" for head in heads)
    found = _TAIL.match(bare)
    first = found["first"].rstrip(", ") if found else ""
    if found and re.match(rf"(?:{_WH})\b", first, _I) and len(first.split()) > 2:
        return (first + mark, _asked_again(first, found["b"]) + mark)
    return _clauses(bare, mark, glossary) or (text,)


def sides_of(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """A question that sets two things beside each other, asked of each of them alone.

    Two years, two names that a word such as "and" joins, or two things of which it asks "which";
    any other question comes back as it is.
    """
    if not phrase("sides", text).search(text):
        return (text,)
    years = list(dict.fromkeys(_YEAR.findall(text)))
    others = sorted({n for n in names if not n[0].isdigit() and n in text}, key=text.index)
    joined = [two for two in pairwise(others) if _joined(text, *two)]
    if len(years) == 2:
        return tuple(" ".join(text.replace(other, " ").split()) for other in reversed(years))
    if joined:
        first, second = joined[0]
        both = text[text.index(first) : text.index(second) + len(second)]
        return tuple(_DIFFER.sub(" ", text.replace(both, side)).strip() for side in joined[0])
    found = _WHICH.match(text) or _WHICH_LAST.match(text) or _WHICH_ZH.match(text)
    if not found:
        return (text,)
    rest = _WHICH_OF.sub("多少", found["rest"])
    year = _YEAR.match(found["a"])
    second = found["b"] if not year or _YEAR.search(found["b"]) else year.group() + found["b"]
    return tuple(f"{side.strip()} {rest}" for side in (found["a"], second))


def leading_topic(text: str) -> str:
    """What stands before the questions on it: "parking" of "parking: what do the shops want"."""
    found = _TOPIC_FIRST.match(text)
    return found.group().rstrip(": ") if found else ""


def _joined(text: str, first: str, second: str) -> bool:
    """Whether two names stand beside each other, with a word that joins them between."""
    return bool(_JOINS.fullmatch(text[text.index(first) + len(first) : text.index(second)]))


def _asked_again(first: str, word: str) -> str:
    """The question again with another word that asks: "when was it signed" of "who signed it"."""
    subject = re.match(r"^who (?P<verb>\w+)(?P<up> up| out)? (?P<object>.+)$", first, _I)
    if subject and not re.fullmatch(_VERB, subject["verb"], _I):
        verb = subject["verb"].lower()
        participle = verb if verb.endswith("ed") else _PARTICIPLES.get(verb, "")
        if verb == "set" and subject["up"]:
            participle = "set"
        if participle:
            return f"{word} was {subject['object']} {participle}{subject['up'] or ''}"
    head = re.match(rf"(?:{_WH}) (?=(?:{_VERB})\b)", first, _I)
    if head:
        return f"{word} {first[head.end() :]}"
    return f"{word} {re.sub(r'^(?:who|what|which) ', '', first, flags=_I)}"


def _clauses(bare: str, mark: str, glossary: Glossary) -> tuple[str, ...]:
    """Several questions in a row; what the later ones leave to the first is put into them."""
    if not re.match(rf"(?:{_WH})\b|(?:{_VERB})\b", bare, _I):
        return ()
    clauses = [part.strip(" ,;?") for part in _CLAUSES.split(bare)]
    if len(clauses) < 2 or not all(clauses):
        return ()
    parts = [clauses[0] + "?"]
    for clause in clauses[1:]:
        parts.append(in_context(f"{clause}?", [Turn(parts[0])], glossary).text)
    return tuple(parts) if mark else tuple(part.rstrip("?") for part in parts)


def _parts_zh(text: str) -> tuple[str, ...]:
    plain = simplified(text)
    text = text if len(plain) == len(text) else plain
    mark = "？" if text.endswith(("?", "？")) else ""
    bare = plain.rstrip(" ?？。!！")
    if (found := _TWO_HEADS_ZH.match(bare)) and found["after"] and not _CLAUSES_ZH.search(bare):
        before, after = text[: found.start("a")], text[found.end("b") : len(bare)]
        spans = (found.span("a"), found.span("b"))
        return tuple(f"{before}{text[a:b]}{after}{mark}" for a, b in spans)
    clauses = [c for c in _spans(bare) if c[0] < c[1]]
    if len(clauses) < 2 or not all(_ASKS_ZH.search(bare[a:b]) for a, b in clauses):
        return ()
    first = text[clauses[0][0] : clauses[0][1]]
    return (first + mark, *_completed(first, [text[a:b] for a, b in clauses[1:]], mark))


def _spans(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for cut in _CLAUSES_ZH.finditer(text):
        spans.append((start, cut.start()))
        start = cut.end()
    return [*spans, (start, len(text))]


def _completed(first: str, others: Sequence[str], mark: str) -> list[str]:
    """Later clauses with the subject of the first where they have none of their own."""
    found = _OBJECT_ZH.match(first) or _SUBJECT_ZH.match(first)
    subject = found[1] if found else ""
    completed = []
    for clause in others:
        own = _SUBJECT_ZH.match(clause)
        rest = _PRONOUN_ZH.sub("", clause)
        if (
            subject
            and (rest != clause or not own or len(own["subject"]) < 5)
            and subject not in clause
        ):
            clause = f"{subject}{rest}"
        completed.append(clause + mark)
    return completed
