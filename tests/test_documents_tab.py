"""The Documents tab: users add and remove documents while others go on asking."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Answer, Settings, open_assistant
from assistant.builds import library_records
from assistant.errors import AssistantError, IndexBuildError
from assistant.types import Language
from ingest import add_file, build_index, library_sources, pending_changes
from web.documents import (
    DocumentRow,
    Outcome,
    add_documents,
    build_facts,
    document_rows,
    remove_documents,
)
from web.hosting import AssistantHost

from .tiny import CHINESE, ENGLISH, tiny_settings, write_corpus

LIGHTHOUSE = """# The lighthouse of Cape Verity

The lighthouse of Cape Verity was built in 1871 by the engineer Amelia Thornquist. Its lamp can
be seen from 34 kilometres away, and it was the first on that coast to burn paraffin.

Since 1998 the tower has been a museum of navigation. About 12,000 people visit it every year.
"""
TEA = """# 云岭茶厂简介

云岭茶厂由沈怀远于一九五三年创办，位于澜沧江西岸。茶厂每年生产红茶四百二十吨，其中七成销往海外。
二〇〇六年，茶厂建成了云岭地区第一座茶叶博物馆。

茶厂现有职工三百一十人，多数来自附近的村庄。
"""
WHO_BUILT = "Who built the lighthouse of Cape Verity?"
WHO_FOUNDED = "云岭茶厂由谁创办？"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[AssistantHost]:
    """A host over two small texts, with the real model."""
    settings = replace(tiny_settings(tmp_path), cache=Settings().cache)
    write_corpus(settings.corpus, {"firms": (ENGLISH, CHINESE), "alone": ("One.\n", None)})
    build_index(settings)
    with closing(AssistantHost(settings, open_assistant(settings))) as host:
        yield host


@pytest.fixture
def host(built_settings: Settings, tmp_path: Path) -> Iterator[AssistantHost]:
    """A host over the shipped corpus, in a home of its own."""
    settings = replace(built_settings, home=tmp_path / "home")
    shutil.copytree(built_settings.home, settings.home)
    with closing(AssistantHost(settings, open_assistant(settings))) as host:
        yield host


def files(folder: Path, texts: Mapping[str, str | bytes]) -> list[tuple[str, str | Path]]:
    """Files as an upload brings them: the user's name, and where the bytes lie."""
    given: list[tuple[str, str | Path]] = []
    for number, (name, text) in enumerate(texts.items()):
        path = folder / f"upload-{number}"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        given.append((name, path))
    return given


def ask(host: AssistantHost, question: str) -> Answer:
    with host.use() as assistant:
        return assistant.ask(question)


def rows(host: AssistantHost) -> dict[str, DocumentRow]:
    with host.use() as assistant:
        return {row.id: row for row in document_rows(assistant)}


def cited(answer: Answer) -> set[str]:
    return {citation.source.id for citation in answer.citations}


def test_added_documents_are_answered_from_until_they_are_removed(
    host: AssistantHost, tmp_path: Path
) -> None:
    assert ask(host, WHO_BUILT).status == "refused"
    told: list[tuple[str, float]] = []
    given = files(tmp_path, {"verity.md": LIGHTHOUSE, "云岭.txt": TEA.encode("gbk")})
    outcomes = add_documents(host, given, lambda stage, share: told.append((stage, share)))
    assert [outcome.sentence for outcome in outcomes] == [
        f"verity.md was added (English, {len(LIGHTHOUSE)} characters).",
        f"云岭.txt was added (Chinese, {len(TEA)} characters).",
    ]
    assert {stage for stage, _ in told} >= {"wait", "read", "embed", "store", "open"}
    assert all(0.0 <= share <= 1.0 for _, share in told)
    texts = {source.id: source.text for source in library_sources(host.settings)}
    for question, outcome, words in (
        (WHO_BUILT, outcomes[0], "Amelia Thornquist"),
        (WHO_FOUNDED, outcomes[1], "沈怀远"),
    ):
        answer = ask(host, question)
        assert answer.status == "answered"
        first = answer.citations[0]
        assert first.source.id == outcome.id
        for quote in first.quotes:
            assert texts[outcome.id][quote.start : quote.end] == quote.text
        assert words in first.quotes[0].text
    removed = remove_documents(host, [outcome.id for outcome in outcomes])
    assert [outcome.sentence for outcome in removed] == [
        "The lighthouse of Cape Verity was removed.",
        "云岭茶厂简介 was removed.",
    ]
    for question in (WHO_BUILT, WHO_FOUNDED):
        answer = ask(host, question)
        assert answer.status == "refused"
        assert not cited(answer) & set(texts)


