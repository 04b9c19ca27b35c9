"""A chat model that translates the tiny corpus, or says what it is told to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.errors import ChatModelError
from assistant.types import Usage

from .tiny import CHINESE, ENGLISH

# What translates the lines of ENGLISH into those of CHINESE.
RIGHT = {
    ours.removeprefix("# "): theirs.removeprefix("# ")
    for ours, theirs in zip(ENGLISH.split("\n"), CHINESE.split("\n"), strict=True)
    if ours
}
FIRST, MONEY, LAST = (
    "In May 2016 there were 12,000 firms.",
    "They had 1.6 billion yuan.",
    "All grew.",
)


@dataclass
class FakeReply:
    """What `ChatModel.ask` gives back."""

    text: str
    cut_off: bool = False
    usage: Usage = field(default_factory=lambda: Usage(1, 100, 10))


@dataclass
class FakeModel:
    """A chat model that says what it is told to; `replies` are those to one line, in order."""

    replies: dict[str, list[str | ChatModelError | FakeReply]] = field(default_factory=dict)
    name: str = "fake:model"
    asked: list[str] = field(default_factory=list)
    messages: list[Sequence[tuple[str, str]]] = field(default_factory=list)
    closed: bool = False

    def ask(self, messages: Sequence[tuple[str, str]]) -> FakeReply:
        line = json.loads(messages[1][1])["line"]
        self.asked.append(line)
        self.messages.append(messages)
        reply = self.replies[line].pop(0) if self.replies.get(line) else RIGHT.get(line, "一。")
        if isinstance(reply, ChatModelError):
            raise reply
        return reply if isinstance(reply, FakeReply) else FakeReply(reply)

    def close(self) -> None:
        self.closed = True
