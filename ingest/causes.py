"""What is wrong with a file, in Chinese; readers of files tell it in English."""

from __future__ import annotations

import re
from collections.abc import Mapping

_CHINESE: Mapping[str, str] = {
    "it is not there": "文件不存在",
    "it is no file": "不是文件",
    "it is no (PDF|DOCX|EPUB) file": r"并非\1文件",
    "it has no body": "缺少正文",
    "it was cut off or changed": "不完整或被改动过",
    "its container names no book": "容器中未指明书籍",
    "its list of chapters is missing": "缺少章节列表",
    "its part (.+) cannot be unpacked": r"其中的\1无法解压",
    "its part (.+) is no valid XML": r"其中的\1不是有效的XML",
    "its parts are nested without end": "内部嵌套没有止境",
    "its parts cannot be found": "找不到其组成部分",
    "its protection cannot be undone": "无法解除其保护",
    "its protection is of an unknown kind": "其保护方式不明",
    "none of its pages can be loaded": "没有一页能够载入",
}


def cause_zh(cause: str) -> str:
    """A cause in Chinese; what libraries and systems say stays as they say it."""
    for pattern, chinese in _CHINESE.items():
        if match := re.fullmatch(pattern, cause, re.S):
            return match.expand(chinese)
    return cause
