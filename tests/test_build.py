"""Building: nothing or everything changes, and what is in service always answers."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.builds import BuildInfo, read_current, switch_current
from assistant.errors import CorpusError
from assistant.settings import Settings
from ingest import build_index, pending_changes
from ingest.sources import rehash

from .tiny import (
    CHINESE,
    ENGLISH,
    answers,
    builds,
    child,
    edit,
    ended,
    found,
    line_from,
    opened,
    write_corpus,
)

# What test_ingest_cli takes from here.

# Nothing to do, or something


def test_a_build_answers_and_reports_what_it_holds(built: Settings) -> None:
    info = BuildInfo.read(read_current(built.home))
    assert answers(built)
    assert (list(info.sources), len(info.passages), info.sentences) == (["firms", "alone"], 3, 4)
    assert info.rows == {"passages": 5, "sentences": 7, "contexts": 7}
    assert info.seconds > 0


def test_progress_tells_stages_and_shares(tiny: Settings) -> None:
    told: list[tuple[str, float]] = []
    build_index(tiny, progress=lambda stage, share: told.append((stage, share)))
    assert {stage for stage, _ in told} >= {"load", "store", "check"}
    assert all(0.0 <= share <= 1.0 for _, share in told)
    assert told[-1] == ("check", 1.0)


def test_nothing_happens_when_nothing_changed(built: Settings) -> None:
    before = builds(built)
    assert not pending_changes(built)
    assert [build_index(built).id] == before == builds(built)


def test_force_builds_anew_although_nothing_changed(built: Settings) -> None:
    (before,) = builds(built)
    assert build_index(built, force=True).id != before
    assert answers(built)


def test_a_changed_text_is_named_and_rebuilt(built: Settings) -> None:
    edit(built.corpus / "texts" / "alone.en.txt", "One.", "Two.")
    rehash(built.corpus)
    assert pending_changes(built).changed == ("alone",)
    build_index(built)
    with closing(opened(built)) as index:
        assert found(index, "Two.") == "Two."


def test_added_and_removed_sources_are_named_and_rebuilt(built: Settings) -> None:
    write_corpus(built.corpus, {"firms": (ENGLISH, CHINESE), "fresh": ("New.\n", None)})
    changes = pending_changes(built)
    assert (changes.added, changes.changed, changes.removed) == (("fresh",), (), ("alone",))
    assert list(build_index(built).sources) == ["firms", "fresh"]
    assert not pending_changes(built)


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


def test_a_damaged_corpus_stops_the_build_and_leaves_the_index(built: Settings) -> None:
    edit(built.corpus / "texts" / "alone.en.txt", "One.", "Two.")
    with pytest.raises(CorpusError, match=r"alone\.en\.txt"):
        build_index(built)
    assert answers(built)


# One index in service, whole, while builds come and go


def test_a_reader_of_current_never_sees_half_a_name(built: Settings) -> None:
    one, other = read_current(built.home), built.home / "index" / "20990101-000000-000000-abcdef"
    other.mkdir()
    seen: set[str] = set()
    switching = threading.Event()
    switching.set()

    def read() -> None:
        while switching.is_set():
            seen.add(read_current(built.home).name)

    reader = threading.Thread(target=read)
    reader.start()
    for name in (one.name, other.name) * 100:
        switch_current(built.home, name)
    switching.clear()
    reader.join()
    assert seen == {one.name, other.name}


def test_an_index_held_open_stays_until_it_is_closed(built: Settings) -> None:
    with closing(opened(built)) as index:
        held = index.directory.name
        new = build_index(built, force=True).id
        assert builds(built) == [held, new]
        assert found(index) == "All grew."
    newest = build_index(built, force=True).id
    assert builds(built) == [newest]


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


def test_an_open_index_answers_while_others_are_built(built: Settings) -> None:
    told: list[str] = []
    with closing(opened(built)) as index:
        building = threading.Event()
        building.set()

        def ask() -> None:
            while building.is_set():
                told.append(found(index))

        reader = threading.Thread(target=ask)
        reader.start()
        for _ in range(3):
            build_index(built, force=True)
        building.clear()
        reader.join()
    assert len(told) > 3
    assert set(told) == {"All grew."}


def test_two_processes_that_build_at_once_leave_one_index(tiny: Settings, tmp_path: Path) -> None:
    body = "print('ready', flush=True); input(); print(build.build_index(settings).id)"
    pair = [child(body, tmp_path) for _ in range(2)]
    for process in pair:
        line_from(process)
        assert process.stdin is not None
    for process in pair:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    one, other = (ended(process).strip() for process in pair)
    assert one == other
    assert builds(tiny) == [one]
    assert answers(tiny)
