"""Which documents a question names, by any usual name: title, number, issuer, kind, file name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

from ..bodies import made_from, names_of
from ..retrieval.glossary import Glossary
from ..retrieval.language import HAN, simplified, tagged, terms
from ..types import Source
from .spelling import ordinary_words

# What documents call themselves, by what they are. A word counts only where a source's title has
# a word of its line; the last line says nothing of what a document is.
_NOUNS = {
    "report": "report reports|报告",
    "survey": "survey surveys investigation|调研报告 调查报告 调研 调查",
    "guide": "guide guides guideline guidelines guidance handbook manual|指引 指南 手册",
    "opinions": "opinion opinions|意见",
    "notice": "notice notices circular circulars announcement|通知 公告 通告",
    "plan": "plan plans programme programmes|规划 计划 方案",
    "rules": "law laws act acts regulation regulations rules decree|法律 条例 办法 规定 规则 细则",
    "agreement": "contract contracts agreement agreements treaty lease|合同 协议 条约 租约",
    "letter": "letter letters email emails|信 函 邮件",
    "minutes": "minutes|纪要 会议记录",
    "speech": "speech speeches lecture lectures|讲话 演讲 讲演 讲座",
    "book": "book books novel novels story stories memoir memoirs|书 小说 故事 散文",
    "article": "article articles paper papers essay essays thesis|论文 文章",
    "any": "document documents doc docs file files text texts source sources pdf pdfs publication "
    "publications one ones|文件 文档 文本 材料 资料 来源 原文",
}
# "These digests", "the originals": by the kind of text that a source is.
_KINDS = {"digest": "digests summaries|摘要", "original": "originals|原件"}
_CLASS_OF: dict[str, list[str]] = {}
for _class, _line in {**_NOUNS, **_KINDS}.items():
    for _noun in _line.replace("|", " ").split():
        _CLASS_OF.setdefault(_noun, []).append(_class)
_SEVERAL = {n for n in _CLASS_OF if n[:-1] in _CLASS_OF} | {"digests", "summaries", "originals"}
_LATIN_NOUNS = "|".join(noun for noun in _CLASS_OF if noun.isascii())
_HAN_NOUNS = "|".join(sorted((n for n in _CLASS_OF if n > "z"), key=len, reverse=True))
_CLASS_OF |= {"份": ["any"], "篇": ["any"]}
for _noun in ("调研报告", "调查报告"):
    _CLASS_OF[_noun].append("report")
_NOUN = re.compile(
    rf"\b(?:{_LATIN_NOUNS})\b(?! numbers?\b)|{_HAN_NOUNS}|"
    # A measure word may stand for the noun: 那份是原文吗.
    "(?<=[这那哪每各几两另一二三四五本该此])[份篇]"
    f"(?=[的是都最里讲说提有在呢吧吗和与跟，。？?、！!\\s]|$|{_HAN_NOUNS})",
    re.ASCII,
)
_LANGUAGES = {"zh": {"chinese", "中文"}, "en": {"english", "英文"}}
_ASKED = frozenset("which what any many 多少 哪 哪些 哪几 任何".split())
_EVERY = _ASKED | frozenset("all each every 所有 全部 每 各 几 这些 那些 这几 那几".split())
_MANY = frozenset("all these those".split())
_TWO = frozenset("both two 两 这两 那两".split())
_BACK = frozenset("this that 这 那".split())
_THIS = _BACK | frozenset("the your 本 该 此".split())
# "The official text" is not the text at hand.
_ORIGINAL = frozenset("original official full one source 原文 原件 来源".split())
_OTHER = frozenset("other another 另 另外 其他".split())
_PLACES = {"first": 0, "former": 0, "第一": 0, "second": 1, "latter": 1, "第二": 1}
_DETERMINERS = re.compile(
    r"\b(?:all|both|each|any|which|what|the|this|that|these|those|every|many|another|other|your|my|"
    r"our|first|second|former|latter|original|official|full|chinese|english|two|three|four|five|"
    r"six|seven|eight|\d)\b|所有|全部|任何|多少|其他|另外|第[一二]|我的|中文|英文|"
    "[这那哪][些几两]|[这那哪每各本该此另几两一三四五六七八]",
    re.ASCII,
)
_GAP = re.compile(
    r"[\s\"'“”‘’《》「」()（）\[\]〔〕,-]{0,3}(?:['’]?s)?[\s\"“”《》「」-]{0,2}|"
    "\\s*(?:的|写的|做的|发的|出的|出台的|发布的|关于)?\\s*[那这]?[一个份篇部]{0,2}\\s*[《“「]?"
)
# Between words of one name: "Ministry of Science and Technology".
_LINK = re.compile(r"\s+(?:of|and|for|on|to)(?: the)?\s+")
# From a noun to what it is about or from: "the guide to …", "the report by …".
_COMPLEMENT = re.compile(r"\s+(?:of|by|from|on|to|about|for)(?: the)?\s+")
_NUMBERED = re.compile(
    r"\b(?:(?:document|doc|circular|file)\s+)?(?:no\b\.?|nr\b\.?|number|#)\s*(?P<a>\d+)\b|"
    r"\b(?:document|doc|circular|guide|guidance|notice|opinions?|regulation|act)\s+(?P<b>\d+)\b(?!%)|"
    r"\b(?P<d>\d+)\s+(?:document|doc|circular|guide|guidance|notice|opinions)\b|"
    r"(?<![月\d])(?P<c>\d+)\s*号(?!楼|线|馆)(?:文件|文)?",
    re.ASCII,
)
_FILE = re.compile(
    rf"[\w{HAN}][\w{HAN}.-]*\.(?:pdf|docx?|txt|md|html?|epub|csv|xlsx?|pptx?)\b", re.ASCII
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)(?=年?)年?")
_WORD = re.compile(r"[a-z][a-z0-9]+")
# "According to the ministry": what its documents say, unless another is named.
_SAYS_WHO = re.compile(r"\baccording to (?:the )?$|(?:根据|依据|按照|按|据)$")
# So many characters of a name must stand in a text before it is looked for.
_START = 4
_SURE = ("name", "number", "file")
# What follows a Chinese noun that is a name without a determiner: 调研的结论, 报告里.
_BARE = re.compile("的|里|中(?!国)|和|与|跟|都|各自?|分别|对|哪|谁|相?比|说|讲|认为|显示|指出|提到")
# How much a piece says: a title or number settles it, a year hardly counts.
_WEIGHTS = {"file": 9.0, "name": 6.0, "number": 6.0, "word": 1.0, "year": 0.3}
# "What did the firm report?": a verb.
_ASKS_VERB = re.compile(r"\b(?:do|does|did|to|will|would|can|could|must|should)\s(?:\w+\s){0,2}$")


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of a text that names documents.

    ids: the documents, several where it fits them equally. firm: whether a document is meant; a
    mere issuer ("what does the ministry ask for?") makes its documents likelier, no more.
    """

    name: str
    ids: tuple[str, ...]
    firm: bool


