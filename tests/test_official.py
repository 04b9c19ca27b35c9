"""Official texts: taken from a server when they are what they should be, refused otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import opencc
import pytest

from assistant.settings import Settings
from assistant.types import LANGUAGES
from ingest import library_sources, open_library, read_corpus, replace_digests
from ingest.fetch.addresses import parse_address
from ingest.official import check_official, read_officials
from ingest.outcomes import Outcome

from .conftest import ROOT
from .fetch_server import FetchServer
from .tiny import tiny_settings, write_corpus

CORPUS = ROOT / "corpus"
REPORT = "work-report-2015"
# A made-up document in the place of a real one, so that a clone without the full texts has tests.
PHRASES = ("国办发〔2015〕9号", "“众创空间”", "增长7.4%", "636", "2015年3月5日")
NOTICE = (
    "# 通知\n\n国办发〔2015〕9号\n\n各部门要发展“众创空间”，去年增长7.4%，问卷636份。\n"
    "本通知自发布之日起施行，请认真贯彻执行，遇有问题及时报告，并逐级上报办理情况与结果。\n\n2015年3月5日\n"
)


@pytest.fixture
def server() -> Iterator[FetchServer]:
    with FetchServer() as server:
        yield server


def corpus(folder: Path, *addresses: str) -> Settings:
    """Settings with a source "notice" whose official text is looked for at these addresses."""
    settings = tiny_settings(folder)
    write_corpus(settings.corpus, {"notice": ("A digest.\n", None)})
    rows = ["[[official]]", 'id = "notice"', f"addresses = {list(addresses)}", "characters = 80"]
    rows.append(f"phrases = {list(PHRASES)}")
    (settings.corpus / "official.toml").write_text("\n".join(rows), encoding="utf-8")
    return settings


def fetched(settings: Settings, *ids: str, private: bool = True, at: str = "") -> list[Outcome]:
    addresses = {id_: at for id_ in ids if at}
    with open_library(settings) as library:
        return replace_digests(settings, library, ids, addresses=addresses, allow_private=private)


def reasons(outcomes: list[Outcome]) -> list[str]:
    return [outcome.error.reason if outcome.error else outcome.result for outcome in outcomes]


def lacking(text: str, id_: str = REPORT, folder: Path = CORPUS) -> list[str]:
    return check_official(read_officials(folder)[id_], text)


def page(text: str) -> str:
    """The text as a web page has it, with navigation around it."""
    lines = "".join(f"<p>　　{line}</p>\n" for line in text.splitlines())
    return (
        '<!DOCTYPE html><html><head><meta charset="gb2312"><title>政府工作报告</title></head><body>'
        "<nav><a href='/'>首页</a> <a href='/a'>新闻</a></nav>"
        f"<article><h1>政府工作报告</h1>{lines}</article><footer>版权所有</footer></body></html>"
    )


def test_every_digest_has_an_official_text_that_it_is_not_taken_for() -> None:
    officials = read_officials(CORPUS)
    digests = {s.id: s for s in read_corpus(CORPUS).sources if s.kind == "digest"}
    assert set(officials) == set(digests)
    for id_, official in officials.items():
        assert all(str(parse_address(address)) == address for address in official.addresses)
        translation = digests[id_].translation
        assert translation is not None
        assert lacking(digests[id_].text, id_)
        assert lacking(translation.text, id_)


def test_the_full_work_report_is_told_from_all_that_is_near_it(shared: Path) -> None:
    report = (shared / "further-reading" / f"{REPORT}.full.zh.txt").read_text(encoding="utf-8")
    english = (shared / "further-reading" / f"{REPORT}.full.en.txt").read_text(encoding="utf-8")
    for same in (
        report,
        opencc.OpenCC("s2t").convert(report),
        report.replace("\n", ""),
        re.sub("(.{40})", "\\1 \n", report),
    ):
        assert lacking(same) == []
    cut = int(len(report) * 0.95)
    for other in (
        english,
        report[:cut],
        report[-cut:],
        re.sub("201[45]", lambda year: str(int(year[0]) + 1), report),
        report.replace("7.4%", "6.9%"),
        report.replace("63.6万亿", "163.6万亿"),
    ):
        assert lacking(other)
    for phrase in read_officials(CORPUS)[REPORT].phrases:
        assert lacking(report.replace(phrase, "")) == [f"“{phrase}”"]


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        ("", "", ""),
        ("〔2015〕9号", "［２０１５］ ９ 號", ""),
        ("“众创空间”", "「眾 創空間」", ""),
        ("9号", "19号", "国办发"),
        ("636份", "636.5份", "636"),
        ("636份", "0.636份", "636"),
        ("请认真贯彻执行，遇有问题及时报告，并逐级上报", "", "字/characters"),
    ],
)
def test_marks_widths_and_spaces_do_not_matter_and_what_is_missing_is_named(
    tmp_path: Path, old: str, new: str, missing: str
) -> None:
    found = lacking(NOTICE.replace(old, new), "notice", corpus(tmp_path).corpus)
    assert len(found) == bool(missing)
    assert missing in "".join(found)


def test_the_first_address_with_the_document_is_taken(tmp_path: Path, server: FetchServer) -> None:
    busy = server.body("/e.html", page("服务器繁忙，请稍后再试。" * 20).encode("gb18030"))
    good = server.body("/good.txt", NOTICE.encode(), ETag='"1"')
    last = server.body("/last.txt", NOTICE.encode())
    settings = corpus(tmp_path, server.root + "/gone", busy, good, last)
    assert reasons(fetched(settings, private=False)) == ["private_address"] * 4
    assert not server.asked
    assert reasons(fetched(settings)) == ["new"]
    assert [asked.path for asked in server.asked] == ["/gone", "/e.html", "/good.txt"]
    (source,) = library_sources(settings)
    assert (source.id, source.url, source.text) == ("notice-official", good, NOTICE)


def test_each_address_has_its_own_reason(tmp_path: Path, server: FetchServer) -> None:
    other = server.body("/other.txt", NOTICE.replace("9号", "8号").encode())
    binary = server.body("/b.txt", b"%PDF-1.7 nothing")
    outcomes = fetched(corpus(tmp_path, server.root + "/gone", other, binary))
    assert reasons(outcomes) == ["http_status", "not_official", "damaged"]
    for language in LANGUAGES:
        said = outcomes[1].said(language)
        assert other in said
        assert "国办发〔2015〕9号" in said
        assert "--address notice=URL" in said


def test_a_given_address_goes_instead_and_must_pass_too(
    tmp_path: Path, server: FetchServer
) -> None:
    settings = corpus(tmp_path, server.body("/known.txt", NOTICE.encode()))
    other = server.body("/other.txt", ("其他内容。" * 100).encode())
    assert reasons(fetched(settings, "notice", at=other)) == ["not_official"]
    assert [asked.path for asked in server.asked] == ["/other.txt"]
    assert reasons(fetched(settings, "nobody")) == ["no_official"]
