"""Many people asking a running page at once: how long answers take, and how many fail."""

from __future__ import annotations

import threading
import time
from collections import Counter
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from ..errors import AssistantError
from ..settings import Settings
from .sets import read_set


def print_load(settings: Settings, address: str, path: Path, *, users: int, seconds: float) -> bool:
    """Print what came of so many users asking a set without a pause; False when requests failed.

    Each user is a `gradio_client` of its own, which calls the page's endpoint /ask. Raises
    AssistantError when the page cannot be reached.
    """
    from gradio_client import Client

    questions = read_set(path)
    try:
        clients = [Client(address, verbose=False) for _ in range(users)]
    except Exception as error:
        raise AssistantError(
            f"There is no page at {address} ({type(error).__name__}: {error}). "
            "Start one with `python ui.py`, and give the address that it tells."
        ) from error
    times: list[float] = []
    errors: Counter[str] = Counter()
    end = time.monotonic() + seconds

    def keep_asking(number: int, client: Client) -> None:
        for question in islice(cycle(questions), number, None):
            began = time.monotonic()
            if began >= end:
                return
            try:
                client.predict(question=question.question, api_name="/ask")
            except Exception as error:  # whatever fails is what is counted here
                errors[f"{type(error).__name__}: {error}"] += 1
            times.append(time.monotonic() - began)

    threads = [
        threading.Thread(target=keep_asking, args=(number, client))
        for number, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p50, p95, longest = np.percentile(times, [50, 95, 100])
    rate = f"{len(times)} answers, {len(times) / seconds:.1f} a second"
    print(f"{users} users, {seconds:.0f} s: {rate}")
    print(f"p50 {p50:.2f} s, p95 {p95:.2f} s, longest {longest:.2f} s")
    print(f"{errors.total()} errors")
    for what, count in errors.most_common():
        print(f"  {count} × {what}")
    return not errors
