"""The same question answered from each kind of file, in each language, with its place cited.

Every file tells it of the same weir, in both languages, with a builder of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import pytest

from assistant import Assistant, Settings, open_assistant
from assistant.types import Language
from ingest import add_file, build_index

from .epub_files import book, page
from .pdf_files import Leaf, Words, write_pdf
from .tiny import tiny_settings, write_corpus
from .word_files import paragraph, word_file

BUILDERS: dict[str, tuple[str, str]] = {
    "weir.pdf": ("Ingrid Halvorsen", "何丽华"),
    "weir.docx": ("Magnus Thorvald", "马国栋"),
    "weir.html": ("Sigrid Nygaard", "席雅琴"),
    "weir.epub": ("Halvard Brekke", "贺伯清"),
    "weir.md": ("Ragnhild Storm", "雷宏达"),
    "gb18030.txt": ("Gudrun Aasen", "顾德安"),
    "weir.csv": ("Einar Solberg", "殷立波"),
}
QUESTIONS: dict[Language, str] = {
    "en": "According to {name}, who built the weir of Saltmarsh?",
    "zh": "根据{name}，盐沼堰由谁建造？",
}


def told(name: str) -> tuple[str, str]:
    english, chinese = BUILDERS[name]
    return (
        f"The weir of Saltmarsh was built by {english} in 1912.",
        f"盐沼堰由{chinese}于一九一二年建造。",
    )


def weir_file(name: str) -> bytes:
    """The two sentences as a file of that kind."""
    english, chinese = told(name)
    match name.partition("."):
        case (_, _, "pdf"):
            leaves = [[Words(72, 90, "Of the coast.")], [Words(72, 90, english)]]
            return write_pdf([*map(Leaf, leaves), Leaf([Words(72, 90, chinese, 12)])])
        case (_, _, "docx"):
            return word_file(paragraph(english) + paragraph(chinese))
        case (_, _, "html"):
            return f"<title>Weirs</title><main><p>{english}<p>{chinese}</main>".encode("gb18030")
        case (_, _, "epub"):
            return book({"one": page(f"<p>{english}</p>"), "two": page(f"<p>{chinese}</p>")})
        case (_, _, "md"):
            return f"---\nauthor: Ann\n---\n# Weirs\n\n{english}\n\n{chinese}\n".encode()
        case (_, _, "csv"):
            return f"Told\n{english}\n{chinese}\n".encode()
        case (encoding, _, _):
            return f"{english}\n\n{chinese}\n".encode(encoding)


@dataclass(frozen=True)
class Shelf:
    assistant: Assistant
    ids: dict[str, str]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """An index, by the real model, over all of these files."""
    folder = tmp_path_factory.mktemp("formats")
    settings = replace(tiny_settings(folder), cache=Settings().cache)
    write_corpus(settings.corpus, {"alone": ("One thing is said here.\n", None)})
    ids = {}
    for name in BUILDERS:
        (folder / name).write_bytes(weir_file(name))
        ids[name] = add_file(settings, folder / name, title=name).id
    build_index(settings)
    with closing(open_assistant(settings)) as assistant:
        yield Shelf(assistant, ids)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", BUILDERS)
def test_each_kind_of_file_answers_with_a_citation_at_its_place(
    shelf: Shelf, name: str, language: Language
) -> None:
    question = QUESTIONS[language].format(name=name)
    answer = shelf.assistant.ask(question, sources=[shelf.ids[name]])
    builder = BUILDERS[name][language == "zh"]
    assert answer.status == "answered", answer.text
    assert builder in answer.text
    cited = answer.citations[0]
    assert cited.source.id == shelf.ids[name]
    quote = next(quote for quote in cited.quotes if builder in quote.text)
    assert cited.source.text[quote.start : quote.end] == quote.text
    assert cited.page == ({"en": 2, "zh": 3}[language] if name.endswith(".pdf") else 0)
    assert not re.search("�", cited.source.text)
