"""Fit the decision to answer to the embedding model in use, and write it with its origin.

Two things are fitted for each language, never on a set that reports: the closeness under which
nothing is near, and the weights of the signals that make an answer's confidence.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.answering import Assistant, open_assistant
from assistant.evaluation.indexes import SetText, texts_settings
from assistant.evaluation.sets import SetQuestion, read_set
from assistant.quoting.decision import FITS, SIGNALS, decision_for
from assistant.settings import Settings
from assistant.types import LANGUAGES, Language

from .command import run
from .fit_reader import held_out
from .reading_pairs import ReadingPair, natural_pairs

Numbers = npt.NDArray[np.float64]
Sample = tuple[Numbers, npt.NDArray[np.bool_]]
# Far-off questions asked of each language; every nth of the files' questions.
FAR_QUESTIONS = 250
ARTICLE_QUESTIONS = 700
# Kinds of everyday questions that nothing is decided for.
OTHER_KINDS = ("overview", "compare", "across", "catalogue", "talk", "operation", "follow-up")
FOLDS, RIDGE = 5, 0.001
# An assistant that keeps back more of what it could answer is of little use.
MOST_KEPT_BACK = 0.06


def fit_decision(settings: Settings, reading: Path, sets: Sequence[Path]) -> None:
    """Fit on the sets and on the reading files' held-out articles; print and write the fit.

    The sets are about the corpus in service, the articles are about anything: both count the
    same, however many questions they have.
    """
    questions = [question for path in sets for question in read_set(path)]
    pairs = natural_pairs(reading)
    fits = {}
    with open_assistant(settings) as assistant:
        for language in LANGUAGES:
            mine = [q for q in questions if q.language == language and _is_lookup(q)]
            theirs = [p for p in pairs if p.language == language and not p.crossed]
            far = [p.question for p in theirs]
            near = [q.question for q in mine if q.answerable]
            refused = _refused(
                _closeness(assistant, near),
                _closeness(assistant, far[:: max(1, len(far) // FAR_QUESTIONS)]),
            )
            samples = [_of_set(assistant, mine), _of_articles(settings, theirs, language)]
            fits[language] = {"refused": refused, **_fit(samples, language)}
        info = assistant.index.info
    names = " ".join(path.name for path in sets)
    origin = f"python -m research.fit_decision {reading.name} {names}"
    keep_fit(info.model, {"origin": origin, "corpus": info.corpus, "fits": fits})
    print(f"Wrote {FITS}.")


def keep_fit(model: str, fit: Mapping[str, Any], file: Path = FITS) -> None:
    """Write the fit of an embedding model, by its fingerprint; other models keep theirs."""
    kept = {**json.loads(file.read_text(encoding="utf-8")), model: fit}
    file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    decision_for.cache_clear()


def _is_lookup(question: SetQuestion) -> bool:
    return not question.history and question.kind not in OTHER_KINDS


def _of_set(assistant: Assistant, questions: Sequence[SetQuestion]) -> Sample:
    near = [q for q in questions if q.answerable or q.near_miss]
    rows = [_signals(assistant, q.question) for q in near]
    return np.array(rows), np.array([q.answerable for q in near])


def _signals(assistant: Assistant, question: str) -> Sequence[float]:
    """The evidence for a question as it is searched for, without its courtesies."""
    return assistant.find(assistant.plan(question).parts[0]).evidence.signals()


def _of_articles(settings: Settings, pairs: Sequence[ReadingPair], language: Language) -> Sample:
    """The held-out articles' own questions, asked over an index of those articles."""
    from tqdm import tqdm

    aside = [pair for pair in pairs if held_out(pair.group)]
    aside = random.Random(0).sample(aside, min(ARTICLE_QUESTIONS, len(aside)))
    texts = list(dict.fromkeys(" ".join(pair.passage.split()) + "\n" for pair in aside))
    sources = {f"{language}-{i:04}": SetText(language, text) for i, text in enumerate(texts)}
    home = settings.home / "evaluation" / f"held-out-{language}"
    mine = texts_settings(settings, home, sources)
    with open_assistant(mine) as assistant:
        rows = [assistant.find(p.question).evidence.signals() for p in tqdm(aside, leave=False)]
    return np.array(rows), np.array([bool(pair.spans) for pair in aside])


