"""Order, packing, schedule and scores: pure functions."""

from __future__ import annotations

import pytest
import torch
from conftest import SETTINGS

from stillhouse_trainer.batches import common_prefix, epoch_batches, pack
from stillhouse_trainer.config import TrainingSettings
from stillhouse_trainer.rounds import hash_seed
from stillhouse_trainer.schedule import FLOOR, learning_rate, plan_phases
from stillhouse_trainer.score import field_f1, score_answer
from stillhouse_trainer.strict_json import parse


def settings(**changes: object) -> TrainingSettings:
    return parse(TrainingSettings, {**SETTINGS, **changes}, "settings")


def test_an_epoch_is_a_pure_function_and_reads_every_row_once():
    lengths = [(at * 7) % 50 for at in range(103)]
    first = epoch_batches(lengths, 8, "7/0/0")
    assert first == epoch_batches(lengths, 8, "7/0/0")
    assert first != epoch_batches(lengths, 8, "7/0/1")
    assert sorted(at for batch in first for at in batch) == list(range(103))
    # Alike in length: far less apart than by chance.
    spread = sum(max(lengths[at] for at in batch) - min(lengths[at] for at in batch) for batch in first) / len(first)
    assert spread < 6


def test_answers_share_the_tail():
    packed = pack([([1, 2], [3]), ([4, 5, 6], [7, 8])], pad_id=0, device="cpu")
    assert packed.input_ids.tolist() == [[0, 0, 1, 2, 3], [4, 5, 6, 7, 8]]
    assert packed.attention_mask.tolist() == [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]
    assert packed.answers.tolist() == [[-100, 3], [7, 8]]
    assert packed.tokens == 8


def test_a_short_prompt_beside_a_long_answer_keeps_its_place():
    packed = pack([([1], [2, 3, 4]), ([5], [6])], pad_id=0, device="cpu")
    assert packed.input_ids.shape[1] == packed.answers.shape[1] + 1


def test_a_common_beginning_is_kept_once():
    beginning = list(range(10, 40))
    sequences = [([*beginning, 1, 2], [3]), ([*beginning, 4], [5, 6])]
    packed = pack(sequences, pad_id=0, device="cpu")
    assert packed.prefix.tolist() == beginning
    assert packed.input_ids.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert packed.tokens == 66
    assert pack(sequences, 0, "cpu", share_prefix=False).input_ids.shape == (2, 33)
    # One token of each prompt is left over: the answer's first token is predicted at it.
    assert common_prefix([beginning, beginning]) == 29
    assert common_prefix([beginning]) == 0
    assert common_prefix([[1, 2, 3], [1, 2, 4]]) == 0


def test_phases():
    phases = plan_phases(settings(warmupEpochs=3, epochs=1.5, rounds=3, batchRows=6), items=20)
    assert [(phase.name, phase.steps) for phase in phases] == [("warm-up", 12), ("preference", 6), ("round-2", 6), ("round-3", 6)]
    assert plan_phases(settings(epochs=0), 20)[-1].name == "warm-up"


def test_a_bound_on_steps_takes_from_each_phase_its_share():
    phases = plan_phases(settings(warmupEpochs=2, epochs=2, steps=5, batchRows=6), items=60)
    assert [phase.steps for phase in phases] == [2, 3]
    assert [phase.name for phase in plan_phases(settings(steps=1), 600)] == ["warm-up"]
    assert sum(phase.steps for phase in plan_phases(settings(steps=10_000), 18)) == 12


def test_long_epochs_are_validated_within():
    assert plan_phases(settings(batchRows=1), 600)[0].validate_every == 200
    assert plan_phases(settings(batchRows=1), 90)[0].validate_every == 90


def test_the_rate_rises_and_falls():
    (phase, *_) = plan_phases(settings(warmupShare=0.1, warmupEpochs=10, batchRows=6), 60)
    rates = [learning_rate(settings(learningRate=1.0, warmupShare=0.1), phase, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(FLOOR, abs=0.01)


def test_fields_of_json():
    assert field_f1('{"a": 1, "b": [2, 3]}', '{"b": [3, 2], "a": 1}') == 1
    # one of two right, of two wanted
    assert field_f1('{"a": 1, "b": 2}', '{"a": 1, "b": 3}') == pytest.approx(0.5)
    # 1 shared, 1 given, 3 wanted
    assert field_f1('{"a": 1}', '{"a": 1, "b": 2, "c": 3}') == pytest.approx(2 * 1 / 4)
    assert field_f1("{", '{"a": 1}') == 0
    assert field_f1('{"a": "1"}', '{"a": 1}') == 0
    assert field_f1('{"a": 50.0}', '{"a": 50}') == 1
    assert score_answer("label", " a ", "a") == 1
    assert score_answer("text", "A", "a") == 0


def test_seeds_of_samples_differ():
    seeds = {hash_seed(7, round, at) for round in range(5) for at in range(200)}
    assert len(seeds) == 1000
    torch.Generator().manual_seed(max(seeds))
