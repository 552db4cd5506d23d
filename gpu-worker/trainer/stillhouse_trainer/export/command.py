"""`export`: every form in which a student is kept, and the reference by which the served one is accepted."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import torch

from .. import events
from ..base_files import context_tokens, file_sha256
from ..config import ExportConfig
from ..inspect_base import describe
from ..prompts import load_chat_format
from .convert import adapter_to_gguf, model_to_gguf
from .merge import merge
from .quantize import quantize
from .reference import write_reference


def run(config: ExportConfig) -> None:
    torch.set_num_threads(config.threads)
    chat = load_chat_format(config.base)
    config.out.mkdir(parents=True, exist_ok=True)
    # In the folder of the results, so that a rename is all that is left to do; a run that was killed leaves it to be removed.
    for left in config.out.glob(".exporting-*"):
        shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=".exporting-", dir=config.out))
    try:
        _write_all(config, draft)
        write_reference(config.base, config.adapter, chat, config.prompts, draft / "reference.jsonl", config.device)
        files = sorted(path for path in draft.rglob("*") if path.is_file())
        listed = [{"name": str(path.relative_to(draft)), "bytes": path.stat().st_size, "sha256": file_sha256(path)} for path in files]
        for entry in draft.iterdir():
            _replace(entry, config.out / entry.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    events.emit("exported", files=listed, **describe(chat), contextTokens=context_tokens(config.base))


def _write_all(config: ExportConfig, draft: Path) -> None:
    adapter_to_gguf(config.converters, config.base, config.adapter, draft / "adapter.gguf")
    if not config.skip_base:
        _gguf(config, config.base, draft, "base")
    if config.merged:
        merge(config.base, config.adapter, draft / "merged", config.device)
        _gguf(config, draft / "merged", draft, "merged")


def _gguf(config: ExportConfig, model: Path, draft: Path, name: str) -> None:
    """`name.<quantization>.gguf`; with none the 16 bits stay."""
    kind = config.quantize or "f16"
    whole = draft / f"{name}.f16.gguf"
    model_to_gguf(config.converters, model, whole, config.base_id)
    if kind != "f16":
        quantize(config.llama_binaries, whole, draft / f"{name}.{kind}.gguf", kind, config.threads)
        whole.unlink()


def _replace(entry: Path, place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    entry.rename(place)
