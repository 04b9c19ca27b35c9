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
from assistant.evaluation.results import Result
from assistant.evaluation.verdicts import failures_of, is_right

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


# ---- verdicts ----


@pytest.mark.parametrize(
    ("made", "right", "failures"),
    [
        (row(), True, ()),
        (row(right=0.0), False, ("wrong", "not-cited")),
        (row(status="partial", right=0.0), False, ("refused",)),
        (row(status="refused", answerable=False), True, ()),
        (row(status="partial", answerable=False, near_miss=True), True, ()),
        (row(answerable=False, near_miss=True), False, ("near-miss",)),
        (row(answerable=False), False, ("far",)),
        (row(answer=None, error="Too long.", right=0.0), False, ("error",)),
        (row(answer=None, error="Too long.", answerable=False), False, ("error",)),
    ],
)
def test_each_outcome_has_its_verdict_and_its_failures(
    made: Row, right: bool, failures: tuple[str, ...]
) -> None:
    result = Result.from_dict(made)
    assert is_right(result) is right
    assert failures_of(result) == failures


def test_a_question_without_gold_answers_is_not_judged() -> None:
    made = row()
    made["scores"]["contains"] = None
    assert is_right(Result.from_dict(made)) is None
    assert failures_of(Result.from_dict(made)) == ()


def test_invalid_quotes_and_a_wrong_language_are_failures_of_any_answer() -> None:
    made = row()
    made["scores"] |= {"quotes": 3, "quotes_valid": 2, "language_ok": 0}
    assert failures_of(Result.from_dict(made)) == ("quote", "language")


# ---- the file ----


def test_the_page_needs_no_network_and_no_other_file(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows())
    assert not re.search(r"https?://|\bsrc=|<link|@import|url\((?!#)", page)
    assert "default-src 'none'" in page
    assert not re.search(r"\sstyle=|<style[^>]*>\*\{", page)


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    made = rows()
    assert page_of(tmp_path / "a", made) == page_of(tmp_path / "b", made)


def test_no_id_is_given_twice_and_every_reference_has_its_target(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows())
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', page)) <= set(ids)


def test_the_header_says_with_what_the_run_was_made(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows(), judge="a-judge", problems=["x.jsonl, line 3: <no> question"])
    for words in (
        *("made-up.jsonl", "20260101-abcdef", "bundled", "0123456789ab", "a-judge"),
        *("22 November 2026, 23:40 UTC", "7.2 s, 2 workers", "torch", "passages"),
        *("1 problem", "x.jsonl, line 3: &lt;no&gt; question"),
    ):
        assert words in page


def test_every_metric_stands_in_the_table_with_its_interval(tmp_path: Path) -> None:
    directory = write_run(tmp_path, rows())
    metrics = json.loads((directory / "metrics.json").read_text(encoding="utf-8"))
    metrics["groups"][0]["metrics"]["new@9"] = {"value": 0.25, "low": 0.125, "high": 0.5, "n": 4}
    (directory / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    page = write_report(directory).read_text(encoding="utf-8")
    cells = "<td>–</td><td>–</td><td>25.0 %<small>12.5–50.0</small></td>"
    assert f'<th scope="row">new@9</th>{cells}' in page


def test_what_a_run_holds_never_becomes_markup(tmp_path: Path) -> None:
    made = [row(1, question=HOSTILE, kind=HOSTILE, set=HOSTILE), row(2)]
    page = page_of(tmp_path, made, name=HOSTILE, problems=[HOSTILE], settings={HOSTILE: HOSTILE})
    assert HOSTILE not in page
    assert "<img" not in page
    # One for the data, one for the program.
    assert page.count("<script") == page.count("</script>") == 2


def test_names_of_kinds_may_be_chinese_or_formulas_or_unprintable(tmp_path: Path) -> None:
    kinds = ["数字与多少", "$x^2$", "a\x00b", "k" * 40]
    page = page_of(tmp_path, [row(i, kind=kind) for i, kind in enumerate(kinds)])
    for name in ("数字与多少 (1)", "$x^2$ (1)", "ab (1)", "kkkkkkkkkkkkk… (1)"):
        assert f">{name}</text>" in page


def test_a_passage_shared_by_many_questions_is_kept_once(tmp_path: Path) -> None:
    data = data_of(page_of(tmp_path, rows(60)))
    assert sorted(data["texts"]) == sorted(set(data["texts"]))
    assert len(data["texts"]) == 7


def test_a_citation_is_shown_in_the_passage_that_holds_its_quotes(tmp_path: Path) -> None:
    moved = row(2)
    moved["answer"]["citations"][0]["quotes"][0]["start"] += 1
    first, second = data_of(page_of(tmp_path, [row(1), moved]))["questions"]
    assert first["answer"]["citations"][0]["around"]["start"] == 500
    assert second["answer"]["citations"][0]["around"] is None
    assert [hit["gold"] for hit in first["hits"]] == [True] + 5 * [False]


def test_undefined_scores_reach_the_page_as_null(tmp_path: Path) -> None:
    made = row()
    made["scores"] |= {"f1": float("nan"), "mrr": None}
    scores = data_of(page_of(tmp_path, [made]))["questions"][0]["scores"]
    assert (scores["f1"], scores["mrr"]) == (None, None)


def test_half_a_surrogate_pair_does_no_harm(tmp_path: Path) -> None:
    directory = write_run(tmp_path, [row(question="BROKEN", kind="BROKEN")])
    for name in ("results.jsonl", "metrics.json"):
        text = (directory / name).read_text(encoding="utf-8")
        (directory / name).write_text(text.replace("BROKEN", "\\ud800!"), encoding="utf-8")
    page = write_report(directory).read_text(encoding="utf-8")
    assert data_of(page)["questions"][0]["question"] == "?!"


def test_five_hundred_questions_over_a_large_corpus_stay_small(tmp_path: Path) -> None:
    import random

    chance = random.Random(0)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(3000)]
    weights = [1 / (place + 1) for place in range(len(words))]
    made = rows(500)
    for one in made:
        for hit in one["answer"]["hits"]:
            hit["text"] = " ".join(chance.choices(words, weights, k=120))
    assert len(page_of(tmp_path, made).encode()) < 1_500_000


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda d: (d / "metrics.json").unlink(), "has not finished: no metrics.json"),
        (lambda d: (d / "results.jsonl").unlink(), "has not finished: no results.jsonl"),
        (lambda d: (d / "metrics.json").write_text("{"), "metrics.json is damaged"),
        (lambda d: (d / "metrics.json").write_text("[]"), "metrics.json is damaged"),
        (lambda d: (d / "metrics.json").write_text("{}"), "holds no groups of a run"),
        (lambda d: (d / "results.jsonl").write_text("\n"), "holds no question"),
        (lambda d: (d / "results.jsonl").write_text('{"set": "a"}\n'), "line 1 is no result"),
        (lambda d: (d / "results.jsonl").write_bytes(b"\xff"), "cannot be read"),
    ],
)
def test_a_run_that_is_not_whole_is_refused_in_one_sentence(
    tmp_path: Path, break_it: Any, says: str
) -> None:
    directory = write_run(tmp_path / "run", [row()])
    break_it(directory)
    with pytest.raises(AssistantError, match=says):
        write_report(directory)


def test_a_directory_that_is_no_run_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="is not the directory of a run"):
        write_report(tmp_path)
    with pytest.raises(AssistantError, match="There is no directory"):
        write_report(tmp_path / "nothing")
