"""Guides: what a source is about, written beforehand, and true to the lines that it names."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.errors import CorpusError
from assistant.settings import Settings
from ingest import build_index, pending_changes, read_corpus

from .conftest import ROOT
from .tiny import CHINESE, ENGLISH, edit, opened, write_corpus

GUIDE = """
[[point]]
role = "overview"
en = "It counts firms in May 2016."
zh = "本文统计2016年5月的企业。"
lines = [3]

[[point]]
role = "key"
en = "There were 12,000 firms with 1.6 billion yuan."
zh = "共有1.2万家企业，16亿元。"
lines = [3, 4]
"""


def with_guide(corpus: Path, guide: str = GUIDE, name: str = "firms") -> Path:
    (corpus / "guides").mkdir()
    (corpus / "guides" / f"{name}.toml").write_text(guide, encoding="utf-8")
    return corpus


def test_a_point_has_both_languages_and_the_places_of_its_lines(tmp_path: Path) -> None:
    write_corpus(tmp_path, {"firms": (ENGLISH, CHINESE), "alone": ("One.\n", None)})
    firms, alone = read_corpus(with_guide(tmp_path)).sources
    point = firms.guide[1]
    assert (point.role, point.text("zh")) == ("key", "共有1.2万家企业，16亿元。")
    assert [firms.text[span.start : span.end] for span in point.spans] == [
        "In May 2016 there were 12,000 firms.",
        "They had 1.6 billion yuan.",
    ]
    assert alone.guide == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("12,000", "13,000", ["point 2", "figure 13000", "'en'", "[3, 4]", "Correct the sentence"]),
        ("16亿", "17亿", ["point 2", "figure 1700000000", "'zh'"]),
        ("[3, 4]", "[3]", ["point 2", "figure 1600000000", "name the line that holds it"]),
        ("counts firms", "counts firms of Acme", ["point 1", "name 'Acme'", "'en'"]),
        ("本文统计", "万科统计", ["point 1", "name '万科'", "'zh'"]),
        ("[3]", "[1]", ["point 1", "line 1 of the text is a heading", "hold a sentence"]),
        ("[3]", "[5]", ["point 1", "line 5 of the text is blank or not there"]),
        ("[3]", "[0]", ["point 1", "line 0"]),
        ("[3]", "[99]", ["point 1", "line 99"]),
        ("[3]", '"3"', ["point 1", "no list of numbers"]),
        ("[3]", "[]", ["point 1", "lacks 'lines'", "The keys are"]),
        ('role = "key"', 'role = "main"', ["point 2", "role is 'main'", "overview or key"]),
        ('role = "key"', 'role = "overview"', ["both roles"]),
        ('zh = "本', 'zht = "本', ["point 1", "unknown key 'zht'", "The keys are"]),
        ('en = "It counts firms in May 2016."\n', "", ["point 1", "lacks 'en'"]),
        ("[[point]]", "[[points]]", ["must hold [[point]] tables"]),
        ("[[point]]", "[[point", ["cannot be read", "Mend it"]),
    ],
)
def test_a_guide_that_says_more_than_its_lines_is_refused_with_the_next_step(
    tmp_path: Path, old: str, new: str, words: list[str]
) -> None:
    write_corpus(tmp_path, {"firms": (ENGLISH, CHINESE)})
    header = "en\tzh\tzh_hant\tkind\nVanke\t万科\t萬科\tbody\n"
    (tmp_path / "glossary.tsv").write_text(header, encoding="utf-8")
    edit(with_guide(tmp_path) / "guides" / "firms.toml", old, new)
    with pytest.raises(CorpusError) as caught:
        read_corpus(tmp_path)
    assert [word for word in ["firms.toml", *words] if word not in str(caught.value)] == []


def test_a_guide_to_no_source_is_refused(tmp_path: Path) -> None:
    write_corpus(tmp_path, {"firms": (ENGLISH, CHINESE)})
    with pytest.raises(CorpusError, match=r"firm\.toml belongs to no source .* a source's id"):
        read_corpus(with_guide(tmp_path, name="firm"))


def test_every_shipped_source_has_a_guide_of_an_overview_and_key_points() -> None:
    for source in read_corpus(ROOT / "corpus").sources:
        roles = [point.role for point in source.guide]
        assert 2 <= roles.count("overview") <= 3
        assert 4 <= roles.count("key") <= 6
        assert roles == sorted(roles, reverse=True)
        assert all(len(point.text_en.split()) <= 35 for point in source.guide)


def test_an_edited_guide_is_built_in(built: Settings) -> None:
    with_guide(built.corpus)
    assert pending_changes(built).changed == ("firms",)
    build_index(built)
    before = read_corpus(built.corpus).hash
    edit(built.corpus / "guides" / "firms.toml", "It counts", "This text counts")
    assert read_corpus(built.corpus).hash != before
    assert pending_changes(built).changed == ("firms",)
    build_index(built)
    with closing(opened(built)) as index:
        assert index.sources["firms"].guide[0].text("en") == "This text counts firms in May 2016."
        assert index.sources["firms"].guide == read_corpus(built.corpus).sources[0].guide


def test_guides_come_with_the_sources_and_not_with_the_citations(assistant: Assistant) -> None:
    assert all(source.guide for source in assistant.sources)
    answer = assistant.ask("Where is Innospace based?").to_dict()
    assert "guide" not in answer["citations"][0]["source"]
