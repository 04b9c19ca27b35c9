"""Every sentence that the assistant itself says, in both languages."""

from __future__ import annotations

from .types import Language

_TEXTS: dict[str, dict[Language, str]] = {
    "partial": {
        "en": "The sources do not say this. The closest passages are:",
        "zh": "资料中没有直接的回答。最接近的段落是：",
    },
    "refused": {
        "en": "The sources do not answer this question. Searched: {documents}.",
        "zh": "资料没有回答这个问题。已检索：{documents}。",
    },
    "unknown": {
        "en": "The sources never mention {names}.",
        "zh": "资料中从未提到{names}。",
    },
    "absent": {
        "en": "The sources mention {names}, but not together with what is asked.",
        "zh": "资料提到了{names}，但没有与所问内容联系起来。",
    },
    "unsaid": {
        "en": "The closest passages say nothing of {names}.",
        "zh": "最接近的段落没有提到{names}。",
    },
    "when": {
        "en": "The closest passages give no date for it.",
        "zh": "最接近的段落没有给出时间。",
    },
    "number": {
        "en": "The closest passages give no figure for it.",
        "zh": "最接近的段落没有给出数字。",
    },
    "who": {
        "en": "The closest passages name nobody for it.",
        "zh": "最接近的段落没有点出是谁。",
    },
    "where": {
        "en": "The closest passages name no place for it.",
        "zh": "最接近的段落没有给出地点。",
    },
    "far": {
        "en": "Nothing in the sources comes near to it.",
        "zh": "资料中没有与之相近的内容。",
    },
    "doubtful": {
        "en": "Passages on the subject were found, but none clearly answers.",
        "zh": "找到了相关的段落，但都没有明确回答。",
    },
    "untranslated": {
        "en": "Quoted in the original language: no translation is at hand.",
        "zh": "以下为原文：没有现成的译文。",
    },
    "and": {"en": ", ", "zh": "、"},
    "stop": {"en": " ", "zh": ""},
}


def say(key: str, language: Language, **values: str) -> str:
    """The sentence for `key` in a language, its gaps filled."""
    return _TEXTS[key][language].format(**values)


def enumerate_names(names: tuple[str, ...], language: Language) -> str:
    """Names as one phrase, quoted so that they stand out."""
    marks = ("“", "”")
    return say("and", language).join(f"{marks[0]}{name}{marks[1]}" for name in names)
