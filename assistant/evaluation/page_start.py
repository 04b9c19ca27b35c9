"""How soon the page is up after its start, and the first answer after that."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time

from ..errors import AssistantError

RUNS = 5


def print_page_start(question: str) -> None:
    """Print medians of several starts of `python -m ui` over an index that is up to date."""
    runs = [_started(question) for _ in range(RUNS)]
    page, answer = (statistics.median(times) for times in zip(*runs, strict=True))
    print(f"page served after {page:.2f} s, first answer {answer:.2f} s later ({RUNS} starts)")


def _started(question: str) -> tuple[float, float]:
    """Seconds to the whole page, and from there to an answer."""
    import httpx

    began = time.monotonic()
    command = [sys.executable, "-m", "ui", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            address = _address(server)
            httpx.get(address, timeout=60).raise_for_status()
            served = time.monotonic()
            body = {
                "model": "report-assistant",
                "messages": [{"role": "user", "content": question}],
            }
            httpx.post(f"{address}/v1/chat/completions", json=body, timeout=60).raise_for_status()
            return served - began, time.monotonic() - served
        finally:
            server.terminate()


def _address(server: subprocess.Popen[str]) -> str:
    told = ""
    for line in server.stderr or ():
        told += line
        if match := re.search(r"ready at (http://\S+)", line):
            return match[1]
    raise AssistantError(f"The page did not start. It said: {told.strip()}")
