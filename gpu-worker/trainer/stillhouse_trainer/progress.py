"""Where a training stands: everything but tensors that a checkpoint keeps."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from .evaluate import Validation


@dataclass
class Best:
    """The validation whose weights are kept to be exported."""

    validation: Validation
    step: int
    phase: str


@dataclass
class Progress:
    #: Optimiser steps in all, and in the present phase. With the seed they are the position in the data.
    step: int = 0
    phase: int = 0
    phase_step: int = 0
    #: Whether the present phase's beginning (anchor, samples, optimiser) is done.
    entered: bool = False
    #: Epochs that ended phases took.
    epochs_before: float = 0.0
    #: Tokens and seconds of steps, over all attempts.
    tokens: int = 0
    seconds: float = 0.0
    #: Step of the newest validation; -1: none.
    validated: int = -1
    #: Validations of this phase since one that was as good as its best, and that best.
    stale: int = 0
    phase_best: Validation | None = None
    #: The best validation of all phases; what is exported may be another one that is as good.
    top: Validation | None = None
    best: Best | None = None
    #: Score of phase one's best.
    warmup_score: float = 0.0
    #: Terms of the newest report.
    terms: dict[str, float] = field(default_factory=dict)
    #: Samples of the rows so far in an on-policy round's beginning, then of all while it lasts.
    samples: list[list[tuple[str, float]]] = field(default_factory=list)
    finished: bool = False

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Progress:
        made = cls(**raw)
        if raw["phase_best"] is not None:
            made.phase_best = Validation(**raw["phase_best"])
        if raw["top"] is not None:
            made.top = Validation(**raw["top"])
        if raw["best"] is not None:
            made.best = Best(**{**raw["best"], "validation": Validation(**raw["best"]["validation"])})
        made.samples = [[(text, score) for text, score in row] for row in raw["samples"]]
        return made

    def holds(self, found: Validation) -> bool:
        """
        Whether the phase should go on: until it is worse than its best by more than noise. What merely stops improving may
        do so because its rate is still high: the schedule's end, at a low one, is where a good part of the gain is.
        """
        best = self.phase_best
        holds = best is None or found.as_good_as(best)
        if found.better_than(best):
            self.phase_best = found
        return holds

    def note(self, found: Validation, phase: str, *, first_phase: bool) -> bool:
        """
        Whether the present weights are the ones to keep. In phase one the last that is as good as the best: a hundred
        validation rows cannot tell good checkpoints apart, and the later one has learnt at a lower rate. A later phase must be
        better than all before it.
        """
        better = found.better_than(self.top)
        if better:
            self.top = found
        assert self.top is not None
        if not better and not (first_phase and found.as_good_as(self.top)):
            return False
        self.best = Best(found, self.step, phase)
        return True

    def next_phase(self, epochs: float) -> None:
        self.phase += 1
        self.phase_step = 0
        self.entered = False
        self.epochs_before += epochs
        self.stale = 0
        self.phase_best = None
        self.samples = []
