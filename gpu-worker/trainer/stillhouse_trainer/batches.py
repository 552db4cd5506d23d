"""Which rows a step reads, and how they lie in memory."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .losses import IGNORED

#: Rows are sorted by length within so many batches: little padding, and still another mix in each epoch.
SORTED_TOGETHER = 16


def epoch_batches(lengths: Sequence[int], batch_rows: int, key: str) -> list[list[int]]:
    """Places of the rows of each batch: a pure function of its arguments, so that a step's number is all that a resume needs."""
    random_source = random.Random(key)
    order = list(range(len(lengths)))
    random_source.shuffle(order)
    batches: list[list[int]] = []
    for begin in range(0, len(order), batch_rows * SORTED_TOGETHER):
        chunk = sorted(order[begin : begin + batch_rows * SORTED_TOGETHER], key=lambda place: lengths[place])
        batches += [chunk[at : at + batch_rows] for at in range(0, len(chunk), batch_rows)]
    random_source.shuffle(batches)
    return batches


@dataclass
class Packed:
    """R sequences, T tokens wide, right-aligned: all answers share the last K places, so lm_head runs on K+1 places only."""

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    #: (R, K) the answers' ids, IGNORED before they begin.
    answers: torch.Tensor

    @property
    def tokens(self) -> int:
        return int(self.attention_mask.sum())

    @property
    def position_ids(self) -> torch.Tensor:
        return (self.attention_mask.cumsum(1) - 1).clamp(min=0)


def pack(sequences: Sequence[tuple[list[int], list[int]]], pad_id: int, device: torch.device | str) -> Packed:
    """`sequences` are (prompt, answer)."""
    width = max(len(answer) for _, answer in sequences)
    total = max(len(prompt) + len(answer) for prompt, answer in sequences)
    # An answer may be the widest and its prompt short: the row then begins later, K is the same.
    total = max(total, width + 1)
    input_ids = torch.full((len(sequences), total), pad_id)
    attention_mask = torch.zeros_like(input_ids)
    answers = torch.full((len(sequences), width), IGNORED)
    for at, (prompt, answer) in enumerate(sequences):
        ids = torch.tensor(prompt + answer)
        input_ids[at, total - len(ids) :] = ids
        attention_mask[at, total - len(ids) :] = 1
        answers[at, width - len(answer) :] = torch.tensor(answer)
    return Packed(input_ids.to(device), attention_mask.to(device), answers.to(device))