@dataclass(frozen=True, slots=True)
class Mentions:
    """All that a text names, in its order; every: all documents are meant ("which documents")."""

    found: tuple[Mention, ...] = ()
    every: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """The documents that are surely meant, in the order that they are named in."""
        return tuple(dict.fromkeys(id_ for m in self.found if m.firm for id_ in m.ids))

    @property
    def favoured(self) -> tuple[str, ...]:
        """Those of which only the issuer is named."""
        ids = self.ids
        weak = (id_ for m in self.found if not m.firm for id_ in m.ids if id_ not in ids)
        return tuple(dict.fromkeys(weak))

    @property
    def names(self) -> tuple[str, ...]:
        """The stretches that say which document is meant and nothing of what is asked of it."""
        return tuple(dict.fromkeys(m.name for m in self.found if m.firm))

    @property
    def mere_names(self) -> tuple[str, ...]:
        """Those that call a document one: a bare title may be what its text speaks of, too."""
        return tuple(n for n in self.names if _NOUN.search(_flat(n)) or re.search(r"\d", n))


def documents_in(
    text: str, sources: Sequence[Source], glossary: Glossary, before: Sequence[str] = ()
) -> Mentions:
    """The documents that a text names; `before` holds those last spoken of, the latest last."""
    if not sources:
        return Mentions()
    # Chinese titles are cut into words only for texts with Chinese words: it takes a segmenter.
    is_chinese = re.search(f"[{HAN}]", text) is not None
    return _names(tuple(sources), glossary, is_chinese).mentions(text, before)


