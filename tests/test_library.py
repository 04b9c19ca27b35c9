"""The library: users' documents are stored whole or not at all, and indexed with the corpus."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from assistant.errors import CorpusError
from assistant.retrieval.store import store_path
from assistant.settings import Settings
from ingest import (
    DocumentError,
    add_file,
    build_index,
    library_entries,
    library_sources,
    open_library,
    pending_changes,
    read_sources,
    remove_source,
)
from ingest.origins import library_origins
from ingest.sources import ID

from .tiny import FakeEmbeddings, opened

NOTE = "# Notes\n\nThe mill has forty desks. Rent is low.\n\nIt opened in 2014.\n"
HAN = "孵化器为初创企业提供办公场地和导师。二〇一五年共有一千二百家企业入驻。\n"


def originals(settings: Settings) -> list[str]:
    folder = settings.home / "originals"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def ids(settings: Settings) -> list[str]:
    return [entry.id for entry in library_entries(settings)]


def refusal(settings: Settings, content: Path | bytes, name: str) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        add_file(settings, content, name)
    assert (ids(settings), originals(settings)) == ([], [])
    return caught.value


# What is stored


def test_a_document_is_stored_with_its_bytes_its_text_and_what_it_is(tiny: Settings) -> None:
    data = "# 说明\r\n\r\n孵化器开业。\r\n".encode("utf-16")
    added = add_file(tiny, data, "说明.TXT")
    (entry,), (source,) = library_entries(tiny), library_sources(tiny)
    assert source.text == "# 说明\n\n孵化器开业。\n"
    assert (tiny.home / "originals" / entry.original).read_bytes() == data
    assert datetime.fromisoformat(entry.added).tzinfo is not None
    assert (entry.id, entry.title_zh, entry.language) == (added.id, "说明", "zh")
    assert (entry.format, entry.characters) == ("txt", added.characters)
    assert entry.sha256 == hashlib.sha256(source.text.encode()).hexdigest()
    assert entry.original_sha256 == hashlib.sha256(data).hexdigest()
    assert (source.id, source.kind) == (added.id, "original")
    assert (source.author, source.publisher, source.url, source.licence, source.date) == ("",) * 5
    ((origin,),) = library_origins(tiny).values()
    assert (origin.kind, origin.name, origin.sha256) == (
        "upload",
        "说明.txt",
        entry.original_sha256,
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
    assert ids(tiny) == [added.id]
    assert added.name.isprintable()
    assert len(added.name) < 140
    assert not set(added.name) & set("/\\")
    assert {path.name.split("-")[0] for path in tiny.home.iterdir()} == {
        *("originals", "store.lock", "store.sqlite3")
    }
    (entry,) = library_entries(tiny)
    assert [Path(name).stem for name in originals(tiny)] == [entry.original_sha256]
    remove_source(tiny, added.id)
    assert (ids(tiny), originals(tiny)) == ([], [])


def test_what_came_with_the_assistant_is_not_stored_again(tiny: Settings) -> None:
    added = add_file(tiny, b"One.\n", "copy.txt")
    assert (added.id, added.is_new) == ("alone", False)
    assert ids(tiny) == []


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
    assert ids(tiny) == [added.id]


# Nothing or all


def test_a_change_that_fails_takes_everything_back(tiny: Settings) -> None:
    kept = add_file(tiny, NOTE.encode(), "kept.txt")
    before = library_entries(tiny)

    def fail() -> None:
        with open_library(tiny) as library:
            library.remove(kept.id)
            library.add(HAN.encode(), "new.txt")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert library_entries(tiny) == before
    assert originals(tiny) == [library_entries(tiny)[0].original]


def test_a_damaged_document_is_named_and_can_still_be_removed(tiny: Settings) -> None:
    added = add_file(tiny, NOTE.encode(), "a.txt")
    with closing(sqlite3.connect(store_path(tiny.home))) as connection:
        connection.execute("UPDATE text SET body = 'other'")
        connection.commit()
    with pytest.raises(CorpusError, match=f"{added.id} is damaged. .*remove {added.id}"):
        read_sources(tiny)
    with pytest.raises(CorpusError, match=added.id):
        build_index(tiny)
    remove_source(tiny, added.id)
    assert build_index(tiny).sources == 2


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
        "Notes\nIt opened in 2014.",
        "It opened in 2014.",
    ]


def test_a_build_that_waited_takes_in_what_was_added_meanwhile(built: Settings) -> None:
    add_file(built, NOTE.encode(), "a.txt")
    with open_library(built) as library:
        waiting = threading.Thread(target=build_index, args=(built,))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        later = library.add(HAN.encode(), "b.txt")
    waiting.join()
    assert not pending_changes(built)
    with closing(opened(built)) as index:
        assert later.id in index.sources
