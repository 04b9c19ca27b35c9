"""`python -m assistant.evaluation`: question sets and benchmarks.

    run SET …           ask question sets; answers, quotes, retrieval and refusals scored
    compare A B         what differs between two runs, and whether by more than chance
    completeness SET …  is a chat model shown all that a right reply needs
    plans SET …         is each question taken for what it is: a confusion table
    consistency SET …   do the two languages get the same passages and figures
    xquad DIR           retrieval on XQuAD, four directions and mixed
    xquad-answers DIR   answers on XQuAD: the first sentence, the quoted answer, the short one
    xquad-refusal DIR   refusal on XQuAD: paragraph removed, article removed, near misses
    claims [SET]        does the check of written claims tell corrupted ones
    injections [SET]    do orders hidden in texts, names, questions or history change an answer
    dialogues [SET]     are follow-ups understood and new topics left alone
    overview            do the sentences chosen for an overview say what the guides say
    throughput TEXT     embedding a text, against sentence-transformers' own loop
    speed SET           cold and warm answer time, build time and memory on this machine
    scale SET           stores of a thousand to a million passages: opening, answering, adding
    peers DIR           the same texts and questions on XQuAD through LangChain's Chroma and txtai
    load ADDRESS SET    many people asking a running page at once: p50, p95, errors

Sets are JSON Lines, CSV with a header, or JSON in SQuAD's format. A run is kept with its report
in a directory; the same command goes on with one that was stopped and shows one that is finished.

Exit codes: 0 done, 1 something is wrong (one sentence on stderr says what), 2 wrong usage,
4 a metric is under its floor (--fail-under), an injection did not pass, or load met errors,
130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
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
    command = options.command
    try:
        settings = Settings.load()
        if command == "run":
            passed = _run(settings, options)
        else:
            module, _, function = _COMMANDS[command].partition(".")
            run = getattr(import_module(f".{module}", "assistant.evaluation"), function)
            passed = run(settings, **{k: v for k, v in vars(options).items() if k != "command"})
        return UNDER_ITS_FLOOR if passed is False else 0
    except AssistantError as error:
        print(f"evaluation: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader (head, less) has gone; there is nobody left to tell.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        if command == "run":
            print("evaluation: stopped; the same command goes on from here.", file=sys.stderr)
        return 130


def _run(settings: Settings, options: argparse.Namespace) -> bool:
    from ..answering import open_assistant
    from .indexes import untranslated_settings
    from .kept import default_directory, identity_of
    from .printing import missed, parse_floor, run_lines
    from .run import evaluate
    from .score import evidence_problems
    from .sets import first_of_each, read_sets

    read = read_sets(options.sets, fields=dict(options.map))
    questions = first_of_each(read.questions, options.limit)
    floors = [parse_floor(t, questions, judged=bool(options.judge)) for t in options.fail_under]
    judge = None
    if options.judge:
        from .judging import open_judge

        judge = open_judge(options.judge)
    if options.without_translations:
        settings = untranslated_settings(settings)
    with open_assistant(settings) as assistant:
        broken = evidence_problems(questions, assistant.index.sources)
        problems = [*([_STALE] if assistant.is_stale else []), *read.problems, *broken]
        if len(problems) > PROBLEMS:
            problems[PROBLEMS:] = [f"… and {len(problems) - PROBLEMS} more problems"]
        for problem in problems:
            print(f"evaluation: {problem}", file=sys.stderr)
        identity = identity_of(assistant, questions, read.sets, judge.name if judge else "")
        report = evaluate(
            assistant,
            questions,
            out=options.out or default_directory(settings.home, questions, identity),
            workers=options.workers,
            progress=True,
            judge=judge,
            again=options.again,
            sets=read.sets,
            problems=read.problems,
        )
    print("\n".join(run_lines(report)))
    print(f"\nEvery answer, the figures and a page to read them: {report.directory}")
    if report.reused == len(report.results):
        print("Nothing was asked: this run was finished before. --again asks anew.")
    under = list(missed(report, floors))
    for sentence in under:
        print(f"evaluation: {sentence}", file=sys.stderr)
    return not under


# Each is called with the settings and its options by their names; False is exit code 4.
_COMMANDS = {
    "compare": "compare.print_comparison",
    "completeness": "completeness.print_completeness",
    "plans": "plans.print_plans",
    "consistency": "consistency.print_consistency",
    "xquad": "xquad.print_retrieval",
    "xquad-answers": "xquad.print_answers",
    "xquad-refusal": "xquad.print_refusal",
    "claims": "claims.print_claims",
    "injections": "injections.print_injections",
    "dialogues": "dialogues.print_dialogues",
    "overview": "overview.print_overview",
    "throughput": "speed.print_throughput",
    "speed": "speed.print_speed",
    "scale": "scale.print_scale",
    "peers": "peers.print_peers",
    "load": "load.print_load",
}


# ---- their options ----


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m assistant.evaluation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # By the names of what the commands' functions take.
    add = {name: subparsers.add_parser(name).add_argument for name in ("run", *_COMMANDS)}

    for name in ("run", "consistency", "completeness", "plans"):
        add[name]("sets", nargs="+", type=Path, metavar="SET")
    run = add["run"]
    run("--workers", type=_count, default=2, metavar="N", help="questions at a time (2)")
    run("--out", type=Path, metavar="DIR", help="keep the run here")
    run(
        "--map",
        action="append",
        type=_pair,
        default=[],
        metavar="THEIRS=OURS",
        help="read the column THEIRS as our field OURS",
    )
    run("--limit", type=_count, metavar="N", help="the first N questions of each set")
    run(
        "--without-translations",
        action="store_true",
        help="ask an index of the corpus without its translations",
    )
    run("--judge", metavar="MODEL", help="let a language model grade the answers")
    run(
        "--fail-under",
        action="append",
        default=[],
        metavar="[LANGUAGE[/KIND]:]METRIC=VALUE",
        help="exit with 4 when the metric is worse, such as en:near_miss_recall=0.9",
    )
    run("--again", action="store_true", help="move an earlier run aside, ask anew")

    add["compare"]("a", type=Path, metavar="A", help="the directory of a run")
    add["compare"]("b", type=Path, metavar="B", help="that of the run to compare it with")

    for name in ("xquad", "xquad-answers", "xquad-refusal", "peers"):
        add[name]("directory", type=Path, help="holds xquad.en.json and xquad.zh.json")
    add["peers"]("--questions", type=_count, metavar="N", help="of each language, spread (all)")
    for name in ("xquad", "xquad-answers", "xquad-refusal"):
        add[name]("--limit", type=_count, metavar="N", help="questions of each language, spread")

    for name in ("claims", "injections", "dialogues"):
        add[name]("path", nargs="?", type=Path, metavar="SET", help="(the shipped one)")
    claims = add["claims"]
    claims("--untranslated", action="store_true", help="check against the originals alone")
    claims("--judge", action="store_true", help="let the settings' chat model read them again")
    claims("--list", dest="listed", action="store_true", help="print those graded wrongly")
    add["dialogues"]("--list", dest="listed", action="store_true", help="print every turn")
    for name in ("completeness", "plans"):
        add[name]("--list", dest="listed", action="store_true", help="print the wrong ones")

    speed = add["speed"]
    speed("path", type=Path, metavar="SET")
    speed("--chat", action="store_true", help="written answers against the bare chat model instead")
    speed("--page", action="store_true", help="how soon the page and its first answer come instead")
    speed("--limit", type=_count, default=20, metavar="N", help="with --chat: N answers (20)")
    scale = add["scale"]
    scale("path", type=Path, metavar="SET")
    scale("--sizes", type=_counts, default=[1_000, 10_000], metavar="N,…", help="(1000,10000)")
    scale("--home", type=Path, metavar="DIR", help="keep the store here and go on from there")
    add["throughput"]("file", type=Path, help="a text file in UTF-8")
    add["throughput"]("--limit", type=_count, default=400, metavar="N", help="texts (400)")
    add["load"]("address", help="of the page, as `python ui.py` tells it")
    add["load"]("path", type=Path, metavar="SET")
    add["load"]("--users", type=_count, default=20, metavar="N", help="(20)")
    add["load"]("--seconds", type=_count, default=60, metavar="N", help="(60)")
    return parser


def _pair(text: str) -> tuple[str, str]:
    theirs, equals, ours = text.rpartition("=")
    if not (theirs and equals and ours):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form THEIRS=OURS")
    return theirs, ours


def _counts(text: str) -> list[int]:
    return [_count(part) for part in text.split(",")]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
