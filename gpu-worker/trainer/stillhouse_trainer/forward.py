"""A model's pass over packed sequences, their common beginning computed once."""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from .batches import Packed


def can_share_prefix(config: Any) -> bool:
    """Whether all layers keep plain keys and values: a sliding window or a recurrent state is not cut and pasted so easily."""
    layers = DynamicCache(config=config).layers
    return len(layers) > 0 and all(type(layer) is DynamicLayer for layer in layers)


def forward(model: Any, packed: Packed, use_cache: bool = False, **options: Any) -> Any:
    """
    The model's output for the rows' own tokens; `options` go to the model, such as `logits_to_keep`. Keys and values of the
    common beginning are computed for one row and repeated, which their gradient goes back through.
    """
    rows, prefix = len(packed.input_ids), len(packed.prefix)
    cache = None
    if prefix:
        cache = DynamicCache(config=model.config)
        model(input_ids=packed.prefix.unsqueeze(0), cache=cache, use_cache=True, **_least(options))
        cache.batch_repeat_interleave(rows)
    seen = torch.ones((rows, prefix), dtype=packed.attention_mask.dtype, device=packed.attention_mask.device)
    return model(
        input_ids=packed.input_ids,
        attention_mask=torch.cat([seen, packed.attention_mask], dim=1),
        position_ids=prefix + (packed.attention_mask.cumsum(1) - 1).clamp(min=0),
        cache=cache,
        use_cache=use_cache or prefix > 0,
        **options,
    )


def _least(options: dict[str, Any]) -> dict[str, Any]:
    """Of the common beginning no logits are needed, and one is the fewest that a model with a head makes."""
    return {**options, "logits_to_keep": 1} if "logits_to_keep" in options else options
