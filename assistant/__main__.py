"""`python -m assistant [QUESTION]`: a cited answer, or a conversation when no question is given.

Exit codes: 0 answered or partly answered, 1 something is wrong (one sentence on stderr says
what), 2 wrong usage, 3 the sources do not answer, 130 interrupted.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from .answer import Answer
from .answering import Assistant, open_assistant
from .bodies import body_in
from .errors import AssistantError, QuestionError
from .settings import LanguagePolicy, Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(argv)
    # Nothing that is loaded below is ever garbage: looking for it costs a tenth of the start.
    gc.freeze()
    gc.disable()
    try:
        settings = Settings.load()
        given = {"language": options.lang, "chat_model": options.model}
        settings = replace(settings, **{key: value for key, value in given.items() if value})
        if options.quotes:
            settings = replace(settings, composer="quotes")
        with_progress = sys.stderr.isatty()
        with open_assistant(settings, progress=_progress if with_progress else None) as assistant:
            return _serve(assistant, options)
    except AssistantError as error:
        print(f"assistant: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader (head, less) has gone; there is nobody left to tell.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130


def _serve(assistant: Assistant, options: argparse.Namespace) -> int:
    if options.sources:
        return _list_sources(assistant)
    gc.enable()
    if assistant.is_stale:
        print(
            "assistant: the texts changed after the index was built; this answers from the older "
            "ones. Run `python -m ingest` to bring it up to date.",
            file=sys.stderr,
        )
    if options.question is None:
        return _converse(assistant, as_json=options.json)
    answer = assistant.ask(options.question)
    _print(answer, as_json=options.json)
    return 3 if answer.status == "refused" else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m assistant", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("question", nargs="?", help="in English or Chinese; none: a conversation")
    parser.add_argument("--json", action="store_true", help="print answers as JSON, one a line")
    parser.add_argument(
        "--lang", choices=get_args(LanguagePolicy), help="language of the answers; both: two texts"
    )
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--model", metavar="PROVIDER:MODEL", help="the chat model that writes answers")
    who.add_argument("--quotes", action="store_true", help="quote, even where a model is set")
    parser.add_argument("--sources", action="store_true", help="list what is searched, and stop")
    return parser


def _converse(assistant: Assistant, *, as_json: bool) -> int:
    history: list[Answer] = []
    if sys.stdin.isatty():
        print("Ask in English or Chinese; an empty line or Ctrl-D ends. 中英文均可提问，空行结束。")
    while True:
        try:
            line = input("> " if sys.stdin.isatty() else "")
        except EOFError:
            return 0
        if not line.strip():
            return 0
        try:
            answer = assistant.ask(line, history=history)
        except QuestionError as error:
            print(f"assistant: {error}", file=sys.stderr)
            continue
        if answer.follow_up and answer.stand_alone != answer.question and not as_json:
            print(f"({answer.stand_alone})")
        _print(answer, as_json=as_json)
        history.append(answer)


def _list_sources(assistant: Assistant) -> int:
    for source in assistant.sources:
        facts = ", ".join(filter(None, (source.language, source.kind, source.date)))
        print(f"{source.id}  [{facts}]")
        titles = dict.fromkeys((source.title_en, source.title_zh))
        # What a reader added has neither publisher nor address.
        publisher = body_in(source.publisher, "en")
        for line in (*titles, ", ".join(filter(None, (publisher, source.url)))):
            if line:
                print(f"    {line}")
    return 0


def _print(answer: Answer, *, as_json: bool) -> None:
    print(answer.to_json() if as_json else str(answer), flush=True)


def _progress(stage: str, share: float) -> None:
    print(f"\rpreparing the model: {stage} {share:4.0%} ", end="", file=sys.stderr, flush=True)
    if share >= 1.0:
        print(file=sys.stderr)


if __name__ == "__main__":
    code = main()
    gc.freeze()  # else the end of the process looks for garbage among all that was loaded
    sys.exit(code)
