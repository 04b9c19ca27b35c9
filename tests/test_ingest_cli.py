"""`python -m ingest`: what it says, and the exit code that scripts rely on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from assistant.retrieval.store import Store, store_path
from assistant.settings import Settings
from ingest.__main__ import main

from .conftest import ROOT
from .tiny import (
    CHINESE,
    ENGLISH,
    FakeEmbeddings,
    answers,
    edit,
    tiny_settings,
    write_corpus,
)

Captured = pytest.CaptureFixture[str]


def state(settings: Settings) -> str:
    with closing(Store(store_path(settings.home))) as store:
        return store.state


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A tiny corpus, not yet built, that the environment names; the fake model."""
    monkeypatch.setattr("ingest.build.passage_embeddings", FakeEmbeddings)
    settings = tiny_settings(tmp_path)
    write_corpus(settings.corpus, {"firms": (ENGLISH, CHINESE), "alone": ("One.\n", None)})
    for name in [name for name in os.environ if name.startswith("ASSISTANT_")]:
        monkeypatch.delenv(name)
    for name in ("home", "corpus", "cache"):
        monkeypatch.setenv(f"ASSISTANT_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.chdir(tmp_path)
    return settings


@pytest.fixture
def built(tiny: Settings, capsys: Captured) -> Settings:
    assert main([]) == 0
    capsys.readouterr()
    return tiny


def test_a_second_build_says_that_there_is_nothing_to_do(built: Settings, capsys: Captured) -> None:
    before = state(built)
    assert main([]) == 0
    assert capsys.readouterr().out == (
        f"Nothing to do: the index {before} is up to date (2 sources, 3 passages, 4 sentences).\n"
    )
    assert state(built) == before


def test_check_exits_with_3_and_builds_nothing_where_there_is_no_index(
    tiny: Settings, capsys: Captured
) -> None:
    assert main(["--check"]) == 3
    assert capsys.readouterr().out.splitlines() == [
        "would add firms",
        "would add alone",
        "would rebuild: there is no index yet",
    ]
    assert not tiny.home.exists()


def test_check_names_what_was_added_changed_and_removed(built: Settings, capsys: Captured) -> None:
    texts = {"firms": (ENGLISH + "\nMore.\n", CHINESE + "\n更多。\n"), "fresh": ("New.\n", None)}
    write_corpus(built.corpus, texts)
    assert main(["--check"]) == 3
    assert main(["--status"]) == 0
    assert capsys.readouterr().out.splitlines()[:3] == [
        *("would add fresh", "would change firms", "would remove alone"),
    ]


def test_status_describes_the_index_and_its_sources(built: Settings, capsys: Captured) -> None:
    assert main(["--status"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["index"].endswith(str(store_path(built.home)))
    assert "3 (3 en, 0 zh), 4 sentences" in lines["passages"]
    assert lines["up"].endswith("yes")
    assert lines["firms"].endswith("2 passages, translated")
    assert lines["alone"].endswith("1 passages, not translated")
    assert main(["--check"]) == main(["--status", "--json"]) == 0
    said, _, data = capsys.readouterr().out.partition("\n")
    assert said == "Nothing would change: the index is up to date."
    status = json.loads(data)
    assert status["store"] == str(store_path(built.home))
    assert (list(status["sources"]), status["up_to_date"]) == (["firms", "alone"], True)


def test_rehash_accepts_an_edit_that_a_build_then_takes(built: Settings, capsys: Captured) -> None:
    edit(built.corpus / "texts" / "alone.en.txt", "One.", "Two.")
    assert main([]) == 1
    assert "run `python -m ingest --rehash`" in capsys.readouterr().err
    assert main(["--rehash"]) == 0
    assert capsys.readouterr().out == "Updated hashes of 1 files: texts/alone.en.txt.\n"
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Built the index")
    before = state(built)
    assert main(["--force"]) == 0
    assert state(built) != before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "ingest: There is no manifest "),
        (["--status"], "ingest: There is no index in "),
    ],
)
def test_trouble_is_one_line_on_stderr_and_exit_code_1(
    tiny: Settings, capsys: Captured, arguments: list[str], message: str
) -> None:
    (tiny.corpus / "sources.toml").unlink()
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(message)
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--chekc"], ["--check", "--force"], ["corpus"]])
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m ingest")


def test_an_interrupted_build_exits_with_130_and_keeps_the_index(
    built: Settings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("assistant.retrieval.chroma.Vectors.add", interrupted)
    assert main(["--force"]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert answers(built)


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`python` in a process of its own, as a user runs it from the checkout."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
    )


def test_finding_nothing_to_do_loads_no_model(built_settings: Settings) -> None:
    code = (
        "import sys; from ingest.__main__ import main; print(main([])); "
        "heavy = {'torch', 'sentence_transformers', 'onnxruntime'}; "
        "print(sorted(heavy & {*sys.modules}))"
    )
    places = {
        f"ASSISTANT_{name.upper()}": str(getattr(built_settings, name))
        for name in ("home", "corpus", "cache")
    }
    said = run("-c", code, **places)
    assert said.stdout.splitlines()[1:] == ["0", "[]"], said.stderr
    assert said.stdout.startswith("Nothing to do: ")
