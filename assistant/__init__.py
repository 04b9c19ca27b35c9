"""Ask a report in English or Chinese; every quote in the answer is a slice of its source.

from assistant import open_assistant
print(open_assistant().ask("Who signed the agreement, and when?"))
"""

from .answer import Answer, Chunk
from .answering import Assistant, as_message, open_assistant
from .errors import AssistantError
from .settings import Settings
from .types import Citation, Hit, Passage, Quote, Source, Statement, Turn

__all__ = [
    "Answer",
    "Assistant",
    "AssistantError",
    "Chunk",
    "Citation",
    "Hit",
    "Passage",
    "Quote",
    "Settings",
    "Source",
    "Statement",
    "Turn",
    "as_message",
    "open_assistant",
]
