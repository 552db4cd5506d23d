"""A base model's folder: what belongs to it, whether it is whole and safe, and what it says of itself."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .errors import TrainerError

#: All that is ever read of a base: weights as safetensors, the tokenizer, configurations. No pickle, no code.
FILES = [
    "config.json",
    "generation_config.json",
    "*.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
]
#: Read for the licence; no part of what the base is.
CARD = "README.md"
PICKLED = ["*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt"]
#: The longest header of a safetensors file that is believed: the format's own bound.
MOST_HEADER_BYTES = 100_000_000


def belongs(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in FILES)


def check_names(names: Iterable[str]) -> None:
    """Refuses a base whose weights would have to be unpickled, and one that is not there at all."""
    names = list(names)
    if any(fnmatch.fnmatchcase(name, "*.safetensors") for name in names):
        if "config.json" not in names:
            raise TrainerError("base_malformed", "The base has no config.json.")
        return
    pickled = [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in PICKLED)]
    if pickled:
        raise TrainerError(
            "base_unsafe",
            f"The base has its weights as a pickle only ({pickled[0]}), which can run code when it is read: take one with safetensors.",
            file=pickled[0],
        )
    raise TrainerError("base_malformed", "The base has no weights as safetensors.")


def check_config(config: dict[str, Any]) -> None:
    if "auto_map" in config:
        raise TrainerError("base_unsafe", "The base needs code of its own (auto_map in its config.json), which is never run.")
    if "quantization_config" in config:
        raise TrainerError("base_malformed", "The base is quantized already: take the model that it was made from.")


def read_model_config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        raise TrainerError("base_malformed", "The base has no config.json.") from None
    except (OSError, ValueError) as error:
        raise TrainerError("base_malformed", f"The base's config.json can't be read: {error}.") from None
    if not isinstance(config, dict):
        raise TrainerError("base_malformed", "The base's config.json is no object.")
    return config


def text_config(config: dict[str, Any]) -> dict[str, Any]:
    """Models that also see pictures keep what concerns text one level down."""
    inner = config.get("text_config")
    return {**config, **inner} if isinstance(inner, dict) else config


def context_tokens(folder: Path) -> int:
    found = text_config(read_model_config(folder)).get("max_position_embeddings")
    if not isinstance(found, int) or found < 1:
        raise TrainerError("base_malformed", "The base's config.json does not say how long its context is (max_position_embeddings).")
    return found


def count_parameters(folder: Path) -> int:
    """From the headers of the safetensors files; proves on the way that each file is as long as its header says."""
    shards = sorted(path for path in folder.glob("*.safetensors"))
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            listed = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
        except (ValueError, KeyError, AttributeError):
            raise TrainerError("base_malformed", "The base's index of weights can't be read.") from None
        missing = listed - {path.name for path in shards}
        if missing:
            raise TrainerError("base_malformed", f"The base lacks {min(missing)}, which its index names.", file=min(missing))
        shards = [path for path in shards if path.name in listed]
    return sum(_parameters_of(path) for path in shards)


def _parameters_of(path: Path) -> int:
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size, MOST_HEADER_BYTES):
                raise ValueError("header too long")
            header = json.loads(file.read(length))
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        end = max((entry["data_offsets"][1] for entry in tensors), default=0)
        counts = [_product(entry["shape"]) for entry in tensors]
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        raise TrainerError("base_malformed", f"{path.name} of the base is no safetensors file.", file=path.name) from None
    if size != 8 + length + end:
        raise TrainerError("base_malformed", f"{path.name} of the base is cut off or has grown.", file=path.name)
    return sum(counts)


def digest(folder: Path) -> str:
    """SHA-256 over the names and hashes of the base's files."""
    whole = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if belongs(path.name) and path.is_file():
            whole.update(f"{path.name}\0{file_sha256(path)}\n".encode())
    return whole.hexdigest()


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def licence(folder: Path) -> str | None:
    """`license:` of the model card's front matter."""
    card = folder / CARD
    if not card.is_file():
        return None
    text = card.read_text("utf-8", errors="replace")
    front = re.match(r"---\r?\n(.*?)\r?\n---", text, re.DOTALL)
    found = re.search(r"^license:[ \t]*[\"']?([^\s\"']+)", front[1], re.MULTILINE) if front else None
    return found[1] if found else None


def _product(shape: list[int]) -> int:
    product = 1
    for length in shape:
        product *= length
    return product
