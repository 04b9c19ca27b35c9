"""Fit the reader: the bundled model's upper layers, a span head and a no-answer head.

It makes the weights in `assistant/data/reader.onnx`, with origin, seed and figures beside them.
Lower layers and embeddings stay as they are bundled, so only the upper ones need to ship.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.quoting.reader import END_ID, QUESTION_TOKENS, START_ID
from assistant.retrieval.bundled_graph import LOWER_LAYERS
from assistant.retrieval.bundled_model import materialise
from assistant.settings import Settings

from .command import run
from .export_reader import load_shipped
from .reading_pairs import ReadingPair, reading_pairs

# Groups kept out of the fit to watch it and to fit the decision on: two SQuAD articles and the
# first CMRC paragraphs of odd number, those of the second file of written near misses.
HELD_OUT = (
    *("squad2:Immune_system", "squad2:Yuan_dynasty", "squad2-dev19:Prime_number"),
    *("squad2-dev19:Rhine", "squad2-dev19:Private_school", "squad2-dev19:Fresno,_California"),
)
HELD_OUT_CMRC = 400
PASSAGE_TOKENS = 160
# Of the swaps and windows that the pairs are made with.
PAIRS_SEED = 1
_PAD_ID = 1
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])")


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of fitting with an optimizer of its own.

    rate falls in a line to nothing at step `horizon`, which may lie beyond `steps`.
    """

    steps: int
    rate: float
    horizon: int
    warm_up: int


@dataclass(frozen=True, slots=True)
class FitPlan:
    """How the reader is fitted; written beside its weights."""

    phases: tuple[Phase, ...] = (Phase(1600, 8e-5, 2400, 100), Phase(700, 5e-5, 700, 20))
    batch: int = 24
    seed: int = 20161122
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Encoded:
    """One pair as tokens: ids, where the passage starts, gold token spans (inclusive)."""

    ids: list[int]
    passage_start: int
    spans: tuple[tuple[int, int], ...]
    offsets: list[tuple[int, int]]


def held_out(group: str) -> bool:
    """Whether a group is kept out of the fit."""
    if group.startswith("zh:"):
        number = int(group.removeprefix("zh:"))
        return number % 2 == 1 and number < HELD_OUT_CMRC
    return group == "aside" or group in HELD_OUT


