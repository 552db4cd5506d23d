"""
What training costs on a card, beside plain TRL in the same run. No model of a hub is wanted: the base has the shape of
Qwen3-0.6B and random weights, which cost what trained ones do.

usage, on a machine with a card and requirements-dev.lock's packages:
  python bench/trainer/gpu.py [--rows 1920] [--out bench/results/trainer-gpu.json]
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TRAINER = ROOT / "gpu-worker" / "trainer"
BANKING77 = ROOT / "examples" / "banking77" / "data" / "train.csv"
sys.path.insert(0, str(TRAINER))

#: huggingface.co/Qwen/Qwen3-0.6B, config.json.
SHAPE = {
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
    "max_position_embeddings": 40960,
    "rope_theta": 1_000_000,
}
SETTINGS: dict[str, Any] = {
    "loraRank": 16,
    "loraAlpha": 32,
    "loraDropout": 0.05,
    "learningRate": 2e-4,
    "warmupShare": 0.05,
    "weightDecay": 0,
    "clipNorm": 1,
    "batchRows": 32,
    "warmupEpochs": 1,
    "epochs": 0,
    "steps": None,
    "rounds": 1,
    "beta": 0,
    "gamma": 0,
    "preference": "best-of-n",
    "roundSamples": 4,
    "roundTemperature": 1,
    "maxTokens": 2048,
    "dtype": "bfloat16",
    "fourBit": False,
    "gradientCheckpointing": False,
    "seed": 1,
}
VALIDATION_ROWS = 64


def make_base(folder: Path, texts: list[str]) -> None:
    import torch
    from stillhouse_trainer.build_base.tokenizer import make_tokenizer
    from transformers import Qwen3Config, Qwen3ForCausalLM

    folder.mkdir()
    make_tokenizer(folder, texts)
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace(" if m['role'] != 'system'", ""))
    torch.manual_seed(0)
    Qwen3ForCausalLM(Qwen3Config(**SHAPE)).to(torch.bfloat16).save_pretrained(folder)


def make_rows(path: Path, count: int, own_prompts: bool) -> None:
    """Banking77's messages under a prompt with its 77 labels; with `own_prompts` no two prompts begin alike."""
    with BANKING77.open(newline="") as file:
        messages = list(csv.DictReader(file))
    labels = sorted({message["category"] for message in messages})
    step = len(messages) // (count + VALIDATION_ROWS)
    lines = []
    for at, message in enumerate(messages[::step][: count + VALIDATION_ROWS]):
        system = f"Classify the customer's message. Answer with exactly one of: {', '.join(labels)}."
        best, other = message["category"], labels[(labels.index(message["category"]) + 1) % len(labels)]
        row = {
            "rowId": f"row-{at}",
            "group": f"row-{at}",
            "split": "validation" if at < VALIDATION_ROWS else "train",
            "messages": [
                {"role": "system", "content": f"{at:05d} {system}" if own_prompts else system},
                {"role": "user", "content": message["text"]},
            ],
            "votes": {best: 3, other: 1},
            "best": [best],
            "worst": other,
            "agreement": 0.75,
            "dropped": None,
        }
        lines.append(json.dumps(row) + "\n")
    path.write_text("".join(lines))


class PeakMemory:
    """Of the whole card, as nvidia-smi has it, five times a second; less what was taken before."""

    def __enter__(self) -> PeakMemory:
        self.before, self.peak, self._over = self._used(), 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def gib(self) -> float:
        return round((self.peak - self.before) / 1024, 2)

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self.peak = max(self.peak, self._used())

    @staticmethod
    def _used() -> int:
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        return int(subprocess.run(query, check=True, capture_output=True, text=True).stdout.split("\n")[0])


ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{TRAINER}:{os.environ.get('PYTHONPATH', '')}", "HF_HUB_OFFLINE": "1"}


def attempt(config: dict[str, Any], kill_at_step: int | None = None) -> list[dict[str, Any]]:
    """The trainer as the worker starts it; its events. With `kill_at_step`: SIGKILL at the first checkpoint from there on."""
    path = Path(config["folder"]) / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))
    command = [sys.executable, "-m", "stillhouse_trainer", "train", str(path)]
    log = path.parent / "log.txt"
    with log.open("w") as stderr:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, env=ENVIRONMENT)
        events = []
        assert child.stdout is not None
        for line in child.stdout:
            events.append(json.loads(line))
            if kill_at_step is not None and events[-1]["event"] == "checkpoint" and events[-1]["step"] >= kill_at_step:
                child.kill()
        status = child.wait()
    if kill_at_step is None and status != 0:
        raise SystemExit(f"the trainer ended with {status}: {events[-1:]}\n{log.read_text()[-3000:]}")
    return events


def of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == kind]


