"""Building: nothing or everything changes, whatever stops it; what is in service answers."""

from __future__ import annotations

import errno
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from assistant.retrieval.builds import hold, read_current

from assistant.errors import IndexBuildError
from assistant.retrieval.index import write as write_rows
from assistant.settings import Settings
from ingest import build_index, pending_changes

from .tiny import answers, builds, child, ended, line_from, opened

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
    before = read_current(built.home).name
    assert build_index(changed).id != before
    assert not pending_changes(changed)
    assert answers(changed)


# One index in service, whole, while builds come and go


def test_a_build_that_is_pruned_while_it_is_opened_gives_way_to_the_next(
    built: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(directory: Path) -> Any:
        monkeypatch.setattr("assistant.retrieval.index.hold", hold)
        build_index(built, force=True)
        assert not directory.exists()
        return hold(directory)

    monkeypatch.setattr("assistant.retrieval.index.hold", late)
    assert answers(built)


def test_an_index_held_open_by_another_process_stays_until_that_ends(
    built: Settings, tmp_path: Path
) -> None:
    body = "index = opened(settings); print('open', flush=True); input(); print(found(index))"
    process = child(body, tmp_path)
    line_from(process)
    (held,) = builds(built)
    new = build_index(built, force=True).id
    assert builds(built) == [held, new]
    assert ended(process, "\n").strip() == "All grew."
    newest = build_index(built, force=True).id
    assert builds(built) == [newest]


# Stopped half-way


def full(*arguments: object, **more: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["write_lexical", "shutil.copyfile"])
def test_a_full_disk_stops_the_build_in_one_sentence(
    built: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = builds(built)
    monkeypatch.setattr(f"ingest.build.{step}", full)
    with pytest.raises(IndexBuildError) as caught:
        build_index(built, force=True)
    assert str(caught.value) == (
        "The build stopped: the disk is full. The index in use, if there is one, is untouched. "
        f"Make room for {built.home / 'index'}, then run `python -m ingest` again."
    )
    assert builds(built) == before
    assert answers(built)


def test_the_self_check_finds_a_row_that_was_not_written(
    built: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(*arguments: Any) -> None:
        directory, settings, info, sources, passages, rows = arguments
        write_rows(directory, settings, info, sources, passages, rows[:-1])

    before = builds(built)
    monkeypatch.setattr("ingest.build.write", forgetful)
    with pytest.raises(IndexBuildError, match="contexts: 6 rows of 7"):
        build_index(built, force=True)
    assert builds(built) == before
    assert answers(built)


def test_language_means_that_cannot_be_read_are_computed_again(built: Settings) -> None:
    (kept,) = built.cache.glob("means-*.npz")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:50])
    build_index(built, force=True)
    assert answers(built)
    assert len(kept.read_bytes()) == len(whole)
