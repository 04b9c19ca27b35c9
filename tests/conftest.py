"""Shared parts: one index over the shipped corpus, one page and one browser; tiny ones a test."""

from __future__ import annotations

import os
import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from filelock import FileLock
from xdist.scheduler import LoadFileScheduling

from assistant import Assistant, Settings, open_assistant
from assistant.retrieval.glossary import Glossary
from assistant.retrieval.second_encoder import SecondEncoder
from assistant.writing.chat_model import ChatModel
from assistant.writing.chat_opening import open_chat_model
from ingest import build_index

from .browser import Visitors, chromium, served_page
from .chat_server import smollm2
from .tiny import CHINESE, ENGLISH, FakeEmbeddings, FakeUse, tiny_settings, write_corpus

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# A shell's "make test &" starts its children deaf to Ctrl-C, and theirs after them.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How many examples a property is tried on: `make test` the first, `make test-all` the second.
hypothesis.settings.register_profile("short", max_examples=25, deadline=None)
hypothesis.settings.register_profile("long", max_examples=1_000, deadline=None)
hypothesis.settings.load_profile("short")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """While one worker builds the index and asks the page, the other begins without either."""

    needing = {
        _file(item.nodeid)
        for item in items
        if "built_settings" in getattr(item, "fixturenames", ())
    }

    def place(item: pytest.Item) -> int:
        file = _file(item.nodeid)
        return 0 if file == "page" else 2 if file in needing else 1

    items.sort(key=place)


class _Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        return _file(nodeid)


def _file(nodeid: str) -> str:
    """What stays on one worker: a file, and all of test_page_*, which share the page."""
    path = nodeid.split("::")[0]
    return "page" if "test_page_" in path else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Scheduling:
    """Groups by mark (`--dist loadgroup`) do nothing with xdist 3.8 and pytest 9.2."""
    return _Scheduling(config, log)


PEAKS = pytest.StashKey[list[float]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints the summary how much memory this worker has had."""
    if (told := getattr(session.config, "workeroutput", None)) is not None:
        told["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect what the workers told."""
    node.config.stash.setdefault(PEAKS, []).append(node.workeroutput["peak_gb"])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say it, since a process of the tests must stay below 3 GB."""
    for peak in config.stash.get(PEAKS, []):
        terminalreporter.write_line(f"A worker had {peak:.1f} GB of memory at most.")


@pytest.fixture(scope="session")
def built_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose index over the shipped corpus is built: once a run, for all workers."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    settings = Settings(home=folder / "home", corpus=ROOT / "corpus")
    with FileLock(folder / "home.lock"):
        build_index(settings)
    return settings


@pytest.fixture(scope="session")
def glossary() -> Glossary:
    return Glossary.read(ROOT / "corpus" / "glossary.tsv")


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


@pytest.fixture(scope="session")
def shared_page(
    built_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, str]]:
    """The page over the shipped corpus, started as a user would, and its settings.

    What visitors add and judge lies in a home of its own; who adds a document removes it again.
    """
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(built_settings.home, folder / "home")
    settings = Settings(home=folder / "home", corpus=built_settings.corpus)
    with served_page(settings, folder / "stderr.txt") as address:
        yield settings, address


@pytest.fixture(scope="module")
def page_settings(shared_page: tuple[Settings, str]) -> Settings:
    """What the page is started with; a module may bring its own."""
    return shared_page[0]


@pytest.fixture(scope="module")
def page_address(
    page_settings: Settings,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Where the page is served: all modules share one, unless they bring settings of their own."""
    if "shared_page" in request.fixturenames:
        yield request.getfixturevalue("shared_page")[1]
        return
    with served_page(page_settings, tmp_path_factory.mktemp("own") / "stderr.txt") as address:
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
    """A corpus of two small texts and a glossary, not yet built, with the fake models."""
    monkeypatch.setattr("ingest.build.passage_embeddings", FakeEmbeddings)
    monkeypatch.setattr(SecondEncoder, "_encoder", lambda _: FakeUse())
    settings = tiny_settings(tmp_path)
    write_corpus(settings.corpus, {"firms": (ENGLISH, CHINESE), "alone": ("One.\n", None)})
    header = "en\tzh\tzh_hant\tkind\nfirm\t企业\t企業\tterm\n"
    (settings.corpus / "glossary.tsv").write_text(header, encoding="utf-8")
    return settings


@pytest.fixture
def built(tiny: Settings) -> Settings:
    build_index(tiny)
    return tiny
