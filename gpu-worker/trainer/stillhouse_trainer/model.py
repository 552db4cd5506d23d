"""The base with its adapters: one that learns, and from phase two on a frozen copy, the anchor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from transformers import AutoModelForCausalLM, GenerationConfig
from transformers.utils import logging as transformers_logging

from .batches import Packed, pack
from .config import TrainingSettings
from .errors import TrainerError
from .forward import can_share_prefix, forward
from .generate import generate
from .prompts import ChatFormat

STUDENT, ANCHOR = "default", "anchor"


def load_base(folder: Path, dtype: torch.dtype, device: torch.device | str, four_bit: bool = False) -> Any:
    """The base's weights, from safetensors only, without code of its own."""
    transformers_logging.disable_progress_bar()
    # Its backward pass returns NaN for some lengths where a mask is given (pytorch/pytorch#196678: 64 beyond a multiple of 128), which
    # ended a training in bfloat16 on an H200; and it prepares for each new length, of which batches have many.
    torch.backends.cuda.enable_cudnn_sdp(False)
    options: dict[str, Any] = {"dtype": dtype, "attn_implementation": "sdpa"}
    if four_bit:
        from transformers import BitsAndBytesConfig

        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype, bnb_4bit_use_double_quant=True
        )
        options["device_map"] = {"": device}
    try:
        base = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError) as error:
        raise TrainerError("base_malformed", f"The base can't be loaded: {(str(error).splitlines() or ['?'])[0]}") from error
    # What a base's makers like to sample with (a temperature, a repetition penalty) would change greedy answers.
    base.generation_config = GenerationConfig()
    base.config.use_cache = False
    return base if four_bit else base.to(device)


class Student:
    """What is trained. Adapter weights are float32 whatever the base is in."""

    def __init__(self, folder: Path, settings: TrainingSettings, device: torch.device) -> None:
        self.device = device
        base = load_base(folder, getattr(torch, settings.dtype), device, settings.four_bit)
        if settings.four_bit:
            from peft import prepare_model_for_kbit_training

            base = prepare_model_for_kbit_training(base, use_gradient_checkpointing=settings.gradient_checkpointing)
        elif settings.gradient_checkpointing:
            base.gradient_checkpointing_enable({"use_reentrant": False})
            base.enable_input_require_grads()
        self.lora = LoraConfig(
            r=settings.lora_rank,
            lora_alpha=settings.lora_alpha,
            lora_dropout=settings.lora_dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        # The adapter's first weights are random: by the seed alone, whatever was drawn before.
        torch.manual_seed(settings.seed)
        self.model: PeftModel = get_peft_model(base, self.lora)
        self.model.train()
        self._dtype = getattr(torch, settings.dtype)
        #: Recomputing activations drops the cache that sharing needs.
        self.share_prefix = can_share_prefix(base.config) and not settings.gradient_checkpointing

    def pack(self, sequences: Sequence[tuple[list[int], list[int]]], pad_id: int) -> Packed:
        return pack(sequences, pad_id, self.device, self.share_prefix)

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def weights(self, adapter: str = STUDENT) -> dict[str, torch.Tensor]:
        """A copy, on the CPU, in PEFT's names."""
        found = get_peft_model_state_dict(self.model, adapter_name=adapter)
        return {name: tensor.detach().to("cpu", torch.float32, copy=True) for name, tensor in found.items()}

    def load_weights(self, weights: dict[str, torch.Tensor]) -> None:
        set_peft_model_state_dict(self.model, weights, adapter_name=STUDENT)

    def set_anchor(self, weights: dict[str, torch.Tensor]) -> None:
        """Freezes a copy of an adapter to measure the student against; the base is shared."""
        if ANCHOR not in self.model.peft_config:
            # Making an adapter draws random numbers that the copy overwrites: the training must not notice.
            random_state = torch.get_rng_state()
            self.model.add_adapter(ANCHOR, self.lora)
            torch.set_rng_state(random_state)
        set_peft_model_state_dict(self.model, weights, adapter_name=ANCHOR)
        self.model.set_adapter(STUDENT)

    def precision(self) -> torch.autocast:
        """
        What a pass computes in. Without it the adapter's float32 weights would have a float32 copy made of what goes into each
        layer, and kept for the gradient.
        """
        return torch.autocast(self.device.type, self._dtype, enabled=self._dtype != torch.float32)

    def logits(self, packed: Packed) -> torch.Tensor:
        """(R, K, V): what the model says before each place of the answers."""
        keep = packed.answers.shape[1] + 1
        with self.precision():
            return forward(self.model, packed, logits_to_keep=keep).logits[:, -keep:-1]

    def answer(
        self, prompts: list[list[int]], chat: ChatFormat, max_new_tokens: int, temperature: float = 0.0, seed: int = 0
    ) -> list[list[int]]:
        """`generate` with this model as it is, which is in evaluation mode."""
        with self.precision():
            return generate(self.model, prompts, chat.eos_ids, chat.pad_id, max_new_tokens, temperature, seed)

    @torch.no_grad()
    def anchor_logits(self, packed: Packed) -> torch.Tensor:
        """The same of the anchor, without dropout."""
        self.model.set_adapter(ANCHOR, inference_mode=True)
        self.model.eval()
        try:
            return self.logits(packed)
        finally:
            self.model.set_adapter(STUDENT)
            self.model.train()
