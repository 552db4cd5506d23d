"""TRL as the reference: the same loss values on the same rows, to rounding."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from conftest import SETTINGS, curated_rows

from stillhouse_trainer.config import TrainingSettings
from stillhouse_trainer.data import Item, Pair
from stillhouse_trainer.model import Student, load_base
from stillhouse_trainer.objective import Counts, Objective, Sums, Weights, terms_of
from stillhouse_trainer.prompts import ChatFormat
from stillhouse_trainer.strict_json import parse

trl = pytest.importorskip("trl", reason="TRL is in the development environment only")
datasets = pytest.importorskip("datasets", reason="datasets is in the development environment only")


@pytest.fixture
def items(chat: ChatFormat) -> list[Item]:
    rows = [row for row in curated_rows() if row["worst"]][:4]
    return [
        Item(row["rowId"], chat.prompt_ids(row["messages"]), chat.answer_ids(row["best"][0]), Pair(chat.answer_ids(row["worst"]), 4.0))
        for row in rows
    ]


@pytest.fixture
def student(base: Path) -> Student:
    """Moved off its anchor, which is the base itself."""
    student = Student(base, parse(TrainingSettings, {**SETTINGS, "loraDropout": 0}, "settings"), torch.device("cpu"))
    student.set_anchor(student.weights())
    source = torch.Generator().manual_seed(3)
    student.load_weights({name: tensor + 0.1 * torch.randn(tensor.shape, generator=source) for name, tensor in student.weights().items()})
    return student


def terms(student: Student, chat: ChatFormat, items: list[Item], weights: Weights) -> dict[str, float]:
    counts, sums = Counts.of(items), Sums()
    sums.add(Objective(student, "dpo", chat.pad_id).loss(items, weights, counts)[1])
    return terms_of(sums, counts, weights)


def arguments(kind: type, tmp_path: Path, **changes: object):
    options = {"per_device_train_batch_size": 4, "max_steps": 1, "logging_steps": 1, "learning_rate": 0.0, "max_length": None}
    quiet = {"report_to": "none", "save_strategy": "no", "use_cpu": True, "bf16": False, "disable_tqdm": True}
    return kind(output_dir=str(tmp_path), gradient_checkpointing=False, **options, **quiet, **changes)


def first_loss(trainer) -> float:
    trainer.train()
    return next(entry["loss"] for entry in trainer.state.log_history if "loss" in entry)


def merged(student: Student):
    """The student as a plain model: TRL takes the base as the reference of its own accord."""
    return student.model.merge_and_unload().requires_grad_(True)


def test_nll_is_that_of_sft(student: Student, chat: ChatFormat, items: list[Item], tmp_path: Path):
    ours = terms(student, chat, items, Weights(1.0, 0.0, 0.0))["nll"]
    rows = {
        "input_ids": [item.prompt + item.answer for item in items],
        "completion_mask": [[0] * len(item.prompt) + [1] * len(item.answer) for item in items],
    }
    trainer = trl.SFTTrainer(
        model=merged(student),
        args=arguments(trl.SFTConfig, tmp_path, completion_only_loss=True),
        train_dataset=datasets.Dataset.from_dict(rows),
        processing_class=chat.tokenizer,
    )
    assert first_loss(trainer) == pytest.approx(ours, abs=1e-3)


def test_preference_is_that_of_dpo(student: Student, base: Path, chat: ChatFormat, items: list[Item], tmp_path: Path):
    """TRL's is a mean over pairs, ours is over their answers' tokens, too: with answers of one length, by that factor."""
    (tokens,) = {len(answer) for item in items if item.pair for answer in (item.answer, item.pair.worst)}
    ours = tokens * terms(student, chat, items, Weights(0.0, 1.0, 0.0))["preference"]
    assert ours != pytest.approx(0.693147, abs=1e-3)
    rows = {
        "prompt": [chat.tokenizer.decode(item.prompt) for item in items],
        "chosen": [chat.tokenizer.decode(item.answer) for item in items],
        "rejected": [chat.tokenizer.decode(item.pair.worst) for item in items if item.pair],
    }
    trainer = trl.DPOTrainer(
        model=merged(student),
        ref_model=load_base(base, torch.float32, "cpu"),
        args=arguments(trl.DPOConfig, tmp_path, beta=0.1, loss_type="sigmoid"),
        train_dataset=datasets.Dataset.from_dict(rows),
        processing_class=chat.tokenizer,
    )
    assert first_loss(trainer) == pytest.approx(ours, abs=1e-3)
