"""Which steps a training takes, and at which rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .config import TrainingSettings

#: Share of the rate that is left at a phase's end.
FLOOR = 0.05
#: Phases after the first begin at a trained model, which the full rate would throw about.
LATER_RATE = 0.3
#: Steps between two validations, at most; short epochs are validated at their end.
VALIDATION_STEPS = 250
#: Phase one ends after so many validations in a row that are worse than its best by more than noise.
PATIENCE = 3


@dataclass(frozen=True)
class Phase:
    #: `warm-up`, `preference`, `round-2`, …
    name: str
    #: 0 in phase one, then 1, 2, …
    round: int
    steps: int
    validate_every: int


def plan_phases(settings: TrainingSettings, items: int) -> list[Phase]:
    per_epoch = math.ceil(items / settings.batch_rows)
    wanted = [math.ceil(per_epoch * settings.warmup_epochs)]
    wanted += [math.ceil(per_epoch * settings.epochs)] * (settings.rounds if settings.epochs > 0 else 0)
    total = sum(wanted)
    if settings.steps is not None and settings.steps < total:
        # A bound takes from each phase its share, so that a short training has all of them.
        # Phase one has at least one: the others begin at its best model.
        ends = [max(1, round(sum(wanted[: at + 1]) * settings.steps / total)) for at in range(len(wanted))]
        wanted = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    validate_every = math.ceil(per_epoch / math.ceil(per_epoch / VALIDATION_STEPS))
    names = ["warm-up", "preference", *(f"round-{number}" for number in range(2, settings.rounds + 1))]
    return [Phase(name, at, steps, validate_every) for at, (name, steps) in enumerate(zip(names, wanted, strict=False)) if steps > 0]


def learning_rate(settings: TrainingSettings, phase: Phase, step: int) -> float:
    """Of the step with this number (from 0) in a phase: linear up, then a cosine down to FLOOR."""
    peak = settings.learning_rate * (1 if phase.round == 0 else LATER_RATE)
    rising = max(1, round(phase.steps * settings.warmup_share))
    if step < rising:
        return peak * (step + 1) / rising
    done = (step - rising) / max(1, phase.steps - rising)
    return peak * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * done)))
