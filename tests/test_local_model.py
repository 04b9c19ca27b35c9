"""A real chat model in this process: streamed, stopped, closed, and closed to everybody else."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import SettingsError
from assistant.settings import Settings
from assistant.types import Message
from assistant.writing.chat_model import ChatModel
from assistant.writing.chat_opening import open_chat_model
from assistant.writing.local_model import LocalServer, open_local_server

from .chat_server import smollm2
from .conftest import ROOT

pytestmark = pytest.mark.slow
SHORT: list[Message] = [("system", "Be brief."), ("user", "What is the capital of France?")]
STORY: list[Message] = [("user", "Tell me a long story about a shop.")]


@pytest.fixture
def server(local_chat: ChatModel) -> Iterator[LocalServer]:
    """The server behind `local_chat`: the file's own, already running."""
    with closing(open_local_server(smollm2())) as shared:
        yield shared


def asked(server: LocalServer, path: str, body: Any = None, *, key: str | None = None) -> Any:
    request = urllib.request.Request(
        server.address.removesuffix("/v1") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {server.key if key is None else key}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def is_idle(server: LocalServer) -> bool:
    return not any(slot["is_processing"] for slot in asked(server, "/slots"))


def settings_of(chat: ChatModel, **changes: Any) -> ChatModel:
    """A second ChatModel on the same running server, with other limits."""
    wanted = replace(chat.settings, **changes)
    opened = open_chat_model(wanted)
    assert opened is not None
    return opened


def test_a_real_reply_comes_in_pieces_with_the_model_s_own_count(local_chat: ChatModel) -> None:
    with local_chat.stream(SHORT) as reply:
        pieces = list(reply)
    assert len(pieces) > 3
    assert "France" in reply.text
    assert local_chat.name == "local:SmolLM2-135M-Instruct.Q4_1.gguf"
    assert reply.usage.calls == 1
    assert 15 < reply.usage.tokens_in < 40
    assert len(pieces) <= reply.usage.tokens_out <= 64
    assert not reply.usage.estimated


def test_the_model_stops_writing_when_its_reply_is_closed(
    local_chat: ChatModel, server: LocalServer
) -> None:
    with closing(settings_of(local_chat, chat_tokens=2000)) as chat:
        reply = chat.stream(STORY)
        for _ in range(5):
            next(reply)
        assert not is_idle(server)
        reply.close()
        time.sleep(1.5)
        assert is_idle(server)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/slots"])
def test_nobody_else_is_served(server: LocalServer, path: str) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}]} if "chat" in path else None
    with pytest.raises(urllib.error.HTTPError) as caught:
        asked(server, path, body, key="guessed")
    caught.value.close()
    assert caught.value.code == 401
    assert server.address.startswith("http://127.0.0.1:")
    assert server.key not in repr(server)


LEFT_OPEN = """
import sys
from assistant.writing.chat_opening import open_chat_model
from assistant.settings import Settings
from assistant.types import Message
chat = open_chat_model(Settings(chat_model="local:" + sys.argv[1], chat_tokens=4000))
reply = chat.stream([("user", "Tell me a long story.")])
print(bool(next(reply)))
"""


def test_a_program_that_closes_nothing_ends_at_once() -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LEFT_OPEN, str(smollm2())],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"GGUF" + bytes(100), "cannot be loaded: the file is damaged"),
    ],
)
def test_a_file_that_is_no_model_is_one_sentence(
    content: bytes | None, says: str, tmp_path: Path
) -> None:
    smollm2()
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=says) as caught:
        open_chat_model(Settings(chat_model=f"local:{path}"))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("package", ["xllamacpp", "langchain_openai"])
def test_a_missing_package_is_named_with_the_command(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "assistant.writing.local_model.find_spec", lambda name: None if name == package else 1
    )
    with pytest.raises(SettingsError, match=r"pip install 'report-assistant\[local\]'"):
        open_chat_model(Settings(chat_model="local:~/model.gguf"))
