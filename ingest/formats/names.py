"""Names of files and titles, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata

_NAME_CHARS = 120


def extension(name: str) -> str:
    """The end of a file name in small letters: ".md"; "" where there is none."""
    return "." + name.rpartition(".")[2].lower() if "." in name else ""


def shown_name(name: str) -> str:
    """A file name without folders and without characters that could hide or break anything."""
    last = one_line(re.split(r"[/\\]", name)[-1], 10_000)
    kind = extension(last)
    stem = last[: len(last) - len(kind)].strip(" .")
    return f"{stem[:_NAME_CHARS] or 'document'}{kind[:10]}"


def one_line(words: str, limit: int) -> str:
    """Words as one line of visible characters, cut at the limit."""
    # Control, zero-width and bidirectional marks could show a name as what it is not.
    kept = "".join(" " if c.isspace() else c for c in words)
    kept = "".join(c for c in kept if unicodedata.category(c)[0] != "C")
    return " ".join(kept.split())[:limit].strip()
