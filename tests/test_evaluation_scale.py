"""Growing a store beyond the corpus, and what is measured of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Settings
from assistant.evaluation.__main__ import main
from assistant.retrieval.store import Store, store_path
from ingest import pending_changes


def test_a_store_grows_and_is_measured_at_each_size(
    built_settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = tmp_path / "home"
    shutil.copytree(built_settings.home, home)
    for name in ("home", "corpus", "cache"):
        monkeypatch.setenv(f"ASSISTANT_{name.upper()}", str(getattr(built_settings, name)))
    asked = tmp_path / "asked.jsonl"
    asked.write_text('{"question": "Which lamp did the keeper light?", "answerable": false}\n' * 3)
    assert main(["scale", str(asked), "--sizes", "150,50", "--home", str(home)]) == 0
    said = capsys.readouterr().out
    # There are more than 50 already: that size is left out.
    heading, row = said.strip().splitlines()[-2:]
    size, rate, *figures = row.split()
    assert (size, len(heading.split()) - 4) == ("150", 1 + len(figures))
    assert min(map(float, [rate, *figures])) > 0
    # What was made stands there as if it had been added, and what was added to measure is gone.
    store = Store(store_path(home))
    assert 100 < store.info().passages <= 150
    store.close()
    grown = replace(built_settings, home=home)
    assert not pending_changes(grown)
