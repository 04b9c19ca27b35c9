"""Word files for tests, made of the XML that Word writes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_SPACES = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def word_file(body: str, *, space: str = W, main: str = "document.xml", **parts: str) -> bytes:
    """A Word file with that body; parts: further parts by name, `styles` for word/styles.xml."""
    head = f'<?xml version="1.0"?><w:document xmlns:w="{space}" {_SPACES}>'
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
        f'package.relationships+xml"/><Override PartName="/word/{main}" ContentType="application/'
        'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/'
        f'officeDocument/2006/relationships/officeDocument" Target="word/{main}"/></Relationships>',
        f"word/{main}": f"{head}<w:body>{body}</w:body></w:document>",
    }
    for name, xml in parts.items():
        files[f"word/{name}.xml"] = f'<w:{name} xmlns:w="{space}">{xml}</w:{name}>'
    return archive(files)


def archive(files: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of these files, compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in files.items():
            written.writestr(name, data)
    return out.getvalue()


def paragraph(text: str, properties: str = "", run: str = "") -> str:
    """A paragraph of one run, with properties of its own and of the run's."""
    return f"<w:p><w:pPr>{properties}</w:pPr>{words(text, run)}</w:p>"


def words(text: str, properties: str = "") -> str:
    """A run of text."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def table(*rows: str) -> str:
    """A table of rows, as `row` makes them."""
    return f"<w:tbl>{''.join(rows)}</w:tbl>"


def row(*cells: str, header: bool = False) -> str:
    """A row of cells: each its words, or the XML of a whole cell."""
    told = "<w:trPr><w:tblHeader/></w:trPr>" if header else ""
    made = (c if c.startswith("<w:tc>") else f"<w:tc>{paragraph(c)}</w:tc>" for c in cells)
    return f"<w:tr>{told}{''.join(made)}</w:tr>"
