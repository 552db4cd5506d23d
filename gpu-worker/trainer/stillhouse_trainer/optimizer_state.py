"""AdamW's state as named tensors, so that a checkpoint needs no pickle."""

from __future__ import annotations

import torch


def to_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    return {f"{place}.{name}": value for place, entries in optimizer.state_dict()["state"].items() for name, value in entries.items()}


def load(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """The groups (rates and such) are made from the configuration; only the moments come from the checkpoint."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        place, _, name = key.partition(".")
        state.setdefault(int(place), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
