"""Building: nothing or everything changes, whatever stops it; what is in service answers."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import IndexBuildError
from assistant.retrieval.chroma import Vectors, opened_files
from assistant.retrieval.index import centre
from assistant.retrieval.store import store_path
from assistant.settings import Settings
from ingest import add_file, build_index, pending_changes

from .tiny import FakeEmbeddings, answers, child, ended, found, indexed, line_from, opened

# Nothing to do, or something


def test_a_changed_glossary_is_a_reason_to_rebuild(built: Settings) -> None:
    with (built.corpus / "glossary.tsv").open("a", encoding="utf-8") as file:
        file.write("maker\t创客\t創客\tterm\n")
    assert pending_changes(built).reasons == ("the manifest or the glossary changed",)
    build_index(built)
    with closing(opened(built)) as index:
        assert index.glossary.translations("maker", "zh") == ["创客", "創客"]


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [("passage_tokens", 32, "splitter"), ("embedding_model", "some/other-model", "model")],
)
def test_a_changed_setting_is_a_reason_to_rebuild(
    built: Settings, name: str, value: Any, word: str
) -> None:
    changed = replace(built, **{name: value})
    assert any(reason.startswith(f"{word} ") for reason in pending_changes(changed).reasons)
    with closing(opened(built)) as index:
        before = index.info
    after = build_index(changed)
    assert after.id != before.id
    assert (after.collection == before.collection) == (word == "splitter")
    assert not pending_changes(changed)
    assert answers(changed)


# Readers see a change as soon as it is made


def test_who_has_the_index_open_sees_a_change_of_another_process(
    built: Settings, tmp_path: Path
) -> None:
    body = (
        "from assistant.retrieval.index import open_index\n"
        "index = opened(settings); print('open', flush=True)\n"
        "for line in sys.stdin: print(found(index, line.strip()), flush=True)"
    )
    process = child(body, tmp_path)
    assert line_from(process) == "open"
    assert process.stdin is not None
    for n in range(3):
        added = add_file(built, f"Number {n} is new.\n\nIt stands here.\n".encode(), f"{n}.txt")
        build_index(built)
        assert added.id in indexed(built)
        process.stdin.write(f"Number {n} is new.\n")
        process.stdin.flush()
        assert line_from(process) == f"Number {n} is new."
    ended(process, "")


def test_chroma_stays_open_between_questions(
    built: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens: list[Path] = []

    def counted(directory: Path) -> Any:
        opens.append(directory)
        return opened_files(directory)

    with closing(opened(built)) as index:
        index.vectors.close()
        monkeypatch.setattr("assistant.retrieval.chroma.opened_files", counted)
        for _ in range(3):
            assert found(index) == "All grew."
    assert len(opens) == 1


def test_what_another_process_changes_in_a_large_index_is_seen_without_opening_it_anew(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More than Chroma keeps back before it writes its search structure to disk.
    lines, _ = (
        add_file(built, "".join(f"Line {n} {end}\n\n" for n in range(count)).encode(), name)
        for count, end, name in ((900, "is old.", "many.txt"), (200, "is older.", "few.txt"))
    )
    mill = add_file(built, b"The mill is old.\n", "mill.txt")
    build_index(built)
    Vectors(built).close()
    opens: list[Path] = []

    def counted(directory: Path) -> Any:
        opens.append(directory)
        return opened_files(directory)

    def nearest(id_: str, text: str) -> str:
        """The passage nearest to one that says this in that source: itself, if the index works."""
        title = index.records[id_].title("en") if id_ in index.records else id_
        embedded = FakeEmbeddings(Settings()).embed_query(f"{title}\n{text}")
        vector = centre(embedded, index.means["passage-en"])
        near = index.store.surfaces(index.candidates(vector, 3))
        best = max(near, key=lambda pair: float(pair[1].vector @ vector), default=("", None))
        return "".join(passage.text for passage in index.passages([best[0]]))

    add = (
        "from ingest import add_file\n"
        "new = [add_file(settings, f'Number {n} is new.'.encode(), f'{n}.txt') for n in (0, 1)]\n"
        "build.build_index(settings); print(*(added.id for added in new))"
    )
    remove = (
        "from ingest import remove_source\n"
        f"remove_source(settings, {lines.id!r}); build.build_index(settings)"
    )
    monkeypatch.setattr("assistant.retrieval.chroma.opened_files", counted)
    with closing(opened(built)) as index:
        assert nearest(lines.id, "Line 7 is old.") == "Line 7 is old."
        new = ended(child(add, tmp_path)).split()
        for n, id_ in enumerate(new):
            assert nearest(id_, f"Number {n} is new.") == f"Number {n} is new."
        assert nearest(lines.id, "Line 7 is old.") == "Line 7 is old."
        ended(child(remove, tmp_path))
        assert nearest(lines.id, "Line 7 is old.") != "Line 7 is old."
        # What is left is found, though most of what is nearer was removed.
        vector = centre(FakeEmbeddings(Settings()).embed_query(""), index.means["passage-en"])
        assert len(index.store.surfaces(index.candidates(vector, 50))) >= 50
        assert nearest(mill.id, "The mill is old.") == "The mill is old."
    assert len(opens) == 1


def test_a_snapshot_shows_the_state_that_it_began_with(built: Settings) -> None:
    added = add_file(built, b"The mill is old.\n", "mill.txt")
    build_index(built)
    with closing(opened(built)) as index, index.snapshot() as before:
        assert found(before, "The mill is old.") == "The mill is old."
        (built.corpus.parent / "empty").mkdir()
        from ingest import remove_source

        began = time.monotonic()
        remove_source(built, added.id)
        build_index(built)
        assert time.monotonic() - began < 10  # it does not wait for who is reading
        assert added.id not in index.records
        assert added.id in before.records
        assert before.sources[added.id].text == "The mill is old.\n"
        assert [p.text for p in before.passages_of(added.id)] == ["The mill is old."]
        with pytest.raises(KeyError):
            index.sources[added.id]


# Stopped half-way


def test_a_full_disk_stops_the_build_in_one_sentence(
    built: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = indexed(built)
    monkeypatch.setattr(Vectors, "add", full)
    with pytest.raises(IndexBuildError) as caught:
        build_index(built, force=True)
    assert str(caught.value) == (
        "The build stopped: the disk is full. The index in use, if there is one, is untouched. "
        f"Make room for {built.home}, then run `python -m ingest` again."
    )
    assert indexed(built) == before
    monkeypatch.undo()
    assert answers(built)


def test_the_self_check_finds_a_vector_that_was_not_written(
    built: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Vectors.add
    monkeypatch.setattr(Vectors, "add", lambda self, name, rows: add(self, name, rows[:-1]))
    before = indexed(built)
    with pytest.raises(IndexBuildError, match="Chroma holds"):
        build_index(built, force=True)
    assert indexed(built) == before
    monkeypatch.undo()
    assert answers(built)


def test_words_and_terms_are_counted_down_again(built: Settings) -> None:
    def counted() -> list[list[tuple[Any, ...]]]:
        with closing(sqlite3.connect(store_path(built.home))) as connection:
            return [
                connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
                for table in ("term", "word")
            ]

    before = counted()
    added = add_file(built, "# Mills\n\nThe mill has desks.\n\n孵化器开业。\n".encode(), "mill.txt")
    build_index(built)
    assert counted() != before
    with closing(opened(built)) as index:
        assert index.store.words_like("d", 4, 6) == [("desks", "desks", 1)]
        assert [*index.matches("mill desk", "en", 5).values()]
    from ingest import remove_source

    remove_source(built, added.id)
    build_index(built)
    assert counted() == before
    with closing(opened(built)) as index:
        assert index.matches("mill desk", "en", 5) == {}


def test_language_means_that_cannot_be_read_are_computed_again(built: Settings) -> None:
    (kept,) = built.cache.glob("means-*.npz")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:50])
    build_index(built, force=True)
    assert answers(built)
    assert len(kept.read_bytes()) == len(whole)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files as Linux does")
def test_nothing_stays_open_of_an_index_that_nobody_holds(tiny: Settings, tmp_path: Path) -> None:
    build_index(tiny)
    before = len(os.listdir("/proc/self/fd"))
    for number in range(5):
        settings = replace(tiny, home=tmp_path / str(number))
        build_index(settings)
        assert opened(settings).snapshot().sources
        assert answers(settings)
    # Each would have some ten files open; one or two more may be those of whatever runs beside.
    assert len(os.listdir("/proc/self/fd")) < before + 5
