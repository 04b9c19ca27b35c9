"""Word files keep their headings, lists, tables and notes; what is hostile is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import DocumentError
from ingest.formats import zips
from ingest.formats.document import Document, ReadOptions
from ingest.formats.reading import read_document

from .word_files import archive, paragraph, row, table, word_file, words

CHINESE = "孵化器为初创企业提供办公场地。"


def read(data: bytes, name: str = "a.docx", password: str = "") -> Document:
    return read_document(data, name, ReadOptions(password=password))


def refusal(data: bytes, password: str = "") -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read(data, password=password)
    return caught.value


def text_of(body: str, **parts: str) -> str:
    return read(word_file(body, **parts)).text


def style(id_: str, name: str, more: str = "", *, base: str = "") -> str:
    based = f'<w:basedOn w:val="{base}"/>' if base else ""
    inner = f'<w:name w:val="{name}"/>{based}{more}'
    return f'<w:style w:type="paragraph" w:styleId="{id_}">{inner}</w:style>'


def styled(text: str, id_: str) -> str:
    return paragraph(text, f'<w:pStyle w:val="{id_}"/>')


def test_a_file_of_python_docx_is_read_in_order() -> None:
    made = docx.Document()
    made.core_properties.title = "Of mills"
    made.add_heading("The old mill", 1)
    made.add_paragraph("It opened in 2014.")
    made.add_paragraph("Offices", style="List Bullet")
    made.add_paragraph("Mentors", style="List Bullet")
    cells = made.add_table(rows=2, cols=2)
    for cell, said in zip(cells._cells, ("Year", "Firms", "2015", "40"), strict=True):
        cell.text = said
    made.add_heading("Rent", 2)
    made.add_paragraph("Rent is low.\nIt stays so.")
    made.sections[0].header.paragraphs[0].text = "Confidential"
    out = io.BytesIO()
    made.save(out)
    document = read(out.getvalue())
    assert document.text == (
        "# The old mill\n\nIt opened in 2014.\n\n- Offices\n- Mentors\n\nYear: 2015; Firms: 40\n\n"
        "## Rent\n\nRent is low.\nIt stays so.\n"
    )
    # What the program writes into every file is not believed.
    assert (document.title, document.author, document.date) == ("The old mill", "", "")


@pytest.mark.parametrize(
    ("styles", "used"),
    [
        (style("berschrift1", "heading 2"), "berschrift1"),
        (style("Own", "Own", base="Up") + style("Up", "heading 2"), "Own"),
        (style("Own", "Own", '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>'), "Own"),
    ],
)
def test_headings_are_known_by_style_name_base_and_outline(styles: str, used: str) -> None:
    body = styled("Rent", used) + paragraph("Rent is low.")
    assert text_of(body, styles=styles) == "## Rent\n\nRent is low.\n"


def test_lists_are_numbered_as_word_shows_them() -> None:
    def level(i: int, form: str, text: str) -> str:
        told = f'<w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/>'
        return f'<w:lvl w:ilvl="{i}">{told}</w:lvl>'

    def numbered(text: str, list_id: int, at: int) -> str:
        told = f'<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{list_id}"/></w:numPr>'
        return paragraph(text, told)

    made = (
        level(0, "decimal", "%1.") + level(1, "lowerLetter", "%1.%2)"),
        level(0, "chineseCounting", "第%1条"),
        level(0, "bullet", "\uf0b7"),
    )
    lists = "".join(
        f'<w:abstractNum w:abstractNumId="{i}">{levels}</w:abstractNum>'
        for i, levels in enumerate(made)
    ) + "".join(
        f'<w:num w:numId="{i + 1}"><w:abstractNumId w:val="{i}"/></w:num>' for i in range(3)
    )
    items = [("One", 1, 0), ("inner", 1, 1), ("other", 1, 1), ("Two", 1, 0), ("again", 1, 1)]
    items += [(CHINESE, 2, 0), (CHINESE, 2, 0), ("point", 3, 0)]
    body = "".join(numbered(*item) for item in items)
    assert text_of(body, numbering=lists).splitlines() == [
        *("1. One", "1.a) inner", "1.b) other", "2. Two", "2.a) again"),
        *(f"第一条 {CHINESE}", f"第二条 {CHINESE}", "- point"),
    ]


def test_what_word_shows_is_read_and_nothing_else() -> None:
    def field(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    changed = (
        f"<w:p>{words('Rent is ')}<w:del>{words('high')}</w:del><w:ins>{words('low')}</w:ins>"
        f"{words(' secret', '<w:vanish/>')}{words('.')}</w:p>"
        f"<w:p><w:moveFrom>{words('It moved.')}</w:moveFrom></w:p>"
    )
    code = "<w:r><w:instrText>HYPERLINK x</w:instrText></w:r>"
    raised = words("2", '<w:vertAlign w:val="superscript"/>')
    fields = (
        f"<w:p>{field('begin')}{code}{words('code')}{field('separate')}{words('See')}"
        f"{field('end')}<w:hyperlink>{words(' the page')}</w:hyperlink><w:r><w:br/><w:t>E</w:t>"
        "</w:r><m:oMath><m:r><m:t>=mc</m:t></m:r></m:oMath>"
        f"{raised}</w:p>"
    )
    assert text_of(changed + fields) == "Rent is low.\n\nSee the page\nE=mc²\n"


def test_notes_stand_apart_at_the_end() -> None:
    def noted(kind: str, id_: int) -> str:
        return f'<w:p>{words("租金低。")}<w:r><w:{kind}Reference w:id="{id_}"/></w:r></w:p>'

    def note(kind: str, id_: int, said: str) -> str:
        return f'<w:{kind} w:id="{id_}">{paragraph(said)}</w:{kind}>'

    text = text_of(
        noted("footnote", 3) + noted("endnote", 1) + noted("footnote", 2),
        footnotes="".join(note("footnote", i, f"脚注{i}。") for i in (2, 3, 4)),
        endnotes=note("endnote", 1, "尾注。"),
    )
    assert text.endswith("租金低。\n\n## 注释\n\n1. 脚注3。\n2. 脚注2。\n1. 尾注。\n")


def test_merged_cells_forms_and_tables_in_cells_make_sense_alone() -> None:
    inner = table(row("Desk", "Rent"), row("A1", "40"))
    down = '<w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr>' + paragraph("North") + "</w:tc>"
    below = "<w:tc><w:tcPr><w:vMerge/></w:tcPr>" + paragraph("") + "</w:tc>"
    wide = '<w:tc><w:tcPr><w:gridSpan w:val="{}"/></w:tcPr>' + paragraph("{}") + "</w:tc>"
    merged = table(
        row("Region", "2014", "2015", header=True),
        row(down, "3", f"<w:tc>{paragraph('5')}{inner}{paragraph('')}</w:tc>"),
        row(below, wide.format(2, "closed")),
    )
    assert text_of(merged).splitlines() == [
        *("Region: North; 2014: 3; 2015: 5", "Desk: A1; Rent: 40"),
        "Region: North; 2014 – 2015: closed",
    ]
    form = table(row("姓名", "张三", "性别", "男"), row("单位", wide.format(3, "武汉大学")))
    assert text_of(form + paragraph(CHINESE)).startswith("姓名：张三; 性别：男\n单位：武汉大学\n")
    cell = f"<w:tc>{styled('Rent', 'H')}{paragraph('Rent is low.')}</w:tc>"
    layout = text_of(table(row(cell, "Aside.")), styles=style("H", "heading 2"))
    assert layout == "## Rent\n\nRent is low.\n\nAside.\n"


def test_macros_comments_and_pictures_are_left_out_and_told() -> None:
    body = paragraph(CHINESE) + "<w:p><w:r><w:drawing/></w:r></w:p>"
    made = io.BytesIO(word_file(body, comments=f"<w:comment>{paragraph('why?')}</w:comment>"))
    with zipfile.ZipFile(made, "a") as opened:
        opened.writestr("word/vbaProject.bin", b"\0")
    document = read(made.getvalue(), "a.docm")
    assert [note.value for note in document.notes] == ["macros", "comments", "pictures"]
    assert document.text == f"{CHINESE}\n"


# Damaged, protected, hostile


def test_entities_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    xml = (
        f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}"><!ENTITY y "{"z" * 50}">]>'
        '<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Rent &x;&y; is low.</w:t></w:r></w:p>'
        "</w:body></w:document>"
    )
    text = read(archive({"word/document.xml": xml})).text
    assert text.startswith("Rent")
    assert "hunter2" not in text


def test_what_unpacks_without_end_is_refused_before_it_is_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zips, "UNPACKED_MB", 1)
    error = refusal(word_file(paragraph("a" * 1_100_000)))
    assert (error.reason, error.values["mb"]) == ("bomb", 1)


@given(st.data())
def test_bytes_that_were_changed_give_a_document_or_a_reason(data: st.DataObject) -> None:
    whole = bytearray(word_file(paragraph(CHINESE) + table(row("Year", "Firms"), row("2015", "3"))))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    reason = ""
    try:
        text = read(bytes(whole)).text
    except DocumentError as error:
        text, reason = "", error.reason
    assert text or reason in ("damaged", "empty", "encrypted", "kind", "foreign")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("docx-truncated", "damaged"),
        ("synthetic-docx-zipbomb-like-120MB", "bomb"),
        ("docx-password-protected", "encrypted"),
    ],
)
def test_real_files_that_cannot_be_read_say_why(shared: Path, name: str, reason: str) -> None:
    assert refusal((shared / "inputs" / f"{name}.docx").read_bytes()).reason == reason


def test_a_password_opens_a_real_file_and_another_does_not(shared: Path) -> None:
    data = (shared / "inputs" / "docx-password-protected.docx").read_bytes()
    assert refusal(data, "open sesame").reason == "wrong_password"
    assert read(data, password="VelvetSweatshop").text


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
