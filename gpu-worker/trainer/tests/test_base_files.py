"""What a base must be, and the hub in its moods."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
from safetensors import safe_open

from stillhouse_trainer import base_files, events, hub
from stillhouse_trainer.errors import TrainerError


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "copy"))


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def refusal(act, *arguments: object) -> TrainerError:
    with pytest.raises(TrainerError) as refused:
        act(*arguments)
    return refused.value


def test_parameters_are_counted_from_headers(base: Path):
    with safe_open(base / "model.safetensors", "pt") as tensors:
        expected = sum(tensors.get_tensor(name).numel() for name in tensors.keys())  # noqa: SIM118
    assert base_files.count_parameters(base) == expected
    assert base_files.context_tokens(base) == 256


def test_the_digest_knows_every_file_that_matters(copy: Path):
    before = base_files.digest(copy)
    (copy / "training_args.bin").write_bytes(b"x")
    (copy / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    assert base_files.digest(copy) == before
    assert base_files.licence(copy) == "apache-2.0"
    (copy / "chat_template.jinja").write_text("{{ messages }}")
    assert base_files.digest(copy) != before


def test_pickles_are_refused(copy: Path):
    (copy / "pytorch_model.bin").write_bytes(b"x")
    base_files.check_names(path.name for path in copy.iterdir())  # beside safetensors it is not read
    (copy / "model.safetensors").unlink()
    assert refusal(base_files.check_names, [path.name for path in copy.iterdir()]).code == "base_unsafe"


def test_code_of_its_own_is_refused():
    assert refusal(base_files.check_config, {"auto_map": {"AutoModel": "m.py"}}).code == "base_unsafe"
    assert refusal(base_files.check_config, {"quantization_config": {}}).code == "base_malformed"


@pytest.mark.parametrize("damage", ["cut", "garbage", "no weights", "shard missing", "no config", "config no JSON", "no context"])
def test_malformed_bases(copy: Path, damage: str):
    weights, config = copy / "model.safetensors", copy / "config.json"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif damage == "garbage":
        weights.write_bytes(b"\xff" * 100)
    elif damage == "no weights":
        weights.unlink()
    elif damage == "shard missing":
        (copy / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "model-00002-of-00002.safetensors"}}))
    elif damage == "no config":
        config.unlink()
    elif damage == "config no JSON":
        config.write_text("{")
    else:
        config.write_text("{}")

    def inspect() -> None:
        base_files.check_names(path.name for path in copy.iterdir())
        base_files.context_tokens(copy)
        base_files.count_parameters(copy)

    assert refusal(inspect).code == "base_malformed"


class Hub:
    """The hub's client, with what it does replaced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.folder, self.cached, self.error = folder, False, None
        self.files = ["config.json", "model.safetensors", "evil.py"]
        self.asked: list[dict[str, object]] = []
        self.said: list[str] = []
        monkeypatch.setattr(huggingface_hub, "HfApi", lambda: SimpleNamespace(list_repo_files=self.list))
        monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda id, name: str(self.folder / name))
        monkeypatch.setattr(huggingface_hub, "snapshot_download", self.snapshot)
        monkeypatch.setattr(events, "warn", self.said.append)

    def list(self, id: str) -> list[str]:
        if self.error is not None:
            raise self.error
        return self.files

    def snapshot(self, id: str, allow_patterns: list[str], local_files_only: bool = False) -> str:
        if local_files_only and not self.cached:
            raise LocalEntryNotFoundError("nothing cached")
        self.asked.append({"patterns": allow_patterns, "local": local_files_only})
        return str(self.folder)


@pytest.fixture
def the_hub(monkeypatch: pytest.MonkeyPatch, copy: Path) -> Hub:
    return Hub(monkeypatch, copy)


def response(status: int):
    import httpx

    return httpx.Response(status, request=httpx.Request("GET", "https://hub.example/x"))


def http_error(kind: type[HfHubHTTPError], status: int) -> HfHubHTTPError:
    try:
        return kind("refused", response=response(status))
    except ImportError:  # the client's own HTTP library has another name in some versions
        return kind("refused", response=SimpleNamespace(status_code=status, headers={}, request=None))


def test_only_weights_tokenizer_and_configuration_are_fetched(the_hub: Hub):
    assert hub.fetch("org/model") == the_hub.folder
    patterns = the_hub.asked[0]["patterns"]
    assert isinstance(patterns, list)
    assert not [pattern for pattern in patterns if pattern.endswith((".py", ".bin"))]


def test_gated(the_hub: Hub):
    the_hub.error = http_error(GatedRepoError, 403)
    error = refusal(hub.fetch, "org/model")
    assert error.code == "base_gated"
    assert "HF_TOKEN" in error.message


@pytest.mark.parametrize("status", [401, 403])
def test_refused_without_a_name_is_gated_too(the_hub: Hub, status: int):
    the_hub.error = http_error(HfHubHTTPError, status)
    assert refusal(hub.fetch, "org/model").code == "base_gated"


def test_missing(the_hub: Hub):
    the_hub.error = http_error(RepositoryNotFoundError, 404)
    assert refusal(hub.fetch, "org/model").code == "base_missing"


def test_pickles_on_the_hub_are_refused_before_anything_is_fetched(the_hub: Hub):
    the_hub.files = ["config.json", "pytorch_model.bin"]
    assert refusal(hub.fetch, "org/model").code == "base_unsafe"
    assert the_hub.asked == []


def test_code_on_the_hub_is_refused_before_the_weights_are_fetched(the_hub: Hub):
    edit(the_hub.folder / "config.json", auto_map={"AutoModel": "m.py"})
    assert refusal(hub.fetch, "org/model").code == "base_unsafe"
    assert the_hub.asked == []


@pytest.mark.parametrize("error", [ConnectionError("no route"), "503"])
def test_an_unreachable_hub_means_the_cache_and_is_said(the_hub: Hub, error: object):
    the_hub.error = http_error(HfHubHTTPError, 503) if error == "503" else error
    assert refusal(hub.fetch, "org/model").code == "hub_unreachable"
    the_hub.cached = True
    assert hub.fetch("org/model") == the_hub.folder
    assert the_hub.asked[-1]["local"] is True
    assert len(the_hub.said) == 1
    assert "is taken from the cache" in the_hub.said[0]
