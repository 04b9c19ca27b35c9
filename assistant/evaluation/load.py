"""Many people asking a running page at once: how long answers take, and how many fail."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from ..errors import AssistantError
from .questions import SetQuestion


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the page: seconds until the whole answer was there, and its error or ""."""

    seconds: float
    error: str = ""


def ask_at_once(
    address: str, questions: Sequence[str], *, users: int, seconds: float
) -> list[Request]:
    """All requests of so many users who ask one question after the other, without a pause.

    Each user is a `gradio_client` of its own, which calls the page's endpoint /ask. Raises
    AssistantError when the page cannot be reached.
    """
    from gradio_client import Client

    try:
        clients = [Client(address, verbose=False) for _ in range(users)]
    except Exception as error:
        raise AssistantError(
            f"There is no page at {address} ({type(error).__name__}: {error}). "
            "Start one with `python ui.py`, and give the address that it tells."
        ) from error
    done: list[Request] = []
    end = time.monotonic() + seconds

    def keep_asking(client: Client, asked: Iterator[str]) -> None:
        while time.monotonic() < end:
            began, error = time.monotonic(), ""
            try:
                client.predict(question=next(asked), api_name="/ask")
            except Exception as caught:
                error = f"{type(caught).__name__}: {caught}"
            done.append(Request(time.monotonic() - began, error))

    threads = [
        threading.Thread(target=keep_asking, args=(client, islice(cycle(questions), number, None)))
        for number, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def print_load(
    address: str, questions: Sequence[SetQuestion], *, users: int, seconds: float
) -> int:
    """Print what came of it; returns how many requests failed."""
    done = ask_at_once(address, [q.question for q in questions], users=users, seconds=seconds)
    times = sorted(request.seconds for request in done)
    failed = Counter(request.error for request in done if request.error)
    print(
        f"{users} users, {seconds:.0f} s: {len(done)} answers, {len(done) / seconds:.1f} a second"
    )
    p95 = times[min(len(times) - 1, round(0.95 * len(times)))]
    print(f"p50 {statistics.median(times):.2f} s, p95 {p95:.2f} s, longest {times[-1]:.2f} s")
    print(f"{failed.total()} errors")
    for error, count in failed.most_common():
        print(f"  {count} × {error}")
    return failed.total()
