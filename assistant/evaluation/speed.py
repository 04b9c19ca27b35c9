"""How long answers, builds, the page and embedding take on this machine, and how much memory."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from ingest.engine import passage_embeddings

from ..answering import Assistant, open_assistant
from ..errors import AssistantError
from ..prompts import write_messages
from ..quoting.reader import Reader, open_reader
from ..quoting.searching import Found
from ..quoting.windows import surface
from ..retrieval.embeddings import (
    SentenceTransformerEmbeddings,
    TextEmbeddings,
    model_fingerprint,
    question_embeddings,
)
from ..retrieval.language import answer_languages
from ..settings import Settings
from .checks import no_chat_model, print_rows
from .peer_programs import model_folder
from .sets import SetQuestion, read_set

# Of each thing that is timed, the median of so many runs.
_RUNS = 5
# What an answer may take, as a multiple of what it cannot do without, timed in turn: seconds tell
# more of the machine. Cold: of a process that imports this and ends.
WARM_GOAL, COLD_GOAL = 2.5, 1.6
_NEEDED = {
    "langchain_core": "import chromadb, onnxruntime, langchain_core",
    "its runnables": "import chromadb, onnxruntime; from langchain_core.runnables import Runnable",
}


def print_speed(
    settings: Settings, path: Path, *, chat: bool = False, page: bool = False, limit: int = 20
) -> None:
    """Print how soon the questions of a set are answered.

    chat: by the chat model, of `limit` questions. page: how soon a page that starts answers.
    """
    questions = read_set(path)
    if page:
        _print_page_start(questions[0].question)
    elif chat:
        _print_chat_speed(settings, questions, limit=limit)
    else:
        _print_speed(settings, questions)


def _print_speed(settings: Settings, questions: Sequence[SetQuestion]) -> None:
    """Print medians of cold and warm answers, and a build from nothing, model and means included.

    Cold: a new process each time, from its start to its end; the index is built.
    """
    for question in (questions[0], next(q for q in questions if q.language == "zh")):
        answers, ratios = [], []
        for _ in range(_RUNS):
            answers.append(_process(["-m", "assistant", question.question], {}))
            needed = [_process(["-c", code], {})[0] for code in _NEEDED.values()]
            ratios.append([answers[-1][0] / seconds for seconds in needed])
        seconds, memory = statistics.median(s for s, _ in answers), max(m for _, m in answers)
        print(f"cold answer, {question.language}: {seconds:.2f} s, {memory:.0f} MB")
        for name, of in zip(_NEEDED, zip(*ratios, strict=True), strict=True):
            ratio = statistics.median(of)
            print(f"  {ratio:.2f} × importing chromadb, onnxruntime and {name} (goal {COLD_GOAL})")
    with tempfile.TemporaryDirectory() as folder:
        places = {"ASSISTANT_HOME": f"{folder}/home", "ASSISTANT_CACHE": f"{folder}/cache"}
        for name in ("build from nothing", "nothing to do"):
            seconds, memory = _process(["-m", "ingest"], places)
            print(f"{name}: {seconds:.1f} s, {memory:.0f} MB")
    # Last: a child's peak memory starts from what its parent held when it was started.
    _print_warm(settings, [q.question for q in questions])


def _print_warm(settings: Settings, questions: Sequence[str]) -> None:
    engine = question_embeddings(settings)
    reader = open_reader(settings, engine)
    warm, ratios = [], []
    with open_assistant(settings) as assistant:
        assistant.ask(questions[0])
        for question in questions:
            warm.append(assistant.ask(question).timings.total_s)
            least = _least_s(engine, reader, question, assistant.find(question))
            ratios.append(warm[-1] / least)
    p95 = sorted(warm)[int(0.95 * len(warm))]
    print(
        f"warm answer: median {1000 * statistics.median(warm):.0f} ms, "
        f"95th percentile {1000 * p95:.0f} ms, {len(warm)} questions\n"
        f"  {statistics.median(ratios):.2f} × embedding the question and reading one passage "
        f"(goal {WARM_GOAL})"
    )


def _least_s(engine: TextEmbeddings, reader: Reader, question: str, found: Found) -> float:
    """Seconds to embed the question and to read the passage of the likeliest sentence."""
    began = time.perf_counter()
    engine.embed_query(question)
    for read in found.readings[:1]:
        text, sentences = surface(read.passage, read.language)
        reader.read(question, text, sentences, max(0, read.sentence))
    return time.perf_counter() - began


def _process(arguments: Sequence[str], places: Mapping[str, str]) -> tuple[float, float]:
    """Seconds and peak megabytes of `python …`."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **places},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0  # already waited for
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def _print_page_start(question: str) -> None:
    """Print medians of several starts of `python -m ui` over an index that is up to date."""
    runs = [_page_start(question) for _ in range(_RUNS)]
    page, answer = (statistics.median(times) for times in zip(*runs, strict=True))
    print(f"page served after {page:.2f} s, first answer {answer:.2f} s later ({_RUNS} starts)")


