"""The measurement beside other programs, which the tests do not have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from assistant import Settings
from assistant.evaluation import peers
from assistant.evaluation.__main__ import main
from assistant.evaluation.peer_programs import PEERS, Peer
from assistant.evaluation.xquad import XquadFile, read_xquad
from assistant.types import Language

ENGLISH = (
    ("The old lighthouse was painted red in 1901. Its keeper lived alone.", "When was it painted?"),
    ("Honey bees dance to tell each other where flowers are.", "Why do bees dance?"),
    ("The bridge is closed on Mondays for repairs.", "When is the bridge closed?"),
)
CHINESE = (
    ("旧灯塔于1901年被漆成红色。守塔人独自居住。", "灯塔是哪一年漆成红色的？"),
    ("蜜蜂用舞蹈告诉同伴花在哪里。", "蜜蜂为什么跳舞？"),
    ("这座桥每逢星期一因维修而关闭。", "桥什么时候关闭？"),
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A handful of texts in XQuAD's format."""
    for language, rows in (("en", ENGLISH), ("zh", CHINESE)):
        paragraphs = [
            {
                "context": text,
                "qas": [
                    {
                        "id": str(number),
                        "question": question,
                        "answers": [{"text": text[:3], "answer_start": 0}],
                    }
                ],
            }
            for number, (text, question) in enumerate(rows)
        ]
        data = {"data": [{"title": "Things", "paragraphs": paragraphs}]}
        path = tmp_path / f"xquad.{language}.json"
        path.write_text(json.dumps(data), encoding="utf-8")
    return tmp_path


@pytest.fixture
def files(directory: Path) -> list[XquadFile]:
    return read_xquad(directory)


def test_missing_packages_are_one_sentence_with_the_command(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peers, "PACKAGES", ("json", "no_such_package"))
    with pytest.raises(SystemExit) as stopped:
        main(["peers", str(directory)])
    assert stopped.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "no_such_package" in said
    assert "json" not in said
    assert "pip install -e '.[peers]'" in said


def test_a_directory_without_xquad_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peers, "PACKAGES", ())
    assert main(["peers", str(tmp_path)]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert "is not a file of XQuAD" in said


def test_a_program_counts_by_what_it_finds_first(
    files: list[XquadFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that knows its own language only, and puts the last paragraph sixth."""
    held: dict[str, str] = {}

    def build(settings: Settings, folder: Path, texts: Mapping[str, str]) -> None:
        held.update(texts)

    def search(question: str, language: Language | None) -> Sequence[str]:
        own = "en" if question.isascii() else "zh"
        if language not in (None, own):
            return []
        number = [row[1] for row in (ENGLISH if own == "en" else CHINESE)].index(question)
        found = f"{own}-{number:04}"
        return [found] if number < 2 else [f"no-{i}" for i in range(5)] + [found]

    fake = Peer(build, lambda settings, folder: search)
    monkeypatch.setitem(PEERS, "fake", fake)
    peers.write_job(tmp_path, files)
    built, searched = (peers.measure(step, "fake", tmp_path) for step in ("build", "search"))
    assert held["en-0002"].strip() == ENGLISH[2][0]
    assert len(held) == 6
    built |= {"seconds": 2.0, "processor_s": 1.5, "peak_mb": 99.6}
    searched["seconds"] = [0.002, 0.010, 0.003]
    rows = {row: cell.split(" [")[0] for row, cell in peers.cells(files, built, searched).items()}
    assert rows["built, passages a second"] == "3.0"
    assert rows["… a second of processor time"] == "4.0"
    assert rows["building, peak MB"] == "100"
    assert rows["search, median ms"] == "3"
    for row, expected in (
        ("recall@5, en → en alone", "66.7"),
        ("recall@5, zh → zh alone", "66.7"),
        ("recall@5, en → zh alone", "0.0"),
        ("recall@5, zh → en alone", "0.0"),
        ("both in one index, en: own paragraph", "66.7"),
        ("both in one index, zh: other paragraph", "0.0"),
    ):
        assert rows[row] == expected, row


def test_ours_is_measured_in_processes_of_its_own(files: list[XquadFile]) -> None:
    rows = peers.measured("this one", files)
    recalls = [cell for row, cell in rows.items() if "→" in row or "own paragraph" in row]
    assert len(recalls) == 6
    assert {cell.split(" [")[0] for cell in recalls} == {"100.0"}
    assert float(rows["built, passages a second"]) > 0
    # A child counts what its parent held when it was started, which here may be anything.
    assert float(rows["searching, peak MB"]) > 100
