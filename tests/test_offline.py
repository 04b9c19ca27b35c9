"""After the install nothing is fetched, and nothing heavy is loaded before it is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assistant.settings import Settings

from .conftest import ROOT
from .tiny import write_corpus

# An audit hook sees every connection and look-up that Python makes, through whatever library,
# and cannot be taken off. It refuses all but this machine's own addresses.
GUARD = """
import json, sys
attempts = []

def own(host):
    name = host.decode() if isinstance(host, bytes) else host
    return name is None or name in ("", "localhost", "::1", "0.0.0.0") or name.startswith("127.")

def guard(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path: a Unix socket
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if not own(host):
        attempts.append(f"{event} {host}")
        raise ConnectionRefusedError(f"{event} {host}: this test allows no network")

sys.addaudithook(guard)
"""
ANSWER = """
from assistant import Settings, open_assistant
from ingest import build_index
settings = Settings.load()
info = build_index(settings)
with open_assistant(settings) as assistant:
    answer = assistant.ask("Who did Vanke sign an agreement with?")
print(json.dumps([attempts, info.passages, answer.status, answer.text]))
"""
HEAVY = {
    *("torch", "transformers", "sentence_transformers", "onnxruntime", "chromadb"),
    *("gradio", "gradio_client", "fastapi", "mcp", "uvicorn"),
}
TEMPT = """
import socket, urllib.request
for way in (
    lambda: socket.socket().connect(("192.0.2.1", 80)),
    lambda: socket.socket().connect_ex(("192.0.2.2", 80)),
    lambda: socket.getaddrinfo("huggingface.co", 443),
    lambda: urllib.request.urlopen("http://pypi.org", timeout=1),
    lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"", ("192.0.2.3", 53)),
):
    try:
        way()
    except OSError:
        pass
print(json.dumps(attempts))
"""


def guarded(code: str, settings: Settings) -> list[Any]:
    """What the code prints last, run without a network in a process of its own."""
    # Nothing may ask the libraries to stay at home, and no proxy on this machine may hide a call.
    gone = re.compile(r"(HF|TRANSFORMERS|ANONYMIZED|GRADIO|ASSISTANT)_.*|.*_proxy", re.IGNORECASE)
    environment = {key: value for key, value in os.environ.items() if not gone.fullmatch(key)}
    for name in ("home", "corpus", "cache"):
        environment[f"ASSISTANT_{name.upper()}"] = str(getattr(settings, name))
    said = subprocess.run(
        [sys.executable, "-c", GUARD + code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    result: list[Any] = json.loads(said.stdout.splitlines()[-1])
    return result


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    text = "Vanke signed an agreement with Provenience, a US investment company.\n"
    corpus = write_corpus(tmp_path / "corpus", {"news": (text, None)})
    return Settings(home=tmp_path / "home", corpus=corpus)


def test_the_guard_sees_and_stops_every_way_out(settings: Settings) -> None:
    assert guarded(TEMPT, settings) == [
        "socket.connect 192.0.2.1",
        "socket.connect 192.0.2.2",
        "socket.getaddrinfo huggingface.co",
        "socket.getaddrinfo pypi.org",
        "socket.sendto 192.0.2.3",
    ]


def test_a_build_and_an_answer_try_to_reach_nothing_outside_this_machine(
    settings: Settings,
) -> None:
    attempts, passages, status, text = guarded(ANSWER, settings)
    assert attempts == []
    assert passages == 1
    assert status == "answered"
    assert "Provenience" in text


def test_importing_the_packages_loads_nothing_heavy() -> None:
    program = f"import sys, assistant, ingest, ui\nprint(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
