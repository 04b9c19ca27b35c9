"""How many questions are answered at once, and how many may wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


class FullError(Exception):
    """Nobody else can wait now."""


class Room:
    """Seats for those who are answered and standing room for those who wait.

    For one event loop; the order of arrival is kept.
    """

    def __init__(self, *, seats: int = 4, waiting: int = 60) -> None:
        """An empty room; by default for two cores, and few enough to wait a minute or so."""
        self._seats = asyncio.Semaphore(seats)
        self._places = seats + waiting
        self._inside = 0

    @asynccontextmanager
    async def seat(self, wait_s: float | None = None) -> AsyncIterator[None]:
        """A seat to the end of the block, after waiting for it.

        Raises FullError at once when too many wait, and after `wait_s` seconds.
        """
        if self._inside >= self._places:
            raise FullError
        self._inside += 1
        try:
            try:
                async with asyncio.timeout(wait_s):
                    await self._seats.acquire()
            except TimeoutError as error:
                raise FullError from error
            try:
                yield
            finally:
                self._seats.release()
        finally:
            self._inside -= 1


class Lane:
    """Threads of their own for slow work, which others then need not wait for."""

    def __init__(self, *, threads: int, waiting: int, wait_s: float) -> None:
        """threads: how much is done at once; waiting: how many may wait, each so long."""
        self._room, self._wait_s = Room(seats=threads, waiting=waiting), wait_s
        self._threads = ThreadPoolExecutor(threads)

    async def run(
        self, work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs
    ) -> Result:
        """What the work gives; raises FullError when its turn does not come."""
        async with self._room.seat(self._wait_s):
            # Who stops to wait does not stop the work: a further one then waits for the thread.
            return await asyncio.wrap_future(self._threads.submit(work, *given, **named))
