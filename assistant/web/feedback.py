"""What readers think of answers, kept as a question set that the evaluation can read.

Each line of the file is a question. An answer that helped says what its evidence is; of one that
was wrong nothing is known but that it was: what was said stands under `said`, which the
evaluation ignores, until somebody fills in `answers`, `evidence` or `answerable`.
"""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Literal, get_args

from .. import AssistantError
from ..retrieval.language import question_language
from .records import Exchange

Verdict = Literal["helpful", "wrong", "wrong_source"]
# A page of text.
COMMENT_CHARACTERS = 2_000
# Anybody who may ask may also give feedback: it must not fill the disk.
# At 2 kB each these are 25,000 judgements.
MOST_BYTES = 50_000_000
# A line is written in milliseconds: a lock that is held for so long will not come free.
_WAIT_S = 10.0


def save_feedback(path: Path, exchange: Exchange, verdict: Verdict, comment: str = "") -> None:
    """Add one line to the file, which is made where there is none; safe from many processes.

    Raises ValueError for another verdict, a comment that is too long, or a question that got no
    answer, AssistantError when the line cannot be written; the file is then as it was.
    """
    line = json.dumps(_row(exchange, verdict, comment), ensure_ascii=False) + "\n"
    try:
        _append(path, line.encode())
    except OSError as error:
        raise AssistantError(
            "Your feedback could not be kept: the server's file for it cannot be written "
            f"({error.strerror or error}). Tell whoever runs this server. "
            "您的反馈未能保存，请告知服务器的管理者。"
        ) from error


def _row(exchange: Exchange, verdict: str, comment: str) -> dict[str, Any]:
    if verdict not in get_args(Verdict):
        raise ValueError(f"The verdict must be one of {', '.join(get_args(Verdict))}.")
    if exchange.error:
        raise ValueError("This question got no answer to judge. 这个问题没有得到可评价的回答。")
    comment = comment.strip().encode("utf-8", "replace").decode()
    if len(comment) > COMMENT_CHARACTERS:
        raise ValueError(
            f"The comment has {len(comment):,} characters, the most is {COMMENT_CHARACTERS:,}. "
            f"Shorten it. 评论过长，最多{COMMENT_CHARACTERS}字，请缩短。"
        )
    said = {
        "asked": exchange.question,
        "status": exchange.status,
        "text": exchange.text,
        "composer": exchange.composer,
        "citations": _quotes(exchange),
    }
    return {
        "id": uuid.uuid4().hex,
        "question": exchange.stand_alone,
        "language": question_language(exchange.question),
        "kind": "feedback",
        **_gold(exchange, verdict),
        "verdict": verdict,
        "comment": comment,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "said": said,
    }


def _gold(exchange: Exchange, verdict: str) -> dict[str, Any]:
    """What the verdict says about a right answer, in the evaluation's fields."""
    answered = exchange.status == "answered"
    if verdict == "helpful":
        if answered:
            return {"answerable": True, "evidence": _quotes(exchange)}
        return {"answerable": False, "near_miss": exchange.status == "partial"}
    if verdict == "wrong" and answered:
        # Whether the sources answer at all is open: the evaluation says that such questions are
        # there, and does not reward the same answer.
        return {}
    return {"answerable": True}


def _quotes(exchange: Exchange) -> list[dict[str, str]]:
    # Without offsets: the words are found again after their document was edited.
    return [
        {"source": cited.source_id, "text": quote.text}
        for cited in exchange.citations
        for quote in cited.quotes
    ]


def _append(path: Path, line: bytes) -> None:
    """Write all of the line or nothing; raises OSError."""
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{path}.lock", timeout=_WAIT_S), path.open("a+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size and not _ends_in_newline(file, size):  # left by a program that was killed
                line = b"\n" + line
            if size + len(line) > MOST_BYTES:
                raise OSError(f"it has reached {MOST_BYTES:,} bytes")
            try:
                written = file.write(line)
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
            if written != len(line):
                file.truncate(size)
                raise OSError("the disk is full")
    except Timeout as error:
        raise OSError("another program holds its lock") from error


def _ends_in_newline(file: FileIO, size: int) -> bool:
    file.seek(size - 1)
    return file.read(1) == b"\n"
