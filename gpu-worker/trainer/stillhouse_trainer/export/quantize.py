"""K-quants without a compiler: `llama_model_quantize` of the libllama that node-llama-cpp ships, by ctypes."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from ..errors import TrainerError

#: `enum llama_ftype` of include/llama.h.
FILE_TYPES = {"f16": 1, "q8_0": 7, "q4_k_m": 15}


class _Parameters(ctypes.Structure):
    """`llama_model_quantize_params`; room at the end for fields of later versions, whose defaults the library fills in."""

    _fields_ = [
        ("nthread", ctypes.c_int32),
        ("ftype", ctypes.c_int),
        ("output_tensor_type", ctypes.c_int),
        ("token_embedding_type", ctypes.c_int),
        *[(name, ctypes.c_bool) for name in ("allow_requantize", "quantize_output_tensor", "only_copy", "pure", "keep_split", "dry_run")],
        *[(name, ctypes.c_void_p) for name in ("imatrix", "kv_overrides", "tt_overrides", "prune_layers")],
        ("later", ctypes.c_char * 256),
    ]


_loaded: dict[Path, Any] = {}


def quantize(binaries: Path, source: Path, out: Path, kind: str, threads: int) -> None:
    """A GGUF in 16 bit as one of FILE_TYPES. Widths that are no multiple of 256 get the nearest type that fits them."""
    library = _loaded.get(binaries) or _load(binaries)
    parameters = library.llama_model_quantize_default_params()
    # The struct has no version: what the defaults look like tells whether it is the one that we describe.
    if not parameters.quantize_output_tensor or parameters.only_copy or parameters.pure:
        raise TrainerError("internal", "The llama library has other quantization parameters than this trainer knows.")
    parameters.ftype = FILE_TYPES[kind]
    parameters.nthread = threads
    status = library.llama_model_quantize(str(source).encode(), str(out).encode(), ctypes.byref(parameters))
    if status != 0:
        raise TrainerError("io_error", f"llama.cpp could not quantize the model to {kind} (status {status}): see the log.")


def _load(binaries: Path) -> Any:
    """The libraries in the order in which they need each other; found by name, for the file's version is part of it."""
    library: Any = None
    for name in ("libggml-base", "libggml", "libllama"):
        found = sorted(
            path
            for path in binaries.glob(f"{name}.*")
            if ".so" in path.suffixes or (path.suffix == ".dylib" and path.name.startswith(f"{name}."))
        )
        if not found:
            raise TrainerError("config_invalid", f"The folder of llama's binaries has no {name}.", key="llamaBinaries")
        library = ctypes.CDLL(str(found[0]), mode=ctypes.RTLD_GLOBAL)
    library.llama_model_quantize_default_params.restype = _Parameters
    library.llama_model_quantize.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(_Parameters)]
    library.llama_model_quantize.restype = ctypes.c_uint32
    library.llama_backend_init()
    _loaded[binaries] = library
    return library