def test_an_answer_from_an_added_document_prints_without_empty_fields(
    small: AssistantHost, tmp_path: Path
) -> None:
    add_documents(small, files(tmp_path, {"verity.md": LIGHTHOUSE}))
    answer = ask(small, WHO_BUILT)
    assert "\n[1] The lighthouse of Cape Verity (original)\n" in str(answer)
    assert "\n1. The lighthouse of Cape Verity.\n" in answer.to_markdown()


def test_rows_tell_what_is_indexed_and_what_can_be_removed(
    small: AssistantHost, tmp_path: Path
) -> None:
    (outcome,) = add_documents(small, files(tmp_path, {"云岭.txt": TEA}))
    listed = rows(small)
    assert list(listed) == ["firms", "alone", outcome.id]
    assert [row.removable for row in listed.values()] == [False, False, True]
    row = listed[outcome.id]
    assert (row.title_en, row.title_zh, row.language) == ("云岭茶厂简介", "云岭茶厂简介", "zh")
    assert (row.passages, row.characters, row.publisher, row.date) == (2, len(TEA), "", "")
    assert row.added > listed["alone"].added == ""
    assert (listed["firms"].passages, listed["firms"].publisher) == (2, "x")


def test_facts_are_those_of_the_index_in_service(small: AssistantHost) -> None:
    with small.use() as assistant:
        facts = build_facts(assistant)
        info = assistant.index.info
    assert (facts.built, facts.model) == (info.created, info.model)
    assert (facts.sources, facts.passages, facts.sentences) == (2, 3, 4)
    assert facts.languages == {"en": 3, "zh": 0}


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            [
                "a.exe was not added: it is none of the kinds that can be read (PDF, DOCX, HTML, "
                "EPUB, Markdown, plain text, CSV). Save it as one of these.",
                "b.txt was added (English, 11 characters).",
                "c.txt was not added: it holds no text beside headings. Choose another file.",
                "d.txt holds the same text as b.txt and is one more name for it.",
            ],
        ),
        (
            "zh",
            [
                "未添加a.exe：不属于可读取的格式（PDF、DOCX、HTML、EPUB、Markdown、纯文本、CSV）。"
                "请另存为其中一种。",
                "已添加b.txt（英文，11字符）。",
                "未添加c.txt：除标题外没有文字。请另选文件。",
                "d.txt与b.txt文本相同，记为其另一名称。",
            ],
        ),
    ],
)
def test_each_file_succeeds_or_fails_alone(
    small: AssistantHost, tmp_path: Path, language: Language, sentences: list[str]
) -> None:
    texts = {"a.exe": "MZ", "b.txt": "Rain falls.", "c.txt": " ", "folder/d.txt": "Rain falls."}
    outcomes = add_documents(small, files(tmp_path, texts), language=language)
    assert [outcome.sentence for outcome in outcomes] == sentences
    assert [outcome.ok for outcome in outcomes] == [False, True, False, True]
    assert len(rows(small)) == 3


def test_nothing_is_built_when_nothing_was_added(small: AssistantHost, tmp_path: Path) -> None:
    with small.use() as before:
        add_documents(small, files(tmp_path, {"a.pdf": "%PDF", "b.txt": "One.\n"}))
        with small.use() as after:
            assert after is before


def test_what_came_with_the_assistant_stays(small: AssistantHost) -> None:
    (outcome, unknown) = remove_documents(small, ["alone", "../x"], language="zh")
    assert outcome == Outcome("alone", False, "alone为随附资料，不能移除；只能移除后来添加的资料。")
    assert not unknown.ok
    assert len(rows(small)) == 2


