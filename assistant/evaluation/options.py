"""The commands of `python -m assistant.evaluation` and what each takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser(description: str | None) -> argparse.ArgumentParser:
    """The command line of the evaluation; `description` stands above its options."""
    made = argparse.ArgumentParser(prog="python -m assistant.evaluation", description=description)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = made.add_subparsers(dest="command", required=True)
    _add_run(commands.add_parser("run", help="ask question sets and score the answers"))
    compare = commands.add_parser("compare", help="what differs between two runs")
    compare.add_argument("a", type=Path, metavar="A", help="the directory of a run")
    compare.add_argument("b", type=Path, metavar="B", help="that of the run to compare it with")
    consistency = commands.add_parser("consistency", help="the same question asked otherwise")
    consistency.add_argument("sets", nargs="+", type=Path, metavar="SET")
    consistency.add_argument("--out", type=Path, metavar="DIR", help="keep what was found here")
    consistency.add_argument("--workers", type=_count, default=2, metavar="N")
    _add_benchmarks(commands)
    _add_written(commands)
    return made


def _add_benchmarks(commands: Commands) -> None:
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


def _add_written(commands: Commands) -> None:
    """What is for answers that a chat model writes."""
    claims = commands.add_parser("claims", help="how well claims are checked")
    claims.add_argument("set", nargs="?", type=Path, metavar="SET", help="(the shipped one)")
    claims.add_argument(
        "--untranslated", action="store_true", help="check against the originals alone"
    )
    claims.add_argument(
        "--judge", action="store_true", help="let the settings' chat model read them again"
    )
    claims.add_argument("--list", action="store_true", help="print those graded wrongly")
    claims.add_argument("--out", type=Path, metavar="FILE", help="keep every claim's grade here")
    injections = commands.add_parser("injections", help="orders hidden in what a model reads")
    injections.add_argument("set", nargs="?", type=Path, metavar="SET", help="(the shipped one)")
    injections.add_argument("--out", type=Path, metavar="FILE", help="keep every verdict here")
    dialogues = commands.add_parser("dialogues", help="follow-ups and new topics")
    dialogues.add_argument("set", nargs="?", type=Path, metavar="SET", help="(the shipped one)")
    dialogues.add_argument("--list", action="store_true", help="print every turn")
    speed = commands.add_parser("speed", help="how long answers and builds take")
    speed.add_argument("set", type=Path)
    speed.add_argument(
        "--chat", action="store_true", help="written answers against the bare chat model instead"
    )
    speed.add_argument(
        "--page", action="store_true", help="how soon the page and its first answer come instead"
    )
    speed.add_argument(
        "--limit", type=_count, default=20, metavar="N", help="with --chat: N answers (20)"
    )
    through = commands.add_parser("throughput", help="embedding a text, against the bare engine")
    through.add_argument("text", type=Path, help="a text file in UTF-8")
    through.add_argument("--limit", type=_count, default=400, metavar="N", help="texts (400)")
    load = commands.add_parser("load", help="many people asking a running page at once")
    load.add_argument("address", help="of the page, as `python ui.py` tells it")
    load.add_argument("set", type=Path)
    load.add_argument("--users", type=_count, default=20, metavar="N", help="(20)")
    load.add_argument("--seconds", type=_count, default=60, metavar="N", help="(60)")


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
