"""The vectors in Chroma: one for each surface of a passage. The only module that opens Chroma.

A surface's vector has its number in the store as id, and its source and language as metadata.
What Chroma holds can be made anew from the store at any time.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from weakref import WeakValueDictionary

from ..errors import AssistantError, IndexDamagedError
from ..settings import Settings
from .store import Vector

# Chroma 1.5 refuses more than 5,461 rows in one upsert (client.get_max_batch_size()).
BATCH_ROWS = 5_000
# Vectors that other processes added and that are compared one by one, in some 2 ms, or that they
# removed and that are passed over.
_LATE = 1_000
_HNSW = {"space": "cosine", "ef_construction": 100, "ef_search": 200, "max_neighbors": 24}
# Each as long as somebody uses it.
_CLIENTS: WeakValueDictionary[str, _Client] = WeakValueDictionary()
_TURN = threading.Lock()

# A vector to be stored: the surface's number, its source's id, its language, the vector.
Row = tuple[int, str, str, Vector]


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a state of the store reaches: the number added last, and how many there are."""

    newest: int
    surfaces: int

    def removed_since(self, before: Extent) -> int:
        """How many were removed at most, of those before and of those added."""
        return before.surfaces + self.newest - before.newest - self.surfaces

    def changes_since(self, before: Extent) -> int:
        """How many were added or removed at most, whichever is more."""
        return max(self.newest - before.newest, self.removed_since(before))


class _Client:
    """Chroma as this process has it open, shared by all who use that place.

    Chroma keeps the search structure in memory, and does not see what other processes change. What
    they added since it was opened is looked for in the store, and what they removed is passed over,
    until that is so much that opening anew pays. It is also opened anew when the folders changed,
    and before writing when another process has written the structure to disk: what is in memory
    would take its place.
    """

    def __init__(self, directory: Path, url: str) -> None:
        self._directory, self._url = directory, url
        self._free = threading.Condition()
        self._users = 0
        self._open: Any = None
        self._stamp: dict[str, int] = {}
        self.known = Extent(0, 0)

    @contextmanager
    def use(self, extent: Extent | None = None, *, writes: bool = False) -> Iterator[Any]:
        """Chroma, opened anew if need be; extent: of the store that is to be searched."""

        def is_stale() -> bool:
            if self._url:
                return False
            if extent is not None and extent.changes_since(self.known) > _LATE:
                return True
            seen = self._seen()
            return seen != self._stamp if writes else seen.keys() != self._stamp.keys()

        with self._free:
            # Asked once a turn: what is in use must not be closed because it became stale just now.
            while self._open is not None and is_stale():
                if not self._users:
                    self._close()
                else:
                    self._free.wait()
            if self._open is None:
                self._stamp = self._seen()
                self._open = _connect(self._directory, self._url)
                self.known = extent or self.known
            self._users += 1
        try:
            yield self._open
        finally:
            with self._free:
                self._users -= 1
                if writes:
                    self._stamp = self._seen()
                self._free.notify_all()

    def close(self) -> None:
        with self._free:
            self._free.wait_for(lambda: not self._users)
            self._close()

    def __del__(self) -> None:
        """Nobody uses that place any more."""
        with suppress(Exception):  # at the end of the program anything may be gone
            self._close()

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _seen(self) -> dict[str, int]:
        """When each search structure was last written to disk, by its folder; 0 for never."""
        found = {}
        with suppress(OSError):
            for entry in os.scandir(self._directory):
                if entry.is_dir():
                    found[entry.name] = 0
                    # The last file of it; whoever opens a small structure writes the others, too.
                    with suppress(OSError):
                        last = os.stat(os.path.join(entry.path, "index_metadata.pickle"))
                        found[entry.name] = last.st_mtime_ns
        return found


def _connect(directory: Path, url: str) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    if url:
        server = urlparse(url)
        ssl = server.scheme == "https"
        return chromadb.HttpClient(
            host=server.hostname or "localhost",
            port=server.port or (443 if ssl else 8000),
            ssl=ssl,
            settings=ChromaSettings(anonymized_telemetry=False),
        )
    return opened_files(directory)


def opened_files(directory: Path) -> Any:
    """Chroma's client over files, to be closed by the caller."""
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings as ChromaSettings

    try:
        return chromadb.PersistentClient(
            path=str(directory), settings=ChromaSettings(anonymized_telemetry=False)
        )
    except BaseException:
        # Chroma keeps what it opened by its path, also what could not be opened.
        SharedSystemClient._identifier_to_system.pop(str(directory), None)
        raise


