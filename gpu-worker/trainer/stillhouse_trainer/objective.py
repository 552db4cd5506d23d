"""The loss of one pass through the device, as a part of its batch's loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .config import TrainingSettings
from .data import Item, Pair
from .losses import best_of_n, dpo, kl_divergence, log_ratio_gain, per_token, token_logprobs
from .model import Student


@dataclass(frozen=True)
class Weights:
    """Of the terms; 0 leaves a term out, with the work for it."""

    nll: float
    preference: float
    kl: float


def weights_of(settings: TrainingSettings, round: int) -> Weights:
    if round == 0:
        return Weights(1.0, 0.0, 0.0)
    return Weights(1 - settings.beta, settings.beta, settings.gamma)


@dataclass
class Sums:
    """What a pass adds to its batch; divided by the batch's counts they are the terms that people see."""

    nll: float = 0.0
    preference: float = 0.0
    preferred: float = 0.0
    kl: float = 0.0
    tokens: int = 0

    def add(self, other: Sums) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True)
class Counts:
    """Of a whole batch, whatever passes it is cut into: so the cut does not change the gradient."""

    rows: int
    answer_tokens: int
    pairs: int

    @classmethod
    def of(cls, batch: Sequence[Item]) -> Counts:
        return cls(len(batch), sum(len(item.answer) for item in batch), sum(item.pair is not None for item in batch))


class Objective:
    def __init__(self, student: Student, preference: str, pad_id: int) -> None:
        self.student = student
        self.preference = preference
        self.pad_id = pad_id

    def loss(self, items: Sequence[Item], weights: Weights, counts: Counts) -> tuple[torch.Tensor, Sums]:
        """R rows, then the worse answers of the P among them that have a pair, in one forward."""
        pairs = [(at, item.pair) for at, item in enumerate(items) if item.pair is not None] if weights.preference else []
        sequences = [(item.prompt, item.answer) for item in items]
        sequences += [(items[at].prompt, pair.worst) for at, pair in pairs]
        packed = self.student.pack(sequences, self.pad_id)
        # Before the student's own pass: switching adapters must not touch a graph that waits for its gradient.
        anchor = self.student.anchor_logits(packed) if pairs or weights.kl else None
        logits = self.student.logits(packed)
        rows = len(items)
        logprobs = token_logprobs(logits, packed.answers)
        nll = -logprobs[:rows].sum()
        sums = Sums(nll=float(nll.detach()), tokens=packed.tokens)
        loss = weights.nll * nll / counts.answer_tokens
        if pairs and anchor is not None:
            lengths = torch.tensor([len(answer) for _, answer in sequences], device=logprobs.device)
            terms, preferred = self._preference(logprobs, token_logprobs(anchor, packed.answers), lengths, pairs)
            loss = loss + weights.preference * terms / counts.rows
            sums.preference, sums.preferred = float(terms.detach()), preferred
        if weights.kl and anchor is not None:
            kl = kl_divergence(logits[:rows], anchor[:rows], packed.answers[:rows])
            loss = loss + weights.kl * kl / counts.answer_tokens
            sums.kl = float(kl.detach())
        return loss, sums

    def _preference(
        self, logprobs: torch.Tensor, anchor: torch.Tensor, lengths: torch.Tensor, pairs: list[tuple[int, Pair]]
    ) -> tuple[torch.Tensor, float]:
        """Sum over the pairs, and how many of them the student has the right way round; the worse answers come last."""
        own, frozen = logprobs.sum(-1), anchor.sum(-1)
        rows = len(own) - len(pairs)
        places = torch.tensor([at for at, _ in pairs], device=own.device)
        gain = log_ratio_gain(own[places], own[rows:], frozen[places], frozen[rows:])
        if self.preference == "dpo":
            terms = dpo(gain)
        else:
            terms = best_of_n(gain, torch.tensor([pair.margin for _, pair in pairs], device=own.device, dtype=own.dtype))
        return per_token(terms, lengths[places], lengths[rows:]).sum(), float((own[places] > own[rows:]).sum())


def terms_of(sums: Sums, counts: Counts, weights: Weights) -> dict[str, float]:
    """The loss and what it is made of. `preference` is the mean over pairs, for people; the loss has it a row. All are per answer token."""
    nll, kl = sums.nll / counts.answer_tokens, sums.kl / counts.answer_tokens
    terms = {"loss": weights.nll * nll + weights.preference * sums.preference / counts.rows + weights.kl * kl, "nll": nll}
    if weights.preference and counts.pairs:
        terms |= {"preference": sums.preference / counts.pairs, "preferenceAccuracy": sums.preferred / counts.pairs}
    if weights.kl:
        terms["kl"] = kl
    return terms
