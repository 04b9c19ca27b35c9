"""`python -m ingest add | remove | sync | fetch-official`: what changes, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.settings import Settings
from ingest import library_entries, read_sources
from ingest.__main__ import main
from ingest.origins import library_origins

from .fetch_server import Exchange, FetchServer, Page
from .test_library import texts_embedded
from .tiny import indexed as hashes

Captured = pytest.CaptureFixture[str]
MILL = "The mill of Brno has forty desks. Rent is low there.\n"
WEIR = "The weir of Brno was built in 1901.\n"


@pytest.fixture
def home(built: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(Settings, "load", classmethod(lambda cls: built))
    return built


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    (made / "old").mkdir(parents=True)
    (made / "mill.txt").write_text(MILL)
    (made / "old" / "weir.txt").write_text(WEIR)
    (made / ".hidden.txt").write_text("Nobody reads this.\n")
    (made / "picture.jpg").write_bytes(b"\xff\xd8\xff")
    return made


def names(settings: Settings) -> dict[str, list[str]]:
    """The documents by title, with the names that they came under."""
    origins = library_origins(settings)
    return {
        entry.title_en: sorted(origin.name for origin in origins[entry.id])
        for entry in library_entries(settings)
    }


def indexed(settings: Settings) -> int:
    return len(hashes(settings))


# add and remove


def test_files_folders_and_patterns_are_added_and_indexed(
    home: Settings, folder: Path, capsys: Captured
) -> None:
    assert main(["add", str(folder), str(folder / "*.txt")]) == 0
    said = capsys.readouterr().out
    assert names(home) == {"mill": ["mill.txt"], "weir": ["weir.txt"]}
    assert "mill.txt was added (English, 53 characters). [mill-" in said
    assert "2 added.\nBuilt the index" in said
    assert indexed(home) == 4
    (entry,) = (entry for entry in library_entries(home) if entry.title_en == "mill")
    assert main(["remove", entry.id, str(folder / "old" / "weir.txt")]) == 0
    assert "2 removed." in capsys.readouterr().out
    assert (names(home), indexed(home)) == ({}, 2)


def test_each_file_succeeds_or_fails_alone(home: Settings, folder: Path, capsys: Captured) -> None:
    (folder / "broken.pdf").write_bytes(b"no PDF")
    (folder / "copy.txt").write_text(MILL)
    assert main(["add", str(folder), str(folder / "none.txt"), str(folder / "*.epub")]) == 1
    out, err = capsys.readouterr()
    assert "2 added, 1 named again, 3 failed." in out
    assert "mill.txt holds the same text as copy.txt" in out
    assert names(home)["copy"] == ["copy.txt", "mill.txt"]
    assert "broken.pdf was not added: the file is damaged" in err
    assert "none.txt was not added: it cannot be read (it is not there)" in err
    assert "names no file of a kind that can be read" in err
    assert indexed(home) == 4


def test_a_dry_run_says_what_would_be_and_changes_nothing(
    home: Settings, folder: Path, capsys: Captured
) -> None:
    assert main(["add", "--dry-run", str(folder)]) == 3
    assert "would add mill.txt" in (said := capsys.readouterr().out)
    assert "Would be: 2 added." in said
    assert (names(home), indexed(home)) == ({}, 2)
    main(["add", str(folder / "mill.txt")])
    assert main(["add", "--dry-run", str(folder / "mill.txt")]) == 0
    assert main(["remove", "--dry-run", str(folder / "mill.txt")]) == 3
    assert names(home) == {"mill": ["mill.txt"]}


def test_outcomes_come_as_json(home: Settings, folder: Path, capsys: Captured) -> None:
    (folder / "old" / "empty.txt").write_text("")
    assert main(["add", "--json", str(folder)]) == 1
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert [row["result"] for row in data["outcomes"]] == ["new", "failed", "new"]
    assert [row["error"] for row in data["outcomes"]] == ["", "empty", ""]
    assert data["build"]["sources"] == 4
    assert err == ""


def test_a_file_that_changed_keeps_its_id(home: Settings, folder: Path) -> None:
    main(["add", str(folder / "mill.txt")])
    (before,) = library_entries(home)
    (folder / "mill.txt").write_text(MILL + "It opened in 2014.\n")
    main(["add", str(folder / "mill.txt")])
    (after,) = library_entries(home)
    assert after.id == before.id
    assert after.sha256 != before.sha256
    assert "2014" in read_sources(home).sources[-1].text
    assert [path.name for path in (home.home / "originals").iterdir()] == [after.original]


# sync


def test_sync_follows_what_is_new_changed_moved_and_gone(
    home: Settings, folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["sync"]) == 1
    assert "No folder is kept in step with the library yet" in capsys.readouterr().err
    assert main(["sync", str(folder)]) == 0
    assert "2 added." in capsys.readouterr().out
    assert main(["sync"]) == 0
    assert capsys.readouterr().out == "Nothing has changed.\n"
    before = hashes(home)
    (folder / "mill.txt").rename(folder / "old" / "mulino.txt")
    assert main(["sync"]) == 0
    assert hashes(home) == before  # a move builds nothing
    capsys.readouterr()
    (folder / "old" / "mulino.txt").rename(folder / "old" / "moulin.txt")
    (folder / "old" / "weir.txt").unlink()
    (folder / "lock.txt").write_text("The lock is shut.\n")
    embedded = texts_embedded(monkeypatch)
    assert main(["sync"]) == 0
    said = capsys.readouterr().out
    assert "moulin.txt has moved" in said
    assert "1 added, 1 moved, 1 removed." in said
    assert names(home) == {"mill": ["moulin.txt"], "lock": ["lock.txt"]}
    assert not any("mill" in text for text in embedded)


def test_a_folder_that_is_gone_or_emptied_loses_no_document(
    home: Settings, folder: Path, capsys: Captured
) -> None:
    main(["sync", str(folder)])
    (folder / "mill.txt").unlink()
    (folder / "old" / "weir.txt").unlink()
    assert main(["sync"]) == 1
    assert "holds none of its 2 documents any more" in capsys.readouterr().err
    away = folder.rename(folder.with_name("away"))
    assert main(["sync", str(folder)]) == 1
    assert "is not there, so nothing was changed" in capsys.readouterr().err
    assert len(names(home)) == 2
    away.rename(folder)
    assert main(["sync", "--allow-empty"]) == 0
    assert (names(home), indexed(home)) == ({}, 2)


# addresses


def unless_known(body: bytes, etag: str) -> Page:
    """A page that is sent only to those who do not have it."""

    def page(exchange: Exchange) -> None:
        if exchange.asked.headers.get("if-none-match") == etag:
            exchange.answer(b"", "304 Not Modified", ETag=etag)
        else:
            exchange.answer(body, ETag=etag)

    return page


def test_an_address_is_fetched_again_only_when_it_changed(home: Settings, capsys: Captured) -> None:
    with FetchServer() as server:
        address = server.page("/mill.txt", unless_known(MILL.encode(), '"1"'))
        assert main(["add", address]) == 1
        assert "private network" in capsys.readouterr().err
        assert main(["add", "--allow-private", address]) == 0
        assert main(["add", "--allow-private", address]) == 0
        assert "1 there already." in capsys.readouterr().out
        (origin,) = next(iter(library_origins(home).values()))
        assert (origin.kind, origin.place, origin.etag) == ("address", address, '"1"')
        (entry,) = library_entries(home)
        assert entry.url == address
        server.page("/mill.txt", unless_known(WEIR.encode(), '"2"'))
        assert main(["add", "--allow-private", address]) == 0
        assert (library_entries(home)[0].id, indexed(home)) == (entry.id, 3)
        assert main(["remove", address]) == 0
    assert names(home) == {}


def test_an_official_text_takes_the_place_of_its_digest(
    home: Settings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.corpus / "official.toml").write_text(
        '[[official]]\nid = "alone"\naddresses = []\ncharacters = 20\nphrases = ["weir of Brno"]\n'
    )
    with FetchServer() as server:
        wrong = server.body("/mill.txt", MILL.encode())
        right = server.body("/weir.txt", WEIR.encode())
        start = ["fetch-official", "alone", "--allow-private", "--address"]
        assert main([*start, f"alone={wrong}"]) == 1
        assert "weir of Brno" in capsys.readouterr().err
        assert [source.id for source in read_sources(home).sources] == ["firms", "alone"]
        assert main([*start, f"alone={right}"]) == 0
    assert [source.id for source in read_sources(home).sources] == ["firms", "alone-official"]
    assert indexed(home) == 2
    assert main(["remove", "alone-official"]) == 0
    assert [source.id for source in read_sources(home).sources] == ["firms", "alone"]
