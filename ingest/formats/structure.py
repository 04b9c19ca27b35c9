"""The order that blocks of any format come in: levels of headings, notes at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.language import passage_language

from .document import Block


def leveled(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with level 1 for nothing but a title: a single such heading, before any text.

    Level 0 says of a heading that it is meant as the title. Where several headings are of level
    1, as chapters are, every heading but the title goes one level down: the first of them would
    otherwise be taken for the document's own title.
    """
    headings = [i for i, block in enumerate(blocks) if block.kind == "heading"]
    tops = [i for i in headings if blocks[i].level == 1]
    titles = [i for i in headings if blocks[i].level < 1]
    first = next((i for i, block in enumerate(blocks) if block.text), -1)
    title = first if [first] in (titles, [*titles, *tops]) else -1
    down = bool(tops) and tops != [title]
    return [
        replace(block, level=max(1, block.level) + (down and i != title))
        if block.kind == "heading"
        else block
        for i, block in enumerate(blocks)
    ]


def notes_last(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with their notes after all others, under a heading in the text's language."""
    rest = [block for block in blocks if block.kind != "note"]
    notes = [block for block in blocks if block.kind == "note" and block.text]
    if not notes:
        return rest
    language = passage_language("\n".join(block.text for block in rest or notes))
    return [*rest, Block("heading", "注释" if language == "zh" else "Notes"), *notes]


def title_of(blocks: Sequence[Block]) -> str:
    """The words of the first heading; "" where there is none."""
    return next((block.text for block in blocks if block.kind == "heading" and block.text), "")
