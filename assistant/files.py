"""Files: written so that a reader sees either the old content or the new one, and hashed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Put a text in the place of a file, in one rename."""
    replace_bytes(path, text.encode())


def replace_bytes(path: Path, data: bytes) -> None:
    """Put bytes in the place of a file, in one rename, once the disk has them."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def corpus_hash(folder: Path) -> str:
    """What an index is compared with: the manifest, which holds the texts' hashes, and the rest.

    Raises OSError when there is no manifest.
    """
    digest = hashlib.sha256((folder / "sources.toml").read_bytes())
    glossary = folder / "glossary.tsv"
    digest.update(glossary.read_bytes() if glossary.is_file() else b"")
    for guide in sorted((folder / "guides").glob("*.toml")):
        digest.update(guide.name.encode() + guide.read_bytes())
    return digest.hexdigest()[:16]
