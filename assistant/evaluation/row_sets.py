"""Other names for parts of `sets`, for the commands that import them from here."""

from __future__ import annotations

from ..errors import AssistantError
from .printing import tokens_of
from .sets import needed, read_items, shipped, write_lines

__all__ = ["needed", "no_chat_model", "read_items", "shipped", "tokens_of", "write_lines"]


def no_chat_model(what: str) -> AssistantError:
    """What to raise where `what` needs a chat model and none is set."""
    return AssistantError(
        f"{what} needs a chat model. Name one as PROVIDER:MODEL in ASSISTANT_CHAT_MODEL or "
        'assistant.toml, and leave composer at "auto".'
    )