def _page_start(question: str) -> tuple[float, float]:
    """Seconds to the whole page, and from there to an answer."""
    import httpx

    began = time.monotonic()
    command = [sys.executable, "-m", "ui", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = ""
            while not (ready := re.search(r"ready at (http://\S+)", said)):
                line = server.stderr.readline() if server.stderr else ""
                if not line:
                    raise AssistantError(f"The page did not start. It said: {said.strip()}")
                said += line
            httpx.get(ready[1], timeout=60).raise_for_status()
            served = time.monotonic()
            messages = [{"role": "user", "content": question}]
            body = {"model": "report-assistant", "messages": messages}
            httpx.post(f"{ready[1]}/v1/chat/completions", json=body, timeout=60).raise_for_status()
            return served - began, time.monotonic() - served
        finally:
            server.terminate()


def _print_chat_speed(settings: Settings, questions: Sequence[SetQuestion], *, limit: int) -> None:
    """Print medians of written answers, and of the bare model's first token on the same messages.

    Of the first `limit` questions that the sources answer. Raises AssistantError without a chat
    model, or when it writes nothing.
    """
    with open_assistant(settings) as assistant:
        name = assistant.composer
        times = written_times(assistant, questions, limit=limit)
    if not times:
        raise AssistantError(
            f"{name} wrote an answer to none of the questions. Ask it one with `python -m "
            "assistant`, which says why, or give a set of questions that the sources answer."
        )
    search, first, whole, bare = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{name}: {len(times)} written answers, medians")
    rows = {
        "first word": [f"{1000 * first:.0f} ms", f"{1000 * bare:.0f} ms", f"{first / bare:.2f}"],
        "of which search": [f"{1000 * search:.0f} ms", "–", "–"],
        "whole answer, checked": [f"{1000 * whole:.0f} ms", "–", "–"],
    }
    print_rows("", ["answer", "bare model", "ratio"], rows)


def written_times(
    assistant: Assistant, questions: Sequence[SetQuestion], *, limit: int
) -> list[tuple[float, float, float, float]]:
    """Seconds of search, first word and whole answer, and of the bare model's first token.

    A server may keep what it has read and answer the same messages sooner: the bare model reads
    them once before both are timed.
    """
    model = assistant.chat_model
    if model is None:
        raise no_chat_model("speed --chat")

    def bare_s() -> float:
        began = time.perf_counter()
        with model.stream(messages) as reply:
            next(filter(None, reply), "")
            return time.perf_counter() - began

    times = []
    found = ((q.question, assistant.find(q.question)) for q in questions)
    answered = (pair for pair in found if pair[1].status == "answered")
    for question, of in islice(answered, limit):
        passages = [hit.passage for hit in of.hits]
        sources = [assistant.index.sources[passage.source_id] for passage in passages]
        (language, *_) = answer_languages(assistant.settings.language, of.question.language)
        messages = write_messages(of.question.text, language, passages, sources)
        bare_s()
        chunks = list(assistant.stream(question))
        answer = chunks[-1].answer
        if answer is None or answer.composer == "quotes":
            continue
        spent = answer.timings
        search_s = spent.embed_s + spent.retrieve_s
        times.append((search_s, spent.first_word_s, spent.total_s, bare_s()))
    return times


def print_throughput(settings: Settings, file: Path, *, limit: int) -> None:
    """Print texts a second, and those of sentence-transformers' own loop over the same texts.

    The texts are the file's paragraphs and lines, at most `limit`. The bare loop is
    `SentenceTransformer.encode_document`, which sorts by length itself.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AssistantError(f"{file} cannot be read ({error}). Name a text in UTF-8.") from error
    parts = [part.strip() for part in [*text.split("\n\n"), *text.split("\n")]]
    texts = list(dict.fromkeys(filter(None, parts)))[:limit]
    if not texts:
        raise AssistantError(f"{file} holds no text. Name a text in UTF-8.")
    engine = passage_embeddings(settings)
    name = model_folder(settings)
    bare = SentenceTransformerEmbeddings(name, model_fingerprint(settings)).model

    def alone(texts: list[str]) -> object:
        return bare.encode_document(texts, show_progress_bar=False, convert_to_tensor=True)

    engine.embed_documents(texts[:32])  # neither pays for the first batch
    rates = [(_rate(engine.embed_documents, texts), _rate(alone, texts)) for _ in range(_RUNS)]
    ours, theirs = (statistics.median(column) for column in zip(*rates, strict=True))
    print(f"texts: {len(texts)}, {sum(map(len, texts)):,} characters")
    print(f"ours:  {ours:.0f} a second\nbare:  {theirs:.0f} a second")
    print(f"ratio: {statistics.median(a / b for a, b in rates):.2f}")


def _rate(embed: Callable[[list[str]], object], texts: list[str]) -> float:
    began = time.perf_counter()
    embed(texts)
    return len(texts) / (time.perf_counter() - began)
