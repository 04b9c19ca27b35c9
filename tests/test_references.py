"""Reference lists in APA 7 and GB/T 7714-2015, over the shipped sources and bare documents."""

from __future__ import annotations

import re
from datetime import date
from itertools import product

import pytest

from assistant.types import LANGUAGES, Language
from assistant.web.references import Style, reference
from ingest.sources import read_corpus

from .conftest import ROOT
from .web_records import source_of

SOURCES = {source.id: source for source in read_corpus(ROOT / "corpus").sources}
TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("id_", "language", "expected"),
    [
        (
            "bop-report",
            "en",
            "BOP Consulting. (2016, May 26). China's international incubators. "
            "https://www.bop.co.uk/articles/china-international-incubators",
        ),
        (
            "makerspace-opinions-2015",
            "en",
            "General Office of the State Council. (2015, March 2). 国务院办公厅关于发展众创空间推进"
            "大众创新创业的指导意见 [State Council guiding opinions on makerspaces] "
            "(Guobanfa [2015] No. 9) [Digest by Report Assistant project]. "
            "https://hiec.hebut.edu.cn/zcfg/gjzcfg1/103016.htm",
        ),
        (
            "makerspace-guide-2015",
            "zh",
            "科学技术部. (2015年9月8日). 科技部《发展众创空间工作指引》 (国科发火〔2015〕297号) "
            "[摘要，报告助手项目编写]. "
            "http://www.etogether.net/htm/policy/20180521/5413.html",
        ),
    ],
)
def test_apa_entries_of_the_shipped_sources(id_: str, language: Language, expected: str) -> None:
    assert reference(SOURCES[id_], "apa", language, accessed=TODAY) == expected


@pytest.mark.parametrize(
    ("id_", "expected"),
    [
        (
            "yangtze-delta-survey-2015",
            "同济大学. 长三角地区“众创空间”调研报告: 摘要[R/OL]. 报告助手项目, 摘编. "
            "(2015-05-22)[2026-11-23]. http://tech.china.com.cn/entrepreneur/20150708/190851.shtml.",
        ),
    ],
)
def test_gb_entries_of_the_shipped_sources(id_: str, expected: str) -> None:
    for language in LANGUAGES:
        assert reference(SOURCES[id_], "gb", language, accessed=TODAY) == expected


@pytest.mark.parametrize(
    ("known", "style", "language", "expected"),
    [
        ({}, "apa", "en", "Notes. (n.d.)."),
        ({}, "gb", "en", "Notes[Z]. n.d."),
        ({"language": "zh", "title_zh": "笔记"}, "gb", "zh", "笔记[Z]. 出版日期不详."),
        ({"author": "A; B; C"}, "apa", "en", "A, B, & C. (n.d.). Notes."),
        ({"author": "A; B; C; D"}, "gb", "en", "A, B, C, et al. Notes[Z]. n.d."),
        ({"date": "2015"}, "apa", "en", "Notes. (2015)."),
        ({"date": "spring 2015"}, "apa", "en", "Notes. (spring 2015)."),
        ({"author": "A", "publisher": "P"}, "gb", "en", "A. Notes[Z]. P, n.d."),
        ({"title_en": "Quality standard GB/T 1"}, "gb", "en", "Quality standard GB/T 1[S]. n.d."),
        (
            {"url": "https://x.org"},
            "apa",
            "en",
            "Notes. (n.d.). Retrieved November 23, 2026, from https://x.org",
        ),
        ({"kind": "translation", "author": "A"}, "apa", "zh", "A. (出版日期不详). Notes [译文]."),
    ],
)
def test_what_is_missing_is_left_out(
    known: dict[str, str], style: Style, language: Language, expected: str
) -> None:
    title = known.get("title_en", "Notes")
    source = source_of(**{"title_en": title, "title_zh": title} | known)
    assert reference(source, style, language, accessed=TODAY) == expected


@pytest.mark.parametrize("style", ["apa", "gb"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_has_two_full_stops_or_gaps(style: Style, language: Language) -> None:
    ends = ["", "Name", "Name.", "名称。", "Name?"]
    made = [
        reference(
            source_of(author=a, title_en=f"T{t}", title_zh=f"T{t}", publisher=p), style, language
        )
        for a, t, p in product(ends, repeat=3)
    ]
    made += [reference(source, style, language) for source in SOURCES.values()]
    assert not [
        entry for entry in made if re.search(r"\.\s*\.|。\.|\?\.|  |\[\]|\(\)|^\s|\s$", entry)
    ]