class PairEncoder:
    """Turns pairs into `<s> question </s></s> passage </s>`; a long passage gives a window."""

    def __init__(self, folder: Path) -> None:
        """Read the bundled model's tokenizer."""
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self._passages: dict[str, Any] = {}

    def encode(self, pair: ReadingPair, rng: random.Random) -> Encoded:
        """The pair as tokens; the window of a long passage holds a gold span, if there is one."""
        question = self.tokenizer.encode(pair.question, add_special_tokens=False).ids
        passage = self._passage(pair.passage)
        spans = [_token_span(passage.offsets, span) for span in pair.spans]
        low, high = self._window(passage, spans, pair.passage, rng)
        ids = [START_ID, *question[:QUESTION_TOKENS], END_ID, END_ID]
        start = len(ids)
        inside = {
            (a - low + start, b - low + start) for a, b in spans if a >= low and b < high and b >= a
        }
        return Encoded(
            ids=[*ids, *passage.ids[low:high], END_ID],
            passage_start=start,
            spans=tuple(sorted(inside)),
            offsets=passage.offsets[low:high],
        )

    def _passage(self, text: str) -> Any:
        if text not in self._passages:
            self._passages[text] = self.tokenizer.encode(text, add_special_tokens=False)
        return self._passages[text]

    def _window(
        self, passage: Any, spans: Sequence[tuple[int, int]], text: str, rng: random.Random
    ) -> tuple[int, int]:
        size = len(passage.ids)
        if size <= PASSAGE_TOKENS:
            return 0, size
        starts = {0} | {m.end() for m in _SENTENCE.finditer(text)}
        places = [i for i, (a, _) in enumerate(passage.offsets) if a in starts]
        if spans:
            a, b = spans[0]
            places = [p for p in places if p <= a and b < p + PASSAGE_TOKENS]
            places = places or [max(0, a - rng.randrange(PASSAGE_TOKENS // 2))]
        low = rng.choice(places) if places else 0
        return low, min(size, low + PASSAGE_TOKENS)


def _token_span(offsets: Sequence[tuple[int, int]], span: tuple[int, int]) -> tuple[int, int]:
    inside = [i for i, (a, b) in enumerate(offsets) if a < span[1] and b > span[0] and b > a]
    return (inside[0], inside[-1]) if inside else (1, 0)


def make_reader(folder: Path) -> Any:
    """The torch module: bundled body, span head over tokens, answerable head over the start."""
    import torch
    from transformers import AutoModel

    class Reader(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = AutoModel.from_pretrained(folder, add_pooling_layer=False)
            self.spans = torch.nn.Linear(384, 2)
            self.answerable = torch.nn.Linear(384, 1)
            for module in self.body.modules():
                # Dropout tripled a step's time on two cores; windows and swaps vary the input.
                if isinstance(module, torch.nn.Dropout):
                    module.p = 0.0
            frozen = [self.body.embeddings, *self.body.encoder.layer[:LOWER_LAYERS]]
            for module in frozen:
                for weight in module.parameters():
                    weight.requires_grad = False

        def forward(self, ids: Any, mask: Any, passage: Any) -> tuple[Any, Any, Any]:
            hidden = self.body(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            logits = self.spans(hidden)
            # The first token stands for "no answer"; the question's own words cannot be one.
            open_ = passage.clone()
            open_[:, 0] = True
            logits = logits.masked_fill(~open_[..., None], -1e4)
            return logits[..., 0], logits[..., 1], self.answerable(hidden[:, 0])[:, 0]

    return Reader()


def collate(batch: Sequence[Encoded]) -> tuple[Any, Any, Any]:
    """Token ids, attention mask and passage mask, each of shape (pairs, longest)."""
    import torch

    # Few distinct shapes: torch prepares its kernels anew for each.
    longest = -(-max(len(e.ids) for e in batch) // 32) * 32
    ids = torch.full((len(batch), longest), _PAD_ID)
    passage = torch.zeros((len(batch), longest), dtype=torch.bool)
    for row, encoded in enumerate(batch):
        ids[row, : len(encoded.ids)] = torch.tensor(encoded.ids)
        passage[row, encoded.passage_start : len(encoded.ids) - 1] = True
    return ids, (ids != _PAD_ID).long(), passage


def fit(
    pairs: Sequence[ReadingPair], folder: Path, out: Path, plan: FitPlan, *, first_phase: int = 0
) -> tuple[Any, dict[str, float]]:
    """Fit on the pairs whose groups are not held out; returns the reader and how it does there.

    It begins with the reader that ships. Each phase leaves `out/reader-<phase>.pt`, and what is
    done of it every hundred steps: a fit that was stopped goes on there.
    """
    import torch

    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    out.mkdir(parents=True, exist_ok=True)
    reader = make_reader(folder)
    load_shipped(reader)
    if first_phase:
        reader.load_state_dict(torch.load(out / f"reader-{first_phase - 1}.pt"))
    encoder = PairEncoder(folder)
    fitted = [pair for pair in pairs if not held_out(pair.group)]
    aside = [pair for pair in pairs if held_out(pair.group)]
    watched = random.Random(plan.seed).sample(aside, min(700, len(aside)))
    seen: dict[str, float] = {}
    for number, phase in enumerate(plan.phases):
        if number < first_phase:
            continue
        batches = _batches(fitted, plan.batch, random.Random(plan.seed + number))
        _run_phase(reader, encoder, batches, phase, out / f"phase-{number}.pt")
        torch.save(reader.state_dict(), out / f"reader-{number}.pt")
        seen = watch(reader, encoder, watched)
        print(json.dumps(seen), flush=True)
    return reader, seen


def _run_phase(reader: Any, encoder: PairEncoder, batches: Any, phase: Phase, kept: Path) -> None:
    import torch

    weights = [w for w in reader.parameters() if w.requires_grad]
    heads = [*reader.spans.parameters(), *reader.answerable.parameters()]
    body = [w for w in weights if not any(w is h for h in heads)]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": phase.rate}, {"params": heads, "lr": phase.rate * 5}],
        weight_decay=0.01,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / phase.warm_up, max(0.02, 1 - step / phase.horizon)),
    )
    began, losses, done = time.perf_counter(), [], 0
    if kept.is_file():
        state = torch.load(kept)
        reader.load_state_dict(state["reader"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        done = state["steps"]
    for step, batch in zip(range(phase.steps), batches, strict=False):
        if step < done:
            continue
        rng = random.Random(step)
        encoded = [encoder.encode(pair, rng) for pair in batch]
        loss = _loss(reader, encoded, rng)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        losses.append(loss.item())
        if (step + 1) % 50 == 0:
            seconds = time.perf_counter() - began
            print(f"step {step + 1} loss {np.mean(losses[-50:]):.3f} {seconds:.0f} s", flush=True)
        if (step + 1) % 100 == 0:
            state = {"reader": reader.state_dict(), "optimizer": optimizer.state_dict()}
            state |= {"schedule": schedule.state_dict(), "steps": step + 1}
            torch.save(state, kept.with_suffix(".new"))
            kept.with_suffix(".new").replace(kept)


def _loss(reader: Any, encoded: Sequence[Encoded], rng: random.Random) -> Any:
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    ids, mask, passage = collate(encoded)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        start, end, answerable = reader(ids, mask, passage)
    gold = [rng.choice(e.spans) if e.spans else (0, 0) for e in encoded]
    first = torch.tensor([a for a, _ in gold])
    last = torch.tensor([b for _, b in gold])
    has = torch.tensor([float(bool(e.spans)) for e in encoded])
    spans = (cross_entropy(start.float(), first) + cross_entropy(end.float(), last)) / 2
    return spans + 0.5 * binary_cross_entropy_with_logits(answerable.float(), has)


def _batches(pairs: Sequence[ReadingPair], size: int, rng: random.Random) -> Any:
    """Endless batches of pairs of about one length, shuffled."""
    while True:
        shuffled = rng.sample(pairs, len(pairs))
        for at in range(0, len(shuffled), size * 40):
            part = sorted(shuffled[at : at + size * 40], key=_length)
            batches = [part[i : i + size] for i in range(0, len(part), size)]
            rng.shuffle(batches)
            yield from batches


def _length(pair: ReadingPair) -> int:
    return len(pair.passage) * (3 if pair.passage[:50].isascii() else 8)


def watch(reader: Any, encoder: PairEncoder, pairs: Sequence[ReadingPair]) -> dict[str, float]:
    """Per language: span overlap on answerable pairs, AUROC against each kind of the others."""
    import torch
    from sklearn.metrics import roc_auc_score

    rng = random.Random(0)
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    overlap: dict[str, list[float]] = defaultdict(list)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for at in range(0, len(pairs), 16):
            part = sorted(pairs, key=_length)[at : at + 16]
            encoded = [encoder.encode(pair, rng) for pair in part]
            ids, mask, passage = collate(encoded)
            start, end, answerable = (t.float() for t in reader(ids, mask, passage))
            for row, (pair, e) in enumerate(zip(part, encoded, strict=True)):
                where = pair.language + ("→" if pair.crossed else "")
                a, b, best = best_span(start[row].numpy(), end[row].numpy(), e)
                margin = best - float(start[row, 0] + end[row, 0])
                scores[where, pair.kind].append(margin / 4 + float(answerable[row]))
                if e.spans:
                    hit = max(_overlap((a, b), span) for span in e.spans)
                    overlap[where].append(hit)
    found = {f"{where} overlap": round(float(np.mean(v)), 3) for where, v in overlap.items()}
    for (where, kind), others in scores.items():
        mine = scores.get((where, "answerable"), [])
        if kind != "answerable" and mine:
            truth = [1] * len(mine) + [0] * len(others)
            found[f"{where} {kind}"] = round(float(roc_auc_score(truth, mine + others)), 3)
    return dict(sorted(found.items()))


def best_span(start: Any, end: Any, encoded: Encoded) -> tuple[int, int, float]:
    """The likeliest span of at most 30 tokens of the passage, with the sum of its logits."""
    low, high = encoded.passage_start, len(encoded.ids) - 1
    sums = start[low:high, None] + end[None, low:high]
    sums = np.where(np.triu(np.tri(high - low, high - low, 29)) > 0, sums, -np.inf)
    a, b = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return low + int(a), low + int(b), float(sums[a, b])


def _overlap(found: tuple[int, int], gold: tuple[int, int]) -> float:
    shared = min(found[1], gold[1]) - max(found[0], gold[0]) + 1
    if shared <= 0:
        return 0.0
    return 2 * shared / ((found[1] - found[0] + 1) + (gold[1] - gold[0] + 1))


def fit_and_export(
    settings: Settings, reading: Path, xquad: Path, out: Path, *, first_phase: int = 0
) -> None:
    """Fit the reader on the reading sets and write its two files."""
    from .export_reader import export

    plan = FitPlan()
    pairs = reading_pairs(reading, xquad, seed=PAIRS_SEED)
    reader, seen = fit(pairs, materialise(settings.cache), out, plan, first_phase=first_phase)
    kinds = Counter(f"{p.language}{'→' if p.crossed else ''} {p.kind}" for p in pairs)
    facts = {"plan": asdict(plan), "pairs": dict(sorted(kinds.items())), "held_out": seen}
    print(f"Wrote {export(reader, facts)}.")


def main(argv: Sequence[str] | None = None) -> None:
    """Fit on the sets that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m research.fit_reader", description=__doc__)
    parser.add_argument("reading", type=Path, help="the folder of the reading sets")
    parser.add_argument("xquad", type=Path, help="the folder of XQuAD")
    parser.add_argument("--out", type=Path, required=True, help="where each phase is kept")
    parser.add_argument("--phase", type=int, default=0, help="go on with this phase")
    options = parser.parse_args(argv)
    settings, places = Settings.load(), (options.reading, options.xquad, options.out)
    fit_and_export(settings, *places, first_phase=options.phase)


if __name__ == "__main__":
    run(main)
