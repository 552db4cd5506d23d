"""
The bench's own base model, in a folder as the trainer reads it: a 3-layer, 192-wide Llama of a million parameters.

Minutes on two cores are too few for a network to find out by itself how to copy. So its first weights hold that much: two heads
of the first layer look one and two tokens back, and a head of the last one looks for a place that was reached by the same two
tokens and says what stands there (induction heads: Olsson et al., arXiv 2209.11895). Training goes on from that.

usage: base.py <out> <threads> <steps>
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from base_corpus import COMMON, example

WIDTH, LAYERS, HEADS = 192, 3, 3
HEAD = WIDTH // HEADS
VOCABULARY = 1000
ROWS, RATE = 24, 2e-3
SORTED_TOGETHER = 5
SPECIAL = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}"
    "{% if message['role'] == 'assistant' %}<|end|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
#: Digits one by one, and a capital, a digit or a sign takes no space before it: a value has the same tokens in text and JSON.
PIECES = r" ?[a-z]+|[A-Z][a-z]*|\d| +|[^\sA-Za-z0-9]+|\s"
#: Where an embedding holds a token's own code, and where the first layer writes those of the two tokens before.
CODE = 48
OWN, ONE_BACK, TWO_BACK = 0, CODE, 2 * CODE
CONSTANT = 3 * CODE


def build(out: Path, threads: int, steps: int) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    source = random.Random(0)
    tokenizer = make_tokenizer(
        [*(" ".join(example(source)) for _ in range(3000)), *(f"{word} {word}" for word in COMMON for _ in range(100))]
    )
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=512,
        rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    write_induction(model)
    train(model, tokenizer, source, steps)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def make_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PIECES), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=alphabet))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token=SPECIAL[0], pad_token=SPECIAL[0], additional_special_tokens=SPECIAL[1:]
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


@torch.no_grad()
def write_induction(model: LlamaForCausalLM) -> None:
    """See above. Rotary pairs are (i, i + HEAD / 2); the first turn fast, the last hardly at all."""
    half = HEAD // 2
    angles = 100_000.0 ** (-torch.arange(half) / half)
    embedding = model.get_input_embeddings().weight
    embedding.normal_(0, 0.02)
    embedding[:, OWN : OWN + CODE].normal_(0, 0.1)
    embedding[:, ONE_BACK:CONSTANT] = 0
    embedding[:, CONSTANT] = 0.3
    for head, (back, place) in enumerate([(1, ONE_BACK), (2, TWO_BACK)]):
        attention = model.model.layers[0].self_attn
        rows = slice(head * HEAD, (head + 1) * HEAD)
        attention.q_proj.weight[rows] = 0
        attention.k_proj.weight[rows] = 0
        fast = angles > 0.02
        # cos(angle·(distance − back)) summed over the fast pairs is highest at `distance = back`.
        attention.q_proj.weight[rows, CONSTANT][:half][fast] = 1.5
        attention.k_proj.weight[rows, CONSTANT][:half][fast] = 1.5 * torch.cos(angles * back)[fast]
        attention.k_proj.weight[rows, CONSTANT][half:][fast] = 1.5 * torch.sin(angles * back)[fast]
        attention.v_proj.weight[rows] = 0
        attention.v_proj.weight[rows, OWN : OWN + CODE][:CODE] = torch.eye(CODE)
        attention.o_proj.weight[:, rows] = 0
        attention.o_proj.weight[place : place + CODE, rows][:, :CODE] = 0.1 * torch.eye(CODE)
    attention = model.model.layers[-1].self_attn
    rows = slice(0, HEAD)
    # Codes are compared in the pairs that hardly turn: a projection of each to half of them.
    slow = [i for i in range(half) if angles[i] < 0.004] + [half + i for i in range(half) if angles[i] < 0.004]
    first, second = slow[::2], slow[1::2]
    for projection, places in [(attention.q_proj, (OWN, ONE_BACK)), (attention.k_proj, (ONE_BACK, TWO_BACK))]:
        projection.weight[rows] = 0
        for place, dims in zip(places, (first, second), strict=True):
            mixed = torch.randn(len(dims), CODE, generator=torch.Generator().manual_seed(len(dims) + dims[0])) / math.sqrt(CODE)
            for row, dim in enumerate(dims):
                projection.weight[dim, place : place + CODE] = 2.0 * mixed[row]
    attention.v_proj.weight[rows] = 0
    attention.v_proj.weight[rows, OWN : OWN + CODE][:CODE] = torch.eye(CODE)
    attention.o_proj.weight[:, rows] = 0
    attention.o_proj.weight[OWN : OWN + CODE, rows][:, :CODE] = 0.5 * torch.eye(CODE)


def train(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, source: random.Random, steps: int) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    began, total = time.monotonic(), 0.0
    batches = draw_batches(tokenizer, source, steps)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 20) * max(0.03, 1 - step / steps)
        ids, answers, mask = collate(next(batches))
        width = answers.shape[1]
        logits = model(input_ids=ids, attention_mask=mask, logits_to_keep=width + 1).logits[:, :-1]
        loss = F.cross_entropy(logits.flatten(0, 1), answers.flatten(), ignore_index=-100)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        total += float(loss.detach())
        if (step + 1) % 10 == 0:
            print(
                json.dumps({"step": step + 1, "steps": steps, "loss": round(total / 10, 3), "seconds": round(time.monotonic() - began)}),
                flush=True,
            )
            total = 0.0


def draw_batches(tokenizer: PreTrainedTokenizerFast, source: random.Random, steps: int) -> Iterator[list[tuple[list[int], list[int]]]]:
    """Short requests first; rows of a batch have about the same length."""
    for step in range(0, steps, SORTED_TOGETHER):
        rows = [encode(tokenizer, *example(source, 1 + min(3, 6 * step // steps))) for _ in range(ROWS * SORTED_TOGETHER)]
        rows.sort(key=lambda row: len(row[0]) + len(row[1]))
        batches = [rows[at : at + ROWS] for at in range(0, len(rows), ROWS)]
        source.shuffle(batches)
        yield from batches


def encode(tokenizer: PreTrainedTokenizerFast, system: str, user: str, answer: str) -> tuple[list[int], list[int]]:
    prompt = f"<|system|>{system}<|user|>{user}<|assistant|>"
    return tokenizer.encode(prompt, add_special_tokens=False), [*tokenizer.encode(answer, add_special_tokens=False), 0]


def collate(rows: list[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Right-aligned: (R, T) ids, (R, K) ids of the answers or -100, (R, T) mask."""
    total, width = max(len(prompt) + len(answer) for prompt, answer in rows), max(len(answer) for _, answer in rows)
    ids, mask = torch.zeros((len(rows), total), dtype=torch.long), torch.zeros((len(rows), total), dtype=torch.long)
    answers = torch.full((len(rows), width), -100)
    for at, (prompt, answer) in enumerate(rows):
        ids[at, total - len(prompt) - len(answer) :] = torch.tensor(prompt + answer)
        mask[at, total - len(prompt) - len(answer) :] = 1
        answers[at, width - len(answer) :] = torch.tensor(answer)
    return ids, answers, mask


if __name__ == "__main__":
    build(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
