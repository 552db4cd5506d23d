"""From an adapter to files, and what the files are. Needs llama.cpp's converters and node-llama-cpp's libraries."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
import torch
from conftest import PACKAGE, Ended, Trainer, curated_rows, train_config, write_base, write_rows
from peft import PeftModel
from transformers import AutoModelForCausalLM

from stillhouse_trainer.export.convert import splits_as_gpt2
from stillhouse_trainer.model import load_base
from stillhouse_trainer.prompts import load_chat_format

MODULES = PACKAGE.parent.parent / "node_modules"
BINARIES = MODULES / "@node-llama-cpp/linux-x64/bins/linux-x64"
BUNDLE = MODULES / "node-llama-cpp/llama/gitRelease.bundle"


@pytest.fixture(scope="session")
def converters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared folder, else from the bundle, as infra does it."""
    if os.environ.get("STILLHOUSE_CONVERTERS"):
        return Path(os.environ["STILLHOUSE_CONVERTERS"])
    if not BUNDLE.is_file() or shutil.which("git") is None:
        pytest.skip("no converters: they come from node-llama-cpp's bundle by git")
    folder = tmp_path_factory.mktemp("converters")
    subprocess.run(["git", "clone", "--quiet", "--bare", str(BUNDLE), str(folder / "repo.git")], check=True)
    paths = ["convert_hf_to_gguf.py", "convert_lora_to_gguf.py", "conversion", "gguf-py/gguf"]
    archive = subprocess.run(["git", "-C", str(folder / "repo.git"), "archive", "HEAD", *paths], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


@pytest.fixture(scope="module")
def wide_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """K-quants want widths that are multiples of 256."""
    return write_base(tmp_path_factory.mktemp("wide"), hidden_size=256, intermediate_size=256, num_attention_heads=4)


@pytest.fixture(scope="module")
def adapter(wide_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    trainer = Trainer(tmp_path_factory.mktemp("train"))
    data = write_rows(trainer.folder / "rows.jsonl", curated_rows())
    ended = trainer.run("train", train_config(wide_base, trainer.folder, data, {"epochs": 0, "warmupEpochs": 4}))
    assert ended.status == 0, ended.stderr
    return Path(ended.of("done")[0]["adapter"])


def export(trainer: Trainer, base: Path, adapter: Path, converters: Path, **changes: object) -> Ended:
    if not BINARIES.is_dir():
        pytest.skip("node-llama-cpp's libraries for this platform are not installed")
    prompts = trainer.folder / "prompts.jsonl"
    lines = [{"rowId": row["rowId"], "messages": row["messages"], "answer": row["best"][0]} for row in curated_rows() if row["best"]]
    prompts.write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = {
        "base": str(base),
        "baseId": "tiny",
        "adapter": str(adapter),
        "converters": str(converters),
        "llamaBinaries": str(BINARIES),
        "quantize": "q4_k_m",
        "out": str(trainer.folder / "out"),
        "prompts": str(prompts),
        "device": "cpu",
        "threads": 1,
        "merged": True,
        **changes,
    }
    return trainer.run("export", config)


def test_every_form(trainer: Trainer, wide_base: Path, adapter: Path, converters: Path):
    ended = export(trainer, wide_base, adapter, converters)
    assert ended.status == 0, ended.stderr
    out = trainer.folder / "out"
    (exported,) = ended.of("exported")
    files = {file["name"]: file for file in exported["files"]}
    assert {"adapter.gguf", "base.q4_k_m.gguf", "merged.q4_k_m.gguf", "merged/model.safetensors", "reference.jsonl"} <= set(files)
    for name, file in files.items():
        assert (out / name).stat().st_size == file["bytes"]
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    for name in ("adapter.gguf", "base.q4_k_m.gguf", "merged.q4_k_m.gguf"):
        magic, version = struct.unpack("<4sI", (out / name).read_bytes()[:8])
        assert (magic, version) == (b"GGUF", 3)
    # A self-trained BPE is declared to split as GPT-2 does.
    assert b"gpt-2" in (out / "base.q4_k_m.gguf").read_bytes()[:200_000]
    assert exported["eosTokens"][0] == "<|im_end|>"

    chat = load_chat_format(wide_base)
    merged = AutoModelForCausalLM.from_pretrained(out / "merged", dtype=torch.float32).eval()
    student = PeftModel.from_pretrained(load_base(wide_base, torch.float32, "cpu"), adapter).eval()
    lines = [json.loads(line) for line in (out / "reference.jsonl").read_text().splitlines()]
    assert [line["rowId"] for line in lines] == [row["rowId"] for row in curated_rows() if row["best"]]
    for line, row in zip(lines[:3], curated_rows(), strict=False):
        assert line["promptIds"] == chat.prompt_ids(row["messages"])
        assert line["answerIds"][-1] == chat.eos_ids[0]
        ids = torch.tensor([line["promptIds"] + line["answerIds"]])
        begin = len(line["promptIds"]) - 1
        with torch.inference_mode():
            logits = student(ids).logits[0, begin:-1]
            rounded = merged(ids).logits[0, begin:-1]
        assert line["top1"] == logits.argmax(-1).tolist()
        chosen = logits.log_softmax(-1)[range(len(line["answerIds"])), line["answerIds"]]
        assert line["logprobs"] == pytest.approx(chosen.tolist(), abs=1e-3)
        # The merged weights are the student's, rounded to 16 bits.
        assert torch.allclose(logits, rounded, atol=0.05)


def test_sixteen_bits_without_a_base(trainer: Trainer, wide_base: Path, adapter: Path, converters: Path):
    ended = export(trainer, wide_base, adapter, converters, quantize=None, skipBase=True, merged=False)
    assert ended.status == 0, ended.stderr
    assert {file["name"] for file in ended.of("exported")[0]["files"]} == {"adapter.gguf", "reference.jsonl"}


def test_no_converters(trainer: Trainer, wide_base: Path, adapter: Path, tmp_path: Path):
    ended = export(trainer, wide_base, adapter, tmp_path)
    assert (ended.status, ended.error["code"]) == (64, "config_invalid")


def test_only_a_plain_byte_level_splits_as_gpt2(wide_base: Path, tmp_path: Path):
    assert splits_as_gpt2(wide_base)
    tokenizer = json.loads((wide_base / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").write_text(json.dumps({**tokenizer, "pre_tokenizer": {"type": "Whitespace"}}))
    assert not splits_as_gpt2(tmp_path)
