"""Each term against a value computed by hand, and the whole gradient against finite differences."""

from __future__ import annotations

import math

import pytest
import torch

from stillhouse_trainer.losses import best_of_n, dpo, kl_divergence, log_ratio_gain, per_token, token_logprobs

#: One row, three places, two words; the first place is before the answer begins.
LOGITS = torch.tensor([[[9.0, -9.0], [0.0, math.log(3.0)], [math.log(4.0), 0.0]]])
ANSWERS = torch.tensor([[-100, 1, 1]])


def test_nll_counts_answer_tokens_only():
    # p(1) = 3/4 at the second place, 1/5 at the third; the first does not count.
    found = token_logprobs(LOGITS, ANSWERS)
    assert found.tolist()[0] == pytest.approx([0.0, math.log(3 / 4), math.log(1 / 5)], abs=1e-6)


def test_kl_from_student_to_anchor():
    anchor = torch.zeros_like(LOGITS)  # half and half everywhere
    by_hand = (1 / 4 * math.log(1 / 2) + 3 / 4 * math.log(3 / 2)) + (4 / 5 * math.log(8 / 5) + 1 / 5 * math.log(2 / 5))
    assert float(kl_divergence(LOGITS, anchor, ANSWERS)) == pytest.approx(by_hand, abs=1e-6)
    # The other direction is another number: it is the student's divergence.
    assert float(kl_divergence(anchor, LOGITS, ANSWERS)) != pytest.approx(by_hand, abs=1e-2)
    assert float(kl_divergence(LOGITS, LOGITS, ANSWERS)) == pytest.approx(0, abs=1e-7)


def test_best_of_n_is_one_at_the_anchor_and_zero_at_its_margin():
    margin = torch.tensor([4.0, 4.0, 2.0])
    gain = torch.tensor([0.0, 4.0, 3.0])
    assert best_of_n(gain, margin).tolist() == pytest.approx([1.0, 0.0, 0.25])


def test_dpo_by_hand():
    # -log σ(0.1·(ln 2 + 1)), with gains of 2 logs over the anchor
    gain = log_ratio_gain(torch.tensor([-1.0]), torch.tensor([-3.0]), torch.tensor([-2.0]), torch.tensor([-1.0]))
    assert gain.tolist() == pytest.approx([3.0])
    assert dpo(gain).tolist() == pytest.approx([math.log(1 + math.exp(-0.3))])


def test_per_token_by_hand():
    # answers of 2 and 4 tokens: mean 3; of 80 and 80
    assert per_token(torch.tensor([6.0, 4.0]), torch.tensor([2, 80]), torch.tensor([4, 80])).tolist() == pytest.approx([2.0, 0.05])


@pytest.mark.parametrize("term", ["nll", "kl", "best-of-n", "dpo"])
def test_gradients_against_finite_differences(term: str):
    torch.manual_seed(1)
    logits = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    anchor = torch.randn(2, 3, 5, dtype=torch.float64)
    answers = torch.tensor([[-100, 3, 1], [2, 0, 4]])

    def value(given: torch.Tensor) -> torch.Tensor:
        own, frozen = token_logprobs(given, answers).sum(-1), token_logprobs(anchor, answers).sum(-1)
        gain = log_ratio_gain(own[:1], own[1:], frozen[:1], frozen[1:])
        return {
            "nll": lambda: -own.sum(),
            "kl": lambda: kl_divergence(given, anchor, answers),
            "best-of-n": lambda: best_of_n(gain, torch.tensor([3.0], dtype=torch.float64)).sum(),
            "dpo": lambda: dpo(gain).sum(),
        }[term]()

    assert torch.autograd.gradcheck(value, (logits,))
