"""Which rows a step reads, and how they lie in memory."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .losses import IGNORED

#: Rows are sorted by length within so many batches: little padding, and still another mix in each epoch.
SORTED_TOGETHER = 16
#: A common beginning that is shorter is not worth a pass of its own.
SHORTEST_PREFIX = 16


def epoch_batches(lengths: Sequence[int], batch_rows: int, key: str) -> list[list[int]]:
    """Places of the rows of each batch: a pure function of its arguments, so a resume needs no more than a step's number."""
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
    """
    R sequences: P tokens with which all of them begin, kept once, then T of their own, right-aligned. So all answers share
    the last K places, and lm_head runs on K+1 places only; a system prompt is computed once a pass, not once a row.
    """

    #: (P,), P may be 0.
    prefix: torch.Tensor
    #: (R, T) and (R, T): 0 before a row begins.
    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    #: (R, K) the answers' ids, IGNORED before they begin.
    answers: torch.Tensor

    @property
    def tokens(self) -> int:
        """Of all rows, the common beginning counted in each."""
        return len(self.prefix) * len(self.input_ids) + int(self.attention_mask.sum())


def pack(sequences: Sequence[tuple[list[int], list[int]]], pad_id: int, device: torch.device | str, share_prefix: bool = True) -> Packed:
    """`sequences` are (prompt, answer); an answer may be empty in all of them, for prompts that are yet to be answered."""
    shared = common_prefix([prompt for prompt, _ in sequences]) if share_prefix else 0
    width = max(len(answer) for _, answer in sequences)
    # The place before an answer's first token is needed too: a short prompt beside a long answer must not lose it.
    total = max(width + 1, max(len(prompt) + len(answer) for prompt, answer in sequences) - shared)
    input_ids = torch.full((len(sequences), total), pad_id)
    attention_mask = torch.zeros_like(input_ids)
    answers = torch.full((len(sequences), width), IGNORED)
    for at, (prompt, answer) in enumerate(sequences):
        ids = torch.tensor(prompt[shared:] + answer)
        input_ids[at, total - len(ids) :] = ids
        attention_mask[at, total - len(ids) :] = 1
        if answer:
            answers[at, width - len(answer) :] = torch.tensor(answer)
    prefix = torch.tensor(sequences[0][0][:shared], dtype=torch.long)
    return Packed(prefix.to(device), input_ids.to(device), attention_mask.to(device), answers.to(device))


def common_prefix(prompts: Sequence[list[int]]) -> int:
    """Tokens with which all begin, at least one of each prompt left over; 0 where sharing would save little."""
    if len(prompts) < 2:
        return 0
    # Of all words those first and last in order differ the soonest.
    first, last = min(prompts), max(prompts)
    most = min(map(len, prompts)) - 1
    length = next((at for at in range(most) if first[at] != last[at]), most)
    return length if length >= SHORTEST_PREFIX else 0