def measure(name: str, base: Path, data: Path, folder: Path, **changes: Any) -> dict[str, Any]:
    with PeakMemory() as memory:
        events = attempt(config_of(name, base, data, folder, **changes))
    (done,) = of(events, "done")
    # The first report holds the kernels' first compilations and CUDA's own start; the others are what a long run is made of.
    steady = [event["terms"]["tokensPerSecond"] for event in of(events, "step")[1:]]
    checkpoint_seconds = sum(event["ms"] for event in of(events, "checkpoint")) / 1000
    return {
        "name": name,
        "steps": done["step"],
        "tokensPerSecond": done["tokensPerSecond"],
        "steadyTokensPerSecond": round(statistics.median(steady), 1) if steady else None,
        "seconds": done["seconds"],
        "checkpointShare": round(checkpoint_seconds / (done["seconds"] + checkpoint_seconds), 4),
        "memoryGib": memory.gib,
        "nllFirst": of(events, "step")[0]["terms"]["nll"],
        "nllLast": of(events, "step")[-1]["terms"]["nll"],
    }


def config_of(name: str, base: Path, data: Path, folder: Path, settings: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    labels = sorted({best for line in data.read_text().splitlines() for best in json.loads(line)["best"]})
    merged = {**SETTINGS, **(settings or {})}
    return {
        "base": str(base),
        "baseDigest": "bench",
        "data": {"path": str(data), "sha256": hashlib.sha256(data.read_bytes()).hexdigest()},
        "task": {"kind": "label"},
        "labels": labels,
        "keepBest": 1,
        "nSamples": 4,
        "settings": merged,
        "microBatchRows": merged["batchRows"],
        "rateFactor": 1,
        "threads": 4,
        "device": "cuda",
        "deviceLock": str(folder / "device.lock"),
        "folder": str(folder / name.replace(" ", "-")),
        "attempt": 1,
        "checkpointSeconds": 5,
        **changes,
    }


def measure_trl(name: str, base: Path, data: Path, folder: Path, **changes: Any) -> dict[str, Any]:
    settings = {**SETTINGS, "epochs": 1, "warmupSteps": 3, "device": "cuda", **changes}
    path = folder / "trl.json"
    path.write_text(json.dumps(settings))
    with PeakMemory() as memory:
        command = [sys.executable, str(ROOT / "bench" / "trainer" / "trl_sft.py"), str(base), str(data), str(path), "4"]
        ran = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    if ran.returncode != 0:
        return {"name": name, "error": ran.stderr[-1500:]}
    line = json.loads(ran.stdout.strip().splitlines()[-1])
    return {"name": name, **{key: round(value, 1) for key, value in line.items()}, "memoryGib": memory.gib}


def resume(base: Path, data: Path, folder: Path) -> dict[str, Any]:
    """SIGKILL in the middle, then another process: what comes after must be what would have come."""
    config = config_of("killed", base, data, folder, checkpointSeconds=1)
    killed = attempt(config, kill_at_step=20)
    began = time.time()
    events = attempt({**config, "attempt": 2, "checkpointSeconds": 0})
    return {
        "name": "resumed after SIGKILL",
        "killedAtStep": of(killed, "checkpoint")[-1]["step"],
        "resumedFrom": of(events, "start")[0]["resumedFrom"],
        # Its first checkpoint is written right after its first step.
        "secondsToFirstStep": round(of(events, "checkpoint")[0]["at"] - began, 2),
        "nllLast": of(events, "step")[-1]["terms"]["nll"],
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1920)
    options.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "trainer-gpu.json")
    arguments = options.parse_args()
    import torch
    import transformers

    result: dict[str, Any] = {
        "device": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "rows": [],
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)

    def note(row: dict[str, Any]) -> None:
        print(json.dumps(row), flush=True)
        result["rows"].append(row)
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")

    with tempfile.TemporaryDirectory(prefix="stillhouse-bench-") as temporary:
        folder = Path(temporary)
        with BANKING77.open(newline="") as file:
            texts = [message["text"] + message["category"] for message in csv.DictReader(file)]
        base, shared, own = folder / "base", folder / "shared.jsonl", folder / "own.jsonl"
        make_base(base, texts)
        make_rows(shared, arguments.rows, own_prompts=False)
        make_rows(own, arguments.rows, own_prompts=True)
        note(measure("prompts that begin apart", base, own, folder))
        note(measure_trl("prompts that begin apart, TRL", base, own, folder))
        note(measure("gradient checkpointing", base, own, folder, settings={"gradientCheckpointing": True}))
        try:
            import bitsandbytes  # noqa: F401
        except ImportError:
            print("bitsandbytes is not there: 4 bit was not measured", flush=True)
        else:
            note(measure("4 bit, gradient checkpointing", base, own, folder, settings={"gradientCheckpointing": True, "fourBit": True}))
        note(measure("one system prompt", base, shared, folder))
        note(measure_trl("one system prompt, TRL", base, shared, folder))
        note(resume(base, shared, folder))
        note(measure_trl("gradient checkpointing, TRL", base, own, folder, gradientCheckpointing=True))
        note(measure("preference and anchor", base, shared, folder, settings={"epochs": 1, "beta": 0.5, "gamma": 0.1}))


if __name__ == "__main__":
    main()
