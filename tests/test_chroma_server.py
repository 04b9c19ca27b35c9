"""A Chroma server instead of files: it holds the vectors of the index in service alone."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import chromadb
import pytest

from assistant.errors import IndexBuildError
from assistant.settings import Settings
from ingest import build_index

from .tiny import answers, indexed

pytestmark = pytest.mark.slow


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


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_server_holds_the_vectors_and_loses_those_of_old_builds(
    tiny: Settings, server: str
) -> None:
    settings = replace(tiny, chroma_url=server)
    first = build_index(settings).collection
    assert not (settings.home / "chroma").exists()
    assert answers(settings)
    second = build_index(settings, force=True).collection
    assert first != second
    assert answers(settings)
    host, port = server.removeprefix("http://").split(":")
    client: Any = chromadb.HttpClient(host=host, port=int(port))
    with closing(client):
        names = {collection.name for collection in client.list_collections()}
    assert names == {second}


def test_a_server_that_is_not_there_stops_the_build_and_leaves_nothing(built: Settings) -> None:
    before = indexed(built)
    with pytest.raises(IndexBuildError, match=r"Check the Chroma server at http://127\.0\.0\.1:9,"):
        build_index(replace(built, chroma_url="http://127.0.0.1:9"), force=True)
    assert indexed(built) == before
    assert answers(built)
