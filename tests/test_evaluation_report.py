"""The report of a run: what it is made of."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant import AssistantError
from assistant.evaluation.report import write_report

from .fabricated_run import Row, row, rows, write_run
from .test_ui import ATTACK

HOSTILE = "</script><script>alert(1)</script><!--" + ATTACK


def page_of(directory: Path, made: Sequence[Row], **changes: Any) -> str:
    return write_report(write_run(directory, made, **changes)).read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    """What the page's script reads."""
    packed = re.search(r'id="data">([^<]*)<', page)
    assert packed
    data: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed[1])))
    return data


def test_the_page_needs_no_network_and_no_other_file(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows())
    assert page == write_report(tmp_path).read_text(encoding="utf-8")
    assert not re.search(r"https?://|\bsrc=|<link|@import|url\((?!#)", page)
    assert "default-src 'none'" in page
    assert not re.search(r"\sstyle=|<style[^>]*>\*\{", page)


def test_no_id_is_given_twice_and_every_reference_has_its_target(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows())
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', page)) <= set(ids)


def test_the_header_says_with_what_the_run_was_made(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows(), judge="a-judge", problems=["x.jsonl, line 3: <no> question"])
    for words in (
        *("made-up.jsonl", "20260101-abcdef", "bundled", "0123456789ab", "a-judge"),
        *("2026-11-22 23:40:00 UTC", "7.25 s, 2 workers", "torch", "passages"),
        *("1 problem", "x.jsonl, line 3: &lt;no&gt; question"),
    ):
        assert words in page


def test_what_a_run_holds_never_becomes_markup(tmp_path: Path) -> None:
    made = [row(1, question=HOSTILE, kind=HOSTILE, set=HOSTILE), row(2)]
    page = page_of(tmp_path, made, name=HOSTILE, problems=[HOSTILE], settings={HOSTILE: HOSTILE})
    assert HOSTILE not in page
    assert "<img" not in page
    # One for the data, one for the program.
    assert page.count("<script") == page.count("</script>") == 2


def test_a_passage_shared_by_many_questions_is_kept_once(tmp_path: Path) -> None:
    data = data_of(page_of(tmp_path, rows(60)))
    assert sorted(data["texts"]) == sorted(set(data["texts"]))
    assert len(data["texts"]) == 7


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda d: (d / "metrics.json").unlink(), "metrics.json cannot be read"),
        (lambda d: (d / "results.jsonl").unlink(), "results.jsonl cannot be read"),
        (lambda d: (d / "metrics.json").write_text("{"), "metrics.json cannot be read"),
        (lambda d: (d / "metrics.json").write_text("[]"), "metrics.json cannot be read"),
        (
            lambda d: (d / "results.jsonl").write_text('{"set": "a"}\n'),
            "results.jsonl cannot be read",
        ),
        (lambda d: (d / "results.jsonl").write_bytes(b"\xff"), "results.jsonl cannot be read"),
    ],
)
def test_a_run_that_is_not_whole_is_refused_in_one_sentence(
    tmp_path: Path, break_it: Any, says: str
) -> None:
    directory = write_run(tmp_path / "run", [row()])
    break_it(directory)
    with pytest.raises(AssistantError, match=says):
        write_report(directory)
