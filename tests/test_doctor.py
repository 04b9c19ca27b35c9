"""`python -m ingest doctor`, `list` and `show`: what they say of a sound and of a broken house."""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.retrieval.store import store_path
from assistant.settings import Settings
from ingest import Finding, add_file, build_index, examine
from ingest.__main__ import main
from ingest.formats.document import Document, Note
from ingest.reading_apart import FileReader

from .tiny import FakeEmbeddings

Captured = pytest.CaptureFixture[str]
MILL = "The mill of Brno has forty desks. Rent is low there.\n"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def home(built: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(Settings, "load", classmethod(lambda cls: built))
    monkeypatch.setattr("ingest.doctor.bundled_embeddings", FakeEmbeddings)
    monkeypatch.setattr("ingest.doctor.verify_model", lambda _cache: None)
    return built


def of(findings: list[Finding], check: str, status: str) -> list[Finding]:
    return [f for f in findings if (f.check, f.status) == (check, status)]


def test_all_is_well_with_a_sound_house(home: Settings, capsys: Captured) -> None:
    add_file(home, MILL.encode(), "mill.txt")
    (found,) = of(examine(home), "index", "warn")
    assert "not up to date (1 to add)" in found.said
    assert "python -m ingest" in found.remedy
    build_index(home)
    assert {finding.status for finding in examine(home)} == {"ok"}
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("All is well.\n")


def test_a_model_that_the_decision_was_not_fitted_for_is_told(home: Settings) -> None:
    (found,) = of(examine(replace(home, embedding_model="some/model")), "model", "warn")
    assert "cautious default" in found.said
    assert "python -m research.fit_decision" in found.remedy


@pytest.mark.parametrize("what", ["file", "text"])
def test_a_document_that_is_damaged_is_named(home: Settings, capsys: Captured, what: str) -> None:
    added = add_file(home, MILL.encode(), "mill.txt")
    if what == "file":
        next((home.home / "originals").iterdir()).unlink()
    else:
        with closing(sqlite3.connect(store_path(home.home))) as connection:
            connection.execute("UPDATE text SET body = 'other'")
            connection.commit()
    assert main(["doctor"]) == 1
    assert "FAIL  library" in (said := capsys.readouterr().out)
    assert added.id in said


def test_left_overs_of_kills_are_told_and_go(home: Settings) -> None:
    with closing(sqlite3.connect(store_path(home.home))) as connection:
        connection.execute("INSERT INTO meta VALUES ('unfinished', '3')")
        connection.commit()
    stray = home.home / "originals" / "0123.txt"
    stray.parent.mkdir()
    stray.write_text("x")
    (found,) = of(examine(home), "index", "warn")
    assert "was killed" in found.said
    assert main([]) == 0
    assert not stray.exists()
    add_file(home, MILL.encode(), "mill.txt")
    build_index(home)
    assert not [finding for finding in examine(home) if finding.status != "ok"]


@pytest.mark.parametrize("broken", ["page", "gone"])
def test_a_broken_store_fails_with_its_remedy(home: Settings, broken: str) -> None:
    path = store_path(home.home)
    if broken == "gone":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[8_192:-8_192] = b"x" * (len(data) - 16_384)
        path.write_bytes(data)
    (found,) = of(examine(home), "index", "fail")
    assert "python -m ingest" in found.said + found.remedy


@pytest.mark.parametrize(("free_mb", "status"), [(150, "fail"), (900, "warn"), (5_000, "ok")])
def test_a_disk_that_fills_up_is_told(
    home: Settings, monkeypatch: pytest.MonkeyPatch, free_mb: int, status: str
) -> None:
    usage = Usage(10**12, 0, free_mb * 1_000_000)
    monkeypatch.setattr("ingest.doctor.shutil.disk_usage", lambda folder: usage)
    assert len(of(examine(home), "disk", status)) == 2


def test_list_tells_every_document(home: Settings, capsys: Captured, tmp_path: Path) -> None:
    assert main(["list"]) == 0
    assert "2 shipped; none added yet" in capsys.readouterr().out
    (tmp_path / "mill.txt").write_text(MILL)
    added = add_file(home, tmp_path / "mill.txt")
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert f"{added.id:40} en  txt" in out
    assert "not indexed" in out
    assert str(tmp_path / "mill.txt") in out
    assert "1 added, 2 shipped." in out
    build_index(home)
    assert main(["list", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)[-1]
    assert (row["id"], row["passages"], row["format"], row["shipped"]) == (
        added.id,
        1,
        "txt",
        False,
    )


def test_show_tells_pages_headings_notes_and_passages(
    home: Settings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "The mill is old.\n\n## Rent\n\nRent is low.\x1b[31m\n"
    document = Document(text, "pdf", pages=(0, 18), notes=(Note("scanned", "3"),))
    monkeypatch.setattr(FileReader, "read", lambda *_, **__: document)
    added = add_file(home, b"%PDF-1.7", "mill.pdf")
    build_index(home)
    assert main(["show", added.id]) == 0
    out = capsys.readouterr().out
    assert "Pages 3 are pictures" in out
    assert "  Rent\n" in out
    assert "p. 2  Rent is low." in out
    assert "\x1b" not in out
    assert main(["show", added.id, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [part["page"] for part in data["parts"]] == [1, 2]
    assert data["text"] == text


def test_a_document_that_is_not_there_has_near_ones(home: Settings, capsys: Captured) -> None:
    assert main(["show", "firm"]) == 1
    assert "There is no document 'firm'. Near it: firms." in capsys.readouterr().err
