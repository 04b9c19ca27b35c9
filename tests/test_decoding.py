"""Texts come out of every encoding that English and Chinese files are written in."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.formats.decoding import decode_text
from ingest.formats.document import ReadOptions
from ingest.formats.reading import read_document

SIMPLIFIED = (
    "孵化器为初创企业提供办公场地和导师。",
    "二〇一五年，上海共有一千二百家企业入驻众创空间，其中三分之一来自高校。",
    "租金低于市场价的一半；合同期为三年，期满可以续签。",
    "“创业者需要的不只是资金，还有客户。”负责人说，这一点常被忽视。",
)
TRADITIONAL = (
    "孵化器為初創企業提供辦公場地和導師。",
    "二零一五年，臺北共有一千二百家企業進駐，其中三分之一來自大學。",
    "租金低於市價的一半；合約為期三年，期滿可以續約。",
)
ENGLISH = (
    "The mill has forty desks. Rent is low.",
    "It opened in 2014, in Shanghai, with Vanke as its first partner.",
    "Firms leave after three years; most of them stay in the city.",
)
WESTERN = (
    "It’s in a café – the “incubator” offers mentors…",
    "At 28.5°E, Contrecœur’s plan.",
)
FOR_BOTH = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030")


@given(
    st.one_of(
        st.tuples(st.sampled_from(SIMPLIFIED), st.sampled_from((*FOR_BOTH, "gbk", "gb2312", "hz"))),
        st.tuples(
            st.sampled_from(TRADITIONAL),
            st.sampled_from((*FOR_BOTH, "gbk", "big5", "cp950", "big5hkscs")),
        ),
        st.tuples(st.sampled_from(ENGLISH), st.sampled_from((*FOR_BOTH, "ascii", "cp1252"))),
        st.tuples(st.sampled_from(WESTERN), st.sampled_from((*FOR_BOTH[:6], "cp1252"))),
    ),
    st.lists(st.sampled_from(ENGLISH), max_size=2),
)
@hypothesis_settings(max_examples=150, deadline=None)
def test_a_text_is_read_as_it_was_written(written: tuple[str, str], english: list[str]) -> None:
    words, encoding = written
    text = "\n".join([*english, words]).replace("〇", "零")
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize("text", ["香港㗎嘅冇咗，我哋去嗰度食嘢喇。佢哋唔係話咗喺邊度咩？"])
def test_cantonese_in_big5_with_the_signs_of_hong_kong_is_read(text: str) -> None:
    with pytest.raises(UnicodeEncodeError):
        text.encode("cp950")
    assert decode_text(text.encode("big5hkscs")) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_characters_beyond_the_first_plane_need_no_mark(encoding: str) -> None:
    text = "Gothic 𐌸𐌹𐌿𐌳𐌰 and 𠮷野家 stand in UTF-16 as pairs of surrogates.\n"
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize("words", SIMPLIFIED)
def test_a_mark_that_is_not_the_texts_own_is_not_believed(words: str) -> None:
    data = codecs.BOM_UTF8 + words.replace("〇", "零").encode("gbk")
    assert decode_text(data) == words.replace("〇", "零")


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        (SIMPLIFIED[0], "gbk", "big5"),
        (SIMPLIFIED[0], "gbk", "utf-8"),
        (SIMPLIFIED[0], "utf-8", "gb2312"),
        (TRADITIONAL[0], "big5", "gb2312"),
        (TRADITIONAL[0], "big5", "iso-8859-1"),
        (SIMPLIFIED[2], "gbk", "no-such-encoding"),
        (SIMPLIFIED[2], "gbk", "base64"),
    ],
)
def test_a_declaration_that_does_not_fit_is_not_believed(
    text: str, encoding: str, declared: str
) -> None:
    assert decode_text(text.encode(encoding), declared=[declared]) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет, мир, сегодня хорошая погода", "windows-1251"),
        ("これは日本語のテキストです", "shift_jis"),
        ("مرحبا بالعالم", "iso-8859-6"),
    ],
)
def test_another_language_is_read_where_its_encoding_is_declared(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding), declared=[encoding]) == text


def test_iso_2022_cn_is_read() -> None:
    words = "孵化器开业"
    shifted = bytes(byte & 0x7F for byte in words.encode("gb2312"))
    assert decode_text(b"2014: \x1b$)A\x0e" + shifted + b"\x0f.\n") == f"2014: {words}.\n"


def test_tildes_in_english_are_no_chinese() -> None:
    assert decode_text(b"Use ~{name}~ and ~{other~} here.") == "Use ~{name}~ and ~{other~} here."


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5"])
def test_a_file_that_was_cut_inside_a_character_is_read_and_its_loss_told(encoding: str) -> None:
    words = "\n".join(TRADITIONAL)
    data = words.encode(encoding)[:-1]
    assert decode_text(data) == words[:-1] + "\ufffd"
    (note,) = read_document(data, "a.txt").notes
    assert (note.kind, note.value) == ("left_out", "1 × \ufffd")


def test_what_is_no_text_in_these_languages_has_no_reading() -> None:
    assert decode_text("Привет, мир".encode("cp1251")) is None
    assert decode_text("日本語のテキストです".encode("shift-jis")) is None


@pytest.mark.parametrize("name", ["text-big5", "text-gb18030"])
def test_real_files_are_read_exactly_as_their_publishers_read_them(shared: Path, name: str) -> None:
    data = (shared / "inputs" / f"{name}.txt").read_bytes()
    expected = (shared / "inputs" / f"{name}.expected-utf8.txt").read_bytes().decode()
    assert decode_text(data) == expected


def test_what_the_sender_declares_reaches_the_text() -> None:
    data = "The word мир is both peace and the world to them.".encode("cp1251")
    assert "мир" in read_document(data, "a.txt", ReadOptions(charset="windows-1251")).text


def test_form_feeds_part_pages_and_are_no_text() -> None:
    document = read_document(b"\fOne page.\n\fTwo\nlines.\f", "a.txt")
    assert document.text == "One page.\nTwo\nlines.\n"
    assert [document.text[at:][:3] for at in document.pages] == ["One", "One", "Two"]
