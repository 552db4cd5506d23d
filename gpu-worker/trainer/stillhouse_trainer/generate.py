"""Answers in batches: greedy, or sampled by a seed of the batch's own."""

from __future__ import annotations

from typing import Any

import torch

from . import stop
from .batches import pack
from .forward import can_share_prefix, forward


@torch.inference_mode()
def generate(
    model: Any,
    prompts: list[list[int]],
    eos_ids: list[int],
    pad_id: int,
    max_new_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
) -> list[list[int]]:
    """
    One answer a prompt, without the token that ends it; one that has not ended after `max_new_tokens` is cut there.
    Temperature 0 is greedy. A stop that is asked for raises between two tokens.
    """
    device = next(model.parameters()).device
    packed = pack([(prompt, []) for prompt in prompts], pad_id, device, can_share_prefix(model.config))
    source = torch.Generator().manual_seed(seed)
    ends = torch.tensor(eos_ids, device=device)
    made = forward(model, packed, use_cache=True, logits_to_keep=1)
    seen = torch.ones((len(prompts), len(packed.prefix)), dtype=packed.attention_mask.dtype, device=device)
    attention_mask = torch.cat([seen, packed.attention_mask], dim=1)
    position_ids = attention_mask.sum(1, keepdim=True)
    ended = torch.zeros(len(prompts), dtype=torch.bool, device=device)
    written: list[torch.Tensor] = []
    while True:
        token = _choose(made.logits[:, -1].float(), temperature, source)
        written.append(token)
        ended = ended | torch.isin(token, ends)
        if len(written) == max_new_tokens or bool(ended.all()):
            break
        stop.check()
        attention_mask = torch.cat([attention_mask, torch.ones_like(position_ids)], dim=1)
        made = model(
            input_ids=token.unsqueeze(1),
            attention_mask=attention_mask,
            position_ids=position_ids,
            cache=made.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        position_ids = position_ids + 1
    return [_until_end(row, set(eos_ids)) for row in torch.stack(written, dim=1).tolist()]


def _choose(logits: torch.Tensor, temperature: float, source: torch.Generator) -> torch.Tensor:
    if temperature == 0:
        return logits.argmax(-1)
    # Drawn on the CPU: its generator gives the same numbers wherever the model runs.
    shares = torch.softmax(logits / temperature, dim=-1).cpu()
    return torch.multinomial(shares, 1, generator=source).squeeze(1).to(logits.device)


def _until_end(ids: list[int], ends: set[int]) -> list[int]:
    for at, id in enumerate(ids):
        if id in ends:
            return ids[:at]
    return ids
