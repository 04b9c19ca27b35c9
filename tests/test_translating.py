"""`python -m ingest --translate`: only checked lines are kept, nothing of a person's is touched."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from assistant import Settings, open_assistant
from assistant.chat_model import ChatModel
from assistant.errors import AssistantError, ChatModelError, CorpusError, Trouble
from assistant.types import Source
from ingest import build_index, read_corpus
from ingest.__main__ import main
from ingest.sources import add_translation, rehash
from ingest.translated_line import (
    PROMPT_VERSION,
)
from ingest.translating import Added, layout_note, open_translator
from web.records import Exchange
from web.source_list import render_sources

from .chat_server import ChatServer, says, smollm2
from .conftest import ROOT
from .fake_translator import FIRST, LAST, MONEY, RIGHT, FakeModel, FakeReply
from .tiny import CHINESE, ENGLISH, FakeEmbeddings, edit, found, opened, tiny_settings, write_corpus

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two English texts without a translation, which the environment names too."""
    settings = replace(tiny_settings(tmp_path), chat_model="fake:model")
    write_corpus(settings.corpus, {"firms": (ENGLISH, None), "alone": ("One.\n", None)})
    for name in [name for name in os.environ if name.startswith("ASSISTANT_")]:
        monkeypatch.delenv(name)
    for name in ("home", "corpus", "cache", "chat_model"):
        monkeypatch.setenv(f"ASSISTANT_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.chdir(tmp_path)
    return settings


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    """What `--translate` opens as the chat model."""
    fake = FakeModel()
    monkeypatch.setattr("assistant.chat_opening.open_chat_model", lambda settings: fake)
    return fake


def source_of(settings: Settings, id_: str = "firms") -> Source:
    return next(s for s in read_corpus(settings.corpus).sources if s.id == id_)


def add(settings: Settings, model: FakeModel, id_: str = "firms") -> Added:
    with open_translator(settings, cast(ChatModel, model)) as translator:
        return translator.add(source_of(settings, id_), lambda: None)


def manifest(settings: Settings) -> str:
    return (settings.corpus / "sources.toml").read_text(encoding="utf-8")


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# The whole way


def test_every_source_without_a_translation_gets_one(
    settings: Settings, model: FakeModel, capsys: Captured
) -> None:
    assert main(["--translate"]) == 0
    firms, alone = read_corpus(settings.corpus).sources
    assert firms.translation is not None
    assert alone.translation is not None
    assert firms.translation.text == CHINESE
    assert firms.translation.made_by == "machine translation by fake:model"
    assert alone.translation.text == "一。\n"
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "Translated firms into Chinese: 4 lines, texts/firms.zh.txt.",
        "Translated alone into Chinese: 1 line, texts/alone.zh.txt.",
        "Added 2 translations by fake:model (5 calls, 500 tokens in, 50 out). "
        "Run `python -m ingest` to take them into the index.",
    ]
    assert said.err == ""
    assert model.closed
    assert sorted(p.name for p in (settings.corpus / "texts").iterdir()) == [
        "alone.en.txt",
        "alone.zh.txt",
        "firms.en.txt",
        "firms.zh.txt",
    ]


def test_a_second_run_finds_nothing_to_do(
    settings: Settings, model: FakeModel, capsys: Captured
) -> None:
    assert main(["--translate"]) == 0
    before = everything(settings.corpus)
    capsys.readouterr()
    assert main(["--translate"]) == 0
    assert capsys.readouterr().out == "Nothing to translate: every source has a translation.\n"
    assert len(model.asked) == 5
    assert everything(settings.corpus) == before


def test_a_real_chat_model_object_translates_too(settings: Settings) -> None:
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    replies = iter(AIMessage(RIGHT[line]) for line in RIGHT)
    real = ChatModel("fake:langchain", GenericFakeChatModel(messages=replies), settings)
    with closing(real), open_translator(settings, real) as translator:
        translator.add(source_of(settings), lambda: None)
    assert translator.usage.calls == 4
    assert translator.usage.estimated
    translation = source_of(settings).translation
    assert translation is not None
    assert translation.text == CHINESE
    assert translation.made_by == "machine translation by fake:langchain"


