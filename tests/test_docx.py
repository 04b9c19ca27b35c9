"""Word files keep their headings, lists, tables and notes, and show what Word shows."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest

from ingest.formats.document import Document
from ingest.formats.reading import read_document

from .word_files import STRICT, paragraph, row, table, word_file, words

CHINESE = "孵化器为初创企业提供办公场地。"


def read(data: bytes, name: str = "a.docx") -> Document:
    return read_document(data, name)


def text_of(body: str, **parts: str) -> str:
    return read(word_file(body, **parts)).text


def style(id_: str, name: str, more: str = "", *, base: str = "") -> str:
    based = f'<w:basedOn w:val="{base}"/>' if base else ""
    inner = f'<w:name w:val="{name}"/>{based}{more}'
    return f'<w:style w:type="paragraph" w:styleId="{id_}">{inner}</w:style>'


def styled(text: str, id_: str, more: str = "") -> str:
    return paragraph(text, f'<w:pStyle w:val="{id_}"/>{more}')


def numbered(text: str, list_id: int, level: int = 0) -> str:
    told = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'
    return paragraph(text, told)


def test_a_file_of_python_docx_is_read_in_order() -> None:
    made = docx.Document()
    made.core_properties.title, made.core_properties.author = "Of mills", "Ann"
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
    assert (document.title, document.author, document.format) == ("The old mill", "Ann", "docx")


@pytest.mark.parametrize(
    ("styles", "used"),
    [
        (style("berschrift1", "heading 2"), "berschrift1"),
        (style("a3", "标题 2"), "a3"),
        (style("Own", "Own", base="Up") + style("Up", "heading 2"), "Own"),
        (style("Own", "Own", '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>'), "Own"),
    ],
)
def test_headings_are_known_by_style_name_base_and_outline(styles: str, used: str) -> None:
    body = styled("Rent", used) + paragraph("Rent is low.")
    assert text_of(body, styles=styles) == "## Rent\n\nRent is low.\n"


def test_chapters_stand_below_the_title_and_its_contents_are_left_out() -> None:
    styles = style("T", "Title") + style("H", "heading 1") + style("C", "toc 1")
    body = styled("Report", "T") + styled("Rent 3", "C") + styled("Rent", "H") + paragraph("Low.")
    assert text_of(body, styles=styles) == "# Report\n\n## Rent\n\nLow.\n"
    several = styled("Rent", "H") + paragraph("Low.") + styled("Staff", "H") + paragraph("Few.")
    assert text_of(several, styles=styles) == "## Rent\n\nLow.\n\n## Staff\n\nFew.\n"


def test_lines_in_bold_or_numbered_as_official_ones_are_headings_where_no_style_is() -> None:
    bold = paragraph("总则", run="<w:b/>")
    body = bold + paragraph(CHINESE) + paragraph("二、场地") + paragraph(CHINESE) * 2
    assert text_of(body).startswith(f"## 总则\n\n{CHINESE}\n\n## 二、场地\n\n")
    everything = "".join(paragraph(f"第{n}行文字", run="<w:b/>") for n in "甲乙丙")
    assert "#" not in text_of(everything)


def test_lists_are_numbered_as_word_shows_them() -> None:
    def level(i: int, form: str, text: str) -> str:
        told = f'<w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/>'
        return f'<w:lvl w:ilvl="{i}">{told}</w:lvl>'

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
    body = "".join(
        numbered(text, list_id, at)
        for text, list_id, at in [
            *(("One", 1, 0), ("inner", 1, 1), ("other", 1, 1), ("Two", 1, 0), ("again", 1, 1)),
            *((CHINESE, 2, 0), (CHINESE, 2, 0), ("point", 3, 0)),
        ]
    )
    assert text_of(body, numbering=lists).splitlines() == [
        *("1. One", "1.a) inner", "1.b) other", "2. Two", "2.a) again"),
        *(f"第一条 {CHINESE}", f"第二条 {CHINESE}", "- point"),
    ]


def test_deletions_are_dropped_insertions_kept_and_hidden_words_not_shown() -> None:
    body = (
        "<w:p>" + words("Rent is ") + f"<w:del>{words('high')}</w:del>"
        f"<w:ins>{words('low')}</w:ins>" + words(" secret", "<w:vanish/>") + words(".") + "</w:p>"
    )
    gone = f"<w:p><w:moveFrom>{words('It moved.')}</w:moveFrom></w:p>"
    assert text_of(body + gone) == "Rent is low.\n"


def test_fields_links_breaks_and_formulas_show_what_is_seen() -> None:
    def field(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    code = "<w:r><w:instrText>HYPERLINK x</w:instrText></w:r>"
    body = (
        "<w:p>" + field("begin") + code + words("code") + field("separate") + words("See")
        + field("end") + f"<w:hyperlink>{words(' the page')}</w:hyperlink>"
        + f'<w:fldSimple w:instr="PAGE">{words(" 7")}</w:fldSimple><w:r><w:br/><w:t>E</w:t></w:r>'
        + "<m:oMath><m:r><m:t>=mc²</m:t></m:r></m:oMath><w:r><w:tab/><w:t>so</w:t></w:r></w:p>"
    )  # fmt: skip
    assert text_of(body) == "See the page 7\nE=mc²\tso\n"


def test_notes_stand_apart_at_the_end() -> None:
    def noted(kind: str, id_: int) -> str:
        return f'<w:p>{words("租金低。")}<w:r><w:{kind}Reference w:id="{id_}"/></w:r></w:p>'

    def note(kind: str, id_: int, said: str) -> str:
        return f'<w:{kind} w:id="{id_}">{paragraph(said)}</w:{kind}>'

    text = text_of(
        noted("footnote", 3) + noted("endnote", 1) + noted("footnote", 2),
        footnotes=note("footnote", 2, "第二注。")
        + note("footnote", 3, "第一注。")
        + note("footnote", 4, "无引用。"),
        endnotes=note("endnote", 1, "尾注。"),
    )
    assert text.endswith("租金低。\n\n## 注释\n\n1. 第一注。\n2. 第二注。\n1. 尾注。\n")


def test_a_text_box_is_read_once() -> None:
    box = f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent>"
    drawn = (
        f'<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx>{box}</wps:txbx>'
        f"</w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict>"
        "</mc:Fallback></mc:AlternateContent>"
    )
    body = f"<w:p>{words('Beside it.')}<w:r>{drawn}</w:r></w:p>"
    assert text_of(body) == "Beside it.\n\nIn the box.\n"


def test_merged_cells_and_tables_in_cells_make_sense_alone() -> None:
    inner = table(row("Desk", "Rent"), row("A1", "40"))
    down = '<w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr>' + paragraph("North") + "</w:tc>"
    below = "<w:tc><w:tcPr><w:vMerge/></w:tcPr>" + paragraph("") + "</w:tc>"
    wide = '<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>' + paragraph("closed") + "</w:tc>"
    body = table(
        row("Region", "2014", "2015", header=True),
        row(down, "3", f"<w:tc>{paragraph('5')}{inner}{paragraph('')}</w:tc>"),
        row(below, wide),
    )
    assert text_of(body).splitlines() == [
        "Region: North; 2014: 3; 2015: 5",
        "Desk: A1; Rent: 40",
        "Region: North; 2014 – 2015: closed",
    ]


def test_a_table_that_lays_out_a_page_is_read_as_text() -> None:
    styles = style("H", "heading 2")
    cell = f"<w:tc>{styled('Rent', 'H')}{paragraph('Rent is low.')}</w:tc>"
    assert text_of(table(row(cell, "Aside.")), styles=styles) == (
        "## Rent\n\nRent is low.\n\nAside.\n"
    )


@pytest.mark.parametrize("kind", [{"space": STRICT}, {"main": "document2.xml"}])
def test_other_programs_files_are_read(kind: dict[str, str]) -> None:
    assert read(word_file(paragraph(CHINESE), **kind)).text == f"{CHINESE}\n"


def test_macros_comments_and_pictures_are_left_out_and_told() -> None:
    body = paragraph(CHINESE) + "<w:p><w:r><w:drawing/></w:r></w:p>"
    data = word_file(body, comments=f"<w:comment>{paragraph('why?')}</w:comment>")
    with_macros = io.BytesIO(data)

    with zipfile.ZipFile(with_macros, "a") as opened:
        opened.writestr("word/vbaProject.bin", b"\0")
    document = read(with_macros.getvalue(), "a.docm")
    assert [note.value for note in document.notes] == ["macros", "comments", "pictures"]
    assert document.text == f"{CHINESE}\n"


def test_raised_numbers_and_fractions_are_told_from_plain_ones() -> None:
    raised = words("6", '<w:vertAlign w:val="superscript"/>')
    fraction = (
        "<m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
        "<m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>n</m:t></m:r></m:sup></m:sSup>"
    )
    body = f"<w:p>{words('10')}{raised}{words(' or ')}<m:oMath>{fraction}</m:oMath></w:p>"
    assert text_of(body) == "10⁶ or (a+b)/2c^n\n"


def test_a_form_tells_each_value_after_its_label() -> None:
    wide = '<w:tc><w:tcPr><w:gridSpan w:val="3"/></w:tcPr>' + paragraph("武汉大学") + "</w:tc>"
    body = table(
        row("姓名", "张三", "性别", "男"), row("年龄", "30", "职称", ""), row("单位", wide)
    )
    assert text_of(body) == "姓名：张三; 性别：男\n年龄：30; 职称\n单位：武汉大学\n"


def test_bold_lines_are_no_headings_where_styles_name_a_title_and_a_part() -> None:
    styles = style("T", "Title") + style("H", "heading 1")
    bold = paragraph("A caption", run="<w:b/>")
    body = styled("Mills", "T") + styled("Rent", "H") + bold + paragraph("It is low.") * 2
    assert "\n\nA caption\n\n" in text_of(body, styles=styles)


def test_what_a_program_writes_into_every_file_is_not_believed() -> None:
    made = docx.Document()
    made.add_paragraph("Rent is low.")
    out = io.BytesIO()
    made.save(out)
    document = read(out.getvalue())
    assert (document.author, document.date) == ("", "")
