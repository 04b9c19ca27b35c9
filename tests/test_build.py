"""Building: nothing or everything changes, and what is in service always answers."""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest

from assistant.builds import BuildInfo, read_current, switch_current
from assistant.embeddings import model_fingerprint
from assistant.errors import (
    AssistantError,
    CorpusError,
    IndexBuildError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
)
from assistant.index import Index, centre, open_index
from assistant.index import write as write_rows
from assistant.settings import Settings
from ingest import build_index, pending_changes
from ingest.sources import rehash

from .conftest import ROOT
from .test_corpus import CHINESE, ENGLISH, edit, write_corpus


class FakeEmbeddings:
    """Unit vectors that hang on the words alone, where the model is beside the point."""

    def __init__(self, settings: Settings, progress: object = None) -> None:
        self.fingerprint = model_fingerprint(settings)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        bits = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint8)
        vector = bits.astype(np.float32) - 127.5
        result: list[float] = (vector / np.linalg.norm(vector)).tolist()
        return result

    def count_tokens(self, text: str) -> int:
        return len(text)


def tiny_settings(folder: Path) -> Settings:
    """Settings for a home, a corpus and a cache inside the folder; nothing is written."""
    return Settings(home=folder / "home", corpus=folder / "corpus", cache=folder / "cache")


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


def opened(settings: Settings) -> Index:
    return open_index(settings, fingerprint=model_fingerprint(settings))


def found(index: Index, words: str = "All grew.") -> str:
    """The sentence nearest to these words: themselves, if the index works."""
    mean = index.means["passage-en"]
    vector = centre(FakeEmbeddings(Settings()).embed_query(words), mean)
    (near,) = index.nearest("sentences", vector, 1)
    return index.passages([near.passage_id])[0].sentence(near.number)


def answers(settings: Settings) -> bool:
    with closing(opened(settings)) as index:
        index.check()
        return found(index) == "All grew."


def builds(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.home / "index").iterdir() if path.is_dir())


