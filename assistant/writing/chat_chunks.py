"""What the pieces of a reply hold: words, thoughts aloud, and how the service says it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

# How services say that a reply is not whole, or that they would not give one.
INCOMPLETE = frozenset(
    "length max_tokens max_output_tokens model_length model_context_window_exceeded "
    "unfinished".split()
)
DECLINED = frozenset(
    "content_filter content_filtered refusal safety recitation blocklist prohibited_content spii "
    "guardrail_intervened".split()
)


def ending_of(chunk: AIMessage, before: str) -> str:
    """How the service says that the reply ended, in small letters; `before` if it does not."""
    said = chunk.response_metadata
    if said.get("status") == "incomplete":
        return str((said.get("incomplete_details") or {}).get("reason", "length"))
    for key in ("finish_reason", "stop_reason", "stopReason", "done_reason", "status"):
        if said.get(key):
            return str(said[key]).lower()
    # These two always say it: a reply without was cut in the middle.
    promised = said.get("model_provider") in ("openai", "anthropic")
    return before or ("unfinished" if promised else "")


class Thoughts:
    """Takes <think>…</think> out of a text that comes in pieces, however it is cut."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._held = ""
        self._inside = False

    def without(self, piece: str) -> str:
        """What of the text so far can be shown and was not yet."""
        self._held += piece
        shown = ""
        while True:
            tag = "</think>" if self._inside else "<think>"
            before, found, after = self._held.partition(tag)
            if not found:
                break
            shown += "" if self._inside else before
            self._held, self._inside = after, not self._inside
        # The end may be the start of a tag.
        sizes = range(min(len(tag), len(self._held)), 0, -1)
        keep = next((n for n in sizes if tag.startswith(self._held[-n:])), 0)
        free = len(self._held) - keep
        if not self._inside:
            shown += self._held[:free]
        self._held = self._held[free:]
        return shown

    def rest(self) -> str:
        """What was held back, after the last piece; a thought without an end is left out."""
        return "" if self._inside else self._held
