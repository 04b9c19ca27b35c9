"""What a fetched file is called, and by what its kind is told."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch.fetching import fetch
from ingest.fetch.file_names import file_name

from .fetch_server import Exchange, FetchServer

PAGE = b"<!-- saved -->\n<!DOCTYPE html><html><body><p>Words</p></body></html>"
PDF = b"%PDF-1.7\n..."


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


def named(
    body: bytes, target: str = "/", media_type: str = "", disposition: str = "", host: str = "a.org"
) -> str:
    return file_name(body, disposition=disposition, media_type=media_type, target=target, host=host)


@pytest.mark.parametrize(
    ("body", "target", "media_type", "name"),
    [
        (PAGE, "/", "text/html", "a-org.html"),
        (PAGE, "/content_2835101.htm?a=/b.pdf", "text/html", "content_2835101.htm"),
        (PAGE, "/report.pdf", "application/pdf", "report.html"),
        (b'<?xml version="1.0"?>\n<html xmlns="x">', "/p", "", "p.html"),
        (PDF, "/download.aspx?id=1", "application/octet-stream", "download.pdf"),
        (zipped("word/document.xml"), "/a.pdf", "application/zip", "a.docx"),
        (zipped("META-INF/container.xml"), "/book", "", "book.epub"),
        (b"words", "/a.md", "text/plain", "a.md"),
        (b"words", "/a.php", "text/html", "a.txt"),
        (b"<title>A</title>words", "/a.php", "text/html", "a.html"),
        (b"a,b", "/v1.2", "text/csv", "v1.2.csv"),
        (b"words", "/..%2F..%2Fetc%2Fpasswd", "text/plain", "passwd.txt"),
        (b"words", "/a.exe", "application/octet-stream", "a.exe"),
    ],
)
def test_the_body_says_the_kind_then_the_name_then_the_media_type(
    body: bytes, target: str, media_type: str, name: str
) -> None:
    assert named(body, target, media_type) == name


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="report.txt"', "report.txt"),
        ("attachment; filename*=UTF-8''%E6%8A%A5%E5%91%8A.txt", "报告.txt"),
        ('attachment; filename="报告.txt"', "报告.txt"),
        ('inline; filename="..\\\\..\\\\boot.ini"', "boot.txt"),
        ("inline; filename*=UTF-8''..%2F..%2F.ssh%2Fid.txt", "id.txt"),
        ('inline; filename="a\u202etxt.exe"', "atxt.txt"),
        ("attachment", "path.txt"),
        ("attachment; filename*=NOSUCH''a%41.txt", "aA.txt"),
        ('attachment; filename="' + "x" * 500 + '.txt"', "x" * 120 + ".txt"),
    ],
)
def test_the_name_that_a_server_gives_is_taken_without_its_tricks(
    disposition: str, name: str
) -> None:
    assert named(b"words", "/path", "text/plain", disposition) == name


def test_a_name_in_the_bytes_of_a_chinese_server_is_read() -> None:
    def page(exchange: Exchange) -> None:
        head = b'Content-Disposition: attachment; filename="\xb1\xa8\xb8\xe6.txt"\r\n'
        exchange.send(b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 5\r\n\r\nwords")

    with FetchServer() as server:
        assert fetch(server.page("/x", page), allow_private=True).name == "报告.txt"


@given(
    body=st.sampled_from([PAGE, PDF, b"words", b"\0\1", b""]) | st.binary(max_size=20),
    target=st.text(max_size=20).map(lambda rest: f"/{rest}"),
    media_type=st.sampled_from(["", "text/html", "text/plain", "application/pdf", "x/y"]),
    disposition=st.text(max_size=30).map(lambda rest: f'a; filename="{rest}"'),
)
def test_a_name_is_always_one_file_in_one_folder(
    body: bytes, target: str, media_type: str, disposition: str
) -> None:
    name = named(body, target, media_type, disposition)
    assert Path(name).name == name
    assert name.isprintable()
    assert 0 < len(name) <= 135
