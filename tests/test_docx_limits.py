"""Word files that are damaged, protected or hostile are refused with the cause."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.formats import zips
from ingest.formats.document import ReadOptions
from ingest.formats.reading import read_document
from ingest.refusing import DocumentError

from .word_files import archive, paragraph, row, table, word_file

CHINESE = "孵化器为初创企业提供办公场地。"


def refusal(data: bytes, options: ReadOptions | None = None) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read_document(data, "a.docx", options)
    return caught.value


def test_entities_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    xml = (
        f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}"><!ENTITY y "{"z" * 50}">]>'
        '<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Rent &x;&y; is low.</w:t></w:r></w:p>'
        "</w:body></w:document>"
    )
    document = read_document(archive({"word/document.xml": xml}), "a.docx")
    assert "hunter2" not in document.text
    assert document.text.startswith("Rent")


def test_what_unpacks_without_end_is_refused_before_it_is_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zips, "UNPACKED_MB", 1)
    error = refusal(word_file(paragraph("a" * 1_100_000)))
    assert (error.reason, error.values["mb"]) == ("bomb", 1)


@pytest.mark.parametrize(
    "data",
    [
        word_file(paragraph(CHINESE))[:-60],
        archive({"word/document.xml": "<w:document>"}),
        archive({"word/document.xml": '<w:document xmlns:w="w"/>'}),
    ],
)
def test_a_damaged_file_is_refused(data: bytes) -> None:
    assert refusal(data).reason == "damaged"


@pytest.mark.parametrize(
    ("password", "reason"), [("", "encrypted"), ("open sesame", "wrong_password")]
)
def test_a_password_is_asked_for(shared: Path, password: str, reason: str) -> None:
    data = (shared / "inputs" / "docx-password-protected.docx").read_bytes()
    assert refusal(data, ReadOptions(password=password)).reason == reason
    opened = read_document(data, "a.docx", ReadOptions(password="VelvetSweatshop"))
    assert opened.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("docx-truncated", "damaged"),
        ("docx-nested-tables", "empty"),
        ("synthetic-docx-zipbomb-like-120MB", "bomb"),
    ],
)
def test_real_files_that_hold_nothing_to_read_say_why(shared: Path, name: str, reason: str) -> None:
    assert refusal((shared / "inputs" / f"{name}.docx").read_bytes()).reason == reason


@given(st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_bytes_that_were_changed_give_a_document_or_a_reason(data: st.DataObject) -> None:
    whole = bytearray(word_file(paragraph(CHINESE) + table(row("Year", "Firms"), row("2015", "3"))))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    reason = ""
    try:
        text = read_document(bytes(whole), "a.docx").text
    except DocumentError as error:
        text, reason = "", error.reason
    assert text or reason in ("damaged", "empty", "encrypted", "kind", "foreign")
