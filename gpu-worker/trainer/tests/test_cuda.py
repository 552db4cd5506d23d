"""What only a card shows: its precisions, memory that runs out, and a resume there. Skipped where there is none."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Ended, Trainer, curated_rows, train_config, write_base, write_rows
from safetensors.torch import load_file

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

#: Without dropout a run is a function of its numbers alone; two devices draw different random numbers.
STILL = {"loraDropout": 0, "warmupEpochs": 2, "epochs": 2}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", curated_rows())


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Layers that 4-bit blocks fit into."""
    return write_base(tmp_path_factory.mktemp("wide"), hidden_size=256, intermediate_size=512, num_attention_heads=4)


def first_terms(ended: Ended) -> dict[str, float]:
    assert ended.status == 0, ended.stderr
    return ended.of("step")[0]["terms"]


def adapter(ended: Ended) -> dict[str, torch.Tensor]:
    (done,) = ended.of("done")
    return load_file(Path(done["adapter"]) / "adapter_model.safetensors")


def losses(trainer: Trainer, base: Path, data: dict[str, str], name: str, settings: dict[str, Any], **changes: Any) -> dict[str, float]:
    folder = trainer.folder / name
    folder.mkdir()
    return first_terms(trainer.run("train", train_config(base, folder, data, {**STILL, **settings}, **changes)))


def test_a_card_trains_as_a_processor_does(base: Path, data: dict[str, str], trainer: Trainer):
    """The first report's means, over all terms; rounding differs, and 22 steps carry it on."""
    expected = losses(trainer, base, data, "cpu", {})
    for name, settings, tolerance in (("float32", {}, 1e-3), ("checkpointing", {"gradientCheckpointing": True}, 1e-3)):
        found = losses(trainer, base, data, name, settings, device="cuda")
        assert found["nll"] == pytest.approx(expected["nll"], abs=tolerance), name
        assert found["gradNorm"] == pytest.approx(expected["gradNorm"], rel=0.02), name
    assert losses(trainer, base, data, "bfloat16", {"dtype": "bfloat16"}, device="cuda")["nll"] == pytest.approx(expected["nll"], rel=0.05)


def test_four_bit_learns(wide: Path, data: dict[str, str], trainer: Trainer):
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is for Linux on x86-64")
    settings = {"fourBit": True, "dtype": "bfloat16", "gradientCheckpointing": True, "warmupEpochs": 10, "epochs": 1}
    ended = trainer.run("train", train_config(wide, trainer.folder, data, settings, device="cuda"))
    assert ended.status == 0, ended.stderr
    nlls = [event["nll"] for event in ended.of("validation")]
    assert nlls[-1] < nlls[0]
    assert all(bool(tensor.isfinite().all()) and tensor.dtype == torch.float32 for tensor in adapter(ended).values())


def test_killed_on_a_card_it_goes_on_and_comes_to_the_same(base: Path, data: dict[str, str], trainer: Trainer):
    """With dropout: the card's own random state is in the checkpoint. Kernels that add in any order leave rounding."""
    whole = trainer.folder / "whole"
    whole.mkdir()
    expected = trainer.run("train", train_config(base, whole, data, device="cuda"))
    killed = trainer.folder / "killed"
    killed.mkdir()
    config = train_config(base, killed, data, device="cuda", checkpointSeconds=0)

    def until(event: dict[str, Any], child: subprocess.Popen[str]) -> None:
        if event["event"] == "checkpoint" and event["step"] == 9:
            child.kill()

    assert trainer.run("train", config, until).status == -signal.SIGKILL
    resumed = trainer.run("train", {**config, "attempt": 2})
    assert resumed.status == 0, resumed.stderr
    assert resumed.of("start")[0]["resumedFrom"] >= 9
    assert torch.cuda.get_device_name() == resumed.of("start")[0]["device"]
    ours, theirs = adapter(resumed), adapter(expected)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-3, atol=1e-4, msg=name)


@pytest.fixture
def full_card() -> Iterator[None]:
    """All but 1.5 GB of the card's memory is somebody else's."""
    free, _ = torch.cuda.mem_get_info()
    held = torch.empty(int(free - 1.5 * 2**30), dtype=torch.uint8, device="cuda")
    yield
    del held
    torch.cuda.empty_cache()


@pytest.mark.usefixtures("full_card")
def test_a_full_card_is_said_by_name(data: dict[str, str], trainer: Trainer, tmp_path: Path):
    too_large = write_base(tmp_path / "large", hidden_size=4096, intermediate_size=16384, num_attention_heads=32)
    ended = trainer.run("train", train_config(too_large, trainer.folder, data, device="cuda"))
    assert ended.status == 71, ended.stderr
    assert ended.error["code"] == "out_of_memory"
