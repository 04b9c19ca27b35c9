"""The check of written claims, measured on claims about the shipped texts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from pydantic import Field

from assistant import Assistant, AssistantError, Settings
from assistant.chat_model import ChatModel
from assistant.errors import ChatModelError
from assistant.evaluation import claims_table
from assistant.evaluation.__main__ import main
from assistant.evaluation.claims import (
    ClaimRow,
    GradedClaim,
    claim_row,
    grade_claims,
    read_again,
)
from assistant.evaluation.claims_table import FLAGS, groups_of, print_grades, print_wrong
from assistant.evaluation.row_sets import read_items, shipped
from assistant.verification import check_claim

VANKE = "Major Chinese property developer Vanke signed an agreement with Provenience"
SOUND: dict[str, Any] = {
    "id": "sound",
    "claim": "Vanke signed an agreement with Provenience in December 2015.",
    "language": "en",
    "source": "bop-report",
    "passage_text": VANKE,
    "supported": True,
}
CORRUPTED = {
    **SOUND,
    "id": "corrupted",
    "claim": "Vanke signed an agreement with Provenience in December 2018.",
    "supported": False,
    "corruption": "number",
    "why": "2015",
}
CROSSED = {
    **SOUND,
    "id": "crossed",
    "claim": "万科于2015年12月与Provenience签署了协议。",
    "language": "zh",
}


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, built_settings: Settings, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(built_settings.home))
    monkeypatch.setenv("ASSISTANT_CORPUS", str(built_settings.corpus))
    monkeypatch.chdir(tmp_path)


def rows(*values: dict[str, Any]) -> list[ClaimRow]:
    return [claim_row(value, f"set.jsonl, line {i}") for i, value in enumerate(values, start=1)]


def graded(assistant: Assistant, *values: dict[str, Any], **options: bool) -> list[GradedClaim]:
    claims, problems = grade_claims(assistant.index, rows(*values), **options)
    assert not problems
    return claims


def written(path: Path, *lines: dict[str, Any] | str) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def cells(printed: str, table: str, row: str) -> list[str]:
    """The cells of a row in the first table whose heading holds the words."""
    lines = printed[printed.index(table) :].splitlines()
    line = next(line for line in lines[2:] if line.startswith(f"{row} "))
    return re.split(r" {3,}", line.removeprefix(row).strip())


def flipped(values: dict[str, Any]) -> dict[str, Any]:
    """The same claim with the opposite said of it."""
    return {
        **values,
        "supported": not values["supported"],
        "corruption": "swap" * values["supported"],
    }


def test_precision_recall_and_false_alarms_are_whole_when_the_labels_are_right(
    assistant: Assistant, capsys: pytest.CaptureFixture[str]
) -> None:
    print_grades("mine", graded(assistant, SOUND, CORRUPTED))
    said = capsys.readouterr().out
    assert "mine: 2 claims, 1 supported, 1 corrupted" in said
    assert re.search(r"\d\.\d ms a claim", said)
    assert cells(said, "Graded", "all") == ["1 / 0 / 0", "0 / 0 / 1"]
    for flagged in FLAGS:
        values = [cell.split(" [")[0] for cell in cells(said, flagged, "all")]
        assert values == ["100.0", "100.0", "0.0", "2"]
        assert cells(said, flagged, "number")[::2] == ["–", "–"]


def test_they_are_nothing_when_the_labels_are_the_other_way_round(
    assistant: Assistant, capsys: pytest.CaptureFixture[str]
) -> None:
    print_grades("mine", graded(assistant, flipped(SOUND), flipped(CORRUPTED)))
    said = capsys.readouterr().out
    assert cells(said, "Graded", "all") == ["0 / 0 / 1", "1 / 0 / 0"]
    values = [cell.split(" [")[0] for cell in cells(said, next(iter(FLAGS)), "all")]
    assert values == ["0.0", "0.0", "100.0", "2"]


def test_partly_counts_as_flagged_in_one_table_and_not_in_the_other() -> None:
    assert [flagged("partly") for flagged in FLAGS.values()] == [True, False]
    assert all(flagged("unsupported") for flagged in FLAGS.values())
    assert not any(flagged("supported") for flagged in FLAGS.values())


def test_rows_stand_for_all_pairs_of_languages_and_kinds_of_corruption(
    assistant: Assistant,
) -> None:
    groups = groups_of(graded(assistant, SOUND, CORRUPTED, CROSSED))
    ids = {name: [claim.row.id for claim in group] for name, group in groups.items()}
    assert ids == {
        "all": ["sound", "corrupted", "crossed"],
        "en on en": ["sound", "corrupted"],
        "zh on en": ["crossed"],
        "number": ["corrupted"],
    }


def test_untranslated_takes_the_translations_from_passages_and_sources(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def checked(claim: str, cited: Any, sources: Any, glossary: Any) -> Any:
        seen.append((cited[0].translation, {source.translation for source in sources.values()}))
        return check_claim(claim, cited, sources, glossary)

    monkeypatch.setattr("assistant.evaluation.claims.check_claim", checked)
    graded(assistant, CROSSED, untranslated=True)
    assert set(map(str, seen)) == {str((None, {None}))}
    seen.clear()
    graded(assistant, CROSSED)
    assert seen[-1][0] is not None
    assert None not in seen[-1][1]


def test_what_cannot_be_used_or_found_is_told_with_its_line_and_the_others_are_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(
        tmp_path / "set.jsonl",
        SOUND,
        "{",
        {**SOUND, "id": "labels", "corruption": "name"},
        {**SOUND, "id": "nowhere", "source": "atlas"},
        {**SOUND, "id": "absent", "passage_text": "This stands in no text."},
        {**SOUND, "id": "heading", "passage_text": "# "},
        {**SOUND, "id": "wordless", "claim": ""},
        {**SOUND},
    )
    assert main(["claims", str(path)]) == 0
    said = capsys.readouterr()
    assert "1 claims, 1 supported" in said.out
    for line, problem in (
        (2, "not JSON"),
        (3, "a claim has a corruption when it is not supported, and only then"),
        (4, "the index has no source 'atlas'"),
        (5, "'This stands in no text.' does not stand in 'bop-report'"),
        (6, "'#' begins in no passage of 'bop-report'"),
        (7, "there is no claim"),
        (8, "the id 'sound' was given before"),
    ):
        assert f"evaluation: {path}, line {line}: {problem}" in said.err
    assert len(said.err.splitlines()) == 7


@pytest.mark.parametrize("text", ["", "[]", '{"id": "a"}\n', "nonsense"])
def test_a_set_without_any_claim_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "set.jsonl", text)
    with pytest.raises(AssistantError, match=re.escape(str(path))):
        read_items(path, claim_row)


def test_the_list_and_the_file_tell_every_claim_that_is_graded_wrongly(
    assistant: Assistant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "set.jsonl", SOUND, {**flipped(CORRUPTED), "id": "mislabelled"})
    assert main(["claims", str(path), "--list", "--out", "grades.jsonl"]) == 0
    said = capsys.readouterr().out
    assert "1 of 2 claims are graded wrongly" in said
    assert "mislabelled, en on en: supported, but graded unsupported" in said
    assert "figure" in said.split("mislabelled")[1]
    first, second = map(json.loads, (tmp_path / "grades.jsonl").read_text("utf-8").splitlines())
    assert (first["id"], first["grade"], first["issues"]) == ("sound", "supported", [])
    assert (second["grade"], second["supported"]) == ("unsupported", True)
    assert second["issues"][0]["kind"] == "figure"
    assert first["passage"].startswith("bop-report.")
    print_wrong(graded(assistant, SOUND, CORRUPTED))
    assert "0 of 2 claims are graded wrongly" in capsys.readouterr().out


class Judge(GenericFakeChatModel):
    """Says its replies in turn and keeps what it was sent."""

    sent: list[str] = Field(default_factory=list)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self.sent.append(str(messages[-1].text))
        return super()._generate(messages, *args, **kwargs)


MakeJudge = Callable[..., tuple[ChatModel, Judge]]


@pytest.fixture
def judge() -> Iterator[MakeJudge]:
    """Makes chat models that say the given replies; they are closed at the end."""
    made: list[ChatModel] = []

    def make(*replies: str | Exception) -> tuple[ChatModel, Judge]:
        def said() -> Iterator[AIMessage]:
            for reply in replies:
                if isinstance(reply, Exception):
                    raise reply
                yield AIMessage(reply)

        model = Judge(messages=said(), sent=[])
        made.append(ChatModel("fake:judge", model, Settings(chat_retries=0)))
        return made[-1], model

    yield make
    for model in made:
        model.close()


def test_a_second_reading_moves_the_grades_and_only_where_it_says_something(
    assistant: Assistant, judge: MakeJudge
) -> None:
    claims = graded(assistant, SOUND, CORRUPTED)
    strict, model = judge("1: no\n2: no")
    read, usage = read_again(claims, strict)
    assert [claim.final.support for claim in read] == ["unsupported", "unsupported"]
    assert [claim.check.support for claim in read] == ["supported", "unsupported"]
    assert usage.calls == 1
    assert all(claim["claim"] in model.sent[0] for claim in (SOUND, CORRUPTED))
    silent, _ = judge("I cannot tell.")
    unread, _ = read_again(claims, silent)
    assert [claim.read for claim in unread] == [None, None]
    assert [claim.final.support for claim in unread] == ["supported", "unsupported"]


def test_claims_are_read_again_a_few_at_a_time_and_each_language_by_itself(
    assistant: Assistant, judge: MakeJudge
) -> None:
    many = [{**SOUND, "id": str(number)} for number in range(6)]
    chat, model = judge(*["1: yes\n2: yes\n3: yes\n4: yes\n5: yes"] * 3)
    read, usage = read_again(graded(assistant, *many, CROSSED), chat)
    assert usage.calls == 3
    assert [claim.row.id for claim in read] == [*map(str, range(6)), "crossed"]
    assert all(claim.read is not None for claim in read)
    assert [sent.count("Claim ") + sent.count("陈述 ") for sent in model.sent] == [5, 1, 1]


def test_a_reading_that_fails_leaves_its_claims_and_the_first_failure_is_told(
    assistant: Assistant, judge: MakeJudge
) -> None:
    claims = graded(assistant, *({**SOUND, "id": str(number)} for number in range(6)))
    broken, _ = judge("1: no\n2: no\n3: no\n4: no\n5: no", RuntimeError("down"))
    read, _ = read_again(claims, broken)
    assert sum(claim.read is None for claim in read) == 1
    silent, _ = judge(RuntimeError("down"))
    with pytest.raises(ChatModelError):
        read_again(claims, silent)


def test_the_command_prints_both_readings(
    judge: MakeJudge,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chat, _ = judge("1: no\n2: no")
    monkeypatch.setattr(claims_table, "open_chat_model", lambda settings: chat)
    path = written(tmp_path / "set.jsonl", SOUND, CORRUPTED)
    assert main(["claims", str(path), "--judge", "--out", "grades.jsonl"]) == 0
    before, after = capsys.readouterr().out.split("read again by fake:judge")
    assert cells(before, "Graded", "all") == ["1 / 0 / 0", "0 / 0 / 1"]
    assert cells(after, "Graded", "all") == ["0 / 0 / 1", "0 / 0 / 1"]
    assert "2 of them read again, 1 call, " in after
    first = json.loads((tmp_path / "grades.jsonl").read_text("utf-8").splitlines()[0])
    assert (first["grade"], first["read_grade"]) == ("supported", "unsupported")


def test_a_judge_needs_a_chat_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "set.jsonl", SOUND)
    assert main(["claims", str(path), "--judge"]) == 1
    assert "--judge needs a chat model. Name one" in capsys.readouterr().err


def test_every_passage_of_the_shipped_set_is_in_the_shipped_texts(assistant: Assistant) -> None:
    claims, problems = read_items(shipped("claims.jsonl"), claim_row)
    assert not problems
    found, missing = grade_claims(assistant.index, claims)
    assert not missing
    assert len(found) == len(claims) >= 200
    assert {"en on en", "zh on zh", "en on zh", "zh on en"} <= set(groups_of(found))
