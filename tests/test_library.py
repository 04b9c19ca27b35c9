"""The library: users' documents are stored whole or not at all, and indexed with the corpus."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assistant.builds import library_records
from assistant.errors import CorpusError
from assistant.index import VIEWS
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
from ingest.__main__ import main
from ingest.engine import passage_embeddings
from ingest.origins import read_origins
from ingest.sources import ID

from .conftest import ROOT
from .tiny import FakeEmbeddings, child, edit, ended, found, line_from, opened

NOTE = "# Notes\n\nThe mill has forty desks. Rent is low.\n\nIt opened in 2014.\n"
HAN = "孵化器为初创企业提供办公场地和导师。二〇一五年共有一千二百家企业入驻。\n"
TRADITIONAL = "孵化器為初創企業提供辦公場地和導師。二零一五年共有一千二百家企業入駐。\n"
MIXED = "Innospace（创业空间）opened in 2014 in Shanghai, with Vanke as its first partner.\n"
TYPOGRAPHIC = "The “incubator” offers offices — and mentors – to young firms; it’s in a café.\n"


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
    (origin,) = read_origins(folder)
    assert (origin.kind, origin.name, origin.sha256) == (
        "upload",
        "说明.txt",
        about["original_sha256"],
    )
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["source.json", "origins.json", about["text"], about["original"]]
    )


def test_a_document_is_a_source_without_what_nobody_said_of_it(tiny: Settings) -> None:
    added = add_file(tiny, NOTE.encode(), "mill.md")
    (source,) = library_sources(tiny)
    assert (source.id, source.text, source.kind) == (added.id, NOTE, "original")
    assert (source.author, source.publisher, source.url, source.licence, source.date) == ("",) * 5


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((HAN, name) for name in ("utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030")),
        *((HAN, name) for name in ("utf-16-le", "utf-16-be")),
        *((TRADITIONAL, name) for name in ("big5", "gbk", "utf-8")),
        *((MIXED, name) for name in ("gbk", "utf-16-le", "utf-8")),
        *((TYPOGRAPHIC, name) for name in ("cp1252", "utf-8", "utf-16")),
        ("孵化器是什么？", "gbk"),
    ],
)
def test_texts_in_any_usual_encoding_are_read(tiny: Settings, text: str, encoding: str) -> None:
    add_file(tiny, text.encode(encoding), "a.txt")
    (source,) = library_sources(tiny)
    assert source.text == text


@pytest.mark.parametrize("name", ["text-big5", "text-gb18030"])
def test_real_files_are_read_as_their_publishers_read_them(
    tiny: Settings, shared: Path, name: str
) -> None:
    add_file(tiny, shared / "inputs" / f"{name}.txt", f"{name}.txt")
    (source,) = library_sources(tiny)
    expected = (shared / "inputs" / f"{name}.expected-utf8.txt").read_text(encoding="utf-8")
    assert source.text.split() == expected.split()


def test_only_nul_line_ends_and_white_space_at_line_ends_change(tiny: Settings) -> None:
    add_file(tiny, "One\0 two. \r\nThree\u202e four.\rFive\x07.".encode(), "a.txt")
    (source,) = library_sources(tiny)
    assert source.text == "One two.\nThree\u202e four.\nFive\x07."


@pytest.mark.parametrize(
    ("text", "name", "given_title", "title"),
    [
        ('---\ntitle: "Of mills"\nlayout: x\n---\n\n# Mills\n\nText.\n', "a.md", "", "Of mills"),
        ("---\nlayout: x\n---\n## The *old* mill {#mill}\n\nText.\n", "a.md", "", "The old mill"),
        ("Text without heading.\n", "年度 报告.txt", "", "年度 报告"),
        (NOTE, "a.txt", "", "Notes"),
        (NOTE, "a.txt", "  My\ntitle\u202e ", "My title"),
        ("---\n\nA rule, no front matter.\n\n---\n", "a.md", "", "a"),
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
        *("../../x.txt", "/etc/passwd.txt", "..\\..\\x.md", "a/b/../.txt", ".txt", "...txt"),
        *("\x00\n\x1b[31m.txt", "a\u202etxt.md", "年报.txt", "con.txt", "x" * 300 + ".txt"),
        *("<img src=x onerror=alert(1)>.md", "a'b\"c.txt", " .md"),
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


@given(st.text(max_size=40))
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_name_can_be_added_and_removed_again(tiny: Settings, name: str) -> None:
    added = add_file(tiny, NOTE.encode(), f"{name}.txt")
    assert ID.fullmatch(added.id)
    remove_source(tiny, added.id)
    assert folders(tiny) == []


@pytest.mark.parametrize(
    "again", [HAN.encode(), HAN.encode("gbk"), HAN.replace("\n", "\r\n").encode()]
)
def test_the_same_text_is_stored_once_under_its_first_name(tiny: Settings, again: bytes) -> None:
    first = add_file(tiny, HAN.encode(), "first.txt")
    second = add_file(tiny, again, "second.txt")
    assert second == replace(first, status="named")
    names = [origin.name for origin in read_origins(tiny.home / "library" / first.id)]
    assert names == ["first.txt", "second.txt"]
    assert folders(tiny) == [first.id]


def test_what_came_with_the_assistant_is_not_stored_again(tiny: Settings) -> None:
    added = add_file(tiny, b"One.\n", "copy.txt")
    assert (added.id, added.is_new) == ("alone", False)
    assert folders(tiny) == []


# What is refused


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.txt", "empty"),
        (b" \r\n\0\t", "a.txt", "empty"),
        (b"# Only\n\n## Headings\n", "a.md", "empty"),
        (b"---\ntitle: x\n---\n", "a.md", "empty"),
        (b"Text.", "a.docx", "damaged"),
        (b"Text.", "a.pdf", "damaged"),
        (b"Text.", "a.exe", "kind"),
        (b"Text.", "txt", "kind"),
        (b"PK\x03\x04" + bytes(range(256)), "a.docx", "damaged"),
        (bytes(range(32)) * 40, "a.txt", "binary"),
        ("Привет, мир".encode("cp1251"), "a.txt", "encoding"),
        ("日本語のテキストです".encode("shift-jis"), "a.txt", "encoding"),
    ],
)
def test_what_is_no_text_is_refused_in_one_sentence(
    tiny: Settings, data: bytes, name: str, reason: str
) -> None:
    error = refusal(tiny, data, name)
    assert error.reason == reason
    assert str(error).startswith(f"{name} was not added: ")
    assert error.said("zh").startswith(f"未添加{name}：")


def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_not(tiny: Settings) -> None:
    small = replace(tiny, upload_mb=1)
    error = refusal(small, b"a" * 1_000_001, "a.txt")
    assert str(error) == (
        "a.txt was not added: it is larger than 1 MB. Split it, or raise ASSISTANT_UPLOAD_MB."
    )
    assert add_file(small, b"Word. " * 166_666 + b"last", "a.txt").is_new


def test_a_path_that_is_no_file_is_refused(tiny: Settings, tmp_path: Path) -> None:
    assert refusal(tiny, tmp_path, "a.txt").reason == "unreadable"
    assert "not there" in str(refusal(tiny, tmp_path / "none.txt", "a.txt"))


@pytest.mark.parametrize(
    ("id_", "reason"),
    [("alone", "shipped"), ("nothing", "unknown"), ("../library", "unknown"), ("", "unknown")],
)
def test_only_documents_of_the_library_can_be_removed(
    tiny: Settings, id_: str, reason: str
) -> None:
    added = add_file(tiny, NOTE.encode(), "a.txt")
    with pytest.raises(DocumentError) as caught:
        remove_source(tiny, id_)
    assert caught.value.reason == reason
    assert folders(tiny) == [added.id]


def test_a_library_that_cannot_be_written_is_named(tiny: Settings) -> None:
    tiny.home.mkdir()
    (tiny.home / "library").write_text("a file in the way")
    with pytest.raises(DocumentError, match=r"The library .*library cannot be written"):
        add_file(tiny, NOTE.encode(), "a.txt")


# Nothing or all


@pytest.mark.parametrize("moment", range(1, 6))
def test_a_kill_leaves_nothing_or_the_whole_document(
    tiny: Settings, tmp_path: Path, moment: int
) -> None:
    body = f"""
