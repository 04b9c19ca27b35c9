"""The article as a page tells it to programs (JSON-LD), for pages that only a script fills."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .document import Block, clean
from .html_blocks import html_blocks
from .html_tree import html_tree
from .names import one_line
from .zips import attribute, local

_CHARS = 200
# Deeper than any page describes itself.
_DEPTH = 6


def told_article(root: Any) -> list[Block]:
    """The headline and the longest `articleBody` of a page's JSON-LD; none where it has none."""
    body, headline = "", ""
    for element in root.iter():
        if local(element).lower() != "script":
            continue
        if attribute(element, "type").strip().lower() == "application/ld+json":
            for words, title in _articles(_value(element.text or ""), 0):
                if len(words) > len(body):
                    body, headline = words, title
    if not body.strip():
        return []
    # Most write plain text, some the article's HTML.
    inner = html_tree(body) if "</p>" in body.lower() else None
    lines = body.replace("\r", "\n").split("\n")
    text = [Block("paragraph", words) for line in lines if (words := clean(line))]
    blocks = text if inner is None else html_blocks(inner)
    title = one_line(headline, _CHARS)
    return [Block("heading", title, 1), *blocks] if title else blocks


def _value(source: str) -> Any:
    try:
        return json.loads(source, strict=False)
    except (ValueError, RecursionError):
        return None


def _articles(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Each text with its headline, wherever it stands in the description."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and isinstance(value.get("articleBody"), str):
        yield value["articleBody"], str(value.get("headline") or "")
    for one in inner if depth < _DEPTH else ():
        yield from _articles(one, depth + 1)