CHILD = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
import ingest.build as build
from tests.test_build import FakeEmbeddings, answers, found, opened, tiny_settings
build.passage_embeddings = FakeEmbeddings
settings = tiny_settings(Path(sys.argv[1]))
"""


def child(body: str, folder: Path, *, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Another process that runs CHILD and the body, in which print goes to its stdout."""
    return subprocess.Popen(
        [*before, sys.executable, "-c", CHILD + body, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def line_from(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        pytest.fail(f"the other process said nothing: {process.communicate()[1]}")
    return line


def ended(process: subprocess.Popen[str], said: str | None = None) -> str:
    out, err = process.communicate(said, timeout=60)
    assert process.returncode == 0, err
    return out


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


# Stopped half-way


@pytest.mark.parametrize("attempt", range(5))
def test_a_build_killed_at_any_moment_leaves_an_index_that_answers(
    built: Settings, tmp_path: Path, attempt: int
) -> None:
    body = (
        "build.build_index(settings, force=True); print('ready', flush=True)\n"
        "while True: build.build_index(settings, force=True)"
    )
    process = child(body, tmp_path)
    line_from(process)
    time.sleep(moment_s := random.uniform(0.0, 0.4))
    process.kill()
    print(f"killed {moment_s} s after ready, attempt {attempt}")
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert answers(built)
    newest = build_index(built, force=True).id
    assert builds(built) == [newest]
    assert answers(built)


def test_what_a_killed_build_left_is_swept_by_the_next(built: Settings, tmp_path: Path) -> None:
    body = (
        "def die(stage, share):\n    if stage == 'check': os.kill(os.getpid(), signal.SIGKILL)\n"
        "build.build_index(settings, force=True, progress=die)"
    )
    process = child(body, tmp_path)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    current = read_current(built.home).name
    assert len(builds(built)) == 2
    assert answers(built)
    assert not pending_changes(built)
    newest = build_index(built, force=True).id
    assert newest != current
    assert builds(built) == [newest]


def full(*arguments: object, **more: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["write_lexical", "save_means", "shutil.copyfile"])
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


def test_a_disk_that_fills_up_inside_chroma_is_named_too(tmp_path: Path) -> None:
    mount = ("unshare", "-rm", "sh", "-c", f'mount -t tmpfs -o size=4m x "{tmp_path}" && exec "$@"')
    try:
        subprocess.run([*mount, "sh", "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine lets no test mount a small disk")
    body = """
from assistant.errors import IndexBuildError
from tests.test_corpus import CHINESE, ENGLISH, write_corpus
write_corpus(settings.corpus, {"firms": (ENGLISH, CHINESE)})
build.build_index(settings)
for left in (0, 40, 160, 250, 350):
    disk = os.statvfs(settings.home)
    (settings.home / "filler").write_bytes(bytes(disk.f_bavail * disk.f_frsize - left * 1024))
    try:
        build.build_index(settings, force=True)
    except IndexBuildError as error:
        print("the disk is full." in str(error), len(os.listdir(settings.home / "index")))
    (settings.home / "filler").unlink()
    assert answers(settings)
"""
    said = ended(child(body, tmp_path, before=(*mount, "sh")))
    assert said.splitlines() == ["True 3"] * 5


def test_an_interrupted_build_leaves_no_directory(built: Settings) -> None:
    def interrupt(stage: str, share: float) -> None:
        if stage == "store":
            raise KeyboardInterrupt

    before = builds(built)
    with pytest.raises(KeyboardInterrupt):
        build_index(built, force=True, progress=interrupt)
    assert builds(built) == before


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


@pytest.mark.parametrize("damage", [lambda data: data[:50], lambda data: b"", lambda data: b"no"])
def test_language_means_that_cannot_be_read_are_computed_again(
    built: Settings, damage: Callable[[bytes], bytes]
) -> None:
    (kept,) = built.cache.glob("means-*.npz")
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    build_index(built, force=True)
    assert answers(built)
    assert len(kept.read_bytes()) == len(whole)


# Damaged on disk

Change = Callable[[Path], object]


def current(text: bytes) -> Change:
    return lambda home: (home / "index" / "CURRENT").write_bytes(text)


def in_build(name: str, change: Change) -> Change:
    return lambda home: change(read_current(home) / name)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def lose_a_row(directory: Path) -> None:
    client: Any = chromadb.PersistentClient(path=str(directory / "chroma"))
    with closing(client):
        collection = client.get_collection(f"{directory.name}-sentences", embedding_function=None)
        collection.delete(ids=collection.get(limit=1)["ids"])


SQLITE = "chroma/chroma.sqlite3"
DAMAGES: dict[str, tuple[Change, type[AssistantError]]] = {
    "no home": (shutil.rmtree, IndexMissingError),
    "no CURRENT": (lambda home: (home / "index" / "CURRENT").unlink(), IndexMissingError),
    "CURRENT is not text": (current(b"\xff\x00"), IndexMissingError),
    "CURRENT names no build": (current(b"20200101-gone"), IndexDamagedError),
    "CURRENT is empty": (current(b""), IndexDamagedError),
    "CURRENT leads out": (current(b".."), IndexDamagedError),
    "build gone": (in_build("", shutil.rmtree), IndexDamagedError),
    "build.json cut": (in_build("build.json", halve), IndexDamagedError),
    "build.json gone": (in_build("build.json", Path.unlink), IndexDamagedError),
    "build.json a list": (in_build("build.json", lambda p: p.write_text("[]")), IndexDamagedError),
    "build.json of another format": (
        in_build("build.json", lambda path: edit(path, '"format": 1', '"format": 99')),
        IndexMismatchError,
    ),
    "sqlite cut": (in_build(SQLITE, halve), IndexDamagedError),
    "sqlite gone": (in_build(SQLITE, Path.unlink), IndexDamagedError),
    "chroma gone": (in_build("chroma", shutil.rmtree), IndexDamagedError),
    "a row gone": (in_build("", lose_a_row), IndexDamagedError),
    "sources.json cut": (in_build("sources.json", halve), IndexDamagedError),
    "sources.json gone": (in_build("sources.json", Path.unlink), IndexDamagedError),
    "means.npz cut": (in_build("means.npz", halve), IndexDamagedError),
    "means.npz gone": (in_build("means.npz", Path.unlink), IndexDamagedError),
    "lexical cut": (in_build("lexical/en/ids.json", halve), IndexDamagedError),
    "lexical gone": (in_build("lexical", shutil.rmtree), IndexDamagedError),
}


def use(settings: Settings) -> None:
    with closing(opened(settings)) as index:
        index.check()
        assert index.lexical


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_index_is_refused_with_the_command_that_mends_it(
    built: Settings, tmp_path: Path, name: str
) -> None:
    damage, kind = DAMAGES[name]
    # Chroma keeps what it opened by its path: the damage is done to a copy.
    copy = replace(built, home=tmp_path / "copy")
    shutil.copytree(built.home, copy.home)
    damage(copy.home)
    with pytest.raises(AssistantError) as caught:
        use(copy)
    found_kind, message = type(caught.value), str(caught.value)
    del caught
    gc.collect()
    assert found_kind is kind
    assert "Run `python -m ingest" in message
    assert "\n" not in message
    build_index(copy, force=True)
    assert answers(copy)


def test_an_index_of_another_model_is_refused_and_names_both(built: Settings) -> None:
    with pytest.raises(IndexMismatchError) as caught:
        open_index(built, fingerprint="some/other-model")
    assert model_fingerprint(built) in str(caught.value)
    assert "'some/other-model'" in str(caught.value)
    assert "Run `python -m ingest` to rebuild it." in str(caught.value)


# A Chroma server instead of files


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chroma = Path(sys.executable).with_name("chroma")
    arguments = ["run", "--path", str(tmp_path / "server"), "--host", "127.0.0.1"]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [chroma, *arguments, "--port", str(port)],
            env={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
            stdout=log,
            stderr=log,
        )
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/heartbeat").close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        # Chroma's HTTP client leaves its sockets to the garbage collector.
        gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_server_holds_the_vectors_and_loses_those_of_old_builds(
    tiny: Settings, server: str
) -> None:
    settings = replace(tiny, chroma_url=server)
    first = build_index(settings).id
    assert not (settings.home / "index" / first / "chroma").exists()
    assert answers(settings)
    second = build_index(settings, force=True).id
    assert answers(settings)
    host, port = server.removeprefix("http://").split(":")
    client: Any = chromadb.HttpClient(host=host, port=int(port))
    with closing(client):
        names = {collection.name for collection in client.list_collections()}
    assert names == {f"{second}-{view}" for view in ("passages", "sentences", "contexts")}


def test_a_server_that_is_not_there_stops_the_build_and_leaves_nothing(built: Settings) -> None:
    before = builds(built)
    with pytest.raises(IndexBuildError, match=r"Check the Chroma server at http://127\.0\.0\.1:9,"):
        build_index(replace(built, chroma_url="http://127.0.0.1:9"), force=True)
    assert builds(built) == before
    assert answers(built)
