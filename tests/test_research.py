"""How things were fitted still runs: each script's help, and the parts that need no hour."""

from __future__ import annotations

import json
import random
import runpy
import sys
from pathlib import Path

import pytest

from assistant.quoting.decision import DEFAULT, FITS, decision_for
from assistant.retrieval.bundled_model import materialise
from assistant.settings import Settings
from research.fit_decision import keep_fit
from research.fit_reader import PairEncoder, held_out
from research.reading_pairs import natural_pairs, reading_pairs

TEXT = "Vanke opened a centre in Hamburg in 2014."
NAMED = {"question": "Where did Vanke open a centre?", "id": "1"}
ANSWER = {"text": "Hamburg", "answer_start": TEXT.index("Hamburg")}
CHINESE = "万科于2014年在汉堡设立了创新中心。"


@pytest.mark.parametrize("script", ["fit_decision", "fit_reader", "recipes", "second_encoder"])
def test_each_script_tells_what_it_takes(
    script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    monkeypatch.delitem(sys.modules, f"research.{script}", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"research.{script}", run_name="__main__")
    assert ended.value.code == 0
    assert f"python -m research.{script}" in capsys.readouterr().out


@pytest.fixture
def reading(tmp_path: Path) -> Path:
    """A folder with the two reading sets, of one or two questions, and XQuAD's files."""
    near_miss = {"question": "When did Vanke leave?", "answers": [], "is_impossible": True}
    english = {"context": TEXT, "qas": [{**NAMED, "answers": [ANSWER]}, near_miss]}
    asked = {"question": "万科在哪里设立了创新中心？", "id": "1"}
    answers = [{"text": "汉堡", "answer_start": CHINESE.index("汉堡")}]
    chinese = {"context": CHINESE, "qas": [{**asked, "answers": answers}]}
    many = [{"title": str(i), "paragraphs": [chinese]} for i in range(1000)]
    for name, articles in {
        "squad2-fit.json": [{"title": "Warsaw", "paragraphs": [english]}],
        "cmrc2018-fit.json": many,
        "xquad.en.json": [
            {"title": "Warsaw", "paragraphs": [{**english, "qas": english["qas"][:1]}]}
        ],
        "xquad.zh.json": [{"title": "Warsaw", "paragraphs": [chinese]}],
    }.items():
        (tmp_path / name).write_text(json.dumps({"data": articles}), encoding="utf-8")
    return tmp_path


def test_pairs_are_natural_swapped_and_across_languages(reading: Path) -> None:
    pairs = reading_pairs(reading, reading, seed=1)
    assert {pair.kind for pair in pairs} >= {"answerable", "near_miss", "swapped"}
    assert {pair.crossed for pair in pairs} == {True, False}
    assert any(held_out(pair.group) for pair in natural_pairs(reading))
    for pair in pairs:
        for start, end in pair.spans:
            assert pair.passage[start:end] in ("Hamburg", "汉堡")


def test_a_pair_is_encoded_with_its_span(reading: Path) -> None:
    encoder = PairEncoder(materialise(Settings.load().cache))
    pair = natural_pairs(reading)[0]
    encoded = encoder.encode(pair, random.Random(0))
    ((first, last),) = encoded.spans
    places = encoded.offsets[first - encoded.passage_start : last - encoded.passage_start + 1]
    assert TEXT[places[0][0] : places[-1][1]].strip() == "Hamburg"


def test_a_fit_is_kept_under_the_fingerprint_by_which_it_is_looked_up(tmp_path: Path) -> None:
    file = tmp_path / FITS.name
    file.write_bytes(FITS.read_bytes())
    (shipped,) = json.loads(file.read_text(encoding="utf-8"))
    fingerprint = "another-model@1f2e3d"
    assert decision_for(fingerprint, file).model == DEFAULT
    made = json.loads(file.read_text(encoding="utf-8"))[shipped]
    made["fits"]["en"]["refused"] = 0.123
    keep_fit(fingerprint, made, file)
    found = decision_for(fingerprint, file)
    assert (found.model, found.fits["en"].refused) == (fingerprint, 0.123)
    assert decision_for(shipped, file) == decision_for(shipped)
