"""The reader: which words of a passage answer a question, and whether any do.

A small model of our own stands on the lower layers of the bundled one: it was fitted by
`python -m research.fit_reader` on question and passage together, which vectors
made apart cannot compare. `data/reader.json` tells its origin, licence, seed and figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from ..retrieval.embeddings import OnnxEmbeddings, TextEmbeddings, bundled_embeddings, onnx_session
from ..settings import Settings
from ..types import Span

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Logits = npt.NDArray[np.float32]

WEIGHTS = "data/reader.onnx"
# Named limits, in tokens. The longest of XQuAD's 2,380 questions has 37, and 0.2 % of its answers
# have more than 30. The reader was fitted on windows of 160; 192 hold 71 % of XQuAD's paragraphs.
QUESTION_TOKENS, WINDOW_TOKENS, ANSWER_TOKENS = 48, 192, 30
START_ID, END_ID = 0, 2  # XLM-R's <s> and </s>


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of a question over some sentences of a text.

    span: the likeliest answer, as characters of the text. margin: the span's logits above those
    of "no answer"; answerable: the logit that the sentences hold an answer at all. margins: the
    same for the best span of each sentence that was read, by its number.
    """

    span: Span
    margin: float
    answerable: float
    margins: dict[int, float]


def open_reader(settings: Settings, embeddings: TextEmbeddings) -> Reader:
    """The reader, on the embedding model that is open already if it is the bundled one."""
    if isinstance(embeddings, OnnxEmbeddings):
        return Reader(embeddings)
    return Reader(bundled_embeddings(settings))


class Reader:
    """Reads passages with the model that ships with the project. Safe to use from many threads."""

    def __init__(self, embeddings: OnnxEmbeddings) -> None:
        """Load the upper layers; the lower ones are the embedding model's."""
        self._embeddings = embeddings
        self._session = onnx_session((resources.files("assistant") / WEIGHTS).read_bytes())

    def read(
        self, question: str, text: str, sentences: Sequence[Span], best: int
    ) -> Reading | None:
        """Read the sentences around number `best` of the text, as many as fit a window.

        `sentences` are spans of characters in `text`. None when there is nothing to read.
        """
        import numpy as np

        ids, offsets = self._embeddings.pieces(text)
        owners = [
            next((n for n, s in enumerate(sentences) if s.start <= place < s.end), -1)
            for place, _ in offsets
        ]
        window = _window([owners.count(n) for n in range(len(sentences))], best)
        inside = [i for i, owner in enumerate(owners) if owner in window][:WINDOW_TOKENS]
        if not inside:
            return None
        asked, _ = self._embeddings.pieces(question)
        head = [START_ID, *asked[:QUESTION_TOKENS], END_ID, END_ID]
        states = self._embeddings.lower_states([*head, *(ids[i] for i in inside), END_ID])
        spans, answerable = self._session.run(None, {"hidden": states})
        logits = spans[0, len(head) : len(head) + len(inside)]
        none = float(spans[0, 0].sum())
        sums = _span_sums(logits)
        first, last = np.unravel_index(int(np.argmax(sums)), sums.shape)
        return Reading(
            span=Span(offsets[inside[first]][0], offsets[inside[last]][1]),
            margin=float(sums[first, last]) - none,
            answerable=float(answerable[0, 0]),
            margins=_best_of_each(sums, [owners[i] for i in inside], none),
        )


def _window(sizes: Sequence[int], best: int) -> range:
    """Numbers of the sentences around `best`, grown to either side while their tokens fit."""
    low = high = best
    room = WINDOW_TOKENS - sizes[best]
    while True:
        before = sizes[low - 1] if low > 0 else None
        after = sizes[high + 1] if high + 1 < len(sizes) else None
        if before is not None and before <= room and (high - best >= best - low or after is None):
            low, room = low - 1, room - before
        elif after is not None and after <= room:
            high, room = high + 1, room - after
        elif before is not None and before <= room:
            low, room = low - 1, room - before
        else:
            return range(low, high + 1)


def _span_sums(logits: Logits) -> Logits:
    """Start + end logits of every span of at most `ANSWER_TOKENS`; −inf elsewhere."""
    import numpy as np

    size = len(logits)
    sums = logits[:, 0][:, None] + logits[:, 1][None, :]
    allowed = np.triu(np.tri(size, size, ANSWER_TOKENS - 1)) > 0
    result: Logits = np.where(allowed, sums, np.float32(-np.inf))
    return result


def _best_of_each(sums: Logits, owners: Sequence[int], none: float) -> dict[int, float]:
    """The best span that stays inside each sentence, as a margin over no answer."""
    margins = {}
    for number in dict.fromkeys(owners):
        first = owners.index(number)
        last = len(owners) - owners[::-1].index(number)
        margins[number] = float(sums[first:last, first:last].max()) - none
    return margins
