"""Text, Markdown and CSV: any usual encoding, no marks, and rows that make sense alone."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import DocumentError
from ingest.formats.document import Document, ReadOptions
from ingest.formats.languages import CHINESE_NAMES
from ingest.formats.reading import read_document

SIMPLIFIED = (
    "孵化器为初创企业提供办公场地和导师。",
    "二零一五年，上海共有一千二百家企业入驻众创空间，其中三分之一来自高校。",
    "“创业者需要的不只是资金，还有客户。”负责人说，这一点常被忽视。",
    "孵化器是什么？",
)
TRADITIONAL = (
    "孵化器為初創企業提供辦公場地和導師。",
    "租金低於市價的一半；合約為期三年，期滿可以續約。",
)
ENGLISH = (
    "The mill has forty desks. Rent is low.",
    "It opened in 2014, in Shanghai, with Vanke as its first partner.",
)
WESTERN = ("It’s in a café – the “incubator” offers mentors…", "At 28.5°E, Contrecœur’s plan.")
ANY = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


def read(text: str | bytes, name: str = "a.txt", **options: object) -> Document:
    data = text if isinstance(text, bytes) else text.encode()
    return read_document(data, name, ReadOptions(**options))  # type: ignore[arg-type]


def refusal(text: str | bytes, name: str = "a.txt", **options: object) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read(text, name, **options)
    return caught.value


# Encodings


@given(
    st.one_of(
        st.tuples(st.sampled_from(SIMPLIFIED), st.sampled_from((*ANY, "gb18030", "gbk", "hz"))),
        st.tuples(st.sampled_from(TRADITIONAL), st.sampled_from((*ANY, "gb18030", "big5"))),
        st.tuples(st.sampled_from(ENGLISH), st.sampled_from((*ANY, "gb18030", "ascii"))),
        st.tuples(st.sampled_from(WESTERN), st.sampled_from((*ANY, "cp1252"))),
    ),
    st.lists(st.sampled_from(ENGLISH), max_size=2),
)
def test_a_text_is_read_as_it_was_written(written: tuple[str, str], english: list[str]) -> None:
    words, encoding = written
    text = "\n".join([*english, words])
    assert read(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("text", "data", "declared"),
    [
        ("Gothic 𐌸𐌹𐌿𐌳𐌰 and 𠮷野家 stand in UTF-16 as pairs of surrogates.\n", "utf-16-le", ""),
        (SIMPLIFIED[0], codecs.BOM_UTF8 + SIMPLIFIED[0].encode("gbk"), ""),
        (SIMPLIFIED[0], "gbk", "big5"),
        (SIMPLIFIED[0], "gbk", "no-such-encoding"),
        (TRADITIONAL[0], "big5", "iso-8859-1"),
        ("The word мир is both peace and the world to them.", "cp1251", "windows-1251"),
    ],
)
def test_what_is_declared_is_believed_only_where_it_fits(
    text: str, data: str | bytes, declared: str
) -> None:
    data = text.encode(data) if isinstance(data, str) else data
    assert read(data, charset=declared).text == text


@pytest.mark.parametrize("name", ["text-big5", "text-gb18030"])
def test_real_files_are_read_exactly_as_their_publishers_read_them(shared: Path, name: str) -> None:
    data = (shared / "inputs" / f"{name}.txt").read_bytes()
    expected = (shared / "inputs" / f"{name}.expected-utf8.txt").read_text(encoding="utf-8")
    assert read(data).text.split() == expected.split()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5"])
def test_a_file_that_was_cut_inside_a_character_is_read_and_its_loss_told(encoding: str) -> None:
    words = "\n".join(TRADITIONAL)
    document = read(words.encode(encoding)[:-1])
    assert document.text == words[:-1] + "\ufffd"
    assert [(note.kind, note.value) for note in document.notes] == [("left_out", "1 × \ufffd")]


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        ("Привет, мир".encode("cp1251"), "a.txt", "encoding"),
        ("日本語のテキストです".encode("shift-jis"), "a.txt", "encoding"),
        (bytes(range(32)) * 40, "a.txt", "binary"),
        (b" \r\n\0\t", "a.txt", "empty"),
        (b"---\ntitle: x\n---\n", "a.md", "empty"),
        (b"Text.", "a.exe", "kind"),
        (b"Text.", "a.pdf", "damaged"),
        (b"Text.", "a.docx", "damaged"),
        (b"PK\x03\x04" + bytes(range(256)), "a.docx", "damaged"),
        (b"One sentence.\n" * 80, "a.txt", "too_long"),
        (b"a,b\n" + b"xxxx,yyyy\n" * 100, "a.csv", "too_long"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence_of_either_language(
    data: bytes, name: str, reason: str
) -> None:
    error = refusal(data, name, chars=1_000)
    assert error.reason == reason
    assert str(error).startswith(f"{name} was not added: ")
    assert error.said("zh").startswith(f"未添加{name}：")


def test_only_nul_line_ends_and_white_space_at_line_ends_change() -> None:
    text = read("One\0 two. \r\nThree\u202e four.\rFive\x07.").text
    assert text == "One two.\nThree\u202e four.\nFive\x07."


# Languages

JAPANESE = "この施設は市と銀行が共同で運営しており、二〇一四年に開業しました。\n"
FOREIGN = {
    "Japanese": JAPANESE,
    "Korean": "이 보육센터는 2014년에 문을 열었으며 시와 은행이 함께 운영한다.\n",
    "Russian": "Инкубатор открылся в 2014 году, и им управляет город вместе с банком.\n",
    "Arabic": "افتتحت الحاضنة في عام 2014 وتديرها المدينة بمساعدة أحد البنوك.\n",
    "French": "La pépinière est ouverte depuis 2014 et elle est dirigée par la ville.\n",
    "German": "Der Inkubator ist seit 2014 offen und wird von der Stadt betrieben.\n",
    "Vietnamese": "Vườn ươm được mở vào năm 2014 và được thành phố điều hành cùng một ngân hàng.\n",
    "which one cannot be told": "Inkubatorn öppnades år 2014 och drivs av staden och en lokal "
    "bank på orten.\nA keltetőt 2014-ben nyitották meg, és a város működteti egy bankkal.\n",
}


@pytest.mark.parametrize("language", FOREIGN)
def test_a_document_in_another_language_is_refused_with_its_name_and_a_part_is_told(
    language: str,
) -> None:
    error = refusal(FOREIGN[language] * 3)
    assert error.reason == "foreign"
    assert f"({language})" in str(error)
    assert f"（{CHINESE_NAMES[language]}）" in error.said("zh")
    for ours in (ENGLISH[1], SIMPLIFIED[1]):
        notes = read(f"{ours}\n" * 6 + FOREIGN[language] * 2).notes
        assert [(note.kind, note.value) for note in notes] == [("foreign", language)]


@pytest.mark.parametrize(
    "text",
    [
        "由于の字在中文里也常见，这份资料把它写进了标题：優の良品，此外全是中文。\n",
        "Names: Müller, García, Đặng, Владимир, José, François and Jürgen were all there.\n",
        "Müller, J. and Özil, M., The city as a bank of ideas, in: Café Society 12 (2014), p. 3.\n",
        "Name,City,Year\nVanke,Shenzhen,2014\nNestlé,Vevey,1866\nCitroën,Paris,1919\n",
    ],
)
def test_our_languages_are_taken_with_the_names_of_others(text: str) -> None:
    assert read(text).notes == ()


def test_real_texts_are_told_by_their_language(shared: Path) -> None:
    form = (shared / "inputs" / "docx-ja-stress019.docx").read_bytes()
    assert refusal(form, "stress019.docx").values["language"] == "Japanese"
    for path in (shared / "further-reading").glob("*.full.*.txt"):
        assert read(path.read_bytes()).notes == ()


# Markdown


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Rent is *low* and **stays** ~~so~~ `here`.", "Rent is low and stays so here."),
        ("See [the page](http://a.b/c) or <http://a.b>.", "See the page or http://a.b."),
        ("One <!-- gone -->two.\n\n<!-- gone\n\nas well -->", "One two."),
        ("* one\n* two\n  1. inner\n  2. other", "- one\n- two\n1. inner\n2. other"),
        ("```sh\n# no heading\nls\n```", "\\# no heading\nls"),
        ("##没有空格\n正文。", "## 没有空格\n\n正文。"),
        ("**“重点”**内容，`**kw**`", "“重点”内容，**kw**"),
        ("| 地区 | 企业 |\n|---|--:|\n| 北 | **3** |\n| 南 | |", "地区：北; 企业：3\n地区：南"),
        ("::: tip API 参考\n正文*在此*。\n:::", "API 参考\n\n正文在此。"),
        ("Low.[^a]\n\n[^a]: Since *2014*,\nas said.\n\nAfter.",
         "Low.\n\nAfter.\n\n## 注释\n\n1. Since 2014,\nas said."),
    ],
)  # fmt: skip
def test_marks_of_markdown_are_no_text(source: str, text: str) -> None:
    said = SIMPLIFIED[1] * 3
    assert read(f"{said}\n\n{source}\n", "a.md").text == f"{said}\n\n{text}\n"


@pytest.mark.parametrize(
    ("front", "told"),
    [
        ("---\ntitle: Mills\nauthor: Ann\ndate: 2015-03-04\n---", ("Mills", "Ann", "2015-03-04")),
        ("---\ntitle: A: B\nauthor: [\n---", ("A: B", "[", "")),
        ('+++\ntitle = "Mills"\ndate = 2015-03-04T03:04:05Z\n+++', ("Mills", "", "2015-03-04")),
        ("---\nlayout: x\n---", ("Rent", "", "")),
        ("---\ntitle: !!python/object/apply:os.getcwd []\n---",
         ("!!python/object/apply:os.getcwd []", "", "")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_front_matter_is_no_text_but_tells_of_it(
    front: str, told: tuple[str, str, str], end: str
) -> None:
    document = read(f"{front}\n\n# Rent\n\nLow.\n".replace("\n", end), "a.md")
    assert (document.title, document.author, document.date) == told
    assert document.text == "# Rent\n\nLow.\n"


def test_a_real_page_of_documentation_is_read(shared: Path) -> None:
    document = read((shared / "inputs" / "md-zh-frontmatter.md").read_bytes(), "reactivity.md")
    assert document.title == "响应式基础"
    assert document.text.startswith("# 响应式基础\n\nAPI 参考\n\n本页和后面很多页面中")
    assert "\n## 声明响应式状态 *\n" in document.text
    for mark in (":::", "outline: deep", "](", "{#", "```", "</div>\n\n##"):
        assert mark not in document.text


# CSV


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("region,firms\nNorth,3\nSouth,4\n", "region: North; firms: 3\nregion: South; firms: 4\n"),
        ("sep=;\nregion;firms\nNorth;3\n", "region: North; firms: 3\n"),
        ("region,firms,note\nNorth,,\nSouth,3,\n,,\n", "region: North\nregion: South; firms: 3\n"),
        ("指标,2023年,2022年\n产量,3,40\n", "指标：产量; 2023年：3; 2022年：40\n"),
        ('who,said\nAnn,"Rent, as ""they""\nsay."\n', 'who: Ann; said: Rent, as "they" say.\n'),
        ("By region,\n,\nregion,firms\nNorth,3\n", "By region\n\nregion: North; firms: 3\n"),
        ("city\nWuhan\nXi'an\n", "city\nWuhan\nXi'an\n"),
    ],
)
def test_each_row_is_a_line_with_the_names_of_its_columns(source: str, text: str) -> None:
    assert read(source, "a.csv").text == text