def test_a_conversation_that_is_open_goes_on_meanwhile(
    small: AssistantHost, tmp_path: Path
) -> None:
    with small.use() as mine:
        before = mine.ask("How many firms were there in May 2016?")
        (outcome,) = add_documents(small, files(tmp_path, {"verity.md": LIGHTHOUSE}))
        again = mine.ask("How many firms were there in May 2016?")
        assert again.text == before.text
        assert outcome.id not in {source.id for source in mine.sources}
        assert mine.is_stale
    assert outcome.id in rows(small)


def test_two_people_who_add_at_once_wait_for_each_other(
    small: AssistantHost, tmp_path: Path
) -> None:
    told: dict[str, list[Outcome]] = {}

    def add(name: str, text: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        told[name] = add_documents(small, files(folder, {f"{name}.txt": text}))

    people = [
        threading.Thread(target=add, args=(name, text))
        for name, text in (("ann", "Rain falls."), ("bob", "Snow melts."), ("li", "下雨了。"))
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert all(outcome.ok for outcomes in told.values() for outcome in outcomes)
    assert len(rows(small)) == 5
    assert not pending_changes(small.settings)
    with small.use() as assistant:
        assert not assistant.is_stale


def test_a_rebuild_that_fails_leaves_everything_as_it_was(
    small: AssistantHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept,) = add_documents(small, files(tmp_path, {"verity.md": LIGHTHOUSE}))
    before = library_records(small.settings.home)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ingest.build.write", full)
    added = add_documents(small, files(tmp_path, {"a.txt": "Rain falls.", "b.pdf": "x"}))
    removed = remove_documents(small, [kept.id], language="zh")
    assert added[0].sentence.startswith(
        "a.txt: nothing was changed, because the index could not be rebuilt. "
        "The build stopped: the disk is full."
    )
    assert added[1].sentence.startswith("b.pdf was not added: ")
    assert removed[0].sentence.startswith("The lighthouse of Cape Verity：未作任何更改")
    assert not any(outcome.ok or outcome.changed for outcome in (*added, *removed))
    assert library_records(small.settings.home) == before
    assert not pending_changes(small.settings)
    assert cited(ask(small, WHO_BUILT)) == {kept.id}


def test_an_error_of_the_program_is_logged_and_told_without_its_words(
    small: AssistantHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("ingest.build.split_source", broken)
    (outcome,) = add_documents(small, files(tmp_path, {"a.txt": "Rain falls."}))
    assert outcome.sentence.endswith(
        "There is an error in the program; the server's log shows the details."
    )
    assert "secret" not in outcome.sentence
    assert "secret" in caplog.text
    assert library_sources(small.settings) == ()


def test_an_index_that_cannot_be_opened_is_told_and_what_is_built_stays(
    small: AssistantHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise IndexBuildError("The model is gone.")

    with monkeypatch.context() as patch:
        patch.setattr(small, "reload", fail)
        (outcome,) = add_documents(small, files(tmp_path, {"a.txt": "Rain falls."}))
    assert not outcome.ok
    assert outcome.sentence == (
        "a.txt: the index is rebuilt but cannot be opened; answers still come from the old one. "
        "The model is gone."
    )
    assert len(library_sources(small.settings)) == 1
    assert not pending_changes(small.settings)
    small.reload()
    assert outcome.id in rows(small)


def test_an_assistant_that_never_opened_says_why(tmp_path: Path) -> None:
    host = AssistantHost(tiny_settings(tmp_path))
    host.start()
    with pytest.raises(AssistantError):
        host.wait()
    (outcome,) = add_documents(host, files(tmp_path, {"../a.txt": "Rain falls."}))
    assert outcome.sentence.startswith("a.txt: nothing was changed. There is no manifest ")
    assert not outcome.changed


def test_an_assistant_knows_that_the_library_changed(small: AssistantHost) -> None:
    with small.use() as assistant:
        assert not assistant.is_stale
        add_file(small.settings, b"Rain falls.", "a.txt")
        assert assistant.is_stale
