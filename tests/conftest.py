"""Shared parts: the real corpus, the real bundled model, one real index a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import Assistant, Settings, open_assistant
from ingest import build_index

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def built_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose index over the shipped corpus is built, in a home of its own."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), corpus=ROOT / "corpus")
    build_index(settings)
    return settings


@pytest.fixture(scope="session")
def assistant(built_settings: Settings) -> Iterator[Assistant]:
    """One opened assistant over the shipped corpus."""
    with open_assistant(built_settings) as opened:
        yield opened


@pytest.fixture
def shared() -> Path:
    """The folder of real data that a user's clone does not have."""
    if not SHARED.is_dir():
        pytest.skip("../shared is absent: real data that is not part of the project")
    return SHARED
