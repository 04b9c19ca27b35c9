"""A build stopped half-way, by whatever, leaves the index in service as it was."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.builds import read_current
from assistant.errors import IndexBuildError
from assistant.index import write as write_rows
from assistant.settings import Settings
from ingest import build_index, pending_changes
from ingest.means import language_means

from .tiny import FakeEmbeddings, answers, builds, child, ended, line_from


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
from tests.tiny import CHINESE, ENGLISH, write_corpus
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


def test_language_means_that_cannot_be_kept_do_not_end_a_build(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    means = language_means(FakeEmbeddings(Settings()), tmp_path / "file" / "cache")
    assert {name.partition("-")[0] for name in means} == {"passage", "query"}
