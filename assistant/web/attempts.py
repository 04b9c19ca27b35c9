"""How often a password may be guessed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

_MINUTE_S, _HOUR_S = 60.0, 3_600.0
# Wrong passwords in a minute and in an hour, of one client: typing slips, and no dictionary.
ONE_CLIENT = (5, 30)
# Of all together: an office that mistypes, and 24,000 guesses a day from however many addresses.
EVERYBODY = (100, 1_000)
# Of an hour there are 1,000 at most, and 30 of each of the clients that once knew the password.
_KEPT_FAILURES = 4_000
# As many clients are remembered; who is forgotten counts with everybody again.
_KEPT_CLIENTS = 1_000


class Attempts:
    """Wrong passwords of the last hour, and who has known the right one.

    For one event loop. Those who once knew the password are held to their own bound alone, so
    that guessing from many addresses does not lock them out. A right password erases nothing:
    behind a proxy, a guesser may share the address of a program that logs in all the time.
    """

    def __init__(self) -> None:
        """Nobody has tried yet."""
        # The bound on memory: the oldest are forgotten first.
        self._failures: deque[tuple[float, str]] = deque(maxlen=_KEPT_FAILURES)
        self._known: dict[str, None] = {}

    def wait_s(self, client: str, now: float) -> int:
        """Whole seconds before this client may try again, 0 for at once; `now` in seconds."""
        while self._failures and self._failures[0][0] <= now - _HOUR_S:
            self._failures.popleft()
        mine = _wait((at for at, who in self._failures if who == client), ONE_CLIENT, now)
        if client in self._known:
            return mine
        return max(mine, _wait((at for at, _ in self._failures), EVERYBODY, now))

    def failed(self, client: str, now: float) -> None:
        """Keep in mind that this client gave a wrong password."""
        self._failures.append((now, client))

    def succeeded(self, client: str) -> None:
        """Keep in mind that this client knows the password."""
        self._known.pop(client, None)
        self._known[client] = None
        if len(self._known) > _KEPT_CLIENTS:
            del self._known[next(iter(self._known))]


def _wait(failures: Iterable[float], bounds: tuple[int, int], now: float) -> int:
    times = list(failures)
    waits = [
        times[-bound] + window_s - now
        for bound, window_s in zip(bounds, (_MINUTE_S, _HOUR_S), strict=True)
        if len(times) >= bound
    ]
    return max(0, math.ceil(max(waits, default=0.0)))
