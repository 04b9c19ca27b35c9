"""Why a document is not taken, or not taken out, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from assistant.errors import CorpusError
from assistant.types import Language

Reason = Literal[
    "kind", "unreadable", "too_large", "empty", "binary", "encoding", "shipped", "unknown", "disk"
]

_SAID: Mapping[Language, Mapping[Reason, str]] = {
    "en": {
        "kind": "{name} was not added: only plain text (.txt) and Markdown (.md) can be.",
        "unreadable": "{name} was not added: it cannot be read ({why}). Choose another file.",
        "too_large": "{name} was not added: it is larger than {mb} MB. Split it, or raise "
        "ASSISTANT_UPLOAD_MB.",
        "empty": "{name} was not added: it holds no text beside headings. Choose another file.",
        "binary": "{name} was not added: it is no text, whatever its name says. Save its words as "
        "plain text.",
        "encoding": "{name} was not added: its encoding cannot be told. Save it as UTF-8.",
        "shipped": "{name} came with the assistant and cannot be removed; documents that were "
        "added can.",
        "unknown": "There is no document {name!r} to remove; it may be gone already.",
        "disk": "The library {name} cannot be written ({why}). Mend that and try again.",
    },
    "zh": {
        "kind": "未添加{name}：只能添加纯文本（.txt）和Markdown（.md）。",
        "unreadable": "未添加{name}：无法读取（{why}）。请另选文件。",
        "too_large": "未添加{name}：超过{mb} MB。请拆分，或调高ASSISTANT_UPLOAD_MB。",
        "empty": "未添加{name}：除标题外没有文字。请另选文件。",
        "binary": "未添加{name}：虽有此名，但并非文本。请将其文字另存为纯文本。",
        "encoding": "未添加{name}：无法判断编码。请另存为UTF-8。",
        "shipped": "{name}为随附资料，不能移除；只能移除后来添加的资料。",
        "unknown": "没有可移除的资料{name!r}，可能已被移除。",
        "disk": "无法写入资料库{name}（{why}）。请排除问题后重试。",
    },
}


class DocumentError(CorpusError):
    """A document that cannot be added or removed; library and index are as they were."""

    def __init__(self, reason: Reason, name: str, **values: object) -> None:
        """`name` is the document's; `values` fill what else the sentence holds."""
        self.reason: Reason = reason
        self._values = {"name": name, **values}
        super().__init__(self.said("en"))

    def said(self, language: Language) -> str:
        """The cause and the next step, in the asked language."""
        return _SAID[language][self.reason].format(**self._values)
