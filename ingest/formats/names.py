"""Names of files, and what files say of themselves, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

# A limit: file systems take 255 bytes, and a Chinese character has three.
_NAME_CHARS = 120
_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})?(\d{2})?")
# Titles that programs make of a file's name, or where nobody gave one.
_MADE_UP = re.compile(
    r"microsoft (?:word|powerpoint|excel|office)\b.*|untitled\b.*|(?:new )?document\s?\d*|title"
    r"|(?:presentation|slide|book|sheet|doc|scan)[\s_-]?\d*|powerpoint.*|print(?:ing)?|无标题.*"
    r"|.*\.(?:docx?|pptx?|xlsx?|pdf|txt|tex|dvi|indd|qxd|rtf|html?|ps|p65|wpd|md|odt)|演示文稿\s?\d*"
    r"|幻灯片\s?\d*|文档\s?\d*|工作簿\s?\d*|[\W\d_]*|.{0,2}",
    re.I | re.S,
)
_NOBODY = re.compile(
    r"(?:microsoft|windows|office|local|default)?\s*(?:user|users|administrator|admin|owner|author"
    r"|unknown|anonymous|office|pc|computer)\d*|.*用户|管理员|作者|未知|.{0,1}",
    re.I | re.S,
)
# What UTF-8 and GBK look like where they were taken for Latin-1.
_MISREAD = re.compile(r"[\u0080-\u009f\ufffd]|[À-ô][\u0080-\u00bf]|[À-ÿ]{3}")


def extension(name: str) -> str:
    """The end of a file name in small letters: ".md"; "" where there is none."""
    return "." + name.rpartition(".")[2].lower() if "." in name else ""


def shown_name(name: str) -> str:
    """A file name without folders and without characters that could hide or break anything."""
    last = one_line(re.split(r"[/\\]", name)[-1], 10_000)
    kind = extension(last)
    stem = last[: len(last) - len(kind)].strip(" .")
    return f"{stem[:_NAME_CHARS] or 'document'}{kind[:10]}"


def one_line(words: str, limit: int = 200) -> str:
    """Words as one line of visible characters, cut at the limit; no title is longer than 200."""
    # Control, zero-width and bidirectional marks could show a name as what it is not.
    kept = "".join(" " if c.isspace() else c for c in words)
    kept = "".join(c for c in kept if unicodedata.category(c)[0] != "C")
    return " ".join(kept.split())[:limit].strip()


def told_title(told: str) -> str:
    """The title in a file's metadata; "" where it is none or cannot be read."""
    title = one_line(told)
    return "" if _MADE_UP.fullmatch(title) or _is_misread(title) else title


def told_author(told: str) -> str:
    """The author in a file's metadata; "" where it is a login's name or cannot be read."""
    author = one_line(told)
    return "" if _NOBODY.fullmatch(author) or _is_misread(author) else author


def told_date(told: str) -> str:
    """When a PDF says ("D:20150304") that it was made, ISO 8601, as exactly; "" if not sanely."""
    found = _DATE.match(told.strip())
    if found is None or not 1980 <= int(found[1]) <= date.today().year + 1:
        return ""
    parts = [found[1], *(part for part in found.groups()[1:] if part)]
    try:
        date(*(int(part) for part in [*parts, "1", "1"][:3]))
    except ValueError:
        return found[1]
    return "-".join(parts)


def _is_misread(words: str) -> bool:
    strange = any(unicodedata.category(char) in ("Co", "Cn", "Cs") for char in words)
    return strange or _MISREAD.search(words) is not None
