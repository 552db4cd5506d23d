"""The loss of a batch: its parts, its cut into passes, and its gradient on a model."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import SETTINGS, curated_rows

from stillhouse_trainer.config import TrainConfig, TrainingSettings
from stillhouse_trainer.data import Item, Pair
from stillhouse_trainer.losses import DPO_BETA
from stillhouse_trainer.model import Student
from stillhouse_trainer.objective import Counts, Objective, Sums, Weights, terms_of
from stillhouse_trainer.prompts import ChatFormat
from stillhouse_trainer.strict_json import parse


@pytest.fixture
def student(base: Path) -> Student:
    """Without dropout, its adapter moved off zero, with an anchor elsewhere."""
    settings = parse(TrainingSettings, {**SETTINGS, "loraDropout": 0}, "settings")
    student = Student(base, settings, torch.device("cpu"))
    source = torch.Generator().manual_seed(3)
    weights = {name: tensor + 0.05 * torch.randn(tensor.shape, generator=source) for name, tensor in student.weights().items()}
    student.set_anchor(weights)
    student.load_weights({name: tensor + 0.05 * torch.randn(tensor.shape, generator=source) for name, tensor in weights.items()})
    return student


@pytest.fixture
def items(chat: ChatFormat) -> list[Item]:
    made = []
    for row in curated_rows()[:6]:
        pair = Pair(chat.answer_ids(row["worst"]), 4.8) if row["worst"] else None
        made.append(Item(row["rowId"], chat.prompt_ids(row["messages"]), chat.answer_ids(row["best"][0]), pair))
    assert {item.pair is None for item in made} == {True, False}
    return made


WEIGHTS = Weights(nll=0.5, preference=0.5, kl=0.1)


def gradient(student: Student, chat: ChatFormat, items: list[Item], rows: int, weights: Weights = WEIGHTS, preference: str = "best-of-n"):
    objective = Objective(student, preference, chat.pad_id)
    counts, sums = Counts.of(items), Sums()
    for parameter in student.parameters:
        parameter.grad = None
    total = 0.0
    for begin in range(0, len(items), rows):
        loss, part = objective.loss(items[begin : begin + rows], weights, counts)
        loss.backward()
        total += float(loss.detach())
        sums.add(part)
    flat = torch.cat([parameter.grad.flatten() for parameter in student.parameters if parameter.grad is not None])
    return flat, total, terms_of(sums, counts, weights)


def test_cutting_a_batch_changes_nothing(student: Student, chat: ChatFormat, items: list[Item]):
    whole, total, terms = gradient(student, chat, items, 6)
    for rows in (1, 2, 4):
        cut, cut_total, cut_terms = gradient(student, chat, items, rows)
        assert torch.allclose(whole, cut, atol=1e-6, rtol=1e-4)
        assert cut_total == pytest.approx(total, rel=1e-5)
        assert cut_terms == pytest.approx(terms, rel=1e-4)
    assert terms["loss"] == pytest.approx(total, rel=1e-5)


def test_sharing_the_common_beginning_changes_nothing(student: Student, chat: ChatFormat, items: list[Item]):
    assert student.share_prefix
    assert len(student.pack([(item.prompt, item.answer) for item in items], chat.pad_id).prefix) > 20
    shared, total, _ = gradient(student, chat, items, 3)
    student.share_prefix = False
    alone, alone_total, _ = gradient(student, chat, items, 3)
    assert torch.allclose(shared, alone, atol=1e-6, rtol=1e-4)
    assert total == pytest.approx(alone_total, rel=1e-5)


@pytest.mark.parametrize("preference", ["best-of-n", "dpo"])
def test_gradient_against_finite_differences(student: Student, chat: ChatFormat, items: list[Item], preference: str):
    student.model.double()
    objective, counts = Objective(student, preference, chat.pad_id), Counts.of(items)

    def loss() -> float:
        return float(objective.loss(items, WEIGHTS, counts)[0].detach())

    flat, _, _ = gradient(student, chat, items, 6, preference=preference)
    step, at = 3e-3, 0
    for parameter in student.parameters:
        slope = flat[at : at + parameter.numel()].view(parameter.shape)
        at += parameter.numel()
        direction = slope / slope.norm()
        with torch.no_grad():
            parameter += step * direction
            above = loss()
            parameter -= 2 * step * direction
            below = loss()
            parameter += step * direction
        # Llama's norms are in float32 whatever the rest is in: the quotient is good to a few digits.
        assert (above - below) / (2 * step) == pytest.approx(float(slope.norm()), rel=0.02, abs=3e-5)


def test_a_weight_of_zero_leaves_the_same_bytes_as_no_term(student: Student, chat: ChatFormat, items: list[Item]):
    plain = [dataclasses.replace(item, pair=None) for item in items]
    without, _, terms = gradient(student, chat, items, 2, Weights(1.0, 0.0, 0.0))
    never, _, _ = gradient(student, chat, plain, 2, Weights(1.0, 0.0, 0.0))
    assert torch.equal(without, never)
    assert set(terms) == {"loss", "nll"}
    # β alone off: as if no row had a pair.
    kl_only, _, terms = gradient(student, chat, items, 2, Weights(1.0, 0.0, 0.1))
    kl_never, _, _ = gradient(student, chat, plain, 2, Weights(1.0, 0.0, 0.1))
    assert torch.equal(kl_only, kl_never)
    assert set(terms) == {"loss", "nll", "kl"}
    assert not torch.equal(kl_only, without)


def test_a_long_answer_weighs_as_a_short_one(student: Student, chat: ChatFormat, items: list[Item]):
    """Else the preference would rule over NLL, a mean, where answers are long. At the anchor, where the pull is strongest."""
    student.set_anchor(student.weights())
    row = next(item for item in items if item.pair is not None)
    shares = []
    for times in (1, 12):
        assert row.pair is not None
        repeated = dataclasses.replace(row, answer=row.answer * times, pair=Pair(row.pair.worst * times, row.pair.margin))
        preference, _, _ = gradient(student, chat, [repeated], 1, Weights(0.0, 1.0, 0.0))
        nll, _, _ = gradient(student, chat, [repeated], 1, Weights(1.0, 0.0, 0.0))
        shares.append(float(preference.norm() / nll.norm()))
    assert shares[1] < 3 * shares[0]


def test_terms_off_need_no_anchor(base: Path, chat: ChatFormat, items: list[Item]):
    settings = parse(TrainingSettings, SETTINGS, "settings")
    student = Student(base, settings, torch.device("cpu"))
    gradient(student, chat, items, 2, Weights(1.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="anchor"):
        gradient(student, chat, items, 2, Weights(1.0, 0.0, 0.1))


def test_a_batch_without_pairs_has_no_preference(student: Student, chat: ChatFormat, items: list[Item]):
    _, total, terms = gradient(student, chat, [item for item in items if item.pair is None], 2)
    assert "preference" not in terms
    assert total == pytest.approx(0.5 * terms["nll"] + 0.1 * terms["kl"], rel=1e-5)


def test_dpo_at_the_anchor_is_log_two(base: Path, chat: ChatFormat, items: list[Item]):
    settings = parse(TrainingSettings, {**SETTINGS, "loraDropout": 0}, "settings")
    student = Student(base, settings, torch.device("cpu"))
    student.set_anchor(student.weights())
    _, _, terms = gradient(student, chat, items, 6, preference="dpo")
    lengths = [(len(item.answer) + len(item.pair.worst)) / 2 for item in items if item.pair is not None]
    assert terms["preference"] == pytest.approx(sum(0.693147 / length for length in lengths) / len(lengths), abs=1e-5)
    assert terms["kl"] == pytest.approx(0, abs=1e-7)
    assert DPO_BETA == 0.1


def test_identity_knows_what_decides_the_result(base: Path, tmp_path: Path):
    from conftest import train_config

    data = {"path": str(tmp_path / "x"), "sha256": "a" * 64}

    def identity(settings: dict | None = None, data: dict[str, str] = data, **changes: object) -> str:
        return parse(TrainConfig, train_config(base, tmp_path, data, settings, **changes), "").identity()

    same = identity()
    assert same == identity(microBatchRows=6, rateFactor=0.5, threads=2, attempt=9, checkpointSeconds=1, deviceLock="/x")
    assert same != identity({"seed": 8})
    assert same != identity({"beta": 0})
    assert same != identity(baseDigest="e" * 64)
    assert same != identity(data={**data, "sha256": "b" * 64})


def test_what_a_pass_in_bfloat16_keeps(base: Path, chat: ChatFormat, items: list[Item], monkeypatch: pytest.MonkeyPatch):
    """Adapters in float32 must not have float32 copies of every layer's input kept; their gradients stay float32."""
    settings = parse(TrainingSettings, {**SETTINGS, "loraDropout": 0, "dtype": "bfloat16"}, "settings")
    student = Student(base, settings, torch.device("cpu"))

    def kept() -> int:
        tensors: dict[int, torch.Tensor] = {}

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            tensors[tensor.untyped_storage().data_ptr()] = tensor
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            student.logits(student.pack([(item.prompt, item.answer) for item in items], chat.pad_id))
        return sum(tensor.untyped_storage().nbytes() for tensor in tensors.values())

    plain = gradient(student, chat, items, 6, Weights(1.0, 0.0, 0.0))[0]
    assert plain.dtype == torch.float32
    assert bool(plain.isfinite().all())
    assert not torch.backends.cuda.cudnn_sdp_enabled(), "its gradients are not always numbers"
    bounded = kept()
    monkeypatch.setattr(student, "precision", contextlib.nullcontext)
    assert bounded < 0.9 * kept()
