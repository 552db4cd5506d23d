"""`step` events: means since the last one."""

from __future__ import annotations

import time

from . import events

#: An event comes when so many seconds and so many steps have passed, whichever is later.
SECONDS, STEPS = 1.0, 10


class Report:
    def __init__(self) -> None:
        self._since = time.monotonic()
        self._steps = 0
        self._tokens = 0
        self._seconds = 0.0
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, terms: dict[str, float], tokens: int, seconds: float) -> None:
        for name, value in terms.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value, count + 1)
        self._steps += 1
        self._tokens += tokens
        self._seconds += seconds

    @property
    def due(self) -> bool:
        return self._steps >= STEPS and time.monotonic() - self._since >= SECONDS

    def send(self, step: int, total_steps: int, epoch: float, phase: str, tokens: int) -> dict[str, float]:
        terms = {name: round(total / count, 6) for name, (total, count) in self._sums.items()}
        terms["tokensPerSecond"] = round(self._tokens / max(self._seconds, 1e-9), 1)
        events.emit("step", step=step, totalSteps=total_steps, epoch=round(epoch, 3), phase=phase, tokens=tokens, terms=terms)
        self.__init__()  # type: ignore[misc]
        return terms

    @property
    def empty(self) -> bool:
        return self._steps == 0
