"""What the trained model itself answers to held-out prompts, token by token: whatever serves it must say the same."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from peft import PeftModel

from ..batches import pack
from ..data import encode_prompt
from ..forward import can_share_prefix, forward
from ..generate import generate
from ..model import load_base
from ..prompts import ChatFormat

#: Rows that are answered together.
ROWS = 32
#: An answer may be so much longer than the teacher's, in tokens.
ROOM = 16


def write_reference(base: Path, adapter: Path, chat: ChatFormat, prompts: Path, out: Path, device: str) -> None:
    """
    A line a prompt: `promptIds`, `answerIds` (the model's own greedy answer with the token that ends it), and for each of its
    places the likeliest id (`top1`) and that answer token's log-probability, teacher-forced.
    """
    rows = [json.loads(line) for line in prompts.read_text("utf-8").splitlines() if line.strip()]
    model = PeftModel.from_pretrained(load_base(base, _precision(base, device), device), adapter)
    model.eval()
    encoded = [encode_prompt(chat, row["messages"], row["rowId"]) for row in rows]
    order = sorted(range(len(rows)), key=lambda at: len(encoded[at]))
    lines: dict[int, str] = {}
    for begin in range(0, len(order), ROWS):
        places = order[begin : begin + ROWS]
        longest = max(len(chat.text_ids(rows[at].get("answer") or "")) for at in places)
        made = generate(model, [encoded[at] for at in places], chat.eos_ids, chat.pad_id, longest + ROOM)
        answers = [[*ids, chat.eos_ids[0]] for ids in made]
        for at, answer, (top1, logprobs) in zip(places, answers, _force(model, chat, [encoded[at] for at in places], answers), strict=True):
            line = {"rowId": rows[at]["rowId"], "promptIds": encoded[at], "answerIds": answer, "top1": top1, "logprobs": logprobs}
            lines[at] = json.dumps(line, separators=(",", ":"))
    out.write_text("".join(lines[at] + "\n" for at in range(len(rows))), "utf-8")


@torch.inference_mode()
def _force(model, chat: ChatFormat, prompts: list[list[int]], answers: list[list[int]]) -> list[tuple[list[int], list[float]]]:
    packed = pack(list(zip(prompts, answers, strict=True)), chat.pad_id, next(model.parameters()).device, can_share_prefix(model.config))
    width = packed.answers.shape[1]
    logits = forward(model, packed, logits_to_keep=width + 1).logits[:, -width - 1 : -1].float()
    top1 = logits.argmax(-1).tolist()
    chosen = logits.log_softmax(-1).gather(-1, packed.answers.clamp(min=0).unsqueeze(-1)).squeeze(-1).tolist()
    return [
        (top1[at][width - len(answer) :], [round(value, 6) for value in chosen[at][width - len(answer) :]])
        for at, answer in enumerate(answers)
    ]


def _precision(base: Path, device: str) -> torch.dtype:
    """float32 where it fits: the file that is served is measured against the weights, not against a GPU's rounding of them."""
    if device == "cpu":
        return torch.float32
    size = sum(path.stat().st_size for path in base.glob("*.safetensors"))
    free, _ = torch.cuda.mem_get_info()
    return torch.float32 if 2 * size < 0.8 * free else torch.bfloat16
