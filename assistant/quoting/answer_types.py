"""Does a sentence hold what a question asks for: a date for "when", a number for "how many"."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..planning.questions import Question
from ..retrieval.figures import figures
from ..retrieval.language import simplified
from ..types import Language

_DATE = {
    "en": re.compile(
        r"\b(?:1[5-9]|20)\d\d\b|\b(?:january|february|march|april|june|july|august|september|"
        r"october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
        r"century|decade)\b|\b(?:in|on|of) May\b|\bMay \d|\d May\b",
        re.IGNORECASE,
    ),
    "zh": re.compile("[0-9零〇一二三四五六七八九十]+(?:年|月|日|号|世纪)|周[一二三四五六日]|星期"),
}
# "When does it …?" asks as often for what must come first as for a date.
_HABIT = {
    "en": re.compile(r"\bwhen (?:do|does)\b", re.IGNORECASE),
    "zh": re.compile("(?:何时|什么时候|啥时候)(?:才?会|才?能|应|需要|可以)"),
}
_NUMBER = {
    "en": re.compile(
        r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|"
        r"forty|fifty|hundreds?|thousands?|millions?|billions?|dozens?|half|third|quarter|"
        r"several|double|twice|once)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        "[0-9]|[一二两三四五六七八九十百千万亿半]+[个家项份种次人所条名倍成分只座年月天]|数[十百千万]"
    ),
}
# What is counted, where the question says so: (the question's words, the evidence's words).
_UNITS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        re.compile(
            r"how much (?:\w+ )?(?:money|capital|funding|funds|investment|cash|revenue|rent)\b|"
            r"how much .*\b(?:cost|pay|paid|invest|invested|spend|spent|worth|raise|raised)\b|"
            r"\bbudget\b|多少钱|多少资金|多少投资|多少经费|多少预算|预算是多少|投资额|(?:金额|费用|成本)是?多少",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:yuan|rmb|dollars?|euros?|pounds?|usd)\b|[$€£¥]|元|美金|欧元|英镑", re.IGNORECASE
        ),
    ),
    (
        re.compile(
            r"how many (?:\w+ )?(?:people|employees|staff|workers|persons|students|members)\b|"
            r"多少[名位]?(?:员工|人|职工|学生|成员)|几[名位]",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:people|persons?|employees|staff|workers|students|members)\b|人|名|位",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(
            r"what (?:percentage|share|proportion)\b|percent|百分之|占比|比例", re.IGNORECASE
        ),
        re.compile(r"%|％|per ?cent|percentage|百分之|成|half|third|quarter|分之", re.IGNORECASE),
    ),
)
_REASON = {
    "en": re.compile(
        r"\b(?:because|since|as a result|due to|owing to|so that|in order to|reasons?|therefore|"
        r"thus|hence|aims?|purpose)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile("因为|由于|因此|所以|为了|以便|旨在|原因|目的|在于|从而|导致|使得"),
}
_LIST = {
    "en": re.compile(r",[^,.;]+,? (?:and|or) \w|:[^,]+,|; "),
    "zh": re.compile("、[^。，]*[、和及与]|：[^。]*[、；]|和[^。，]*、"),
}


def meets_kind(question: Question, surfaces: Mapping[Language, str]) -> bool | None:
    """Whether the sentence holds what the question asks for; None when its kind asks nothing.

    What the question says itself does not count: "When in 2015 …?" is not answered by "2015".
    """
    language = question.language if question.language in surfaces else next(iter(surfaces))
    text = surfaces[language]
    match question.kind:
        case "when":
            if _HABIT[question.language].search(simplified(question.text)):
                return None
            return bool(_DATE[language].search(_without_figures(text, question.text)))
        case "number":
            return _counts(question, text, language)
        case "list":
            return bool(_LIST[language].search(text)) or None
        case "why":
            return bool(_REASON[language].search(text)) or None
        case _:
            return None


def _counts(question: Question, text: str, language: Language) -> bool:
    if not _NUMBER[language].search(_without_figures(text, question.text)):
        return False
    asked = simplified(question.asked)
    return all(unit.search(text) for words, unit in _UNITS if words.search(asked))


def _without_figures(text: str, question: str) -> str:
    known = figures(question)
    return re.sub(
        r"\d[\d,.]*\d|\d", lambda m: " " if figures(m.group()) <= known else m.group(), text
    )
