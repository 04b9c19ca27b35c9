"""Whether a document is in English or Chinese, or which other language most of it is in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from assistant.retrieval.language import HAN, is_foreign

_HAN = re.compile(f"[{HAN}]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
_SCRIPTS = {
    "Korean": re.compile("[\u1100-\u11ff\uac00-\ud7af]"),
    "Russian": re.compile("[\u0400-\u052f]+"),
    "Greek": re.compile("[\u0370-\u03ff]+"),
    "Hebrew": re.compile("[\u0590-\u05ff]+"),
    "Arabic": re.compile("[\u0600-\u06ff]+"),
    "Hindi": re.compile("[\u0900-\u097f]+"),
    "Thai": re.compile("[\u0e00-\u0e7f]"),
}
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
# Chinese quotes a Japanese name now and then; of Japanese, at least a third are kana.
_KANA_SHARE = 0.15
_VIETNAMESE = re.compile("[ăơưđ\u1ea0-\u1ef9]", re.I)
# Words that are frequent in each language; most are none in English.
_WORDS: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "French": "le la les des est une dans que qui où avec pour sur pas par du au aux et cette",
        "German": "der die das und ist sind ein eine mit von für nicht auf den dem des zu im auch",
        "Spanish": "el los las es una que por para con del y se no como más pero su al lo en",
        "Italian": "il gli che di della per con non è una sono del nel alla anche più dei lo si",
        "Portuguese": "os uma que não por para com do da em no na mais se as dos como ao e são",
        "Dutch": "het een van en de is dat niet op voor met zijn aan er maar ook bij te worden",
    }.items()
}
# What is in Latin letters and in none of these languages: a line of so many words, of which so
# many have accents and fewer than so many are English's commonest. The tests' lines of Swedish
# and Hungarian are; English with foreign names, and pinyin, are not.
_OTHER = "which one cannot be told"
_OTHER_WORDS = 6
_ACCENTED_SHARE = 0.1
_ENGLISH_SHARE = 0.1
_ENGLISH = frozenset("the of and is are was were in to for with by from that this it on as".split())
# A part of a document that is larger than this is worth a word.
_PART = 0.05
CHINESE_NAMES: Mapping[str, str] = {
    "Japanese": "日文",
    "Korean": "韩文",
    "Russian": "俄文",
    "Greek": "希腊文",
    "Hebrew": "希伯来文",
    "Arabic": "阿拉伯文",
    "Hindi": "印地文",
    "Thai": "泰文",
    "Vietnamese": "越南文",
    "French": "法文",
    "German": "德文",
    "Spanish": "西班牙文",
    "Italian": "意大利文",
    "Portuguese": "葡萄牙文",
    "Dutch": "荷兰文",
    _OTHER: "无法判断是哪种",
}


def foreign_language(text: str) -> str:
    """The language that most of the text is in, in English; "" where ours have half or more."""
    shares = _shares(text)
    language = _main(shares)
    return language if shares[""] < 0.5 else ""


def foreign_part(text: str) -> str:
    """The language, in English, of a smaller part of the text that is not ours; "" if none is."""
    shares = _shares(text)
    return _main(shares) if 1 - shares[""] > _PART else ""


def _main(shares: Mapping[str, float]) -> str:
    return max((name for name in shares if name), key=lambda name: shares[name], default="")


def _shares(text: str) -> Mapping[str, float]:
    """The share of each language in the words of the text; "": ours, and what is too short."""
    sizes: Counter[str] = Counter()
    for line in text.split("\n"):
        size = len(_LATIN.findall(line)) + len(_HAN.findall(line)) + len(_KANA.findall(line))
        size += sum(len(script.findall(line)) for script in _SCRIPTS.values())
        if size:
            sizes[_language(line)] += size
    total = sum(sizes.values())
    return Counter({name: size / total for name, size in sizes.items()}) if total else {"": 1.0}


def _language(line: str) -> str:
    """The language of a line; "" for ours and for what has no words to tell it by."""
    han, kana = len(_HAN.findall(line)), len(_KANA.findall(line))
    latin = _LATIN.findall(line)
    ours = han + len(latin)
    if kana > _KANA_SHARE * (han + kana) and kana + han > len(latin):
        return "Japanese"
    counts = {name: len(script.findall(line)) for name, script in _SCRIPTS.items()}
    most = max(counts, key=lambda name: counts[name])
    if counts[most] > ours:
        return most
    if han > len(latin):
        return ""
    if len(_VIETNAMESE.findall(line)) * 3 > len(latin) > 3:
        return "Vietnamese"
    words = [word.lower() for word in latin]
    if not is_foreign(line):
        return _OTHER if _is_other(words) else ""
    found = {name: sum(word in own for word in words) for name, own in _WORDS.items()}
    language = max(found, key=lambda name: found[name])
    return language if found[language] >= 2 else ""


def _is_other(words: Sequence[str]) -> bool:
    """Whether words of a line in Latin letters are, going by accents, in an unlisted language."""
    accented = sum(not word.isascii() for word in words)
    english = sum(word in _ENGLISH for word in words)
    return (
        len(words) >= _OTHER_WORDS
        and accented >= _ACCENTED_SHARE * len(words)
        and english < _ENGLISH_SHARE * len(words)
    )
