"""Fit the two closeness cuts of refusal (design 8) and write them with their origin."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..answering import Assistant, open_assistant
from ..language import passage_language
from ..settings import Settings
from ..types import LANGUAGES, Language
from .questions import read_set
from .squad import read_squad

Closeness = npt.NDArray[np.float64]
# Far-off questions asked of each language; every nth of the files' questions.
FAR_QUESTIONS = 400


def fit_cuts(settings: Settings, path: Path, far_files: Sequence[Path]) -> None:
    """Fit on the set's questions and on questions of other articles, print and write the cuts.

    refused: the 98th percentile of far-off questions, but never above the 5th percentile of
    the answerable ones. answered: half-way between the two, where they lie apart. Most near
    misses are as close as answers, so closeness cannot tell them.
    """
    questions = read_set(path)
    far_texts = [q.question for file in far_files for q in read_squad(file)]
    far_texts += [q.question for q in questions if not (q.answerable or q.near_miss)]
    cuts = {}
    with open_assistant(settings) as assistant:
        for language in LANGUAGES:
            near = [q.question for q in questions if q.answerable and q.language == language]
            texts = [text for text in far_texts if passage_language(text) == language]
            far = _closeness(assistant, texts[:: max(1, len(texts) // FAR_QUESTIONS)])
            cuts[language] = _cuts(_closeness(assistant, near), far, language)
    data = {
        "origin": f"python -m assistant.evaluation fit {path.name} --far "
        + " ".join(file.name for file in far_files),
        "build": assistant.index.info.corpus,
        "model": assistant.index.info.model,
        "cuts": cuts,
    }
    target = Path(str(resources.files("assistant"))) / "data" / "sufficiency.json"
    target.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    print(f"Wrote {target}.")


def _closeness(assistant: Assistant, texts: Sequence[str]) -> Closeness:
    best = [
        max((hit.signals.dense for hit in assistant.retrieve(text)), default=-1.0) for text in texts
    ]
    return np.sort(np.asarray(best))


def _cuts(near: Closeness, far: Closeness, language: Language) -> dict[str, float]:
    low, high = float(np.quantile(far, 0.98)), float(np.quantile(near, 0.05))
    cuts = {"refused": round(min(low, high), 4), "answered": round((min(low, high) + high) / 2, 4)}
    print(
        f"{language}: {len(near)} answerable {near[0]:.3f} to {near[-1]:.3f}, {len(far)} far-off "
        f"{far[0]:.3f} to {far[-1]:.3f}; {cuts}"
    )
    return cuts
