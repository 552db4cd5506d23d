"""
llama.cpp's own converters, run in this process: torch and transformers are loaded already, which costs more than a conversion.

They come from the source that node-llama-cpp ships, so that files and engine fit together. The folder holds
`convert_hf_to_gguf.py`, `convert_lora_to_gguf.py`, `conversion/` and `gguf-py/gguf/`.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

from .. import events
from ..errors import TrainerError

#: How a byte-level BPE that llama.cpp does not know by its hash splits text, if it splits as GPT-2 does.
GPT2_SPLIT = "gpt-2"


def model_to_gguf(converters: Path, model: Path, out: Path, name: str) -> None:
    """A folder of safetensors as GGUF in 16 bit."""
    _run(converters, "convert_hf_to_gguf.py", [str(model), "--outfile", str(out), "--outtype", "f16", "--model-name", name], model)


def adapter_to_gguf(converters: Path, base: Path, adapter: Path, out: Path) -> None:
    """A PEFT adapter as GGUF; of the base only the configuration is read."""
    _run(converters, "convert_lora_to_gguf.py", [str(adapter), "--base", str(base), "--outfile", str(out), "--outtype", "f16"], base)


def _run(converters: Path, script: str, arguments: list[str], model: Path) -> None:
    path = converters / script
    if not path.is_file():
        raise TrainerError("config_invalid", f"The converters' folder has no {script}.", key="converters")
    for folder in (converters / "gguf-py", converters):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    _name_unknown_splits(model)
    before = sys.argv
    sys.argv = [str(path), *arguments]
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as ended:
        if ended.code not in (None, 0):
            raise TrainerError("base_malformed", f"llama.cpp's {script} refused the model: see the log.") from None
    except NotImplementedError as error:
        raise TrainerError("base_malformed", f"llama.cpp can't convert this model: {error}") from error
    finally:
        sys.argv = before


def _name_unknown_splits(model: Path) -> None:
    """llama.cpp tells tokenizers apart by a hash of what they make of a test text; one of our own has no known hash."""
    import conversion.base as base  # of the converters' folder

    known = getattr(base.TextModel, "_stillhouse_known_splits", base.TextModel.get_vocab_base_pre)

    def get_vocab_base_pre(self: Any, tokenizer: Any) -> str:
        try:
            return known(self, tokenizer)
        except NotImplementedError:
            if not splits_as_gpt2(model):
                raise
            events.log("the tokenizer is unknown to llama.cpp and splits as GPT-2 does: declared so")
            return GPT2_SPLIT

    base.TextModel._stillhouse_known_splits = known
    base.TextModel.get_vocab_base_pre = get_vocab_base_pre


def splits_as_gpt2(model: Path) -> bool:
    """Whether the pre-tokenizer is a byte level with GPT-2's own expression and nothing before it."""
    try:
        tokenizer = json.loads((model / "tokenizer.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    split = tokenizer.get("pre_tokenizer") or {}
    plain = split.get("type") == "ByteLevel" and split.get("use_regex", True) and not split.get("add_prefix_space", True)
    return bool(plain) and tokenizer.get("normalizer") is None
