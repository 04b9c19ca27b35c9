"""How things were fitted still runs: each script finds all that it needs and says what it takes."""

from __future__ import annotations

import runpy
import sys

import pytest


@pytest.mark.parametrize("script", ["fit_decision", "fit_reader", "recipes"])
def test_each_script_tells_what_it_takes(
    script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    monkeypatch.delitem(sys.modules, f"research.{script}", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"research.{script}", run_name="__main__")
    assert ended.value.code == 0
    assert f"python -m research.{script}" in capsys.readouterr().out