def _closeness(assistant: Assistant, texts: Sequence[str]) -> Numbers:
    best = [
        max((hit.signals.dense for hit in assistant.retrieve(text)), default=-1.0) for text in texts
    ]
    return np.sort(np.asarray(best))


def _refused(near: Numbers, far: Numbers) -> float:
    """The 98th percentile of far-off questions, never above the 5th of the answerable ones.

    Most near misses are as close as answers, so closeness cannot tell them.
    """
    return round(min(float(np.quantile(far, 0.98)), float(np.quantile(near, 0.05))), 4)


def _fit(samples: Sequence[Sample], language: Language) -> dict[str, Any]:
    """Fit on all samples; prints how well each is told apart when it is fitted on four fifths."""
    rows = np.concatenate([x for x, _ in samples])
    truth = np.concatenate([y for _, y in samples])
    weights = np.concatenate(
        [np.where(y, 0.5 / y.mean(), 0.5 / (~y).mean()) / len(y) for _, y in samples]
    )
    fold = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    chances = np.empty(len(rows))
    for number in range(FOLDS):
        kept = fold != number
        found = _regress(rows[kept], truth[kept], weights[kept])
        chances[~kept] = _chances(rows[~kept], found)
    start = 0
    for (_, mine), name in zip(samples, ("sets", "articles"), strict=True):
        part = chances[start : start + len(mine)]
        start += len(mine)
        print(f"{language} {name}: {_told_apart(part, mine)}")
    size = len(samples[0][1])
    cut = _cut(chances[:size], truth[:size], rows[:size])
    bias, *rounded = (round(float(value), 3) for value in _regress(rows, truth, weights))
    named = dict(zip(SIGNALS, rounded, strict=True))
    print(f"{language}: answered from {cut}, bias {bias}, {named}")
    return {"answered": cut, "bias": bias, "weights": named}


def _regress(rows: Numbers, truth: npt.NDArray[np.bool_], weights: Numbers) -> Numbers:
    """Bias and weights of a logistic regression whose weights keep the sign that they mean.

    A doubt must never raise the confidence: without the bounds, names that questions share
    with paragraphs they do not fit would.
    """
    from scipy.optimize import minimize

    sign = np.where(truth, 1.0, -1.0)
    share = weights / weights.sum()

    def loss(values: Numbers) -> float:
        margins = sign * (values[0] + rows @ values[1:])
        return float(share @ np.logaddexp(0, -margins) + RIDGE * (values[1:] @ values[1:]))

    bounds = [(None, None)] + [
        (None, 0.0) if name in ("unknown", "absent") else (0.0, None) for name in SIGNALS
    ]
    found: Numbers = minimize(loss, np.zeros(rows.shape[1] + 1), bounds=bounds).x
    return found


def _chances(rows: Numbers, found: Numbers) -> Numbers:
    chances: Numbers = 1 / (1 + np.exp(-(found[0] + rows @ found[1:])))
    return chances


def _cut(chances: Numbers, truth: npt.NDArray[np.bool_], rows: Numbers) -> float:
    """The confidence from which to answer: the best F1 of refusal within `MOST_KEPT_BACK`.

    Precision is taken where both outcomes are equally many. A name that no source holds is
    never answered, whatever its confidence.
    """
    unknown = rows[:, SIGNALS.index("unknown")] > 0
    best, cut = -1.0, 0.5
    for candidate in np.arange(0.05, 0.96, 0.01):
        held = (chances < candidate) | unknown
        recall, wrongly = float(held[~truth].mean()), float(held[truth].mean())
        if wrongly > MOST_KEPT_BACK or not recall:
            continue
        precision = recall / (recall + wrongly)
        f1 = 2 * precision * recall / (precision + recall)
        if f1 > best:
            best, cut = f1, round(float(candidate), 2)
    return cut


def _told_apart(chances: Numbers, truth: npt.NDArray[np.bool_]) -> str:
    from sklearn.metrics import roc_auc_score

    auroc = roc_auc_score(truth, chances)
    return f"{len(truth)} questions, AUROC {auroc:.3f} (cross-validated)"


def main(argv: Sequence[str] | None = None) -> None:
    """Fit on the sets that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m research.fit_decision", description=__doc__)
    parser.add_argument("reading", type=Path, help="the folder of the reading sets")
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET", help="sets about the corpus")
    options = parser.parse_args(argv)
    fit_decision(Settings.load(), options.reading, options.sets)


if __name__ == "__main__":
    run(main)
