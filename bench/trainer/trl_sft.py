"""
Plain TRL on the same rows with equal settings: SFTTrainer, LoRA by PEFT, loss on answers only, no evaluation, no checkpoints.
usage: trl_sft.py <base> <data.jsonl> <settings.json> <threads>; prints {"tokens", "seconds", "tokensPerSecond", "steps"}
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig
from stillhouse_trainer.prompts import load_chat_format
from transformers import AutoModelForCausalLM, TrainerCallback
from trl import SFTConfig, SFTTrainer

base, data, settings_path, threads = sys.argv[1:5]
settings = json.loads(Path(settings_path).read_text())
torch.set_num_threads(int(threads))
on_card = settings.get("device") == "cuda"
checkpointing = settings.get("gradientCheckpointing", False)
chat = load_chat_format(Path(base))
rows = [json.loads(line) for line in Path(data).read_text().splitlines()]
prompts, masks = [], []
for row in rows:
    if row["split"] == "train" and row["best"]:
        prompt, answer = chat.prompt_ids(row["messages"]), chat.answer_ids(row["best"][0])
        prompts.append(prompt + answer)
        masks.append([0] * len(prompt) + [1] * len(answer))


class Clock(TrainerCallback):
    """Steps alone, as the product's figure counts: setting up is in neither."""

    begun, seconds = 0.0, 0.0

    def on_step_begin(self, *_, **__):
        self.begun = time.monotonic()

    def on_step_end(self, *_, **__):
        if on_card:  # work that is only queued has not been done
            torch.cuda.synchronize()
        self.seconds += time.monotonic() - self.begun


clock = Clock()
trainer = SFTTrainer(
    model=AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16 if on_card else torch.float32, attn_implementation="sdpa"),
    args=SFTConfig(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=settings["batchRows"],
        num_train_epochs=settings["epochs"],
        learning_rate=settings["learningRate"],
        lr_scheduler_type="cosine",
        warmup_steps=settings["warmupSteps"],
        weight_decay=0.0,
        max_grad_norm=1.0,
        adam_beta2=0.99,
        # TRL's own grouping by length, as ours sorts.
        train_sampling_strategy="group_by_length",
        completion_only_loss=True,
        gradient_checkpointing=checkpointing,
        max_length=None,
        packing=False,
        save_strategy="no",
        report_to="none",
        logging_steps=1000,
        disable_tqdm=True,
        use_cpu=not on_card,
        bf16=on_card,
        dataloader_pin_memory=on_card,
        seed=settings["seed"],
    ),
    train_dataset=Dataset.from_dict({"input_ids": prompts, "completion_mask": masks}),
    processing_class=chat.tokenizer,
    peft_config=LoraConfig(
        r=settings["loraRank"],
        lora_alpha=settings["loraAlpha"],
        lora_dropout=settings["loraDropout"],
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    ),
    callbacks=[clock],
)
trainer.train()
tokens = sum(map(len, prompts)) * settings["epochs"]
print(
    json.dumps({"tokens": tokens, "seconds": clock.seconds, "tokensPerSecond": tokens / clock.seconds, "steps": trainer.state.global_step})
)
