"""A kill and a stop cost time and change nothing: the adapter has the same bytes."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended, Trainer, curated_rows, train_config, write_rows

#: Dropout, three passes a step, two epochs a phase, a second phase with pairs and an anchor, an on-policy round after it.
SETTINGS = {"rounds": 2, "loraDropout": 0.1, "batchRows": 6, "warmupEpochs": 2, "epochs": 2}
STEPS = 6 + 6 + 6


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", curated_rows())


@pytest.fixture(scope="module")
def whole(base: Path, data: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, str]:
    trainer = Trainer(tmp_path_factory.mktemp("whole"))
    ended = trainer.run("train", train_config(base, trainer.folder, data, SETTINGS))
    assert ended.status == 0, ended.stderr
    return ended, adapter_hash(ended)


def adapter_hash(ended: Ended) -> str:
    (done,) = ended.of("done")
    whole = hashlib.sha256()
    for path in sorted(Path(done["adapter"]).iterdir()):
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()


def test_events_of_a_whole_run(whole: tuple[Ended, str]):
    ended, _ = whole
    (start,), (done,) = ended.of("start"), ended.of("done")
    assert (start["resumedFrom"], start["totalSteps"], start["rows"], start["validationRows"]) == (0, STEPS, 18, 6)
    assert [event["phase"] for event in ended.of("phase")] == ["warm-up", "preference", "round-2"]
    assert ended.of("sampled")[0]["rows"] == 18
    assert done["step"] == STEPS
    assert done["tokens"] > 0
    scores = [event["score"] for event in ended.of("validation")]
    assert done["validationScore"] == pytest.approx(max(scores), abs=1e-6)
    assert done["warmupScore"] == pytest.approx(max(event["score"] for event in ended.of("validation") if event["phase"] == "warm-up"))
    assert {"adapter_config.json", "adapter_model.safetensors"} == {path.name for path in Path(done["adapter"]).iterdir()}


@pytest.mark.parametrize(
    ("how", "moments"),
    [
        # In phase one's second epoch, and within the samples of a round.
        (signal.SIGKILL, [("checkpoint", 4), ("phase", 12)]),
        # In phase two, and in the round.
        (signal.SIGTERM, [("checkpoint", 9), ("checkpoint", 15)]),
    ],
    ids=["SIGKILL", "SIGTERM"],
)
def test_interrupted_again_and_again(
    base: Path,
    data: dict[str, str],
    whole: tuple[Ended, str],
    trainer: Trainer,
    how: signal.Signals,
    moments: list[tuple[str, int]],
):
    """A checkpoint after every step, the child ended at each of the moments, then left to finish."""
    config = train_config(base, trainer.folder, data, SETTINGS, checkpointSeconds=0, keepCheckpoints=2)
    for attempt, (kind, least) in enumerate(moments, 1):
        sent: list[signal.Signals] = []

        def until(
            event: dict[str, Any],
            child: subprocess.Popen[str],
            kind: str = kind,
            least: int = least,
            sent: list[signal.Signals] = sent,
        ) -> None:
            reached = event.get("step", 0) >= least if kind == "checkpoint" else event.get("phase") == "round-2"
            # Once: a second signal means "at once", without a checkpoint.
            if event["event"] == kind and reached and not sent:
                sent.append(how)
                child.send_signal(how)

        ended = trainer.run("train", {**config, "attempt": attempt}, until)
        assert ended.status == (75 if how is signal.SIGTERM else -signal.SIGKILL), ended.stderr
        assert ended.of("done") == []
        if how is signal.SIGTERM:
            assert ended.events[-1]["event"] == "stopped"
            assert Path(ended.events[-1]["path"]).is_dir()
    ended = trainer.run("train", {**config, "attempt": 9})
    assert ended.status == 0, ended.stderr
    assert ended.of("start")[0]["resumedFrom"] >= 12
    assert adapter_hash(ended) == whole[1]
    assert ended.of("done")[0]["tokens"] == whole[0].of("done")[0]["tokens"]


def test_the_end_of_stdin_means_that_the_parent_is_gone(base: Path, data: dict[str, str], whole: tuple[Ended, str], trainer: Trainer):
    config = train_config(base, trainer.folder, data, SETTINGS, checkpointSeconds=0)

    def until(event: dict[str, Any], child: subprocess.Popen[str]) -> None:
        if event["event"] == "checkpoint" and event["step"] == 3 and child.stdin is not None:
            child.stdin.close()
            child.stdin = None

    ended = trainer.run("train", config, until)
    assert (ended.status, ended.events[-1]["event"]) == (75, "stopped")
    again = trainer.run("train", {**config, "attempt": 2, "checkpointSeconds": 60})
    assert adapter_hash(again) == whole[1]
    # A training that is done says so again, without a step.
    finished = trainer.run("train", {**config, "attempt": 3})
    assert adapter_hash(finished) == whole[1]
    assert finished.of("step") == []
    # One checkpoint damaged: said, and the one before is taken.
    newest = sorted((trainer.folder / "checkpoints").iterdir())[-1]
    (newest / "state.json").write_text("{}")
    shutil.rmtree(trainer.folder / "adapter")
    repaired = trainer.run("train", {**config, "attempt": 4})
    assert "is damaged" in repaired.of("warning")[0]["message"]
    assert adapter_hash(repaired) == whole[1]
    # Another configuration in the same folder: refused.
    other = trainer.run("train", {**config, "attempt": 5, "settings": {**config["settings"], "seed": 8}})
    assert (other.status, other.error["code"]) == (64, "config_changed")


def test_a_step_that_is_no_number_ends_the_run_before_it_is_saved(base: Path, data: dict[str, str], trainer: Trainer):
    ended = trainer.run("train", train_config(base, trainer.folder, data, {"learningRate": 1, "clipNorm": 1e38, "loraAlpha": 1e20}))
    assert ended.status == 72, ended.stderr
    assert ended.error["code"] == "non_finite"
    assert ended.error["data"]["step"] >= 1
