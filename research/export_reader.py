"""From the fitted reader to the two files that ship: `reader.onnx` and `reader.json`."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from assistant.quoting.reader import WEIGHTS
from assistant.retrieval.bundled_graph import LOWER_LAYERS

_LICENCE = """\
MIT, as the multilingual-e5-small layers that it was fitted from. Fitted on SQuAD 2.0, CMRC 2018, \
IDK-MRC, PQuAD, XQuAD (CC BY-SA 4.0), DRCD (CC BY-SA 3.0), HeQ (CC BY 4.0) and questions of our \
own; none of their text is in the weights' file."""


def export(reader: Any, facts: Mapping[str, Any]) -> Path:
    """Write the upper layers and heads with int8 weights; returns the graph's path.

    The graph takes the bundled model's lower states, float32 (1, length, 384), and gives span
    logits (1, length, 2) and the answerable logit (1, 1).
    """
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    class Upper(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = reader.body.encoder.layer[LOWER_LAYERS:]
            self.spans, self.answerable = reader.spans, reader.answerable

        def forward(self, hidden: Any) -> tuple[Any, Any]:
            for layer in self.layers:
                found = layer(hidden)
                hidden = found[0] if isinstance(found, tuple) else found
            return self.spans(hidden), self.answerable(hidden[:, 0])

    reader.body.set_attn_implementation("eager")
    target = Path(str(resources.files("assistant"))) / WEIGHTS
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The exporter that needs no further package is called old.
        warnings.simplefilter("ignore")
        whole = Path(folder) / "upper.onnx"
        torch.onnx.export(
            Upper().eval().float(),
            (torch.randn(1, 20, 384),),
            str(whole),
            input_names=["hidden"],
            output_names=["spans", "answerable"],
            dynamic_axes={"hidden": {1: "length"}, "spans": {1: "length"}},
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(
            whole,
            target,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"],
        )
    about = {"licence": _LICENCE, "script": "python -m research.fit_reader", **facts}
    target.with_suffix(".json").write_text(
        json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return target


def load_shipped(reader: Any) -> None:
    """Set a reader's upper layers and heads to those that ship, so that a fit goes on from them."""
    import onnx
    import torch
    from onnx import numpy_helper

    graph = onnx.load(str(resources.files("assistant") / WEIGHTS)).graph
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    upper = torch.nn.Module()
    upper.layers = reader.body.encoder.layer[LOWER_LAYERS:]
    upper.spans, upper.answerable = reader.spans, reader.answerable
    # The graph multiplies in the order of the layers; its int8 weights are (in, out).
    products = [n.input[1] for n in graph.node if n.op_type == "MatMulInteger"]
    products = [name.removesuffix("_quantized") for name in products]
    dense = [m for m in upper.modules() if isinstance(m, torch.nn.Linear)]
    with torch.no_grad():
        for module, name in zip(dense, products, strict=True):
            whole = values[f"{name}_quantized"].astype("float32") - values[f"{name}_zero_point"]
            module.weight.copy_(torch.from_numpy(whole * values[f"{name}_scale"]).T)
        for name, weight in upper.named_parameters():
            if name in values:
                weight.copy_(torch.from_numpy(values[name].copy()))
