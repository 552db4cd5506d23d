"""Where a training stands: everything but tensors that a checkpoint keeps."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from .evaluate import Validation


@dataclass
class Best:
    """The best validation so far; its weights are kept beside."""

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
    #: Validations of this phase since its best, and that best.
    stale: int = 0
    phase_best: Validation | None = None
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
        if raw["best"] is not None:
            made.best = Best(**{**raw["best"], "validation": Validation(**raw["best"]["validation"])})
        made.samples = [[(text, score) for text, score in row] for row in raw["samples"]]
        return made

    def next_phase(self, epochs: float) -> None:
        self.phase += 1
        self.phase_step = 0
        self.entered = False
        self.epochs_before += epochs
        self.stale = 0
        self.phase_best = None
        self.samples = []
