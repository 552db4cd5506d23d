"""
The training loop: a warm-up on NLL, then phases with a preference and an anchor (losses.py), the best checkpoint exported.

What a step does is a function of the configuration, the data and the state in the last checkpoint. A stop or a kill
therefore costs time and changes nothing: on a CPU the adapter has the same bytes as without it.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence

import torch
from safetensors.torch import save as tensor_bytes

from . import checkpoint, device_lock, events, optimizer_state, stop
from .base_files import context_tokens
from .batches import epoch_batches
from .checkpoint import Checkpoint, Written
from .config import TrainConfig
from .data import Data, Item, load_data
from .errors import Stopped, TrainerError
from .evaluate import validate
from .model import Student
from .objective import Counts, Objective, Sums, terms_of, weights_of
from .progress import Progress
from .prompts import ChatFormat, load_chat_format
from .random_state import RandomState
from .ranks import Ranks
from .report import Report
from .rounds import items_of_round, sample_rows
from .schedule import PATIENCE, learning_rate, plan_phases


def run(config: TrainConfig) -> None:
    with Ranks(config.device) as ranks:
        if ranks.first:
            device_lock.hold(config.device_lock)
        torch.set_num_threads(config.threads)
        found = checkpoint.newest(config.folder, config.identity())
        chat = load_chat_format(config.base)
        data = load_data(config, chat, context_tokens(config.base))
        stop.check()
        training = Training(config, ranks, Student(config.base, config.settings, ranks.device), chat, data)
        if found is not None:
            training.restore(found)
        training.run()


class Training:
    def __init__(self, config: TrainConfig, ranks: Ranks, student: Student, chat: ChatFormat, data: Data) -> None:
        self.config, self.settings, self.ranks = config, config.settings, ranks
        self.student, self.chat, self.data = student, chat, data
        self.parameters = student.parameters
        self.items: list[Item] = data.items
        self.phases = plan_phases(self.settings, len(self.items))
        self.per_epoch = math.ceil(len(self.items) / self.settings.batch_rows)
        self.total_steps = sum(phase.steps for phase in self.phases)
        self.objective = Objective(student, self.settings.preference, chat.pad_id)
        self.progress = Progress()
        self.best_weights: dict[str, torch.Tensor] = {}
        self.anchor_weights: dict[str, torch.Tensor] = {}
        self.report = Report()
        self.saved_at = time.monotonic()
        self.random = RandomState(self.settings.seed, ranks)
        #: Random states at the newest step's end: what a checkpoint keeps, also where a step or a sampling was broken off.
        self.random_at_step = self.random.read()
        self._new_optimizer()

    def run(self) -> None:
        self._say_start()
        try:
            while self.progress.phase < len(self.phases):
                self._run_phase()
            if not self.progress.finished:
                self.progress.finished = True
                self._save()
            self._done()
        except Stopped:
            written = self._save()
            events.emit("stopped", step=self.progress.step, path=str(written.path) if written else None)
            raise
        except torch.OutOfMemoryError as error:
            rows = self.config.micro_batch_rows
            events.log(str(error))
            raise TrainerError("out_of_memory", f"The device ran out of memory with {rows} rows a pass.", microBatchRows=rows) from None

    def _run_phase(self) -> None:
        progress, phase = self.progress, self.phases[self.progress.phase]
        if not progress.entered:
            self._enter_phase()
        while progress.phase_step < phase.steps:
            self._stop_together()
            if self._phase_has_converged():
                break
            self._step()
            last = progress.phase_step == phase.steps
            if self.report.due or (last and not self.report.empty):
                self._send_report()
            if (progress.phase_step % phase.validate_every == 0 or last) and progress.validated != progress.step:
                self._validate()
            if time.monotonic() - self.saved_at >= self.config.checkpoint_seconds:
                self._save()
        if progress.validated != progress.step:  # broken off between the last step and its validation
            self._validate()
        if phase.round == 0:
            assert progress.phase_best is not None
            progress.warmup_score = progress.phase_best.score
            self.total_steps -= phase.steps - progress.phase_step
        progress.next_phase(progress.phase_step / self.per_epoch)

    def _phase_has_converged(self) -> bool:
        """Phase one ends early where validation gets worse; the later ones are short."""
        phase = self.phases[self.progress.phase]
        due = self.progress.phase_step % phase.validate_every == 0 and self.progress.phase_step > 0
        if due and self.progress.validated != self.progress.step:
            self._validate()  # a stop came between a step and its validation
        return phase.round == 0 and self.progress.stale >= PATIENCE

    def _enter_phase(self) -> None:
        """Phase two and each round begin at the best model so far, which is also their anchor."""
        progress, phase = self.progress, self.phases[self.progress.phase]
        events.emit("phase", phase=phase.name)
        if phase.round > 0 and self.best_weights:
            self.student.load_weights(self.best_weights)
            self._set_anchor(self.best_weights)
            self._new_optimizer()
        if phase.round > 1:
            self._sample(phase.round)
        progress.entered = True

    def _sample(self, round: int) -> None:
        rows, samples = self.data.train, self.progress.samples
        for begin, scored in sample_rows(self.student, self.chat, self.config, rows, round, self.data.longest_answer, begin=len(samples)):
            assert begin == len(samples)
            samples += scored
        events.emit("sampled", round=round, rows=len(samples))
        self.items = items_of_round(self.config.task.kind, rows, samples, self.chat)

    def _step(self) -> None:
        progress, phase = self.progress, self.phases[self.progress.phase]
        began = time.monotonic()
        epoch, place = divmod(progress.phase_step, self.per_epoch)
        batch = [self.items[at] for at in self._order(phase.round, epoch)[place]]
        counts, weights = Counts.of(batch), weights_of(self.settings, phase.round)
        rate = learning_rate(self.settings, phase, progress.phase_step) * self.config.rate_factor
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        sums = Sums()
        for items in self.ranks.share(_cut(batch, self.config.micro_batch_rows)):
            stop.check()
            loss, part = self.objective.loss(items, weights, counts)
            loss.backward()
            sums.add(part)
        self.ranks.sum_gradients(self.parameters)
        sums = Sums(*self.ranks.sum(list(vars(sums).values())))
        norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, self.settings.clip_norm))
        terms = terms_of(sums, counts, weights)
        if not math.isfinite(norm) or not math.isfinite(terms["loss"]):
            raise TrainerError(
                "non_finite", f"Step {progress.step + 1} has a loss or a gradient that is no number.", step=progress.step + 1
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.phase_step += 1
        progress.tokens += int(sums.tokens)
        self.random_at_step = self.random.read()
        seconds = time.monotonic() - began
        progress.seconds += seconds
        self.report.add({**terms, "gradNorm": norm, "learningRate": rate}, int(sums.tokens), seconds)

    def _order(self, round: int, epoch: int) -> list[list[int]]:
        key = f"{self.settings.seed}/{round}/{epoch}"
        if getattr(self, "_order_key", None) != key:
            lengths = [item.tokens for item in self.items]
            self._order_key, self._batches = key, epoch_batches(lengths, self.settings.batch_rows, key)
        return self._batches

    def _validate(self) -> None:
        progress, phase = self.progress, self.phases[self.progress.phase]
        found = validate(
            self.student,
            self.chat,
            self.ranks,
            self.data.validation,
            self.config.task.kind,
            self.data.longest_answer,
            4 * self.config.micro_batch_rows,
        )
        progress.validated = progress.step
        progress.stale = 0 if progress.holds(found) else progress.stale + 1
        if progress.note(found, phase.name, first_phase=phase.round == 0):
            self.best_weights = self.student.weights()
        events.emit("validation", step=progress.step, phase=phase.name, score=round(found.score, 6), nll=round(found.nll, 6))

    def _stop_together(self) -> None:
        if self.ranks.any(stop.asked()):
            raise Stopped

    def _set_anchor(self, weights: dict[str, torch.Tensor]) -> None:
        self.anchor_weights = {name: tensor.clone() for name, tensor in weights.items()}
        self.student.set_anchor(weights)

    def _new_optimizer(self) -> None:
        settings = self.settings
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay
        )

    def _send_report(self) -> None:
        progress, phase = self.progress, self.phases[self.progress.phase]
        epoch = progress.epochs_before + progress.phase_step / self.per_epoch
        progress.terms = self.report.send(progress.step, self.total_steps, epoch, phase.name, progress.tokens)

    def _save(self) -> Written | None:
        states = self.ranks.gather(self.random_at_step)
        if not self.ranks.first:
            return None
        tensors = {
            "adapter": self.student.weights(),
            "best": self.best_weights,
            "anchor": self.anchor_weights,
            "optimizer": optimizer_state.to_tensors(self.optimizer),
        }
        state = {"progress": self.progress.to_json(), "random": states, "totalSteps": self.total_steps}
        whole = Checkpoint(self.progress.step, self.config.identity(), state, tensors)
        written = checkpoint.write(self.config.folder, whole, self.config.attempt, self.config.keep_checkpoints)
        self.saved_at = time.monotonic()
        events.emit("checkpoint", step=self.progress.step, path=str(written.path), ms=written.ms, bytes=written.bytes)
        return written

    def restore(self, found: Checkpoint) -> None:
        self.progress = Progress.from_json(found.state["progress"])
        self.total_steps = found.state["totalSteps"]
        self.student.load_weights(found.tensors["adapter"])
        self.best_weights = found.tensors["best"]
        if found.tensors["anchor"]:
            self._set_anchor(found.tensors["anchor"])
        optimizer_state.load(self.optimizer, found.tensors["optimizer"])
        if self.progress.entered and self.progress.samples:
            self.items = items_of_round(self.config.task.kind, self.data.train, self.progress.samples, self.chat)
        self.random.write(found.state["random"])
        self.random_at_step = self.random.read()

    def _say_start(self) -> None:
        events.emit(
            "start",
            resumedFrom=self.progress.step,
            totalSteps=self.total_steps,
            rows=len(self.data.train),
            validationRows=len(self.data.validation),
            trainable=sum(parameter.numel() for parameter in self.parameters),
            device=_device_name(self.ranks.device),
            torch=torch.__version__,
        )

    def _done(self) -> None:
        progress = self.progress
        assert progress.best is not None
        place = self.config.folder / "adapter"
        if self.ranks.first:
            lora = self.student.lora.to_dict() | {"inference_mode": True, "base_model_name_or_path": None}
            described = {key: sorted(value) if isinstance(value, set) else value for key, value in lora.items()}
            files = {
                "adapter_config.json": json.dumps(described, indent=2, sort_keys=True, default=str).encode(),
                "adapter_model.safetensors": tensor_bytes(self.best_weights, metadata={"format": "pt"}),
            }
            checkpoint.publish_folder(place, files)
        events.emit(
            "done",
            step=progress.step,
            adapter=str(place),
            validationScore=progress.best.validation.score,
            warmupScore=progress.warmup_score,
            bestStep=progress.best.step,
            bestPhase=progress.best.phase,
            epochs=round(progress.epochs_before, 3),
            tokens=progress.tokens,
            seconds=round(progress.seconds, 3),
            tokensPerSecond=round(progress.tokens / max(progress.seconds, 1e-9), 1),
            terms=progress.terms,
        )


def _cut(batch: Sequence[Item], rows: int) -> list[Sequence[Item]]:
    return [batch[at : at + rows] for at in range(0, len(batch), rows)]


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