from ingest import add_file
left = [{moment}]
def killing(real):
    def call(*args, **named):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **named)
    return call
os.fsync = killing(os.fsync)  # once a file, then the rename
real_rename, Path.rename = Path.rename, killing(Path.rename)
add_file(settings, {NOTE!r}.encode(), "a.txt")
"""
    process = child(body, tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert library_sources(tiny) == ()
    added = add_file(tiny, HAN.encode(), "b.txt")
    assert folders(tiny) == [added.id]


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


def test_what_was_kept_stays_when_the_rest_fails(tiny: Settings) -> None:
    def fail() -> None:
        with open_library(tiny) as library:
            library.add(HAN.encode(), "kept.txt")
            library.keep()
            library.add(NOTE.encode(), "lost.txt")
            raise ValueError("full")

    with pytest.raises(ValueError, match="full"):
        fail()
    assert [source.text for source in library_sources(tiny)] == [HAN]


def test_two_processes_that_add_at_once_both_succeed(tiny: Settings, tmp_path: Path) -> None:
    body = """
from ingest import add_file
print('ready', flush=True); name = input()
for i in range(10): add_file(settings, f'{name} wrote text number {i}.'.encode(), f'{name}.txt')
"""
    pair = [child(body, tmp_path) for _ in range(2)]
    for process in pair:
        line_from(process)
    for process, name in zip(pair, ("ann", "bob"), strict=True):
        assert process.stdin is not None
        process.stdin.write(f"{name}\n")
        process.stdin.flush()
    for process in pair:
        ended(process)
    assert len(library_sources(tiny)) == 20


@pytest.mark.parametrize("file", ["text-*.txt", "source.json"])
def test_a_damaged_document_is_named_and_can_still_be_removed(tiny: Settings, file: str) -> None:
    added = add_file(tiny, NOTE.encode(), "a.txt")
    next((tiny.home / "library" / added.id).glob(file)).write_text("other")
    with pytest.raises(CorpusError, match=f"{added.id} is damaged .*Delete that folder"):
        read_sources(tiny)
    remove_source(tiny, added.id)
    assert read_sources(tiny).hash == read_corpus(tiny.corpus).hash


# Into the index and out of it


def test_an_added_document_is_indexed_and_a_removed_one_is_gone(built: Settings) -> None:
    added = add_file(built, NOTE.encode(), "a.txt")
    assert pending_changes(built).added == (added.id,)
    build_index(built)
    assert not pending_changes(built)
    with closing(opened(built)) as index:
        assert found(index, "Rent is low.") == "Rent is low."
    remove_source(built, added.id)
    assert pending_changes(built).removed == (added.id,)
    build_index(built)
    with closing(opened(built)) as index:
        assert added.id not in index.sources
        assert found(index) == "All grew."


def test_the_command_says_which_documents_it_indexes(
    built: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Settings, "load", classmethod(lambda cls: built))
    added = add_file(built, NOTE.encode(), "a.txt")
    assert main(["--check"]) == 3
    assert main([]) == main(["--status"]) == 0
    said = capsys.readouterr().out
    assert f"would add {added.id}" in said
    assert ": 3 sources, 5 passages, 7 sentences." in said
    assert f"{added.id:28} en  original   2 passages, not translated" in said


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


def test_vectors_that_were_taken_over_are_those_of_a_build_from_nothing(built: Settings) -> None:
    add_file(built, NOTE.encode(), "a.txt")
    build_index(built)
    with closing(opened(built)) as index:
        over = {view: index.stored(view) for view in VIEWS}
    build_index(built, force=True)
    with closing(opened(built)) as index:
        for view in VIEWS:
            fresh = index.stored(view)
            assert [dict(row) for row in fresh.rows] == [dict(row) for row in over[view].rows]
            np.testing.assert_allclose(fresh.vectors, over[view].vectors, atol=1e-6)


def test_force_embeds_everything_again(built: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = texts_embedded(monkeypatch)
    build_index(built, force=True)
    assert len(embedded) > 10


def test_nothing_is_taken_over_from_an_index_that_cannot_be_read(
    built: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (current,) = (path for path in (built.home / "index").iterdir() if path.is_dir())
    edit(current / "sources.json", "[", "")
    embedded = texts_embedded(monkeypatch)
    add_file(built, NOTE.encode(), "a.txt")
    build_index(built)
    assert "All grew." in embedded
    with closing(opened(built)) as index:
        index.check()


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


def test_a_few_texts_are_embedded_without_loading_torch() -> None:
    program = """
import sys
from assistant.settings import Settings
from ingest.origins import read_origins
from ingest.engine import passage_embeddings
engine = passage_embeddings(Settings())
vectors = engine.embed_documents(["One.", "Two."])
print(len(vectors), engine.count_tokens("One."), "torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["2", "4", "False"]


def test_many_texts_get_the_vectors_that_a_few_would(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = passage_embeddings(Settings())
    few = np.asarray(engine.embed_documents([NOTE, HAN]))
    monkeypatch.setattr("ingest.engine.FEW", 1)
    many = np.asarray(engine.embed_documents([NOTE, HAN]))
    assert (few * many).sum(axis=1) == pytest.approx(1, abs=1e-3)
