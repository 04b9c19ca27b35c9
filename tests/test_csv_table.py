"""Tables in CSV and its kin become rows that make sense alone."""

from __future__ import annotations

import pytest

from ingest.formats.document import Document, ReadOptions
from ingest.formats.reading import read_document
from ingest.refusing import DocumentError


def read(text: str | bytes, name: str = "a.csv", chars: int = 1_000) -> Document:
    data = text if isinstance(text, bytes) else text.encode()
    return read_document(data, name, ReadOptions(chars=chars))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("region,firms\nNorth,3\nSouth,4\n", "region: North; firms: 3\nregion: South; firms: 4\n"),
        ("region;firms\r\nNorth;3,5\r\n", "region: North; firms: 3,5\n"),
        ("region\tfirms\nNorth\t3\n", "region: North; firms: 3\n"),
        ("region|firms\nNorth|3\n", "region: North; firms: 3\n"),
        ("sep=;\nregion;firms\nNorth;3\n", "region: North; firms: 3\n"),
        ("name,role\nAnn,mayor\nBo,mentor\n", "name: Ann; role: mayor\nname: Bo; role: mentor\n"),
        ("North,3\nSouth,40\n", "North: 3\nSouth: 40\n"),
        ("a,1,2\nb,3,4\n", "a; 1; 2\nb; 3; 4\n"),
        ("region,firms,note\nNorth,,\nSouth,3,\n,,\n", "region: North\nregion: South; firms: 3\n"),
        (",2014,2015\nfirms,3,40\n", "firms; 2014: 3; 2015: 40\n"),
        ("指标,2023年,2022年\n产量,3,40\n", "指标：产量; 2023年：3; 2022年：40\n"),
        ("Ann,1950,2001\nBo,1961,2003\n", "Ann; 1950; 2001\nBo; 1961; 2003\n"),
        ("a,b,\n1,2,\n3,4,\n", "a: 1; b: 2\na: 3; b: 4\n"),
        ('who, from\n"Ann", "Rome, It."\n', "who: Ann; from: Rome, It.\n"),
        (',"first half"\nfirms,3\n', "firms; first half: 3\n"),
        ('who,said\nAnn,"Rent, as ""they""\nsay."\n', 'who: Ann; said: Rent, as "they" say.\n'),
        ("By region,\n,\nregion,firms\nNorth,3\n", "By region\n\nregion: North; firms: 3\n"),
        ("city\nWuhan\nXi'an\n", "city\nWuhan\nXi'an\n"),
        ("地区,企业\n北,3\n", "地区：北; 企业：3\n"),
        ("region,firms\nNorth,3,extra\n", "region: North; firms: 3; extra\n"),
        ("a,b\n# North,3\n", "a: # North; b: 3\n"),
    ],
)  # fmt: skip
def test_each_row_is_a_line_with_the_names_of_its_columns(source: str, text: str) -> None:
    assert read(source).text == text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16", "utf-16-le"])
def test_chinese_tables_are_read_in_any_encoding(encoding: str) -> None:
    table = "地区,入驻企业\n江苏省,三十家\n浙江省,四十家\n"
    assert read(table.encode(encoding)).text.splitlines() == [
        "地区：江苏省; 入驻企业：三十家",
        "地区：浙江省; 入驻企业：四十家",
    ]


@pytest.mark.parametrize("count", [3, 9_000])
def test_a_mark_that_nothing_closes_does_not_swallow_the_rest(count: int) -> None:
    rows = "\n".join(f"{n},row number {n} of the table" for n in range(count))
    text = read(f'id,words\n-1,"never closed\n{rows}\n', chars=1_000_000).text
    assert f"\nid: {count - 1}; words: row number {count - 1} of the table\n" in text


def test_a_table_that_grows_beyond_the_limit_is_refused_on_the_way() -> None:
    rows = "a,b\n" * 1_000
    with pytest.raises(DocumentError) as caught:
        read(f"{'x' * 40},{'y' * 40}\n{rows}")
    assert caught.value.reason == "too_long"


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(DocumentError) as caught:
        read(bytes(range(32)) * 40)
    assert caught.value.reason == "binary"
