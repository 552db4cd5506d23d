"""The trainer as a process: refusals, events and nothing but events on stdout."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path

import pytest
from conftest import Trainer, curated_rows, train_config, write_rows

from stillhouse_trainer import device_lock
from stillhouse_trainer.config import TrainConfig
from stillhouse_trainer.errors import TrainerError
from stillhouse_trainer.strict_json import parse, read_config


def config(tmp_path: Path, settings: dict | None = None, **changes: object) -> dict:
    return {**train_config(tmp_path, tmp_path, {"path": "/nowhere", "sha256": "0"}, settings), **changes}


@pytest.mark.parametrize(
    ("settings", "changes", "sentence"),
    [
        ({"loraRnk": 4}, {}, "settings.loraRnk is not a setting."),
        ({}, {"extra": 1}, "extra is not a setting."),
        ({"loraRank": "4"}, {}, "settings.loraRank must be a whole number."),
        ({"loraRank": True}, {}, "settings.loraRank must be a whole number."),
        ({"beta": 2}, {}, "settings.beta must be from 0 to 1."),
        ({"learningRate": 0}, {}, "settings.learning_rate must be greater than 0."),
        ({"preference": "ppo"}, {}, "settings.preference must be one of best-of-n, dpo."),
        ({}, {"data": {"path": "x"}}, "data.sha256 is missing."),
        ({}, {"labels": "a"}, "labels must be a list."),
        ({}, {"labels": [1]}, r"labels\[0\] must be a text."),
        ({"rounds": 2}, {"task": {"kind": "text"}}, "More than one round needs a score"),
        ({}, {"microBatchRows": 0}, "micro_batch_rows must be at least 1."),
    ],
)
def test_a_wrong_configuration_is_a_sentence(tmp_path: Path, settings: dict, changes: dict, sentence: str):
    with pytest.raises(TrainerError, match=sentence) as refused:
        parse(TrainConfig, config(tmp_path, settings, **changes), "")
    assert refused.value.code == "config_invalid"


def test_a_configuration_that_is_no_json(tmp_path: Path):
    (tmp_path / "c.json").write_text("{")
    with pytest.raises(TrainerError, match="is not JSON"):
        read_config(TrainConfig, tmp_path / "c.json")
    with pytest.raises(TrainerError, match="can't be read"):
        read_config(TrainConfig, tmp_path / "d.json")


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path):
    parsed = parse(TrainConfig, config(tmp_path, {"loraRank": 4.0, "loraAlpha": 8}), "")
    assert (parsed.settings.lora_rank, parsed.settings.lora_alpha) == (4, 8.0)
    assert parsed.settings.steps is None


def test_the_process_refuses_with_an_event_and_a_status(trainer: Trainer, tmp_path: Path):
    ended = trainer.run("train", config(tmp_path, {"loraRnk": 1}))
    assert ended.status == 64
    assert ended.error["code"] == "config_invalid"
    assert ended.error["message"] == "settings.loraRnk is not a setting."


def test_a_device_that_is_held_is_named(trainer: Trainer, base: Path, tmp_path: Path):
    data = write_rows(tmp_path / "rows.jsonl", curated_rows())
    lock = tmp_path / "device.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write("4711\n")
        held.flush()
        ended = trainer.run("train", train_config(base, trainer.folder, data, deviceLock=str(lock)))
    assert ended.status == 69
    assert (ended.error["code"], ended.error["data"]["holder"]) == ("device_busy", 4711)


def test_the_lock_ends_with_its_holder(tmp_path: Path):
    descriptor = device_lock.hold(tmp_path / "lock")
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    with pytest.raises(TrainerError):
        device_lock.hold(tmp_path / "lock")
    os.close(descriptor)
    os.close(device_lock.hold(tmp_path / "lock"))


def test_inspect_says_what_a_base_is(trainer: Trainer, base: Path):
    rows = trainer.folder / "rows.jsonl"
    lines = [{"rowId": f"r{at}", "messages": [{"role": "user", "content": "card " * at}], "answer": "card_lost"} for at in range(1, 5)]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    source = {"kind": "folder", "path": str(base), "id": "tiny"}
    (found,) = trainer.run("inspect", {"base": source, "rows": str(rows), "maxTokens": None}).of("base")
    assert (found["id"], found["contextTokens"], found["longestRowId"]) == ("tiny", 256, "r4")
    assert found["bytes16"] == 2 * found["parameters"]
    assert found["controlTokens"] == ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"]
    assert found["eosTokens"][0] == "<|im_end|>"
    ended = trainer.run("inspect", {"base": source, "rows": str(rows), "maxTokens": found["longestRowTokens"] - 1})
    assert (ended.status, ended.error["code"], ended.error["data"]["rowId"]) == (65, "row_too_long", "r4")


def test_inspect_refuses_what_it_must(trainer: Trainer, base: Path, tmp_path: Path):
    missing = trainer.run("inspect", {"base": {"kind": "folder", "path": str(tmp_path / "no"), "id": "x"}})
    assert (missing.status, missing.error["code"]) == (66, "base_missing")
    broken = Path(shutil.copytree(base, tmp_path / "copy"))
    (broken / "tokenizer.json").write_text("{}")
    malformed = trainer.run("inspect", {"base": {"kind": "folder", "path": str(broken), "id": "x"}})
    assert (malformed.status, malformed.error["code"]) == (66, "base_malformed")