def test_a_real_service_translates_through_the_command_line(
    settings: Settings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("langchain_openai", reason="the extra `openai` is absent")
    monkeypatch.setenv("ASSISTANT_CHAT_MODEL", "openai:m")
    write_corpus(settings.corpus, {"firms": (ENGLISH, None)})
    wrong = says("它们有17亿元。", usage=(50, 5))
    steps = [says(*RIGHT[line], usage=(50, 5)) for line in RIGHT]
    with ChatServer(*steps[:2], wrong, *steps[2:]) as server:
        monkeypatch.setenv("ASSISTANT_CHAT_BASE_URL", server.address)
        assert main(["--translate"]) == 0
    assert "by openai:m (5 calls, 250 tokens in, 25 out)." in capsys.readouterr().out
    translation = source_of(settings).translation
    assert translation is not None
    assert translation.text == CHINESE
    roles = [[m["role"] for m in asked.body["messages"]] for asked in server.asked]
    assert roles[2:4] == [["system", "user"], ["system", "user", "assistant", "user"]]


@pytest.mark.slow
def test_a_real_model_that_cannot_translate_leaves_the_corpus_as_it_was(
    settings: Settings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_CHAT_MODEL", f"local:{smollm2()}")
    monkeypatch.setenv("ASSISTANT_CHAT_TOKENS", "60")
    before = everything(settings.corpus)
    assert main(["--translate"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("ingest: firms, line 1, has no usable translation: ")
    assert said.out.startswith("Added 0 translations by local:SmolLM2-135M-Instruct.Q4_1.gguf (")
    assert everything(settings.corpus) == before


def test_a_chinese_source_is_translated_into_english(settings: Settings) -> None:
    write_corpus(settings.corpus, {"firms": (CHINESE, None)})
    texts = settings.corpus / "texts"
    (texts / "firms.en.txt").rename(texts / "ours.txt")
    edit(settings.corpus / "sources.toml", "texts/firms.en.txt", "texts/ours.txt")
    edit(settings.corpus / "sources.toml", 'language = "en"', 'language = "zh"')
    back = {chinese: [english] for english, chinese in RIGHT.items()}
    assert add(settings, FakeModel(cast(Any, back))).file == "texts/firms.en.txt"
    translation = source_of(settings).translation
    assert translation is not None
    assert (translation.language, translation.text) == ("en", ENGLISH)


def test_the_index_shows_who_made_a_translation_and_finds_its_words(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(settings, FakeModel())
    with monkeypatch.context() as patch:
        patch.setattr("ingest.build.passage_embeddings", FakeEmbeddings)
        build_index(settings)
    with closing(opened(settings)) as index:
        scores = index.lexical["zh"].scores("全部增长")
        best = index.lexical["zh"].ids[int(scores.argmax())]
        assert index.passages([best])[0].text == "All grew."
        assert found(index) == "All grew."


def test_an_answer_in_the_other_language_says_that_a_machine_translated(
    settings: Settings,
) -> None:
    add(settings, FakeModel())
    quoting = replace(settings, chat_model="", cache=Settings().cache)
    build_index(quoting)
    with open_assistant(quoting) as assistant:
        answer = assistant.ask("2016年5月共有多少家企业？")
    assert answer.status == "answered"
    assert "2016年5月共有1.2万家企业。" in {s.text for s in answer.statements if s.translated}
    page = render_sources(Exchange.of(answer), 1, shown=True)
    assert "译文（机器翻译：fake:model）" in page


# What is there already


def test_a_persons_translation_is_not_touched(
    settings: Settings, model: FakeModel, capsys: Captured
) -> None:
    write_corpus(settings.corpus, {"firms": (ENGLISH, CHINESE), "alone": ("One.\n", None)})
    before = everything(settings.corpus)
    assert main(["--translate"]) == 0
    after = everything(settings.corpus)
    assert set(after) - set(before) == {"texts/alone.zh.txt"}
    assert [name for name in before if after[name] != before[name]] == ["sources.toml"]
    assert model.asked == ["One."]
    assert "firms" not in capsys.readouterr().out


def test_the_manifest_keeps_its_comments_and_gains_three_lines(settings: Settings) -> None:
    path = settings.corpus / "sources.toml"
    path.write_text(f"# Ours.\n\n{manifest(settings)}\n# The end.\n", encoding="utf-8")
    before = manifest(settings).split("\n")
    add(settings, FakeModel(name='local:a "model" \\ 模型.gguf'))
    after = manifest(settings).split("\n")
    place = next(i for i, line in enumerate(before) if line.startswith("sha256")) + 1
    assert after[:place] + after[place + 3 :] == before
    assert [line.split(" = ")[0] for line in after[place : place + 3]] == [
        "translation",
        "translation_sha256",
        "translation_by",
    ]
    translation = source_of(settings).translation
    assert translation is not None
    assert translation.made_by == 'machine translation by local:a "model" \\ 模型.gguf'


def test_a_file_in_the_way_is_neither_overwritten_nor_paid_for(
    settings: Settings, model: FakeModel, capsys: Captured
) -> None:
    path = settings.corpus / "texts" / "firms.zh.txt"
    path.write_bytes(b"mine\n")
    assert main(["--translate"]) == 1
    assert path.read_bytes() == b"mine\n"
    assert model.asked == ["One."]
    said = capsys.readouterr()
    assert said.err.startswith(f"ingest: firms: the file {path} is there already")
    assert "or move it away, then run `python -m ingest --translate` again.\n" in said.err
    assert "Added 1 translation by" in said.out
    assert source_of(settings).translation is None


def test_a_file_that_comes_while_lines_are_translated_is_not_overwritten(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settings.corpus / "texts" / "firms.zh.txt"
    link = os.link

    def late(old: Path, new: Path) -> None:
        path.write_bytes(b"mine\n")
        link(old, new)

    monkeypatch.setattr("os.link", late)
    with pytest.raises(CorpusError, match="is there already"):
        add(settings, FakeModel())
    assert path.read_bytes() == b"mine\n"
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "alone.en.txt",
        "firms.en.txt",
        "firms.zh.txt",
    ]


def test_a_file_system_without_links_does_as_well(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(old: Path, new: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", none)
    add(settings, FakeModel())
    assert source_of(settings).translation is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: (c / "texts" / "firms.en.txt").write_text("Other.\n"), "has the sha256"),
        (
            lambda c: (c / "texts" / "firms.en.txt").write_text("Other.\n") and rehash(c),
            "the entry 'firms' was changed in the meantime",
        ),
        (
            lambda c: edit(c / "sources.toml", "[[source]]", '[[source]]\ntranslation = "x"'),
            "the entry 'firms' was changed in the meantime",
        ),
        (lambda c: edit(c / "sources.toml", '"firms"', '"other"'), "was changed in the mean"),
    ],
)
def test_a_source_that_changes_meanwhile_gets_no_translation(
    settings: Settings, change: Callable[[Path], object], words: str
) -> None:
    source = source_of(settings)
    (settings.corpus / "texts" / "firms.zh.txt").write_text(CHINESE, encoding="utf-8")
    change(settings.corpus)
    before = manifest(settings)
    with pytest.raises(CorpusError, match=words):
        add_translation(settings.corpus, source, "texts/firms.zh.txt", "machine")
    assert manifest(settings) == before


def test_a_manifest_that_cannot_be_edited_stays_and_the_lines_are_given(
    settings: Settings,
) -> None:
    note = 'note_en = """\n[[source]]\nsha256 = 1\n"""\nlanguage = "en"'
    edit(settings.corpus / "sources.toml", 'language = "en"', note)
    before = manifest(settings)
    with pytest.raises(CorpusError) as caught:
        add(settings, FakeModel(), "alone")
    assert manifest(settings) == before
    assert "Add to the entry 'alone' by hand: translation = \"texts/alone.zh.txt\"; " in str(
        caught.value
    )


def test_lines_that_miss_the_glossarys_names_are_named(
    settings: Settings, model: FakeModel, capsys: Captured
) -> None:
    (settings.corpus / "glossary.tsv").write_text(
        "en\tzh\tzh_hant\tkind\nyuan\t人民币\t人民幣\tplace\n", encoding="utf-8"
    )
    assert main(["--translate"]) == 0
    assert capsys.readouterr().err == (
        "ingest: firms: read these lines over, they do not use the glossary's names: 4.\n"
    )


def test_what_holds_no_words_is_copied_and_never_asked(settings: Settings) -> None:
    text = "# 1.\n\n---\n2016\n- 3. All grew.\n* * *\n  \nAll grew.\n"
    write_corpus(settings.corpus, {"firms": (text, None)})
    model = FakeModel({"3. All grew.": ["3. 全部增长。"]})
    added = add(settings, model)
    assert model.asked == ["3. All grew.", "All grew."]
    assert added.lines == 2
    translation = source_of(settings).translation
    assert translation is not None
    assert translation.text == "# 1.\n\n---\n2016\n- 3. 全部增长。\n* * *\n\n全部增长。\n"


# What goes wrong


def test_a_line_that_never_comes_right_stops_its_source_alone(
    settings: Settings, model: FakeModel, capsys: Captured
) -> None:
    model.replies[MONEY] = ["它们有1亿元。", "它们有2亿元。", "它们有3亿元。"]
    assert main(["--translate"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(
        "ingest: firms, line 4, has no usable translation: the figure 1600000000 stands only in "
        "the text (3 attempts, the last one “它们有3亿元。”). Nothing of firms was added; "
    )
    assert said.err.count("\n") == 1
    assert model.asked == ["Firms", FIRST, MONEY, MONEY, MONEY, "One."]
    assert source_of(settings).translation is None
    assert source_of(settings, "alone").translation is not None
    assert not (settings.corpus / "texts" / "firms.zh.txt").exists()
    assert "Translated alone into Chinese" in said.out


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("refused", "It declined"),
        ("empty", "It declined"),
        ("cut_off", "ASSISTANT_CHAT_TOKENS"),
        ("too_long", "longer than the model takes"),
    ],
)
def test_a_line_that_the_model_will_not_do_stops_its_source_alone(
    settings: Settings, model: FakeModel, capsys: Captured, trouble: Trouble, words: str
) -> None:
    model.replies[LAST] = [ChatModelError("It declined.", trouble=trouble)] * 3
    assert main(["--translate"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("ingest: firms, line 6, has no usable translation: ")
    assert f"{words} (3 att" in said.err or f"{words} gives it room) (3 att" in said.err
    assert "Translated alone" in said.out


def test_after_a_refusal_the_line_is_asked_for_as_at_first(settings: Settings) -> None:
    refused = ChatModelError("It declined.", trouble="refused")
    model = FakeModel({LAST: ["All grew.", refused]})
    add(settings, model)
    first, rejected, again = model.messages[-3:]
    assert len(rejected) == 4
    assert again == first


def test_a_reply_that_was_cut_off_is_asked_for_again(settings: Settings) -> None:
    model = FakeModel({LAST: [FakeReply("全部", cut_off=True)]})
    add(settings, model)
    assert model.asked[-2:] == [LAST, LAST]
    assert model.messages[-1] == model.messages[-2]


@pytest.mark.parametrize("trouble", ["unreachable", "denied", "rate_limited", "timeout", "failed"])
def test_a_model_that_cannot_be_asked_stops_the_run_and_the_next_goes_on(
    settings: Settings, model: FakeModel, capsys: Captured, trouble: Trouble
) -> None:
    model.replies[MONEY] = [ChatModelError("It is down. Ask again later.", trouble=trouble)]
    assert main(["--translate"]) == 1
    said = capsys.readouterr()
    assert said.err == (
        "ingest: It is down. Ask again later. Finished lines are kept: run "
        "`python -m ingest --translate` again to go on from there.\n"
    )
    assert said.out == "Added 0 translations by fake:model (2 calls, 200 tokens in, 20 out).\n"
    assert model.asked == ["Firms", FIRST, MONEY]
    assert main(["--translate"]) == 0
    assert model.asked[3:] == [MONEY, LAST, "One."]
    assert source_of(settings).translation is not None


def test_without_a_chat_model_it_says_how_to_set_one(
    settings: Settings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ASSISTANT_CHAT_MODEL")
    before = everything(settings.corpus)
    assert main(["--translate"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "ingest: No chat model is set that could translate. Name one in ASSISTANT_CHAT_MODEL "
        "(such as openai:gpt-4o-mini, ollama:qwen3 or local:/path/to/model.gguf), then run "
        "`python -m ingest --translate` again.\n"
    )
    assert everything(settings.corpus) == before
    assert not settings.home.exists()


def test_who_has_answers_quoted_can_have_texts_translated(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Settings] = []

    def open_chat_model(given_: Settings) -> FakeModel:
        opened.append(given_)
        return FakeModel()

    monkeypatch.setattr("assistant.chat_opening.open_chat_model", open_chat_model)
    monkeypatch.setenv("ASSISTANT_COMPOSER", "quotes")
    assert main(["--translate"]) == 0
    assert [given_.composer for given_ in opened] == ["auto"]


def test_check_says_what_would_be_translated_and_opens_no_model(
    settings: Settings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ASSISTANT_CHAT_MODEL")
    before = everything(settings.corpus)
    assert main(["--translate", "--check"]) == 3
    assert capsys.readouterr().out.splitlines() == [
        "would translate firms into Chinese: 4 lines, texts/firms.zh.txt",
        "would translate alone into Chinese: 1 line, texts/alone.zh.txt",
    ]
    assert everything(settings.corpus) == before
    assert not settings.home.exists()


@pytest.mark.parametrize("other", ["--status", "--force", "--rehash"])
def test_translate_goes_with_no_other_option(other: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--translate", other])
    assert caught.value.code == 2
    assert "--translate goes alone or with --check" in capsys.readouterr().err


def test_a_text_whose_lines_are_no_sentences_is_noted_before_it_is_paid_for(
    settings: Settings, capsys: Captured
) -> None:
    wrapped = "Many firms were founded in\nthat year. All of them\ngrew. Some left.\n"
    write_corpus(settings.corpus, {"firms": (ENGLISH, None), "wrapped": (wrapped, None)})
    assert main(["--translate", "--check"]) == 3
    assert capsys.readouterr().err == (
        "ingest: wrapped: 3 of 3 lines hold several sentences or a part of one. A translated "
        "source is quoted line by line: put one sentence on each line first.\n"
    )


def test_no_shipped_text_is_noted_for_its_lines() -> None:
    sources = read_corpus(ROOT / "corpus").sources
    assert [layout_note(replace(source, translation=None)) for source in sources] == [""] * 5


def test_two_at_once_do_not_work_on_one_home(settings: Settings) -> None:
    model = cast(ChatModel, FakeModel())
    with (
        open_translator(settings, model),
        pytest.raises(AssistantError, match="Another `python -m ingest --translate` is at work"),
        open_translator(settings, model),
    ):
        pytest.fail("the second one began")
    with open_translator(settings, model):
        pass


def test_a_home_that_cannot_be_written_is_one_sentence(settings: Settings) -> None:
    settings.home.write_text("a file")
    with (
        pytest.raises(AssistantError, match="cannot be read or written"),
        open_translator(settings, cast(ChatModel, FakeModel())),
    ):
        pytest.fail("it began")


# Killed, and gone on


CHILD = """
import os, sys, time
from dataclasses import replace
from pathlib import Path
from tests.fake_translator import FakeModel
from tests.test_translating import add
from tests.tiny import tiny_settings
settings = tiny_settings(Path(sys.argv[1]))
class Model(FakeModel):
    def ask(self, messages):
        print("asked", flush=True)
        {before}
        return super().ask(messages)
add(settings, Model())
"""


def child(folder: Path, before: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(before=before), str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_run_loses_no_finished_line(settings: Settings, tmp_path: Path) -> None:
    before = everything(settings.corpus)
    process = child(tmp_path, "if len(self.asked) == 2: os.kill(os.getpid(), 9)")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors
    assert everything(settings.corpus) == before
    model = FakeModel()
    add(settings, model)
    assert model.asked == [MONEY, LAST]
    assert (settings.corpus / "texts" / "firms.zh.txt").read_text(encoding="utf-8") == CHINESE
    assert not (settings.home / "translating" / "firms.jsonl").exists()


@pytest.mark.parametrize("attempt", range(4))
def test_a_run_killed_at_any_moment_can_be_gone_on_with(
    settings: Settings, tmp_path: Path, attempt: int
) -> None:
    process = child(tmp_path, "time.sleep(0.005)")
    assert process.stdout is not None
    assert process.stdout.readline() == "asked\n"
    time.sleep(moment_s := random.uniform(0.0, 0.06))
    process.kill()
    process.communicate()
    print(f"killed {moment_s} s after the first question, attempt {attempt}")
    if source_of(settings).translation is None:
        add(settings, FakeModel())
    translation = source_of(settings).translation
    assert translation is not None
    assert translation.text == CHINESE


def test_a_run_stopped_between_text_and_manifest_is_finished_without_a_question(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    before = manifest(settings)
    with monkeypatch.context() as patch:
        patch.setattr("ingest.translating.add_translation", stop)
        with pytest.raises(KeyboardInterrupt):
            add(settings, FakeModel())
    assert (settings.corpus / "texts" / "firms.zh.txt").exists()
    assert manifest(settings) == before
    model = FakeModel()
    add(settings, model)
    assert model.asked == []
    assert source_of(settings).translation is not None


def test_an_interrupted_run_says_that_finished_lines_are_kept(
    settings: Settings, model: FakeModel, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(messages: object) -> FakeReply:
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "ask", interrupted)
    assert main(["--translate"]) == 130
    assert capsys.readouterr().err == "ingest: interrupted; finished lines are kept.\n"
    assert model.closed


@pytest.fixture
def stopped(settings: Settings) -> Path:
    """The work file of a run that ended before its last line."""
    model = FakeModel({LAST: [ChatModelError("Down.", trouble="unreachable")]})
    with pytest.raises(ChatModelError):
        add(settings, model)
    return settings.home / "translating" / "firms.jsonl"


def asked_again(settings: Settings, **of_model: Any) -> list[str]:
    model = FakeModel(**of_model)
    add(settings, model)
    return model.asked


def test_a_record_that_a_kill_cut_off_is_asked_again(settings: Settings, stopped: Path) -> None:
    stopped.write_bytes(stopped.read_bytes()[:-9])
    assert asked_again(settings) == [MONEY, LAST]


def test_a_record_behind_one_that_was_cut_off_is_kept(settings: Settings, stopped: Path) -> None:
    stopped.write_bytes(stopped.read_bytes()[:-9])
    with pytest.raises(ChatModelError):
        add(settings, FakeModel({LAST: [ChatModelError("Down.", trouble="unreachable")]}))
    assert asked_again(settings) == [LAST]


def test_records_that_no_longer_pass_the_checks_are_asked_again(
    settings: Settings, stopped: Path
) -> None:
    edit(stopped, "16亿", "17亿")
    stopped.write_text(stopped.read_text(encoding="utf-8") + '\n[1]\n"a"\n{}\nnull', "utf-8")
    assert asked_again(settings) == [MONEY, LAST]


def test_another_model_takes_over_nothing(settings: Settings, stopped: Path) -> None:
    assert asked_again(settings, name="other:model") == ["Firms", FIRST, MONEY, LAST]


def test_another_prompt_takes_over_nothing(
    settings: Settings, stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.translating.PROMPT_VERSION", f"{PROMPT_VERSION}+")
    assert asked_again(settings) == ["Firms", FIRST, MONEY, LAST]


def test_a_line_that_was_changed_is_asked_again(settings: Settings, stopped: Path) -> None:
    text = ENGLISH.replace("All grew.", "All grew.\nAll grew.").replace("12,000", "13,000")
    write_corpus(settings.corpus, {"firms": (text, None)})
    changed = FIRST.replace("12,000", "13,000")
    replies: Any = {changed: ["2016年5月共有1.3万家企业。"]}
    assert asked_again(settings, replies=replies) == [changed, LAST]
