"""How many questions are answered at once, and how many may wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FullError(Exception):
    """Nobody else can wait now."""


class Room:
    """Seats for those who are answered and standing room for those who wait.

    For one event loop; the order of arrival is kept.
    """

    def __init__(self, *, seats: int = 4, waiting: int = 60) -> None:
        """An empty room."""
        self._seats = asyncio.Semaphore(seats)
        self._places = seats + waiting
        self._inside = 0

    @asynccontextmanager
    async def seat(self) -> AsyncIterator[None]:
        """A seat to the end of the block, after waiting for it; raises FullError at once."""
        if self._inside >= self._places:
            raise FullError
        self._inside += 1
        try:
            async with self._seats:
                yield
        finally:
            self._inside -= 1
