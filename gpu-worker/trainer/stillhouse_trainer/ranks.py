"""One process a GPU: what they must agree on. With one process every call here is free."""

from __future__ import annotations

import os
from typing import Any

import torch

from . import events, stop


class Ranks:
    """`accelerate launch` starts several processes and says so in WORLD_SIZE."""

    def __init__(self, device: str) -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.index = 0
        self.device = torch.device(device)
        if self.count == 1:
            return
        from accelerate import PartialState

        state = PartialState(cpu=device == "cpu")
        self.index, self.device = state.process_index, state.device
        # A process that stopped alone would leave the others waiting for it: they stop together, between two steps.
        stop.only_together()
        if self.index > 0:
            events.silence()

    def __enter__(self) -> Ranks:
        return self

    def __exit__(self, *_: object) -> None:
        # gloo's threads outlive the interpreter otherwise, and now and then end the process by abort() instead of its status.
        if self.count > 1:
            torch.distributed.destroy_process_group()

    @property
    def first(self) -> bool:
        return self.index == 0

    def share(self, items: list[Any]) -> list[Any]:
        return items[self.index :: self.count]

    def sum_gradients(self, parameters: list[torch.nn.Parameter]) -> None:
        if self.count == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:  # this process had no part of the batch
                parameter.grad = torch.zeros_like(parameter)
            torch.distributed.all_reduce(parameter.grad)

    def sum(self, numbers: list[float]) -> list[float]:
        if self.count == 1:
            return numbers
        tensor = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(tensor)
        return tensor.tolist()

    def gather(self, item: Any) -> list[Any]:
        """Everybody's, in order."""
        if self.count == 1:
            return [item]
        gathered: list[Any] = [None] * self.count
        torch.distributed.all_gather_object(gathered, item)
        return gathered

    def any(self, flag: bool) -> bool:
        return flag if self.count == 1 else self.sum([float(flag)])[0] > 0

    def wait(self) -> None:
        if self.count > 1:
            torch.distributed.barrier()
