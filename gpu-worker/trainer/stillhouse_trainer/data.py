"""Curated rows (contracts/stages.ts, `CuratedRow`) into what a training reads: token ids, pairs and their margins."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .config import TrainConfig
from .errors import TrainerError
from .prompts import ChatFormat


@dataclass
class Pair:
    """A worse answer to the same prompt, and how far apart best-of-n holds the two."""

    worst: list[int]
    #: Target of the log-ratio's difference; see `margin`.
    margin: float


@dataclass
class Item:
    """One answer to learn. Text rows with several kept answers make several items; the pair is with the first."""

    row_id: str
    prompt: list[int]
    answer: list[int]
    pair: Pair | None

    @property
    def tokens(self) -> int:
        return len(self.prompt) + len(self.answer)


@dataclass
class Row:
    """A row of the curated file that teaches or judges."""

    row_id: str
    prompt: list[int]
    #: The teacher's answer: the majority of its samples.
    reference: str
    reference_ids: list[int]
    #: Label tasks: answer → share of the teacher's samples.
    shares: dict[str, float]
    items: list[Item]


@dataclass
class Data:
    train: list[Row]
    validation: list[Row]

    @property
    def items(self) -> list[Item]:
        return [item for row in self.train for item in row.items]

    @property
    def longest_answer(self) -> int:
        """In tokens, with the one that ends it."""
        return max(len(item.answer) for item in self.items)


def load_data(config: TrainConfig, chat: ChatFormat, context_tokens: int) -> Data:
    window = min(config.settings.max_tokens, context_tokens)
    data = Data([], [])
    for line in _lines(config.data.path, config.data.sha256):
        if line["dropped"] is not None or not line["best"]:
            continue
        row = _row(line, config, chat)
        longest = max(item.tokens for item in row.items)
        if longest > window:
            raise TrainerError(
                "row_too_long",
                f"Row {row.row_id} takes {longest} tokens with its answer, and the window has {window}.",
                rowId=row.row_id,
                tokens=longest,
                window=window,
            )
        (data.train if line["split"] == "train" else data.validation).append(row)
    if not data.train:
        raise TrainerError("data_invalid", "No training row has an answer.")
    if not data.validation:
        raise TrainerError("data_invalid", "No validation row has an answer: the best checkpoint can't be told.")
    return data


def _lines(path: Path, sha256: str) -> Iterator[dict[str, Any]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TrainerError("data_invalid", f"The training data can't be read: {error.strerror}.") from None
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256:
        raise TrainerError("data_invalid", "The training data is not what was curated: its hash differs.", found=found, expected=sha256)
    for number, line in enumerate(raw.decode("utf-8").splitlines(), 1):
        if line.strip() == "":
            continue
        try:
            row = json.loads(line)
            for key in ("rowId", "split", "messages", "votes", "best", "worst", "agreement", "dropped"):
                row[key]
        except (ValueError, KeyError, TypeError) as error:
            raise TrainerError("data_invalid", f"Line {number} of the training data is no curated row ({error}).", line=number) from None
        yield row


def _row(line: dict[str, Any], config: TrainConfig, chat: ChatFormat) -> Row:
    prompt = encode_prompt(chat, line["messages"], line["rowId"])
    # Labels and JSON that mean the same were counted together, so a second kept answer contradicts the first: to learn both
    # would be to learn to waver. Free texts differ without contradiction.
    kept: list[str] = line["best"][: config.keep_best] if config.task.kind == "text" else line["best"][:1]
    answers = [chat.answer_ids(text) for text in kept]
    pair = None
    distance = margin(line, config.n_samples)
    if line["worst"] is not None and line["worst"] not in kept and distance > 0:
        pair = Pair(chat.answer_ids(line["worst"]), distance)
    items = [Item(line["rowId"], prompt, answer, pair if at == 0 else None) for at, answer in enumerate(answers)]
    votes: dict[str, float] = line["votes"]
    total = sum(votes.values())
    shares = {answer: count / total for answer, count in votes.items()} if total else {}
    return Row(line["rowId"], prompt, kept[0], answers[0], shares, items)


def encode_prompt(chat: ChatFormat, messages: list[dict[str, Any]], row_id: str) -> list[int]:
    try:
        return chat.prompt_ids(messages)
    except Exception as error:
        # Templates refuse what they don't know, such as a system message, by an exception of their own.
        raise TrainerError("data_invalid", f"Row {row_id} does not go through the base's chat template: {error}", rowId=row_id) from error


def margin(line: dict[str, Any], n_samples: int) -> float:
    """
    How much likelier best-of-n sampling makes the best answer against the worst than the teacher's own sampling does.

    Best-of-n has the density n·Q(y)^(n-1)·π(y) with Q the share of samples that y beats (BoNBoN, arXiv 2406.00832,
    eq. 3), so the log-ratio of two answers moves by (n-1)·log(Q(best)/Q(worst)). Q is the mid-rank, for answers tie.
    """
    scores = candidate_scores(line, n_samples)
    return rank_margin(scores) if len(scores) > 1 else 0.0


def candidate_scores(line: dict[str, Any], n_samples: int) -> list[float]:
    """One score a sample: a judge's where there is one, else how many samples gave the same answer."""
    if line.get("candidates"):
        return [float(candidate["score"]) for candidate in line["candidates"]]
    votes: dict[str, float] = line["votes"]
    if votes:
        return [float(count) for count in votes.values() for _ in range(int(count))]
    # Of texts and JSON the row says the share of the best; the worst is one of the others.
    best = round(line["agreement"] * n_samples)
    return [float(best)] * best + [1.0] * (n_samples - best)


def rank_margin(scores: list[float]) -> float:
    """(n-1)·log(Q(best)/Q(worst)) by mid-ranks; 0 where all are equal."""
    n, best, worst = len(scores), max(scores), min(scores)

    def share_beaten(score: float) -> float:
        return (sum(other < score for other in scores) + 0.5 * sum(other == score for other in scores)) / n

    return (n - 1) * math.log(share_beaten(best) / share_beaten(worst))
