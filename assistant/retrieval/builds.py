"""Builds on disk: which one is in use, what it says of itself, which ones may go."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from ..errors import IndexDamagedError, IndexMismatchError, IndexMissingError

# Raise it when `build.json` holds something else: who has an older one is told to build anew.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """What a build says of itself in `build.json`.

    corpus: hash of manifest, texts, guides, glossary and added documents. model: the embedding
    model's fingerprint. store: "files" or the Chroma server's address. rows: how many vectors of
    each view. seconds: how long the build took. versions: what else shaped the vectors.
    """

    id: str
    corpus: str
    model: str
    means: str
    splitter: str
    store: str
    created: str
    seconds: float
    sources: dict[str, str]
    passages: list[str]
    sentences: int
    languages: dict[str, int]
    rows: dict[str, int]
    versions: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def write(self, directory: Path) -> None:
        """Write `build.json`; a directory without one is not a build."""
        replace_text(directory / "build.json", json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, directory: Path) -> BuildInfo:
        """Read `build.json`.

        Raises IndexDamagedError when it is absent or broken, IndexMismatchError when another
        version of this program wrote it.
        """
        try:
            data = json.loads((directory / "build.json").read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                raise IndexMismatchError(
                    f"The index in {directory} has format {data['format']}, this program reads "
                    f"format {FORMAT}. Run `python -m ingest` to rebuild it."
                )
            return cls(**data)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamagedError(
                f"The index in {directory} is incomplete ({type(error).__name__}). "
                "Run `python -m ingest` to build it anew; your texts are not affected."
            ) from error


def corpus_hash(folder: Path, records: Mapping[str, bytes] | None = None) -> str:
    """What an index is compared with: the manifest, which holds the texts' hashes, and the rest.

    `records` are those of the user's own documents, as `library_records` reads them. Raises
    OSError when there is no manifest.
    """
    digest = hashlib.sha256((folder / "sources.toml").read_bytes())
    glossary = folder / "glossary.tsv"
    digest.update(glossary.read_bytes() if glossary.is_file() else b"")
    for guide in sorted((folder / "guides").glob("*.toml")):
        digest.update(guide.name.encode() + guide.read_bytes())
    for id_ in sorted(records or {}):
        digest.update((records or {})[id_])
    return digest.hexdigest()[:16]


def library_directory(home: Path) -> Path:
    """The folder of the documents that users have added."""
    return home / "library"


def library_records(home: Path) -> dict[str, bytes]:
    """What says what each added document is, by id; it holds the hash of the document's text."""
    records = {}
    for path in sorted(library_directory(home).glob("*/source.json")):
        # A folder with a dot is being written or taken away; any may go while this reads.
        if not path.parent.name.startswith("."):
            with suppress(FileNotFoundError):
                records[path.parent.name] = path.read_bytes()
    return records


def builds_directory(home: Path) -> Path:
    """The folder of all builds."""
    return home / "index"


def read_current(home: Path) -> Path:
    """The directory of the build in use.

    Raises IndexMissingError when none was ever built, IndexDamagedError when it is gone.
    """
    root = builds_directory(home)
    try:
        name = (root / "CURRENT").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise IndexMissingError(
            f"There is no index in {root} yet. Run `python -m ingest` to build it."
        ) from error
    directory = root / name[:200]
    if not name or directory.parent != root or not directory.is_dir():
        raise IndexDamagedError(
            f"{root / 'CURRENT'} names the build {name[:80]!r}, which is not there. "
            "Run `python -m ingest` to build it anew; your texts are not affected."
        )
    return directory


def switch_current(home: Path, build_id: str) -> None:
    """Put a finished build in use, in one rename."""
    replace_text(builds_directory(home) / "CURRENT", build_id + "\n")


def replace_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees either the old text or the new one."""
    replace_bytes(path, text.encode())


def replace_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees either the old bytes or the new ones."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def hold(directory: Path) -> IO[bytes] | None:
    """Mark a build as being read; the mark goes with the returned file, or with the process."""
    try:
        import fcntl

        file = (directory / "in-use.lock").open("ab")
        fcntl.flock(file, fcntl.LOCK_SH)
    except (ImportError, OSError):  # no locks on this system, or a read-only folder
        return None
    return file


def prune(home: Path, *, keep: str, forget: Callable[[Path], None]) -> list[str]:
    """Delete all builds but `keep` that nobody reads, the left-overs of killed ones among them.

    `forget` is called with each directory before it goes. Returns the names of what went.
    """
    gone = []
    for directory in sorted(builds_directory(home).iterdir()):
        if directory.is_dir() and directory.name != keep and not _is_held(directory):
            forget(directory)
            shutil.rmtree(directory, ignore_errors=True)
            gone.append(directory.name)
    return gone


def _is_held(directory: Path) -> bool:
    try:
        import fcntl
    except ImportError:  # without locks a build is let go only when a later one replaced it
        return True
    try:
        with (directory / "in-use.lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
