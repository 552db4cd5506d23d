"""Answers in batches: greedy, or sampled by a seed of the batch's own."""

from __future__ import annotations

from typing import Any

import torch

from . import stop


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
    width = max(map(len, prompts))
    input_ids = torch.full((len(prompts), width), pad_id)
    attention_mask = torch.zeros_like(input_ids)
    for at, prompt in enumerate(prompts):
        input_ids[at, width - len(prompt) :] = torch.tensor(prompt)
        attention_mask[at, width - len(prompt) :] = 1
    input_ids, attention_mask = input_ids.to(device), attention_mask.to(device)
    source = torch.Generator().manual_seed(seed)
    ends = torch.tensor(eos_ids, device=device)
    position_ids = (attention_mask.cumsum(1) - 1).clamp(min=0)
    ended = torch.zeros(len(prompts), dtype=torch.bool, device=device)
    written: list[torch.Tensor] = []
    cache = None
    for _ in range(max_new_tokens):
        stop.check()
        made = model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        cache = made.past_key_values
        token = _choose(made.logits[:, -1].float(), temperature, source)
        written.append(token)
        ended = ended | torch.isin(token, ends)
        if bool(ended.all()):
            break
        input_ids = token.unsqueeze(1)
        attention_mask = torch.cat([attention_mask, torch.ones_like(input_ids)], dim=1)
        position_ids = position_ids[:, -1:] + 1
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
