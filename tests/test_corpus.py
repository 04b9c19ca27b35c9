"""The corpus: what is shipped holds together, and what does not hold together is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.errors import CorpusError
from assistant.types import Source
from ingest import Corpus, read_corpus
from ingest.sources import rehash

from .conftest import ROOT
from .tiny import CHINESE, ENGLISH, edit, write_corpus


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_corpus(tmp_path, {"firms": (ENGLISH, CHINESE), "alone": ("One.\n", None)})


@pytest.fixture(scope="module")
def shipped() -> Corpus:
    return read_corpus(ROOT / "corpus")


@pytest.fixture(scope="module")
def by_id(shipped: Corpus) -> dict[str, Source]:
    return {source.id: source for source in shipped.sources}


def test_the_shipped_corpus_is_the_report_and_four_documents_all_translated(
    shipped: Corpus,
) -> None:
    assert [source.id for source in shipped.sources] == [
        "bop-report",
        "work-report-2015",
        "makerspace-opinions-2015",
        "yangtze-delta-survey-2015",
        "makerspace-guide-2015",
    ]
    assert all(source.translation and source.translation.made_by for source in shipped.sources)


Fault = Callable[[Path], object]


def in_text(old: str, new: str) -> Fault:
    def fault(folder: Path) -> None:
        edit(folder / "texts" / "firms.zh.txt", old, new)
        rehash(folder)

    return fault


def in_manifest(old: str, new: str) -> Fault:
    return lambda folder: edit(folder / "sources.toml", old, new)


def with_bytes(data: bytes) -> Fault:
    def fault(folder: Path) -> None:
        (folder / "texts" / "alone.en.txt").write_bytes(data)
        rehash(folder)

    return fault


def _no_manifest(folder: Path) -> None:
    (folder / "sources.toml").unlink()


def _bad_glossary(folder: Path) -> None:
    (folder / "glossary.tsv").write_text("en\tzh\tzh_hant\tkind\none\t一\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (in_text("全部增长。\n", ""), ["firms.zh.txt", "7 lines", "6", "Align them line by line"]),
        (in_text("# 企业", "企业"), ["firms.zh.txt", "line 1", "heading", "Align"]),
        (in_text("\n\n全", "\n全\n"), ["firms.zh.txt", "line 5", "blank on one side", "Align"]),
        (in_text("1.2万", "1.3万"), ["firms.zh.txt", "line 3", "12000", "Correct the text"]),
        (
            lambda f: (f / "texts" / "alone.en.txt").write_text("Two.\n"),
            ["alone.en.txt", "sha256", "Restore the file, or run `python -m ingest --rehash`"],
        ),
        (with_bytes("国".encode("gb18030")), ["alone.en.txt", "not UTF-8", "Convert it"]),
        (with_bytes(b" \n"), ["alone.en.txt", "empty", "Fill it or take it out"]),
        (
            in_manifest("licence", "license"),
            ["sources.toml", "'firms'", "'licence'", "The keys are"],
        ),
        (
            in_manifest('id = "alone"', 'id = "firms"'),
            ["sources.toml", "'firms'", "twice", "must differ"],
        ),
        (in_manifest('id = "alone"', 'id = "A b"'), ["sources.toml", "'A b'", "is made of"]),
        (in_manifest('"en"', '"fr"'), ["sources.toml", "language must be en or zh"]),
        (in_manifest('"original"', '"copy"'), ["sources.toml", "kind one of", "digest"]),
        (in_manifest("[[source]]", "[[source"), ["sources.toml", "cannot be read", "Mend it"]),
        (in_manifest("[[source]]", "[[text]]"), ["sources.toml", "no [[source]]", "Add one"]),
        (_no_manifest, ["sources.toml", "no manifest", "Set ASSISTANT_CORPUS"]),
        (_bad_glossary, ["glossary.tsv", "line 2", "needs four filled cells"]),
    ],
)
def test_what_does_not_hold_together_is_named_with_the_next_step(
    folder: Path, fault: Fault, words: list[str]
) -> None:
    fault(folder)
    with pytest.raises(CorpusError) as caught:
        read_corpus(folder)
    message = str(caught.value)
    assert [word for word in words if word not in message] == []
    assert "\n" not in message


def test_rehash_reads_any_order_of_keys_and_keeps_comments(folder: Path) -> None:
    manifest = folder / "sources.toml"
    lines = manifest.read_text().replace('alone.en.txt"', "alone.en.txt\"  # 'mine'").split("\n")
    at = next(i for i, line in enumerate(lines) if "alone.en.txt" in line)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    manifest.write_text("\n".join(lines))
    edit(folder / "texts" / "alone.en.txt", "One.", "Two.")
    assert rehash(folder) == ["texts/alone.en.txt"]
    assert "# 'mine'" in manifest.read_text()
    assert read_corpus(folder).sources[1].text == "Two.\n"


def test_the_report_is_the_published_page_word_for_word(
    by_id: dict[str, Source], shared: Path
) -> None:
    page = (shared / "report" / "page.txt").read_text(encoding="utf-8")
    lines = by_id["bop-report"].text.replace("#", "").split("\n")
    assert [line for line in lines if line.strip() not in page] == []
    first, last = "Chinese incubators are actively looking", "TUM (Germany)."
    article = page[page.index(first) : page.index(last) + len(last)]
    ours = by_id["bop-report"].text
    held = ours[ours.index(first) : ours.index(last) + len(last)]
    assert "".join(held.split()) == "".join(article.split())


def test_every_digest_says_that_it_is_one(shipped: Corpus) -> None:
    digests = [source for source in shipped.sources if source.kind == "digest"]
    assert len(digests) == 4
    for source in digests:
        assert source.translation is not None
        assert "摘要" in source.text.split("\n")[0]
        assert "digest" in source.translation.text.split("\n")[0].lower()
        assert "(digest)" in source.title_en
        assert "（摘要）" in source.title_zh
        assert source.note_en
        assert source.note_zh
        assert source.url.startswith("http")


def test_no_digest_line_copies_twenty_characters_of_the_official_text(
    by_id: dict[str, Source], shared: Path
) -> None:
    official = (shared / "further-reading" / "work-report-2015.full.zh.txt").read_text("utf-8")
    flat = "".join(official.split())
    runs = [flat[i : i + 20] for i in range(len(flat) - 19)]
    text = "".join(by_id["work-report-2015"].text.split())
    assert len(runs) > 10_000
    assert [run for run in runs if run in text] == []
