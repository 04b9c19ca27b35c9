"""`python -m assistant.evaluation run …` as a user types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from assistant import Assistant, Settings
from assistant.evaluation.__main__ import main

WHO = '{"id": "who", "question": "Who did Vanke sign with?", "answers": ["Provenience"]}'
FAR = '{"id": "far", "question": "How tall is Mount Everest?", "answerable": false}'


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, built_settings: Settings, tmp_path: Path) -> None:
    """The shipped corpus and its index, and runs that no other test sees."""
    monkeypatch.setenv("ASSISTANT_HOME", str(built_settings.home))
    monkeypatch.setenv("ASSISTANT_CORPUS", str(built_settings.corpus))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.jsonl"
    path.write_text(f"{WHO}\n{FAR}\n", encoding="utf-8")
    return path


def test_a_run_prints_its_table_and_where_it_is_kept(
    small: Path, built_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(small)]) == 0
    (directory,) = (built_settings.home / "evaluation" / "runs").glob("small-*")
    first = capsys.readouterr().out
    assert str(directory) in first
    assert "small: 2 questions" in first
    assert "Nothing was asked" not in first
    assert main(["run", str(small)]) == 0
    again = capsys.readouterr().out
    assert again.startswith(first)
    assert "Nothing was asked: this run was finished before. --again asks anew." in again
    assert main(["run", str(small), "--again"]) == 0
    assert "Nothing was asked" not in capsys.readouterr().out
    assert len(list(directory.parent.glob("small-*"))) == 2


def test_broken_lines_are_told_and_the_others_asked(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write_text(f"{WHO}\nnot json\n" + "5\n" * 30, encoding="utf-8")
    assert main(["run", str(small), "--out", "run", "--verbose"]) == 0
    said = capsys.readouterr()
    assert f"evaluation: {small}, line 2: not JSON" in said.err
    assert "evaluation: … and 11 more problems" in said.err
    assert "small: 1 questions" in said.out
    assert len(json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))["problems"]) == 31


def test_a_table_of_other_peoples_columns_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "theirs.csv").write_text(
        "Frage,Antwort\nWho did Vanke sign with?,Provenience\nWho?,nobody\n", encoding="utf-8-sig"
    )
    names = ["--map", "Frage=question", "--map", "Antwort=answers"]
    assert main(["run", "theirs.csv", *names, "--limit", "1", "--out", "run"]) == 0
    assert re.search(r"Right answer +100 %", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("floor", "code", "said"),
    [
        ("en:contains=0.9", 0, ""),
        ("far_recall=1.0", 0, ""),
        ("quotes_valid=100%", 0, ""),
        ("latency_ms_p95=0.001", 4, "latency_ms_p95 is"),
        ("near_miss_recall=0.9", 1, "near_miss_recall has no value"),
        ("contans=0.9", 1, "Did you mean 'contains'"),
    ],
)
def test_a_floor_sets_the_exit_code(
    small: Path, floor: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", str(small), "--out", "run", "--fail-under", floor]
    assert main([*arguments, "--fail-under", "all:f1=0"]) == code
    assert said in capsys.readouterr().err


def test_an_impossible_floor_is_refused_before_anything_is_asked(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Assistant, "ask", None)
    assert main(["run", str(small), "--fail-under", "contans=1"]) == 1
    assert main(["run", str(small), "--fail-under", "zh:contains=1"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nowhere.jsonl"], "The question set nowhere.jsonl cannot be read"),
        (["run", "empty.csv"], "empty.csv holds no question"),
        (["run", "small.jsonl", "--map", "a=question"], "'a', which no set has"),
        (["run", "small.jsonl", "--out", "small.jsonl"], "small.jsonl is a file"),
        (["run", "small.jsonl", "small.jsonl"], "2 of the sets are called 'small'"),
        (["compare", "nowhere", "elsewhere"], "nowhere"),
        (["xquad", "nowhere"], "nowhere"),
        (["speed", "nowhere.jsonl"], "nowhere.jsonl"),
    ],
)
def test_trouble_is_one_sentence_on_stderr(
    small: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    small.with_name("empty.csv").write_text("question,answers\n", encoding="utf-8")
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.err.startswith("evaluation: ")
    assert message in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["run"],
        ["run", "a.jsonl", "--workers", "0"],
        ["run", "a.jsonl", "--limit", "-1"],
        ["run", "a.jsonl", "--map", "question"],
        ["nonsense"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    "command",
    "run compare consistency xquad xquad-answers xquad-refusal speed fit".split(),
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out
