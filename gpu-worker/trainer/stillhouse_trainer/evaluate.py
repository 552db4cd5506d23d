"""The validation rows, answered greedily and measured against the teacher's majority answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from . import stop
from .data import Row
from .losses import token_logprobs
from .model import Student
from .prompts import ChatFormat
from .ranks import Ranks
from .score import score_answer

#: More rows would move a score by less than its noise, and take time from training.
MOST_ROWS = 512
#: An answer that is so many tokens longer than any that was taught is wrong, whatever it goes on to say.
ROOM = 4


@dataclass(frozen=True)
class Validation:
    #: Mean agreement with the teacher, 0 to 1.
    score: float
    #: Mean NLL a token of the teacher's answers.
    nll: float
    rows: int

    def better_than(self, other: Validation | None) -> bool:
        return other is None or (self.score, -self.nll) > (other.score, -other.nll)

    def as_good_as(self, other: Validation) -> bool:
        """
        Within one standard error (L. Breiman et al., Classification and Regression Trees, 1984, 3.4.3); a score's variance
        is at most p(1-p).
        """
        return self.score >= other.score - math.sqrt(other.score * (1 - other.score) / other.rows)


def validate(
    student: Student, chat: ChatFormat, ranks: Ranks, rows: list[Row], kind: str, longest_answer: int, batch_rows: int
) -> Validation:
    """Draws no random numbers: it may be done again, or not at all, and the training goes the same way."""
    all_rows = sorted(rows[:MOST_ROWS], key=lambda row: len(row.prompt))
    rows = ranks.share(all_rows)
    score = total_nll = 0.0
    tokens = 0
    student.model.eval()
    try:
        for begin in range(0, len(rows), batch_rows):
            chunk = rows[begin : begin + batch_rows]
            prompts = [row.prompt for row in chunk]
            answers = student.answer(prompts, chat, longest_answer + ROOM)
            score += sum(score_answer(kind, chat.decode(ids), row.reference) for ids, row in zip(answers, chunk, strict=True))
            stop.check()
            with torch.inference_mode():
                packed = student.pack([(row.prompt, row.reference_ids) for row in chunk], chat.pad_id)
                total_nll -= float(token_logprobs(student.logits(packed), packed.answers).sum())
            tokens += sum(len(row.reference_ids) for row in chunk)
    finally:
        student.model.train()
    score, total_nll, total_tokens = ranks.sum([score, total_nll, float(tokens)])
    return Validation(score / len(all_rows), total_nll / total_tokens, len(all_rows))
