"""
Greedy answers of the base with each of several adapters: what the bench's scorer reads. Nothing here knows what is right.

usage: answer.py <base> <rows.jsonl of {rowId, messages}> <threads> <adapter | -> …; prints {"adapter", "answers": {rowId: text}} each
"""

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from stillhouse_trainer.generate import generate
from stillhouse_trainer.model import load_base
from stillhouse_trainer.prompts import load_chat_format

#: More tokens than the longest right answer has.
MOST_TOKENS = 140
ROWS = 40

base, rows_path, threads, *adapters = sys.argv[1:]
torch.set_num_threads(int(threads))
chat = load_chat_format(Path(base))
rows = [json.loads(line) for line in Path(rows_path).read_text("utf-8").splitlines()]
prompts = sorted(((row["rowId"], chat.prompt_ids(row["messages"])) for row in rows), key=lambda row: len(row[1]))
for adapter in adapters:
    model = load_base(Path(base), torch.float32, "cpu")
    if adapter != "-":
        model = PeftModel.from_pretrained(model, adapter)
    model.eval()
    answers = {}
    for begin in range(0, len(prompts), ROWS):
        ids, chunk = zip(*prompts[begin : begin + ROWS], strict=True)
        made = generate(model, list(chunk), chat.eos_ids, chat.pad_id, MOST_TOKENS)
        answers |= dict(zip(ids, map(chat.decode, made), strict=True))
    print(json.dumps({"adapter": adapter, "answers": answers}), flush=True)
