"""The library: users' documents are stored whole or not at all, and indexed with the corpus."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from assistant.retrieval.builds import library_records
from filelock import FileLock

from assistant.errors import CorpusError
from assistant.settings import Settings
from ingest import (
    DocumentError,
    add_file,
    build_index,
    library_sources,
    open_library,
    pending_changes,
    read_corpus,
    read_sources,
    remove_source,
)
from ingest.origins import read_origins
from ingest.sources import ID

from .tiny import FakeEmbeddings, opened

NOTE = "# Notes\n\nThe mill has forty desks. Rent is low.\n\nIt opened in 2014.\n"
HAN = "孵化器为初创企业提供办公场地和导师。二〇一五年共有一千二百家企业入驻。\n"


def folders(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.home / "library").iterdir() if path.is_dir())


def refusal(settings: Settings, content: Path | bytes, name: str) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        add_file(settings, content, name)
    assert folders(settings) == []
    return caught.value


# What is stored


def test_a_document_is_stored_with_its_bytes_its_text_and_what_it_is(tiny: Settings) -> None:
    data = "# 说明\r\n\r\n孵化器开业。\r\n".encode("utf-16")
    added = add_file(tiny, data, "说明.TXT")
    folder = tiny.home / "library" / added.id
    about = json.loads((folder / "source.json").read_text(encoding="utf-8"))
    text = (folder / about["text"]).read_bytes()
    assert text.decode() == "# 说明\n\n孵化器开业。\n"
    assert (folder / about["original"]).read_bytes() == data
    assert datetime.fromisoformat(about["added"]).tzinfo is not None
    assert (about["id"], about["title_zh"], about["language"]) == (added.id, "说明", "zh")
    assert (about["format"], about["characters"]) == ("txt", added.characters)
    assert about["sha256"] == hashlib.sha256(text).hexdigest()
    assert about["original_sha256"] == hashlib.sha256(data).hexdigest()
    (source,) = library_sources(tiny)
    assert (source.id, source.text, source.kind) == (added.id, text.decode(), "original")
    assert (source.author, source.publisher, source.url, source.licence, source.date) == ("",) * 5
    (origin,) = read_origins(folder)
    assert (origin.kind, origin.name, origin.sha256) == (
        "upload",
        "说明.txt",
        about["original_sha256"],
    )
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["source.json", "origins.json", about["text"], about["original"]]
    )


@pytest.mark.parametrize(
    ("text", "name", "given_title", "title"),
    [
        ('---\ntitle: "Of mills"\nlayout: x\n---\n\n# Mills\n\nText.\n', "a.md", "", "Of mills"),
        ("---\nlayout: x\n---\n## The *old* mill {#mill}\n\nText.\n", "a.md", "", "The old mill"),
        (NOTE, "a.txt", "", "Notes"),
        (NOTE, "a.txt", "  My\ntitle\u202e ", "My title"),
    ],
)
def test_a_title_is_given_or_taken_from_the_document(
    tiny: Settings, text: str, name: str, given_title: str, title: str
) -> None:
    add_file(tiny, text.encode(), name, title=given_title)
    (source,) = library_sources(tiny)
    assert source.title_en == source.title_zh == title
    assert "layout" not in source.text


@pytest.mark.parametrize(
    "name",
    [
        *("../../x.txt", "/etc/passwd.txt", "..\\..\\x.txt", "a/b/../.txt", ".txt", "...txt"),
        *("\x00\n\x1b[31m.txt", "a\u202edm.txt", "年报.txt", "con.txt", "x" * 300 + ".txt"),
        *("<img src=x onerror=alert(1)>.txt", "a'b\"c.txt", " .txt"),
    ],
)
def test_no_file_name_leads_out_of_the_library_or_into_an_id(tiny: Settings, name: str) -> None:
    added = add_file(tiny, NOTE.encode(), name)
    assert ID.fullmatch(added.id)
    assert folders(tiny) == [added.id]
    assert added.name.isprintable()
    assert len(added.name) < 140
    assert not set(added.name) & set("/\\")
    assert sorted(path.name for path in tiny.home.iterdir()) == ["library"]
    remove_source(tiny, added.id)
    assert folders(tiny) == []


def test_what_came_with_the_assistant_is_not_stored_again(tiny: Settings) -> None:
    added = add_file(tiny, b"One.\n", "copy.txt")
    assert (added.id, added.is_new) == ("alone", False)
    assert folders(tiny) == []


# What is refused


def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_not(tiny: Settings) -> None:
    small = replace(tiny, upload_mb=1)
    error = refusal(small, b"a" * 1_000_001, "a.txt")
    assert str(error) == (
        "a.txt was not added: it is larger than 1 MB. Split it, or raise ASSISTANT_UPLOAD_MB."
    )
    assert add_file(small, b"Word. " * 166_666 + b"last", "a.txt").is_new


@pytest.mark.parametrize(
    ("id_", "reason"),
    [("alone", "shipped"), ("../library", "unknown")],
)
def test_only_documents_of_the_library_can_be_removed(
    tiny: Settings, id_: str, reason: str
) -> None:
    added = add_file(tiny, NOTE.encode(), "a.txt")
    with pytest.raises(DocumentError) as caught:
        remove_source(tiny, id_)
    assert caught.value.reason == reason
    assert folders(tiny) == [added.id]


# Nothing or all


def test_a_change_that_fails_takes_everything_back(tiny: Settings) -> None:
    kept = add_file(tiny, NOTE.encode(), "kept.txt")
    before = library_records(tiny.home)

    def fail() -> None:
        with open_library(tiny) as library:
            library.remove(kept.id)
            library.add(HAN.encode(), "new.txt")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert library_records(tiny.home) == before
    assert folders(tiny) == [kept.id]


@pytest.mark.parametrize("file", ["text-*.txt", "source.json"])
def test_a_damaged_document_is_named_and_can_still_be_removed(tiny: Settings, file: str) -> None:
    added = add_file(tiny, NOTE.encode(), "a.txt")
    next((tiny.home / "library" / added.id).glob(file)).write_text("other")
    with pytest.raises(CorpusError, match=f"{added.id} is damaged .*Delete that folder"):
        read_sources(tiny)
    remove_source(tiny, added.id)
    assert read_sources(tiny).hash == read_corpus(tiny.corpus).hash


# Into the index and out of it


def texts_embedded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that fills with what is embedded from now on."""
    embedded: list[str] = []
    embed = FakeEmbeddings.embed_documents

    def watched(self: FakeEmbeddings, texts: Sequence[str]) -> list[list[float]]:
        embedded.extend(texts)
        return embed(self, list(texts))

    monkeypatch.setattr(FakeEmbeddings, "embed_documents", watched)
    return embedded


def test_only_new_texts_are_embedded(built: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = texts_embedded(monkeypatch)
    add_file(built, NOTE.encode(), "a.txt")
    build_index(built)
    assert embedded == [
        "Notes\nThe mill has forty desks. Rent is low.",
        "The mill has forty desks.",
        "Rent is low.",
        "The mill has forty desks. Rent is low.",
        "Notes\nIt opened in 2014.",
        "It opened in 2014.",
    ]


def test_a_build_that_waited_takes_in_what_was_added_meanwhile(built: Settings) -> None:
    add_file(built, NOTE.encode(), "a.txt")
    with FileLock(built.home / "index" / "build.lock"):
        waiting = threading.Thread(target=build_index, args=(built,))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        later = add_file(built, HAN.encode(), "b.txt")
    waiting.join()
    assert not pending_changes(built)
    with closing(opened(built)) as index:
        assert later.id in index.sources