# What was read of the sources last. They are told by identity: there may be very many.
_READ: list[_Names] = []


def _names(sources: tuple[Source, ...], glossary: Glossary, is_chinese: bool) -> _Names:
    for names in _READ[:]:
        if names.are_of(sources, glossary, is_chinese):
            return names
    _READ.insert(0, _Names(sources, glossary, is_chinese))
    del _READ[4:]
    return _READ[0]


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of a text that bears on which document is meant; `key` is the piece itself."""

    start: int
    end: int
    what: str  # "name", "number", "noun", "word", "year", "kind" or "determiner"
    key: str


class _Names:
    """What each source can be called by."""

    def __init__(self, sources: tuple[Source, ...], glossary: Glossary, is_chinese: bool) -> None:
        self._sources = sources
        self._glossary = glossary
        self._is_chinese = is_chinese
        self._issuers: dict[str, set[str]] = defaultdict(set)
        self._titles: dict[str, set[str]] = defaultdict(set)
        self._numbers: dict[str, set[str]] = defaultdict(set)
        self._words: dict[str, set[str]] = defaultdict(set)
        self._cards: dict[str, str] = {}
        self._classes: dict[str, set[str]] = {source.id: set() for source in sources}
        for source in sources:
            self._read(source, glossary)
        self._by_start = _by_start([*self._titles, *self._issuers])
        self._longest = max((len(w) for w in self._words if not w.isascii()), default=0)

    def are_of(self, sources: tuple[Source, ...], glossary: Glossary, is_chinese: bool) -> bool:
        """Whether these are the names of just those sources."""
        return self._sources is sources and (self._glossary, self._is_chinese) == (
            glossary,
            is_chinese,
        )

    def _read(self, source: Source, glossary: Glossary) -> None:
        titles = [_flat(source.title_en), _flat(source.title_zh)]
        issuers = _issuers(source, glossary)
        self._cards[source.id] = "\n".join((*titles, *issuers))
        for title in titles:
            self._classes[source.id] |= set(_classes_in(title))
            for numbered in re.finditer(r"\bno\.?\s*(\d+)|(\d+)\s*号", title):
                self._numbers[numbered[1] or numbered[2]].add(source.id)
            for name in set(_titles(title, glossary)).difference(issuers):
                self._titles[name].add(source.id)
        for name in issuers:
            self._issuers[name].add(source.id)
        texts = [t for t in (*titles, *issuers) if self._is_chinese or t.isascii()]
        for word in {word for text in texts for word in _words(text)}:
            self._words[word].add(source.id)

    def _pieces(self, flat: str) -> Iterator[tuple[int, str]]:
        """The Chinese words of titles and issuers in a text, the longest first, with places."""
        start = 0
        while start < len(flat):
            for size in range(self._longest, 0, -1):
                word = flat[start : start + size]
                if not word.isascii() and word in self._words:
                    yield start, word
                    break
            else:
                size = 1
            start += size

    def _named(self, flat: str) -> Iterator[str]:
        """The titles and issuers that may stand in a text, by how they begin."""
        starts = {flat[n : n + size] for n in range(len(flat)) for size in range(1, _START + 1)}
        for start in starts & self._by_start.keys():
            yield from self._by_start[start]

    def mentions(self, text: str, before: Sequence[str]) -> Mentions:
        """What a text names."""
        flat = _flat(text)
        if len(flat) != len(text):
            text = flat
        found: list[tuple[int, Mention]] = []
        every = False
        issuers = [name for name in self._named(flat) if name in self._issuers]
        places = {name: _find(flat, name) for name in issuers}
        issuing = {i for name, place in places.items() if place >= 0 for i in self._issuers[name]}
        for chain in _chains(flat, self._tokens(flat), self._holders):
            if _is_verb(flat, chain):
                continue
            ids, all_of_them = self._meant(flat, chain, before, issuing)
            every |= all_of_them
            while ids and chain[0].key in _ASKED:  # "which of the survey's …"
                chain = chain[1:]
            while ids and chain[-1].what == "determiner":
                chain = chain[:-1]
            if ids:
                found.append((chain[0].start, Mention(_stretch(text, chain), ids, True)))
        taken = {id_ for _, mention in found for id_ in mention.ids}
        # The longest first: an office may have its council's name in its own.
        spans: list[tuple[int, int]] = []
        for name, place in sorted(places.items(), key=lambda each: -len(each[0])):
            end = place + len(name)
            if place < 0 or any(start < end and place < stop for start, stop in spans):
                continue
            spans.append((place, end))
            if taken.isdisjoint(self._issuers[name]):
                # What another issued may have it in its title, too.
                titled = {id_ for id_, card in self._cards.items() if _find(card, name) >= 0}
                ids = self._ordered((self._issuers[name] | titled) - taken)
                firm = not taken and bool(_SAYS_WHO.search(flat[:place]))
                found.append((place, Mention(text[place:end], ids, firm)))
        found.sort(key=lambda pair: pair[0])
        return Mentions(tuple(mention for _, mention in found), every)

    def _tokens(self, flat: str) -> list[_Token]:
        """The pieces of a text, none inside another, in its order."""
        found: list[_Token] = []
        for token in self._candidates(flat):
            if all(token.end <= other.start or token.start >= other.end for other in found):
                found.append(token)
        return sorted(found, key=lambda token: token.start)

    def _candidates(self, flat: str) -> Iterator[_Token]:
        """The pieces of a text, those first that take the place of others."""
        yield from self._sure(flat)
        for pattern, what in ((_NOUN, "noun"), (_YEAR, "year")):
            for match in pattern.finditer(flat):
                yield _Token(*match.span(), what, match.group().removesuffix("年"))
        for match in _WORD.finditer(flat):
            for word in (match.group(), match.group().removesuffix("s")):
                if _stem(word) in self._words:
                    yield _Token(match.start(), match.start() + len(word), "word", _stem(word))
        for start, word in self._pieces(flat):
            yield _Token(start, start + len(word), "word", word)
        for match in _DETERMINERS.finditer(flat):
            yield _Token(*match.span(), "determiner", match.group())

    def _sure(self, flat: str) -> Iterator[_Token]:
        """The file names, titles and numbers in a text that are those of a source."""
        for match in _FILE.finditer(flat):
            if self._of_file(match.group()):
                yield _Token(*match.span(), "file", match.group())
        titles = (name for name in self._named(flat) if name in self._titles)
        for name in sorted(titles, key=lambda name: (-len(name), name)):
            place = _find(flat, name)
            if place >= 0:
                yield _Token(place, place + len(name), "name", name)
        for match in _NUMBERED.finditer(flat):
            yield _Token(
                *match.span(), "number", match["a"] or match["b"] or match["c"] or match["d"]
            )

    def _holders(self, token: _Token) -> Mapping[str, float]:
        """How much a token speaks for which source."""
        ids: Iterable[str] = ()
        weight = _WEIGHTS.get(token.what, 0.0)
        if token.what == "file":
            ids = self._of_file(token.key)
        elif token.what == "year":
            ids = [s.id for s in self._sources if token.key in s.title_en + s.title_zh]
            ids = ids or [s.id for s in self._sources if s.date.startswith(token.key)]
        elif token.what == "word" and not token.key.isascii():
            ids = [id_ for id_, card in self._cards.items() if token.key in card]
        else:
            table = {"name": self._titles, "number": self._numbers, "word": self._words}
            ids = table.get(token.what, {}).get(token.key, ())
        ids = list(ids)
        return {id_: weight * log(0.1 + len(self._sources) / len(ids)) for id_ in ids}

    def _meant(
        self, flat: str, chain: Sequence[_Token], before: Sequence[str], issuing: Collection[str]
    ) -> tuple[tuple[str, ...], bool]:
        """The sources that a chain of tokens means, and whether it means every one."""
        nouns: list[str] = []
        pointed: dict[str, float] = defaultdict(float)
        for token in chain:
            # What stands before the noun says more than what it is about.
            for id_, weight in self._holders(token).items():
                pointed[id_] += weight / 2 if nouns else weight
            nouns += [token.key] * (token.what == "noun")
        sure = [token for token in chain if token.what in _SURE]
        if sure:
            held = any(self._holders(token) for token in sure)
            return (self._best(pointed) if held else ()), False
        if not nouns:
            return (), False
        determiners = {t.key for t in chain if t.what == "determiner"}
        bare = chain[-1].key > "z" and _BARE.match(flat, chain[-1].end)
        if bare or any(t.what == "word" for t in chain):
            determiners = determiners or {"the"}
        if not _OTHER.isdisjoint(determiners):
            return self._other(before), False
        place = next((_PLACES[word] for word in determiners if word in _PLACES), None)
        if place is not None and not pointed:
            return tuple(before[place : place + 1]) if len(before) > 1 else (), False
        return self._by_noun(nouns, determiners, pointed, before, issuing)

    def _by_noun(
        self,
        nouns: Sequence[str],
        determiners: Collection[str],
        pointed: Mapping[str, float],
        before: Sequence[str],
        issuing: Collection[str],
    ) -> tuple[tuple[str, ...], bool]:
        """What "the ministry's guide" and its like mean, and whether that is every document."""
        classes = [c for noun in nouns for c in _CLASS_OF[noun]]
        # In Chinese the noun does not tell how many there are.
        several = not (_SEVERAL.isdisjoint(nouns) and (_EVERY | _TWO).isdisjoint(determiners))
        if not {"my", "我的"}.isdisjoint(determiners):
            return self._ordered(s.id for s in self._sources if not s.licence), False
        if filtered := self._filtered(classes, determiners, several):
            return filtered, False
        specific = [c for c in classes if c not in ("any", *_KINDS)]
        if not specific:
            return self._unspecific(nouns, determiners, pointed, before)
        return self._of_class(specific[0], determiners, pointed, several, issuing)

    def _unspecific(
        self,
        nouns: Sequence[str],
        determiners: Collection[str],
        pointed: Mapping[str, float],
        before: Sequence[str],
    ) -> tuple[tuple[str, ...], bool]:
        """What "document" and its like mean, and whether that is every one."""
        if pointed:
            return self._best(pointed), False
        if set(nouns) <= {"one", "ones"}:
            return (), False
        if not _TWO.isdisjoint(determiners):
            return tuple(before[-2:]) if len(before) > 1 else (), False
        several = not _SEVERAL.isdisjoint(nouns)
        if not _EVERY.isdisjoint(determiners) or (several and determiners):
            return (), True
        if _THIS.isdisjoint(determiners) or not _ORIGINAL.isdisjoint({*determiners, *nouns}):
            return (), False
        back = not _BACK.isdisjoint(determiners)
        return (before[-1] if back and before else self._sources[0].id,), False

    def _of_class(
        self,
        wanted: str,
        determiners: Collection[str],
        pointed: Mapping[str, float],
        several: bool,
        issuing: Collection[str],
    ) -> tuple[tuple[str, ...], bool]:
        """What a word such as "survey" means, and whether that is every document."""
        main = self._sources[0].id
        members = [s.id for s in self._sources if wanted in self._classes[s.id]]
        # The main document is "the report" unless its title says that it is something else.
        mains = wanted in ("report", "article") and not self._classes[main] - {wanted}
        if mains and main not in members:
            members.insert(0, main)
        if not members or not determiners:
            return (), False
        if pointed:
            kind = 0.3 + log(0.1 + len(self._sources) / len(members))
            both = {id_: pointed.get(id_, 0.0) + kind for id_ in members}
            return self._best({**pointed, **both}), False
        if not _ASKED.isdisjoint(determiners) and _THIS.isdisjoint(determiners):
            return (), wanted == "report"
        if several and len(members) < 2 and not _MANY.isdisjoint(determiners):
            return (), True
        if mains and not several:
            # "What did Jane Roe promise in the report?" may well be of her report.
            named = issuing if "the" in determiners else ()
            members = [id_ for id_ in members if id_ == main or id_ in named]
        return self._ordered(members), False

    def _filtered(
        self, classes: Sequence[str], determiners: Collection[str], several: bool
    ) -> tuple[str, ...]:
        """The digests, the originals, those in a language; () where that is not what is said."""
        languages = [c for c, words in _LANGUAGES.items() if not words.isdisjoint(determiners)]
        kinds = [c for c in classes if c in _KINDS and several]
        if not kinds and not languages:
            return ()
        return self._ordered(
            s.id
            for s in self._sources
            if (not kinds or s.kind in kinds) and (not languages or s.language in languages)
        )

    def _other(self, before: Sequence[str]) -> tuple[str, ...]:
        """What "the other one" means, of the two last spoken of or of the only two."""
        if len(before) > 1:
            return (before[-2],)
        rest = [s.id for s in self._sources if s.id not in before]
        return tuple(rest) if before and len(rest) == 1 else ()

    def _best(self, pointed: Mapping[str, float]) -> tuple[str, ...]:
        top = max(pointed.values(), default=0.0)
        return self._ordered(id_ for id_, weight in pointed.items() if weight > top - 0.01)

    def _ordered(self, ids: Iterable[str]) -> tuple[str, ...]:
        known = set(ids)
        return tuple(s.id for s in self._sources if s.id in known)

    def _of_file(self, name: str) -> list[str]:
        stem = name.rsplit(".", 1)[0]
        slug = "-".join(re.findall(r"[a-z0-9]+", stem))
        return [
            s.id
            for s in self._sources
            if stem in (_flat(s.title_en), _flat(s.title_zh))
            or (slug and re.fullmatch(rf"{re.escape(slug)}(?:-\w+)?", s.id))
        ]


def _chains(
    flat: str, tokens: Sequence[_Token], holders: Callable[[_Token], Mapping[str, float]]
) -> Iterator[list[_Token]]:
    """Tokens that stand together as one name, such as "the", "ministry", "guide"."""
    chain: list[_Token] = []
    for token in tokens:
        if chain and not _goes_on(flat[chain[-1].end : token.start], chain, token, holders):
            yield chain
            chain = []
        chain.append(token)
    if chain:
        yield chain


def _goes_on(
    gap: str,
    chain: Sequence[_Token],
    token: _Token,
    holders: Callable[[_Token], Mapping[str, float]],
) -> bool:
    last = chain[-1]
    nouns = [t for t in chain if t.what == "noun"]
    specific = any("any" not in _CLASS_OF[t.key] for t in nouns)
    if token.what == "determiner":
        return _begins(gap, last, token, specific)
    sure = last.what in _SURE
    if token.what == "noun" and (specific or sure) and "any" not in _CLASS_OF[token.key]:
        return False
    if sure and token.what == "word":
        return bool(_COMPLEMENT.fullmatch(gap))
    close = bool(_GAP.fullmatch(gap))
    if last.what == "determiner":
        return not gap.strip(" “\"'《「的一个份篇部次")
    if last.what == "noun":
        if token.key[0].isascii() != last.key[0].isascii():
            return False
        if not gap.strip() and last.key[0].isascii():
            return token.what in ("noun", "number", "name")
        return bool(_COMPLEMENT.fullmatch(gap)) or (
            not last.key[0].isascii() and not specific and gap.strip() in ("", "关于", "《")
        )
    if token.what == "noun":
        return close
    shared = set(holders(last)) & set(holders(token))
    return close or (bool(shared) and bool(_LINK.fullmatch(gap)))


def _begins(gap: str, last: _Token, token: _Token, specific: bool) -> bool:
    """Whether a determiner is a part of the name that stands before it."""
    gap = gap.strip()
    if last.what == "determiner":
        new = token.key in _THIS and last.key not in ("all", "both")
        return gap == "of" or (not gap and not new)
    if last.what == "noun":
        return not specific and gap == "of"
    # "The ministry's, that guide": Chinese puts the determiner behind the name.
    return token.key in ("这", "那") and gap in ("", "的", "写的", "发的", "出的")


def _stretch(text: str, chain: Sequence[_Token]) -> str:
    """The words of a chain, with the marks of a title around them."""
    start, end = chain[0].start, chain[-1].end
    start -= start > 0 and text[start - 1] in "《“"
    end += text[end : end + 1] in ("》", "”")
    return text[start:end].strip()


def _is_verb(flat: str, chain: Sequence[_Token]) -> bool:
    """Whether the noun of a chain is a verb: "how much did the firm report"."""
    last = chain[-1]
    said = any(t.what == "determiner" for t in chain)
    return (
        not said
        and not flat[: last.start].endswith(("'s ", "s' "))
        and last.what == "noun"
        and last.key in ("report", "survey", "guide", "plan", "text", "file", "document", "book")
        and bool(_ASKS_VERB.search(flat[: chain[0].start]))
    )


def _issuers(source: Source, glossary: Glossary) -> list[str]:
    """Every name of those who wrote or issued a source, in one spelling."""
    made = made_from(source.author)
    names = [
        name
        for body in (made.of if made else source.author, source.publisher)
        for name in names_of(body)
    ]
    for name in list(names):
        for _, entries in glossary.found_in(name):
            if entries[0].kind in ("name", "body"):
                names += [n for e in entries for n in e.names("en") + e.names("zh")]
    # An office goes by the first characters of the words of its name.
    names += [
        "".join(word[0] for word, _ in tagged(name))
        for name in names
        if re.fullmatch(f"[{HAN}]{{5,}}", name)
    ]
    names += [name.partition(" of ")[0] for name in names if name.isascii()]
    # A person goes by the last name alone.
    people = [name.split() for name in names_of(made.of if made else source.author)]
    last = [w[-1] for w in people if len(w) in (2, 3) and all(each.istitle() for each in w)]
    names += [name for name in last if name.lower() not in ordinary_words()]
    flat = dict.fromkeys(_flat(name) for name in names)
    return [n for n in flat if len(n) > 1 and (not n.isascii() or terms(n, "en"))]


def _words(name: str) -> set[str]:
    """The words of a title or an issuer's name that may say which document is meant."""
    words = {_stem(word) for word in _WORD.findall(name) if word not in _CLASS_OF}
    if re.search(f"[{HAN}]", name):
        words |= {w for w, tag in tagged(name) if len(w) > 1 and tag[:1] in "nvjas"}
        words |= {run for run in re.findall(f"[{HAN}]+", name) if 1 < len(run) <= 6}
    return {w for w in words if w and w not in _CLASS_OF}


