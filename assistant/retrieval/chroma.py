"""The only module that opens Chroma, and that knows how it fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from ..errors import AssistantError, IndexDamagedError
from ..settings import Settings

# Chroma shares what it opened by path, and its bookkeeping of that is not safe for threads.
_CHROMA = threading.Lock()


@contextmanager
def client(directory: Path, settings: Settings) -> Iterator[Any]:
    """A Chroma client over a build's files, or over the server that the settings name."""
    with _CHROMA:
        opened = _connect(directory, settings)
    try:
        yield opened
    finally:
        with _CHROMA:
            opened.close()


def _connect(directory: Path, settings: Settings) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    quiet = ChromaSettings(anonymized_telemetry=False)
    if settings.chroma_url:
        url = urlparse(settings.chroma_url)
        ssl = url.scheme == "https"
        return chromadb.HttpClient(
            host=url.hostname or "localhost",
            port=url.port or (443 if ssl else 8000),
            ssl=ssl,
            settings=quiet,
        )
    return chromadb.PersistentClient(path=str(directory / "chroma"), settings=quiet)


@contextmanager
def foreign_errors(directory: Path) -> Iterator[None]:
    """Turn whatever Chroma raises while reading a build into IndexDamagedError."""
    try:
        yield
    except FileNotFoundError as error:
        raise damaged(directory, f"{error.filename} is missing") from error
    except (AssistantError, OSError):
        raise
    except Exception as error:  # Chroma, its Rust core and sqlite share no root but Exception
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise damaged(directory, reason) from error


def damaged(directory: Path, reason: str) -> IndexDamagedError:
    """The error for a build that cannot be used, with the command that mends it."""
    return IndexDamagedError(
        f"The index in {directory} cannot be used ({reason}). "
        "Run `python -m ingest --force` to build it anew; your texts are not affected."
    )
