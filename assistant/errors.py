"""Everything that can go wrong, as one tree whose messages a user can read.

AssistantError              the root: catch this one
├── SettingsError           an unknown or unusable setting
├── QuestionError           a question that cannot be taken (empty, too long, …)
├── CorpusError             a manifest, text or translation that does not hold together
├── ModelError              the embedding model is missing, damaged or cannot be made
└── IndexError_             the index: see its children
    ├── IndexMissingError   there is none yet
    ├── IndexDamagedError   half-written, truncated or altered
    ├── IndexMismatchError  built with another model or another format
    └── IndexBuildError     a build stopped; the index in use is untouched
"""

from __future__ import annotations

__all__ = [
    "AssistantError",
    "CorpusError",
    "IndexBuildError",
    "IndexDamagedError",
    "IndexError_",
    "IndexMismatchError",
    "IndexMissingError",
    "ModelError",
    "QuestionError",
    "SettingsError",
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