def _classes_in(title: str) -> Iterator[str]:
    for match in _NOUN.finditer(title):
        yield from (c for c in _CLASS_OF[match.group()] if c != "any" and c not in _KINDS)


def _titles(title: str, glossary: Glossary) -> Iterator[str]:
    """What a title can be cut down to, and what the glossary knows the document by."""
    for name in {title, *re.split(r"[,，:：《》]|[(（].*?[)）]", title)}:
        if len(_WORD.findall(name)) > 1 or len(re.findall(f"[{HAN}]", name)) > 3:
            yield name.strip()
    for _, entries in glossary.found_in(title):
        for entry in entries:
            if entry.kind == "document":
                yield from (_flat(name) for name in (*entry.en, *entry.zh))


def _by_start(names: Iterable[str]) -> Mapping[str, list[str]]:
    """Names by how they begin, so that a text is not searched for each of very many."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        found[name[:_START]].append(name)
    return found


def _find(flat: str, name: str) -> int:
    """Where a name stands in a text, as whole words; -1 where it does not."""
    if name not in flat:
        return -1
    before = "(?<![a-z0-9])" if name[0].isascii() else ""
    after = "(?='?s?(?![a-z0-9]))" if name[-1].isascii() else ""
    found = re.search(before + re.escape(name) + after, flat)
    return found.start() if found else -1


@lru_cache(maxsize=4_096)
def _stem(word: str) -> str:
    return "".join(terms(word, "en")[:1])


def _flat(text: str) -> str:
    return simplified(text).lower().replace("’", "'")
