"""A second reading of claims by the chat model: does the cited text say this?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..prompts import judge_messages
from ..types import Language, Support
from .model_run import ModelRun

Verdict = Support
_LINE = re.compile(r"^\W*(\d{1,3})\W+(yes|partly|no|是|部分|否)", re.IGNORECASE)
_WORDS: dict[str, Verdict] = {
    "yes": "supported",
    "partly": "partly",
    "no": "unsupported",
    "是": "supported",
    "部分": "partly",
    "否": "unsupported",
}
# As many claims go into one call: long lists make small models lose count.
_BATCH = 8


def judge_claims(
    run: ModelRun, claims: Sequence[tuple[str, str]], language: Language
) -> list[Verdict | None]:
    """What the model says of each pair of a claim and its text; None where it says nothing usable.

    Raises ChatModelError when the model cannot be asked.
    """
    verdicts: list[Verdict | None] = []
    for at in range(0, len(claims), _BATCH):
        part = claims[at : at + _BATCH]
        verdicts += parse_verdicts(run.ask(judge_messages(part, language)), len(part))
    return verdicts


def parse_verdicts(reply: str, count: int) -> list[Verdict | None]:
    """The verdicts of a reply of lines such as "2: partly"; a number said twice counts for none."""
    found: dict[int, Verdict | None] = {}
    for line in reply.splitlines():
        if match := _LINE.match(line):
            number = int(match[1])
            verdict = _WORDS[match[2].lower()]
            found[number] = None if found.get(number, verdict) != verdict else verdict
    return [found.get(number) for number in range(1, count + 1)]
