"""What the last release left on disk is taken over once, and a backup of it stays."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from assistant.retrieval.chroma import opened_files
from assistant.retrieval.index import Index
from assistant.settings import Settings
from ingest import add_file, build_index, library_entries, library_sources, pending_changes
from ingest.origins import library_origins

from .test_library import texts_embedded
from .tiny import answers, child, found, indexed, opened

MILL = "# Mills\n\nThe mill has forty desks. Rent is low.\n"


def write_old_layout(settings: Settings, home: Path) -> None:
    """Write documents and index of a home as the last release had them, into another home."""
    origins = library_origins(settings)
    for entry, source in zip(library_entries(settings), library_sources(settings), strict=True):
        folder = home / "library" / entry.id
        folder.mkdir(parents=True)
        data = asdict(entry) | {"text": "text-1.txt", "original": "original-1.txt", "boxes": ""}
        (folder / "source.json").write_text(json.dumps(data), encoding="utf-8")
        (folder / "text-1.txt").write_text(source.text, encoding="utf-8")
        original = settings.home / "originals" / entry.original
        (folder / "original-1.txt").write_bytes(original.read_bytes())
        rows = [asdict(origin) for origin in origins[entry.id]]
        (folder / "origins.json").write_text(json.dumps(rows), encoding="utf-8")
    build = home / "index" / "20260101-000000-000000-abcdef"
    build.mkdir(parents=True)
    (home / "index" / "CURRENT").write_text(f"{build.name}\n")
    with closing(opened(settings)) as index:
        about = {"id": build.name, "model": index.info.model, "store": "files"}
        (build / "build.json").write_text(json.dumps(about))
        sources = [asdict(source) for source in index.sources.values()]
        (build / "sources.json").write_text(json.dumps(sources), encoding="utf-8")
        with closing(opened_files(build / "chroma")) as client:
            _write_vectors(client, index, build.name)


def _write_vectors(client: Any, index: Index, name: str) -> None:
    held = {
        view: client.create_collection(f"{name}-{view}", embedding_function=None)
        for view in ("passages", "sentences")
    }
    for id_ in index.records:
        for passage in index.passages_of(id_):
            for _, surface in index.surfaces([passage]):
                about = {"passage_id": passage.id, "surface": surface.language}
                record = json.dumps(asdict(passage), ensure_ascii=False)
                held["passages"].add(
                    ids=[f"{passage.id}|{surface.language}|0"],
                    embeddings=[surface.vector],
                    metadatas=[about | {"number": 0, "passage": record}],
                )
                for number, vector in enumerate(surface.sentences):
                    held["sentences"].add(
                        ids=[f"{passage.id}|{surface.language}|{number}"],
                        embeddings=[vector],
                        metadatas=[about | {"number": number}],
                    )


@pytest.fixture
def old(built: Settings, tmp_path: Path) -> Settings:
    """A home as the last release left it, with a document that a user added."""
    add_file(built, MILL.encode(), "mill.txt")
    build_index(built)
    write_old_layout(built, tmp_path / "old")
    return replace(built, home=tmp_path / "old")


def test_documents_and_vectors_are_taken_over_without_embedding(
    built: Settings, old: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = texts_embedded(monkeypatch)
    build_index(old)
    assert embedded == []
    assert not pending_changes(old)
    assert (library_entries(old), library_origins(old)) == (
        library_entries(built),
        library_origins(built),
    )
    assert indexed(old) == indexed(built)
    assert answers(old)
    with closing(opened(old)) as index:
        assert found(index, "Rent is low.") == "Rent is low."
    kept = {path.name for path in old.home.iterdir() if path.is_dir()}
    assert kept == {"chroma", "index.before-store", "library.before-store", "originals"}
    build_index(old, force=True)
    assert {path.name for path in old.home.iterdir() if path.is_dir()} == kept


@pytest.mark.parametrize(
    "step",
    [
        "ingest.storing.Change.put_document",
        "assistant.retrieval.chroma.Vectors.add",
        "ingest.storing.Change._commit",
        "ingest.build.put_aside",
    ],
)
def test_a_kill_during_the_takeover_loses_nothing(
    built: Settings, old: Settings, tmp_path: Path, step: str
) -> None:
    body = (
        "import pkgutil; from dataclasses import replace\n"
        f"owner, _, name = {step!r}.rpartition('.')\n"
        "owner = pkgutil.resolve_name(owner); real = getattr(owner, name)\n"
        "def call(*args, **named):\n"
        "    real(*args, **named) if name != 'put_aside' else None\n"
        f"    os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
        "setattr(owner, name, call)\n"
        "build.build_index(replace(settings, home=settings.home.parent / 'old'))"
    )
    process = child(body, tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    build_index(old)
    assert indexed(old) == indexed(built)
    assert library_entries(old) == library_entries(built)
    assert answers(old)
    assert sorted(os.listdir(old.home / "library.before-store")) == [library_entries(old)[0].id]


def test_an_old_index_that_cannot_be_read_costs_time_only(
    built: Settings, old: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old.home / "index" / "CURRENT").write_text("nothing\n")
    embedded = texts_embedded(monkeypatch)
    build_index(old)
    assert "Rent is low." in embedded
    assert indexed(old) == indexed(built)
    assert answers(old)
