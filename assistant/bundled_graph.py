"""Writes the bundled model as two 4-bit ONNX graphs, straight from the carrier's blocks.

The lower one makes a state for each token, the upper one a sentence vector for each row of
states: mean-pooled over the attention mask and of unit length. The reader's own layers stand on
the lower one too. The weights stay in the carrier's 4 bits, so nothing is rounded twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .carrier import BLOCK_WEIGHTS, Carrier

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import onnx

INPUT, MASK, STATES, OUTPUT = "input_ids", "attention_mask", "states", "sentence_embedding"
# Layers of the lower graph. One graph with two outputs would not do: ONNX Runtime computes all
# of a graph even when only the states are asked for.
LOWER_LAYERS = 4

_BITS = 4
# 1 keeps activations in float32. 4 makes them int8: a question took 4.8 ms instead of 6.5, but
# 100-token passages came slower (45 a second, not 55) and the lowest cosine to float32 fell
# from 0.999999 to 0.99985 (two cores with AVX-512).
_ACCURACY_LEVEL = 1
# MatMulNBits, GatherBlockQuantized and MultiHeadAttention are ONNX Runtime's own operators;
# releases before 1.23 refuse the graph, because they cannot gather from 4-bit weights in bytes.
_RUNTIME_DOMAIN = "com.microsoft"
_OPSET, _IR_VERSION = 21, 10


def lower_graph(carrier: Carrier) -> bytes:
    """The serialised lower model.

    In: int64 (batch, length) twice, ids and mask. Out: float32 (batch, length, hidden).
    """
    from onnx import TensorProto

    graph = _Graph()
    _prepare(graph, carrier)
    hidden = _embed_tokens(graph, carrier)
    for layer in range(LOWER_LAYERS):
        hidden = _encode_layer(graph, carrier, hidden, f"l{layer}")
    graph.node("Identity", [hidden], STATES)
    tokens = ("batch", "length")
    return graph.serialise(
        {INPUT: (TensorProto.INT64, tokens), MASK: (TensorProto.INT64, tokens)},
        {STATES: (TensorProto.FLOAT, (*tokens, carrier.shape.hidden))},
    )


def upper_graph(carrier: Carrier) -> bytes:
    """The serialised upper model.

    In: the lower one's states and the mask. Out: float32 (batch, hidden), of unit length.
    """
    from onnx import TensorProto

    graph = _Graph()
    _prepare(graph, carrier)
    hidden = STATES
    for layer in range(LOWER_LAYERS, carrier.shape.layers):
        hidden = _encode_layer(graph, carrier, hidden, f"l{layer}")
    _pool(graph, hidden)
    tokens, width = ("batch", "length"), carrier.shape.hidden
    return graph.serialise(
        {STATES: (TensorProto.FLOAT, (*tokens, width)), MASK: (TensorProto.INT64, tokens)},
        {OUTPUT: (TensorProto.FLOAT, ("batch", width))},
    )


def _prepare(graph: _Graph, carrier: Carrier) -> None:
    from onnx import TensorProto

    graph.node("Cast", [MASK], "mask.int", to=TensorProto.INT32)
    graph.integers("thirds", *([carrier.shape.hidden] * 3))


# A tensor's element type and its shape.
_Value = tuple[int, tuple[str | int, ...]]


class _Graph:
    """Nodes and weights collected in order; every step returns the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def weight(self, name: str, values: npt.NDArray[Any]) -> str:
        from onnx import numpy_helper

        self._weights.append(numpy_helper.from_array(values, name))
        return name

    def integers(self, name: str, *values: int) -> str:
        import numpy as np

        return self.weight(name, np.array(values, dtype=np.int64))

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes(operator, inputs, [output], **attributes)
        return output

    def nodes(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
    ) -> None:
        from onnx import helper

        self._nodes.append(helper.make_node(operator, inputs, outputs, **attributes))

    def runtime_node(
        self, operator: str, inputs: Sequence[str], output: str, **attributes: Any
    ) -> str:
        return self.node(operator, inputs, output, domain=_RUNTIME_DOMAIN, **attributes)

    def serialise(self, inputs: Mapping[str, _Value], outputs: Mapping[str, _Value]) -> bytes:
        from onnx import helper

        graph = helper.make_graph(
            self._nodes,
            "multilingual-e5-small",
            [helper.make_tensor_value_info(name, *value) for name, value in inputs.items()],
            [helper.make_tensor_value_info(name, *value) for name, value in outputs.items()],
            self._weights,
        )
        model = helper.make_model(
            graph,
            opset_imports=[
                helper.make_opsetid("", _OPSET),
                helper.make_opsetid(_RUNTIME_DOMAIN, 1),
            ],
            ir_version=_IR_VERSION,
        )
        content: bytes = model.SerializeToString()
        return content


