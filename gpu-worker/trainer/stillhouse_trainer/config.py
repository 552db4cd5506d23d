"""What each command takes. Keys are camelCase in the JSON; see strict_json.py for how it is read."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .errors import TrainerError


@dataclass(frozen=True)
class BaseSource:
    kind: Literal["folder", "hub"]
    #: Hub id, or the name under which a folder is known.
    id: str
    path: Path | None = None

    def check(self) -> None:
        if self.kind == "folder" and self.path is None:
            raise TrainerError("config_invalid", "base.path is missing.", key="base.path")


@dataclass(frozen=True)
class InspectConfig:
    base: BaseSource
    #: JSONL of `{rowId, messages, answer}`.
    rows: Path | None = None
    max_tokens: int | None = None


@dataclass(frozen=True)
class TrainingSettings:
    """`TrainingSettings` of contracts/language-model.ts, which says what each means."""

    lora_rank: int
    lora_alpha: float
    lora_dropout: float
    learning_rate: float
    warmup_share: float
    weight_decay: float
    clip_norm: float
    batch_rows: int
    warmup_epochs: float
    epochs: float
    steps: int | None
    rounds: int
    beta: float
    gamma: float
    preference: Literal["best-of-n", "dpo"]
    round_samples: int
    round_temperature: float
    max_tokens: int
    dtype: Literal["float32", "bfloat16"]
    four_bit: bool
    gradient_checkpointing: bool
    seed: int

    def check(self) -> None:
        ranges: dict[str, tuple[float, float]] = {
            "lora_rank": (1, 512),
            "lora_dropout": (0, 0.9),
            "learning_rate": (0, 1),
            "warmup_share": (0, 0.5),
            "weight_decay": (0, 1),
            "batch_rows": (1, 1 << 20),
            "warmup_epochs": (0, 1000),
            "epochs": (0, 1000),
            "rounds": (1, 10),
            "beta": (0, 1),
            "gamma": (0, 10),
            "round_samples": (2, 32),
            "round_temperature": (0, 2),
            "max_tokens": (2, 1 << 24),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise TrainerError("config_invalid", f"settings.{name} must be from {low:g} to {high:g}.", key=name)
        for name in ("lora_alpha", "learning_rate", "clip_norm", "round_temperature", "warmup_epochs"):
            if getattr(self, name) <= 0:
                raise TrainerError("config_invalid", f"settings.{name} must be greater than 0.", key=name)
        if self.steps is not None and self.steps < 1:
            raise TrainerError("config_invalid", "settings.steps must be at least 1.", key="steps")


@dataclass(frozen=True)
class DataRef:
    path: Path
    sha256: str


@dataclass(frozen=True)
class Task:
    kind: Literal["label", "json", "text"]


@dataclass(frozen=True)
class TrainConfig:
    base: Path
    base_digest: str
    data: DataRef
    task: Task
    labels: list[str]
    keep_best: int
    n_samples: int
    settings: TrainingSettings
    #: Rows a pass through the device; the gradients of a step are summed over passes, so it changes no result but rounding.
    micro_batch_rows: int
    rate_factor: float
    threads: int
    device: Literal["cuda", "cpu"]
    device_lock: Path
    folder: Path
    attempt: int
    checkpoint_seconds: float = 30.0
    keep_checkpoints: int = 2

    def check(self) -> None:
        for name in ("micro_batch_rows", "threads", "attempt", "keep_checkpoints", "n_samples", "keep_best"):
            if getattr(self, name) < 1:
                raise TrainerError("config_invalid", f"{name} must be at least 1.", key=name)
        if self.rate_factor <= 0:
            raise TrainerError("config_invalid", "rateFactor must be greater than 0.", key="rateFactor")
        if self.settings.rounds > 1 and self.task.kind == "text":
            raise TrainerError(
                "config_invalid",
                "More than one round needs a score for each sample of the student, and the trainer can't score free text.",
                key="settings.rounds",
            )

    def identity(self) -> str:
        """Hash of what decides the result. Where it runs, in what pieces and in which attempt is no part of it."""
        parts: dict[str, Any] = {
            "format": 1,
            "base": self.base_digest,
            "data": self.data.sha256,
            "task": self.task.kind,
            "labels": self.labels,
            "keepBest": self.keep_best,
            "nSamples": self.n_samples,
            "settings": dataclasses.asdict(self.settings),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class ExportConfig:
    base: Path
    base_id: str
    adapter: Path
    #: Folder of llama.cpp's converters: see export/convert.py.
    converters: Path
    #: Folder of the shared libraries that node-llama-cpp ships.
    llama_binaries: Path
    quantize: Literal["q4_k_m", "q8_0", "f16"] | None
    out: Path
    #: JSONL of `{rowId, messages, answer}`.
    prompts: Path
    device: Literal["cuda", "cpu"] = "cpu"
    threads: int = 1
    merged: bool = True
    skip_base: bool = False


@dataclass(frozen=True)
class BuildBaseConfig:
    out: Path
    #: Banking77's train.csv.
    data: Path
    #: Folder of the embedder's `model.safetensors` and tokenizer.
    mini_lm: Path
    leave_out: list[str] = field(default_factory=list)
    threads: int = 2
    seed: int = 0
