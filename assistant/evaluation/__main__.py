"""`python -m assistant.evaluation`: question sets and benchmarks.

    run SET …           ask question sets; answers, quotes, retrieval and refusals scored
    compare A B         what differs between two runs, and whether by more than chance
    consistency SET …   do the two languages get the same passages and figures
    xquad DIR           retrieval on XQuAD, four directions and mixed
    xquad-answers DIR   answers on XQuAD: the first sentence, the quoted answer, the short one
    xquad-refusal DIR   refusal on XQuAD: paragraph removed, article removed, near misses
    claims [SET]        does the check of written claims tell corrupted ones
    injections [SET]    do orders hidden in texts, names, questions or history change an answer
    dialogues [SET]     are follow-ups understood and new topics left alone
    throughput TEXT     embedding a text, against the embedding engine's own loop
    speed SET           cold and warm answer time, build time and memory on this machine
    load ADDRESS SET    many people asking a running page at once: p50, p95, errors

Sets are JSON Lines, CSV with a header, or JSON in SQuAD's format. A run is kept with its report
in a directory; the same command goes on with one that was stopped and shows one that is finished.

Exit codes: 0 done, 1 something is wrong (one sentence on stderr says what), 2 wrong usage,
4 a metric is under its floor (--fail-under) an injection did not pass or load met errors,
130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..errors import AssistantError
from ..settings import Settings
from .options import parser

UNDER_ITS_FLOOR = 4
# As many as leave the table on the screen; metrics.json has them all.
PROBLEMS = 20
_STALE = (
    "the texts changed after the index was built; this asks the older ones. Run "
    "`python -m ingest` to bring it up to date."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = parser(__doc__).parse_args(argv)
    try:
        settings = Settings.load()
        if options.command == "run":
            return _run(settings, options)
        if options.command in ("claims", "injections", "dialogues"):
            return _written(settings, options)
        if options.command == "load":
            return _load(options)
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
    """The commands that fail only by raising; each imports what it needs, and only that."""
    match options.command:
        case "compare":
            from .compare import print_comparison

            print_comparison(options.a, options.b)
        case "consistency":
            from .consistency import print_consistency

            print_consistency(settings, options.sets, out=options.out, workers=options.workers)
        case "xquad":
            from .xquad import print_retrieval

            print_retrieval(settings, options.directory, limit=options.limit)
        case "xquad-answers":
            from .xquad import print_answers

            print_answers(settings, options.directory, limit=options.limit)
        case "xquad-refusal":
            from .xquad import print_refusal

            print_refusal(settings, options.directory, limit=options.limit)
        case "speed":
            _speed(settings, options)
        case "throughput":
            from .speed import print_throughput

            print_throughput(settings, options.text, limit=options.limit)


def _speed(settings: Settings, options: argparse.Namespace) -> None:
    from .questions import read_set
    from .speed import print_chat_speed, print_page_start, print_speed

    questions = read_set(options.set)
    if options.page:
        print_page_start(questions[0].question)
        return
    if options.chat:
        print_chat_speed(settings, questions, limit=options.limit)
    else:
        print_speed(settings, questions)


def _load(options: argparse.Namespace) -> int:
    from .load import print_load
    from .questions import read_set

    questions = read_set(options.set)
    failed = print_load(options.address, questions, users=options.users, seconds=options.seconds)
    return UNDER_ITS_FLOOR if failed else 0


def _written(settings: Settings, options: argparse.Namespace) -> int:
    """The commands about what a chat model writes; returns the exit code."""
    if options.command == "claims":
        from .claims import print_claims

        print_claims(
            settings,
            options.set,
            untranslated=options.untranslated,
            judge=options.judge,
            listed=options.list,
            out=options.out,
        )
    elif options.command == "dialogues":
        from .dialogues import print_dialogues

        print_dialogues(settings, options.set, listed=options.list)
    else:
        from .injections import print_injections

        passed = print_injections(settings, options.set, out=options.out)
        return 0 if passed else UNDER_ITS_FLOOR
    return 0


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
        from .indexes import without_translations

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


if __name__ == "__main__":
    sys.exit(main())
