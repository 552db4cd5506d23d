"""The adapter's product added to the base's weights: one model of its own, in 16 bit."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from peft import PeftModel

from ..base_files import belongs, read_model_config, text_config
from ..model import load_base


def merge(base: Path, adapter: Path, out: Path, device: torch.device | str) -> None:
    """Added in float32 and rounded once, to the base's own 16 bits; the tokenizer's files are the base's, byte for byte."""
    merged = PeftModel.from_pretrained(load_base(base, torch.float32, device), adapter).merge_and_unload()
    config = text_config(read_model_config(base))
    own = config.get("dtype") or config.get("torch_dtype")
    merged.config.use_cache = True
    merged.to(torch.bfloat16 if own == "bfloat16" else torch.float16).save_pretrained(out)
    for path in base.iterdir():
        if belongs(path.name) and not path.name.endswith((".safetensors", ".index.json")) and path.name != "config.json":
            shutil.copyfile(path, out / path.name)
