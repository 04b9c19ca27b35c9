"""How every script here ends: done, or one sentence that says why not."""

from __future__ import annotations

import sys
from collections.abc import Callable

from assistant.errors import AssistantError


def run(main: Callable[[], None]) -> None:
    """Run a script's `main`; what is wrong with its input becomes exit code 1 and a sentence."""
    try:
        main()
    except AssistantError as error:
        sys.exit(f"research: {error}")
