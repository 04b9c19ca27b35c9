"""Shared parts: one real index a session over the real corpus; tiny ones, a test each."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant import Assistant, Settings, open_assistant
from assistant.chat_model import ChatModel
from assistant.chat_opening import open_chat_model
from ingest import build_index

from .browser import Visitors, chromium, served_page
from .chat_server import smollm2
from .tiny import CHINESE, ENGLISH, FakeEmbeddings, tiny_settings, write_corpus

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# A shell's "make test &" starts its children deaf to Ctrl-C, and theirs after them.
signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session")
def local_chat() -> Iterator[ChatModel]:
    """A small real chat model (SmolLM2, 135 million parameters), run in this process."""
    chat = open_chat_model(Settings(chat_model=f"local:{smollm2()}", chat_tokens=64))
    assert chat is not None
    yield chat
    chat.close()


@pytest.fixture(scope="module")
def page_settings(built_settings: Settings) -> Settings:
    """What the page is started with; a module that changes documents has a home of its own."""
    return built_settings


@pytest.fixture(scope="module")
def page_address(
    page_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where the page is served, started as a user would."""
    with served_page(page_settings, tmp_path_factory.mktemp("ui") / "stderr.txt") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser; while it is open, its thread has a running event loop."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def visitors(browser: Browser, page_address: str) -> Iterator[Visitors]:
    """Visits; afterwards, none may have logged an error or asked another machine for anything."""
    visitors = Visitors(browser, page_address)
    yield visitors
    visitors.leave()


@pytest.fixture
def shared() -> Path:
    """The folder of real data that a user's clone does not have."""
    if not SHARED.is_dir():
        pytest.skip("../shared is absent: real data that is not part of the project")
    return SHARED


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A corpus of two small texts and a glossary, not yet built, with the fake model."""
    monkeypatch.setattr("ingest.build.passage_embeddings", FakeEmbeddings)
    settings = tiny_settings(tmp_path)
    write_corpus(settings.corpus, {"firms": (ENGLISH, CHINESE), "alone": ("One.\n", None)})
    header = "en\tzh\tzh_hant\tkind\nfirm\t企业\t企業\tterm\n"
    (settings.corpus / "glossary.tsv").write_text(header, encoding="utf-8")
    return settings


@pytest.fixture
def built(tiny: Settings) -> Settings:
    build_index(tiny)
    return tiny