def _embed_tokens(graph: _Graph, carrier: Carrier) -> str:
    """Word + position + token type (always 0, so added to the positions here), normalised."""
    import numpy as np
    from onnx import TensorProto

    shape = carrier.shape
    scales, values = carrier.blocks("emb.word", columns=shape.hidden)
    words = graph.runtime_node(
        "GatherBlockQuantized",
        [
            graph.weight("words.values", _pack_pairs(values)),
            INPUT,
            # The carrier's scales are float16; kept so, the file is 6 MB smaller.
            graph.weight("words.scales", scales.astype(np.float16)),
        ],
        "words.half",
        bits=_BITS,
        block_size=BLOCK_WEIGHTS,
        gather_axis=0,
        quantize_axis=1,
    )
    words = graph.node("Cast", [words], "words", to=TensorProto.FLOAT)
    positions = carrier.floats("emb.pos").reshape(shape.positions, shape.hidden)
    first_type = carrier.floats("emb.type").reshape(shape.token_types, shape.hidden)[0]
    length = graph.node("Shape", [INPUT], "length", start=1, end=2)
    places = graph.node(
        "Slice",
        [
            graph.weight("positions.table", positions + first_type),
            graph.integers("zero", 0),
            length,
        ],
        "positions",
    )
    return _add_and_norm(graph, carrier, words, places, "emb.ln")


def _encode_layer(graph: _Graph, carrier: Carrier, hidden: str, layer: str) -> str:
    """One BERT layer (normalisation after each half)."""
    shape = carrier.shape
    # Query, key and value share their input: one wide product is quicker than three.
    wide = _linear(graph, carrier, hidden, [f"{layer}.q", f"{layer}.k", f"{layer}.v"], shape.hidden)
    parts = [f"{layer}.{part}" for part in ("query", "key", "value")]
    graph.nodes("Split", [wide, "thirds"], parts, axis=-1)
    attended = graph.runtime_node(
        "MultiHeadAttention",
        [*parts, "", "mask.int"],
        f"{layer}.attended",
        num_heads=shape.heads,
    )
    attended = _linear(graph, carrier, attended, [f"{layer}.ao"], shape.hidden)
    hidden = _add_and_norm(graph, carrier, hidden, attended, f"{layer}.aln")
    inner = _linear(graph, carrier, hidden, [f"{layer}.fi"], shape.hidden)
    inner = graph.node("Gelu", [inner], f"{layer}.inner")
    outer = _linear(graph, carrier, inner, [f"{layer}.fo"], shape.feed_forward)
    return _add_and_norm(graph, carrier, hidden, outer, f"{layer}.oln")


def _linear(
    graph: _Graph, carrier: Carrier, inputs: str, sources: Sequence[str], columns: int
) -> str:
    """`inputs @ weights.T + bias`, with the sources' rows one under the other."""
    import numpy as np

    blocks = [carrier.blocks(f"{source}.w", columns=columns) for source in sources]
    scales = np.concatenate([scale for scale, _ in blocks])
    values = np.concatenate([value for _, value in blocks])
    bias = np.concatenate([carrier.floats(f"{source}.b") for source in sources])
    name = "+".join(sources)
    rows, blocks_per_row, _ = values.shape
    return graph.runtime_node(
        "MatMulNBits",
        [
            inputs,
            graph.weight(f"{name}.values", _pack_pairs(values).reshape(rows, blocks_per_row, -1)),
            graph.weight(f"{name}.scales", scales),
            "",  # no zero points: the default, 8, is Q4_0's
            "",
            graph.weight(f"{name}.bias", bias),
        ],
        f"{name}.out",
        bits=_BITS,
        block_size=BLOCK_WEIGHTS,
        K=columns,
        N=rows,
        accuracy_level=_ACCURACY_LEVEL,
    )


def _add_and_norm(graph: _Graph, carrier: Carrier, left: str, right: str, norm: str) -> str:
    # Two nodes, not the runtime's SkipLayerNormalization: that one was 10 % slower.
    total = graph.node("Add", [left, right], f"{norm}.sum")
    return graph.node(
        "LayerNormalization",
        [
            total,
            graph.weight(f"{norm}.w", carrier.floats(f"{norm}.w")),
            graph.weight(f"{norm}.b", carrier.floats(f"{norm}.b")),
        ],
        f"{norm}.out",
        axis=-1,
        epsilon=carrier.shape.epsilon,
    )


def _pool(graph: _Graph, hidden: str) -> None:
    """Mean over the mask, made of unit length; the division by the count falls away."""
    from onnx import TensorProto

    axis = graph.integers("axis", 1)
    mask = graph.node("Cast", [MASK], "mask.float", to=TensorProto.FLOAT)
    weights = graph.node("Unsqueeze", [mask, axis], "mask.row")
    total = graph.node("MatMul", [weights, hidden], "total.row")
    total = graph.node("Squeeze", [total, axis], "total")
    graph.node("LpNormalization", [total], OUTPUT, axis=-1, p=2)


def _pack_pairs(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Neighbours share a byte, the earlier in its low half; shape (rows, columns / 2)."""
    import numpy as np

    pairs = values[..., 0::2] | (values[..., 1::2] << np.uint8(4))
    return pairs.reshape(len(values), -1)
