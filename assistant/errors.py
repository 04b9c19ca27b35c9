"""Everything that can go wrong, as one tree whose messages a user can read.

AssistantError              the root: catch this one
├── SettingsError           an unknown or unusable setting
├── QuestionError           a question that cannot be taken (empty, too long, …)
├── CorpusError             a manifest, text or translation that does not hold together
├── ModelError              the embedding model is missing, damaged or cannot be made
├── ChatModelError          the chat model cannot be reached or gave nothing usable; `trouble` says
│                           which, and the sources are quoted instead
└── IndexError_             the index: see its children
    ├── IndexMissingError   there is none yet
    ├── IndexDamagedError   half-written, truncated or altered
    ├── IndexMismatchError  built with another model or another format
    └── IndexBuildError     a build stopped; the index in use is untouched
"""

from __future__ import annotations

from typing import Literal

__all__ = [
    "AssistantError",
    "ChatModelError",
    "CorpusError",
    "IndexBuildError",
    "IndexDamagedError",
    "IndexError_",
    "IndexMismatchError",
    "IndexMissingError",
    "ModelError",
    "QuestionError",
    "SettingsError",
    "Trouble",
]

Trouble = Literal[
    "unreachable",  # no connection, or the service is down
    "denied",  # a wrong key, no rights, no such model
    "rate_limited",  # too many requests, or the quota is used up
    "timeout",  # the whole reply took too long
    "stalled",  # a reply that had begun went silent
    "refused",  # the model or its filter declined
    "too_long",  # the passages do not fit into the model
    "empty",  # a reply without words
    "cut_off",  # a reply that ended in the middle and holds nothing whole
    "wrong_language",
    "malformed",  # words that are no answer with citations
    "unsupported",  # not one sentence stood the check
    "failed",  # anything else
]


class AssistantError(Exception):
    """Root of all errors raised on purpose; its message names the cause and the next step."""


class SettingsError(AssistantError):
    """A setting is unknown, misspelt or out of range."""


class QuestionError(AssistantError):
    """The question cannot be taken as it is; nothing was searched."""


class CorpusError(AssistantError):
    """The manifest or one of its texts does not hold together; no index was changed."""


class ModelError(AssistantError):
    """The embedding model is missing, damaged or cannot be prepared."""


class ChatModelError(AssistantError):
    """The chat model cannot be reached, or what it said is of no use."""

    def __init__(self, message: str, *, trouble: Trouble = "failed") -> None:
        """`trouble` is the kind of failure, for those who word it themselves."""
        super().__init__(message)
        self.trouble: Trouble = trouble


class IndexError_(AssistantError):
    """Root of index troubles; the underscore keeps Python's own IndexError usable."""


class IndexMissingError(IndexError_):
    """No index has been built yet."""


class IndexDamagedError(IndexError_):
    """The index on disk is incomplete or was altered."""


class IndexMismatchError(IndexError_):
    """The index was built with another model or by another version."""


class IndexBuildError(IndexError_):
    """A build stopped half-way; the index in use is untouched."""
