"""Text on pictures, read by rapidocr where the `ocr` extra is installed, models and all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .document import Box

if TYPE_CHECKING:
    from PIL.Image import Image

# Below, what was recognised is more often wrong than right.
_LEAST_SCORE = 0.6
_THREADS = 2


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line of words seen on a picture; box: left, top, right, bottom in its pixels."""

    text: str
    box: Box


def can_recognise() -> bool:
    """Whether the `ocr` extra is installed."""
    return find_spec("rapidocr") is not None


def recognise(picture: Image) -> list[SeenLine]:
    """The lines of Chinese and English words on a picture, in no order that matters.

    Raises ImportError where the `ocr` extra is not installed. Nothing is fetched.
    """
    import numpy as np

    found = _engine()(np.asarray(picture.convert("RGB"))[:, :, ::-1])
    if found.boxes is None:
        return []
    lines: list[SeenLine] = []
    for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        words = " ".join(text.split())
        if words and score >= _LEAST_SCORE:
            lefts, tops = [float(x) for x, _ in corners], [float(y) for _, y in corners]
            lines.append(SeenLine(words, (min(lefts), min(tops), max(lefts), max(tops))))
    return lines


@cache
def _engine() -> Any:
    """The recogniser, loaded once; it takes about a second and 300 MB."""
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
