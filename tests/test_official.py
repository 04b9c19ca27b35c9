"""Official texts: taken from a server when they are what they should be, refused otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import opencc
import pytest

from assistant.errors import CorpusError
from assistant.settings import Settings
from assistant.types import LANGUAGES
from ingest.addresses import parse_address
from ingest.fetching import Fetched
from ingest.official import Accepted, Official, check_official, fetch_official, read_officials
from ingest.refusing import DocumentError
from ingest.sources import read_corpus

from .conftest import ROOT, SHARED
from .fetch_server import Exchange, FetchServer

CORPUS = ROOT / "corpus"
READING = SHARED / "further-reading"
REPORT = "work-report-2015"
# A made-up document in the place of a real one, so that a clone without the full texts has tests.
NOTICE = Official(
    "notice",
    ("https://example.org/notice",),
    80,
    ("国办发〔2015〕9号", "“众创空间”", "增长7.4%", "636", "2015年3月5日"),
)
NOTICE_TEXT = (
    "# 通知\n\n国办发〔2015〕9号\n\n各部门要发展“众创空间”，去年增长7.4%，问卷636份。\n"
    "本通知自发布之日起施行，请认真贯彻执行，遇有问题及时报告，并逐级上报办理情况与结果。\n\n2015年3月5日\n"
)


@pytest.fixture(scope="module")
def report() -> str:
    path = READING / "work-report-2015.full.zh.txt"
    if not path.is_file():
        pytest.skip("the full work report (../shared/further-reading) is not here")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def server() -> Iterator[FetchServer]:
    with FetchServer() as server:
        yield server


def lacking(text: str, id_: str = REPORT) -> list[str]:
    return check_official(read_officials(CORPUS)[id_], text)


def page(text: str) -> str:
    """The text as a web page has it, with navigation around it."""
    lines = "".join(f"<p>　　{line}</p>\n" for line in text.splitlines())
    return (
        '<!DOCTYPE html><html><head><meta charset="gb2312"><title>政府工作报告</title></head><body>'
        "<nav><a href='/'>首页</a> <a href='/a'>新闻</a></nav>"
        f"<article><h1>政府工作报告</h1>{lines}</article><footer>版权所有</footer></body></html>"
    )


def test_every_digest_and_nothing_else_has_an_official_text() -> None:
    digests = {s.id for s in read_corpus(CORPUS).sources if s.kind == "digest"}
    officials = read_officials(CORPUS)
    assert set(officials) == digests
    for official in officials.values():
        assert all(str(parse_address(address)) == address for address in official.addresses)


@pytest.mark.parametrize("id_", read_officials(CORPUS))
def test_the_digest_is_not_taken_for_the_official_text(id_: str) -> None:
    source = next(s for s in read_corpus(CORPUS).sources if s.id == id_)
    assert source.translation is not None
    for text in (source.text, source.translation.text):
        assert lacking(text, id_)


def test_the_full_work_report_is_accepted(report: str) -> None:
    assert lacking(report) == []


def test_it_is_accepted_in_traditional_characters_and_other_lines(report: str) -> None:
    assert lacking(opencc.OpenCC("s2t").convert(report)) == []
    assert lacking(report.replace("\n", "")) == []
    assert lacking(re.sub("(.{40})", "\\1 \n", report)) == []


@pytest.mark.parametrize("share", [1 / 3, 0.95])
def test_a_part_of_it_is_refused(report: str, share: float) -> None:
    cut = int(len(report) * share)
    assert lacking(report[:cut])
    assert lacking(report[-cut:])


def test_another_years_report_is_refused(report: str) -> None:
    later = re.sub("201[45]", lambda year: str(int(year[0]) + 1), report)
    assert lacking(later)
    assert lacking(re.sub(r"7\.4%", "6.9%", report))
    assert lacking(report.replace("第三次会议", "第四次会议"))
    assert lacking(report.replace("63.6万亿", "163.6万亿"))


def test_every_phrase_counts(report: str) -> None:
    for phrase in read_officials(CORPUS)[REPORT].phrases:
        assert phrase in report
        assert lacking(report.replace(phrase, "")) == [f"“{phrase}”"]


def test_the_english_report_is_refused() -> None:
    path = READING / "work-report-2015.full.en.txt"
    if not path.is_file():
        pytest.skip("the full work report (../shared/further-reading) is not here")
    assert lacking(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        NOTICE_TEXT,
        NOTICE_TEXT.replace("〔2015〕", "[2015]").replace("“", "「").replace("”", "」"),
        NOTICE_TEXT.replace("〔2015〕9号", "［２０１５］ ９ 號").replace("众创", "眾 創"),
        NOTICE_TEXT.replace("636份", "636,2.795"),
    ],
)
def test_marks_widths_and_spaces_do_not_matter(text: str) -> None:
    assert check_official(NOTICE, text) == []


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        ("9号", "19号", "国办发"),
        ("7.4%", "17.4%", "增长7.4%"),
        ("636份", "6367份", "636"),
        ("636份", "2636份", "636"),
        ("636份", "636.5份", "636"),
        ("636份", "0.636份", "636"),
        ("\n2015年3月5日", "\n12015年3月5日", "2015年3月5日"),
        ("请认真贯彻执行，遇有问题及时报告，并逐级上报", "", "字/characters"),
    ],
)
def test_what_is_missing_is_named(old: str, new: str, missing: str) -> None:
    assert old in NOTICE_TEXT
    (only,) = check_official(NOTICE, NOTICE_TEXT.replace(old, new))
    assert missing in only


def notice_settings(folder: Path, *addresses: str) -> Settings:
    rows = [
        "[[official]]",
        'id = "notice"',
        f"addresses = {list(addresses)}",
        f"characters = {NOTICE.characters}",
    ]
    rows.append(f"phrases = {list(NOTICE.phrases)}")
    (folder / "official.toml").write_text("\n".join(rows), encoding="utf-8")
    return Settings(home=folder / "home", corpus=folder)


def fetched(settings: Settings, *ids: str, **options: object) -> Accepted | list[DocumentError]:
    (result,) = fetch_official(settings, ids, allow_private=True, **options).values()  # type: ignore[arg-type]
    return result


def reasons(result: Accepted | list[DocumentError]) -> list[str]:
    assert isinstance(result, list)
    return [error.reason for error in result]


def test_the_first_address_with_the_document_is_taken(tmp_path: Path, server: FetchServer) -> None:
    error = server.body("/e.html", page("服务器繁忙，请稍后再试。" * 20).encode("gb18030"))
    good = server.body("/good.txt", NOTICE_TEXT.encode(), Content_Type="text/plain", ETag='"1"')
    last = server.body("/last.txt", NOTICE_TEXT.encode())
    settings = notice_settings(tmp_path, server.root + "/gone", error, good, last)
    result = fetched(settings)
    assert isinstance(result, Accepted)
    assert (result.fetched.address, result.fetched.etag) == (good, '"1"')
    assert result.document is not None
    assert "问卷636份" in result.document.text
    assert not settings.home.exists()
    assert [asked.path for asked in server.asked] == ["/gone", "/e.html", "/good.txt"]


def test_each_address_has_its_own_reason(tmp_path: Path, server: FetchServer) -> None:
    other = server.body("/other.txt", NOTICE_TEXT.replace("9号", "8号").encode())
    binary = server.body("/b.txt", b"%PDF-1.7 nothing")
    result = fetched(notice_settings(tmp_path, server.root + "/gone", other, binary))
    assert reasons(result) == ["http_status", "not_official", "damaged"]
    assert isinstance(result, list)
    for language in LANGUAGES:
        said = result[1].said(language)
        assert other in said
        assert "国办发〔2015〕9号" in said
        assert "--address notice=URL" in said


def test_a_given_address_goes_instead_and_must_pass_too(
    tmp_path: Path, server: FetchServer
) -> None:
    settings = notice_settings(tmp_path, server.body("/known.txt", NOTICE_TEXT.encode()))
    other = server.body("/other.txt", ("其他内容。" * 100).encode())
    assert reasons(fetched(settings, "notice", addresses={"notice": other})) == ["not_official"]
    assert [asked.path for asked in server.asked] == ["/other.txt"]
    assert reasons(fetched(settings, "nobody")) == ["no_official"]


def test_nothing_on_this_machine_is_asked_unless_it_may(
    tmp_path: Path, server: FetchServer
) -> None:
    settings = notice_settings(tmp_path, server.body("/a.txt", NOTICE_TEXT.encode()))
    (result,) = fetch_official(settings).values()
    assert reasons(result) == ["private_address"]
    assert not server.asked


def test_what_was_accepted_is_not_sent_again(tmp_path: Path, server: FetchServer) -> None:
    def once(exchange: Exchange) -> None:
        if "if-none-match" in exchange.asked.headers:
            exchange.answer(b"", "304 Not Modified", -1)
        else:
            exchange.answer(NOTICE_TEXT.encode(), ETag='"1"')

    settings = notice_settings(tmp_path, server.page("/a.txt", once))
    first = fetched(settings)
    assert isinstance(first, Accepted)
    known: dict[str, Fetched] = {"notice": first.fetched}
    again = fetched(settings, known=known)
    assert isinstance(again, Accepted)
    assert again.document is None
    assert again.fetched.sha256 == first.fetched.sha256


@pytest.mark.parametrize("form", ["text", "page", "page in GB18030 said to be UTF-8"])
def test_the_full_work_report_comes_from_a_server(
    server: FetchServer, tmp_path: Path, report: str, form: str
) -> None:
    body = report.encode() if form == "text" else page(report).encode("gb18030")
    if form == "page":
        body = page(report).replace("gb2312", "utf-8").encode()
    kind = "text/plain" if form == "text" else "text/html"
    address = server.body("/c.htm", body, Content_Type=f"{kind}; charset=utf-8")
    settings = Settings(home=tmp_path, corpus=CORPUS)
    result = fetched(settings, REPORT, addresses={REPORT: address})
    assert isinstance(result, Accepted), [error.said("en") for error in result]
    assert result.document is not None
    for line in report.splitlines():
        assert line.strip() in result.document.text


@pytest.mark.parametrize("words", ["[[official]]\nid = 'a'", "official = 3", "[[", "a = 1"])
def test_a_list_that_cannot_be_read_is_told(tmp_path: Path, words: str) -> None:
    (tmp_path / "official.toml").write_text(words, encoding="utf-8")
    with pytest.raises(CorpusError, match=re.escape("official.toml")):
        read_officials(tmp_path)


def test_a_corpus_without_the_list_has_no_official_texts(tmp_path: Path) -> None:
    assert read_officials(tmp_path) == {}
    assert reasons(fetched(Settings(home=tmp_path, corpus=tmp_path), "a")) == ["no_official"]
