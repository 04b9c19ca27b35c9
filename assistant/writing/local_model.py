"""A chat model in a GGUF file, run by llama.cpp in this process (the extra `local`).

xllamacpp brings llama.cpp's server, which speaks OpenAI's protocol on a port of this machine: a
reply to one of our own models is streamed and stopped like any other.
"""

from __future__ import annotations

import atexit
import os
import secrets
import threading
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["CONTEXT_TOKENS", "LocalServer", "open_local_server"]

# Room for prompt and reply: six passages, a conversation and 800 tokens of answer take 5,000 at
# most. llama.cpp lowers it by itself to what the model was trained with.
CONTEXT_TOKENS = 8192
# A prompt is read this many tokens at a time, and a request that its client gave up ends between
# two such batches: 2,480 tokens took 19.6 s with batches of 2,048 and 19.4 s with these, the next
# request then waited 14.5 s and 0.6 s (SmolLM2-135M, one busy core).
_BATCH_TOKENS = 256
# With clients still connected the server closes only after its next ping.
_PING_S = 1
_SILENT = 0


@dataclass(eq=False)
class LocalServer:
    """A running server; every `open_local_server` of one file shares it until all have closed."""

    address: str
    key: str = field(repr=False)
    path: Path
    _server: Any = field(repr=False)
    _users: int = 1

    def model(self, settings: Settings) -> BaseChatModel:
        """A LangChain model that asks this server."""
        from langchain_openai import ChatOpenAI
        from openai import DefaultAsyncHttpxClient
        from pydantic import SecretStr

        return ChatOpenAI(
            model="local",
            base_url=self.address,
            api_key=SecretStr(self.key),
            temperature=0,
            max_retries=0,
            stream_usage=True,
            use_responses_api=False,
            extra_body={"max_tokens": settings.chat_tokens},
            # A server with connections open takes seconds to close.
            default_headers={"Connection": "close"},
            # ChatModel keeps the time.
            stream_chunk_timeout=None,
            # No proxy of the environment may stand between this process and itself, and
            # langchain-openai says a word about proxies where it sets options of its own.
            http_socket_options=(),
            http_async_client=DefaultAsyncHttpxClient(
                trust_env=False, timeout=settings.chat_timeout_s
            ),
        )

    def close(self) -> None:
        """Give it back; the last to do so ends it and frees the model's memory."""
        with _lock:
            self._users -= 1
            if self._users == 0 and _servers.pop(self.path, None) is not None:
                # Its destructor stops it: nothing else may hold it.
                self._server = None


_servers: dict[Path, LocalServer] = {}
_lock = threading.Lock()


def open_local_server(path: Path) -> LocalServer:
    """A server of the model in this file; close it after use.

    Only who has its key is served, no other user or web page of this machine. Raises
    SettingsError when the file, the package or the memory for the model is missing.
    """
    path = path.expanduser().absolute()
    with _lock:
        if path in _servers:
            _servers[path]._users += 1
            return _servers[path]
        _check(path)
        key = secrets.token_urlsafe()
        server = _start(path, key)
        _servers[path] = LocalServer(f"{server.listening_address}/v1", key, path, server)
        return _servers[path]


def _check(path: Path) -> None:
    if find_spec("xllamacpp") is None or find_spec("langchain_openai") is None:
        raise SettingsError(
            f"The chat model {path.name} needs llama.cpp, which is not installed. "
            "Run `pip install 'report-assistant[local]'`."
        )
    another = "Name another file in ASSISTANT_CHAT_MODEL, as local:/path/to/model.gguf."
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise SettingsError(
            f"The chat model's file {path} cannot be read ({error.strerror}). {another}"
        ) from error
    if magic != b"GGUF":
        raise SettingsError(f"The chat model's file {path} is no GGUF file. {another}")


def _start(path: Path, key: str) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [key]
    params.ui = False
    params.sse_ping_interval = _PING_S
    params.verbosity = _SILENT
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.n_batch = _BATCH_TOKENS
    # By default llama.cpp keeps up to 8 GB of earlier prompts; the last one is enough.
    params.cache_ram_mib = 0
    # Its threads spin while they wait for each other: with as many as there are cores, whatever
    # else runs brings them to a standstill.
    threads = max(1, len(_usable_cores()) // 2)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise SettingsError(
            f"The chat model {path} cannot be loaded: the file is damaged, larger than the free "
            "memory, or of a kind that this version of xllamacpp does not know. Fetch it again, "
            "or name another in ASSISTANT_CHAT_MODEL."
        ) from error


def _usable_cores() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


@atexit.register
def _close_all() -> None:
    with _lock:
        for server in _servers.values():
            server._server = None
        _servers.clear()
