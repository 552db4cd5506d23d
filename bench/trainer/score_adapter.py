"""
Share of test rows that a base with an adapter answers right, greedily: the bench's own scorer, which the trainer never sees.
usage: score_adapter.py <base> <adapter | -> <test.jsonl> <threads>; prints {"accuracy", "rows", "wrong": [[expected, answer]…]}
"""

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from stillhouse_trainer.generate import generate
from stillhouse_trainer.model import load_base
from stillhouse_trainer.prompts import load_chat_format

base, adapter, test, threads = sys.argv[1:5]
torch.set_num_threads(int(threads))
chat = load_chat_format(Path(base))
model = load_base(Path(base), torch.float32, "cpu")
if adapter != "-":
    model = PeftModel.from_pretrained(model, adapter)
model.eval()
rows = [json.loads(line) for line in Path(test).read_text("utf-8").splitlines()]
answers = []
for begin in range(0, len(rows), 64):
    prompts = [chat.prompt_ids(row["messages"]) for row in rows[begin : begin + 64]]
    answers += [chat.decode(ids).strip() for ids in generate(model, prompts, chat.eos_ids, chat.pad_id, 16)]
wrong = [[row["answer"], answer] for row, answer in zip(rows, answers, strict=True) if row["answer"] != answer]
print(json.dumps({"accuracy": 1 - len(wrong) / len(rows), "rows": len(rows), "wrong": wrong[:20]}))
