"""Several processes train what one does: here two on a CPU, by gloo, as `accelerate launch` starts them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import PACKAGE, Trainer, curated_rows, train_config, write_rows
from safetensors.torch import load_file

#: Without dropout the cut into processes is the only difference, and it is one of rounding.
SETTINGS = {"loraDropout": 0, "rounds": 2, "warmupEpochs": 1, "epochs": 1}


def weights(folder: Path) -> torch.Tensor:
    tensors = load_file(folder / "adapter/adapter_model.safetensors")
    return torch.cat([tensors[name].flatten() for name in sorted(tensors)])


def test_two_processes_are_one_training(trainer: Trainer, base: Path, tmp_path: Path):
    pytest.importorskip("accelerate")
    data = write_rows(tmp_path / "rows.jsonl", curated_rows())
    alone = trainer.run("train", train_config(base, trainer.folder, data, SETTINGS))
    assert alone.status == 0, alone.stderr

    folder = tmp_path / "both"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(train_config(base, folder, data, SETTINGS)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "stillhouse_trainer", "train", str(folder / "config.json")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
        )
        for rank in range(2)
    ]
    ended = [(*child.communicate(timeout=300), child.returncode) for child in children]
    assert [status for _, _, status in ended] == [0, 0], ended
    # One voice.
    assert ended[1][0] == ""
    events = [json.loads(line) for line in ended[0][0].splitlines()]
    assert events[-1]["event"] == "done"
    assert events[-1]["step"] == alone.of("done")[0]["step"]
    assert events[-1]["tokens"] == alone.of("done")[0]["tokens"]
    assert torch.allclose(weights(folder), weights(trainer.folder), atol=1e-4)
