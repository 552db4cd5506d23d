"""
The terms of the loss. K is the longest answer of a pass, V the vocabulary; positions that are no answer are masked.

Phase one: NLL(best). Afterwards, with the best model of phase one as anchor:

    (1-β)·NLL(best) + β·preference(best, worst) + γ·KL(student ‖ anchor)

NLL and KL are means over the answer tokens of a batch. The preference is the mean over the batch's rows of what each row's
pair says per answer token, and a row whose samples agree says nothing: so a pair weighs as much as a row, however few rows
have one, and as much in a JSON object of eighty tokens as in a label of three (`per_token`).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

#: DPO's temperature (arXiv 2305.18290, eq. 7).
DPO_BETA = 0.1
IGNORED = -100


def token_logprobs(logits: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """(R, K, V) and (R, K) → (R, K) log-probabilities of the answer's tokens, 0 where there is none."""
    logprobs = log_softmax(logits)
    chosen = logprobs.gather(-1, answers.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return chosen.masked_fill(answers == IGNORED, 0.0)


def log_softmax(logits: torch.Tensor) -> torch.Tensor:
    """In float32 at least, whatever the model computes in."""
    return torch.log_softmax(logits.to(torch.promote_types(logits.dtype, torch.float32)), dim=-1)


def kl_divergence(student: torch.Tensor, anchor: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """Σ over answer tokens of KL(student ‖ anchor); both (R, K, V) logits."""
    p = log_softmax(student)
    q = log_softmax(anchor)
    return (p.exp() * (p - q)).sum(-1).masked_fill(answers == IGNORED, 0.0).sum()


def log_ratio_gain(best: torch.Tensor, worst: torch.Tensor, anchor_best: torch.Tensor, anchor_worst: torch.Tensor) -> torch.Tensor:
    """(P,) how much the student prefers best to worst beyond the anchor; all (P,) sums over a whole answer."""
    return (best - anchor_best) - (worst - anchor_worst)


def per_token(terms: torch.Tensor, best: torch.Tensor, worst: torch.Tensor) -> torch.Tensor:
    """
    (P,) terms of sums over whole answers, divided by the mean length of the pair's answers ((P,) tokens each). Their aim
    stays where it was; but a sum's gradient at one token does not shrink with the answer as that of a mean does, and beside
    NLL it would rule in long answers (`docs/distillation.md`, "A graded task"). As Tülu 3's DPO (arXiv 2411.15124, 5.1.2).
    """
    return 2 * terms / (best + worst)


def best_of_n(gain: torch.Tensor, margin: torch.Tensor) -> torch.Tensor:
    """
    (P,) squared distance from best-of-n's margin, in units of the margin: 1 where the student is the anchor, 0 at the aim.
    Sums over sequences, not means: length is part of an answer's probability (BoNBoN, arXiv 2406.00832, eq. 10).
    """
    return (gain / margin - 1).square()


def dpo(gain: torch.Tensor) -> torch.Tensor:
    """(P,) the milder alternative (arXiv 2305.18290, eq. 7)."""
    return -F.logsigmoid(DPO_BETA * gain)
