"""`python -m assistant.evaluation`: question sets and benchmarks.

    run SET …         ask a question set and score answers, quotes and refusals per language
    xquad DIRECTORY   retrieval on XQuAD, four directions and mixed, recipe by recipe
    speed SET         cold and warm answer time, build time and memory on this machine
    fit SET           fit the closeness cuts of refusal on a set (never on one that reports)

Exit codes: 0 done, 1 something is wrong (one sentence on stderr says what), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..answering import open_assistant
from ..errors import AssistantError
from ..settings import Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        settings = Settings.load()
        match options.command:
            case "run":
                if options.no_translations:
                    from .untranslated import without_translations

                    settings = without_translations(settings)
                for path in options.sets:
                    _run(settings, path, verbose=options.verbose)
            case "xquad":
                from .xquad import print_table

                print_table(settings, options.directory, limit=options.limit)
            case "speed":
                from .questions import read_set
                from .speed import print_speed

                print_speed(settings, read_set(options.set))
            case "fit":
                from .fit import fit_cuts

                fit_cuts(settings, options.set, options.far)
        return 0
    except AssistantError as error:
        print(f"evaluation: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m assistant.evaluation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="score a question set")
    run.add_argument("sets", nargs="+", type=Path)
    run.add_argument("--verbose", action="store_true", help="print every failure")
    run.add_argument(
        "--no-translations", action="store_true", help="with an index that has only the originals"
    )
    xquad = commands.add_parser("xquad", help="the retrieval table")
    xquad.add_argument("directory", type=Path)
    xquad.add_argument("--limit", type=int, help="only the first N questions of each language")
    speed = commands.add_parser("speed", help="how long answers and builds take")
    speed.add_argument("set", type=Path)
    fit = commands.add_parser("fit", help="fit the cuts of refusal")
    fit.add_argument("set", type=Path)
    fit.add_argument(
        "--far", nargs="*", type=Path, default=[], help="SQuAD files: far-off questions"
    )
    return parser


def _run(settings: Settings, path: Path, *, verbose: bool) -> None:
    from tqdm import tqdm

    from .questions import read_set
    from .run import run_set, summarise

    questions = read_set(path)
    with open_assistant(settings) as assistant:
        outcomes = run_set(assistant, questions, progress=lambda q: tqdm(q, leave=False))
    print(f"{path}: {len(questions)} questions, build {assistant.index.info.id}")
    for s in summarise(outcomes):
        print(
            f"{s.language}: right {s.right}/{s.answerable}, "
            f"evidence cited {s.cited}/{s.answerable}; "
            f"answerable: {s.answered} answered, {s.partial} partial, {s.refused} refused; "
            f"unanswerable: {s.refused_rightly}/{s.unanswerable} not answered "
            f"(near misses {s.near_misses_refused}/{s.near_misses}); "
            f"quotes valid {s.quotes_valid}/{s.quotes}; median {s.median_ms:.0f} ms"
        )
    for outcome in outcomes:
        good = outcome.right if outcome.question.answerable else outcome.answer.status != "answered"
        if verbose and not good:
            gold = outcome.question.answers or outcome.question.answers_all or "no answer"
            print(f"\n{outcome.question.id} {outcome.question.question}\n  expected {gold}")
            print(f"  {outcome.answer.status}: {outcome.answer.text[:400]}")


if __name__ == "__main__":
    sys.exit(main())
