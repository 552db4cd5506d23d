"""
Checkpoints: `<folder>/checkpoints/step-000050-attempt-2/`, its manifest (size and SHA-256 of each file) written last.

A folder is written beside its place, each file and the folder synced, and renamed into place: what has the name is whole.
The hashes are for what happens later, such as a disk that loses bytes. Everything is JSON or safetensors, never a pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as tensor_bytes

from . import events
from .errors import TrainerError

NAME = re.compile(r"step-(\d{6,})-attempt-(\d+)")
MANIFEST = "manifest.json"


@dataclass
class Checkpoint:
    """What a training is at one moment. `tensors`: file name without ending → named tensors."""

    step: int
    identity: str
    #: JSON: position, scores, random states as hex.
    state: dict[str, Any]
    tensors: dict[str, dict[str, torch.Tensor]]


@dataclass(frozen=True)
class Written:
    path: Path
    ms: int
    bytes: int


def write(folder: Path, checkpoint: Checkpoint, attempt: int, keep: int) -> Written:
    """Publishes a checkpoint and removes those that `keep` newer ones stand for. A failure leaves what was there before."""
    began = time.monotonic()
    root = folder / "checkpoints"
    root.mkdir(parents=True, exist_ok=True)
    place = root / f"step-{checkpoint.step:06d}-attempt-{attempt}"
    draft = root / f".{place.name}.writing"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir()
        files = {"state.json": json.dumps(checkpoint.state).encode()}
        for name, tensors in checkpoint.tensors.items():
            files[f"{name}.safetensors"] = tensor_bytes({key: value.detach().contiguous().cpu() for key, value in tensors.items()})
        listed = {name: {"bytes": len(data), "sha256": _sha256(data)} for name, data in files.items()}
        manifest = {"format": 1, "step": checkpoint.step, "attempt": attempt, "identity": checkpoint.identity, "files": listed}
        for name, data in files.items():
            write_synced(draft / name, data)
        write_synced(draft / MANIFEST, json.dumps(manifest).encode())
        sync_folder(draft)
        # The same attempt may stop at the step at which it just saved.
        shutil.rmtree(place, ignore_errors=True)
        os.rename(draft, place)
        sync_folder(root)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    for _, _, old in _list(root)[keep:]:
        shutil.rmtree(old, ignore_errors=True)
    size = sum(entry["bytes"] for entry in listed.values())
    return Written(place, round((time.monotonic() - began) * 1000), size)


def newest(folder: Path, identity: str) -> Checkpoint | None:
    """
    The complete and intact checkpoint of the highest step, of equal ones that of the later attempt. One that is damaged is
    said and passed over; one of another configuration or other data is refused, for going on from it would mix two trainings.
    """
    for step, _, path in _list(folder / "checkpoints"):
        try:
            return _read(path, identity)
        except _Damaged as damage:
            events.warn(f"The checkpoint of step {step} is damaged ({damage}); the one before it is taken.")
    return None


class _Damaged(Exception):
    pass


def _read(path: Path, identity: str) -> Checkpoint:
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        listed = manifest["files"]
        found, step = str(manifest["identity"]), int(manifest["step"])
    except (OSError, ValueError, KeyError, TypeError):
        raise _Damaged("no readable manifest") from None
    data: dict[str, bytes] = {}
    for name, entry in listed.items():
        try:
            data[name] = (path / name).read_bytes()
        except OSError:
            raise _Damaged(f"{name} is missing") from None
        if _sha256(data[name]) != entry["sha256"]:
            raise _Damaged(f"{name} has other bytes than were written")
    if found != identity:
        raise TrainerError(
            "config_changed",
            "The checkpoints in this folder are of another configuration, other data or another base.",
            path=str(path),
            checkpoint=found,
            configuration=identity,
        )
    tensors = {name.removesuffix(".safetensors"): load_tensors(item) for name, item in data.items() if name.endswith(".safetensors")}
    return Checkpoint(step, identity, json.loads(data["state.json"]), tensors)


def _list(root: Path) -> list[tuple[int, int, Path]]:
    """(step, attempt, path), newest first. Drafts begin with a dot and are no checkpoints."""
    if not root.is_dir():
        return []
    found = [(match, entry) for entry in root.iterdir() if (match := NAME.fullmatch(entry.name))]
    return sorted(((int(match[1]), int(match[2]), entry) for match, entry in found), reverse=True)


def publish_folder(place: Path, files: dict[str, bytes]) -> None:
    """A folder with these files at `place`, all or nothing; what stood there is replaced."""
    draft = place.with_name(f".{place.name}.writing")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name, data in files.items():
        write_synced(draft / name, data)
    sync_folder(draft)
    shutil.rmtree(place, ignore_errors=True)
    os.rename(draft, place)
    sync_folder(place.parent)


def write_synced(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """What a library wrote by itself."""
    sync_folder(path)


def sync_folder(path: Path) -> None:
    """A rename or a new name is on disk when the folder is."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
