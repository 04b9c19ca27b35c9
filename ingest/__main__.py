"""`python -m ingest`: documents into the library and the index, and out of them.

Without a command it brings the index up to date. Exit codes: 0 done or nothing to do, 1
something is wrong (a sentence on stderr says what; of several documents the others are taken),
2 wrong usage, 3 `--check` or `--dry-run` found that something would change, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from assistant.errors import AssistantError
from assistant.settings import Settings

from .cli import build, commands
from .cli.translate import translate
from .sources import rehash


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _options(argv)
    try:
        settings = Settings.load()
        if options.command:
            return commands.run(settings, options)
        if options.translate:
            return translate(settings, check=options.check)
        if options.rehash:
            changed = rehash(settings.corpus)
            print(f"Updated hashes of {len(changed)} files: {', '.join(changed) or 'none'}.")
            return 0
        if options.check:
            return build.check(settings)
        if options.status:
            return build.status(settings, as_json=options.json)
        return build.build_and_tell(settings, force=options.force)
    except AssistantError as error:
        print(f"ingest: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader (head, less) has gone; there is nobody left to tell.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        left = "finished lines are kept" if options.translate else "the index in use is untouched"
        print(f"ingest: interrupted; {left}.", file=sys.stderr)
        return 130


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ingest", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="say what a build, or --translate, would change"
    )
    what.add_argument("--status", action="store_true", help="describe the index in use")
    what.add_argument("--force", action="store_true", help="build even if nothing changed")
    what.add_argument("--rehash", action="store_true", help="accept edited texts: new hashes")
    parser.add_argument(
        "--translate",
        action="store_true",
        help="add translations by the chat model to the sources that have none",
    )
    parser.add_argument("--json", action="store_true", help="with --status: machine-readable")
    commands.add_parsers(parser.add_subparsers(dest="command", metavar="COMMAND"))
    options = parser.parse_args(argv)
    if options.translate and (options.status or options.force or options.rehash):
        parser.error("--translate goes alone or with --check")
    if options.command and (options.check or options.status or options.force or options.rehash):
        parser.error(f"{options.command} goes without the options of a build")
    return options


if __name__ == "__main__":
    sys.exit(main())
