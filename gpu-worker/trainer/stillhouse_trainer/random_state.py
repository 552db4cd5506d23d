"""The random states that dropout draws from, as text for a checkpoint."""

from __future__ import annotations

import torch

from .ranks import Ranks


class RandomState:
    """Of this process; each of several GPUs has its own stream."""

    def __init__(self, seed: int, ranks: Ranks) -> None:
        self.ranks = ranks
        # After the adapter's first weights were drawn: those are the same everywhere, dropout is not.
        torch.manual_seed(seed + 1_000_003 * ranks.index)

    def read(self) -> dict[str, str]:
        states = {"cpu": _hex(torch.get_rng_state())}
        if self.ranks.device.type == "cuda":
            states["cuda"] = _hex(torch.cuda.get_rng_state(self.ranks.device))
        return states

    def write(self, all_states: list[dict[str, str]]) -> None:
        """`all_states`: one a process, as gathered. With another number of processes the streams begin anew."""
        if len(all_states) != self.ranks.count:
            return
        states = all_states[self.ranks.index]
        torch.set_rng_state(_tensor(states["cpu"]))
        if "cuda" in states and self.ranks.device.type == "cuda":
            torch.cuda.set_rng_state(_tensor(states["cuda"]), self.ranks.device)


def _hex(state: torch.Tensor) -> str:
    return state.cpu().numpy().tobytes().hex()


def _tensor(text: str) -> torch.Tensor:
    return torch.frombuffer(bytearray(bytes.fromhex(text)), dtype=torch.uint8)
