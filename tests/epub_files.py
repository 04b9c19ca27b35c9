"""Books for tests, made of the files that EPUB asks for."""

from __future__ import annotations

from .word_files import archive

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)


def page(body: str, more: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title/></head><body{more}>{body}</body></html>"
    )


def book(pages: dict[str, str | bytes], *, spine: str = "", more: str = "", **files: str) -> bytes:
    """A book of these pages, by file name; `spine`: their order, `more`: further items."""
    names = spine.split() or list(pages)
    items = "".join(
        f'<item id="{name}" href="text/{name}.xhtml" media-type="application/xhtml+xml"'
        + (' properties="nav"/>' if name == "nav" else "/>")
        for name in pages
    )
    refs = "".join(f'<itemref idref="{name}"/>' for name in names)
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Of mills</dc:title>'
        "<dc:title>A subtitle</dc:title><dc:creator>Ann Lee</dc:creator>"
        "<dc:creator>Bo Li</dc:creator><dc:publisher>Harbour Press</dc:publisher>"
        "<dc:date>2015-03-04</dc:date></metadata>"
        f"<manifest>{items}{more}</manifest><spine>{refs}</spine></package>"
    )
    texts = {f"OPS/text/{name}.xhtml": text for name, text in pages.items()}
    given = {f"META-INF/{name}.xml": text for name, text in files.items()}
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OPS/book.opf": package,
            **texts,
            **given,
        }
    )
