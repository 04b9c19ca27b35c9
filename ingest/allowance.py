"""What fetching one address may take: bytes, seconds, redirections."""

from __future__ import annotations

import time
from dataclasses import dataclass

from assistant.settings import Settings

from .refusing import DocumentError

# Headers, and what chunked transfer adds to a body. httpcore ends headers at 100 KiB by itself.
_OVERHEAD = 1_000_000


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """bytes: the largest document, as sent and as unpacked; seconds: for all of it.

    connect_seconds: for finding a server and for each of its addresses. redirects: how often an
    address may lead to another.
    """

    bytes: int = 20_000_000
    seconds: float = 60.0
    connect_seconds: float = 15.0
    redirects: int = 5

    @classmethod
    def of(cls, settings: Settings) -> FetchLimits:
        """What the settings allow."""
        return cls(bytes=settings.upload_mb * 1_000_000, seconds=settings.fetch_seconds)


class Allowance:
    """The limits of one fetch as they are used up, over all its redirections."""

    def __init__(self, name: str, limits: FetchLimits) -> None:
        """Start the clock; `name` is what errors call the document."""
        self.name = name
        self.limits = limits
        self._ends = time.monotonic() + limits.seconds
        self._bytes = 2 * limits.bytes + _OVERHEAD

    def seconds_left(self) -> float:
        """More than 0; raises DocumentError when the time is over."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self.late()
        return left

    def receive(self, count: int) -> None:
        """Take so many bytes from what may come; raises DocumentError when it is used up."""
        self._bytes -= count
        if self._bytes < 0:
            raise self.too_large()

    def late(self) -> DocumentError:
        """The refusal of what takes too long."""
        return DocumentError("fetch_time", self.name, seconds=self.limits.seconds)

    def too_large(self) -> DocumentError:
        """The refusal of what is too large."""
        return DocumentError("too_large", self.name, mb=f"{self.limits.bytes / 1_000_000:g}")
