"""Curated rows into items, pairs and margins."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from conftest import curated, curated_rows, train_config, write_rows

from stillhouse_trainer.config import TrainConfig
from stillhouse_trainer.data import Data, load_data, margin, rank_margin
from stillhouse_trainer.errors import TrainerError
from stillhouse_trainer.prompts import ChatFormat
from stillhouse_trainer.strict_json import parse


def load(base: Path, folder: Path, chat: ChatFormat, rows: list[dict[str, Any]], context: int = 256, **changes: Any) -> Data:
    settings = changes.pop("settings", None)
    config = parse(TrainConfig, train_config(base, folder, write_rows(folder / "rows.jsonl", rows), settings, **changes), "")
    return load_data(config, chat, context)


def test_margins_by_hand():
    # Votes 3:1 of four: the best beats 1 + 3/2 of 4, the worst 1/2 of 4; (4-1)·ln(2.5/0.5)
    assert margin(curated(0, "a", "t", votes={"a": 3, "b": 1}), 4) == pytest.approx(3 * math.log(5))
    assert margin(curated(0, "a", "t", votes={"a": 2, "b": 2}), 4) == 0
    assert margin(curated(0, "a", "t", votes={"a": 4}), 4) == 0
    # 2:1:1: the best beats 2 + 2/2 of 4, each worst 2/2 of 4
    assert margin(curated(0, "a", "t", votes={"a": 2, "b": 1, "c": 1}), 4) == pytest.approx(3 * math.log(3))
    # A JSON row knows the share of its best alone.
    assert margin(curated(0, "a", "t", votes={}, agreement=0.75), 4) == pytest.approx(3 * math.log(5))
    # A judge's scores come first: ranks .9 > .5 > .1 are 2.5/3 and 0.5/3
    scored = [{"text": text, "score": score} for text, score in (("x", 0.9), ("y", 0.5), ("z", 0.1))]
    assert margin(curated(0, "a", "t", candidates=scored), 3) == pytest.approx(2 * math.log(5))
    assert rank_margin([1.0, 1.0]) == 0


def test_rows_become_items(base: Path, tmp_path: Path, chat: ChatFormat):
    data = load(base, tmp_path, chat, curated_rows())
    assert (len(data.train), len(data.validation), len(data.items)) == (18, 6, 18)
    paired = [item for item in data.items if item.pair]
    assert len(paired) == 9
    assert paired[0].pair is not None
    assert chat.decode(paired[0].pair.worst) == "card_late"
    assert data.train[0].shares == {"card_lost": 0.75, "card_late": 0.25}


def test_free_texts_keep_several_answers_and_labels_one(base: Path, tmp_path: Path, chat: ChatFormat):
    row = curated(0, "hello", "hi", votes={}, best=["hello", "good day", "hey"], worst="go away", agreement=0.5)
    rows = [row, curated(1, "hello", "hi", "validation")]
    texts = load(base, tmp_path, chat, rows, task={"kind": "text"})
    assert [chat.decode(item.answer) for item in texts.items] == ["hello", "good day"]
    assert [item.pair is not None for item in texts.items] == [True, False]
    assert len(load(base, tmp_path, chat, rows, task={"kind": "json"}).items) == 1


def test_a_row_over_the_window_is_named(base: Path, tmp_path: Path, chat: ChatFormat):
    rows = [*curated_rows(), curated(99, "card_lost", "card " * 300)]
    with pytest.raises(TrainerError, match=r"Row row-99 takes \d{3} tokens with its answer, and the window has 200") as refused:
        load(base, tmp_path, chat, rows)
    assert refused.value.code == "row_too_long"
    assert refused.value.data["rowId"] == "row-99"
    with pytest.raises(TrainerError) as refused:
        load(base, tmp_path, chat, curated_rows(), settings={"maxTokens": 20})
    assert refused.value.data["window"] == 20


def test_an_answer_counts_into_the_window(base: Path, tmp_path: Path, chat: ChatFormat):
    with pytest.raises(TrainerError) as refused:
        load(base, tmp_path, chat, [*curated_rows(), curated(98, "card " * 300, "hi")])
    assert (refused.value.code, refused.value.data["rowId"]) == ("row_too_long", "row-98")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([curated(0, "a", "t")], "data_invalid"),
        ([curated(0, "a", "t", "validation")], "data_invalid"),
        ([{"rowId": "x"}], "data_invalid"),
    ],
    ids=["no validation", "no training", "no curated row"],
)
def test_rows_that_can_not_be_trained_on(base: Path, tmp_path: Path, chat: ChatFormat, rows: list[dict[str, Any]], code: str):
    with pytest.raises(TrainerError) as refused:
        load(base, tmp_path, chat, rows)
    assert refused.value.code == code


def test_other_data_than_was_curated(base: Path, tmp_path: Path, chat: ChatFormat):
    data = write_rows(tmp_path / "rows.jsonl", curated_rows())
    config = parse(TrainConfig, train_config(base, tmp_path, {**data, "sha256": "0" * 64}), "")
    with pytest.raises(TrainerError, match="hash differs"):
        load_data(config, chat, 256)
