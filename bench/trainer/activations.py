"""
What a pass of the trainer keeps for its gradient: bytes a token, layer and unit of width, by the hooks of PyTorch's autograd, which
know every tensor that is kept. It wants no card, and a width that a laptop has room for; `core/students/memory.ts` reckons with it.

usage: PYTHONPATH=gpu-worker/trainer python bench/trainer/activations.py, with requirements-dev.lock's packages
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "gpu-worker" / "trainer"))
# PEFT loads it where it is installed, for ten seconds of a processor.
sys.modules["bitsandbytes"] = None  # type: ignore[assignment]

from stillhouse_trainer.config import TrainingSettings  # noqa: E402
from stillhouse_trainer.model import Student  # noqa: E402

#: Width, feed-forward width, heads, heads of keys, width of a head: config.json of each.
SHAPES = {
    "qwen3-0.6b": (Qwen3Config, Qwen3ForCausalLM, 1024, 3072, 16, 8, 128),
    "qwen3-4b": (Qwen3Config, Qwen3ForCausalLM, 2560, 9728, 32, 8, 128),
    "llama-3.2-1b": (LlamaConfig, LlamaForCausalLM, 2048, 8192, 32, 8, 64),
    "smollm2-135m": (LlamaConfig, LlamaForCausalLM, 576, 1536, 9, 3, 64),
}
ROWS, TOKENS = 2, 128
LAYERS = (1, 3)


def settings(dtype: str, dropout: float) -> TrainingSettings:
    shares = {"warmup_share": 0.0, "weight_decay": 0.0, "clip_norm": 1.0, "beta": 0.0, "gamma": 0.0, "round_temperature": 1.0}
    lengths = {"warmup_epochs": 1.0, "epochs": 1.0, "steps": None, "rounds": 1, "round_samples": 2, "max_tokens": TOKENS}
    form = {"preference": "best-of-n", "four_bit": False, "gradient_checkpointing": False, "batch_rows": ROWS, "seed": 1}
    lora = {"lora_rank": 16, "lora_alpha": 32.0, "lora_dropout": dropout, "learning_rate": 1e-3}
    return TrainingSettings(dtype=dtype, **lora, **shares, **lengths, **form)


def kept(folder: Path, dtype: str, dropout: float) -> int:
    student = Student(folder, settings(dtype, dropout), torch.device("cpu"))
    weights = {parameter.untyped_storage().data_ptr() for parameter in student.model.parameters()}
    tensors: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in weights:
            tensors[place] = tensor  # held, so that its place is not given out again
        return tensor

    ids = torch.randint(0, 512, (ROWS, TOKENS))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), student.precision():
        student.model(input_ids=ids, attention_mask=torch.ones_like(ids), logits_to_keep=1)
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors.values())


def measure(name: str, dtype: str, dropout: float) -> float:
    config, model, width, forward, heads, key_heads, head = SHAPES[name]
    found = []
    for layers in LAYERS:
        with tempfile.TemporaryDirectory() as folder:
            shape = {"hidden_size": width, "intermediate_size": forward, "num_attention_heads": heads, "num_key_value_heads": key_heads}
            model(config(num_hidden_layers=layers, head_dim=head, vocab_size=512, **shape)).save_pretrained(folder)
            found.append(kept(Path(folder), dtype, dropout))
    return (found[1] - found[0]) / (LAYERS[1] - LAYERS[0]) / (ROWS * TOKENS) / width


print(f"{'base':14} {'bfloat16':>9} {'float32':>9}   without dropout {'bfloat16':>9} {'float32':>9}")
for name in SHAPES:
    figures = [measure(name, dtype, dropout) for dropout in (0.05, 0.0) for dtype in ("bfloat16", "float32")]
    print(f"{name:14} {figures[0]:9.1f} {figures[1]:9.1f}   {'':15} {figures[2]:9.1f} {figures[3]:9.1f}", flush=True)