class Vectors:
    """The collection of one store; safe to share between threads. Nothing is opened here."""

    def __init__(self, settings: Settings) -> None:
        """Keep where the vectors are: files beside the store, or the server of the settings."""
        self.directory = settings.home / "chroma"
        self._is_server = bool(settings.chroma_url)
        key = settings.chroma_url or str(self.directory.absolute())
        with _TURN:
            self._client = _CLIENTS.get(key) or _Client(self.directory, settings.chroma_url)
            _CLIENTS[key] = self._client

    def nearest(
        self,
        collection: str,
        vector: Vector,
        count: int,
        sources: Collection[str] | None = None,
        *,
        extent: Extent,
    ) -> tuple[list[int], int]:
        """The numbers of the surfaces nearest to a vector, nearest first, and the last one sought.

        `count` of them, and more where some may have been removed. Those that were added after
        that last one may be missing, up to the newest of `extent`, which is the store's.
        """
        where = None if sources is None else {"source": {"$in": list(sources)}}
        with foreign_errors(self.directory), self._client.use(extent) as chroma:
            known = extent if self._is_server else self._client.known
            count += max(0, extent.removed_since(known))
            found = _collection(chroma, collection).query(
                query_embeddings=[vector], n_results=count, where=where, include=[]
            )
        return [int(id_) for id_ in found["ids"][0]], known.newest

    def add(self, collection: str, rows: Sequence[Row]) -> None:
        """Put vectors in; a collection that is not there is made."""
        with foreign_errors(self.directory), self._client.use(writes=True) as chroma:
            held = chroma.get_or_create_collection(
                collection, embedding_function=None, configuration={"hnsw": _HNSW}
            )
            for start in range(0, len(rows), BATCH_ROWS):
                batch = rows[start : start + BATCH_ROWS]
                held.upsert(
                    ids=[str(n) for n, _, _, _ in batch],
                    embeddings=[vector for _, _, _, vector in batch],
                    metadatas=[{"n": n, "source": s, "language": g} for n, s, g, _ in batch],
                )

    def delete(self, collection: str, numbers: Sequence[int]) -> None:
        """Take the vectors of some surfaces out."""
        if not numbers:
            return
        with foreign_errors(self.directory), self._client.use(writes=True) as chroma:
            for start in range(0, len(numbers), BATCH_ROWS):
                batch = [str(n) for n in numbers[start : start + BATCH_ROWS]]
                _collection(chroma, collection).delete(ids=batch)

    def after(self, collection: str, number: int) -> list[int]:
        """The surfaces beyond a number that have a vector."""
        with foreign_errors(self.directory), self._client.use() as chroma:
            found = _collection(chroma, collection).get(where={"n": {"$gt": number}}, include=[])
        return [int(id_) for id_ in found["ids"]]

    def count(self, collection: str) -> int:
        """How many vectors there are."""
        with foreign_errors(self.directory), self._client.use() as chroma:
            held: int = _collection(chroma, collection).count()
            return held

    def keep_only(self, collection: str, family: str) -> None:
        """Drop every collection whose name begins with `family`, but for this one."""
        with foreign_errors(self.directory), self._client.use(writes=True) as chroma:
            for other in chroma.list_collections():
                if other.name.startswith(family) and other.name != collection:
                    chroma.delete_collection(other.name)

    def discard(self) -> None:
        """Delete Chroma's files; what they held can be made anew from the store."""
        self.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def close(self) -> None:
        """Let go of Chroma's files, so that they may be moved or deleted."""
        self._client.close()


def _collection(chroma: Any, name: str) -> Any:
    return chroma.get_collection(name, embedding_function=None)


@contextmanager
def foreign_errors(directory: Path) -> Iterator[None]:
    """Turn whatever Chroma raises into IndexDamagedError."""
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
    """The error for vectors that cannot be used, with the command that mends them."""
    if "readonly" in reason:
        return IndexDamagedError(
            f"The folder {directory} cannot be written to, which Chroma needs to read it. Mend its "
            "permissions, or copy the whole folder above it and set ASSISTANT_HOME to the copy."
        )
    return IndexDamagedError(
        f"The vectors in {directory} cannot be used ({reason}). "
        "Run `python -m ingest` to make them anew from the store; your texts are not affected."
    )
