"""The glossary, names across languages, answer types and the decision to answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.errors import CorpusError
from assistant.planning.naming import plain, stands_in
from assistant.planning.questions import understand
from assistant.quoting.answer_types import meets_kind
from assistant.quoting.decision import DEFAULT, Decision, Evidence, decision_for
from assistant.retrieval.glossary import Glossary
from assistant.retrieval.index import Index
from assistant.types import LANGUAGES, Language


def test_names_do_not_match_inside_words(glossary: Glossary) -> None:
    assert [name for name, _ in glossary.found_in("reincubators and tumult")] == []


def test_acronyms_match_only_in_capitals(glossary: Glossary) -> None:
    assert [name for name, _ in glossary.found_in("most of us")] == []
    assert "US" in [name for name, _ in glossary.found_in("the US market")]


@pytest.mark.parametrize("line", ["one\ttwo\tthree", "a\tb\tc\tnonsense", "a\t\tc\tterm"])
def test_a_glossary_line_that_does_not_fit_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "glossary.tsv"
    path.write_text(f"en\tzh\tzh_hant\tkind\n{line}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="line 2"):
        Glossary.read(path)


@pytest.mark.parametrize(
    ("name", "text", "held"),
    [
        ("Vanke", "万科于2015年12月签署了协议", True),
        ("London", "Vanke’s incubator in California", False),
        ("2016", "in December 2015", False),
        ("Ministry of Finance", "the Ministry of Science and Technology", False),
        ("third", "瓶颈第三项", True),
    ],
)
def test_a_name_is_found_under_any_of_its_names(
    glossary: Glossary, name: str, text: str, held: bool
) -> None:
    assert stands_in(glossary, name, [plain(text)]) is held


@pytest.mark.parametrize(
    ("question", "sentence", "meets"),
    [
        ("When did Vanke open it?", "It opened in March 2016.", True),
        ("When in 2016 did Vanke open it?", "It opened in 2016.", False),
        ("When did Vanke open it?", "Vanke opened it in California.", False),
        ("When did the lamp go on?", "It is lit as soon as the sun has set.", False),
        ("How many bases are there?", "It is linked to nearly 100 bases.", True),
        ("How much money was invested?", "It is linked to nearly 100 bases.", False),
        ("What is a makerspace?", "A platform for founders.", None),
        ("那是哪一年？", "万科于2016年3月开设了孵化器。", True),
        ("有多少名员工？", "相连的基地近100个。", False),
    ],
)
def test_a_sentence_meets_what_is_asked_only_by_something_new(
    glossary: Glossary, question: str, sentence: str, meets: bool | None
) -> None:
    parsed = understand(question, question, glossary)
    surface: dict[Language, str] = {parsed.language: sentence}
    assert meets_kind(parsed, surface) is meets


@pytest.fixture(params=["multilingual-e5-small-1e8f0dda296a", "a model without a fit"])
def decision(request: pytest.FixtureRequest) -> Decision:
    found = decision_for(request.param)
    assert (found.model == DEFAULT) == (request.param == "a model without a fit")
    return found


def evidence(**changes: object) -> Evidence:
    """Evidence that speaks for an answer as clearly as can be, with the changes."""
    clear = Evidence(
        unknown=(),
        absent=(),
        unsaid=(),
        covered=1.0,
        closeness=0.7,
        meets=True,
        margin=15.0,
        answerable=8.0,
    )
    return replace(clear, **changes)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_decision_has_three_outcomes(decision: Decision, language: Language) -> None:
    assert decision.status(evidence(), language) == "answered"
    assert decision.status(evidence(unknown=("London",)), language) == "partial"
    assert decision.status(evidence(margin=-15.0, answerable=-8.0), language) == "partial"
    far = decision.status(evidence(closeness=-0.9, margin=-15.0, answerable=-8.0), language)
    assert far == ("partial" if decision.model == DEFAULT else "refused")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "doubt",
    [
        {"absent": ("Vanke",)},
        {"meets": False},
        {"margin": -10.0},
        {"answerable": -5.0},
    ],
)
def test_no_doubt_raises_the_confidence(
    decision: Decision, language: Language, doubt: dict[str, object]
) -> None:
    sure = decision.confidence(evidence(margin=0.0, answerable=0.0), language)
    doubted = decision.confidence(evidence(**{"margin": 0.0, "answerable": 0.0} | doubt), language)
    assert 0 < doubted <= sure


def test_a_model_that_the_decision_was_not_fitted_for_gets_a_cautious_default(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = "How tall is Mount Everest?"
    ours = assistant.ask(far)
    assert (ours.status, ours.decision) == ("refused", assistant.index.info.model)
    strange = replace(assistant.index.info, model="another-model")
    monkeypatch.setattr(Index, "info", property(lambda _: strange))
    monkeypatch.setattr(Index, "check_model", lambda _: None)
    other = Assistant(assistant.settings, assistant.index, assistant._embeddings, assistant._reader)
    answer = other.ask(far)
    assert (answer.status, answer.decision) == ("partial", "default")
    assert json.loads(answer.to_json())["decision"] == "default"
