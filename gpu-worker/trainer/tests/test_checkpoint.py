"""Written whole or not at all; what is damaged later is passed over and said."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest
import torch

from stillhouse_trainer import checkpoint, events
from stillhouse_trainer.__main__ import as_trainer_error
from stillhouse_trainer.checkpoint import Checkpoint
from stillhouse_trainer.errors import TrainerError

IDENTITY = "i" * 64


def made(step: int, identity: str = IDENTITY, floats: int = 8) -> Checkpoint:
    return Checkpoint(step, identity, {"at": step}, {"adapter": {"w": torch.arange(floats) + step * 1.0}, "anchor": {}})


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "checkpoints"))


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(events, "warn", said.append)
    return said


def test_round_trip(tmp_path: Path):
    written = checkpoint.write(tmp_path, made(50), attempt=2, keep=2)
    assert names(tmp_path) == ["step-000050-attempt-2"]
    assert written.path == tmp_path / "checkpoints/step-000050-attempt-2"
    found = checkpoint.newest(tmp_path, IDENTITY)
    assert found is not None
    assert (found.step, found.state) == (50, {"at": 50})
    assert found.tensors["adapter"]["w"].tolist() == [50.0 + at for at in range(8)]
    assert found.tensors["anchor"] == {}


def test_no_pickle_in_a_checkpoint(tmp_path: Path):
    path = checkpoint.write(tmp_path, made(1), 1, 2).path
    assert sorted(os.listdir(path)) == ["adapter.safetensors", "anchor.safetensors", "manifest.json", "state.json"]


def test_the_newest_wins_and_old_ones_go(tmp_path: Path):
    for step, attempt in ((10, 1), (20, 1), (20, 2), (9, 3)):
        checkpoint.write(tmp_path, made(step), attempt, keep=3)
    assert names(tmp_path) == ["step-000010-attempt-1", "step-000020-attempt-1", "step-000020-attempt-2"]
    newest = checkpoint.newest(tmp_path, IDENTITY)
    assert newest is not None
    assert newest.step == 20


def test_a_draft_is_no_checkpoint(tmp_path: Path):
    checkpoint.write(tmp_path, made(10), 1, 2)
    (tmp_path / "checkpoints/.step-000020-attempt-1.writing").mkdir()
    (tmp_path / "checkpoints/notes").mkdir()
    found = checkpoint.newest(tmp_path, IDENTITY)
    assert found is not None
    assert found.step == 10


@pytest.mark.parametrize("damage", ["flip", "cut", "lose", "no manifest", "no JSON"])
def test_a_damaged_one_is_said_and_the_one_before_taken(tmp_path: Path, warnings: list[str], damage: str):
    checkpoint.write(tmp_path, made(10), 1, 2)
    path = checkpoint.write(tmp_path, made(20), 1, 2).path
    weights, manifest = path / "adapter.safetensors", path / "manifest.json"
    data = bytearray(weights.read_bytes())
    if damage == "flip":
        data[-1] ^= 1
        weights.write_bytes(data)
    elif damage == "cut":
        weights.write_bytes(data[:-4])
    elif damage == "lose":
        weights.unlink()
    elif damage == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text("{")
    found = checkpoint.newest(tmp_path, IDENTITY)
    assert found is not None
    assert found.step == 10
    assert len(warnings) == 1
    assert warnings[0].startswith("The checkpoint of step 20 is damaged")


def test_all_damaged_begins_anew(tmp_path: Path, warnings: list[str]):
    (checkpoint.write(tmp_path, made(10), 1, 2).path / "state.json").write_text("{}")
    assert checkpoint.newest(tmp_path, IDENTITY) is None
    assert len(warnings) == 1


def test_one_of_another_training_is_refused(tmp_path: Path):
    checkpoint.write(tmp_path, made(10, identity="x" * 64), 1, 2)
    with pytest.raises(TrainerError) as refused:
        checkpoint.newest(tmp_path, IDENTITY)
    assert refused.value.code == "config_changed"


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 64 KiB, which only root may make."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_damages_nothing(small_disk: Path):
    checkpoint.write(small_disk, made(10, floats=1000), 1, 2)
    with pytest.raises(OSError, match="No space left") as full:
        checkpoint.write(small_disk, made(20, floats=20_000), 1, 2)
    error = as_trainer_error(full.value)
    assert (error.code, full.value.errno) == ("disk_full", errno.ENOSPC)
    assert names(small_disk) == ["step-000010-attempt-1"]
    found = checkpoint.newest(small_disk, IDENTITY)
    assert found is not None
    assert found.step == 10
    # And there is room again for one that fits.
    checkpoint.write(small_disk, made(21, floats=1000), 1, 2)


def test_a_full_disk_wherever_it_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    checkpoint.write(tmp_path, made(10), 1, 2)
    whole = checkpoint.write_synced
    for fails_at in ("state.json", "adapter.safetensors", "manifest.json"):

        def write(path: Path, data: bytes, fails_at: str = fails_at) -> None:
            whole(path, data[: len(data) // 2] if path.name == fails_at else data)
            if path.name == fails_at:
                raise OSError(errno.ENOSPC, "No space left on device", str(path))

        monkeypatch.setattr(checkpoint, "write_synced", write)
        with pytest.raises(OSError, match="No space left"):
            checkpoint.write(tmp_path, made(20), 1, 2)
        assert names(tmp_path) == ["step-000010-attempt-1"]
