"""What became of each file, address or document that a change was about, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from assistant.types import Language

from .formats.document import Note
from .formats.languages import CHINESE_NAMES
from .library import Added
from .refusing import DocumentError

Result = Literal["new", "changed", "named", "same", "moved", "unnamed", "removed", "failed"]

_SAID: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "new": "{name} was added ({language}, {characters:,} characters).",
        "changed": "{name} was read again: it has changed ({language}, {characters:,} characters).",
        "named": "{name} holds the same text as {there} and is one more name for it.",
        "same": "{name} was not added again: the same text is there as {there}.",
        "moved": "{name} has moved; nothing else changed.",
        "unnamed": "{name} is gone; its text stays under its other names.",
        "removed": "{name} was removed.",
        "en": "English",
        "zh": "Chinese",
    },
    "zh": {
        "new": "已添加{name}（{language}，{characters}字符）。",
        "changed": "{name}已有改动，已重新读取（{language}，{characters}字符）。",
        "named": "{name}与{there}文本相同，记为其另一名称。",
        "same": "未重复添加{name}：同一文本已有，名为{there}。",
        "moved": "{name}已移动，其余未变。",
        "unnamed": "{name}已不存在；其文本仍以其他名称保留。",
        "removed": "已移除{name}。",
        "en": "英文",
        "zh": "中文",
    },
}
_NOTES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "scanned": "Pages {value} are pictures and were not read.",
        "recognised": "Pages {value} are pictures; their text was recognised and may hold errors.",
        "foreign": "Parts of it are in another language ({value}).",
        "repaired": "The file was damaged; what could be read was taken.",
        "left_out": "Left out: {value}.",
    },
    "zh": {
        "scanned": "第{value}页为图像，未能读取。",
        "recognised": "第{value}页为图像，文字由识别得出，可能有误。",
        "foreign": "部分内容为其他语言（{value}）。",
        "repaired": "文件已损坏，仅取可读部分。",
        "left_out": "未收入：{value}。",
    },
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file, address or document.

    place: its path or address, "" where it has none. id: the document's, "" where there is none.
    error: why it failed.
    """

    name: str
    result: Result
    id: str = ""
    place: str = ""
    there: str = ""
    language: Language = "en"
    characters: int = 0
    notes: tuple[Note, ...] = ()
    seconds: float = 0.0
    error: DocumentError | None = None

    @property
    def ok(self) -> bool:
        """Whether what was asked for is so now."""
        return self.result != "failed"

    @property
    def changes_index(self) -> bool:
        """Whether there is something to index, or to take out of the index."""
        return self.result in ("new", "changed", "removed")

    def said(self, language: Language) -> str:
        """The outcome in one sentence or more; it is not escaped."""
        if self.error is not None:
            return self.error.said(language)
        said = _SAID[language]
        sentence = said[self.result].format(
            name=self.name,
            there=self.there,
            language=said[self.language],
            characters=self.characters,
        )
        gap = " " if language == "en" else ""
        return gap.join([sentence, *told(self.notes, language)])

    def data(self) -> dict[str, Any]:
        """The outcome for JSON."""
        reason = self.error.reason if self.error else ""
        return asdict(replace(self, error=None)) | {"error": reason, "said": self.said("en")}


def told(notes: Sequence[Note], language: Language) -> list[str]:
    """The notes on a document as sentences."""
    names = CHINESE_NAMES if language == "zh" else {}
    return [
        _NOTES[language][note.kind].format(value=names.get(note.value, note.value))
        for note in notes
    ]


def of_added(added: Added, name: str, place: str = "", seconds: float = 0.0) -> Outcome:
    """The outcome of an addition."""
    return Outcome(
        name=name,
        result=added.status,
        id=added.id,
        place=place,
        there=added.name,
        language=added.language,
        characters=added.characters,
        notes=added.notes,
        seconds=seconds,
    )


def of_error(error: DocumentError, name: str, place: str = "", seconds: float = 0.0) -> Outcome:
    """The outcome of what failed."""
    return Outcome(name=name, result="failed", place=place, seconds=seconds, error=error)
