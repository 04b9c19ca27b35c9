"""The web chat: `python ui.py`, then open http://127.0.0.1:7860.

Builds the index first when there is none or the corpus has changed. Exit codes: 0 stopped,
1 something is wrong (one sentence on stderr says what), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing

from assistant import AssistantError, Settings
from assistant.web.hosting import AssistantHost
from assistant.web.server import listen, port_number, say, serve
from ingest import build_index, pending_changes


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the chat until it is stopped; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        settings = Settings.load()
        # The port is claimed before the slow work, so that a taken one is known at once.
        with listen(options.host, options.port) as listener:
            _build(settings)
            with closing(AssistantHost(settings)) as host:
                # The model loads while the page is made ready and opened.
                host.start()
                serve(host, listener, name=options.host)
    except AssistantError as error:
        say(f"ui: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python ui.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (%(default)s)")
    port = "port to serve on (%(default)s)"
    parser.add_argument("--port", type=port_number, default=7860, help=port)
    return parser


def _build(settings: Settings) -> None:
    """Bring the index up to date; one line in the terminal tells how far."""
    from tqdm import tqdm

    if not pending_changes(settings):
        return
    form = "Preparing: {desc} {n:3.0f} % ({elapsed})"
    with tqdm(total=100, desc="index", bar_format=form, leave=False) as bar:

        def progress(stage: str, share: float) -> None:
            bar.set_description_str(stage, refresh=False)
            bar.n = 100 * share
            bar.refresh()

        build_index(settings, progress=progress)


if __name__ == "__main__":
    sys.exit(main())
