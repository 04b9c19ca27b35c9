"""`python -m assistant.evaluation`: question sets and benchmarks.

    run SET …           ask question sets; answers, quotes, retrieval and refusals scored
    compare A B         what differs between two runs, and whether by more than chance
    consistency SET …   do the two languages get the same passages and figures
    xquad DIR           retrieval on XQuAD, four directions and mixed, recipe by recipe
    xquad-answers DIR   answers on XQuAD: the first sentence, the quoted answer, the short one
    xquad-refusal DIR   refusal on XQuAD: paragraph removed, article removed, near misses
    speed SET           cold and warm answer time, build time and memory on this machine
    fit READING SET …   fit the decision to answer (never on a set that reports)
    fit-reader READING XQUAD   fit the reader's weights on the reading sets

Sets are JSON Lines, CSV with a header, or JSON in SQuAD's format. A run is kept with its report
in a directory; the same command goes on with one that was stopped and shows one that is finished.

Exit codes: 0 done, 1 something is wrong (one sentence on stderr says what), 2 wrong usage,
4 a metric is under its floor (--fail-under), 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import AssistantError
from ..settings import Settings

UNDER_ITS_FLOOR = 4
# As many as leave the table on the screen; metrics.json has them all.
PROBLEMS = 20
_STALE = (
    "the texts changed after the index was built; this asks the older ones. Run "
    "`python -m ingest` to bring it up to date."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        settings = Settings.load()
        if options.command == "run":
            return _run(settings, options)
        _command(settings, options)
        return 0
    except AssistantError as error:
        print(f"evaluation: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader (head, less) has gone; there is nobody left to tell.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        if options.command == "run":
            print("evaluation: stopped; the same command goes on from here.", file=sys.stderr)
        return 130


def _command(settings: Settings, options: argparse.Namespace) -> None:
    """Every command but `run`; each imports what it needs, and only that."""
    match options.command:
        case "compare":
            from .compare import print_comparison

            print_comparison(options.a, options.b)
        case "consistency":
            from .consistency import print_consistency

            print_consistency(settings, options.sets, out=options.out, workers=options.workers)
        case "xquad":
            from .xquad import print_table

            print_table(settings, options.directory, limit=options.limit)
        case "xquad-answers":
            from .xquad_answers import print_answers

            print_answers(settings, options.directory, limit=options.limit)
        case "xquad-refusal":
            from .xquad_refusal import print_refusal

            print_refusal(settings, options.directory, limit=options.limit)
        case "speed":
            from .questions import read_set
            from .speed import print_speed

            print_speed(settings, read_set(options.set))
        case "fit":
            from .fit import fit_decision

            fit_decision(settings, options.reading, options.sets)
        case "fit-reader":
            from .export_reader import fit_and_export

            fit_and_export(
                settings, options.reading, options.xquad, options.out, first_phase=options.phase
            )


def _run(settings: Settings, options: argparse.Namespace) -> int:
    from ..answering import open_assistant
    from .floors import missed, parse_floors
    from .gold import evidence_problems
    from .provenance import identity_of
    from .questions import first_of_each, read_sets
    from .run import evaluate
    from .run_directory import default_directory
    from .run_table import run_lines

    home = settings.home
    read = read_sets(options.sets, fields=dict(options.map))
    questions = first_of_each(read.questions, options.limit)
    floors = parse_floors(options.fail_under, questions, judged=bool(options.judge))
    judge = None
    if options.judge:
        from .judging import open_judge

        judge = open_judge(options.judge)
    if options.no_translations:
        from .untranslated import without_translations

        settings = without_translations(settings)
    with open_assistant(settings) as assistant:
        stale = [_STALE] if assistant.is_stale else []
        broken = evidence_problems(questions, assistant.index.sources)
        _print_problems([*stale, *read.problems, *broken])
        identity = identity_of(assistant, questions, read.sets, judge)
        report = evaluate(
            assistant,
            questions,
            out=options.out or default_directory(home, questions, identity),
            workers=options.workers,
            progress=True,
            judge=judge,
            again=options.again,
            sets=read.sets,
            problems=read.problems,
        )
    print("\n".join(run_lines(report, verbose=options.verbose)))
    print(f"\nEvery answer, the figures and a page to read them: {report.directory}")
    if report.reused == len(report.results):
        print("Nothing was asked: this run was finished before. --again asks anew.")
    under = missed(report, floors)
    for sentence in under:
        print(f"evaluation: {sentence}", file=sys.stderr)
    return UNDER_ITS_FLOOR if under else 0


def _print_problems(problems: Sequence[str]) -> None:
    for problem in problems[:PROBLEMS]:
        print(f"evaluation: {problem}", file=sys.stderr)
    if len(problems) > PROBLEMS:
        print(f"evaluation: … and {len(problems) - PROBLEMS} more problems", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m assistant.evaluation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    _add_run(commands.add_parser("run", help="ask question sets and score the answers"))
    compare = commands.add_parser("compare", help="what differs between two runs")
    compare.add_argument("a", type=Path, metavar="A", help="the directory of a run")
    compare.add_argument("b", type=Path, metavar="B", help="that of the run to compare it with")
    consistency = commands.add_parser("consistency", help="the same question asked otherwise")
    consistency.add_argument("sets", nargs="+", type=Path, metavar="SET")
    consistency.add_argument("--out", type=Path, metavar="DIR", help="keep what was found here")
    consistency.add_argument("--workers", type=_count, default=2, metavar="N")
    for name, what in (
        ("xquad", "the retrieval table"),
        ("xquad-answers", "answers on XQuAD"),
        ("xquad-refusal", "refusal on XQuAD"),
    ):
        xquad = commands.add_parser(name, help=what)
        xquad.add_argument("directory", type=Path, help="holds xquad.en.json and xquad.zh.json")
        xquad.add_argument(
            "--limit",
            type=_count,
            metavar="N",
            help="N questions of each language, spread over the articles",
        )
    speed = commands.add_parser("speed", help="how long answers and builds take")
    speed.add_argument("set", type=Path)
    fit = commands.add_parser("fit", help="fit the decision to answer")
    fit.add_argument("reading", type=Path, help="the folder of the reading sets")
    fit.add_argument("sets", nargs="+", type=Path, metavar="SET", help="sets about the corpus")
    reader = commands.add_parser("fit-reader", help="fit the reader (an hour or more)")
    reader.add_argument("reading", type=Path, help="the folder of the reading sets")
    reader.add_argument("xquad", type=Path, help="the folder of XQuAD")
    reader.add_argument("--out", type=Path, required=True, help="where each phase is kept")
    reader.add_argument("--phase", type=int, default=0, help="go on with this phase")
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("sets", nargs="+", type=Path, metavar="SET")
    run.add_argument("--out", type=Path, metavar="DIR", help="the directory of the run")
    run.add_argument(
        "--map",
        action="append",
        type=_pair,
        default=[],
        metavar="THEIRS=OURS",
        help="read the column THEIRS as our field OURS",
    )
    run.add_argument(
        "--workers", type=_count, default=2, metavar="N", help="questions asked at a time (2)"
    )
    run.add_argument("--limit", type=_count, metavar="N", help="the first N questions of each set")
    run.add_argument("--judge", metavar="MODEL", help="let a language model grade the answers")
    run.add_argument(
        "--fail-under",
        action="append",
        default=[],
        metavar="METRIC=VALUE",
        help="exit with 4 when a metric is worse; [LANGUAGE[/KIND]:] may stand before its name",
    )
    run.add_argument("--again", action="store_true", help="move an earlier run aside, ask anew")
    run.add_argument("--verbose", action="store_true", help="print every failure")
    run.add_argument(
        "--no-translations", action="store_true", help="with an index that has only the originals"
    )


def _pair(text: str) -> tuple[str, str]:
    theirs, equals, ours = text.rpartition("=")
    if not (theirs and equals and ours):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form THEIRS=OURS")
    return theirs, ours


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
