"""A tiny random base, curated rows for it, and the trainer as the process that it is."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

PACKAGE = Path(__file__).parent.parent
sys.path.insert(0, str(PACKAGE))

from stillhouse_trainer.build_base.tokenizer import make_tokenizer  # noqa: E402
from stillhouse_trainer.prompts import ChatFormat, load_chat_format  # noqa: E402

LABELS = ["card_lost", "card_late", "close_account"]
TEXTS = {
    "card_lost": ["I lost my card on the train", "somebody took my card", "my card is gone"],
    "card_late": ["when will my card come", "still waiting for the new card", "the card has not arrived yet"],
    "close_account": ["please close my account", "I want to leave this bank", "delete everything you have of me"],
}
SYSTEM = "Sort the message of the customer into one of: card_lost, card_late, close_account. Answer with nothing else than that."

torch.set_num_threads(1)


def write_base(folder: Path, **overrides: Any) -> Path:
    """A Llama of two narrow layers with random weights, the same in every session."""
    folder.mkdir(parents=True, exist_ok=True)
    make_tokenizer(folder, [text for texts in TEXTS.values() for text in texts] * 3 + LABELS * 3 + [SYSTEM] * 3)
    # ChatML with system messages, which the demo's base leaves out.
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace(" if m['role'] != 'system'", ""))
    chat = load_chat_format(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "max_position_embeddings": 256, **overrides}
    config = LlamaConfig(
        vocab_size=len(chat.tokenizer),
        num_hidden_layers=2,
        tie_word_embeddings=True,
        eos_token_id=chat.eos_ids[0],
        pad_token_id=chat.pad_id,
        **shape,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def chat(base: Path) -> ChatFormat:
    return load_chat_format(base)


def curated(number: int, label: str, text: str, split: str = "train", **changes: Any) -> dict[str, Any]:
    row = {
        "rowId": f"row-{number}",
        "group": f"row-{number}",
        "split": split,
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}],
        "votes": {label: 4},
        "best": [label],
        "worst": None,
        "agreement": 1,
        "dropped": None,
    }
    return {**row, **changes}


def curated_rows() -> list[dict[str, Any]]:
    """18 training rows, a third with a pair; 6 validation rows; one that teaches nothing."""
    rows: list[dict[str, Any]] = []
    for round in range(3):
        for at, (label, texts) in enumerate(TEXTS.items()):
            for number, text in enumerate(texts[:2]):
                other = LABELS[(at + 1) % 3]
                pair = {"votes": {label: 3, other: 1}, "best": [label, other], "worst": other, "agreement": 0.75}
                rows.append(curated(len(rows), label, f"{text}, {round}", **(pair if number == round % 2 else {})))
    for label, texts in TEXTS.items():
        rows += [curated(len(rows) + at, label, f"{texts[2]}{end}", "validation") for at, end in enumerate(("", "!"))]
    rows.append(curated(len(rows), "x", "hm", votes={}, best=[], agreement=0, dropped="no answer"))
    return rows


def write_rows(path: Path, rows: list[dict[str, Any]]) -> dict[str, str]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return {"path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


SETTINGS: dict[str, Any] = {
    "loraRank": 4,
    "loraAlpha": 8,
    "loraDropout": 0.1,
    "learningRate": 0.01,
    "warmupShare": 0.1,
    "weightDecay": 0.01,
    "clipNorm": 1,
    "batchRows": 6,
    "warmupEpochs": 2,
    "epochs": 2,
    "steps": None,
    "rounds": 1,
    "beta": 0.5,
    "gamma": 0.1,
    "preference": "best-of-n",
    "roundSamples": 3,
    "roundTemperature": 1,
    "maxTokens": 200,
    "dtype": "float32",
    "fourBit": False,
    "gradientCheckpointing": False,
    "seed": 7,
}


def train_config(base: Path, folder: Path, data: dict[str, str], settings: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "base": str(base),
        "baseDigest": "d" * 64,
        "data": data,
        "task": {"kind": "label"},
        "labels": LABELS,
        "keepBest": 2,
        "nSamples": 4,
        "settings": {**SETTINGS, **(settings or {})},
        "microBatchRows": 2,
        "rateFactor": 1,
        "threads": 1,
        "device": "cpu",
        "deviceLock": str(folder / "device.lock"),
        "folder": str(folder),
        "attempt": 1,
        **changes,
    }


@dataclass
class Ended:
    status: int
    events: list[dict[str, Any]]
    stderr: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    @property
    def error(self) -> dict[str, Any]:
        assert self.events, self.stderr
        assert self.events[-1]["event"] == "error", self.events[-1]
        return self.events[-1]


class Trainer:
    """A child with pipes, as the worker starts it. `until` sees each event as it comes and may signal the child."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, command: str, config: dict[str, Any], **environment: str) -> subprocess.Popen[str]:
        path = self.folder / "config.json"
        path.write_text(json.dumps(config), "utf-8")
        return subprocess.Popen(
            [sys.executable, "-m", "stillhouse_trainer", command, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(self.folder / "stderr.log", "w"),
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(PACKAGE), *sys.path[1:]]),
                "HF_HUB_OFFLINE": "1",
                "OMP_NUM_THREADS": "1",
                **environment,
            },
        )

    def run(
        self,
        command: str,
        config: dict[str, Any],
        until: Callable[[dict[str, Any], subprocess.Popen[str]], None] | None = None,
        **environment: str,
    ) -> Ended:
        child = self.start(command, config, **environment)
        assert child.stdout is not None
        events = []
        for line in child.stdout:
            events.append(json.loads(line))
            if until is not None:
                until(events[-1], child)
        status = child.wait()
        child.stdin.close() if child.stdin else None
        return Ended(status, events, (self.folder / "stderr.log").read_text())


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    return Trainer(tmp_path / "work")
