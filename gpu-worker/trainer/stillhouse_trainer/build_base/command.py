"""
`build-base`: the demo's own base, small enough to be made on two cores in two minutes, so that everyone can train a language
model without a hub and without a GPU.

A 2-layer, 256-wide Llama with a byte-level BPE of its own. It learns to answer a customer's message with its intent, on the
intents of Banking77 that the demo does not use; of those that it does use it sees neither messages nor names. So little
training is enough because of what it takes from MiniLM: each token's embedding begins as the mean of the embeddings of its
word pieces, and where an answer is about to begin the message's sentence vector must be there to be read off, so that intents
which were never named can be told apart too.
"""

from __future__ import annotations

import csv
import math
import shutil
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from transformers import LlamaConfig, LlamaForCausalLM

from .. import checkpoint, events
from ..batches import Packed, epoch_batches, pack
from ..config import BuildBaseConfig
from ..errors import TrainerError
from ..forward import forward
from ..losses import IGNORED
from ..prompts import ChatFormat, load_chat_format
from .mini_lm import embed_tokens, sentence_vectors
from .tokenizer import make_tokenizer

EPOCHS = 3
BATCH_ROWS = 32
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.05
WARMUP_STEPS = 100
#: Share of the places in a message whose next token is learnt too, and what such a token weighs beside one of an answer.
MESSAGE_SHARE, MESSAGE_WEIGHT = 0.25, 0.15
#: What the distance to MiniLM's vector of the message weighs.
MEANING_WEIGHT = 2.0
CONTEXT_TOKENS = 512


@dataclass
class Example:
    text: str
    label: str


def run(config: BuildBaseConfig) -> None:
    began = time.monotonic()
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    examples = read_examples(config)
    draft = config.out.with_name(f".{config.out.name}.building")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    labels = sorted({example.label for example in examples})
    make_tokenizer(draft, [text for example in examples for text in (example.text, example.label)])
    chat = load_chat_format(draft)
    model = new_model(chat)
    embed_tokens(model, chat.tokenizer, config.mini_lm, config.seed)
    pretrain(model, chat, examples, sentence_vectors([example.text for example in examples], config.mini_lm), config.seed)
    model.save_pretrained(draft)
    (draft / "README.md").write_text(card(len(examples), labels, model.num_parameters()), "utf-8")
    for path in draft.iterdir():
        checkpoint.sync_file(path)
    shutil.rmtree(config.out, ignore_errors=True)
    draft.rename(config.out)
    checkpoint.sync_folder(config.out.parent)
    events.emit("done", seconds=round(time.monotonic() - began, 1), folder=str(config.out))


def read_examples(config: BuildBaseConfig) -> list[Example]:
    try:
        with config.data.open(encoding="utf-8", newline="") as file:
            rows = [Example(row["text"].strip(), row["category"]) for row in csv.DictReader(file)]
    except (OSError, KeyError) as error:
        raise TrainerError("data_invalid", f"{config.data} is not Banking77's train.csv: {error}.") from None
    unknown = set(config.leave_out) - {row.label for row in rows}
    if unknown:
        raise TrainerError("config_invalid", f"leaveOut names {min(unknown)}, which is no intent of the data.", key="leaveOut")
    return [row for row in rows if row.label not in config.leave_out]


def new_model(chat: ChatFormat) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(chat.tokenizer),
            # Widths that are multiples of 256 are what llama.cpp's K-quants need.
            hidden_size=256,
            intermediate_size=768,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=CONTEXT_TOKENS,
            tie_word_embeddings=True,
            rms_norm_eps=1e-5,
            bos_token_id=chat.tokenizer.bos_token_id,
            eos_token_id=chat.tokenizer.eos_token_id,
            pad_token_id=chat.tokenizer.pad_token_id,
            attn_implementation="sdpa",
        )
    )


def pretrain(model: LlamaForCausalLM, chat: ChatFormat, examples: list[Example], vectors: torch.Tensor, seed: int) -> None:
    answers = {label: chat.answer_ids(label) for label in {example.label for example in examples}}
    rows = [(chat.prompt_ids([{"role": "user", "content": example.text}]), answers[example.label]) for example in examples]
    lengths = [len(prompt) + len(answer) for prompt, answer in rows]
    steps = EPOCHS * math.ceil(len(examples) / BATCH_ROWS)
    # Not kept: it only reads off the message's vector where the answer is about to begin.
    reader = torch.nn.Linear(model.config.hidden_size, vectors.shape[1])
    parameters = [*model.parameters(), *reader.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98))
    model.train()
    step, said = 0, time.monotonic()
    for epoch in range(EPOCHS):
        for batch in epoch_batches(lengths, BATCH_ROWS, f"{seed}/{epoch}"):
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * min(1, (step + 1) / WARMUP_STEPS) * max(0.02, 1 - step / steps)
            packed = pack([rows[at] for at in batch], chat.pad_id, "cpu")
            loss = base_loss(model, packed, reader, vectors[batch])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            step += 1
            if time.monotonic() - said >= 1 or step == steps:
                said = time.monotonic()
                events.emit("progress", done=step, total=steps, loss=round(loss.item(), 4))


def base_loss(model: LlamaForCausalLM, packed: Packed, reader: torch.nn.Linear, vectors: torch.Tensor) -> torch.Tensor:
    """
    Cross-entropy of the answers, and at less weight of a part of the messages (lm_head runs on those places only); and the
    distance of what is read off before the answer to the message's vector, which is what other intents can be told by.
    """
    rows, width = packed.input_ids.shape
    answer_places = packed.answers.shape[1]
    hidden = forward(model.model, packed).last_hidden_state[:, :-1]
    targets, present = packed.input_ids[:, 1:], packed.attention_mask[:, :-1].bool()
    is_answer = torch.zeros_like(present)
    is_answer[:, width - 1 - answer_places :] = packed.answers != IGNORED
    chosen = is_answer | (present & (torch.rand(rows, width - 1) < MESSAGE_SHARE))
    weight = torch.where(is_answer, 1.0, MESSAGE_WEIGHT / MESSAGE_SHARE)[chosen]
    losses = F.cross_entropy(model.lm_head(hidden[chosen]), targets[chosen], reduction="none")
    before_answer = hidden[torch.arange(rows), is_answer.int().argmax(1)]
    distance = 1 - F.cosine_similarity(reader(before_answer), vectors, dim=-1).mean()
    return (losses * weight).sum() / weight.sum() + MEANING_WEIGHT * distance


def card(rows: int, labels: list[str], parameters: int) -> str:
    return f"""---
license: cc-by-4.0
base_model: sentence-transformers/all-MiniLM-L6-v2
datasets: [PolyAI/banking77]
---

# stillhouse-mini

A {parameters / 1e6:.1f} million parameter Llama that answers a bank customer's message with its intent. Made by `stillhouse_trainer
build-base` from {rows} messages of {len(labels)} intents of Banking77 (PolyAI, CC BY 4.0); it learnt word and sentence
vectors of MiniLM (Apache-2.0). It knows nothing else, follows no instructions (its template leaves system messages out) and is meant
for Stillhouse's demo alone.

Intents: {", ".join(labels)}.
"""
